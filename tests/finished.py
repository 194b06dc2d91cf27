"""Folders of runs as searches leave them, with networks that nobody trained."""

from pathlib import Path

import numpy as np
from recurrent import SPACE, cells

from cnnnas.data.images import read_images
from cnnnas.final.export import export
from cnnnas.run.settings import Settings as ImageSettings
from mlpnas.core.run.delivery import Probe, deliver
from mlpnas.core.run.folder import Folder, describe_data
from rnncell.final.export import raw_model
from rnncell.generator.networks import CellGenerator
from rnncell.recipes import Network
from rnncell.run.settings import Settings
from rnncell.run.source import read_data

[CELL] = cells(1)
WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "no", "dog"]
SHAPE = (8, 6)


def bright(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey images, of which the second half is bright."""
    y = np.arange(rows) % 2
    x = rng.integers(0, 100, (rows, *SHAPE)) + 120 * y[:, None, None]
    return x.astype(np.uint8), np.where(y, "bright", "dark")


def image_run(at: Path) -> Path:
    """A run on bright and dark images, of a network that goes by the mean pixel."""
    import keras

    rng = np.random.default_rng(0)
    (x, y), (x_test, y_test) = bright(rng, 60), bright(rng, 20)
    y_test[0] = "bright"  # which is dark
    data = at.with_suffix(".npz")
    np.savez(data, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    settings = ImageSettings(str(data), 1, 1, 1, preset="tiny").planned(20, None, 2)
    images = read_images(settings.data)
    rows = keras.Input(images.task.input_shape)
    mean = keras.layers.GlobalAveragePooling2D()(rows)
    network = keras.Model(rows, keras.layers.Dense(2, "softmax", name="classes")(mean))
    network.get_layer("classes").set_weights([np.array([[4.0, -4.0]]), np.zeros(2)])
    with Folder.create(at, "cnnnas") as folder:
        described = describe_data(images.task) | images.record()
        folder.write(settings, described, space=settings.kit.space(settings).name)
        export(network, images, folder.model)
    return at


def text_run(at: Path) -> Path:
    """A run on a text of ten words."""
    rng = np.random.default_rng(0)
    lines = (" ".join(rng.choice(WORDS, 12)) for _ in range(300))
    at.with_suffix(".txt").write_text("\n".join(lines))
    return recurrent_run(at, str(at.with_suffix(".txt")))


def recurrent_run(at: Path, data: str) -> Path:
    """A run on a text or on sequences, of a network that has learned nothing."""
    shared, how = data.endswith(".txt"), {"preset": "tiny", "strategy": "random"}
    settings = Settings(data, 1, 1, 1, one_shot=shared, **how).planned(20, None, 2)
    text = read_data(settings)
    network = CellGenerator(SPACE, Network(6)).build(CELL, text.task, seed=1)
    with Folder.create(at, "rnncell") as folder:
        described = describe_data(text.task) | text.record()
        folder.write(settings, described, space=settings.kit.space(settings).name)
        raw = raw_model(network, text)
        if text.raw is None:
            rows = text.task.valid.x[None, :5]
        else:
            rows = {"steps": text.raw.steps, "length": text.raw.length}
        deliver(raw, folder.model, Probe(rows, raw.predict(rows, verbose=0)))
    return at
