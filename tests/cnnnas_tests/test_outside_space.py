"""A space from outside the package: searched, resumed and reported by the command line."""

import json
import pickle
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
from fakes import token_score
from outside_space import KIT, OneConvolution

from cnnnas.__main__ import main
from cnnnas.commands.search import PROGRAM
from cnnnas.data.images import read_images
from cnnnas.run.run import make_run
from mlpnas.core.executor.executors import InProcess
from mlpnas.core.trainer.base import Outcome

SPACE = ("--space", "outside_space:KIT", "--strategy", "random", "--preset", "tiny")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Dark and bright images, 4 pixels wide: no other space would take them."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = (rng.integers(0, 100, (60, 4, 4)) + 100 * y[:, None, None]).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "blots.npz"
    np.savez(path, x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    return path


class FakeTrainer:
    """Learns at once what the tokens say."""

    def train(self, job):
        curve = (token_score(job.architecture),)
        return Outcome(curve, ((1.0, 1.0),), parameters=100, seconds=1.0)


def in_this_process(trainer, workers):
    return InProcess(trainer)


def without_training(trainer, workers):
    return InProcess(FakeTrainer)


def program(hire):
    """The command line with another executor."""
    return replace(PROGRAM, make_run=partial(make_run, hire=hire))


def status(*arguments, hire):
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments], program(hire))
    return exit_.value.code or 0


@pytest.mark.parametrize(
    "hire", [without_training, pytest.param(in_this_process, marks=pytest.mark.slow)]
)
def test_it_is_searched_resumed_retrained_and_reported(hire, data, tmp_path, capsys):
    folder = tmp_path / "run"
    search = ("search", data, *SPACE, "--run", folder, "--trials", 2)
    assert status(*search, hire=hire) == 0
    assert status("resume", folder, "--trials", 3, hire=hire) == 0
    assert "best random" in capsys.readouterr().out
    record = json.loads((folder / "run.json").read_text())
    assert record["settings"]["space"] == "outside_space:KIT"
    assert record["space"] == OneConvolution().name
    found = OneConvolution().parse(record["results"][0]["architecture"])
    assert len((folder / "trials.jsonl").read_text().splitlines()) == 3
    model = keras.saving.load_model(folder / "best.keras")
    assert model.predict(np.load(data)["x_test"], verbose=0).shape == (20, 2)
    assert status("report", folder, hire=hire) == 0
    assert str(found) in capsys.readouterr().out
    assert status("report", folder, "--html", hire=hire) == 0
    assert "The network found" in (folder / "report.html").read_text()


def test_who_trains_gets_no_row_of_the_test_fold(data, tmp_path):
    sent = []

    def hire(trainer, workers):
        sent.append(pickle.dumps(trainer))
        return InProcess(FakeTrainer)

    search = ("search", data, *SPACE, "--run", tmp_path / "run", "--trials", 1)
    assert status(*search, hire=hire) == 0
    task = read_images(str(data)).task
    assert len(sent) == 2  # to those who train children, and to those who train at length
    for content in sent:
        assert task.train.x.tobytes() in content
        assert task.test.x.tobytes() not in content


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--one-shot",), "has no shared weights; expected one of macro, micro, darts"),
        (("--strides", "1,2"), "--strides is for --space zoph"),
        (("--preset", "huge"), "--preset huge is not for --space outside_space:KIT"),
    ],
)
def test_what_its_kit_does_not_have_is_refused(more, message, data, tmp_path, capsys):
    search = ("search", data, *SPACE, "--run", tmp_path / "run", *more)
    assert status(*search, hire=without_training) == 2
    assert message in capsys.readouterr().err


def test_a_run_of_a_space_that_is_not_installed_is_refused(data, tmp_path, capsys):
    folder = tmp_path / "run"
    search = ("search", data, *SPACE, "--run", folder, "--trials", 1)
    assert status(*search, hire=without_training) == 0
    record = json.loads((folder / "run.json").read_text())
    record["settings"]["space"] = "not_here:KIT"
    (folder / "run.json").write_text(json.dumps(record))
    assert status("report", folder, hire=without_training) == 2
    assert "'not_here:KIT' cannot be imported" in capsys.readouterr().err


def test_its_presets_are_its_own():
    assert KIT.presets["tiny"].draws == 20  # of every tiny preset
    assert KIT.presets["small"].draws == 10
