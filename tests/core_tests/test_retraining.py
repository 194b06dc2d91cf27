"""What diverges when it is trained at length is begun again, once."""

import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.trainer.base import Outcome, Recipe
from mlpnas.core.trainer.retraining import persistent, slower


class FakeTraining:
    """Diverges for some learning rates; notes what it was asked for."""

    def __init__(self, diverges):
        self.rates, self._diverges = [], diverges

    def __call__(self, planned):
        self.rates.append({name: recipe.learning_rate for name, recipe in planned.items()})
        return {name: self._outcome(recipe) for name, recipe in planned.items()}

    def _outcome(self, recipe):
        lost = self._diverges(recipe.learning_rate)
        return Outcome(curve=(1.0,), reason="NaN" if lost else None)


RATES = {"a": 0.4, "b": 0.8, "c": 0.1}
PLANNED = {name: Recipe(learning_rate=rate) for name, rate in RATES.items()}


def test_what_diverges_is_begun_again_at_a_quarter_of_its_rate_and_the_rest_is_not():
    train = FakeTraining(lambda rate: rate > 0.5)
    followed, outcomes = persistent(train, PLANNED, slower)
    assert train.rates == [RATES, {"b": 0.2}]
    assert list(followed) == list(outcomes) == ["a", "b", "c"]
    assert [recipe.learning_rate for recipe in followed.values()] == [0.4, 0.2, 0.1]
    assert not any(outcome.reason for outcome in outcomes.values())


def test_what_ends_well_is_trained_once():
    train = FakeTraining(lambda rate: False)
    assert persistent(train, PLANNED, slower)[0] == PLANNED
    assert len(train.rates) == 1


def test_what_diverges_twice_is_named():
    with pytest.raises(InputError, match=r"network b could not be retrained.*NaN"):
        persistent(FakeTraining(lambda rate: rate in (0.8, 0.2)), PLANNED, slower)
