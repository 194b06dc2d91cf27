"""Capacity: what this machine has room for, arrays and processes that train."""

from contextlib import suppress
from pathlib import Path

from mlpnas.core.errors import InputError

# Bytes of its own that a process holds once it has TensorFlow and a network: 335 MiB measured.
# Data and large networks come on top.
WORKER = 335 << 20
_GROUP = Path("/sys/fs/cgroup")
_UNKNOWN = 1 << 62


def check_jobs(jobs: int) -> list[str]:
    """Return warnings about a number of worker processes.

    Raises:
        InputError: if the free memory is too small for them, even without data.
    """
    from joblib import cpu_count  # knows of containers and of cores that are denied to us

    free = free_memory()
    room = max(1, free // WORKER)
    if jobs > room:
        raise InputError(
            f"--jobs is {jobs}, and the free memory ({free / 1e9:.1f} GB) has room for {room} "
            f"processes with TensorFlow; expected at most {room}: give fewer, or "
            "free some memory"
        )
    cores = cpu_count()
    if jobs <= cores:
        return []
    return [
        f"Warning: --jobs is {jobs}, and {cores} cores are at hand; each process takes a core, "
        "so more than that wait for one another."
    ]


def check_memory(size: int, what: str) -> None:
    """Raise InputError if an array of `size` bytes exceeds the free memory."""
    free = free_memory()
    if size > free:
        raise InputError(
            f"{what} would take {size / 1e9:,.1f} GB of memory; expected at most "
            f"{free / 1e9:,.1f} GB, which are free: give fewer or smaller rows"
        )


def free_memory() -> int:
    """Return the bytes that new processes can have; a huge number if that is unknown."""
    return min(_of_the_machine(), _of_the_container())


def _of_the_machine() -> int:
    with suppress(OSError, KeyError, ValueError):
        return int(_table(Path("/proc/meminfo"))["MemAvailable:"]) << 10
    return _UNKNOWN


def _of_the_container() -> int:
    with suppress(OSError, KeyError, ValueError):  # there is none, or it has no limit
        limit, used = (
            int((_GROUP / f"memory.{name}").read_text()) for name in ("max", "current")
        )
        cached = int(_table(_GROUP / "memory.stat")["file"])  # which gives way
        return max(0, limit - used + cached)
    return _UNKNOWN


def _table(path: Path) -> dict[str, str]:
    """First word of each line -> second."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0]: words[1] for words in lines if len(words) > 1}
