"""`rnncell search`: a text or sequences in, a searched and retrained network out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.run.folder import Folder, free_folder
from mlpnas.core.runtime.capacity import check_jobs
from mlpnas.core.runtime.start import start_tensorflow
from rnncell.data.sequences import read_sequences
from rnncell.data.text import Text, read_text
from rnncell.run.settings import Settings, is_text

if TYPE_CHECKING:
    from mlpnas.core.trial import History
    from rnncell.run.record import Result
    from rnncell.run.run import Run


def search(
    settings: Settings, path: Path | None, limit: float | None, jobs: int, console: Console
) -> None:
    """Read the data, search, retrain, compare; print what a user wants to know of it.

    Args:
        settings: what to search.
        path: the run's folder; None chooses a free one under runs/.
        limit: seconds after which the search ends; None for no limit.
        jobs: processes that train children.
        console: where to print.

    Raises:
        InputError: for what the user can mend. The folder is made after the data was read.
    """
    text = open_text(settings, console)
    path = path or free_folder(settings.data, settings.seed)
    with Folder.create(path, "rnncell") as folder:
        carry_on(settings, text, folder, limit, jobs, console)


def open_text(settings: Settings, console: Console) -> Text:
    """The settings' data; prints what was found."""
    s = settings
    if is_text(s.data):
        size, limit = s.vocabulary or s.sizes.vocabulary, s.tokens or s.sizes.tokens
        text = read_text(s.data, s.unit, size, limit)
    else:
        text = read_sequences(s.data, s.seed)
    print_notes(text.notes, console)
    return text


def carry_on(
    settings: Settings,
    text: Text,
    folder: Folder,
    limit: float | None,
    jobs: int,
    console: Console,
    done: Any = None,
) -> None:
    """What a new search and a resumed one have in common.

    Args:
        done: the results, if the run was finished before.

    Raises:
        InputError: for what the user can mend, a full disk included.
    """
    print_notes(check_jobs(jobs), console)
    with console.status("starting TensorFlow"):
        # Whatever imports TensorFlow is imported after it was started quietly.
        start_tensorflow()
        from mlpnas.core.commands.conduct import conduct
        from rnncell.run.run import Run

        run = Run(settings, text, folder, jobs)
    conduct(run, limit, lambda history: finish(run, history, console), console, done)


def finish(run: "Run", history: "History", console: Console) -> None:
    """Find the best, train random ones beside it, retrain with the baselines, save, test."""
    from mlpnas.core.baselines.comparison import (
        agreement_line,
        compare_with_random,
        control_lines,
        rank_agreement,
    )
    from rnncell.final import retrain as final
    from rnncell.space.enas_space import genotype

    run.executor.close()  # others take its place
    with steps(console, "choosing a cell") as told:
        cells = {final.FOUND: final.found(run, history)}

        def show(trial: Any) -> None:
            told(f"random search beside it: {trial.id + 1} trained")

        baselines = final.random_search(run, history, show)
        agreed = rank_agreement(run.supernet, baselines)
        against = {} if run.supernet else compare_with_random(history, baselines, run.measure)
        if best := baselines.best():
            cells[final.RANDOM] = best.architecture
        told("measuring the baselines")
        planned = final.plans(run, cells)
        told(f"training {len(planned)} networks at length")
        results, path = final.retrain(run, planned)
    run.write(results=final.record(results), trials=len(history), **agreed, **against)
    console.print(comparison(results, run.is_text))
    for line in [
        *([agreement_line(agreed)] if agreed else []),
        *control_lines(against),
        f"found:  {results[0].cell}",
        *([genotype(results[0].cell)] if run.settings.space == "darts" else []),
        f"model:  {path}, trained from fresh weights; rnncell.load_model loads it",
        f"run:    {run.folder.path}",
    ]:
        console.print(escape(line), soft_wrap=True)


def comparison(results: "Sequence[Result]", is_text: bool) -> Table:
    """The networks that were trained at length."""
    title = "After the search: trained at length from fresh weights, tested on unseen data"
    measure, digits = ("perplexity", 2) if is_text else ("accuracy", 4)
    table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("cell")
    names = ("parameters", "epochs", "seconds", f"validation {measure}", f"test {measure}")
    for name in names:
        table.add_column(name, justify="right")
    for r in results:
        scores = (f"{r.valid:.{digits}f}", f"{r.test:.{digits}f}")
        table.add_row(r.name, f"{r.parameters:,}", str(r.epochs), f"{r.seconds:.0f}", *scores)
    return table
