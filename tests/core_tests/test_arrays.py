"""Hostile npz files: each of the packages refuses them in one line, and nothing is run."""

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnnas.data.images import read_images
from mlpnas.core.data.arrays import names_in, read_arrays
from mlpnas.core.errors import InputError
from mlpnas.core.runtime import capacity
from mlpnas.data.arrays import read_new_rows
from mlpnas.data.table import read_table
from rnncell.data.sequences import read_sequences
from rnncell.run.settings import is_text

READERS: dict[str, Callable[[Path], Any]] = {
    "table": read_table,
    "images": lambda path: read_images(str(path)),
    "sequences": read_sequences,
}


def sound(**changes) -> dict[str, np.ndarray]:
    """Arrays from which each of the packages can learn."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.normal(size=(20, 4, 4)),
        "y_train": np.arange(20) % 2,
        "x_test": rng.normal(size=(6, 4, 4)),
        "y_test": np.arange(6) % 2,
    }
    return {name: array for name, array in (arrays | changes).items() if array is not None}


def npy(array: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def header(descr: str, shape: tuple, magic: bytes = b"\x93NUMPY\x01\x00") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return magic + struct.pack("<H", len(text)) + text.encode()


def damaged(name: str) -> dict[str, bytes]:
    """Files, of most of which the array of this name is what cannot be read."""
    good = npy(sound()["x_train"])
    objects = np.empty(20, object)
    objects[:] = [Bomb() for _ in range(20)]

    def member(content: bytes, suffix: str = ".npy", compression: int = 0) -> bytes:
        file = io.BytesIO()
        members = {f"{key}.npy": npy(array) for key, array in sound().items() if key != name}
        with zipfile.ZipFile(file, "w", compression) as archive:
            for key, data in ({f"{name}{suffix}": content} | members).items():
                archive.writestr(key, data)
        return file.getvalue()

    def patched(offset: int, value: bytes) -> bytes:
        """Other bytes in the member's two zip headers, at an offset in the central one."""
        data = bytearray(member(good))
        for start in (data.index(b"PK\x01\x02") + offset, offset - 2):
            data[start : start + len(value)] = value
        return bytes(data)

    def corrupt(compression: int) -> bytes:
        """Other bytes in the middle of the member."""
        data = bytearray(member(good, compression=compression))
        middle = data.index(b"PK\x03\x04", 4) // 2
        data[middle : middle + 8] = bytes(byte ^ 0xFF for byte in data[middle : middle + 8])
        return bytes(data)

    return {
        "empty": b"",
        "text": b"hello",
        "a single array": good,
        "a pickle": pickle.dumps(Bomb()),
        "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(100),
        "gzip": b"\x1f\x8b\x08" + bytes(100),
        "torn": member(good)[:-100],
        "no central directory": member(good)[:2000],
        "an archive of nothing": b"PK\x05\x06" + bytes(18),
        "encrypted": patched(8, b"\x01"),
        "unknown compression": patched(10, struct.pack("<H", 77)),
        "corrupt deflate": corrupt(zipfile.ZIP_DEFLATED),
        "corrupt bzip2": corrupt(zipfile.ZIP_BZIP2),
        "corrupt lzma": corrupt(zipfile.ZIP_LZMA),
        "corrupt stored": corrupt(zipfile.ZIP_STORED),
        "a member of text": member(b"no array"),
        "an empty member": member(b""),
        "a member without .npy": member(b"no array", ""),
        "half of a header": member(good[:40]),
        "half of the data": member(good[:400]),
        "too much data": member(good + bytes(8)),
        "terabytes": member(header("'<f8'", (10**12, 4, 4)) + bytes(80)),
        "overflow": member(header("'<f8'", (2**62, 2**62, 4)) + bytes(80)),
        "negative": member(header("'<f8'", (-20, -4, 4)) + bytes(20 * 16 * 8)),
        "nothing, of no size": member(header("'<U0'", (10**15, 4, 4))),
        "a header that is code": member(header("__import__('os')", (20, 4, 4))),
        "a type nobody knows": member(header("'<q99'", (20, 4, 4)) + bytes(99)),
        "a later version": member(header("'<f8'", (20, 4, 4), b"\x93NUMPY\x02\x00")),
        "a version to come": member(header("'<f8'", (20, 4, 4), b"\x93NUMPY\x09\x00")),
        "objects": member(npy(objects, allow_pickle=True)),
        "records": member(npy(np.zeros(20, [("a", "f8"), ("b", "i4")]))),
        "complex": member(npy(sound()["x_train"].astype(complex))),
        "dates": member(npy(np.zeros((20, 4, 4), "M8[s]"))),
        "a character that is none": member(header("'<U1'", (20,)) + b"\xff" * 80),
    }


class Bomb:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


DAMAGED = damaged("x_train")
WRONG = {
    "no x": sound(x_train=None),
    "no y": sound(y_train=None),
    "half of the test fold": sound(y_test=None),
    "no rows": sound(x_train=np.zeros((0, 4, 4)), y_train=np.zeros(0)),
    "no width": sound(x_train=np.zeros((20, 4, 0))),
    "one number": sound(x_train=np.float64(3)),
    "one dimension": sound(x_train=np.zeros(20)),
    "words": sound(x_train=np.full((20, 4, 4), "a")),
    "NaN": sound(x_train=np.full((20, 4, 4), np.nan)),
    "infinite": sound(x_test=np.full((6, 4, 4), -np.inf)),
    "beyond float32": sound(x_train=np.full((20, 4, 4), 1e39)),
    "too few labels": sound(y_train=np.arange(19) % 2),
    "one-hot labels": sound(y_train=np.eye(2)[np.arange(20) % 2]),
    "a label": sound(y_train=np.int64(1)),
    "one class": sound(y_train=np.zeros(20, int)),
    "numbers and words": sound(y_test=np.array(["0", "1"] * 3)),
    "other shape": sound(x_test=np.zeros((6, 5, 4))),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("damage", [*DAMAGED, *WRONG])
def test_a_hostile_file_is_refused_in_one_line(tmp_path, monkeypatch, reader, damage):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "t.npz"
    if damage in DAMAGED:
        path.write_bytes(DAMAGED[damage])
    else:
        np.savez(path, **WRONG[damage])
    with pytest.raises(InputError) as caught:
        READERS[reader](path)
    message = str(caught.value)
    assert str(path) in message or "y_train" in message  # a target is known by its name
    assert "expected" in message
    assert "\n" not in message
    assert not Path("unpickled").exists()


def test_new_rows_of_a_hostile_file_are_refused_too(tmp_path):
    path = tmp_path / "t.npz"
    for content in damaged("x").values():
        path.write_bytes(content)
        with pytest.raises(InputError, match="expected"):
            read_new_rows(path, features=16)
    for wrong in ("NaN", "words", "one number", "beyond float32"):
        np.savez(path, x=WRONG[wrong]["x_train"])
        with pytest.raises(InputError, match=r"t.npz': x .*expected"):
            read_new_rows(path, features=16)


LABELS = {
    "a column": np.arange(20)[:, None] % 2,
    "words": np.array(["cat", "dög"])[np.arange(20) % 2],
    "bytes": np.array([b"cat", b"dog"])[np.arange(20) % 2],
    "big-endian": (np.arange(20) % 2).astype(">i4"),
    "small": (np.arange(20) % 2).astype(np.uint8),
    "true and false": np.arange(20) % 2 == 1,
    "decimals": np.arange(20) % 2 * 1.0,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("labels", LABELS)
def test_labels_may_be_written_in_many_ways(tmp_path, reader, labels):
    y = LABELS[labels]
    np.savez(tmp_path / "t.npz", **sound(y_train=y, y_test=y[:6]))
    classes = READERS[reader](tmp_path / "t.npz").task.classes
    assert list(classes) == np.unique(y.astype(str) if y.dtype.kind == "S" else y).tolist()


@pytest.mark.parametrize("kind", [">f8", "<f2", ">f4", "<i8", ">u2", "?", np.longdouble])
def test_numbers_may_be_of_any_type(tmp_path, kind):
    arrays = {n: (a > 0).astype(kind) if n[0] == "x" else a for n, a in sound().items()}
    np.savez(tmp_path / "t.npz", **arrays)
    for reader in READERS.values():
        assert np.isfinite(reader(tmp_path / "t.npz").task.train.x).all()


def test_a_single_array_is_told_what_it_lacks_and_endings_may_be_in_capitals(tmp_path):
    np.save(tmp_path / "t.npy", sound()["x_train"])
    np.savez(tmp_path / "t.npz", **sound())
    (tmp_path / "t.npz").rename(tmp_path / "T.NPZ")
    assert len(read_table(tmp_path / "T.NPZ").task.test) == 6
    assert not is_text(str(tmp_path / "T.NPZ"))
    assert not is_text(str(tmp_path / "t.npy"))
    for reader in READERS.values():
        with pytest.raises(
            InputError, match=r"a single array.*save it again with numpy\.savez"
        ):
            reader(tmp_path / "t.npy")


def test_arrays_come_as_they_were_saved(tmp_path):
    given = {
        "a": np.arange(6.0).reshape(2, 3),
        "b": np.asfortranarray(np.eye(3)),
        "c": np.int8(3),
    }
    np.savez_compressed(tmp_path / "t.npz", **given)
    assert names_in(tmp_path / "t.npz") == ["a", "b", "c"]
    read = read_arrays(tmp_path / "t.npz")
    for name, array in given.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype
    assert list(read_arrays(tmp_path / "t.npz", ["b"], ["z", "c"])) == ["b", "c"]


@pytest.mark.parametrize("reader", READERS)
def test_arrays_that_are_not_read_are_named(tmp_path, reader):
    np.savez(tmp_path / "t.npz", **sound(x_val=np.zeros(3), ids=np.arange(20)))
    notes = READERS[reader](tmp_path / "t.npz").notes
    assert any(note.endswith("t.npz': 'x_val', 'ids'.") for note in notes)


def test_a_small_file_of_large_arrays_is_refused_before_they_are_made(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "t.npz", x=np.zeros(10**6), y=np.zeros(10**6))
    assert (tmp_path / "t.npz").stat().st_size < 20_000
    monkeypatch.setattr(capacity, "free_memory", lambda: 10**7)
    assert len(read_arrays(tmp_path / "t.npz", ["x"])["x"]) == 10**6
    monkeypatch.setattr(np.lib.format, "read_array", None)  # nothing may be read
    with pytest.raises(
        InputError, match=r"would take 0.0 GB of memory; expected at most 0.0 GB"
    ):
        read_arrays(tmp_path / "t.npz")


@pytest.mark.parametrize("reader", READERS)
def test_what_grows_beyond_memory_as_float32_is_refused(tmp_path, monkeypatch, reader):
    pixels = np.zeros((20, 100, 100), np.uint8)
    pixels[::2] = 1
    np.savez_compressed(tmp_path / "t.npz", **sound(x_train=pixels, x_test=pixels[:6]))
    monkeypatch.setattr(capacity, "free_memory", lambda: 500_000)
    with pytest.raises(InputError, match=r"float32, would take .* GB of memory; expected"):
        READERS[reader](tmp_path / "t.npz")


def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.npz"):
        with pytest.raises(InputError, match=r"there is no file .*expected an npz file"):
            read_arrays(path)
