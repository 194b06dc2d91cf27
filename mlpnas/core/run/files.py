"""How files are written so that a kill or a full disk never leaves half of one.

A folder may come from anybody, with links in it: a link in the place of a file is replaced,
and what it points to is left as it is.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

_PART = ".part"  # ends the names of folders in which something is being written


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    Raises:
        OSError: if the disk is full or the folder read-only; the old file is as it was.
    """
    with replacing_path(path) as part, part.open("xb") as file:
        yield file


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """The same for who wants a path to write to; it has the name of the file's.

    It lies in a new folder beside the file, whose name nobody can foresee, so that nobody can
    have put a link there.
    """
    name = f".{path.name[:32]}-"
    try:
        with TemporaryDirectory(_PART, name, path.parent, ignore_cleanup_errors=True) as folder:
            part = Path(folder) / path.name
            yield part
            with part.open("r+b") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        error.filename = str(path)  # not the part, of which the user knows nothing
        raise


def remove_parts(folder: Path) -> None:
    """Remove what a kill has left of files that were being written; nobody may write there.

    Reports are left: `report` takes no lock and may be writing one.
    """
    for part in folder.glob(f".*{_PART}"):
        if not part.name.startswith(".report.html"):
            shutil.rmtree(part, ignore_errors=True)  # which follows no links


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
