"""Scaled digits: what a single wide layer reaches, far above what unscaled pixels allowed."""

import pytest

from mlpnas import MLPGenerator, MLPSpace, MLPTrainer, Recipe, read_table
from mlpnas.core.trainer.base import Job


@pytest.mark.slow
def test_one_layer_of_512_sigmoids_exceeds_0_95_on_mnist_in_ten_epochs(shared_data):
    task = read_table(shared_data("mnist.npz")).task
    space = MLPSpace(task.head)
    trainer = MLPTrainer(task, MLPGenerator(space), Recipe(epochs=10))
    outcome = trainer.train(Job(space.parse("(512, 'sigmoid'), (10, 'softmax')"), seed=0))
    print(f"validation accuracy per epoch {outcome.curve}, {outcome.seconds:.0f} s")
    assert max(outcome.curve) > 0.95
