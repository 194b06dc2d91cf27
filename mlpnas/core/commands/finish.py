"""After a search over a kit's space: the best, random ones beside it, retrained and tested."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlpnas.core.baselines.beside import FOUND, RANDOM, found, random_children
from mlpnas.core.baselines.comparison import (
    agreement_line,
    compare_with_random,
    control_lines,
    rank_agreement,
)
from mlpnas.core.commands.display import steps
from mlpnas.core.data.measure import Measure
from mlpnas.core.report.terminal import use_lines
from mlpnas.core.run.record import Result, Retrained
from mlpnas.core.run.run import Run
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trial import History, Trial

# From a run, architectures by where they came from, and what is told of each step.
Retrain = Callable[[Run, Mapping[str, Architecture], Callable[[str], None]], Retrained]


def finish(run: Run, history: History, console: Console, retrain: Retrain, model: str) -> None:
    """Find the best, train random ones beside it, retrain both, save and test them.

    Args:
        retrain: how the package trains at length and delivers.
        model: what the delivered file is.
    """
    with steps(console, "choosing an architecture") as told:
        architectures = {FOUND: found(run, history)}

        def show(trial: Trial) -> None:
            told(f"random search beside it: {trial.id + 1} trained")

        baselines = random_children(run, history, show)
        run.executor.close()  # others take its place
        agreed = rank_agreement(run.supernet, baselines)
        against = {} if run.supernet else compare_with_random(history, baselines, run.measure)
        if best := baselines.best():
            architectures[RANDOM] = best.architecture
        results, path = retrain(run, architectures, told)
    record = [asdict(result) for result in results]
    run.write(results=record, trials=len(history), **agreed, **against)
    console.print(comparison(results, run.measure))
    text = results[0].architecture
    for line in [
        *([agreement_line(agreed)] if agreed else []),
        *control_lines(against),
        f"found:  {text}",
        *([run.kit.notation(text)] if run.kit.notation else []),
        f"model:  {path}, trained from fresh weights; {model}",
        f"run:    {run.folder.path}",
        *use_lines(run.folder.path, run.folder.program),
    ]:
        console.print(escape(line), soft_wrap=True)


def comparison(results: Sequence[Result], measure: Measure) -> Table:
    """The networks that were trained at length."""
    title = "After the search: trained at length from fresh weights, tested on unseen data"
    table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("architecture")
    unit, digits = measure.name, measure.digits
    for name in ("parameters", "epochs", "seconds", f"validation {unit}", f"test {unit}"):
        table.add_column(name, justify="right")
    for r in results:
        scores = (f"{r.valid:.{digits}f}", f"{r.test:.{digits}f}")
        table.add_row(r.name, f"{r.parameters:,}", str(r.epochs), f"{r.seconds:.0f}", *scores)
    return table
