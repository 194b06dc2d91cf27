"""The file is the scored network, whatever the scales: raw rows as they stand in the table."""

import importlib
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from mlpnas.core.errors import InputError
from mlpnas.data.columns import Column
from mlpnas.data.table import Table, from_frame, read_table
from mlpnas.data.targets import Target
from mlpnas.estimator.samples import make_table
from mlpnas.final.ensemble import average
from mlpnas.final.export import export
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace

ROOT = Path(__file__).parents[2]
ROWS = 120
SCALES = 10.0 ** np.arange(-30, 31, 5)


def network(table: Table, seed: int = 1) -> keras.Model:
    """An untrained network: whether it has learned makes no difference here."""
    space = MLPSpace(table.task.head)
    architecture = space.parse(f"(16, 'relu'), (8, 'tanh'), {table.task.head}")
    return MLPGenerator(space).build(architecture, table.task, seed=seed)


@pytest.fixture
def rng(property_seed):
    return np.random.default_rng(property_seed)


def columns(rng: np.random.Generator) -> pd.DataFrame:
    """Numbers of all scales, constants, offsets, and all scales in one column."""
    frame = pd.DataFrame(rng.normal(size=(ROWS, len(SCALES))) * SCALES)
    return frame.rename(columns=lambda i: f"{SCALES[i]:.0e}").assign(
        constant=7.5, tiny=1e-30, huge=-1e30, zero=0,
        offset=1e9 + rng.normal(size=ROWS),
        whole=10**9 + rng.integers(0, 9, ROWS),
        far=np.where(np.arange(ROWS) % 40 == 3, 1e30, rng.normal(size=ROWS)),
        mixed=rng.choice([-1, 1], ROWS) * 10.0 ** rng.uniform(-30, 30, ROWS),
    )  # fmt: skip


def others(rng: np.random.Generator) -> pd.DataFrame:
    """What is no plain number, or not always there."""
    return pd.DataFrame(
        {
            "gaps": np.where(rng.random(ROWS) < 0.3, np.nan, 1e-25 * rng.normal(size=ROWS)),
            "day": pd.date_range("2020-01-01", periods=ROWS, freq="17min"),
            "mark": rng.random(ROWS) < 0.5,
            "word": rng.choice(["a", "b", None], ROWS),
        }
    )


@pytest.mark.parametrize(
    ("scaling", "labels"),
    [("standard", ["no", "yes"]), ("quantile", ["a", "b", "c"])],
)
def test_features_of_all_scales(scaling, labels, rng, tmp_path):
    frame = columns(rng).join(others(rng)).assign(y=rng.choice(labels, ROWS))
    table = from_frame(frame, "y", scaling=scaling)
    assert export(network(table), table, tmp_path / "m.keras").exists()


def test_targets_of_all_scales(rng, tmp_path):
    target = Target(columns(rng).to_numpy(), "regression", ())
    features = [Column("x", "numeric")]
    rows = pd.DataFrame({"x": rng.normal(size=ROWS)})
    table = make_table(rows, features, target, None, 0.2, 0, "standard", [])
    path = export(network(table), table, tmp_path / "m.keras")
    got = keras.saving.load_model(path).predict({"x": np.zeros(3)}, verbose=0)
    offset = list(columns(rng)).index("offset")
    assert 0 < np.abs(got[0, offset] - 1e9) < 10  # which float32 would round to 64


def test_prices_in_a_currency_of_large_numbers_and_an_ensemble(rng, tmp_path):
    size = rng.uniform(20, 200, ROWS)
    price = (size * 6e7 + rng.normal(0, 2e8, ROWS)).round()
    frame = pd.DataFrame({"sqm": size, "rooms": rng.integers(1, 6, ROWS), "price": price})
    table = from_frame(frame, "price")
    models = [network(table, number) for number in (1, 2)]
    assert export(average(models), table, tmp_path / "m.keras").exists()


@pytest.mark.parametrize("kind", [np.float64, np.uint8])
def test_arrays(kind, rng, tmp_path):
    scale = SCALES if kind is np.float64 else np.full(len(SCALES), 50)
    x = np.abs(rng.normal(size=(ROWS, len(SCALES))) * scale).astype(kind)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(ROWS) % 3)
    table = read_table(tmp_path / "a.npz")
    assert not any("digits" in note for note in table.notes)
    assert table.kept.raw.dtype == kind
    assert export(network(table), table, tmp_path / "m.keras").exists()


def test_features_that_float32_does_not_show_are_told_and_harmless(rng, tmp_path):
    scales = np.array([1, 1e-40, 1])
    x = rng.normal(size=(ROWS, 3)) * scales + np.array([0, 0, 1e9])
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(ROWS) % 3)
    table = read_table(tmp_path / "a.npz")
    [told] = [note for note in table.notes if "digits" in note]
    assert told.startswith("Warning: feature 1 lies between -")
    assert export(network(table), table, tmp_path / "m.keras").exists()


def test_another_network_is_not_written(rng, tmp_path):
    frame = others(rng).assign(y=rng.choice(["no", "yes"], ROWS))
    table = from_frame(frame, "y")
    table.kept.raw.loc[table.kept.raw.index[3], "mark"] ^= True
    with pytest.raises(
        InputError, match=r"not the network that was scored: for validation row 3"
    ):
        export(network(table), table, tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


def test_what_float32_does_not_show_is_told_before_the_search(rng, tmp_path, caplog):
    frame = columns(rng).assign(
        y=rng.choice(["no", "yes"], ROWS), small=rng.random(ROWS) * 1e-39
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    told = [note for note in read_table(tmp_path / "a.csv", "y").notes if "digits" in note]
    assert [note.split("'")[1] for note in told] == ["offset", "whole", "small"]
    assert told[0].startswith("Warning: column 'offset' lies between 99999999")
    assert "Subtract a constant or multiply by one" in told[0]
    with caplog.at_level(logging.WARNING):
        x = frame[["offset"]].reset_index(drop=True)
        target = Target(np.arange(ROWS) % 2, "binary", ("a", "b"))
        features = [Column("offset", "numeric")]
        make_table(x, features, target, None, 0.2, 0, "standard", [])
    assert "column 'offset' lies between" in caplog.text


def test_numbers_beyond_float32_are_refused_with_their_row(rng, tmp_path):
    frame = pd.DataFrame({"a": rng.normal(size=ROWS), "y": rng.normal(size=ROWS)})
    frame.loc[4, "a"] = -2e38
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=r"'a' holds -2e\+38 in row 5 .* up to 1e\+38"):
        read_table(tmp_path / "a.csv", "y")


def test_rows_far_from_all_that_is_learned_from_are_told(rng):
    frame = others(rng)[["gaps", "word"]].assign(b=rng.normal(size=ROWS), y=np.arange(ROWS) % 2)
    valid = from_frame(frame, "y").kept.raw.index[0]
    frame.loc[valid, ["gaps", "b"]] = 1e30  # beyond float32 in deviations, and within
    told = [note for note in from_frame(frame, "y").notes if "deviations from" in note]
    assert [note.split("'")[1] for note in told] == ["gaps", "b"]
    assert "lies inf deviations" in told[0]
    assert re.search(r"lies \de\+(29|30) deviations", told[1])
    bent = from_frame(frame, "y", scaling="quantile")
    assert not any("deviations from" in note for note in bent.notes)


@pytest.mark.parametrize("scale", [1e-200, 1e200, 1e308])
def test_a_target_that_cannot_be_squared_is_refused(scale, rng):
    frame = pd.DataFrame({"a": rng.normal(size=ROWS), "y": scale * rng.uniform(-1, 1, ROWS)})
    with pytest.raises(InputError, match=r"target lies between .* multiply them by a constant"):
        from_frame(frame, "y")


@pytest.mark.slow
def test_hostile_tables_survive_the_way_to_a_process_with_keras_alone():
    command = [sys.executable, "benchmarks/roundtrip.py", "--tables", "20", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["agree"], found["disagree"]) == (20, {})


@pytest.mark.slow
def test_the_round_trip_would_see_another_network(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    roundtrip = importlib.import_module("roundtrip")
    monkeypatch.setattr("mlpnas.core.run.delivery.check", lambda *_: None)
    monkeypatch.setattr("mlpnas.final.export._finish", lambda outputs, table: 0.9 * outputs)
    found = roundtrip.roundtrip(tmp_path, tables=3, seed=0)
    assert sorted(found["disagree"]) == [0, 1, 2]
