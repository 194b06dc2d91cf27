"""Operations: one description, computed alike by all, and one from outside the package."""

import base64
import json
import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnnas.kits.macro
from cnnnas.__main__ import main
from cnnnas.commands.search import PROGRAM
from cnnnas.generator.keras_layers import KerasLayers
from cnnnas.operations.vocabulary import OPERATIONS, operation
from cnnnas.space import cell_space
from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.bank_layers import HERE, Piece
from mlpnas.core.errors import InputError

# To half of the channels and back, beside a pool.
OUTSIDE = """
from cnnnas.operations.vocabulary import Operation, relu_conv_norm


def apply(layers, x, channels, stride):
    narrow = relu_conv_norm(layers.at("narrow"), x, channels // 2, stride)
    beside = layers.pool("max", x, 3, stride)
    both = layers.concatenate([narrow, layers.at("beside").convolution(beside, 2, 1)])
    return layers.norm(layers.convolution(layers.relu(both), channels, (1, 3)))


SQUEEZED = Operation(apply)
PLAIN = apply
"""


@pytest.fixture
def outside(tmp_path, monkeypatch) -> str:
    """An operation's name, with its module in the working directory."""
    (tmp_path / "squeezed.py").write_text(OUTSIDE)
    monkeypatch.chdir(tmp_path)
    return "squeezed:SQUEEZED"


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def computed_alike(name: str, stride: int) -> None:
    """Compare a Keras model of an operation with shared weights of the same values."""

    def build(layers, x):
        return operation(name).apply(layers, x, 6, stride)

    x = keras.Input((7, 8, 6))
    model, piece = keras.Model(x, build(KerasLayers(scope=HERE), x)), Piece(build, 6)
    row = images(sum(int(np.prod(shape)) for shape in piece.arrays.values()))
    arrays = {
        inner: np.reshape(flat, piece.arrays[inner])
        for inner, flat in piece.cut(tf.constant(row)).items()
    }
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([*arrays.pop(layer.name), *layer.get_weights()[2:]])
        elif layer.weights:
            names = [layer.name, f"{layer.name}-pointwise"][: len(layer.weights)]
            layer.set_weights([arrays.pop(own) for own in names])
    assert not arrays
    expected = model(images(4, 7, 8, 6), training=True)
    np.testing.assert_allclose(piece(row, images(4, 7, 8, 6)), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", OPERATIONS)
def test_shared_weights_compute_what_keras_computes(name):
    computed_alike(name, stride=1)


@pytest.mark.parametrize("stride", [1, 2])
def test_an_operation_from_outside_is_computed_alike(outside, stride):
    computed_alike(outside, stride)


def test_parts_that_share_a_name_are_refused():
    def twice(layers, x):
        return layers.norm(layers.norm(x))

    with pytest.raises(ValueError, match="two arrays are called 'here-norm-4'"):
        Piece(twice, 4)


def test_what_is_no_operation_is_named(outside):
    with pytest.raises(InputError, match="'conv_9x9' is no operation; expected sep_conv_3x3,"):
        operation("conv_9x9")
    with pytest.raises(InputError, match="cannot be imported"):
        MacroSpace(2, ("no_such_module:OPERATION",))
    with pytest.raises(InputError, match=r"expected a cnnnas.operations.vocabulary.Operation"):
        operation("squeezed:PLAIN")
    with pytest.raises(InputError, match="'conv_9x9' is no operation"):
        cell_space.CellSpace.darts(more=("conv_9x9",))


def run(*arguments: object, program=PROGRAM) -> int:
    """Exit status of the command line with these arguments."""
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments], program)
    return exit_.value.code or 0


@pytest.fixture
def data(tmp_path) -> str:
    """180 grey images of two classes that differ in brightness."""
    rng, y = np.random.default_rng(0), np.arange(180) % 2
    x = (rng.integers(0, 100, (180, 8, 9)) + 100 * y[:, None, None]).astype(np.uint8)
    np.savez(
        tmp_path / "d.npz", x_train=x[:150], y_train=y[:150], x_test=x[150:], y_test=y[150:]
    )
    return "d.npz"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--operations", "conv_9x9"), "'conv_9x9' is no operation; expected"),
        (
            ("--operations", "conv_3x3"),
            "'conv_3x3'), expected a tuple of different ones",
        ),
        (
            ("--operations", "conv_1x1,conv_1x1"),
            "'conv_1x1'), expected a tuple of",
        ),
        (("--operations", "conv_1x1", "--space", "zoph"), "--operations is for --space macro"),
    ],
)
def test_a_mistaken_operation_gets_one_line(options, message, data, tmp_path, capsys):
    assert run("search", data, "--run", tmp_path / "r", *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


# Of the published operations as few as each space needs: the networks are made of the new one.
FEWER = {
    "macro": (cnnnas.kits.macro, "MACRO_OPERATIONS"),
    "micro": (cell_space, "ENAS_OPERATIONS"),
}


@pytest.mark.slow
@pytest.mark.parametrize("space", FEWER)
def test_an_operation_from_outside_is_searched_retrained_delivered_and_reported(
    space, outside, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(*FEWER[space], ())
    folder, tiny = tmp_path / "r", ("--preset", "tiny", "--trials", 5, "--epochs", 1)
    options = ("--space", space, "--operations", outside, "--jobs", 1, *tiny)
    assert run("search", data, "--run", folder, *options) == 0
    record = json.loads((folder / "run.json").read_text())
    assert record["settings"]["operations"] == [outside]
    assert outside in record["space"]
    names = [r["name"] for r in record["results"]]
    assert names[:2] == ["found by the search", "best random"]
    model = keras.saving.load_model(folder / "best.keras")
    named = re.compile(r"squeezed\.SQUEEZED-(.*-)?narrow-conv")
    assert any(named.search(layer.name) for layer in layers_of(model))
    assert run("report", folder, "--html") == 0
    page = (folder / "report.html").read_text()
    pictures = [base64.b64decode(code) for code in re.findall(r"base64,([\w+/=]+)", page)]
    assert any(b"<!-- SQUEEZED -->" in svg for svg in pictures)


@pytest.mark.slow
def test_an_operation_from_outside_is_mixed(outside, data, tmp_path):
    folder = tmp_path / "r"
    searched = replace(PROGRAM, finish=lambda *_: None)  # ends after the search
    options = ("--space", "darts", "--operations", outside, "--jobs", 1, "--trials", 1)
    options += ("--preset", "tiny", "--run", folder)
    assert run("search", data, *options, program=searched) == 0
    assert outside in json.loads((folder / "run.json").read_text())["space"]


def layers_of(model: keras.Model) -> list[keras.layers.Layer]:
    inner = [layers_of(layer) for layer in model.layers if isinstance(layer, keras.Model)]
    return [*model.layers, *(layer for layers in inner for layer in layers)]
