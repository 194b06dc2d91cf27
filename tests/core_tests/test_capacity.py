"""How many processes are asked for is held against cores and free memory."""

import joblib
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.runtime import capacity
from mlpnas.core.runtime.capacity import WORKER, check_jobs, free_memory


@pytest.fixture
def machine(monkeypatch):
    """Two cores, and room for three processes."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    monkeypatch.setattr(capacity, "free_memory", lambda: 3 * WORKER + 1)


@pytest.mark.usefixtures("machine")
def test_what_fits_is_fine_and_more_than_the_cores_is_said():
    assert check_jobs(2) == []
    (note,) = check_jobs(3)
    assert "--jobs is 3, and 2 cores are at hand" in note


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("jobs", [4, 10_000])
def test_what_memory_does_not_hold_is_refused(jobs):
    with pytest.raises(InputError, match=rf"--jobs is {jobs}, .* \(1.1 GB\) .* at most 3"):
        check_jobs(jobs)


def test_one_process_is_never_refused(monkeypatch):
    monkeypatch.setattr(capacity, "free_memory", lambda: 0)
    assert check_jobs(1) == []


def container(folder, **files):
    for name, content in files.items():
        (folder / f"memory.{name}").write_text(content)
    return folder


def test_a_container_may_allow_less_than_the_machine_has(tmp_path, monkeypatch):
    monkeypatch.setattr(capacity, "_GROUP", tmp_path / "none")
    assert free_memory() > 600
    stat = "anon 400\nfile 200\nkernel 7\n"
    monkeypatch.setattr(
        capacity, "_GROUP", container(tmp_path, max="1000\n", current="600\n", stat=stat)
    )
    assert free_memory() == 600  # files that are cached give way
    container(tmp_path, max="max\n")
    assert free_memory() > 600
