"""The exported model takes raw rows and agrees with the encoded path, alone in its process."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from mlpnas.export import as_inputs, input_names, raw_model, save_for_serving
from mlpnas.generator import MLPGenerator
from mlpnas.network import Network
from mlpnas.space import MLPSpace
from mlpnas.table import Table, from_frame, read_table
from mlpnas.tables.encoding import clean_rows
from mlpnas.tables.reading import read_frame

DATA = Path(__file__).parents[2] / "data"
BUNDLED = [
    (path.name, path.read_text().split("\n", 1)[0].split(",")[-1])
    for path in sorted(DATA.glob("*.csv"))
]


def network(table: Table) -> keras.Model:
    """An untrained network: whether it has learned makes no difference here."""
    space = MLPSpace(table.task.head)
    architecture = space.parse(f"(64, 'relu'), (32, 'tanh'), {table.task.head}")
    return MLPGenerator(space).build(architecture, table.task, seed=1)


def exported(table: Table, model: keras.Model, folder: Path) -> keras.Model:
    """The raw-row model, saved and loaded in safe mode."""
    raw_model(model, table).save(folder / "raw.keras")
    return keras.saving.load_model(folder / "raw.keras", safe_mode=True)


def expected(table: Table, model: keras.Model, frame: pd.DataFrame) -> np.ndarray:
    """What the encoded path gives."""
    judge = Network(model, table)
    x = table.encode(frame)
    return judge.predict_proba(x) if table.task.classes else judge.predict(x)[:, None]


def agree(table: Table, frame: pd.DataFrame, folder: Path) -> keras.Model:
    """Asserts that the exported model gives what the encoded path gives, and returns it."""
    model = network(table)
    loaded = exported(table, model, folder)
    got = loaded(as_inputs(clean_rows(frame, table.columns), table.columns))
    want = expected(table, model, frame)
    np.testing.assert_allclose(
        got, want, rtol=1e-5, atol=1e-5 * float(np.max(table.target_std))
    )
    return loaded


@pytest.mark.parametrize(("name", "target"), BUNDLED)
def test_raw_rows_give_what_encoded_rows_give(name, target, tmp_path):
    agree(read_table(DATA / name, target), read_frame(DATA / name, target), tmp_path)


@pytest.mark.parametrize(("name", "target"), [("adult", "income"), ("titanic", "survived")])
def test_so_they_do_with_strings_and_missing_cells(name, target, shared_data, tmp_path):
    path = shared_data(f"tabular/{name}.csv")
    agree(read_table(path, target), read_frame(path, target)[:5000], tmp_path)


def tensors(inputs: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    """The inputs as a SavedModel takes them, `(rows, 1)`."""
    return {
        name: tf.constant(x, None if x.dtype == object else tf.float32)[:, None]
        for name, x in inputs.items()
    }


def odd_frame(rows: int = 200) -> pd.DataFrame:
    """Names and values that could be taken for the model's own."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a/b": rng.normal(size=rows) * 1e-3 + 1e6,
            "": rng.choice(["x", "", None, "?", "[UNK]"], rows),
            "ü <b>": rng.choice(["é", "日本", "rare"], rows, p=[0.5, 0.496, 0.004]),
            "where": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            "mlp": rng.random(rows) < 0.5,
            "raw_rows": pd.date_range("2020-01-01", periods=rows, freq="37h"),
            "isnan": rng.choice(["one", "two", "n/a"], rows),
            "y": rng.choice(["no", "yes"], rows),
        }
    )


def test_odd_names_unseen_categories_and_missing_cells(tmp_path):
    frame = odd_frame()
    table = from_frame(frame, "y")
    new = frame.copy()
    new.loc[:5, ""], new.loc[6:9, "ü <b>"], new.loc[3:8, "a/b"] = "never seen", None, np.nan
    new["isnan"] = None
    model = agree(table, new, tmp_path)
    assert "a_b" in input_names(table.columns)
    assert {tensor.name for tensor in model.inputs} == set(input_names(table.columns))
    inputs = as_inputs(clean_rows(new, table.columns), table.columns)
    save_for_serving(model, tmp_path / "served")
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve(tensors(inputs)), model(inputs), atol=1e-6)


def test_an_empty_string_is_a_missing_category(tmp_path):
    frame = odd_frame().assign(town=lambda f: f["ü <b>"].mask(f.index < 50))
    table = from_frame(frame[["town", "where", "y"]], "y")
    model = exported(table, network(table), tmp_path)
    number = tf.zeros((2, 1))
    answers = model({"town": tf.constant([[""], ["(missing)"]]), "where": number}).numpy()
    np.testing.assert_array_equal(answers[0], answers[1])


def test_a_cell_that_a_csv_calls_missing_is_missing_unless_it_is_a_category(tmp_path):
    """The reader takes "?" and the like for missing; whoever feeds raw cells need not know."""
    frame = odd_frame()[["isnan", "where", "y"]]  # "n/a" is one of its categories
    frame["isnan"] = frame["isnan"].mask(frame.index < 40)
    model = exported(table := from_frame(frame, "y"), network(table), tmp_path)
    words = ["", "?", "NA", "null", "n/a", "never seen"]
    answers = model({"isnan": tf.constant(words)[:, None], "where": tf.zeros((6, 1))}).numpy()
    for same in answers[1:4]:
        np.testing.assert_array_equal(same, answers[0])
    assert len({tuple(answer) for answer in answers}) == 3


def test_raw_cells_of_a_csv_give_what_its_reader_gives(shared_data, tmp_path):
    path = shared_data("tabular/adult.csv")
    table = read_table(path, "income")
    loaded = exported(table, model := network(table), tmp_path)
    cells = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=2000)
    assert (cells == "?").to_numpy().sum() > 200
    inputs = {
        tensor.name: tf.constant(cells[tensor.name].to_numpy()[:, None])
        if tensor.dtype == "string"
        else tf.constant(cells[tensor.name].to_numpy(np.float32)[:, None])
        for tensor in loaded.inputs
    }
    want = expected(table, model, read_frame(path, "income")[:2000])
    np.testing.assert_allclose(loaded(inputs), want, atol=1e-5)


def test_a_plain_export_to_a_saved_model_works(tmp_path):
    table = read_table(DATA / "iris.csv", "species")
    model = raw_model(network(table), table)
    model.export(tmp_path / "served", verbose=False)
    inputs = as_inputs(clean_rows(pd.read_csv(DATA / "iris.csv"), table.columns), table.columns)
    serve = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    [answers] = serve(**tensors(inputs)).values()
    np.testing.assert_allclose(answers, model(inputs), atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_arrays_are_scaled_inside(dtype, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (60, 3, 3)).astype(dtype)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(60) % 3)
    table = read_table(tmp_path / "a.npz")
    model = network(table)
    loaded = exported(table, model, tmp_path)
    raw = x.reshape(60, -1).astype(np.float32)
    scaled = raw / 255 if dtype == "uint8" else table.preprocessor.transform(raw.copy())
    want = Network(model, table).predict_proba(scaled)
    np.testing.assert_allclose(loaded(raw), want, atol=1e-5)


STRANGER = """
import sys
for name in ("mlpnas", "sklearn", "pandas"):
    sys.modules[name] = None  # as if it were not installed
import csv, json, keras, numpy as np, tensorflow as tf
model = keras.saving.load_model(sys.argv[1])
with open(sys.argv[2]) as file:
    rows = list(csv.DictReader(file))
def column(tensor):
    texts = [row[tensor.name] for row in rows]
    if tensor.dtype == "string":
        return tf.constant(texts)[:, None]
    return np.array([[float(text or "nan")] for text in texts], np.float32)
inputs = {tensor.name: column(tensor) for tensor in model.inputs}
print(json.dumps(model.predict(inputs, verbose=0).tolist()))
"""


def test_a_stranger_with_keras_alone_gets_the_same_probabilities(shared_data, tmp_path):
    path = shared_data("tabular/titanic.csv")
    table = read_table(path, "survived")
    model = network(table)
    exported(table, model, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, tmp_path / "raw.keras", path],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    want = expected(table, model, read_frame(path, "survived"))
    with path.open() as file:
        assert len(list(csv.DictReader(file))) == len(want)
    np.testing.assert_allclose(json.loads(done.stdout), want, atol=1e-5)
