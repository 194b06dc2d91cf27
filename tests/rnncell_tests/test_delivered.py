"""The file is the scored network: of texts and of sequences in any unit."""

from types import SimpleNamespace

import numpy as np
import pytest
from recurrent import SPACE, cells, text_task

from mlpnas.core.errors import InputError
from mlpnas.core.run.delivery import Probe, deliver
from mlpnas.core.trainer.base import Outcome
from mlpnas.core.trainer.keras_trainer import get_weights
from rnncell import load_model
from rnncell.data.sequences import read_sequences
from rnncell.data.text import Text
from rnncell.final import retrain as final
from rnncell.final.export import raw_model
from rnncell.generator.networks import CellGenerator
from rnncell.recipes import Network, TextRecipe

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


def test_features_that_float32_does_not_show_are_told(sequences):
    assert "Warning" not in " ".join(sequences(np.ones(3)).notes)
    told = sequences(np.ones(3), np.array([0, 1e9, 1e9])).notes[-1]
    assert told.startswith("Warning: feature 1 lies between 99999999")


def test_sequences_of_all_scales(sequences, tmp_path):
    scale = [1e-30, 0.0, 1e30]
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


@pytest.fixture
def retrained(sequences, tmp_path, monkeypatch):
    """`retrained("text")` retrains the found cell, without training, and saves it."""

    def retrain(kind):
        text = Text(text_task(), ()) if kind == "text" else sequences(np.ones(3), 1e6)
        recipe = TextRecipe(batch=3, steps=5)
        generator = CellGenerator(SPACE, Network(6), recipe.batch)
        weights = get_weights(generator.build(CELL, text.task, seed=1))
        outcome = Outcome((9.0,), weights=weights)
        plan = final.Plan(CELL, generator, recipe)
        monkeypatch.setattr(final, "plans", lambda run, cells: {"found": plan})
        folder = SimpleNamespace(model=tmp_path / "best.keras")
        run = SimpleNamespace(
            data=text, folder=folder, train_at_length=lambda plans: (plans, {"found": outcome})
        )
        return final.retrain(run, {}, lambda step: None)

    return retrain


@pytest.mark.parametrize("kind", ["text", "sequences"])
def test_what_is_retrained_is_saved_as_it_was_scored(kind, retrained):
    results, path = retrained(kind)
    assert len(results) == 1
    assert len(load_model(path).inputs) == (1 if kind == "text" else 2)


def test_another_network_is_not_written(retrained, tmp_path, monkeypatch):
    def other(network, text):
        network.set_weights([-w for w in network.get_weights()])
        return raw_model(network, text)

    monkeypatch.setattr(final, "raw_model", other)
    with pytest.raises(InputError, match="is not the network that was scored"):
        retrained("text")
    assert not (tmp_path / "best.keras").exists()
