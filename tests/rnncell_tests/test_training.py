"""Networks around cells: baselines of equal size, and training with carried states."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from recurrent import SPACE, cells, text_task

from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer, set_weights
from rnncell.data.text import windows
from rnncell.generator.networks import BASELINES, CellGenerator, baseline, sized, tree_cell
from rnncell.published import NAS
from rnncell.recipes import Network, Regularization, Reward, TextRecipe
from rnncell.trainer.text_trainer import TextTrainer, compile_model, perplexity

RECIPE = TextRecipe(epochs=2, batch=3, steps=5, learning_rate=0.01)


def generator(units=6, batch=3, **regularization) -> CellGenerator:
    return CellGenerator(SPACE, Network(units, Regularization(**regularization)), batch)


def rhythm() -> Task:
    """0 0 1 1 0 0 1 1 ...: certain for who remembers two tokens; who remembers one has a
    perplexity of 2."""
    ids = np.tile(np.array([0, 0, 1, 1], np.int32), 100)
    fold = Fold(ids[:-1], ids[1:])
    return Task("rhythm", "multiclass", fold, fold, fold, classes=("0", "1"))


slow = pytest.mark.slow


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "lstm",
        "tanh, relu(0), tanh(1)",
        pytest.param("gru", marks=slow),
        pytest.param(NAS, marks=slow, id="nas"),
    ],
)
def test_every_cell_learns_a_text_that_can_be_foretold(name):
    recipe = TextRecipe(epochs=6, batch=3, steps=5, learning_rate=0.03)
    made = generator(12)
    if name in BASELINES:
        made = made.baseline()
    elif ";" in name:
        made = CellGenerator(SPACE, made.network, made.batch, tree_cell)
    trainer = TextTrainer(rhythm(), made, recipe, Reward(c=1.0))
    outcome = trainer.train(Job(baseline(name), seed=0))
    assert outcome.reason is None
    assert outcome.curve[-1] < 1.5
    assert outcome.score == 1 / min(outcome.curve)


@pytest.mark.slow
def test_equal_jobs_have_equal_outcomes():
    trainer = TextTrainer(text_task(), generator(input=0.2), RECIPE)
    [architecture] = cells(1)
    one, same = (trainer.train(Job(architecture, seed=1)) for _ in range(2))
    assert one.curve == same.curve
    np.testing.assert_array_equal(one.weights["embedding"][0], same.weights["embedding"][0])


def test_a_diverging_training_is_a_failure_with_its_reason():
    recipe = TextRecipe(
        epochs=2, batch=3, steps=5, optimizer="sgd", learning_rate=1e30, clip=1e30
    )
    outcome = TextTrainer(text_task(), generator(), recipe).train(Job(cells(1)[0], 0))
    assert "diverged" in outcome.reason
    assert outcome.score is None


def test_perplexity_is_that_of_reading_the_text_in_one_go():
    task, gen = text_task(n=31), generator(batch=1)
    [architecture] = cells(1)
    model = gen.build(architecture, task, seed=1)
    recipe = TextRecipe(batch=1, steps=4)
    compile_model(model, recipe, 1)
    # A free model reads the whole text at once; the mean is over all tokens.
    free = CellGenerator(SPACE, gen.network).build(architecture, task, seed=1)
    logits = free.predict(task.test.x[None], verbose=0)[0].astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    nats = -log_p[np.arange(len(task.test)), task.test.y].mean()
    for _ in range(2):  # states of the first reading must not leak into the second
        assert perplexity(model, task.test, recipe) == pytest.approx(np.exp(nats), rel=1e-4)


def test_the_input_matrix_is_the_output_matrix():
    model = generator(6).build(cells(1)[0], text_task())
    shapes = [tuple(w.shape) for w in model.trainable_weights]
    assert shapes.count((7, 6)) == 1
    assert len(shapes) == 1 + SPACE.nodes


def test_slowness_and_decay_enter_the_loss_and_not_the_perplexity():
    task, [architecture] = text_task(), cells(1)
    batch = [part[0] for part in windows(task.train, 3, 5)]
    found = []
    for options in ({}, {"l2": 0.5}, {"slowness": 10.0}):
        model = generator(**options).build(architecture, task, seed=1)
        compile_model(model, RECIPE, 1)
        found.append(model.test_on_batch(*batch, return_dict=True))
    assert found[1]["loss"] > found[0]["loss"] + 0.1
    assert found[2]["loss"] > found[0]["loss"] + 1e-3
    assert found[0]["nats"] == found[1]["nats"] == found[2]["nats"]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_as_large_as_what_was_found(name):
    task = text_task(tokens=50)
    gen = generator(24)
    target = gen.parameters(cells(1)[0], task)
    same = sized(gen, name, task, target)
    assert same.parameters(baseline(name), task) == pytest.approx(target, rel=0.05)


def test_the_reward_of_a_perplexity():
    assert Reward()(160.0) == 0.5  # 80 / 160
    assert Reward(exponent=2.0)(160.0) == 0.25
    assert Reward()(2.0) == 40.0
    assert Reward.of(10_000) == Reward()
    assert Reward.of(100)(4.0) == 0.2  # 0.8 / 4


def test_better_perplexities_are_rewarded_more_where_published_cells_lie_too():
    # Test perplexities of Penn Treebank's 10,000 words in the papers of ENAS, DARTS and NAS.
    perplexities = [1.0, 55.7, 55.8, 56.3, 62.4, 64.0, 79.9, 80.0, 80.1, 1e300]
    for reward in (Reward.of(10_000), Reward.of(10_000, 2.0), Reward.of(3000)):
        rewards = [reward(perplexity) for perplexity in perplexities]
        assert all(better > worse for better, worse in pairwise(rewards))
    assert Reward.of(10_000)(55.8) == pytest.approx(80 / 55.8)


@slow
def test_masked_sequences_are_classified_and_the_filling_is_not_read(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8, 2)).astype(np.float32)
    lengths = rng.integers(2, 9, 60)
    y = (x[np.arange(60), lengths - 1, 0] > 0).astype(np.int32)  # the last real step tells
    real = np.arange(8) < lengths[:, None]
    x = np.concatenate([x * real[..., None], real[..., None]], axis=-1).astype(np.float32)
    fold = Fold(x, y)
    task = Task("signs", "binary", fold, fold, fold, classes=("no", "yes"))
    gen = generator(8, batch=None)
    outcome = KerasTrainer(task, gen, Recipe(25, None, 20, 0.03)).train(Job(cells(1)[0], 0))
    assert max(outcome.curve) > 0.9
    model = gen.build(cells(1)[0], task)
    set_weights(model, outcome.weights)
    shorter = model.predict(x[:1, : lengths[0]], verbose=0)
    np.testing.assert_allclose(model.predict(x[:1], verbose=0), shorter, atol=1e-6)
    model.save(tmp_path / "best.keras")
    again = keras.models.load_model(tmp_path / "best.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
