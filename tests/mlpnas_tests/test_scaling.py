"""Quantile scaling, the choice between it and the standard one, and both inside an export."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mlpnas import MLPNASRegressor
from mlpnas.core.errors import InputError
from mlpnas.data.encoding import clean_rows
from mlpnas.data.network import Network
from mlpnas.data.quantiles import Quantiles
from mlpnas.data.table import from_frame, read_table
from mlpnas.final.export import as_inputs, raw_model
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace

SMALL = {
    "ensemble": 0,
    "max_trials": 1,
    "epochs": 2,
    "refit_epochs": 30,
    "strategy": "random",
    "one_shot": False,
    "search_space": {"widths": (16,), "max_layers": 2, "dropout": None},
    "random_state": 0,
}


def test_values_become_the_normal_scores_of_their_ranks():
    # 65 knots in 129 rows: 0, 2, 4, ..., 128, of ranks 0, 1/64, ..., 1.
    fitted = Quantiles().fit(np.arange(129.0)[:, None])
    scores = fitted.transform(np.array([[64.0], [96.0], [97.0], [0.0], [-5.0], [128.0]]))[:, 0]
    quarter, next_to_it = norm.ppf(0.75), norm.ppf(49 / 64)
    half_a_row = norm.ppf(0.5 / 129)
    expected = [0, quarter, (quarter + next_to_it) / 2, half_a_row, half_a_row, -half_a_row]
    np.testing.assert_allclose(scores, expected, atol=1e-12)


def test_equal_values_share_the_mean_of_their_ranks():
    # Three quarters of the rows are 0: the 48 inner knots there, and the least, have a mean
    # rank of about 3/8; all others are 1, with a mean rank of about 7/8.
    column = np.repeat([0.0, 1.0], [300, 100])[:, None]
    low, high = Quantiles().fit(column).transform(np.array([[0.0], [1.0]]))[:, 0]
    assert low == pytest.approx(norm.ppf(3 / 8), abs=0.03)
    assert high == pytest.approx(norm.ppf(7 / 8), abs=0.06)


def test_order_is_kept_and_long_tails_shrink(property_seed):
    rng = np.random.default_rng(property_seed)
    x = np.exp(4 * rng.normal(size=(500, 3)))
    bent = Quantiles().fit(x).transform(x)
    for raw, scores in zip(x.T, bent.T, strict=True):
        assert (np.diff(scores[np.argsort(raw)]) >= 0).all()
    assert np.abs(bent).max() <= norm.ppf(1 - 0.5 / 500)


def test_ramps_are_the_same_lines_in_plain_arithmetic(property_seed):
    rng = np.random.default_rng(property_seed)
    x = np.c_[rng.normal(size=200), np.zeros(200), rng.integers(0, 3, 200)].astype(np.float32)
    fitted = Quantiles().fit(x)
    least, start, width, rise = fitted.ramps()
    new = x + rng.normal(size=x.shape).astype(np.float32)
    sums = least + (rise * np.clip((new[:, :, None] - start) / width, 0, 1)).sum(axis=-1)
    np.testing.assert_allclose(sums, fitted.transform(new), atol=1e-5)


def salaries(rows: int = 400) -> pd.DataFrame:
    """A target that follows the logarithm of a column with a very long tail."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=rows)
    staff = np.where(rng.random(rows) < 0.1, np.nan, np.exp(4 * size))
    town = rng.choice(["Genova", "Köln", None], rows)
    return pd.DataFrame(
        {"staff": staff, "town": town, "wage": size + 0.1 * rng.normal(size=rows)}
    )


def test_an_export_bends_as_the_encoding_does(tmp_path):
    frame = salaries()
    table = from_frame(frame, "wage", scaling="quantile")
    space = MLPSpace(table.task.head)
    network = MLPGenerator(space).build(space.parse("(64, 'relu'), (1, 'linear')"), table.task)
    raw_model(network, table).save(tmp_path / "raw.keras")
    loaded = keras.saving.load_model(tmp_path / "raw.keras")
    new = frame.assign(staff=frame["staff"].mask(frame.index < 20, 1e30))
    got = loaded(as_inputs(clean_rows(new, table.columns), table.columns))
    want = Network(network, table).predict(table.encode(new))
    np.testing.assert_allclose(got[:, 0], want, atol=1e-5)


def test_auto_takes_what_validates_better_and_says_so():
    table = from_frame(salaries(), "wage", scaling="auto")
    assert any(note.startswith("Scaling: quantile") for note in table.notes)
    plain = salaries().assign(staff=np.random.default_rng(1).normal(size=400))
    frame = plain.assign(wage=3 * plain["staff"])
    assert any(
        "Scaling: standard" in note for note in from_frame(frame, "wage", scaling="auto").notes
    )
    # Without numbers there is nothing to compare.
    towns = from_frame(salaries()[["town", "wage"]], "wage", scaling="auto")
    assert not any("Scaling" in note for note in towns.notes)


def test_an_estimator_scales_as_asked():
    frame = salaries(120)
    X, y = frame[["staff", "town"]], frame["wage"]
    standard, quantile = (
        MLPNASRegressor(**SMALL, scaling=way).fit(X, y).score(X, y)
        for way in ("standard", "auto")
    )
    assert quantile > standard + 0.1
    with pytest.raises(ValueError, match="scaling is 'minmax'"):
        MLPNASRegressor(**SMALL, scaling="minmax").fit(X, y)


def test_arrays_are_not_bent(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=np.ones((60, 3)), y_train=np.arange(60) % 3)
    with pytest.raises(InputError, match="--scaling quantile is for columns"):
        read_table(tmp_path / "a.npz", scaling="quantile")
