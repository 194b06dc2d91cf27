"""search(): neural architecture search on one screen.

    ask the strategy for architectures -> evaluate them -> tell it their scores -> again

Everything else stands behind the three roles that meet here: the strategy chooses, the
evaluator turns an architecture into a trial, the history keeps the trials.
"""

from collections.abc import Callable
from dataclasses import replace

from mlpnas.core.errors import ExhaustedError
from mlpnas.core.evaluator import Evaluator
from mlpnas.core.search_space import Architecture
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.trial import History, Trial


def search(
    strategy: Strategy,
    evaluator: Evaluator,
    history: History,
    trials: int,
    per_round: int = 10,
    on_trial: Callable[[Trial], None] = lambda trial: None,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint: Callable[[], None] = lambda: None,
) -> History:
    """Search until there are `trials` trials, the space is exhausted or the user stops.

    Args:
        strategy: chooses what to try.
        evaluator: says how good it is.
        history: where trials are recorded; it may hold earlier ones.
        trials: how many to have in the end.
        per_round: how many the strategy chooses at a time.
        on_trial: called with every finished trial, after it is recorded.
        should_stop: asked before each trial's result is awaited; a round cut short is told
            to the strategy as far as it went.
        checkpoint: called after every round, when nothing is pending.

    Returns:
        The history, for reading.
    """
    round_number = history.trials[-1].round + 1 if history.trials else 0
    while len(history) < trials and not should_stop():
        asked = _ask(strategy, min(per_round, trials - len(history)))
        if not asked:
            break  # every architecture of the space has been tried
        evaluator.begin_round(strategy)
        told: list[Trial] = []
        for outcome in evaluator.evaluate(asked, first_id=len(history)):
            trial = replace(
                outcome, round=round_number, predicted=strategy.predict(outcome.architecture)
            )
            history.record(trial)
            told.append(trial)
            on_trial(trial)
            if should_stop():
                break
        evaluator.end_round()
        strategy.tell(told)
        checkpoint()
        round_number += 1
    return history


def _ask(strategy: Strategy, n: int) -> list[Architecture]:
    """n new architectures, or as many as there are left."""
    try:
        return strategy.ask(n)
    except ExhaustedError as exhausted:
        return strategy.ask(exhausted.left) if exhausted.left else []
