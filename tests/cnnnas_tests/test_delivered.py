"""The file is the scored network, whatever the unit of the pixels."""

import keras
import numpy as np
import pytest

from cnnnas.data.image_files import Arrays
from cnnnas.data.images import Images, make_images
from cnnnas.final.export import export
from cnnnas.generator.drop_path import DropPath
from mlpnas.core.errors import InputError

ROWS = 40


def images(pixels: np.ndarray) -> Images:
    y = np.arange(len(pixels)) % 2
    half = len(pixels) // 2
    return make_images("x", Arrays(pixels[:half], y[:half], pixels[half:], y[half:]))


def network(images: Images, *layers: keras.layers.Layer) -> keras.Model:
    """An untrained network: whether it has learned makes no difference here."""
    rows = x = keras.Input(images.task.input_shape)
    for layer in (keras.layers.Conv2D(4, 3), *layers, keras.layers.Flatten()):
        x = layer(x)
    return keras.Model(rows, keras.layers.Dense(2, "softmax")(x), name="child")


@pytest.mark.parametrize(
    "scale",
    [
        pytest.param(np.array([1e-30, 1, 1e30]), id="mixed"),
        pytest.param(np.array([0.0, 1e-8, 1e12]), id="constant"),
    ],
)
def test_channels_of_all_scales(scale, property_seed, tmp_path):
    rng = np.random.default_rng(property_seed)
    made = images((rng.normal(size=(ROWS, 6, 5, 3)) * scale).astype(np.float32))
    assert export(network(made), made, tmp_path / "m.keras").exists()


def test_pixels_that_float32_does_not_show_are_told_and_harmless(property_seed, tmp_path):
    rng = np.random.default_rng(property_seed)
    scale, offset = np.array([1, 1, 1e-40]), np.array([0, 1e9, 0])
    made = images(rng.normal(size=(ROWS, 6, 5, 3)) * scale + offset)
    assert made.notes[-1].startswith("Warning: channel 1 lies between 99999999")
    assert export(network(made), made, tmp_path / "m.keras").exists()


def test_grey_bytes(property_seed, tmp_path):
    rng = np.random.default_rng(property_seed)
    made = images(rng.integers(0, 256, (ROWS, 6, 5), np.uint8))
    path = export(network(made), made, tmp_path / "m.keras")
    raw = rng.integers(0, 256, (3, 6, 5), np.uint8)
    x = (raw[..., None] - made.mean) / made.deviation
    got = keras.saving.load_model(path).predict(raw, verbose=0)
    np.testing.assert_allclose(got, network_of(path).predict(x, verbose=0), atol=1e-6)


def network_of(path) -> keras.Model:
    return keras.saving.load_model(path).get_layer("child")


def test_a_layer_of_ours_does_not_reach_the_user(tmp_path):
    made = images(np.random.default_rng(0).integers(0, 256, (ROWS, 6, 5), np.uint8))
    with pytest.raises(InputError, match=r"could not be loaded again .*'DropPath'"):
        export(network(made, DropPath(0.1, 0)), made, tmp_path / "m.keras")
