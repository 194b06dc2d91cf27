"""The program of a package whose spaces have kits: its data and its training are its own."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from mlpnas.core.commands.program import Program, Record
from mlpnas.core.data.measure import Measure
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.record import Results
from mlpnas.core.run.search_settings import SearchSettings
from mlpnas.core.run.workers import Workers
from mlpnas.core.runtime.plugins import later
from mlpnas.core.space.search_space import SearchSpace


def kit_program(
    name: str,
    settings: type[SearchSettings],
    open_data: Callable[[Any, Console], Any],
    make_run: Callable[[Any, Any, Folder, Workers], Any],
    retrain: Callable[..., Any],
    model: str,
) -> Program:
    """The program of that name.

    Args:
        settings, open_data, make_run: see `Program`.
        retrain: how the package trains at length and delivers, see `finish.Retrain`.
        model: what the delivered file is, as the end of a sentence.
    """

    return Program(
        name,
        settings,
        open_data,
        make_run,
        partial(later("mlpnas.core.commands.finish:finish"), retrain=retrain, model=model),
        space_of,
        measure_of,
        partial(later("mlpnas.core.report.search_page:search_page"), kind=settings),
        records=lambda: (Results,),
        story=partial(tell, name),
    )


def space_of(settings: SearchSettings, record: Record) -> SearchSpace:
    """What the settings' kit makes of them."""
    return settings.kit.space(settings)


def measure_of(settings: SearchSettings, record: Record) -> Measure:
    """What scores are shown in."""
    return settings.measure(len(record["data"]["classes"]))


def tell(name: str, path: Path, record: Record) -> list[str]:
    """What was found, and how to use it."""
    from mlpnas.core.report.terminal import use_lines

    if not (results := record.get("results")):
        return []
    return [f"found:  {results[0]['architecture']}", *use_lines(path, name)]
