"""What a run over a kit's space found, and the random architectures beside it."""

from collections.abc import Callable

from mlpnas.core.baselines.comparison import equal_budget, random_search, select_architecture
from mlpnas.core.run.run import Run
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trial import History, Trial

FOUND, RANDOM = "found by the search", "best random"


def found(run: Run, history: History) -> Architecture:
    """The architecture that the search found, see `comparison.select_architecture`."""
    draws = run.settings.sizes.draws
    return select_architecture(history, run.session.strategy, run.supernet, draws)


def random_children(run: Run, history: History, on_trial: Callable[[Trial], None]) -> History:
    """As many training steps as the search took, on architectures drawn uniformly.

    They are kept in rivals.jsonl, so that a resumed run goes on with them.
    """
    s = run.settings
    passes = s.per_round * s.rounds_per_pass
    budget = equal_budget(len(history), s.epochs, s.one_shot, s.sizes.baselines, passes)
    path, strategy = run.folder.path / "rivals.jsonl", RandomStrategy(run.space, run.seed_of(0))
    with run.baselines(budget.epochs) as evaluator:
        return random_search(path, strategy, evaluator, budget.children, on_trial)
