"""search(): neural architecture search on one screen.

    ask the strategy for architectures -> evaluate them -> tell it their scores -> again

Where weights are shared, the evaluator trains them first, as a round begins.

Everything else stands behind the three roles that meet here: the strategy chooses, the
evaluator says what an architecture is worth, the history keeps the trials.

Rounds are always asked for in full, and told in full. One that is cut short (the number of
trials is reached, time is up, the process is killed) stays untold: whoever continues from the
last checkpoint is asked for the same round again, finds its first trials in the history, and
completes it. So a run does not depend on where it was interrupted, or whether it was.
"""

from collections.abc import Callable, Sequence

from mlpnas.core.errors import ExhaustedError, InputError
from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.trial import History, Trial


def search(
    strategy: Strategy,
    evaluator: Evaluator,
    history: History,
    trials: int,
    per_round: int = 10,
    on_trial: Callable[[Trial], None] = lambda trial: None,
    should_stop: Callable[[Architecture | None], bool] = lambda upcoming: False,
    checkpoint: Callable[[], None] = lambda: None,
) -> History:
    """Search until there are `trials` trials, the space is exhausted or the user stops.

    Args:
        strategy: chooses what to try; as it was when told `history.told` trials.
        evaluator: says how good it is; as it was at the same moment.
        history: where trials are recorded; it may hold earlier ones.
        trials: how many to have in the end.
        per_round: how many the strategy chooses at a time.
        on_trial: called with every new trial, after it is recorded.
        should_stop: asked before each round with None, and before each trial's result is
            awaited with its architecture, unless the evaluator finishes whole rounds.
        checkpoint: called after every complete round.

    Returns:
        The history, for reading.

    Raises:
        InputError: if the strategy does not choose again what the history says it chose.

    Examples:
        >>> from mlpnas import History, RandomStrategy, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("wine")
        >>> history = search(
        ...     RandomStrategy(table.space), TabularEvaluator(table), History(), trials=30
        ... )
        >>> len(history), round(history.best().score, 3)
        (30, 0.753)
    """
    while history.told < trials and not should_stop(None):
        evaluator.begin_round(strategy)
        asked = ask(strategy, per_round)
        if not asked:
            break  # every architecture has been tried, or the evaluator trains no more
        first, number = history.told, history.rounds_told
        known = history.trials[first : first + len(asked)]
        _check_same(asked, known)
        missing = asked[len(known) : trials - first]
        if not missing and len(known) < len(asked):
            return history  # nothing to add to a round that was cut short
        evaluator.recall(known)
        evaluations = evaluator.evaluate(missing, first_id=first + len(known))
        for architecture in missing:
            if not evaluator.whole_rounds and should_stop(architecture):
                return history
            predicted = strategy.predict(architecture)
            trial = Trial.of(next(evaluations), len(history), number, predicted)
            history.record(trial)
            on_trial(trial)
        if len(known) + len(missing) < len(asked):
            return history
        evaluator.end_round()
        strategy.tell(history.trials[first : first + len(asked)])
        history.told = first + len(asked)
        checkpoint()
    return history


def ask(strategy: Strategy, n: int) -> list[Architecture]:
    """n new architectures, or as many as there are left."""
    try:
        return strategy.ask(n)
    except ExhaustedError as exhausted:
        return strategy.ask(exhausted.left) if exhausted.left else []


def _check_same(asked: Sequence[Architecture], known: Sequence[Trial]) -> None:
    for architecture, trial in zip(asked, known, strict=False):
        if architecture != trial.architecture:
            raise InputError(
                f"trial {trial.id} of the journal is {trial.architecture}, but the search now "
                f"chooses {architecture}; expected the same choice again: continue with the "
                "machine and the versions that began the run, or start a new one"
            )
