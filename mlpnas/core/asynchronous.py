"""search_asynchronously(): no child waits for another.

In `search` a round waits for its slowest child. Here the strategy is asked for one more
architecture whenever a worker is free, and told results in batches as they come. What it has
been told when it is asked depends on who finished first, so a run can be continued but not
repeated: finished trials are kept, children that were under way at a kill are lost, and other
architectures take their place.

Source: Zoph and Le, "Neural architecture search with reinforcement learning", ICLR 2017,
section 3.2, where replicas of the controller send their gradients to parameter servers as
their children finish; here there is one controller, and its children are the replicas.
"""

from collections.abc import Callable, Iterator

from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.search import ask
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.trial import History, Trial


def search_asynchronously(
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

    Arguments as of `search.search`, but for these.

    Args:
        history: trials that the strategy was not told yet are told first.
        per_round: results to wait for before the strategy is told them.
        should_stop: asked with each architecture before its child begins. Children that are
            under way are finished all the same.
        checkpoint: called after every batch of results.
    """
    under_way: dict[Architecture, float | None] = {}  # with the score expected of it

    def proposals() -> Iterator[Architecture]:
        tried = {trial.architecture for trial in history.trials}
        while len(history) + len(under_way) < trials and not should_stop(None):
            asked = ask(strategy, 1)
            if not asked or should_stop(asked[0]):
                return
            if asked[0] not in tried:  # a strategy from a checkpoint may have forgotten it
                under_way[asked[0]] = strategy.predict(asked[0])
                yield asked[0]

    if untold := history.trials[history.told :]:
        evaluator.recall(untold)
        evaluator.end_round()
        _tell(strategy, history)
    for evaluation in evaluator.stream(proposals(), first_id=len(history)):
        predicted = under_way.pop(evaluation.architecture)
        trial = Trial.of(evaluation, len(history), history.rounds_told, predicted)
        history.record(trial)
        on_trial(trial)
        if len(history) - history.told == per_round:
            _tell(strategy, history)
            checkpoint()
    return history


def _tell(strategy: Strategy, history: History) -> None:
    strategy.tell(history.trials[history.told :])
    history.told = len(history)
