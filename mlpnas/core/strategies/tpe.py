"""TPE: the tree-structured Parzen estimator of Optuna behind our interface.

It splits what it knows into good and bad, estimates a density for each, and proposes the
options whose good density is greatest in relation to the bad. Every decision is a
categorical parameter of Optuna's.

Source: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter optimization",
NIPS 2011.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpnas.core.errors import extra_missing
from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.strategies.surrogates import capped
from mlpnas.core.trial import Trial

if TYPE_CHECKING:
    import optuna


class TPE(Strategy):
    """Optuna's TPE sampler.

    A study is built anew for every `ask` from what is remembered, so that a restored
    strategy asks alike; beyond `cap` trials it holds the best half of the cap and the latest.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        initial: random trials before the estimator is used.
        cap: most trials that the estimator reads.

    Examples:
        >>> from mlpnas import History, TPE, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = TPE(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(self, space: SearchSpace, seed: int = 0, initial: int = 10, cap: int = 200):
        self.space, self._seed = space, seed
        self._initial, self._cap = initial, cap
        # The estimator repeats itself once it is sure, and every draw costs milliseconds: after
        # two attempts the rest of a batch is drawn from anywhere.
        self._proposals, self._observations = Proposals(space, attempts=2), Observations(space)
        self._optuna = _import_optuna()

    def ask(self, n: int) -> list[Architecture]:
        return self._proposals.draw(n, self._source(0), self._rng(0))

    def tell(self, trials: Sequence[Trial]) -> None:
        self._observations.tell(trials)

    def sample(self, n: int) -> list[Architecture]:
        return self._source(1)(n)

    def _source(self, purpose: int) -> Callable[[int], list[Architecture]]:
        """What draws n architectures."""
        rng = self._rng(purpose)
        if len(self._observations) < self._initial:
            return lambda n: [self.space.sample_walk(rng) for _ in range(n)]
        study = self._study(int(rng.integers(2**31)))
        return lambda n: [self._walk(study.ask()) for _ in range(n)]

    def _study(self, seed: int) -> "optuna.Study":
        optuna = self._optuna
        sampler = optuna.samplers.TPESampler(n_startup_trials=0, seed=seed)
        study = optuna.create_study(sampler=sampler, direction="maximize")
        for row in capped(np.array(self._observations.scores), self._cap):
            tokens = self._observations.architectures[row].tokens
            names = [self._parameter(tokens[:i]) for i in range(len(tokens))]
            study.add_trial(
                optuna.trial.create_trial(
                    params=dict(zip(names, tokens, strict=True)),
                    distributions={
                        name: optuna.distributions.CategoricalDistribution(
                            self.space.legal(tokens[:i])
                        )
                        for i, name in enumerate(names)
                    },
                    value=self._observations.scores[row],
                )
            )
        return study

    def _walk(self, trial: "optuna.Trial") -> Architecture:
        tokens: Tokens = ()
        while open_ids := self.space.legal(tokens):
            tokens = (*tokens, trial.suggest_categorical(self._parameter(tokens), open_ids))
        return self.space.architecture(tokens)

    def _parameter(self, prefix: Tokens) -> str:
        # Optuna wants a parameter's options never to change: where what is open depends on
        # the way there, each set of options is a parameter of its own.
        return f"{self.space.decisions[len(prefix)].name} of {self.space.legal(prefix)}"

    def state(self) -> dict[str, np.ndarray]:
        return {**self._proposals.state(), **self._observations.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise extra_missing("The TPE strategy", "Optuna", "strategies") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
