"""A file is the scored network, or it is not written."""

import keras
import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.run.delivery import TOLERANCE, Probe, check, deliver, standardised

ROWS = np.arange(6.0, dtype=np.float32)[:, None]


def twice(layer=None) -> keras.Model:
    """A model that gives two times its input."""
    rows = keras.Input((1,), name="rows")
    x = rows if layer is None else layer(rows)
    return keras.Model(rows, x * 2)


@keras.saving.register_keras_serializable("ours")
class Ours(keras.layers.Layer):
    def call(self, x):
        return x


def test_what_has_passed_is_on_the_disk(tmp_path):
    path = deliver(twice(), tmp_path / "m.keras", Probe(ROWS, 2 * ROWS))
    np.testing.assert_array_equal(
        keras.saving.load_model(path).predict(ROWS, verbose=0), 2 * ROWS
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.keras"]


def test_another_network_is_refused_with_row_and_difference_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    scored = 2 * ROWS
    scored[4] = 3.0
    with pytest.raises(
        InputError,
        match=r"m.keras is not the network .* row 4 it gives 8, the scored network 3, and 1 of",
    ):
        deliver(twice(), path, Probe(ROWS, scored))
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize("unit", [1.0, 1e-30, np.array([1e30])])
def test_the_tolerance_is_a_thousandth_of_the_unit(unit, tmp_path):
    for share in (0.9, -0.9):
        check(twice(), Probe(ROWS * 0, ROWS * 0 + share * TOLERANCE * unit, unit), tmp_path)
    with pytest.raises(InputError, match=r"within 0\.001"):
        check(twice(), Probe(ROWS * 0, ROWS * 0 + 1.1 * TOLERANCE * unit, unit), tmp_path)


@pytest.mark.parametrize("what", ["file", "network", "both"])
def test_nan_is_a_difference(what, tmp_path):
    rows, scored = ROWS.copy(), 2 * ROWS
    rows[2] = np.nan if what != "network" else rows[2]
    scored[2] = np.nan if what != "file" else scored[2]
    with pytest.raises(InputError, match="validation row 2 it gives"):
        check(twice(), Probe(rows, scored), tmp_path)


def test_answers_of_another_shape_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"shape \(6, 1\) .* expected \(6, 2\)"):
        check(twice(), Probe(ROWS, np.zeros((6, 2))), tmp_path)


def test_a_layer_that_the_user_does_not_have_is_found(tmp_path):
    model, probe = twice(Ours()), Probe(ROWS, 2 * ROWS)
    assert deliver(model, tmp_path / "known.keras", probe).exists()
    with pytest.raises(InputError, match=r"m.keras could not be loaded again .*'Ours'"):
        deliver(model, tmp_path / "m.keras", probe, without="ours")
    assert not (tmp_path / "m.keras").exists()
    assert keras.saving.get_registered_object("ours>Ours") is Ours


def test_scales_that_keras_clamps_are_kept():
    mean, deviation = np.array([1e9, -1e-30, 1e30, 0]), np.array([64, 1e-30, 1e30, 1e-37])
    rows = keras.Input((4,))
    model = keras.Model(rows, standardised(rows, mean, deviation))
    z = np.array([[-1.0, 0, 1, 2], [3, -4, 0.5, 5], [0, 0, 0, 0]])
    got = model.predict((mean + z * deviation).astype(np.float32), verbose=0)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, z, rtol=1e-5, atol=1e-5)
