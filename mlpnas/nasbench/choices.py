"""ChoiceSpace: every walk takes every decision, and each decision is one of a few options."""

from abc import abstractmethod
from functools import cached_property

from mlpnas.core.space.search_space import Decision, SearchSpace, Tokens


class ChoiceSpace(SearchSpace):
    """Base of the tables' spaces: a subclass gives `choices`, and how people write them.

    All options are open whatever was chosen before, so counting is multiplication and any
    token may be changed on its own.
    """

    @property
    @abstractmethod
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        """Name and options of each decision, in order."""

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        # Decisions with equal options share the controller's embedding and head.
        return tuple(
            Decision(name, options, group=",".join(map(str, options)))
            for name, options in self.choices
        )

    def options(self, tokens: Tokens) -> list:
        """What the tokens stand for."""
        return [d.options[t] for d, t in zip(self.decisions, tokens, strict=True)]
