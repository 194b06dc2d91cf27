"""The average of networks that learned from different folds, and it in use."""

import keras
import numpy as np
import pandas as pd
import pytest

from mlpnas import MLPNASClassifier
from mlpnas.core.errors import InputError
from mlpnas.core.trainer.base import Outcome, Recipe
from mlpnas.data.encoding import clean_rows
from mlpnas.final.cross_validation import fold_jobs
from mlpnas.final.ensemble import average, combine, train_ensemble
from mlpnas.final.export import as_inputs, raw_model
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer

SMALL = {
    "max_trials": 4,
    "epochs": 3,
    "refit_epochs": 20,
    "strategy": "random",
    "one_shot": False,
    "search_space": {"widths": (16,), "max_layers": 3, "dropout": None},
    "random_state": 0,
}
RECIPE = Recipe(epochs=3, patience=None, best="metric")


def parts_of(task, encodings=()):
    space = MLPSpace(task.head, widths=(8,), activations=("relu",), encodings=encodings)
    first = "('ple', 16), " if encodings else ""
    return MLPGenerator(space), space.parse(f"{first}(8, 'relu'), {space.head}")


def test_the_model_averages_and_can_be_saved(tiny_task, tmp_path):
    generator, architecture = parts_of(tiny_task)
    models = [generator.build(architecture, tiny_task, seed) for seed in (3, 8, 9)]
    average(models).save(tmp_path / "mean.keras")
    x = tiny_task.test.x
    want = sum(np.asarray(model(x)) for model in models) / 3
    np.testing.assert_allclose(keras.saving.load_model(tmp_path / "mean.keras")(x), want, 1e-5)


def test_every_network_learns_from_other_rows_and_starts_elsewhere(tiny_binary):
    _, architecture = parts_of(tiny_binary)
    jobs = fold_jobs(architecture, 4, seed=7, recipe=RECIPE)
    assert [job.part for job in jobs] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert len({job.seed for job in jobs}) == 4
    assert [job.seed for job in jobs] == [
        job.seed for job in fold_jobs(architecture, 4, 7, RECIPE)
    ]


@pytest.mark.parametrize("encodings", [(), ("ple",)])
def test_its_score_is_the_mean_on_rows_that_no_member_learned_from(tiny_binary, encodings):
    generator, architecture = parts_of(tiny_binary, encodings)
    trainer, told = MLPTrainer(tiny_binary, generator, RECIPE), []
    made = train_ensemble(
        generator, tiny_binary, architecture, 3, 0, RECIPE,
        lambda jobs: map(trainer.train, jobs), told.append,
    )  # fmt: skip
    assert told[0] == "training network 1 of 3 for the average"
    members = [layer for layer in made.model.layers if isinstance(layer, keras.Model)]
    parts = [tiny_binary.part(i, 3).valid for i in range(3)]
    scores = [
        tiny_binary.score(part.y, np.asarray(member(part.x)))
        for member, part in zip(members, parts, strict=True)
    ]
    assert made.score == pytest.approx(np.mean(scores))
    assert made.size == 3


def test_one_that_fails_leaves_the_single_network(tiny_binary, caplog):
    generator, architecture = parts_of(tiny_binary)
    failed = Outcome(reason="diverged")
    assert combine(generator, tiny_binary, architecture, [failed] * 2, RECIPE) is None
    assert "one of them failed: diverged" in caplog.text


@pytest.mark.slow
def test_an_estimator_predicts_with_the_average_and_exports_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    label = np.where(frame["a"] + rng.normal(size=200) > 0, "yes", "no")
    many = MLPNASClassifier(**SMALL, ensemble=3).fit(frame, label)
    chances = many.predict_proba(frame)
    single = many.best_model_(many._table.encode(frame)).numpy()[:, 0]
    assert np.abs(chances[:, 1] - single).max() > 1e-3
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    loaded = keras.saving.load_model(many.export(tmp_path / "m.keras"))
    table, columns = many._table, many._table.columns
    got = loaded(as_inputs(clean_rows(frame, columns), columns))
    np.testing.assert_allclose(got, chances, atol=1e-5)
    # What an export of the single winner would have given.
    other = raw_model(many.best_model_, table)
    monkeypatch.setattr("mlpnas.final.export.raw_model", lambda *_: other)
    with pytest.raises(InputError, match="is not the network that was scored"):
        many.export(tmp_path / "other.keras")
    assert not (tmp_path / "other.keras").exists()


@pytest.mark.parametrize("size", [-1, 1, 2.5])
def test_sizes_that_make_no_average_are_refused(size):
    with pytest.raises(ValueError, match=f"ensemble is {size}; expected 0, or 2 or more"):
        MLPNASClassifier(**SMALL, ensemble=size).fit(np.zeros((20, 2)), [0, 1] * 10)
