"""The file is the scored network: of texts and of sequences in any unit."""

from types import SimpleNamespace

import numpy as np
import pytest
from recurrent import SPACE, cells, text_task

from mlpnas.core.delivery import Probe, deliver
from rnncell import load_model
from rnncell.export import raw_model
from rnncell.final import _probe
from rnncell.networks import CellGenerator
from rnncell.recipes import Network, TextRecipe
from rnncell.sequences import read_sequences
from rnncell.text import Text

[CELL] = cells(1)


def classify(text: Text):
    return CellGenerator(SPACE, Network(5)).build(CELL, text.task, seed=1)


@pytest.fixture
def sequences(tmp_path):
    """`sequences(scale)` reads sequences of unequal length, filled up with nonsense."""

    def read(scale, offset=0.0) -> Text:
        rng = np.random.default_rng(0)
        arrays = {}
        for part in ("train", "test"):
            length = rng.integers(2, 7, 40)
            x = offset + rng.normal(size=(40, 6, 3)) * scale
            x[np.arange(6) >= length[:, None]] = -777
            arrays |= {f"x_{part}": x, f"y_{part}": np.arange(40) % 2, f"len_{part}": length}
        np.savez(tmp_path / "a.npz", **arrays)
        return read_sequences(tmp_path / "a.npz")

    return read


@pytest.mark.parametrize("scale", [[1e-30, 1, 1e30], [1e-9, 0, 1e9]], ids=str)
def test_sequences_of_all_scales(scale, sequences, tmp_path):
    text = sequences(np.array(scale))
    spread = text.task.train.x[text.task.train.x[..., -1] == 1][:, :-1].std(axis=0)
    np.testing.assert_allclose(spread, np.sign(scale), atol=1e-3)
    network = classify(text)
    scored = network.predict(text.task.valid.x, verbose=0)
    rows = {"steps": text.raw.steps, "length": text.raw.length}
    deliver(raw_model(network, text), tmp_path / "m.keras", Probe(rows, scored))
    # Steps that fill up are not read, and need not be there.
    free, first = load_model(tmp_path / "m.keras"), int(text.raw.length[0])
    short = {"steps": text.raw.steps[:1, :first], "length": text.raw.length[:1]}
    np.testing.assert_allclose(free.predict(short, verbose=0), scored[:1], atol=1e-5)


def test_a_language_model_of_any_batch_is_the_one_with_carried_states(tmp_path):
    task, recipe = text_task(), TextRecipe(batch=3, steps=5)
    scored, free = (
        CellGenerator(SPACE, Network(6), batch).build(CELL, task, seed=1) for batch in (3, None)
    )
    run = SimpleNamespace(text=Text(task, ()))
    scored(np.ones((3, 5), np.int32))  # leaves states behind
    probe = _probe(run, recipe, scored)
    assert deliver(raw_model(free, run.text), tmp_path / "m.keras", probe).exists()
