"""Folders of pictures as people have them: classes, folds, sizes, pixel modes, damage."""

import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnnas.data.image_files import Arrays, read_arrays
from cnnnas.data.images import read_images
from cnnnas.data.pictures import LARGEST_SIDE, read_pictures
from mlpnas.core.errors import InputError
from mlpnas.core.runtime import capacity


@pytest.fixture
def folder(tmp_path):
    """`folder("cat/1.png", "dog/2.png")` writes pictures, each of another brightness."""

    def write(*names, size=(6, 5), mode="L", step=1):
        for i, name in enumerate(names):
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, size, 10 + step * i).save(path)
        return tmp_path / "data"

    return write


def some(classes="cat dog", n=5, under="") -> list[str]:
    return [f"{under}{name}/{i}.png" for name in classes.split() for i in range(n)]


def read(path, **options) -> Arrays:
    return read_arrays(str(path), **options)


def labels(arrays: Arrays) -> set[str]:
    return {*arrays.y_train, *arrays.y_test}


def notes(arrays: Arrays) -> str:
    return " ".join(arrays.notes)


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        read_images(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- which folders are classes ----------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        ".ipynb_checkpoints",
        "__MACOSX",
        "__pycache__",
        ".git",
        "@eaDir",
        "$RECYCLE.BIN",
        ".cache",
    ],
)
def test_folders_that_tools_leave_behind_are_no_classes(folder, name):
    path = folder(*some(), *some(name), *some(f"cat/{name}"))
    arrays = read(path)
    assert labels(arrays) == {"cat", "dog"}
    assert len(arrays.y_train) + len(arrays.y_test) == 10


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"])
def test_files_that_tools_leave_behind_are_passed_in_silence(folder, name):
    path = folder(*some())
    for where in (path, path / "cat"):
        (where / name).write_bytes(b"\0\1")
    assert read(path).notes == ()


def test_files_that_are_no_pictures_and_pictures_of_no_class_are_counted(folder):
    path = folder(*some(), "stray.png")
    (path / "cat" / "notes.txt").write_text("soft")
    (path / "dog" / "labels.csv").write_text("0.png,dog")
    assert "Left out 3 files" in notes(read(path))
    assert "stray.png" in notes(read(path))


def test_empty_folders_are_no_classes(folder):
    path = folder(*some())
    (path / "bird").mkdir()
    (path / "fish" / "deep").mkdir(parents=True)
    arrays = read(path)
    assert labels(arrays) == {"cat", "dog"}
    assert "Left out folders without pictures" in notes(arrays)
    assert "'bird', 'fish'" in notes(arrays)


def test_endings_are_read_in_upper_and_lower_case(folder):
    endings = ("PNG", "Jpg", "JPEG", "bmp", "TIF", "gif")
    names = [f"{name}/{i}.{end}" for name in "ab" for i, end in enumerate(endings)]
    arrays = read(folder(*names, mode="RGB"))
    assert len(arrays.y_train) + len(arrays.y_test) == 12


@pytest.mark.parametrize("under", ["", "archive/", "archive/flowers/", "train/"])
def test_a_folder_that_holds_nothing_but_another_is_looked_through(folder, under):
    arrays = read(folder(*some(under=under)))
    assert labels(arrays) == {"cat", "dog"}
    assert ("Looked for classes in" in notes(arrays)) == bool(under)


def test_links_are_followed_and_never_in_a_circle(folder, tmp_path):
    path = folder(*some("cat dog"))
    (path / "dog").rename(tmp_path / "elsewhere")
    (path / "dog").symlink_to(tmp_path / "elsewhere")
    (path / "cat" / "up").symlink_to(path)
    (path / "cat" / "round").symlink_to(path / "cat")
    (path / "cat" / "5.png").symlink_to(path / "cat" / "0.png")
    arrays = read(path)
    found = np.unique(np.concatenate([arrays.y_train, arrays.y_test]), return_counts=True)
    assert [part.tolist() for part in found] == [["cat", "dog"], [6, 5]]


def test_a_picture_belongs_to_the_uppermost_folder_it_is_in(folder):
    arrays = read(folder(*some("cat dog/young dog/old", 3)))
    assert labels(arrays) == {"cat", "dog"}


@pytest.mark.parametrize("n", [1, 2])
def test_a_class_of_too_few_pictures_is_named(folder, n):
    message = refusal(folder(*some(), *some("rare", n)))
    assert f"too few pictures in 'rare ({n})'; expected 3 or more" in message


def test_a_folder_without_class_folders_is_refused(folder, tmp_path):
    assert "holds no pictures in class folders" in refusal(tmp_path)
    path = folder("1.png", "2.png")
    assert "expected such as data/cat/1.png" in refusal(path)
    (path / "cat").mkdir()
    (path / "cat" / "note.txt").touch()
    assert "make one folder per class" in refusal(path)


@pytest.mark.parametrize("name", ["caf\udce9", "bell\x07"])
def test_a_name_that_cannot_be_printed_is_refused(folder, name):
    assert f"has a folder {name!a}, which no class can be called" in refusal(
        folder(*some(name))
    )


def test_one_class_is_refused(folder):
    assert "all training rows are of the class 'cat'" in refusal(folder(*some("cat")))


# --- which folders are folds ------------------------------------------------------------


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing"),
        ("training_set", "test_set"), ("seg_train", "seg_test"), ("TrainImages", "TestImages"),
        ("train2017", "test2017"), ("train", "eval"), ("Training Set", "Testing Set"),
    ],
)  # fmt: skip
def test_folds_have_many_names(folder, train, test):
    arrays = read(folder(*some(under=f"{train}/"), *some(n=2, under=f"{test}/")))
    assert (len(arrays.y_train), len(arrays.y_test)) == (10, 4)
    assert labels(arrays) == {"cat", "dog"}


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Validation", "dev", "VAL"])
def test_a_folder_to_validate_with_is_the_validation_fold(folder, name):
    path = folder(
        *some(under="train/"), *some(n=3, under=f"{name}/"), *some(n=2, under="test/")
    )
    task = read_images(str(path)).task
    assert [len(fold) for fold in (task.train, task.valid, task.test)] == [10, 6, 4]


def test_without_test_pictures_those_to_validate_with_are_the_test_fold(folder):
    arrays = read(folder(*some(under="train/"), *some(n=3, under="val/")))
    assert (len(arrays.y_train), arrays.x_valid, len(arrays.y_test)) == (10, None, 6)
    assert "those to validate with are the test fold" in notes(arrays)


def test_test_pictures_without_classes_are_left_out_and_others_drawn(folder):
    arrays = read(folder(*some(under="train/"), "test/1.png", "test/2.png"))
    assert (len(arrays.y_train), len(arrays.y_test)) == (8, 2)
    assert "Warning: left out the test pictures: they are in no class folders." in arrays.notes


def test_each_fold_is_looked_through_and_folders_beside_them_are_told(folder):
    path = folder(*some(under="seg_train/seg_train/"), *some(under="seg_test/seg_test/"))
    folder("seg_pred/1.png")
    arrays = read(path)
    assert labels(arrays) == {"cat", "dog"}
    assert "Left out folders beside 'seg_test', 'seg_train': 'seg_pred'." in notes(arrays)


def test_a_class_may_be_called_as_a_fold_among_others(folder):
    assert labels(read(folder(*some("train bus car")))) == {"train", "bus", "car"}


@pytest.mark.parametrize(
    "names", ["test val", "train_a test_b", "fold1 fold2 fold3", "split_1 split_2", "dev eval"]
)
def test_where_all_classes_would_be_folds_nothing_is_guessed(folder, names):
    message = refusal(folder(*some(names)))
    assert "sound like folds, not classes; expected data/train and data/test" in message


def test_a_fold_beside_something_else_is_no_class(folder):
    message = refusal(folder(*some(under="train/"), *some("unlabeled")))
    assert "of which 'train' sound like folds" in message


@pytest.mark.parametrize("names", ["train val valid", "train test a_train a_test"])
def test_two_folders_for_one_fold_are_refused(folder, names):
    path = folder(*(file for name in names.split() for file in some(under=f"{name}/")))
    assert "expected one each for train, valid and test" in refusal(path)


def test_classes_of_test_pictures_must_be_known(folder):
    path = folder(*some(under="train/"), *some("cat bird", under="test/"))
    assert "label 'bird' occurs in no training row" in refusal(path)


def test_a_training_fold_without_class_folders_is_refused(folder):
    path = folder("train/1.png", "train/2.png", *some(under="test/"))
    assert "holds no pictures in class folders" in refusal(path)


# --- sizes ------------------------------------------------------------------------------


def test_pictures_are_resized_to_the_commonest_size(folder):
    path = folder(*some())
    folder("cat/large.png", size=(12, 10))
    arrays = read(path)
    assert arrays.x_train.shape[1:] == (5, 6)
    assert "Resized 1 of 11 pictures to 6x5" in notes(arrays)


def test_large_pictures_are_made_smaller_and_the_size_can_be_chosen(folder):
    path = folder(*some(n=3), size=(600, 300))
    assert read(path).x_train.shape[1:] == (LARGEST_SIDE // 2, LARGEST_SIDE)
    assert "--image-size takes another" in notes(read(path))
    assert read(path, image_size=20).x_train.shape[1:] == (10, 20)
    assert read(path, image_size=400).x_train.shape[1:] == (200, 400)
    assert read_images(str(path), image_size=8).task.input_shape == (4, 8, 1)


def test_the_size_of_arrays_cannot_be_chosen(tmp_path):
    (tmp_path / "a.npz").touch()
    with pytest.raises(InputError, match=r"--image-size is 8, but '.*a.npz' is no folder"):
        read(tmp_path / "a.npz", image_size=8)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels, and holds none."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    return start + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT"


@pytest.mark.parametrize("side", [13_000, 60_000])
def test_decompression_bombs_are_never_decoded(folder, side):
    path = folder(*some(n=15))
    (path / "cat" / "bomb.png").write_bytes(png_header(side, side))
    text = notes(read(path))
    assert "left out 1 of 31 pictures" in text
    assert "bomb.png' (Image size" in text
    assert "decompression bomb" in text


def test_pictures_that_would_not_fit_into_memory_are_refused_unread(folder, monkeypatch):
    path = folder(*some(), size=(100, 100))
    monkeypatch.setattr(capacity, "free_memory", lambda: 99_999)
    monkeypatch.setattr(Image.Image, "resize", None)
    assert "10 pictures of 100x100 would take" in refusal(path)


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path, monkeypatch):
    Image.new("RGB", (1600, 800), (200, 100, 50)).save(tmp_path / "a.jpg")
    sizes = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image, "resize", lambda i, *args: sizes.append(i.size) or resize(i, *args)
    )
    array, _ = read_pictures([tmp_path / "a.jpg"], 100, [])
    assert sizes == [(200, 100)]
    np.testing.assert_allclose(array[0, 25, 50], [200, 100, 50], atol=3)


# --- pixel modes ------------------------------------------------------------------------

RAMP = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12
COLOURS = np.stack([RAMP, RAMP[::-1], 255 - RAMP], axis=-1)


def one(tmp_path, picture, name="a.png", **options) -> np.ndarray:
    """What is read of a single picture."""
    picture.save(tmp_path / name, **options)
    array, kept = read_pictures([tmp_path / name], None, [])
    assert kept.all()
    return array[0]


def palette(transparent: bool) -> Image.Image:
    picture = Image.fromarray(COLOURS).quantize(32)
    if transparent:
        picture.info["transparency"] = picture.getpixel((0, 0))
    return picture


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm"])
def test_grey_pictures_stay_as_they_are(tmp_path, name):
    np.testing.assert_array_equal(one(tmp_path, Image.fromarray(RAMP), name), RAMP)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm"])
def test_colours_stay_as_they_are(tmp_path, name):
    np.testing.assert_array_equal(one(tmp_path, Image.fromarray(COLOURS), name), COLOURS)


def test_black_and_white_becomes_0_and_255(tmp_path):
    picture = Image.fromarray(RAMP > 100)
    assert picture.mode == "1"
    np.testing.assert_array_equal(one(tmp_path, picture), np.where(RAMP > 100, 255, 0))


def test_a_palette_is_looked_up(tmp_path):
    expected = np.asarray(palette(False).convert("RGB"))
    np.testing.assert_array_equal(one(tmp_path, palette(False)), expected)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparent_parts_are_white(tmp_path, mode):
    if mode == "P":
        read = one(tmp_path, palette(True))
    else:
        picture = Image.fromarray(RAMP if mode == "LA" else COLOURS).convert(mode)
        picture.putalpha(Image.fromarray(np.where(RAMP == 0, 0, 255).astype(np.uint8)))
        read = one(tmp_path, picture)
    assert (read[0, 0] == 255).all()
    expected = RAMP if mode == "LA" else COLOURS
    np.testing.assert_allclose(read[1:], expected[1:], atol=40 if mode == "P" else 0)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_print_colours_are_converted(tmp_path, name):
    flat = np.full((8, 8, 3), [200, 100, 50], np.uint8)
    read = one(tmp_path, Image.fromarray(flat).convert("CMYK"), name)
    np.testing.assert_allclose(read, flat, atol=3)


def test_video_colours_are_converted(tmp_path):
    flat = np.full((8, 8, 3), [200, 100, 50], np.uint8)
    read = one(tmp_path, Image.fromarray(flat).convert("YCbCr"), "a.tif")
    np.testing.assert_allclose(read, flat, atol=3)


DEEP = RAMP.astype(np.uint16) * 200 + 7


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_16_bits_per_pixel_are_kept(tmp_path, name):
    read = one(tmp_path, Image.fromarray(DEEP), name)
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, DEEP)


def big_endian_tiff(pixels: np.ndarray) -> bytes:
    """By hand, since Pillow writes the machine's own byte order."""
    height, width = pixels.shape
    data = pixels.astype(">u2").tobytes()
    tags = [
        (256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8),
        (277, 3, 1), (278, 3, height), (279, 4, len(data)),
    ]  # fmt: skip
    entries = b"".join(
        struct.pack(">HHI", tag, kind, 1) + struct.pack(">HH" if kind == 3 else ">I", *values)
        for tag, kind, value in tags
        for values in [(value, 0) if kind == 3 else (value,)]
    )
    start = b"MM\0*" + struct.pack(">I", 8 + len(data)) + data
    return start + struct.pack(">H", len(tags)) + entries + bytes(4)


def test_16_bits_in_the_other_byte_order_are_the_same(tmp_path):
    (tmp_path / "a.tif").write_bytes(big_endian_tiff(DEEP))
    array, _ = read_pictures([tmp_path / "a.tif"], None, [])
    np.testing.assert_array_equal(array[0], DEEP)


def test_large_whole_numbers_and_decimals_are_kept(tmp_path):
    whole = RAMP.astype(np.int32) * 50_000 - 5
    np.testing.assert_array_equal(one(tmp_path, Image.fromarray(whole), "a.tif"), whole)
    decimals = RAMP.astype(np.float32) / 7
    np.testing.assert_array_equal(one(tmp_path, Image.fromarray(decimals), "b.tif"), decimals)


def test_pictures_of_8_bits_are_stretched_among_those_of_16(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    Image.fromarray(DEEP).save(tmp_path / "b.png")
    Image.fromarray(COLOURS).save(tmp_path / "c.png")
    told = []
    array, _ = read_pictures([tmp_path / f"{name}.png" for name in "abc"], None, told)
    np.testing.assert_array_equal(array[0], np.stack([RAMP.astype(int) * 257] * 3, axis=-1))
    np.testing.assert_array_equal(array[1], np.stack([DEEP] * 3, axis=-1))
    np.testing.assert_array_equal(array[2], COLOURS.astype(int) * 257)
    assert "Stretched 2 pictures of 8 bits" in told[0]


def test_16_bits_are_resized_within_their_range(tmp_path):
    edge = np.where(np.arange(64) < 32, 0, 65535).astype(np.uint16)
    Image.fromarray(np.tile(edge, (64, 1))).save(tmp_path / "a.png")
    array, _ = read_pictures([tmp_path / "a.png"], 20, [])
    assert array.shape == (1, 20, 20)
    assert (array.min(), array.max()) == (0, 65535)
    assert (np.diff(array[0, 0].astype(int)) >= -2000).all()  # no wrap-around at the edge


def test_decimals_beside_bytes_have_no_common_unit(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.tif")
    Image.fromarray(RAMP.astype(np.float32)).save(tmp_path / "b.tif")
    with pytest.raises(InputError, match=r"b.tif' has 32 bits per pixel, '.*a.tif' fewer"):
        read_pictures([tmp_path / "a.tif", tmp_path / "b.tif"], None, [])


def test_pixels_that_are_no_numbers_make_a_picture_unreadable(tmp_path):
    Image.fromarray(np.full((4, 5), np.nan, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a.tif' \(it holds NaN or infinite pixels\)"):
        read_pictures([tmp_path / "a.tif"], None, [])


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tif", "a.webp"])
def test_the_first_of_several_frames_is_taken(tmp_path, name):
    first, second = Image.new("RGB", (5, 4), (9, 9, 9)), Image.new("RGB", (5, 4), (200, 0, 0))
    first.save(tmp_path / name, save_all=True, append_images=[second], lossless=True)
    told = []
    array, _ = read_pictures([tmp_path / name], None, told)
    assert array.max() < 20
    assert told == ["Took the first frame of 1 pictures that have several."]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_pictures_are_turned_as_they_are_to_be_seen(tmp_path, name):
    picture = Image.fromarray(np.repeat(RAMP, 16, axis=0).repeat(16, axis=1))  # 80 x 64
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    read = one(tmp_path, picture.convert("RGB"), name, exif=exif, lossless=True)
    expected = np.rot90(np.asarray(picture), -1)
    assert read.shape == (80, 64, 3)
    np.testing.assert_allclose(read[..., 0].astype(int), expected, atol=12)


def test_a_folder_of_16_bit_pictures_can_be_learned_from(folder):
    path = folder(*some(), mode="I;16", step=3000)
    train = read_images(str(path)).task.train.x
    assert len(np.unique(train)) > 2  # not one value, as it once was


def test_where_all_pixels_are_equal_there_is_nothing_to_learn(folder, tmp_path):
    path = folder(*some())
    for file in path.rglob("*.png"):
        Image.new("L", (6, 5), 7).save(file)
    assert "all pixels of the training images are 7" in refusal(path)


# --- damage -----------------------------------------------------------------------------


def damaged(path) -> dict[str, bytes]:
    """What stands in files that end as pictures do."""
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8))
    whole = {}
    for kind in ("png", "jpg", "gif", "bmp", "tif", "webp"):
        noise.save(path / f"whole.{kind}")
        whole[kind] = (path / f"whole.{kind}").read_bytes()
        (path / f"whole.{kind}").unlink()
    torn = {f"torn.{kind}": data[: len(data) // 2] for kind, data in whole.items()}
    flipped = bytearray(whole["png"])
    flipped[len(flipped) // 2] ^= 0xFF
    return torn | {
        "empty.png": b"",
        "page.jpg": b"<html>404</html>",
        "start.png": whole["png"][:20],
        "flipped.png": bytes(flipped),
        "script.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
    }


def test_damaged_pictures_are_left_out_and_counted(folder, tmp_path):
    path = folder(*some(n=70))
    bad = damaged(tmp_path)
    for name, content in bad.items():
        (path / "cat" / name).write_bytes(content)
    (path / "cat" / "nowhere.png").symlink_to(tmp_path / "nowhere")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arrays = read(path)
    assert len(arrays.y_train) + len(arrays.y_test) == 140
    assert f"Warning: left out {len(bad) + 1} of {140 + len(bad) + 1} pictures" in notes(arrays)
    assert np.isin(arrays.x_train, np.arange(10, 150)).all()  # no row that was never filled


def test_many_damaged_pictures_stop_the_reading(folder):
    path = folder(*some())
    for i in range(2):
        (path / "cat" / f"broken{i}.png").write_bytes(b"\x89PNG no more")
    message = refusal(path)
    assert "cannot read 2 of 12 pictures, the first is" in message
    assert "broken0.png' (cannot identify image file)" in message


def test_a_folder_that_may_not_be_read_is_told(folder, monkeypatch):
    path = folder(*some())
    scandir = os.scandir

    def locked(where):
        if str(where).endswith("dog"):
            raise PermissionError(13, "Permission denied", str(where))
        return scandir(where)

    monkeypatch.setattr(os, "scandir", locked)
    assert "dog' cannot be read (Permission denied)" in refusal(path)


def test_equal_seeds_draw_equal_test_pictures(folder):
    path = folder(*some(n=20))
    a, b, c = read(path), read(path), read(path, seed=1)
    np.testing.assert_array_equal(a.x_test, b.x_test)
    assert (a.x_test != c.x_test).any()
