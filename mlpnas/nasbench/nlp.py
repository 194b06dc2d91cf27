"""NAS-Bench-NLP: recurrent cells trained as language models, a sample of the published table.

A recipe names the nodes of a cell, each with an operation and its inputs. The space is too
large to be trained whole, so here an architecture is one of the recipes that were: good for
predictors and loaders, not for measuring a search against an optimum.

Source: Klyuchnikov et al., "NAS-Bench-NLP: neural architecture search benchmark for natural
language processing", 2020. A line of the file is a run: recipe, status, losses in nats per
epoch, seconds per epoch. Runs that crashed are failed trials.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens
from mlpnas.nasbench.reading import lines

OPERATIONS = (
    "linear",
    "blend",
    "elementwise_prod",
    "elementwise_sum",
    "activation_tanh",
    "activation_sigm",
    "activation_leaky_relu",
)
Recipe = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class RecipeSpace(SearchSpace):
    """One decision: which of the listed recipes. An architecture is written as its JSON.

    Args:
        recipes: JSON texts, all different.
    """

    recipes: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"nasbench-nlp[{len(self.recipes)} recipes]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        return (Decision("recipe", self.recipes, group="recipe"),)

    def completions(self, prefix: Tokens) -> int:
        return 1 if prefix else len(self.recipes)

    def describe(self, tokens: Tokens) -> str:
        return self.recipes[tokens[0]]

    def parse(self, text: str) -> Architecture:
        if text not in self.recipes:
            raise InputError(f"recipe {text[:60]!r}... is not among the {len(self.recipes)}")
        return self.architecture([self.recipes.index(text)])

    def features(self, architecture: Architecture) -> np.ndarray:
        """How many nodes have each operation, inputs in all, and the longest way through."""
        return self._table[architecture.tokens[0]]

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """The ten recipes with the most similar features."""
        own = architecture.tokens[0]
        distances = np.abs(self._table - self._table[own]).sum(axis=1)
        distances[own] = np.inf
        nearest = np.argsort(distances, kind="stable")[: min(10, len(self.recipes) - 1)]
        return [self.architecture([i]) for i in nearest]

    @cached_property
    def _table(self) -> np.ndarray:
        return np.array([_features(json.loads(recipe)) for recipe in self.recipes])


def _features(recipe: Recipe) -> list[float]:
    operations = [node["op"] for node in recipe.values()]
    inputs = sum(len(node["input"]) for node in recipe.values())
    counts = [float(operations.count(name)) for name in OPERATIONS]
    depths: dict[str, int] = {}
    for name in recipe:
        _depth(recipe, name, depths)
    return [*counts, float(inputs), float(max(depths.values()))]


def _depth(recipe: Recipe, name: str, known: dict[str, int]) -> int:
    """Operations on the longest way from an input of the cell to this node."""
    if name not in recipe:
        return 0
    if name not in known:
        known[name] = 0  # in case a damaged recipe goes round in a circle
        known[name] = 1 + max(_depth(recipe, i, known) for i in recipe[name]["input"])
    return known[name]


def load_nlp(path: Path) -> Table:
    """Reads `nasbench_nlp_wikitext2.jsonl.gz`.

    The search metric is minus the lowest validation loss, the reported metric the test loss
    of that epoch, both in nats. A recipe that ran more than once has the mean of its runs.
    """
    runs: dict[str, list[Entry]] = {}
    for number, line in enumerate(lines(path), start=1):
        recipe, entry = _read_run(f"{path}, line {number}", line)
        runs.setdefault(recipe, []).append(entry)
    space = RecipeSpace(tuple(runs))
    entries: dict[Tokens, Entry] = {(i,): _mean(found) for i, found in enumerate(runs.values())}
    return Table("nasbench-nlp", space, entries, "-validation loss", "test loss")


def _read_run(where: str, line: str) -> tuple[str, Entry]:
    try:
        run = json.loads(line)
        recipe = json.dumps(json.loads(run["recepie"]), sort_keys=True)
        _features(json.loads(recipe))
        seconds = math.fsum(s for s in run["wall_times"] if s is not None)
        valid = [math.nan if v is None else float(v) for v in run["val_losses"]]
        test = [math.nan if v is None else float(v) for v in run["test_losses"]]
        best = int(np.nanargmin(valid)) if run["status"] == "OK" else None
        score = math.nan if best is None else -valid[best]
        reported = math.nan if best is None else test[best]
        return recipe, Entry(score, reported, seconds, int(run["num_params"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(
            f"{where} is not a run of NAS-Bench-NLP ({type(error).__name__}: {error}); "
            "expected a JSON object with recepie, status, val_losses, test_losses and "
            "wall_times: get the file again"
        ) from None


def _mean(runs: list[Entry]) -> Entry:
    """The mean of the runs that did not fail; of all, if all failed."""
    good = [run for run in runs if math.isfinite(run.score)] or runs
    return Entry(
        float(np.mean([run.score for run in good])),
        float(np.mean([run.reported for run in good])),
        float(np.mean([run.seconds for run in good])),
        good[0].parameters,
    )
