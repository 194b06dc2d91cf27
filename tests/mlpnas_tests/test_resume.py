"""`mlpnas resume`: the run ends as if nothing had happened, or is refused and left alone.

The strategies are the real ones; children are scored by a function of all that their job
holds, so that a lost or changed weight would change every score after it.
"""

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import mlpnas.core.run.checkpoint
from mlpnas.__main__ import PROGRAM, main
from mlpnas.core.executor.executors import InProcess
from mlpnas.core.run.clock import Clock
from mlpnas.core.trainer.base import Outcome
from mlpnas.core.trial import Trial
from mlpnas.generator import MLPGenerator
from mlpnas.run.run import Run

DATA = Path(__file__).parents[2] / "data"
PLANNED = ["--trials", "11", "--per-round", "4"]  # the third round is cut short


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, and nothing is done after it."""


class FakeTrainer:
    """Digests a job into a score; at the job that `fate` names, something happens."""

    def __init__(self, generator, task, fate):
        self._generator, self._task, self._fate = generator, task, fate

    def train(self, job):
        self._fate["jobs"] -= 1
        if self._fate["jobs"] == 0:
            self._fate["act"]()
        digest = hashlib.sha256(repr((job.architecture.tokens, job.seed)).encode())
        for key, arrays in sorted(job.weights.items()):
            digest.update(key.encode() + b"".join(a.tobytes() for a in arrays))
        rng = np.random.default_rng(list(digest.digest()))
        shapes = self._generator.weight_shapes(job.architecture, self._task)
        weights = {
            key: tuple(rng.random(shape, np.float32) for shape in pair)
            for key, pair in shapes.items()
            if pair[0][0] * pair[0][1] <= 1024  # small ones will do
        }
        return Outcome(tuple(rng.random(3)), weights=weights, seconds=0.01)


def kill():
    raise Killed


FATE = {"jobs": 0, "act": kill}


def make_run(settings, table, folder, workers):
    generator = MLPGenerator(settings.space(table.task.head))
    fake = partial(FakeTrainer, generator, table.task.without_test(), FATE)
    return Run(settings, table, folder, workers, hire=lambda *asked: InProcess(fake))


FAKED = replace(PROGRAM, make_run=make_run, finish=lambda run, history, console: None)


@pytest.fixture
def fate():
    """What happens at which job; nothing by default."""
    FATE.update(jobs=0, act=kill)
    return FATE


def run(*arguments, program=FAKED) -> int:
    """Exit status of the command line with these arguments."""
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments], program)
    return exit_.value.code or 0


def search(folder, *more, program=FAKED) -> int:
    table = (DATA / "iris.csv", "--target", "species")
    return run("search", *table, "--run", folder, *PLANNED, *more, program=program)


def records(folder: Path) -> list[dict]:
    """The journal but for times."""
    *lines, _torn = (folder / "trials.jsonl").read_text().split("\n")
    return [{**json.loads(line), "seconds": 0} for line in lines]


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != "lock")
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


KINDS = {
    "bayesian": [],
    "bayesian without store": ["--no-one-shot"],
    "strategy reinforce": ["--strategy", "reinforce"],
    "reinforce without store": ["--strategy", "reinforce", "--no-one-shot"],
    "reinforce without predictor": ["--strategy", "reinforce", "--no-predictor"],
    "random": ["--strategy", "random"],
    "strategy ppo": ["--strategy", "ppo"],
}


@pytest.mark.parametrize(
    "options",
    # A controller takes seconds to compile, and this test needs four of them.
    [pytest.param(v, marks=[pytest.mark.slow] * (" " in k), id=k) for k, v in KINDS.items()],
)
def test_a_run_killed_in_mid_round_and_while_saving_equals_the_uninterrupted(
    options, fate, tmp_path, monkeypatch
):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    monkeypatch.setattr(mlpnas.core.run.checkpoint, "SAVING_SHARE", 1e9)  # save every round
    assert search(straight, *options, "--trials", "14") == 0
    fate["jobs"] = 7
    with pytest.raises(Killed):  # in the second round
        search(killed, *options)
    replaced = os.replace
    with monkeypatch.context() as patch:
        # While the second round's checkpoint takes its place.
        patch.setattr(
            os, "replace", lambda a, b: kill() if b.name == "round.npz" else replaced(a, b)
        )
        with pytest.raises(Killed):
            run("resume", killed, "--trials", "14")  # extended, too
    with (killed / "trials.jsonl").open("a") as file:
        file.write('{"id": 8, "rou')
    assert run("resume", killed) == 0
    assert records(killed) == records(straight)
    assert len(records(killed)) == 14
    assert [t["round"] for t in records(killed)] == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 2
    assert content(killed)["state/round.npz"] == content(straight)["state/round.npz"]


def test_rounds_that_were_not_saved_are_told_again(fate, tmp_path, monkeypatch):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    search(straight, "--strategy", "random", "--trials", "20")
    monkeypatch.setattr(
        mlpnas.core.run.checkpoint, "SAVING_SHARE", 1e-9
    )  # save the first round only
    fate["jobs"] = 15
    with pytest.raises(Killed):
        search(killed, "--strategy", "random", "--trials", "20")
    fate["jobs"] = 0
    monkeypatch.setattr(mlpnas.core.run.checkpoint, "SAVING_SHARE", 1e9)
    assert run("resume", killed) == 0
    assert -fate["jobs"] == 20 - 14
    assert records(killed) == records(straight)
    assert not list(killed.glob("state/pending/*"))


def test_trials_of_the_journal_are_not_trained_again(fate, tmp_path):
    fate["jobs"] = 7
    with pytest.raises(Killed):
        search(tmp_path / "r", "--strategy", "random")
    fate["jobs"] = 0
    assert run("resume", tmp_path / "r") == 0
    assert -fate["jobs"] == 11 - 6


def test_ctrl_c_and_a_time_limit_leave_runs_that_end_alike(fate, tmp_path, capsys):
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    search(straight, "--strategy", "random")
    fate.update(jobs=6, act=lambda: os.kill(os.getpid(), signal.SIGINT))
    assert search(stopped, "--strategy", "random") == 130
    assert f"To go on: mlpnas resume {stopped}" in capsys.readouterr().out
    assert len(records(stopped)) == 6
    fate.update(jobs=2, act=lambda: time.sleep(1.2))
    assert run("resume", stopped, "--time-limit", "1s") == 0
    assert "time limit ended the search after" in capsys.readouterr().out
    assert len(records(stopped)) < 11
    assert run("resume", stopped) == 0
    assert records(stopped) == records(straight)


RESULT = {"name": "as found", "valid": 0.5, "test": 0.5}


def test_a_finished_run_has_nothing_left_to_do(fate, tmp_path, capsys):
    folder = tmp_path / "r"
    search(folder, "--strategy", "random")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "results": [RESULT]}))
    before = content(folder)
    assert run("resume", folder) == 0
    assert "is finished: 11 trials" in capsys.readouterr().out
    assert content(folder) == before
    assert run("resume", folder, "--trials", "5") == 2
    assert "--trials is 5, but the run has 11 already" in capsys.readouterr().err


@pytest.mark.parametrize("kept", [0, 10])
def test_a_finished_run_whose_trials_are_gone_is_not_searched_again(
    kept, fate, tmp_path, capsys
):
    folder = tmp_path / "r"
    search(folder, "--strategy", "random")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "results": [RESULT], "trials": 11}))
    lines = (folder / "trials.jsonl").read_text().splitlines(keepends=True)
    (folder / "trials.jsonl").write_text("".join(lines[:kept]))
    shutil.rmtree(folder / "state")
    before = content(folder)
    assert run("resume", folder) == 2
    assert f"trials.jsonl holds {kept} trials, and run.json" in capsys.readouterr().err
    assert content(folder) == before


def moved(project, tmp_path):
    """The project of a run on its table, moved as a whole; the run's new folder."""
    place = tmp_path / "elsewhere" / "renamed"
    place.parent.mkdir()
    project.rename(place)
    return place / "runs" / "r"


@pytest.fixture
def project(fate, tmp_path, monkeypatch):
    """A folder with a table in `tables` and a run in `runs`."""
    project = tmp_path / "project"
    (project / "tables").mkdir(parents=True)
    shutil.copy(DATA / "iris.csv", project / "tables" / "t.csv")
    monkeypatch.chdir(project)
    options = ["--target", "species", "--run", "runs/r", "--strategy", "random", *PLANNED]
    assert run("search", "tables/t.csv", *options) == 0
    monkeypatch.chdir("/")
    return project


def test_a_run_that_was_moved_with_its_table_finds_it(project, tmp_path):
    folder = moved(project, tmp_path)
    assert run("resume", folder, "--trials", "13") == 0
    assert len(records(folder)) == 13
    found = json.loads((folder / "run.json").read_text())["settings"]["data"]
    assert found == str(folder.parents[1] / "tables" / "t.csv")


@pytest.mark.parametrize("beside", ["", ".."])
def test_a_table_that_was_put_into_the_run_or_beside_it_is_found(beside, project):
    folder = project / "runs" / "r"
    (project / "tables" / "t.csv").rename(folder / beside / "t.csv")
    assert run("resume", folder, "--trials", "13") == 0


def test_where_the_table_is_may_be_said(project, tmp_path, capsys):
    folder = project / "runs" / "r"
    (project / "tables" / "t.csv").rename(tmp_path / "other name.csv")
    before = content(folder)
    assert run("resume", folder, "--trials", "13") == 2
    assert "is there no more, nor beside the run" in capsys.readouterr().err
    assert content(folder) == before
    said = ["--data", tmp_path / "other name.csv"]
    assert run("resume", folder, "--trials", "13", *said) == 0
    assert run("resume", folder, "--trials", "14") == 0  # it has been noted
    wine = ["--data", DATA / "wine.csv"]
    assert run("resume", folder, "--trials", "15", *wine) == 2


def test_another_table_of_that_name_beside_the_run_is_refused(project, capsys):
    folder = project / "runs" / "r"
    table = project / "tables" / "t.csv"
    lines = table.read_text().splitlines(keepends=True)
    (folder / "t.csv").write_text("".join([lines[0], *lines[2:], lines[1]]))
    table.unlink()
    for command in (["resume", folder, "--trials", "13"], ["compare", folder]):
        assert run(*command) == 2
        assert "not the data that the run began with" in capsys.readouterr().err


def test_a_run_may_be_resumed_from_another_directory(fate, tmp_path, monkeypatch):
    (tmp_path / "iris.csv").write_bytes((DATA / "iris.csv").read_bytes())
    monkeypatch.chdir(tmp_path)
    options = ["--target", "species", "--run", "r", "--strategy", "random", *PLANNED]
    assert run("search", "iris.csv", *options) == 0
    monkeypatch.chdir("/")
    assert run("resume", tmp_path / "r", "--trials", "13") == 0
    assert len(records(tmp_path / "r")) == 13


# --- what is refused ------------------------------------------------------------------------


@pytest.fixture
def half(fate, tmp_path) -> Path:
    """A run that was killed in its second round."""
    fate["jobs"] = 7
    with pytest.raises(Killed):
        search(tmp_path / "half", "--strategy", "random")
    fate["jobs"] = 0
    return tmp_path / "half"


def settings(**changed):
    def damage(folder):
        path = folder / "run.json"
        record = json.loads(path.read_text())
        record["settings"].update(changed)
        path.write_text(json.dumps(record))

    return damage


def record(**changed):
    def damage(folder):
        path = folder / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))

    return damage


def write(name, text):
    return lambda folder: (folder / name).write_text(text)


def other_shape(folder):
    path = folder / "state" / "round.npz"
    with np.load(path) as saved:
        arrays = dict(saved)
    for name in arrays:
        if name.startswith("store/") and not name.endswith("score"):
            arrays[name] = np.zeros((3, 3, 3), np.float32)
    np.savez(path, **arrays)


def without(name):
    def damage(folder):
        with np.load(folder / "state" / "round.npz") as saved:
            arrays = {key: array for key, array in saved.items() if key != name}
        np.savez(folder / "state" / "round.npz", **arrays)

    return damage


def no_data(folder):
    settings(data="/nowhere.csv")(folder)
    record(beside="nowhere.csv")(folder)


def shorter_journal(folder):
    path = folder / "trials.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))


def other_choice(folder):
    path = folder / "trials.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    first, last = json.loads(lines[0]), json.loads(lines[5])
    lines[5] = json.dumps({**last, "architecture": first["architecture"]}) + "\n"
    path.write_text("".join(lines))


HOSTILE = {
    "no run.json": (lambda f: (f / "run.json").unlink(), "is no folder of a run"),
    "empty run.json": (write("run.json", ""), "run.json is damaged, or not of mlpnas"),
    "foreign run.json": (write("run.json", '{"a": 1}'), "damaged, or not of mlpnas"),
    "list for run.json": (write("run.json", "[]"), "damaged, or not of mlpnas"),
    "newer format": (record(format=99), "is of format 99, written by a newer mlpnas"),
    "odd format": (record(format="1; rm"), "damaged, or not of mlpnas"),
    "unknown setting": (settings(magic=1), "the setting 'magic' is unknown"),
    "odd setting": (settings(strategy="luck"), "--strategy is 'luck'; expected"),
    "odd number": (settings(trials="many"), "the setting trials is 'many': "),
    "no data": (no_data, "/nowhere.csv, the data of"),
    "other data": (settings(data=str(DATA / "wine.csv")), ""),
    "other seed": (settings(seed=1), "not the data that the run began with: other values"),
    "other epochs": (settings(epochs=3), "epochs: 10, now 3"),
    "other strategy": (settings(strategy="reinforce"), "strategy: 'random', now 'reinforce'"),
    "foreign line": (write("trials.jsonl", "x\n"), "line 1 of"),
    "journal too short": (shorter_journal, "holds 2 trials, but the search had been told 4"),
    "another trial": (other_choice, "trial 5 of the journal is"),
    "no state": (lambda f: (f / "state" / "round.npz").unlink(), "0.npz is missing; expected"),
    "no pending": (lambda f: (f / "state/pending/5.npz").unlink(), "5.npz is missing"),
    "torn state": (write("state/round.npz", "PK"), "round.npz' is no npz file"),
    "state without header": (without("header"), "no readable header"),
    "state without part": (without("strategy/proposed_lengths"), "does not fit this run"),
    "weights of another shape": (other_shape, "stored shapes [(3, 3, 3)"),
}


@pytest.mark.parametrize(("damage", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_folder_gets_one_line_and_is_left_alone(damage, message, half, capsys):
    damage(half)
    before = content(half)
    capsys.readouterr()
    assert run("resume", half) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert content(half) == before


def test_a_search_that_could_not_begin_leaves_no_folder(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    options = ("--strategy", "random", "--executor", "ray")
    assert search(tmp_path / "r", *options, program=PROGRAM) == 2
    assert "pip install 'mlpnas[ray]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_search_killed_before_it_began_can_be_given_again(fate, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "lock").touch()
    assert search(tmp_path / "r", "--strategy", "random") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--jobs", "0"], "--jobs is 0; expected 1 or more"),
        (["--time-limit", "soon"], "--time-limit is 'soon'; expected"),
        (["--trial-timeout", "-1s"], "--trial-timeout is '-1s'; expected"),
        (["--address", "auto"], "are for --executor ray; add it"),
        (["--executor", "ray", "--gpus-per-job", "-1"], "--gpus-per-job is -1.0; expected 0"),
        (["--trials", "0"], "--trials is 0; expected 1 or more"),
        (["--trials", "5"], "--trials is 5, but the run has 6 already"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message, half, capsys):
    before = content(half)
    assert run("resume", half, *options) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert content(half) == before


def test_a_place_that_is_no_folder_is_refused(tmp_path, capsys):
    for place in (tmp_path, tmp_path / "none", DATA / "iris.csv"):
        assert run("resume", place) == 2
        assert "is no folder of a run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_other_rows_are_named(half, tmp_path, capsys):
    rows = (DATA / "iris.csv").read_text().splitlines(keepends=True)
    (tmp_path / "iris.csv").write_text("".join(rows[:-5]))
    settings(data=str(tmp_path / "iris.csv"))(half)
    assert run("resume", half) == 2
    assert "other rows: [96, 24, 30] then, [" in capsys.readouterr().err


def test_other_versions_are_named_and_the_run_goes_on(half, capsys):
    versions = json.loads((half / "run.json").read_text())["versions"]
    record(versions={**versions, "keras": "3.0.0"})(half)
    assert run("resume", half) == 0
    assert "the run began with keras 3.0.0, now" in capsys.readouterr().out


# --- one writer, full disks -----------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from mlpnas.core.run.folder import Folder
folder = Folder.open(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_is_killed(half, capsys):
    command = [sys.executable, "-c", HOLD, str(half)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        before = content(half)
        assert run("resume", half) == 2
        assert "is in use by another process" in capsys.readouterr().err
        assert content(half) == before
        holder.kill()
    assert run("resume", half) == 0


def test_a_full_disk_stops_in_one_line_and_the_run_can_go_on(
    fate, tmp_path, monkeypatch, capsys
):
    straight, full = tmp_path / "straight", tmp_path / "full"
    search(straight, "--strategy", "random")
    generator = random.Random(0)
    command = partial(search, full, "--strategy", "random")
    fsync = os.fsync
    for _ in range(4):
        left = generator.randrange(12)

        def sync(descriptor):
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            fsync(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", sync)
            assert command() == 2
        error = capsys.readouterr().err
        assert "No space left on device" in error
        assert f"continue with: mlpnas resume {full}" in error
        assert error.count("\n") == 1
        if (full / "run.json").exists():
            command = partial(run, "resume", full)
    assert command() == 0
    assert records(full) == records(straight)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a tmpfs")
def test_a_disk_that_is_really_full(half, fate, tmp_path, capsys):
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        assert search(place / "r", "--no-one-shot", "--strategy", "random") == 0
        trials = len(records(place / "r"))
        status = run("resume", place / "r", "--trials", "2000")
        assert status == 2
        assert "No space left on device" in capsys.readouterr().err
        before = len(records(place / "r"))
        assert before >= trials
        subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
        assert run("resume", place / "r", "--trials", str(before + 4)) == 0
        assert len(records(place / "r")) == before + 4
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_an_asynchronous_run_keeps_what_was_finished_and_goes_on(fate, tmp_path, capsys):
    folder = tmp_path / "r"
    fate["jobs"] = 7
    with pytest.raises(Killed):
        search(folder, "--async", "--strategy", "random")
    before = records(folder)
    assert len(before) == 6
    assert "--async: results are told as they come" in capsys.readouterr().out
    assert run("resume", folder) == 0
    after = records(folder)
    assert after[:6] == before
    assert len({t["architecture"]["text"] for t in after}) == len(after) == 11


# --- budgets --------------------------------------------------------------------------------


def finished(parameters, seconds) -> Trial:
    return Trial(0, 0, None, "ok", 0.5, parameters=parameters, seconds=seconds)


def test_a_childs_time_is_predicted_from_its_size():
    clock = Clock(100.0, parameters=lambda architecture: architecture)
    assert clock.predict(10**9) == 0  # nothing is known yet
    clock.note(finished(1000, 2.0))
    assert clock.predict(10**9) == 2.0
    clock.note(finished(3000, 4.0))
    assert clock.predict(9000) == pytest.approx(10.0)
    assert not clock.should_stop(9000)
    assert clock.should_stop(200_000)  # would take 201 seconds
    assert clock.out_of_time


def test_children_that_waited_for_their_graphs_do_not_stand_for_the_others():
    # a = 0.1 s, b = 1 ms per thousand; three of ten, of all sizes, took 4 s longer.
    clock = Clock(100.0, parameters=lambda architecture: architecture)
    sizes = [50_000, 1000, 9000, 70_000, 20_000, 3000, 100_000, 40_000, 60_000, 80_000]
    for i, size in enumerate(sizes):
        clock.note(finished(size, 0.1 + size / 1e6 + 4 * (i in (0, 1, 3))))
    assert clock.predict(30_000) == pytest.approx(0.13, abs=0.02)


def test_a_larger_child_is_not_expected_to_be_quicker():
    clock = Clock(100.0, parameters=lambda architecture: architecture)
    clock.note(finished(1000, 4.0))
    clock.note(finished(50_000, 0.3))
    assert clock.predict(10**6) == pytest.approx(2.15)  # the median of both


def test_without_a_limit_nothing_is_too_long():
    clock = Clock(None, parameters=lambda architecture: architecture)
    clock.note(finished(1, 1e9))
    assert not clock.should_stop(1)
    clock.interrupted = True
    assert clock.should_stop(1)


# --- with the real trainer ------------------------------------------------------------------


def start(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "mlpnas", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> None:
    _, error = process.communicate(timeout=1200)
    assert (process.returncode, error) == (0, "")


def killed_until_done(folder, first, rng, longest, kills, resume=()) -> None:
    """Kill the process group after a random while, so many times, and resume each time."""
    arguments = first
    for _ in range(kills):
        process = start(*arguments)
        deadline = time.monotonic() + rng.uniform(3, longest)
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if (folder / "run.json").exists():
            arguments = ("resume", folder, *resume)
    finish(start(*arguments))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))  # each mix of options; test_kill has many instants
def test_real_runs_killed_at_random_instants(seed, tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    strategy = ("reinforce", "random")[seed % 2]
    headless = ["--no-predictor"] if strategy == "reinforce" else []  # chance has no head
    options = [
        *("--target", "species", "--trials", "12", "--per-round", "5", "--epochs", "3"),
        *("--seed", seed, "--strategy", strategy),
        *([], ["--no-one-shot"], headless)[seed % 3],
        *("--jobs", 1 + seed % 2),
    ]
    begin = time.monotonic()
    finish(start("search", DATA / "iris.csv", "--run", straight, *options))
    longest = time.monotonic() - begin
    command = ("search", DATA / "iris.csv", "--run", killed, *options)
    killed_until_done(killed, command, random.Random(seed), longest, 2, ("--jobs", 1))
    assert records(killed) == records(straight)
    winners = [json.loads((f / "run.json").read_text())["winner"] for f in (straight, killed)]
    assert winners[0] == winners[1]


@pytest.mark.slow
def test_60_trials_on_wine_quality_killed_three_times(shared_data, tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    options = [
        *("--target", "quality_label", "--drop", "quality", "--trials", 60, "--jobs", 2),
    ]
    data = shared_data("wine_quality.csv")
    finish(start("search", data, "--run", straight, *options))
    command = ("search", data, "--run", killed, *options)
    killed_until_done(killed, command, random.Random(0), 40, 3, ("--jobs", 2))
    assert records(killed) == records(straight)
    assert len(records(killed)) == 60
