"""The command line as a user meets it. Supernet, networks and trainings answer at once."""

import contextlib
import io
import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from fakes import FakePolicy, FakeSupernet, PowerCut, token_score

from cnnnas.__main__ import main
from cnnnas.commands.search import PROGRAM
from cnnnas.data.images import read_images
from cnnnas.differentiable.image_darts import ImageDARTS
from cnnnas.kits.cells import DARTS
from cnnnas.run.run import ImageTraining
from cnnnas.run.settings import Settings, resting
from cnnnas.strategies.depth_schedule import DepthSchedule
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.executor.executors import InProcess
from mlpnas.core.run.kit import named_strategy
from mlpnas.core.run.run import Run
from mlpnas.core.trainer.base import Outcome

RESULTS = ["found by the search", "best random", "plain network"]


class FakeMixture(FakeSupernet):
    """Has nothing to mix."""

    operations, edges = (), ()

    def tables(self):
        return {}


def no_darts(space, *others):
    """Instead of a differentiable search, whose graphs take seconds to build: none."""
    return GradientSearch(FakeMixture(space), 0)


class FakeGenerator:
    """Builds one dense layer, whatever the architecture."""

    def build(self, architecture, task, seed=0):
        images = keras.Input(task.input_shape)
        units = len(task.classes)
        layer = keras.layers.Dense(units, "softmax", kernel_initializer="ones", name="head")
        return keras.Model(images, layer(keras.layers.Flatten()(images)))

    def weight_shapes(self, architecture, task):
        return {}

    def parameters(self, architecture, task):
        return 100


class FakeTrainer:
    """Children learn what their tokens say, whatever the recipe; without any, nothing."""

    def train(self, job):
        score = token_score(job.architecture) if job.architecture.tokens else 0.0
        epochs = 2
        curve = tuple(score * (e + 1) / epochs for e in range(epochs))
        return Outcome(curve=curve, losses=((1.0, 1.0),) * epochs, parameters=100, seconds=1.0)


def fake_controller(space, settings):
    """Instead of a real controller, which takes seconds to compile."""
    if not settings.one_shot and settings.strategy == "reinforce":
        return DepthSchedule(space, settings.sizes.growth.every, FakePolicy)
    return named_strategy(space, settings)


def faked(settings):
    """The settings' kit with supernet and networks that answer at once."""
    kit = settings.kit
    if kit.supernet is not None:
        kit = replace(kit, supernet=lambda space, task, settings: FakeSupernet(space))
    if not kit.shares:
        kit = replace(kit, strategy=fake_controller)
    return replace(kit, generator=lambda space, settings, final: FakeGenerator(), beside=None)


def fake_run(settings, images, folder, workers, hire=lambda *asked: InProcess(FakeTrainer)):
    training = ImageTraining(settings, images.task.without_test())
    return Run(settings, faked(settings), images, folder, training, workers, hire)


FAKED = replace(PROGRAM, make_run=fake_run)
SEARCHED = replace(FAKED, finish=lambda *_: None)  # ends after the search


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """60 grey images of two classes that differ in brightness."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = (rng.integers(0, 100, (60, 9, 11)) + 100 * y[:, None, None]).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "blots.npz"
    np.savez(path, x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    return path


def run(*arguments: object, program=FAKED) -> int:
    """Exit status of the command line with these arguments."""
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments], program)
    return exit_.value.code or 0


def search(data: Path, folder: Path, *more: object, program=FAKED) -> int:
    return run("search", data, "--preset", "tiny", "--run", folder, *more, program=program)


def trials(folder: Path, name: str = "trials.jsonl") -> list[dict]:
    """The journal but for times."""
    lines = (folder / name).read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> tuple[Path, str]:
    """Folder of a finished search, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "blots"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert search(data, folder) == 0
    return folder, printed.getvalue()


ZOPH = ("--preset", "tiny", "--space", "zoph", "--trials", 6)


@pytest.fixture(scope="module")
def zoph(data, tmp_path_factory) -> Path:
    """Folder of a finished search of Zoph and Le's kind."""
    folder = tmp_path_factory.mktemp("runs") / "zoph"
    with contextlib.redirect_stdout(io.StringIO()):
        assert run("search", data, *ZOPH, "--run", folder) == 0
    return folder


def test_a_search_leaves_journals_results_and_model(finished):
    folder, _ = finished
    record = json.loads((folder / "run.json").read_text())
    assert len(trials(folder)) == record["settings"]["trials"] == 20
    assert [r["name"] for r in record["results"]] == RESULTS
    baselines = trials(folder, "rivals.jsonl")
    assert len(baselines) == 10  # fewer would say nothing of the rank correlation
    assert record["results"][1]["architecture"] == max(baselines, key=lambda t: t["score"])[
        "architecture"
    ]["text"]  # fmt: skip
    # Shared weights and children score by the same tokens here, so they agree completely.
    assert record["kendall_tau"] == pytest.approx(1)
    assert (folder / "best.keras").exists()


def test_a_search_says_what_it_read_found_and_compared(finished):
    _, printed = finished
    assert "images of 9x11x1, pixels 0 to 199, 2 classes; 36 rows to train, 4 to" in printed
    assert "round 4: 20/20 trials, best accuracy 0." in printed
    assert "by search score (accuracy)" in printed
    assert "best random" in printed
    assert "(Kendall's tau): +1.00, over 10 random architectures" in printed


@pytest.mark.slow
def test_the_saved_model_takes_raw_pixels_and_loads_with_keras_alone(finished, data, tmp_path):
    folder, _ = finished
    images = read_images(str(data))
    raw = np.load(data)["x_test"]
    np.save(tmp_path / "x.npy", raw)
    code = (
        "import sys; sys.modules |= dict.fromkeys(('mlpnas', 'cnnnas'))\n"  # imports now fail
        "import keras, numpy as np\n"
        f"model = keras.saving.load_model({str(folder / 'best.keras')!r})\n"
        f"x = np.load({str(tmp_path / 'x.npy')!r})\n"
        f"np.save({str(tmp_path / 'y.npy')!r}, model.predict(x, verbose=0))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path)
    probabilities = np.load(tmp_path / "y.npy")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    record = json.loads((folder / "run.json").read_text())
    said = record["results"][0]["test"]
    assert images.task.score(images.task.test.y, probabilities) == pytest.approx(said)
    model = keras.saving.load_model(folder / "best.keras")
    as_fractions = model.predict(raw.astype(np.float32), verbose=0)
    np.testing.assert_allclose(as_fractions, probabilities, atol=1e-5)


def test_a_run_whose_file_is_another_network_is_not_finished(
    finished, tmp_path, monkeypatch, capsys
):
    folder = shutil.copytree(finished[0], tmp_path / "r")
    record = json.loads((folder / "run.json").read_text())
    record.pop("results")
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "best.keras").unlink()
    monkeypatch.setattr("mlpnas.core.run.delivery.TOLERANCE", -1.0)  # which nothing is within
    assert run("resume", folder) == 2
    told = capsys.readouterr().err
    assert "r/best.keras is not the network that was scored: for validation row 0 it" in told
    assert not (folder / "best.keras").exists()
    assert "results" not in json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("fails_at", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_a_search_that_was_interrupted_goes_on_as_if_it_had_not_been(
    fails_at, data, finished, tmp_path, monkeypatch
):
    score = FakeSupernet.score

    def score_until_cut(self, architectures, batch):
        if batch == fails_at:
            raise PowerCut
        return score(self, architectures, batch)

    monkeypatch.setattr(FakeSupernet, "score", score_until_cut)
    with pytest.raises(PowerCut):
        search(data, tmp_path / "r")
    assert len(trials(tmp_path / "r")) == fails_at
    monkeypatch.undo()
    assert run("resume", tmp_path / "r") == 0
    assert trials(tmp_path / "r") == trials(finished[0])
    assert trials(tmp_path / "r", "rivals.jsonl") == trials(finished[0], "rivals.jsonl")


@pytest.mark.slow
def test_a_finished_run_can_be_extended(data, tmp_path, capsys):
    options = ["--strategy", "random"]
    assert search(data, tmp_path / "once", *options) == 0
    assert search(data, tmp_path / "r", "--trials", 10, "--epochs", 2, *options) == 0
    assert run("resume", tmp_path / "r") == 0
    assert "is finished: 10 trials" in capsys.readouterr().out
    assert run("resume", tmp_path / "r", "--trials", 20) == 0
    assert trials(tmp_path / "r") == trials(tmp_path / "once")


def test_resuming_with_other_images_is_refused(data, finished, tmp_path, capsys):
    other = dict(np.load(data))
    other["x_train"][0, 0, 0] += 1
    moved = tmp_path / "blots.npz"
    np.savez(moved, **other)
    record = json.loads((finished[0] / "run.json").read_text())
    record["settings"]["data"] = str(moved)
    folder = shutil.copytree(finished[0], tmp_path / "r")
    (folder / "run.json").write_text(json.dumps(record))
    assert run("resume", folder) == 2
    assert "not the data that the run began with: other values" in capsys.readouterr().err


@pytest.mark.parametrize(("space", "strategy"), [("macro", "evolution"), ("micro", "random")])
def test_children_can_be_trained_one_by_one(space, strategy, data, tmp_path, capsys):
    options = ["--no-one-shot", "--strategy", strategy, "--space", space]
    assert search(data, tmp_path / "r", *options) == 0
    found = trials(tmp_path / "r")
    assert len(found) == len(trials(tmp_path / "r", "rivals.jsonl")) == 4
    for trial in found:  # the cubed accuracy of the best of the last five epochs
        assert trial["score"] == pytest.approx(max(trial["curve"][-5:]) ** 3)
    assert "mean validation accuracy of the best 1: " in capsys.readouterr().out


def test_a_controller_of_zophs_layers_goes_deeper_whether_or_not_it_was_killed(
    zoph, data, tmp_path, monkeypatch
):
    # The tiny preset's: two trials of two layers, then three layers.
    layers = [trial["architecture"]["text"].count("conv") for trial in trials(zoph)]
    assert layers == [2, 2, 3, 3, 3, 3]
    train, calls = FakeTrainer.train, iter(range(3))  # within the first round of the second

    def train_until_cut(self, job):
        if next(calls, None) is None:
            raise PowerCut
        return train(self, job)

    with monkeypatch.context() as patch:
        patch.setattr(FakeTrainer, "train", train_until_cut)
        with pytest.raises(PowerCut):
            run("search", data, *ZOPH, "--run", tmp_path / "r")
    assert len(trials(tmp_path / "r")) == 3
    assert run("resume", tmp_path / "r", program=SEARCHED) == 0
    assert trials(tmp_path / "r") == trials(zoph)


@pytest.mark.slow
def test_zophs_layers_have_the_types_and_strides_that_were_asked_for(data, tmp_path):
    kinds = ("--layer-types", "conv,max", "--strides", "1,2", "--strategy", "random")
    folder = tmp_path / "r"
    assert run("search", data, *ZOPH, *kinds, "--run", folder) == 0
    found = " ".join(trial["architecture"]["text"] for trial in trials(folder))
    assert set(re.findall("[a-z]{3,4} [0-9]x", found)) >= {"max 3x", "conv 3x"}
    assert set(re.findall("stride [0-9]x[0-9]", found)) <= {
        "stride 1x2", "stride 2x1", "stride 2x2",
    }  # fmt: skip
    assert "stride" in found
    settings = json.loads((folder / "run.json").read_text())["settings"]
    assert (settings["layer_types"], settings["strides"]) == (["conv", "max"], [1, 2])
    assert run("resume", folder) == 0
    assert run("report", folder, "--html") == 0


def test_the_control_is_logged_and_reported(zoph, capsys):
    record = json.loads((zoph / "run.json").read_text())
    # The cube root of a score is the accuracy of the best of the last five epochs.
    found, random = (
        np.sort([max(t["curve"][-5:]) for t in trials(zoph, name)])[::-1]
        for name in ("trials.jsonl", "rivals.jsonl")
    )
    assert len(found) == len(random) == 6
    first, five = record["control"]["top_means"]
    assert first == pytest.approx([1, found[0], random[0]])
    assert five == pytest.approx([5, found[:5].mean(), random[:5].mean()])
    best = found[0]
    assert run("report", zoph) == 0
    printed = capsys.readouterr().out
    assert "by search score (accuracy cubed)" in printed
    assert re.search(rf" {best:.4f} +{best**3:.4f} ", printed)  # a column for each
    told = f"mean validation accuracy of the best 5: {five[1]:.4f}, of random search's"
    assert told in printed
    assert run("report", zoph, "--html") == 0
    assert told in (zoph / "report.html").read_text().replace("&#x27;", "'")


@pytest.mark.parametrize(("trials", "epochs"), [(480, 12), (500, 12), (25, 2), (3, 10)])
def test_shared_weights_are_not_trained_beyond_their_schedule(trials, epochs):
    # A pass too many would be made at the high learning rate of a restart.
    planned = Settings("images", 1, 1, 1).planned(trials, None, epochs)
    rounds = math.ceil(trials / planned.per_round)
    assert math.ceil(rounds / planned.rounds_per_pass) <= epochs


@pytest.mark.parametrize(
    "space", ["macro", "darts", pytest.param("micro", marks=pytest.mark.slow)]
)
def test_no_process_is_hired_while_shared_weights_do_the_work(
    space, data, tmp_path, monkeypatch
):
    # Each would hold all of the images, and wait.
    hired = []
    monkeypatch.setattr("cnnnas.kits.cells.DARTS", replace(DARTS, gradient=no_darts))
    program = replace(SEARCHED, make_run=partial(fake_run, hire=lambda *a: hired.append(a)))
    assert search(data, tmp_path / "r", "--space", space, program=program) == 0
    assert hired == []


class Watched(InProcess):
    """Notes how many of its kind are open."""

    open, most = 0, 0

    def __init__(self):
        super().__init__(FakeTrainer)
        Watched.open += 1
        Watched.most = max(Watched.most, Watched.open)
        self._closed = False

    def close(self):
        Watched.open -= not self._closed
        self._closed = True


@pytest.mark.parametrize("one_shot", ["--one-shot", "--no-one-shot"])
def test_one_crew_at_a_time_trains_children_rivals_and_finalists(
    one_shot, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(Watched, "most", 0)
    program = replace(FAKED, make_run=partial(fake_run, hire=lambda *a: Watched()))
    options = ("--strategy", "random", "--trials", 4)
    assert search(data, tmp_path / "r", one_shot, *options, program=program) == 0
    assert (Watched.most, Watched.open) == (1, 0)


@pytest.mark.parametrize(
    ("variant", "asked", "epochs", "expected"),
    # PC-DARTS rests for 15 of 50 epochs.
    [("pc", None, 50, 15), ("pc", None, 10, 3), ("pc", None, 1, 0), ("pc", 0, 50, 0),
     ("plain", None, 50, 0), ("gdas", 4, 50, 4)],
)  # fmt: skip
def test_alphas_rest_for_the_published_share_of_the_epochs_or_as_asked(
    variant, asked, epochs, expected
):
    assert resting(variant, asked, epochs) == expected


@pytest.mark.slow
def test_micro_cells_are_searched_with_shared_weights(data, tmp_path):
    assert search(data, tmp_path / "r", "--space", "micro", "--strategy", "random") == 0
    assert len(trials(tmp_path / "r")) == 20


def _guess(self, number):
    """Instead of training; what a step does is tested with the steps."""
    rng = np.random.default_rng(number)
    for alphas in self.alphas.values():
        alphas.assign(rng.normal(size=alphas.shape))
    return 1.0, 1.0


@pytest.mark.slow
def test_a_differentiable_search_is_resumed_retrained_exported_and_reported(
    data, tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "r"
    # Half of the training rows are smaller than the preset's batch.
    small = replace(DARTS.presets["tiny"], batch_size=6)
    monkeypatch.setattr("cnnnas.kits.cells.DARTS", replace(DARTS, presets={"tiny": small}))
    monkeypatch.setattr(ImageDARTS, "train", _guess)
    options = ["--space", "darts", "--order", 2]
    assert search(data, folder, *options, "--trials", 1, program=SEARCHED) == 0
    assert run("resume", folder, "--trials", 2) == 0
    assert "found:  Genotype(normal=[(" in capsys.readouterr().out
    record = json.loads((folder / "run.json").read_text())
    assert [r["name"] for r in record["results"]] == RESULTS
    assert [t["architecture"]["text"] for t in trials(folder)][-1] == (
        record["results"][0]["architecture"]
    )
    model = keras.saving.load_model(folder / "best.keras")
    assert model.predict(np.load(data)["x_test"], verbose=0).shape == (20, 2)
    assert run("report", folder, "--html") == 0
    page = (folder / "report.html").read_text()
    assert "Epochs of the search" in page
    assert "The normal cell, epoch by epoch" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{data}", "--trials", "0"], "--trials is 0; expected"),
        (["{data}", "--epochs", "0"], "--epochs is 0; expected"),
        (["{data}", "--seed", "-1"], "--seed is -1; expected"),
        (
            ["{data}", "--space", "zoph", "--one-shot"],
            "has no shared weights; expected one of macro, micro, darts, or --no-one-shot",
        ),
        (["{data}", "--strategy", "evolution"], "or add --no-one-shot"),
        (["{data}", "--strategy", "luck"], "reinforce"),
        (["{data}", "--space", "marco"], "did you mean 'macro'? expected one of macro, micro"),
        (["{data}", "--space", "nowhere:KIT"], "'nowhere:KIT' cannot be imported"),
        (["{data}", "--space", "json:loads"], "expected a mlpnas.core.run.kit.Kit"),
        (["{data}", "--per-round", "0"], "--per-round is 0; expected 1 or more"),
        (
            ["{data}", "--space", "darts", "--variant", "snas", "--order", "2"],
            "--order is 2, but --variant snas",
        ),
        (["{data}", "--space", "zoph", "--layer-types", "conv,norm"], "types are ('conv', 'no"),
        (
            ["{data}", "--space", "zoph", "--strides", "1,two"],
            "--strides has 'two'; expected int",
        ),
        (["{data}", "--space", "zoph", "--strides", "0"], "strides are (0,), expected"),
        (
            ["{data}", "--space", "darts", "--trials", "3", "--warm-up", "3"],
            "--warm-up is 3 of 3 epochs; expected fewer",
        ),
        (
            ["{data}", "--space", "darts", "--stop", "ranking", "--trials", "10"],
            "--stop ranking can end a search after 11 epochs, and this one has 10; expected "
            "--trials 11 or more",
        ),
        (
            ["{data}", "--space", "darts", "--stop", "eigenvalue", "--trials", "17"],
            "after 18 epochs",
        ),
        (
            ["{data}", "--space", "darts", "--variant", "pc", "--stop", "ranking"],
            "after 12 epochs, and this one has 4",
        ),
        (
            ["{data}", "--space", "darts", "--trials", "3", "--epochs", "4"],
            "--trials is 3 and --epochs is 4",
        ),
        (["{data}", "--train-rows", "99"], "--train-rows is 99; expected 2 to 40"),
        (["{data}", "--time-limit", "soon"], "--time-limit is 'soon'; expected such as"),
        (["nowhere.npz"], "no file or folder 'nowhere.npz'"),
    ],
)
def test_a_mistake_gets_one_line_and_status_2(arguments, message, data, tmp_path, capsys):
    folder = tmp_path / "r"
    assert search(*(a.format(data=data) for a in arguments[:1]), folder, *arguments[1:]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not folder.exists()


@pytest.mark.parametrize("one_shot", ["--one-shot", "--no-one-shot"])
def test_images_too_small_for_the_reductions_are_refused_with_the_minimum(
    one_shot, data, tmp_path, capsys
):
    arrays = dict(np.load(data))
    small = {k: v[:, :7, :7] if k.startswith("x") else v for k, v in arrays.items()}
    np.savez(tmp_path / "small.npz", **small)
    assert search(tmp_path / "small.npz", tmp_path / "r", one_shot) == 2
    assert "with at least 8 x 8 pixels" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_report_as_text_and_as_a_page_that_loads_nothing(finished, capsys):
    folder, _ = finished
    assert run("report", folder) == 0
    printed = capsys.readouterr().out
    assert "by search score" in printed
    assert "best random: validation" in printed
    assert "Kendall's tau" in printed
    assert run("report", folder, "--html") == 0
    page = (folder / "report.html").read_text()
    for title in ("The network found", "Trained at length", "Can shared weights be believed?"):
        assert title in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_folder_that_is_no_run_has_no_report(tmp_path, capsys):
    assert run("report", tmp_path) == 2
    assert "is no folder of a run" in capsys.readouterr().err
