"""What every evaluator promises to the loop, whether it trains, looks up or shares weights."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trial import Evaluation, Trial
from mlpnas.testing.promises import require, saved


@dataclass(frozen=True)
class EvaluatorCase:
    """An evaluator, and what it is asked about.

    Attributes:
        make: makes it, every time with the same arguments and nothing evaluated yet.
        space: whose architectures it evaluates.
        failing: some that are known to fail: they diverge, crash or are not in a table.
        others: make the same evaluator otherwise, for instance with another executor.
        strategy: makes what `begin_round` is given, from the space.

    Examples:
        >>> from mlpnas import TabularEvaluator, load_mlp
        >>> from mlpnas.testing import EvaluatorCase, check_evaluator
        >>> table = load_mlp("digits")
        >>> check_evaluator(EvaluatorCase(lambda: TabularEvaluator(table), table.space))
    """

    make: Callable[[], Evaluator]
    space: SearchSpace
    failing: Sequence[Architecture] = ()
    others: Sequence[Callable[[], Evaluator]] = ()
    strategy: Callable[[SearchSpace], Strategy] = RandomStrategy

    def sound(self, n: int = 4, seed: int = 0) -> list[Architecture]:
        """n draws from the space that are not known to fail."""
        rng = np.random.default_rng(seed)
        drawn: list[Architecture] = []
        while len(drawn) < n:
            architecture = self.space.sample_walk(rng)
            if architecture not in self.failing:
                drawn.append(architecture)
        return drawn

    def round(
        self, evaluator: Evaluator, architectures: Sequence[Architecture], first_id: int = 0
    ) -> list[Evaluation]:
        """The evaluations of one round, without the seconds that they took."""
        evaluator.begin_round(self.strategy(self.space))
        evaluations = list(evaluator.evaluate(architectures, first_id))
        evaluator.end_round()
        return _timeless(evaluations)


def _timeless(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    return [replace(evaluation, seconds=0.0) for evaluation in evaluations]


def an_evaluation_comes_for_every_architecture_in_order(case: EvaluatorCase) -> None:
    architectures = case.sound()
    evaluations = case.round(case.make(), architectures)
    found = [str(evaluation.architecture) for evaluation in evaluations]
    expected = [str(architecture) for architecture in architectures]
    require(found == expected, f"evaluations of {found}; expected {expected}")
    failed = [e.reason for e in evaluations if e.reason is not None]
    require(not failed, f"architectures that are not known to fail did: {failed}")


def a_failure_has_its_reason_and_stops_no_other(case: EvaluatorCase) -> None:
    for failing in case.failing:
        before, after = case.sound(2)
        evaluations = case.round(case.make(), [before, failing, after])
        require(len(evaluations) == 3, f"{len(evaluations)} evaluations of 3 with a failure")
        [first, failed, last] = evaluations
        require(failed.reason, f"{failing} has no reason; expected why it failed")
        require(failed.score is None, f"{failing} failed with the score {failed.score}")
        others = [e.reason for e in (first, last) if e.reason is not None]
        require(not others, f"beside a failure others failed too: {others}")


def numbers_are_finite_and_in_their_ranges(case: EvaluatorCase) -> None:
    evaluator, architectures = case.make(), [*case.sound(), *case.failing]
    evaluator.begin_round(case.strategy(case.space))
    for i, evaluation in enumerate(evaluator.evaluate(architectures, 0)):
        e, of = evaluation, f"the evaluation of {evaluation.architecture}"
        scored = e.score is not None and math.isfinite(e.score)
        require(scored == e.ok, f"{of} has score {e.score} and reason {e.reason!r}")
        require(np.isfinite(e.curve).all(), f"{of} has the curve {e.curve}")
        require(math.isfinite(e.seconds) and e.seconds >= 0, f"{of} took {e.seconds} s")
        require(e.parameters >= 0, f"{of} has {e.parameters} parameters")
        require(0 <= e.inherited <= 1, f"{of} inherited {e.inherited}; expected 0 to 1")
        _require_json(Trial.of(evaluation, i, 0, None), of)
    evaluator.end_round()


def _require_json(trial: Trial, of: str) -> None:
    """The journal is strict JSON."""
    try:
        json.dumps(trial.to_json(), allow_nan=False)
    except (TypeError, ValueError) as error:
        require(False, f"{of} cannot stand in the journal: {error}")


def equal_evaluators_give_equal_scores(case: EvaluatorCase) -> None:
    architectures = [*case.sound(), *case.failing]
    expected = case.round(case.make(), architectures)
    for number, make in enumerate((case.make, *case.others)):
        found = case.round(make(), architectures)
        who = f"number {number} of `others`" if number else "a second one"
        require(found == expected, f"{who} gave {found}; expected {expected}")


def what_a_trial_is_worth_follows_from_its_number_not_from_its_company(
    case: EvaluatorCase,
) -> None:
    architectures = case.sound()
    together = case.round(case.make(), architectures, first_id=5)
    evaluator = case.make()
    evaluator.begin_round(case.strategy(case.space))
    apart: list[Evaluation] = []
    for i, architecture in enumerate(architectures, start=5):
        apart += evaluator.evaluate([architecture], i)
    evaluator.end_round()
    found = _timeless(apart)
    require(found == together, f"one by one {found}; in one call {together}")


def a_restored_evaluator_goes_on_to_the_bit(case: EvaluatorCase) -> None:
    straight, resumed = case.make(), case.make()
    case.round(straight, case.sound())
    resumed.restore(saved(straight.state()))
    following = case.sound(seed=1)
    expected = case.round(straight, following, first_id=4)
    found = case.round(resumed, following, first_id=4)
    require(found == expected, f"after restore {found}; expected {expected}")


def a_stream_evaluates_each_once(case: EvaluatorCase) -> None:
    architectures, evaluator = case.sound(), case.make()
    evaluator.begin_round(case.strategy(case.space))
    found = sorted(str(e.architecture) for e in evaluator.stream(iter(architectures), 0))
    expected = sorted(map(str, architectures))
    require(found == expected, f"stream evaluated {found}; expected {expected}")


PROMISES: tuple[Callable[[EvaluatorCase], None], ...] = (
    an_evaluation_comes_for_every_architecture_in_order,
    a_failure_has_its_reason_and_stops_no_other,
    numbers_are_finite_and_in_their_ranges,
    equal_evaluators_give_equal_scores,
    what_a_trial_is_worth_follows_from_its_number_not_from_its_company,
    a_restored_evaluator_goes_on_to_the_bit,
    a_stream_evaluates_each_once,
)


def check_evaluator(case: EvaluatorCase) -> None:
    """Hold an evaluator to its contract.

    Raises:
        ContractError: at the first promise that is broken.
    """
    for promise in PROMISES:
        promise(case)
