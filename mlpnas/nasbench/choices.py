"""ChoiceSpace: every walk takes every decision, and each decision is one of a few options."""

from abc import abstractmethod
from functools import cached_property

from mlpnas.core.space.search_space import Decision, SearchSpace, Tokens


class ChoiceSpace(SearchSpace):
    """Base of the tables' spaces: a subclass gives `choices`, and how people write them.

    All options are open whatever was chosen before, so counting is multiplication and any
    token may be changed on its own.

    Examples:
        >>> import ast
        >>> from dataclasses import dataclass
        >>> from mlpnas import ChoiceSpace
        >>> @dataclass(frozen=True)
        ... class Blocks(ChoiceSpace):
        ...     name = "blocks"
        ...     choices = (("blocks", (1, 2, 3)), ("width", (16, 32)))
        ...     def describe(self, tokens):
        ...         return repr(tuple(self.options(tokens)))
        ...     def parse(self, text):
        ...         pairs = zip(self.decisions, ast.literal_eval(text), strict=True)
        ...         return self.architecture([d.options.index(value) for d, value in pairs])
        >>> space = Blocks()
        >>> space.size(), space.parse("(3, 16)").tokens
        (6, (2, 0))
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
