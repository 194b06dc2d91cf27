"""`mlpnas compare`: the run's search against scikit-learn and against luck, over seeds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as TextTable

from mlpnas.core.configuration import read_settings
from mlpnas.core.errors import InputError
from mlpnas.core.files import replacing
from mlpnas.core.folder import read_record
from mlpnas.core.runtime import start_tensorflow
from mlpnas.settings import Settings
from mlpnas.table import Table, read_table

if TYPE_CHECKING:
    from mlpnas.compare import Difference, Proxy, Score


def compare(run: Path, seeds: int, trials: int | None, jobs: int, console: Console) -> None:
    """Print the comparison, and write compare.json into the run's folder.

    Args:
        run: folder of a run, for its table and settings.
        seeds: how many splits, from the run's seed upwards.
        trials: of each search; None for as many as the run has.
        jobs: processes that train.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """
    if seeds < 1:
        raise InputError(f"--seeds is {seeds}; expected 1 or more, 3 to judge by")
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is no folder of a run; expected one made by mlpnas search")
    settings = read_settings(Settings, read_record(run)["settings"])
    settings = replace(settings, trials=trials or settings.trials)
    tables = [_table(replace(settings, seed=settings.seed + i)) for i in range(seeds)]
    with console.status("starting TensorFlow"):
        start_tensorflow()
    from mlpnas.compare import SEARCH, Proxy, Score, compare_seed, differences, record, verdict

    scores: list[Score] = []
    proxies: list[Proxy] = []
    for i, table in enumerate(tables):
        asked = replace(settings, seed=settings.seed + i)
        with console.status("comparing") as status:
            for found in compare_seed(table, asked, jobs, status.update):
                if isinstance(found, Score):
                    scores.append(found)
                elif i == 0:  # the first seed's are enough to tell
                    proxies.append(found)
    task = tables[0].task
    gaps = differences(scores, len(task.test) / len(task.train))
    metric = {"accuracy": "accuracy", "r2": "R²"}[task.metric]
    told = verdict(gaps, metric)
    console.print(_scores(scores, gaps, metric, SEARCH))
    console.print(_proxies(proxies, metric))
    console.print(told, soft_wrap=True, markup=False)
    with replacing(run / "compare.json") as file:
        file.write(json.dumps(record(scores, proxies, gaps, told), indent=2).encode())


def _table(settings: Settings) -> Table:
    s = settings
    table = read_table(s.data, s.target, task=s.task, drop=s.drop, seed=s.seed)
    return replace(table, task=replace(table.task, regression_loss=s.loss))


def _scores(
    scores: "list[Score]", gaps: "list[Difference]", metric: str, ours: str
) -> TextTable:
    """Mean and spread of every method, best first, and how far ours lies above it."""
    seeds = len({score.seed for score in scores})
    table = _titled(f"Tested on {seeds} splits (mean ± standard deviation)")
    table.add_column("method")
    for name in (f"test {metric}", "validation", "seconds", "ours minus it (95%)"):
        table.add_column(name, justify="right", no_wrap=True)
    methods = dict.fromkeys(score.method for score in scores)
    of = {m: np.array([s[2:] for s in scores if s.method == m]) for m in methods}
    gap = {g.method: g for g in gaps}
    for method in sorted(methods, key=lambda m: -of[m][:, 1].mean()):
        valid, test, seconds = of[method].T
        g = gap.get(method)
        table.add_row(
            method, _spread(test), f"{valid.mean():.4f}", f"{seconds.mean():.0f}",
            f"{g.mean:+.3f} ({g.low:+.3f} {g.high:+.3f})" if g else "",
            style="bold" if method == ours else None,
        )  # fmt: skip
    return table


def _spread(values: np.ndarray) -> str:
    if len(values) < 2:
        return f"{values.mean():.4f}"
    return f"{values.mean():.4f} ± {values.std(ddof=1):.4f}"


def _proxies(proxies: "list[Proxy]", metric: str) -> TextTable:
    """How far the search score of an architecture can be believed."""
    table = _titled("Search score against the score after retraining, first seed")
    table.add_column("method")
    for name in ("retrained", "best search score", f"its retrained {metric}", "Kendall tau"):
        table.add_column(name, justify="right")
    for proxy in proxies:
        best = max(proxy.pairs)
        table.add_row(
            proxy.method, str(len(proxy.pairs)), f"{best[0]:.4f}", f"{best[1]:.4f}",
            f"{proxy.tau:+.2f}",
        )  # fmt: skip
    return table


def _titled(title: str) -> TextTable:
    return TextTable(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
