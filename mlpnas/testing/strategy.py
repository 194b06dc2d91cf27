"""What every strategy promises, however it chooses.

Nothing is trained: scores are a function of the tokens. Each promise follows one strategy for
some rounds, since making one may compile a controller.
"""

from collections.abc import Callable

import numpy as np

from mlpnas.core.errors import ExhaustedError
from mlpnas.core.search import search
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.trial import History
from mlpnas.space import MLPSpace
from mlpnas.testing.fakes import FakeEvaluator, Score, token_score, trials_of
from mlpnas.testing.promises import refused, require, require_equal_states, saved

Make = Callable[[SearchSpace, int], Strategy]

ROOMY = MLPSpace((3, "softmax"), max_layers=3)  # 28 * (1 + 29) = 840 members
SMALL = MLPSpace((3, "softmax"), widths=(8, 16), activations=("relu", "tanh"), max_layers=3)


def rounds(
    strategy: Strategy, n: int, per_round: int = 5, score: Score = token_score
) -> list[Architecture]:
    """What the strategy proposes in n rounds."""
    proposed: list[Architecture] = []
    for _ in range(n):
        batch = strategy.ask(per_round)
        strategy.tell(trials_of(batch, score))
        proposed += batch
    return proposed


def _require_distinct(proposed: list[Architecture]) -> None:
    twice = {str(a) for a in proposed if proposed.count(a) > 1}
    require(not twice, f"ask gave {sorted(twice)} more than once in one search")


# --- in a space with room ---------------------------------------------------------------


def it_proposes_at_most_what_is_wanted_all_members_none_twice(
    make: Make, space: SearchSpace
) -> None:
    strategy, proposed = make(space, 0), []
    for n in (1, 5, 12, 16, 2):
        batch = strategy.ask(n)
        count = len(batch)
        require(1 <= count <= n, f"ask({n}) gave {count} architectures; expected 1 to {n}")
        for architecture in batch:
            space.check(architecture)
        proposed += batch
        strategy.tell(trials_of(batch))
    _require_distinct(proposed)


def it_never_proposes_an_equivalent_form(make: Make, space: SearchSpace) -> None:
    forms: dict[Architecture, Architecture] = {}
    for architecture in rounds(make(space, 0), 3):
        space.check(architecture)
        other = forms.setdefault(space.canonical(architecture), architecture)
        require(other is architecture, f"{architecture} was proposed after its equal {other}")


def equal_seeds_propose_alike_whether_or_not_samples_are_drawn(
    make: Make, space: SearchSpace
) -> None:
    undisturbed = rounds(make(space, 0), 4)
    strategy, proposed = make(space, 0), []
    for _ in range(4):
        require(strategy.sample(3) == strategy.sample(3), "two equal calls of sample differ")
        batch = strategy.ask(5)
        for architecture in strategy.sample(7):
            space.check(architecture)
        strategy.tell(trials_of(batch))
        proposed += batch
    require(proposed == undisturbed, "equal seeds propose otherwise after calls of sample")


def another_seed_proposes_others(make: Make, space: SearchSpace) -> None:
    batch = make(space, 0).ask(5)
    require(batch != make(space, 1).ask(5), f"the seeds 0 and 1 both propose {batch}")


def a_restored_strategy_continues_to_the_bit(make: Make, space: SearchSpace) -> None:
    straight = make(space, 0)
    rounds(straight, 3)
    resumed = make(space, 0)
    resumed.restore(saved(straight.state()))
    for _ in range(3):
        here, there = straight.ask(5), resumed.ask(5)
        require(here == there, f"after restore ask gave {there}; expected {here}")
        expected = [straight.predict(a) for a in here]
        found = [resumed.predict(a) for a in there]
        require(expected == found, f"after restore predict gave {found}; expected {expected}")
        straight.tell(trials_of(here))
        resumed.tell(trials_of(there))
    require_equal_states(resumed.state(), straight.state(), "three rounds after restore")


def failures_equal_scores_and_empty_rounds_poison_nothing(
    make: Make, space: SearchSpace
) -> None:
    strategy = make(space, 0)
    blank = _not_finite(strategy)  # NaN may stand for "none yet"
    proposed = rounds(strategy, 1, score=lambda architecture: None)
    strategy.tell([])  # before any score is known
    proposed += rounds(strategy, 2, score=lambda architecture: 0.5)
    proposed += rounds(strategy, 2, score=lambda a: None if a.tokens[0] % 2 else token_score(a))
    proposed += strategy.ask(5)
    strategy.tell([])  # a round that was cut short before its first trial
    proposed += rounds(strategy, 1)
    _require_distinct(proposed)
    poisoned = _not_finite(strategy) - blank
    require(not poisoned, f"after failures the arrays {sorted(poisoned)} are not finite")
    for architecture in proposed[-5:]:
        expected = strategy.predict(architecture)
        sound = expected is None or np.isfinite(expected)
        require(sound, f"after failures predict({architecture}) is {expected}")


def _not_finite(strategy: Strategy) -> set[str]:
    arrays = {name: np.asarray(array) for name, array in strategy.state().items()}
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "fiu"}
    return {name for name, array in numbers.items() if not np.isfinite(array).all()}


def it_may_be_asked_before_it_is_told_and_told_in_another_order(
    make: Make, space: SearchSpace
) -> None:
    strategy, waiting, proposed = make(space, 0), [], []
    rng = np.random.default_rng(0)
    for i in range(24):
        waiting += strategy.ask(1)
        proposed.append(waiting[-1])
        if i % 4 == 3:  # three of those under way have finished, whoever began first
            done = [waiting.pop(rng.integers(len(waiting))) for _ in range(3)]
            strategy.tell(trials_of(done))
    _require_distinct(proposed)
    for architecture in strategy.ask(5):
        space.check(architecture)


PROMISES: tuple[Callable[[Make, SearchSpace], None], ...] = (
    it_proposes_at_most_what_is_wanted_all_members_none_twice,
    it_never_proposes_an_equivalent_form,
    equal_seeds_propose_alike_whether_or_not_samples_are_drawn,
    another_seed_proposes_others,
    a_restored_strategy_continues_to_the_bit,
    failures_equal_scores_and_empty_rounds_poison_nothing,
    it_may_be_asked_before_it_is_told_and_told_in_another_order,
)


def it_proposes_exactly_what_is_wanted(make: Make, space: SearchSpace) -> None:
    strategy = make(space, 0)
    for n in (1, 5, 30):
        batch = strategy.ask(n)
        require(len(batch) == n, f"ask({n}) gave {len(batch)} architectures; expected {n}")
        strategy.tell(trials_of(batch))


UNSTAGED = (it_proposes_exactly_what_is_wanted,)


# --- in a space that is soon exhausted --------------------------------------------------


def an_exhausted_space_says_how_many_are_left_and_gives_them(
    make: Make, space: SearchSpace
) -> None:
    forms = {space.canonical(architecture) for architecture in space}
    strategy = make(space, 0)
    proposed: list[Architecture] = []
    while (missing := len(forms) - 4 - len(proposed)) > 0:
        proposed += rounds(strategy, 1, per_round=missing)
    with refused(ExhaustedError, "ask(10) where 4 are left") as caught:
        strategy.ask(10)
    left = getattr(caught[0], "left", None)
    require(left == 4, f"ExhaustedError says that {left} are left; expected 4")
    last = strategy.ask(4)
    strategy.tell(trials_of(last))
    tried = {space.canonical(architecture) for architecture in (*proposed, *last)}
    require(tried == forms, f"{len(forms - tried)} architectures were never proposed")
    with refused(ExhaustedError, "ask(1) where none is left", "0 are left"):
        strategy.ask(1)


def a_search_ends_when_every_architecture_was_tried(make: Make, space: SearchSpace) -> None:
    forms = {space.canonical(architecture) for architecture in space}
    history = search(
        make(space, 0), FakeEvaluator(), History(), trials=4 * len(forms), per_round=7
    )
    tried = {space.canonical(trial.architecture) for trial in history.trials}
    require(tried == forms, f"the search ended after {len(tried)} of {len(forms)} networks")


EXHAUSTING: tuple[Callable[[Make, SearchSpace], None], ...] = (
    an_exhausted_space_says_how_many_are_left_and_gives_them,
    a_search_ends_when_every_architecture_was_tried,
)


def check_strategy(
    make: Make, space: SearchSpace = ROOMY, small: SearchSpace = SMALL, staged: bool = False
) -> None:
    """Hold a strategy to its contract.

    Args:
        make: makes it from a space and a seed; a class may do.
        space: where it is followed for some rounds, of 100 architectures or more.
        small: one that is exhausted, of 10 to some dozens.
        staged: whether it may propose fewer than it is asked for, at the end of a stage.

    Raises:
        ContractError: at the first promise that is broken.

    Examples:
        >>> from mlpnas import RegularizedEvolution
        >>> from mlpnas.testing import check_strategy
        >>> check_strategy(RegularizedEvolution)
    """
    for promise in PROMISES + (() if staged else UNSTAGED):
        promise(make, space)
    for promise in EXHAUSTING:
        promise(make, small)
