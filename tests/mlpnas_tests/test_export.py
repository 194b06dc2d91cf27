"""The exported model takes raw rows and agrees with the encoded path, alone in its process."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.preprocessing import OneHotEncoder

from mlpnas.data.encoding import clean_rows
from mlpnas.data.network import Network
from mlpnas.data.reading import read_frame
from mlpnas.data.table import Table, from_frame, read_table
from mlpnas.final.export import as_inputs, input_names, raw_model, save_for_serving
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace

DATA = Path(__file__).parents[2] / "data"
DOCS = DATA.parent / "docs"
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
import csv, json, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
with open(sys.argv[2]) as file:
    rows = list(csv.DictReader(file))
def column(tensor):
    texts = [row[tensor.name] for row in rows]
    if tensor.dtype == "string":
        return np.array(texts, object)
    return np.array([float(text or "nan") for text in texts])
inputs = {tensor.name: column(tensor) for tensor in model.inputs}
print(json.dumps(model.predict(inputs, verbose=0).tolist()))
"""


@pytest.mark.slow
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


def snippet(page: str, name: str) -> Callable:
    """A function that a page of the documentation shows."""
    [block] = re.findall(rf"```python\n(def {name}\(.*?)\n\n\n", page, flags=re.DOTALL)
    found: dict = {}
    exec(block, found)
    return found[name]


def cells() -> dict[str, tuple[pd.Series, pd.Series]]:
    """Columns as users have them, and as the CSV had them: of texts and of numbers."""
    words = pd.Series(["a", "b", None, "a", "c", ""] * 10)
    whole = pd.Series([7, 12, None, 7, 3, 3] * 10)
    return {
        "str": (words, words),
        "object": (words.astype(object), words),
        "category": (words.astype("category"), words),
        "float": (whole, whole),
        "nullable": (whole.astype("Int64"), whole),
        "arrow": (whole.astype("float64[pyarrow]"), whole),
        "int": (whole.fillna(0).astype(int), whole.fillna(0)),
        "bool": (whole > 3, whole > 3),
        "boolean": (
            (whole > 3).astype("boolean").mask(whole == 12),
            (whole > 3).mask(whole == 12),
        ),
        "text": (whole.astype("Int64").astype("string"), whole),
        "code": (whole, whole.astype("Int64").astype("string")),
    }


def test_columns_of_every_type_reach_the_model_as_the_page_shows_it(tmp_path):
    pairs = cells()
    given, was = (pd.DataFrame({n: pair[i] for n, pair in pairs.items()}) for i in (0, 1))
    was = was.assign(code=was["code"].astype("category"), y=np.arange(60) % 2)
    table = from_frame(was, "y")
    model = exported(table, inner := network(table), tmp_path)
    inputs = snippet((DOCS / "howto" / "deployment.md").read_text(), "inputs")
    got = model.predict(inputs(model, given.assign(aaa=1.0)), verbose=0)
    np.testing.assert_allclose(got, expected(table, inner, was), atol=1e-5)


def test_further_columns_take_no_place_and_numbers_may_be_of_any_type(tmp_path):
    table = read_table(DATA / "iris.csv", "species")
    model = exported(table, inner := network(table), tmp_path)
    frame = read_frame(DATA / "iris.csv", "species")
    want = expected(table, inner, frame)
    columns = {"a": np.zeros(150)} | dict(frame.drop(columns="species").astype(np.float64))
    for form in (dict, lambda c: {n: np.asarray(x)[:, None] for n, x in c.items()}):
        # Loaded anew: a model that was asked in one shape takes no other.
        model = keras.saving.load_model(tmp_path / "raw.keras")
        np.testing.assert_allclose(model.predict(form(columns), verbose=0), want, atol=1e-5)
        np.testing.assert_allclose(model(form(columns)), want, atol=1e-5)


def test_a_category_may_be_spelled_as_another_type_would(tmp_path):
    frame = odd_frame()[["where", "y"]].assign(code=np.resize(["007", "12", "A44", "NA "], 200))
    table = from_frame(frame, "y")
    model = exported(table, network(table), tmp_path)
    words = ["007", "007.0", "12", "12.0", "A44", "7", "never"]
    given = {"code": np.array(words, object), "where": np.zeros(7)}
    answers = model.predict(given, verbose=0)
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[2], answers[3])
    np.testing.assert_array_equal(answers[5], answers[6])
    assert len({tuple(answer) for answer in answers}) == 4


def test_wide_tables_of_texts_are_asked_of_the_encoder_once(monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.choice(["a", "b", "c"], 60) for i in range(8)})
    table = from_frame(frame.assign(y=rng.choice(["no", "yes"], 60)), "y")
    asked, transform = [], OneHotEncoder.transform
    monkeypatch.setattr(
        OneHotEncoder, "transform", lambda self, x: asked.append(x) or transform(self, x)
    )
    raw_model(network(table), table)
    assert len(asked) == 1
