"""A finished run on images in use: arrays, pictures, folders, and how good it is."""

import json

import numpy as np
import pytest
from finished import SHAPE, bright, image_run
from PIL import Image

import cnnnas
from cnnnas.__main__ import main
from mlpnas.core.errors import InputError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return image_run(tmp_path_factory.mktemp("runs") / "a")


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([*map(str, arguments)])
    return exit_.value.code or 0


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures in class folders, one of them of another size."""
    x, y = bright(np.random.default_rng(1), 12)
    for i, (pixels, label) in enumerate(zip(x, y, strict=True)):
        (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(pixels)
        picture = picture.resize((12, 16)) if i == 3 else picture
        picture.save(tmp_path / "in" / label / f"{i:02}.png")
    return tmp_path / "in"


def test_arrays_pictures_and_folders_are_predicted(run, folder, tmp_path):
    network = cnnnas.load(run)
    assert network.classes_.tolist() == ["bright", "dark"]
    x, y = bright(np.random.default_rng(2), 10)
    assert network.predict(x).tolist() == y.tolist()
    assert network.predict(x[..., None]).tolist() == y.tolist()
    assert network.predict(x[1]).tolist() == ["bright"]
    assert network.predict_proba(x).shape == (10, 2)
    dark = sorted((folder / "dark").iterdir())
    assert network.predict(dark[0]).tolist() == ["dark"]
    assert network.predict([str(file) for file in dark]).tolist() == ["dark"] * 6
    assert sorted(network.predict(folder)) == ["bright"] * 6 + ["dark"] * 6
    np.savez(tmp_path / "new.npz", x=x)
    assert network.predict(tmp_path / "new.npz").tolist() == y.tolist()


def test_labelled_images_are_judged(run, folder):
    network = cnnnas.load(run)
    assert network.evaluate(folder).measures["accuracy"].value == 1
    x, y = bright(np.random.default_rng(2), 40)
    y[:2] = y[1], y[0]
    found = network.evaluate(x, y)
    assert found.measures["accuracy"].value == 38 / 40
    assert [(p.truth, p.predicted, p.rows) for p in found.classes.confused] == [
        ("bright", "dark", 1), ("dark", "bright", 1),
    ]  # fmt: skip
    assert network.evaluate().sentences[0].startswith("accuracy 0.9500 on 20 test images, 95%")


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.zeros((3, 5, 5)), None, r"shape \(3, 5, 5\); expected \(rows, 8, 6\)"),
        (np.zeros((3, *SHAPE)), ["dark"], "3 images and 1 labels"),
        (np.zeros((2, *SHAPE)), ["dark", "red"], "such as 'red'; expected 'bright', 'dark'"),
    ],
)
def test_what_cannot_be_used_is_named(images, labels, said, run):
    network = cnnnas.load(run)
    with pytest.raises(InputError, match=said):
        network.predict(images) if labels is None else network.evaluate(images, labels)


def test_pictures_that_cannot_be_read_are_refused(run, tmp_path):
    network = cnnnas.load(run)
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"cannot read 1 of 1 pictures, the first is .*a.png"):
        network.predict(tmp_path / "a.png")
    deep = Image.fromarray(np.full(SHAPE, 40_000, np.uint16))
    deep.save(tmp_path / "deep.png")
    with pytest.raises(InputError, match="16 bits per pixel, those learned from 8"):
        network.predict(tmp_path / "deep.png")
    with pytest.raises(InputError, match=r"is no folder of a run; .* cnnnas search"):
        cnnnas.load(tmp_path)


def test_the_commands(run, folder, tmp_path, capsys):
    assert command("predict", run, folder, "--output", tmp_path / "out.csv") == 0
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "image,prediction,probability of bright,probability of dark"
    assert "bright/01.png,bright," in lines[1]
    assert command("predict", run, folder, "--output", tmp_path / "out.csv") == 2
    assert "exists already" in capsys.readouterr().err
    assert command("evaluate", run, folder) == 0
    assert "on 12 images of in, 95% interval" in capsys.readouterr().out
    record = json.loads((run / "run.json").read_text())
    assert record["evaluation"]["rows"] == 12
    assert "How good it is" in (run / "report.html").read_text()
    assert command("evaluate", run, tmp_path / "none") == 2
    assert "There is no file or folder" in capsys.readouterr().err
