"""Picture files become one array: equal sizes, equal channels, one unit of brightness.

Headers are read first. They decide on size and type of the array; then one picture at a time
is decoded into its place, so that no more than one is held beside the array.

Pixels are what the file holds. Among pictures of 16 bits per pixel those of 8 are stretched
to the same range (times 257); 32-bit and floating-point ones have no range, and keep apart.
Transparent parts are shown on white, as on a page.
"""

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mlpnas.core.errors import InputError
from mlpnas.core.runtime.capacity import check_memory

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # none runs a program
GREY = ("1", "L", "LA", "I", "F")  # and I;16 in its byte orders
LARGEST_SIDE = 256  # pixels, unless another size is asked for
MOST_UNREADABLE = 0.1  # of the pictures; more of them stop the reading
ORIENTATION = 0x0112  # EXIF: 5 to 8 lie on their side


@dataclass(frozen=True)
class Form:
    """How a picture is, by its header, or shall be.

    Attributes:
        size: width and height in pixels, as it is to be seen.
        grey: one channel, which needs no axis; else three.
        depth: bits per pixel and channel: 8, 16, or 32 for large whole and floating-point
            numbers.
        moves: whether it has more than one frame.
    """

    size: tuple[int, int]
    grey: bool
    depth: int
    moves: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an array of one picture."""
        width, height = self.size
        return (height, width) if self.grey else (height, width, 3)

    @property
    def dtype(self) -> np.dtype:
        """Of an array of pictures."""
        return np.dtype({8: np.uint8, 16: np.uint16, 32: np.float32}[self.depth])


def read_pictures(
    files: Sequence[Path], longest: int | None, notes: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """All pictures in one form, decided by most of them.

    Args:
        files: their paths.
        longest: pixels of the longer side; None for the commonest, up to `LARGEST_SIDE`.
        notes: sentences on what was changed or left out are added here.

    Returns:
        Pictures `(readable, height, width)` if all are grey, else with 3 channels; and bool
        `(files,)`: which of them these are.

    Raises:
        InputError: if many cannot be read, or they do not fit into memory or to each other.
    """
    broken: dict[Path, str] = {}
    headers: dict[Path, Form] = {}
    for file in files:
        with _noted(file, broken), _opened(file) as picture:
            headers[file] = _header(picture)
    _check_broken(broken, files)
    form = _form(headers, longest, notes)
    what = f"{len(headers)} pictures of {form.size[0]}x{form.size[1]}"
    check_memory(len(headers) * math.prod(form.shape) * form.dtype.itemsize, what)
    array = np.empty((len(headers), *form.shape), form.dtype)
    read = 0
    for file in headers:
        with _noted(file, broken), _opened(file) as picture:
            array[read] = _decoded(picture, form)
            read += 1
    _check_broken(broken, files)
    if broken:
        notes.append(f"Warning: left out {_summary(broken, files)}.")
    return array[:read], np.array([file not in broken for file in files])


def read_as(files: Sequence[Path], form: Form) -> np.ndarray:
    """Pictures in a form that is known, `(files, height, width)` or with 3 channels.

    Raises:
        InputError: if one cannot be read, or has more bits per pixel than the form.
    """
    array = np.empty((len(files), *form.shape), form.dtype)
    broken: dict[Path, str] = {}
    for place, file in enumerate(files):
        with _noted(file, broken), _opened(file) as picture:
            depth = _header(picture).depth
            if depth > form.depth or (depth != form.depth and form.depth == 32):
                raise ValueError(
                    f"it has {depth} bits per pixel, those learned from {form.depth}"
                )
            array[place] = _decoded(picture, form)
    if broken:
        raise InputError(
            f"cannot read {_summary(broken, files)}; expected whole {', '.join(FORMATS)} files "
            "as the run learned from: convert or remove them"
        )
    return array


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of harmless oddities
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=FORMATS) as picture:
            yield picture


@contextmanager
def _noted(path: Path, broken: dict[Path, str]) -> Iterator[None]:
    """Note why a picture cannot be read; damaged ones raise whatever their decoder meets."""
    try:
        yield
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        broken[path] = reason.replace(f" {str(path)!r}", "")


def _check_broken(broken: dict[Path, str], files: Sequence[Path]) -> None:
    if len(broken) > MOST_UNREADABLE * len(files):
        raise InputError(
            f"cannot read {_summary(broken, files)}; expected whole {', '.join(FORMATS)} "
            "files, all but a tenth: convert, shrink or remove the others"
        )


def _summary(broken: dict[Path, str], files: Sequence[Path]) -> str:
    first = min(broken)
    return f"{len(broken)} of {len(files)} pictures, the first is '{first}' ({broken[first]})"


def _header(picture: Image.Image) -> Form:
    mode, kind, size = picture.mode, picture.format, picture.size
    deep = mode.startswith("I;16") or (mode == "I" and kind in ("PNG", "PPM"))
    # Pillow has turned a TIFF, and would decode a PNG to look for what stands behind pixels.
    if kind != "TIFF" and (kind != "PNG" or "exif" in picture.info):
        size = size[::-1] if picture.getexif().get(ORIENTATION, 1) >= 5 else size
    moves = kind != "MPO" and getattr(picture, "is_animated", False)
    return Form(
        size, mode in GREY or deep, 16 if deep else 32 if mode in ("I", "F") else 8, moves
    )


def _form(headers: dict[Path, Form], longest: int | None, notes: list[str]) -> Form:
    """What most pictures are, or can be without loss."""
    found = headers.values()
    depths = {header.depth: file for file, header in headers.items()}
    if 32 in depths and len(depths) > 1:
        raise InputError(
            f"'{depths.pop(32)}' has 32 bits per pixel, '{depths.popitem()[1]}' fewer, and so "
            "they have no unit in common; expected pictures of one kind: convert one of them"
        )
    size = _size(Counter(header.size for header in found).most_common(1)[0][0], longest)
    form = Form(size, all(header.grey for header in found), max(depths))
    if resized := sum(header.size != size for header in found):
        notes.append(
            f"Resized {resized} of {len(found)} pictures to {size[0]}x{size[1]}; --image-size "
            "takes another size."
        )
    if stretched := sum(header.depth < form.depth for header in found):
        notes.append(
            f"Stretched {stretched} pictures of 8 bits per pixel to 16, as others have."
        )
    if moving := sum(header.moves for header in found):
        notes.append(f"Took the first frame of {moving} pictures that have several.")
    return form


def _size(commonest: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """The size with its longer side as asked for, or small enough to be trained on."""
    side = longest or min(max(commonest), LARGEST_SIDE)
    width, height = (max(1, round(n * side / max(commonest))) for n in commonest)
    return width, height


def _decoded(picture: Image.Image, form: Form) -> np.ndarray:
    """An array of `form.shape`."""
    side = max(form.size)
    picture.draft(None, (side, side))  # a JPEG comes out smaller, at no cost
    ImageOps.exif_transpose(picture, in_place=True)
    if form.depth == 8:
        return np.asarray(_coloured(picture, form))
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        planes = [np.asarray(picture)] * (1 if form.grey else 3)
    else:
        plain = _coloured(picture, form)
        planes = [257 * np.asarray(band, np.float32) for band in plain.split()]
    resized = np.stack([_resized(plane, form.size) for plane in planes], axis=-1)
    if not np.isfinite(resized).all():
        raise ValueError("it holds NaN or infinite pixels")
    if form.depth == 16:
        resized = np.clip(np.rint(resized), 0, 65535)
    return resized.reshape(form.shape)


def _coloured(picture: Image.Image, form: Form) -> Image.Image:
    """Eight bits per channel: L or RGB, of the form's size."""
    clear = picture.has_transparency_data
    if picture.mode in ("1", "P", "PA") or clear:  # those are not resized smoothly
        picture = picture.convert("RGBA" if clear else "L" if form.grey else "RGB")
    if picture.size != form.size:
        picture = picture.resize(form.size)
    if clear:
        page = Image.new("RGBA", form.size, "white")
        picture = Image.alpha_composite(page, picture)
    return picture.convert("L" if form.grey else "RGB")


def _resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Float32 `(height, width)`."""
    if plane.shape == size[::-1]:
        return plane.astype(np.float32)
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize(size))
