"""The command line as a user meets it: what it prints, what it leaves, how it refuses."""

import contextlib
import errno
import io
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from fakes import in_this_process

from mlpnas.__main__ import PROGRAM, main
from mlpnas.core.commands.command_line import seconds
from mlpnas.core.errors import InputError
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.workers import Workers
from mlpnas.core.trainer.base import Recipe
from mlpnas.data.table import read_table
from mlpnas.run.run import Run
from mlpnas.run.settings import Settings

DATA = Path(__file__).parents[2] / "data"
# Trains in this process unless a job is asked for: a worker takes seconds to start.
HERE = in_this_process(PROGRAM)
SMALL = ["--trials", "4", "--per-round", "2", "--epochs", "2", "--ensemble", "0"]


@pytest.fixture(scope="module", autouse=True)
def here():
    """Finalists learn for two epochs; that they learn enough is not asked here."""
    import mlpnas.final.finish

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            mlpnas.final.finish, "final_recipe", lambda *asked: Recipe(2, 1, best="metric")
        )
        yield


def run(*arguments: str) -> int:
    """Exit status of the command line with these arguments."""
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments], HERE)
    return exit_.value.code or 0


def iris(folder: Path, *more: str) -> int:
    return run(
        "search", DATA / "iris.csv", "--target", "species", "--run", folder, *SMALL, *more
    )


@pytest.fixture(scope="module")
def search(tmp_path_factory) -> tuple[Path, str]:
    """Folder of a finished search, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "iris"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert iris(folder) == 0
    return folder, printed.getvalue()


@pytest.fixture
def finished(search) -> Path:
    return search[0]


def trials(folder: Path) -> list[dict]:
    """The journal but for times."""
    lines = (folder / "trials.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


SCALED = """
from dataclasses import dataclass

import keras

from mlpnas.layers import LayerType


@dataclass(frozen=True)
class Scaled(LayerType):
    @classmethod
    def words(cls, space):
        return [cls()]

    @property
    def literal(self):
        return "scaled"

    def apply(self, x, key, seed):
        return keras.layers.Rescaling(0.5, name=key)(x)

    def features(self):
        return {"scaled": 1.0}
"""


@pytest.mark.slow
def test_a_layer_type_from_outside_is_searched_resumed_and_reported(tmp_path, monkeypatch):
    (tmp_path / "halves.py").write_text(SCALED)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    # Four networks: (8, 'relu'), then nothing, itself, dropout or scaled, then the head.
    four = ["--widths", "8", "--activations", "relu", "--max-layers", "3"]
    assert iris(folder, *four, "--layers", "halves:Scaled") == 0
    assert [0, 2, 3] in [t["architecture"]["tokens"] for t in trials(folder)]
    assert run("resume", folder, "--trials", "4") == 0
    assert run("report", folder, "--html") == 0
    assert "scaled" in (folder / "report.html").read_text()


def test_a_strategy_from_outside_searches_and_is_resumed(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from mlpnas.core.strategies.evolution import RegularizedEvolution\n"
        "class Aged(RegularizedEvolution):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    assert iris(tmp_path / "run", "--strategy", "mine:Aged", "--max-layers", "2") == 0
    assert (
        json.loads((tmp_path / "run/run.json").read_text())["settings"]["strategy"]
        == "mine:Aged"
    )
    assert run("resume", tmp_path / "run", "--trials", "6") == 0
    assert len(trials(tmp_path / "run")) == 6


@pytest.mark.slow
def test_a_loss_of_scikit_learns_stands_beside_the_score_made_of_it(tmp_path, capsys):
    assert iris(tmp_path / "r", "--scoring", "neg_log_loss") == 0
    told = capsys.readouterr().out
    assert "by search score (1 / (1 + log_loss))" in told
    best = max(trial["score"] for trial in trials(tmp_path / "r"))
    assert f"best neg_log_loss {1 - 1 / best:.4f} (score {best:.4f})" in told
    assert run("report", tmp_path / "r", "--html") == 0
    assert "retrained neg_log_loss</th>" in (tmp_path / "r/report.html").read_text()


def test_a_loss_of_numbers_is_refused_for_classes(tmp_path, capsys):
    assert iris(tmp_path / "r", "--loss", "mae") == 2
    told = capsys.readouterr().err
    assert "--loss mae is for targets that are numbers, and 'species' has 3 classes" in told
    assert not (tmp_path / "r").exists()


def test_who_trains_gets_no_row_of_the_test_fold(tmp_path):
    path = DATA / "iris.csv"
    table = read_table(path, "species")
    with Folder.create(tmp_path / "run") as folder:
        made = Run(Settings(str(path), "species"), table, folder, Workers(executor="here"))
        sent = pickle.dumps(made.trainer(Recipe()))
    assert table.task.train.x.tobytes() in sent
    assert table.task.test.x.tobytes() not in sent


def test_the_controller_of_a_table_has_the_decay_of_the_references(tmp_path):
    path = DATA / "iris.csv"
    for asked, after_ten_steps in (({}, 0.005), ({"controller_decay": 0.0}, 0.01)):
        settings = Settings(str(path), "species", strategy="reinforce", **asked)
        with Folder.create(tmp_path / str(after_ten_steps)) as folder:
            made = Run(settings, read_table(path, "species"), folder, Workers())
        for learner in (made.strategy._policy, made.strategy._prediction):
            learner.variables[0].assign(10)
            assert float(learner._descent._optimizer.learning_rate) == pytest.approx(
                after_ten_steps
            )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("evolutoin", "--strategy is 'evolutoin'; did you mean 'evolution'? expected one of"),
        ("no_such_module:Mine", "'no_such_module:Mine' cannot be imported"),
        ("collections:Counter", "expected a subclass of mlpnas.core.strategies.base"),
    ],
)
def test_a_strategy_that_does_not_exist_is_refused_in_one_line(tmp_path, capsys, name, message):
    assert iris(tmp_path / "run", "--strategy", name) == 2
    assert message in capsys.readouterr().err


def test_a_search_leaves_journal_settings_results_and_model(finished):
    assert [t["id"] for t in trials(finished)] == [0, 1, 2, 3]
    record = json.loads((finished / "run.json").read_text())
    assert record["settings"]["trials"] == 4
    assert {r["name"] for r in record["results"]} == {
        "searched MLP, retrained",
        "scikit-learn MLPClassifier(alpha=0.01)",
        "majority class",
    }
    # Iris has 24 validation rows, too few to choose by.
    scores, winner = record["retrained_validation"], record["winner"]
    assert record["cross_validated"]
    texts = {str(t["id"]): t["architecture"]["text"] for t in trials(finished)}
    texts["-1"] = "(128, 'relu'), (3, 'softmax')"  # the plain network
    assert scores.keys() == texts.keys()
    assert texts[str(winner["trial"])] == winner["architecture"]


def test_the_saved_model_scores_on_the_test_fold_what_the_run_said(finished):
    table = read_table(DATA / "iris.csv", "species")
    task = table.task
    model = keras.saving.load_model(finished / "best.keras")
    record = json.loads((finished / "run.json").read_text())
    said = next(r for r in record["results"] if "searched" in r["name"])["test"]
    # The model takes raw rows, of which the scaling can be undone to the last bit but one.
    scaler = table.preprocessor.transformers_[0][1][-1]
    raw = task.test.x * scaler.scale_ + scaler.mean_
    columns = {c.name: raw[:, i : i + 1] for i, c in enumerate(table.columns)}
    assert task.score(task.test.y, model.predict(columns, verbose=0)) == pytest.approx(said)


def test_a_run_whose_file_is_not_the_cross_validated_winner_is_not_finished(
    finished, tmp_path, monkeypatch, capsys
):
    folder = shutil.copytree(finished, tmp_path / "r")
    record = json.loads((folder / "run.json").read_text())
    assert record["cross_validated"]
    record.pop("results")
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "best.keras").unlink()
    monkeypatch.setattr("mlpnas.core.run.delivery.TOLERANCE", -1.0)  # which nothing is within
    assert run("resume", folder) == 2
    told = capsys.readouterr().err
    assert "r/best.keras is not the network that was scored: for validation row" in told
    assert told.count("\n") == 1
    assert not (folder / "best.keras").exists()
    assert "results" not in json.loads((folder / "run.json").read_text())


@pytest.mark.slow
def test_the_same_command_gives_the_same_trials_whatever_the_jobs(finished, tmp_path):
    assert iris(tmp_path / "again", "--jobs", "1") == 0
    assert trials(tmp_path / "again") == trials(finished)
    assert iris(tmp_path / "other", "--seed", "1") == 0
    assert trials(tmp_path / "other") != trials(finished)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [["random"], ["reinforce", "--no-predictor"]])
def test_every_strategy_runs_without_store_and_predictor(strategy, tmp_path):
    assert iris(tmp_path / "r", "--no-one-shot", "--strategy", *strategy) == 0
    assert all(t["inherited"] == 0 and t["predicted"] is None for t in trials(tmp_path / "r"))


@pytest.mark.slow
def test_regression_reports_r2(tmp_path, capsys):
    folder = tmp_path / "diabetes"
    code = run(
        "search", DATA / "diabetes.csv", "--target", "progression", "--run", folder, *SMALL
    )
    printed = capsys.readouterr().out
    assert code == 0
    assert "test R²" in printed
    assert "MLPRegressor" in printed
    assert all(0 <= t["score"] <= 1 for t in trials(folder))


def test_a_log_gets_a_line_per_round(search):
    printed = search[1]
    assert "round 1: 2/4 trials" in printed
    assert "round 2: 4/4 trials" in printed
    assert "classification into 3 classes" in printed
    # Four trials and a plain network, and too few validation rows to choose by.
    (chosen,) = re.findall("chosen: (.*)", printed)
    assert re.fullmatch(
        r"the best of 5 in a cross-validation, [01]\.\d{4}|the smallest of 5 within a standard "
        r"error of the best in a cross-validation, [01]\.\d{4} to [01]\.\d{4}",
        chosen.removesuffix(" (the mean over the parts left out)"),
    )
    assert "by search score" in printed
    assert "scikit-learn MLPClassifier(alpha=0.01)" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["search", "{iris}", "--target", "species", "--trials", "0"],
            "--trials is 0; expected",
        ),
        (
            ["search", "{iris}", "--target", "species", "--epochs", "0"],
            "--epochs is 0; expected",
        ),
        (["search", "{iris}", "--target", "species", "--jobs", "0"], "--jobs is 0; expected"),
        (["search", "{iris}", "--target", "species", "--seed", "-1"], "--seed is -1; expected"),
        (["search", "{iris}", "--target", "species", "--time-limit", "1x"], "'1x'; expected"),
        (["search", "{iris}", "--target", "species", "--strategy", "luck"], "reinforce"),
        (
            ["search", "{iris}", "--target", "species", "--trails", "3"],
            "--trails",
        ),
        (["search", "{iris}", "--target", "spezies"], "did you mean 'species'"),
        (["search", "nowhere.csv", "--target", "y"], "no file 'nowhere.csv'"),
        (["serch"], "No such command"),
    ],
)
def test_a_mistake_gets_one_line_and_status_2(arguments, message, tmp_path, capsys):
    folder = tmp_path / "run"
    filled = [a.format(iris=DATA / "iris.csv") for a in arguments]
    extra = ["--run", folder] if filled[0] == "search" else []
    assert run(*filled, *extra) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert not folder.exists()


def test_an_existing_folder_is_refused_and_left_alone(finished, capsys):
    before = sorted((f.name, f.stat().st_mtime_ns) for f in finished.iterdir())
    assert iris(finished) == 2
    assert "exists already" in capsys.readouterr().err
    assert sorted((f.name, f.stat().st_mtime_ns) for f in finished.iterdir()) == before


@pytest.mark.parametrize(
    "arguments", [["report", "{run}", "--html"], ["predict", "{run}", "{iris}"]]
)
def test_a_full_disk_leaves_no_half_file_behind(
    arguments, finished, tmp_path, monkeypatch, capsys
):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    before = sorted(f.name for f in finished.iterdir())
    assert run(*(a.format(run=finished, iris=DATA / "iris.csv") for a in arguments)) == 2
    assert "No space left on device: " in capsys.readouterr().err
    assert sorted(f.name for f in finished.iterdir()) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)]
)
def test_time_limits_are_read(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "m", "-3s", "1d", "nan", "infh"])
def test_what_is_no_time_limit_is_refused(text):
    with pytest.raises(InputError, match="--time-limit is"):
        seconds(text)


@pytest.mark.slow
def test_a_time_limit_ends_the_search_and_still_retrains(tmp_path, capsys):
    folder = tmp_path / "r"
    code = run(
        "search",
        DATA / "iris.csv",
        "--target",
        "species",
        "--run",
        folder,
        "--trials",
        "100000",
        "--time-limit",
        "3s",
    )
    assert code == 0
    assert "time limit ended the search" in capsys.readouterr().out
    assert (folder / "best.keras").exists()


def _start(folder: Path, *more: str) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "mlpnas",
        "search",
        str(DATA / "iris.csv"),
        "--target",
        "species",
        "--run",
        str(folder),
        "--trials",
        "5000",
        *more,
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_ctrl_c_ends_with_the_leaderboard_so_far(jobs, tmp_path):
    process = _start(tmp_path / "r", "--jobs", jobs)
    journal = tmp_path / "r" / "trials.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: the whole group gets it
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "by search score" in out
    assert "Interrupted after" in out
    assert err == ""  # neither a traceback nor TensorFlow's chatter
    assert np.all([t["status"] == "ok" for t in trials(tmp_path / "r")])


def test_declared_columns_are_kept_in_the_run_and_new_rows_are_read_by_them(tmp_path, capsys):
    rng = np.random.default_rng(0)
    zips, days = rng.choice([1067, 4109, 80331], 80), rng.choice([20240131, 20240229], 80)
    lines = [f"{z},{d},{'ab'[int(z == 4109)]}" for z, d in zip(zips, days, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["zip,day,y", *lines]))
    asked = ["--target", "y", "--run", tmp_path / "run", *SMALL, "--trials", "1"]
    options = ["--categorical", "zip", "--date", "day"]
    assert run("search", tmp_path / "t.csv", *asked, *options) == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["settings"]["categorical"] == ["zip"]
    kinds = {column["name"]: column["kind"] for column in record["data"]["columns"]}
    assert kinds == {"zip": "categorical", "day": "date"}
    (tmp_path / "new.csv").write_text("day,zip\nsoon,04109\n")
    new = ["predict", tmp_path / "run", tmp_path / "new.csv", "--output", tmp_path / "out.csv"]
    capsys.readouterr()
    assert run(*new) == 0
    printed = capsys.readouterr().out
    assert (
        "column 'zip': 1 of 1 values are none that training saw often (first: '04109'"
        in printed
    )
    assert "column 'day': 1 of 1 values are not dates (first: 'soon' in row 1)" in printed
    assert run("search", tmp_path / "t.csv", *asked, "--categorical", "Zip") == 2
    assert "did you mean 'zip'?" in capsys.readouterr().err


@pytest.mark.slow
def test_without_a_file_the_test_rows_are_evaluated(finished, tmp_path, capsys):
    folder = shutil.copytree(finished, tmp_path / "run")
    assert run("evaluate", folder, "--no-explain") == 0
    assert "30 test rows, 95% interval" in capsys.readouterr().out
    record = json.loads((folder / "run.json").read_text())
    found = record["evaluation"]["measures"]["accuracy"]["value"]
    assert found == pytest.approx(record["results"][0]["test"])
    assert record["explanation"] is None
    assert run("evaluate", folder, DATA / "iris.csv", "--no-explain") == 0
    assert "most of these rows were learned from" in capsys.readouterr().out
