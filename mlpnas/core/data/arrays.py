"""Arrays of an npz file, read without trust.

`numpy.load` allocates what a header asks for, and of a damaged file it raises whatever
zipfile, zlib, lzma or the header's parser raise. Here headers are read first: an array that
does not fit its member, or the memory, is refused before anything is allocated. Nothing is
unpickled.
"""

import math
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from mlpnas.core.errors import InputError, listing
from mlpnas.core.runtime.capacity import check_memory

KINDS = "biufUS"  # bool, whole numbers, floating-point numbers, text, bytes
# How files begin that people take for an npz.
OTHERS = {
    b"\x93NUMPY": "it is a single array, as numpy.save writes it",
    b"\x89HDF": "it is an HDF5 file",
    b"\x1f\x8b": "it is compressed with gzip",
    b"\x80": "it is a pickle, which could run any program",
}
SAVE_AGAIN = "save it again with numpy.savez"


def read_arrays(
    path: Path,
    required: Collection[str] | None = None,
    optional: Collection[str] = (),
    remedy: str = SAVE_AGAIN,
) -> dict[str, np.ndarray]:
    """Arrays of a file by name, in the machine's byte order, bytes decoded to text.

    Args:
        path: the npz file.
        required: names of arrays; None for all that the file holds.
        optional: names of those that may be missing.
        remedy: what to do about a file that is damaged or another.

    Raises:
        InputError: in one line, with file and member, for what is missing, damaged, too large,
            or neither numbers nor text.
    """
    with _opened(path, remedy) as members:
        wanted = list(members) if required is None else [*required, *optional]
        if missing := [name for name in required or () if name not in members]:
            also = f" and, if you like, {', '.join(optional)}" if optional else ""
            raise InputError(
                f"'{path}' has no {', '.join(missing)}, but {listing(members) or 'nothing'}; "
                f"expected {', '.join(required or ())}{also}: {remedy}"
            )
        chosen = {name: members[name] for name in wanted if name in members}
        check_memory(sum(member.size() for member in chosen.values()), f"'{path}'")
        return {name: member.read() for name, member in chosen.items()}


def names_in(path: Path) -> list[str]:
    """The names of a file's arrays; raises InputError if it is no npz."""
    with _opened(path, SAVE_AGAIN) as members:
        return list(members)


def unread(path: Path, read: Collection[str]) -> list[str]:
    """A note on arrays of a file that are none of those that are read, if there are any."""
    others = [name for name in names_in(path) if name not in read]
    return [f"Not read of '{path}': {listing(others)}."] if others else []


@dataclass(frozen=True)
class _Member:
    """One array of an open file."""

    path: Path
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    remedy: str

    @property
    def name(self) -> str:
        return self.info.filename.removesuffix(".npy")

    def size(self) -> int:
        """Bytes of the array by its header, if as many follow and its type is usable."""
        with _damage(f"'{self.path}': {self.name} is no readable array", self.remedy):
            with self.archive.open(self.info) as file:
                if npy.read_magic(file) != (1, 0):
                    raise ValueError("only arrays of records have a header of this version")
                shape, _, dtype = npy.read_array_header_1_0(file)
                held = self.info.file_size - file.tell()
            size = math.prod(shape) * dtype.itemsize
            if dtype.hasobject:
                raise ValueError("it holds Python objects, which are never unpickled")
            if dtype.kind not in KINDS or not dtype.itemsize:
                raise ValueError(f"it holds {dtype}, neither numbers nor text")
            if size != held:
                raise ValueError(
                    f"its header promises {dtype} of shape {shape}, {size:,} bytes, and "
                    f"{held:,} follow"
                )
        return size

    def read(self) -> np.ndarray:
        """The array; its size has been looked at."""
        with _damage(f"'{self.path}': {self.name} is damaged", self.remedy):
            with self.archive.open(self.info) as file:
                array = npy.read_array(file, allow_pickle=False)
                file.read(1)  # at the end the checksum is compared
            if array.dtype.kind == "S":
                array = np.char.decode(array, "utf-8")
            if array.dtype.kind == "U":
                np.char.encode(array, "utf-8")  # fails for numbers that are no character
            return array.astype(array.dtype.newbyteorder("="), copy=False)


@contextmanager
def _opened(path: Path, remedy: str) -> Iterator[dict[str, _Member]]:
    if not path.is_file():
        raise InputError(f"there is no file '{path}'; expected an npz file: check the path")
    with _damage(f"'{path}' is no npz file", remedy):
        with path.open("rb") as file:
            start = file.read(6)
        for magic, what in OTHERS.items():
            if start.startswith(magic):
                raise ValueError(what)
        archive = zipfile.ZipFile(path)
    with archive:
        members = [_Member(path, archive, info, remedy) for info in archive.infolist()]
        yield {member.name: member for member in members}


@contextmanager
def _damage(what: str, remedy: str) -> Iterator[None]:
    """Say in one InputError what zipfile, zlib, lzma and NumPy say in a dozen kinds."""
    try:
        yield
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{what} ({reason}); expected what numpy.savez writes of numbers or text: {remedy}"
        ) from None
