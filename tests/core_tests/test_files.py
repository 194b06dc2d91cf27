"""How files are written: in one step, and through no link that somebody put in a run."""

import shutil
from unittest import mock

import numpy as np
import pytest
from rich.console import Console

from mlpnas.core.errors import InputError
from mlpnas.core.report.terminal import write_page
from mlpnas.core.run.checkpoint import Checkpoint, Saved
from mlpnas.core.run.delivery import Probe, deliver
from mlpnas.core.run.files import replacing, replacing_path
from mlpnas.core.run.folder import Folder
from mlpnas.run.settings import Settings


class Model:
    """Stands in for a Keras model."""

    def save(self, path):
        path.write_bytes(b"model")

    def predict(self, rows, verbose):
        return rows


def write_record(run):
    with Folder(run) as folder:
        folder.write(Settings("samples"), {})


def save_model(run):
    model, probe = Model(), Probe(np.zeros(2), np.zeros(2))
    with Folder(run) as folder, mock.patch("keras.saving.load_model", return_value=model):
        deliver(model, folder.model, probe)


def save_checkpoint(run):
    Checkpoint(run / "state").save(Saved(1, {}, {}, {}))


def keep_weights(run):
    Checkpoint(run / "state").keep(7, {"a": (np.zeros(2),)})


def finished(run):
    run.mkdir()
    write_record(run)
    return run


def write_report(run):
    write_page(run, "<html>", Console(quiet=True))


WRITERS = {
    "run.json": write_record,
    "best.keras": save_model,
    "report.html": write_report,
    "state/round.npz": save_checkpoint,
    "state/pending/7.npz": keep_weights,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(name, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("of the user")
    target = tmp_path / "run" / name
    target.parent.mkdir(parents=True)
    for foreseen in (target.name, f"{target.stem}.part{target.suffix}", f"{target.name}.part"):
        (target.parent / foreseen).symlink_to(precious)
    WRITERS[name](tmp_path / "run")
    assert precious.read_text() == "of the user"
    assert target.is_file()
    assert not target.is_symlink()


IN_PLACE = ["lock", "trials.jsonl", "rivals.jsonl", "policy.jsonl"]


@pytest.mark.parametrize("name", [*IN_PLACE, "state", "state/pending", "tensorboard"])
@pytest.mark.parametrize("there", [True, False])
def test_a_run_that_leads_out_of_its_folder_is_refused(name, there, tmp_path):
    outside = tmp_path / "outside"
    if there:
        outside.touch() if name in IN_PLACE else outside.mkdir()
    finished(tmp_path / "run")
    link = tmp_path / "run" / name
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(InputError, match=f"{name} is a link; expected"):
        Folder.open(tmp_path / "run")
    assert outside.exists() == there


def test_a_run_folder_may_itself_be_reached_by_a_link(tmp_path):
    finished(tmp_path / "run")
    (tmp_path / "latest").symlink_to(tmp_path / "run")
    with Folder.open(tmp_path / "latest") as folder:
        folder.write(Settings("samples", trials=7), {})
    assert '"trials": 7' in (tmp_path / "run" / "run.json").read_text()


def test_files_get_the_permissions_of_ordinary_ones(tmp_path):
    (tmp_path / "ordinary").touch()
    with replacing(tmp_path / "ours") as file:
        file.write(b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_an_error_names_the_file_that_was_wanted(tmp_path):
    with (
        pytest.raises(OSError, match="No such file") as caught,
        replacing(tmp_path / "no" / "a"),
    ):
        pass
    assert caught.value.filename == str(tmp_path / "no" / "a")


def test_what_a_kill_left_half_written_is_removed_by_the_next_at_work(tmp_path):
    run = finished(tmp_path / "run")
    (run / "state" / "pending").mkdir(parents=True)
    for name in ("best.keras", "state/round.npz", "state/pending/7.npz"):
        with replacing_path(run / name) as part:
            part.write_bytes(b"half")
            left = part.parent.with_name(f".killed{part.parent.name}")
            shutil.copytree(part.parent, left)
        assert (left / part.name).exists()
    Folder.open(run).close()
    assert not [*run.rglob(".*")]
    assert (run / "state" / "pending" / "7.npz").exists()
