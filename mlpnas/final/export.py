"""Export: one Keras model from raw rows to probabilities, without this package or scikit-learn.

The fitted preprocessor is rebuilt from ordinary Keras layers and operations, in front of the
network. The model takes a dict of columns, each `(rows,)` or all of them `(rows, 1)`; further
columns are left aside:

    numbers     any type, read as float32, NaN where missing; booleans as 0 and 1
    categories  strings, for `predict` as a NumPy array of objects `(rows,)`, since Keras takes
                no other; missing are "" and what a CSV writes for it ("?", "NA", ...), unless
                that is a category
    dates       five columns of numbers, named as `Column.parts` names them: Keras has no layer
                that reads dates, and code in a model file would not load in safe mode

and gives probabilities `(rows, classes)` in the order of the classes, which run.json names,
or values `(rows, outputs)` in the user's unit, in float64. A model of an npz takes `(rows,
features)`.

A slash cannot stand in the name of a Keras input; `input_names` puts a low line in its place.
TensorFlow's SavedModel takes fewer names still (no spaces): `save_for_serving` sees to that.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from mlpnas.core.run.delivery import Probe, deliver, standardised
from mlpnas.data.arrays import PIXEL
from mlpnas.data.columns import MISSING, Column
from mlpnas.data.dialect import MISSING_CELLS
from mlpnas.data.encoding import clean_rows
from mlpnas.data.quantiles import Quantiles
from mlpnas.data.table import Table

Tensor = Any


def export(network: keras.Model, table: Table, path: Path) -> Path:
    """Write the raw model of a network, checked on the rows that the table has kept.

    Args:
        network: what was scored.
        table: what it was scored on.
        path: ends in `.keras`.

    Raises:
        InputError: if the file is not the scored network, see `delivery.deliver`.
    """
    return deliver(raw_model(network, table), path, probe(network, table), without="mlpnas")


def probe(network: keras.Model, table: Table) -> Probe:
    """Kept rows as they stand in the user's table, and what the scored network says of them."""
    assert table.kept is not None
    raw, encoded = table.kept
    # By `predict`, as the file: on a GPU other ways of calling may round otherwise.
    outputs = network.predict(encoded, verbose=0)
    rows = raw
    if isinstance(raw, pd.DataFrame):
        rows = as_inputs(clean_rows(raw, table.columns), table.columns)
    if table.task.classes:
        return Probe(rows, table.probabilities(outputs))
    # Far predictions are as exact as float32 is there.
    farthest = np.abs(outputs).max(axis=0, initial=1.0)
    values = table.decode(outputs).reshape(outputs.shape)
    return Probe(rows, values, table.target_std * farthest)


def raw_model(network: keras.Model, table: Table) -> keras.Model:
    """The network with the table's encoding before it and the user's scale behind it.

    Args:
        network: takes encoded rows, see `MLPGenerator.build`.
        table: holds the fitted encoding; needs no rows.
    """
    if not table.columns:
        rows = keras.Input(table.task.input_shape, name="rows")
        return keras.Model(rows, _finish(network(_scale_array(rows, table)), table), name="raw")
    inputs = {name: _input(kind, name) for name, kind in input_names(table.columns).items()}
    # A model within the model: its layers cannot be called as one of the user's columns is.
    inner = [_input(tensor.dtype) for tensor in inputs.values()]
    x = _encode(dict(zip(_parts(table.columns), inner, strict=True)), table)
    core = keras.Model(inner, _finish(network(x), table), name=_free("raw_rows", inputs))
    # A list, which Keras fills from a dict by name. With a dict here it would go by the order
    # of names: a further column would take the place of another.
    columns = list(inputs.values())
    return keras.Model(columns, core(columns), name="raw")


def input_names(columns: Sequence[Column]) -> dict[str, str]:
    """Name of each of the model's inputs -> its type, in the order of the columns' parts."""
    named: dict[str, str] = {}
    for column in columns:
        for part in column.parts:
            kind = "string" if column.kind == "categorical" else "float32"
            named[_free(part.replace("/", "_") or "unnamed", named)] = kind
    return named


def save_for_serving(model: keras.Model, path: str | Path) -> None:
    """`model.export` to a SavedModel, also where columns have names with spaces and the like.

    Args:
        model: from `raw_model`.
        path: folder to write; the endpoint `serve` takes what the model takes.
    """
    plain: dict[str, str] = {}
    for tensor in model.inputs:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", tensor.name).lstrip("_.-") or "column"
        plain[_free(name, plain)] = tensor.name
    names = {given: name for name, given in plain.items()}
    signature = {
        t.name: keras.InputSpec(shape=t.shape, dtype=t.dtype, name=names[t.name])
        for t in model.inputs
    }
    model.export(path, verbose=False, input_signature=[signature])


def _free(name: str, taken: Any) -> str:
    while name in taken:
        name += "_"
    return name


def _parts(columns: Sequence[Column]) -> list[str]:
    return [part for column in columns for part in column.parts]


def as_inputs(cleaned: pd.DataFrame, columns: Sequence[Column]) -> dict[str, np.ndarray]:
    """Cleaned columns, as `columns.clean` gives them, as the model takes them, `(rows,)`."""
    names = zip(input_names(columns), _parts(columns), strict=True)
    return {name: cleaned[part].to_numpy() for name, part in names}


def _input(kind: str, name: str | None = None) -> Tensor:
    return keras.Input((1,), dtype=kind, name=name)


def _encode(parts: dict[str, Tensor], table: Table) -> Tensor:
    """What the fitted ColumnTransformer gives, group by group."""
    assert isinstance(table.preprocessor, ColumnTransformer)
    encoded, columns = [], {column.name: column for column in table.columns}
    missing = dict.fromkeys((*table.missing, *MISSING_CELLS))
    for _, fitted, names in table.preprocessor.transformers_:
        chosen = [parts[name] for name in names]
        if isinstance(fitted, Pipeline):
            encoded.append(_numbers(_joined(chosen), fitted))
        elif isinstance(fitted, OneHotEncoder):
            encoded += _categories(chosen, fitted, [columns[name] for name in names], missing)
    return _joined(encoded)


def _joined(tensors: list[Tensor]) -> Tensor:
    return layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]


def _numbers(x: Tensor, fitted: Pipeline) -> Tensor:
    """Median for missing ones, indicators where the training fold missed some, then scaled."""
    imputer, *bends, scaler = fitted
    missing = ops.isnan(x)
    width = x.shape[-1]
    nothing = pd.DataFrame(
        np.full((1, width), np.nan, np.float32), columns=imputer.feature_names_in_
    )
    medians = np.asarray(imputer.transform(nothing))[0, :width]
    flags = [] if imputer.indicator_ is None else list(imputer.indicator_.features_)
    known = ops.where(missing, medians.astype(np.float32), x)
    if flags:
        indicators = ops.take(ops.cast(missing, "float32"), np.array(flags), axis=-1)
        known = layers.Concatenate()([known, indicators])
    for bend in bends:
        known = _bent(known, bend)
    return standardised(known, scaler.mean_, scaler.scale_)


def _bent(x: Tensor, fitted: Quantiles) -> Tensor:
    """Each column's broken line, as a sum of ramps that each rise between two knots."""
    ramps, exact = fitted.ramps(), ops.cast(ops.expand_dims(x, -1), "float64")
    risen = ops.clip((exact - ramps.start) / ramps.width, 0.0, 1.0)
    return ops.sum(risen * ramps.rise, axis=-1) + ramps.least


def _categories(
    texts: list[Tensor], fitted: OneHotEncoder, columns: list[Column], missing: Iterable[str]
) -> list[Tensor]:
    """A lookup and a table of what the encoder itself gives for each text, per column."""
    meant = [
        {word: word for word in words} | _spellings(list(words), column, missing)
        for words, column in zip(fitted.categories_, columns, strict=True)
    ]
    unknown = [_free("?", spellings) for spellings in meant]
    asked = [
        [MISSING, other, *spellings.values()]
        for other, spellings in zip(unknown, meant, strict=True)
    ]
    encoded = []
    for text, spellings, other, rows in zip(
        texts, meant, unknown, _one_hot(fitted, asked), strict=True
    ):
        lookup = layers.StringLookup(
            vocabulary=list(spellings), mask_token="", oov_token=other, num_oov_indices=1
        )
        table = layers.Embedding(*rows.shape, weights=[rows], trainable=False)
        encoded.append(layers.Flatten()(table(lookup(text))))
    return encoded


def _spellings(words: list[str], column: Column, missing: Iterable[str]) -> dict[str, str]:
    """What else may stand in a cell -> the category that is meant, see `columns.words`."""
    whole = {f"{word}.0": word for word in words if word.lstrip("+-").isdecimal()}
    nothing = {cell: MISSING for cell in missing if cell not in column.categories}
    return {
        cell: word for cell, word in (whole | nothing).items() if cell and cell not in words
    }


def _one_hot(fitted: OneHotEncoder, asked: list[list[str]]) -> list[np.ndarray]:
    """Of each column what the encoder makes of its words, `(words, inputs of the column)`."""
    longest = max(map(len, asked))
    frame = pd.DataFrame(
        {
            name: words + [MISSING] * (longest - len(words))
            for name, words in zip(fitted.feature_names_in_, asked, strict=True)
        },
        dtype=object,
    )
    rows = np.asarray(fitted.transform(frame), np.float32)
    rare = (0 if some is None else len(some) - 1 for some in fitted.infrequent_categories_)
    widths = [len(words) - n for words, n in zip(fitted.categories_, rare, strict=True)]
    parts = np.split(rows, np.cumsum(widths)[:-1], axis=1)
    return [part[: len(words)] for part, words in zip(parts, asked, strict=True)]


def _scale_array(rows: Tensor, table: Table) -> Tensor:
    if table.preprocessor is None:
        return layers.Rescaling(float(PIXEL))(rows)
    return standardised(rows, table.preprocessor.mean_, table.preprocessor.scale_)


def _finish(outputs: Tensor, table: Table) -> Tensor:
    """Probabilities of all classes, or values in the user's unit."""
    if table.task.kind == "binary":
        return layers.Concatenate()([1 - outputs, outputs])
    if table.task.kind == "multiclass":
        return outputs
    mean, std = (np.ravel(v).astype(float) for v in (table.target_mean, table.target_std))
    return ops.cast(outputs, "float64") * std + mean
