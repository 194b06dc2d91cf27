"""Text files as people have them: plain or compressed, in UTF-8 or not.

How a file is compressed shows in its first bytes, so a wrong suffix does no harm.
"""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

from mlpnas.core.errors import InputError, extra_missing

BLOCK = 1 << 20
SHOWN = 40  # letters of a line, in a message
# How files in these encodings begin; UTF-32 is looked for first, as UTF-16 begins alike.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file; of a compressed one, those that were compressed.

    Raises:
        InputError: the file cannot be read, is cut off, or an archive of several files.
    """
    try:
        with path.open("rb") as plain:
            first = plain.read(4)
        unpack = next((how for magic, how in UNPACK.items() if first.startswith(magic)), None)
        with unpack(path) if unpack else path.open("rb") as file:
            yield file
    except DAMAGE as error:
        raise InputError(
            f"'{path}' cannot be read to its end ({str(error) or type(error).__name__}); "
            "expected a whole file: fetch or pack it again"
        ) from None


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """The text of a file, its line ends as they are.

    Raises:
        InputError: as `open_bytes`; while reading, where the bytes are not in this encoding.
    """
    try:
        with open_bytes(path) as file:
            yield io.TextIOWrapper(file, encoding, newline="")
    except UnicodeError as error:
        raise InputError(
            f"'{path}' is not {encoding} text ({error}); expected that: name another --encoding"
        ) from None


def encoding_of(path: Path, notes: list[str]) -> str:
    """What the file's first bytes tell, else UTF-8, else Windows' cp1252, which is noted.

    Raises:
        InputError: it is no text in any of these.
    """
    with open_bytes(path) as file:
        first = file.read(BLOCK)
    marked = next((name for mark, name in MARKS if first.startswith(mark)), None)
    if marked:
        return marked
    if b"\0" in first:
        raise InputError(
            f"'{path}' holds zero bytes; expected text: if it is UTF-16, use --encoding "
            "utf-16-le or utf-16-be, else save it as a CSV"
        )
    bad = _not_utf8(path)
    if bad is None:
        return "utf-8"
    number, line = bad
    try:
        shown = line.decode("cp1252").strip()[:SHOWN]
    except UnicodeError:
        raise InputError(
            f"'{path}', line {number} is neither UTF-8 nor cp1252: {line[:SHOWN]!r}; expected "
            "one of these: name another --encoding, or save it as UTF-8"
        ) from None
    notes.append(
        f"Warning: '{path}' is not UTF-8 (line {number}: '{shown}'): it is read as cp1252, the "
        "encoding of Windows. Where letters look wrong, name another --encoding."
    )
    return "cp1252"


def _not_utf8(path: Path) -> tuple[int, bytes] | None:
    """Number and bytes of the first line that is not UTF-8, if there is one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path) as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeError:
            pass
        else:
            return None
    with open_bytes(path) as file:
        return next((i, line) for i, line in enumerate(file, 1) if not _is_utf8(line))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeError:
        return False
    return True


@contextmanager
def _unzipped(path: Path) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
        if "[Content_Types].xml" in names:
            raise InputError(
                f"'{path}' is a spreadsheet; expected a CSV: save it as 'CSV UTF-8'"
            )
        if len(names) != 1:
            raise InputError(
                f"'{path}' is an archive of {len(names)} files ({', '.join(names[:3])}); "
                "expected one: unpack it and name the table"
            )
        with archive.open(names[0]) as file:
            yield file


def _unzstd(path: Path) -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        what = f"Reading '{path}', which zstd packed,"
        raise extra_missing(what, "pyarrow", "parquet") from None
    return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))


UNPACK: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zX": lzma.open,
    b"PK\x03\x04": _unzipped,
    b"\x28\xb5\x2f\xfd": _unzstd,
}
