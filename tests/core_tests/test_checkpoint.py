"""Checkpoints and journals on the disk: written whole, read back with suspicion."""

import errno
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from fakes import trials_of
from spaces import SMALL_MLP

import mlpnas.core.run.checkpoint
from mlpnas.core.errors import InputError
from mlpnas.core.run.checkpoint import Checkpoint, Saved
from mlpnas.core.run.delivery import Probe, deliver
from mlpnas.core.run.files import replacing
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.journal import read_journal, reopen
from mlpnas.core.trial import History

SAVED = Saved(
    3,
    {"seed": 1, "drop": []},
    {"round": np.array(3), "x": np.arange(4.0, dtype=np.float32)},
    {"input|8 relu:0": np.ones((2, 3), np.float32), "input|8 relu:score": np.array(0.5)},
)
TRIALS = trials_of([*SMALL_MLP][:3], lambda a: None if a.tokens[0] == 1 else 0.5)


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_what_is_saved_is_loaded_to_the_bit(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state")
    assert checkpoint.load() is None
    checkpoint.save(SAVED)
    loaded = Checkpoint(tmp_path / "state").load()
    assert loaded[:2] == SAVED[:2]
    assert same(loaded.strategy, SAVED.strategy)
    assert same(loaded.store, SAVED.store)


def test_pending_weights_are_kept_until_the_next_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state")
    weights = {"a/../b": (np.ones((2, 2)), np.zeros(2)), "c": (np.array(1.0),)}
    checkpoint.keep(2, weights)
    kept = checkpoint.kept(2)
    assert kept.keys() == weights.keys()
    assert all(map(np.array_equal, kept["a/../b"], weights["a/../b"]))
    # Only numbers become file names.
    files = [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()]
    assert files == ["state/pending/2.npz"]
    checkpoint.save(SAVED)
    with pytest.raises(InputError, match=r"2\.npz is missing; expected the weights of trial 2"):
        checkpoint.kept(2)
    # Those of later rounds, which are being told again, stay.
    checkpoint.keep(3, weights)
    checkpoint.save(SAVED)
    assert checkpoint.kept(3).keys() == weights.keys()


def test_saving_takes_no_more_than_its_share_of_the_time(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.is_due()
    checkpoint.save(SAVED)
    assert not checkpoint.is_due()
    monkeypatch.setattr(mlpnas.core.run.checkpoint, "SAVING_SHARE", 1e9)
    checkpoint.save(SAVED)
    assert checkpoint.is_due()


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_damaged_checkpoint_is_told_in_one_line(tmp_path, cut):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(SAVED)
    file = tmp_path / "round.npz"
    content = bytearray(file.read_bytes())
    if cut == -1:
        content[content.rindex(b"NUMPY") + 130] ^= 1  # one bit of an array
    file.write_bytes(content[:cut] if cut >= 0 else content)
    with pytest.raises(InputError, match=r"round\.npz'.*put the file back as it was"):
        checkpoint.load()


class Trap:
    """Unpickled, it would leave a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(tmp_path):
    sprung = tmp_path / "sprung"
    for content in (
        lambda f: pickle.dump(Trap(sprung), f),
        lambda f: np.savez(f, header=np.array([Trap(sprung)], object)),
    ):
        with (tmp_path / "round.npz").open("wb") as file:
            content(file)
        with pytest.raises(InputError, match="put the file back as it was"):
            Checkpoint(tmp_path).load()
    assert not sprung.exists()


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_former_file_and_no_half_one(tmp_path, monkeypatch, failing):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(SAVED)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, full)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.save(SAVED._replace(told=9))
    assert checkpoint.load().told == 3
    assert [path.name for path in tmp_path.iterdir()] == ["round.npz"]


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


class Model:
    """Stands in for a Keras model; writes what it is, and then the disk may be full."""

    def __init__(self, content: bytes, full: bool = False):
        self._content, self._full = content, full

    def save(self, path: Path):
        assert path.suffix == ".keras"  # or Keras would refuse it
        path.write_bytes(self._content)
        if self._full:
            raise OSError(errno.ENOSPC, "No space left on device")

    def predict(self, rows, verbose):
        return rows


def test_the_model_takes_its_place_when_all_of_it_is_on_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor)))
    monkeypatch.setattr("keras.saving.load_model", lambda path: Model(b""))
    probe = Probe(np.zeros(2), np.zeros(2))
    with Folder.create(tmp_path / "run") as folder:
        assert deliver(Model(b"old"), folder.model, probe).read_bytes() == b"old"
        assert [status.st_size for status in synced[:1]] == [3]  # the file; then the folder
        with pytest.raises(OSError, match="No space left"):
            deliver(Model(b"new", full=True), folder.model, probe)
        assert (folder.path / "best.keras").read_bytes() == b"old"
        assert {path.name for path in folder.path.iterdir()} == {"best.keras", "lock"}


def journal(tmp_path) -> Path:
    path = tmp_path / "trials.jsonl"
    history = History(path)
    for trial in TRIALS:
        history.record(trial)
    history.close()
    return path


def test_a_journal_is_read_back(tmp_path):
    path = journal(tmp_path)
    assert read_journal(path, SMALL_MLP) == (TRIALS, 0)
    assert read_journal(tmp_path / "none yet", SMALL_MLP) == ([], 0)


def test_a_line_torn_anywhere_is_cut_off_and_said(tmp_path, caplog):
    whole = journal(tmp_path).read_bytes()
    path = tmp_path / "trials.jsonl"
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start + 1, len(whole)):
        path.write_bytes(whole[:end] + b"\0" * (end % 3))
        history = reopen(path, SMALL_MLP)
        assert history.trials == TRIALS[:2]
        history.record(TRIALS[2])
        history.close()
        assert path.read_bytes() == whole
    assert "torn" in caplog.text


def changed(**fields):
    return lambda record: json.dumps({**record, **fields})


def architecture(**fields):
    return lambda record: json.dumps(
        {**record, "architecture": {**record["architecture"], **fields}}
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: "hello",
        lambda record: "",
        lambda record: "[" * 100_000,
        lambda record: json.dumps([record]),
        lambda record: json.dumps({"id": 1}),
        lambda record: json.dumps({**record, "more": 1}),
        changed(id=5),
        changed(id="../../etc/passwd"),
        changed(id=True),
        changed(round=-1),
        changed(status="odd"),
        changed(score="high"),
        changed(score=None, status="ok"),
        changed(score=float("nan")),
        changed(curve=[None]),
        changed(curve=3),
        changed(seconds="1"),
        changed(reason=5),
        changed(architecture=None),
        architecture(tokens=[99]),
        architecture(tokens="no"),
        architecture(tokens=[[]]),
        architecture(text="../../evil"),
    ],
)
def test_a_foreign_line_is_refused_with_its_number_and_left_alone(tmp_path, damage):
    path = journal(tmp_path)
    lines = path.read_text().splitlines()
    lines[1] = damage(json.loads(lines[1]))
    path.write_text("\n".join(lines) + "\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"line 2 of .* is not what this run wrote"):
        reopen(path, SMALL_MLP)
    assert path.read_bytes() == before


def test_what_follows_without_an_end_and_is_no_trial_is_refused_too(tmp_path):
    path = journal(tmp_path)
    with path.open("a") as file:
        file.write("my notes")
    with pytest.raises(InputError, match="line 4 of"):
        reopen(path, SMALL_MLP)
    assert path.read_text().endswith("my notes")
