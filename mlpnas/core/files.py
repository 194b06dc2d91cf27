"""How files are written so that a kill or a full disk never leaves half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    Raises:
        OSError: if the disk is full or the folder read-only; the old file is as it was.
    """
    with replacing_path(path) as part, part.open("wb") as file:
        yield file


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """The same for who wants a path to write to; it has the suffix of the file's."""
    part = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renamed and new files of a folder outlive a power failure, where possible."""
    if os.name == "posix":  # elsewhere folders cannot be opened
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def explain(error: OSError) -> str:
    """`No space left on device: runs/x/trials.jsonl`, as far as the system says."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"
