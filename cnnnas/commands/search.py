"""`cnnnas search`: images in, a searched and retrained network out."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cnnnas.data.images import Images, read_images
from cnnnas.run.settings import Settings
from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.run.folder import Folder, free_folder
from mlpnas.core.runtime.capacity import check_jobs
from mlpnas.core.runtime.start import start_tensorflow

if TYPE_CHECKING:
    from cnnnas.run.record import Result
    from cnnnas.run.run import Run
    from mlpnas.core.trial import History


def search(
    settings: Settings, path: Path | None, limit: float | None, jobs: int, console: Console
) -> None:
    """Read the images, search, retrain, compare; print what a user wants to know of it.

    Args:
        settings: what to search.
        path: the run's folder; None chooses a free one under runs/.
        limit: seconds after which the search ends; None for no limit.
        jobs: processes that train children.
        console: where to print.

    Raises:
        InputError: for what the user can mend. The folder is made after the images were read.
    """
    images = open_images(settings, console)
    path = path or free_folder(settings.data, settings.seed)
    with Folder.create(path, "cnnnas") as folder:
        carry_on(settings, images, folder, limit, jobs, console)


def open_images(settings: Settings, console: Console) -> Images:
    """The settings' images; prints what was found. TensorFlow has been started then."""
    with console.status("starting TensorFlow"):
        start_tensorflow(threads=os.cpu_count() or 1)
    with console.status(f"reading {escape(settings.data)}"):
        s = settings
        images = read_images(s.data, s.train_rows, s.seed, s.image_size)
    print_notes(images.notes, console)
    return images


def carry_on(
    settings: Settings,
    images: Images,
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
    from cnnnas.run.run import Run
    from mlpnas.core.commands.conduct import conduct

    run = Run(settings, images, folder, jobs)
    conduct(run, limit, lambda history: finish(run, history, console), console, done)


def finish(run: "Run", history: "History", console: Console) -> None:
    """Find the best, train random ones beside it, retrain both, save and test them."""
    from cnnnas.final import retrain as final
    from cnnnas.final.export import export
    from mlpnas.core.baselines.comparison import agreement_line, control_lines, rank_agreement

    with steps(console, "choosing an architecture") as told:
        architectures = {final.FOUND: final.found(run, history)}

        def show(trial: Any) -> None:
            told(f"random search beside it: {trial.id + 1} trained")

        baselines = final.random_children(run, history, show)
        run.executor.close()  # others take its place
        agreed = rank_agreement(run.supernet, baselines)
        against = {} if run.supernet else final.against_random(history, baselines)
        if best := baselines.best():
            architectures[final.RANDOM] = best.architecture
        told(f"training {len(architectures)} networks at length")
        results, model = final.retrain(run, architectures)
        path = export(model, run.images, run.folder.model)
    run.write(results=final.record(results), trials=len(history), **agreed, **against)
    console.print(comparison(results))
    for line in [
        *([agreement_line(agreed)] if agreed else []),
        *control_lines(against),
        f"found:  {results[0].architecture}",
        f"model:  {path}, trained from fresh weights, takes raw pixels",
        f"run:    {run.folder.path}",
    ]:
        console.print(escape(line), soft_wrap=True)


def comparison(results: "Sequence[Result]") -> Table:
    """The networks that were trained at length."""
    title = "After the search: trained at length from fresh weights, tested on unseen images"
    table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("architecture")
    for name in ("parameters", "seconds", "validation accuracy", "test accuracy"):
        table.add_column(name, justify="right")
    for r in results:
        scores = (f"{r.valid:.4f}", f"{r.test:.4f}")
        table.add_row(r.name, f"{r.parameters:,}", f"{r.seconds:.0f}", *scores)
    return table
