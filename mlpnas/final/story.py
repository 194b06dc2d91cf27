"""The winner's story, told from run.json: the same at the end of a search, in the text report
and on the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlpnas.core.report.quality.record import quality_in
from mlpnas.core.report.terminal import use_lines
from mlpnas.final.finalists import name_of
from mlpnas.scoring import from_unit_interval


def story(run: Path, record: Mapping[str, Any]) -> list[str]:
    """Who won, why, what the test rows can show of it, what to beware of, how to use it.

    Args:
        run: its folder.
        record: its run.json, with all settings.

    Returns:
        A line each; none for a run that is not finished.
    """
    winner = record.get("winner")
    if not winner or not record.get("results"):
        return []
    found = quality_in(record).evaluation
    size = f", {winner['parameters']:,} parameters" if winner.get("parameters") else ""
    return [
        f"winner: {name_of(winner['trial'])}: {winner['architecture']}{size}",
        *_chosen(record),
        *_shown(run, found.sentences if found else ()),
        *(f"beware: {note.removeprefix('Warning: ')}" for note in giveaways(record)),
        *use_lines(run, "mlpnas"),
    ]


def _shown(run: Path, sentences: Sequence[str]) -> list[str]:
    """What labelled rows say of best.keras, which is not the winner alone where that lies
    beside it."""
    averaged = (run / "single.keras").exists()
    of = "of the average in best.keras: " if averaged else ""
    return [f"shown:  {of}{sentence}" for sentence in sentences]


def giveaways(record: Mapping[str, Any]) -> list[str]:
    """The warnings of columns that give the target away."""
    notes = record["data"].get("notes", ())
    return [note for note in notes if "alone gives away target" in note]


def _chosen(record: Mapping[str, Any]) -> list[str]:
    """By what the winner was chosen among the finalists, and what its number means."""
    every = {int(n): value for n, value in record.get("retrained_validation", {}).items()}
    if (mine := every.get(record["winner"]["trial"])) is None:
        return []
    scoring, best = record["settings"].get("scoring"), max(every.values())
    score, highest = (f"{from_unit_interval(value, scoring):.4f}" for value in (mine, best))
    by, means = "on the validation rows", "one training, judged on these rows"
    if record.get("cross_validated"):
        by, means = "in a cross-validation", "the mean over the parts left out"
    if mine == best:
        return [f"chosen: the best of {len(every)} {by}, {score} ({means})"]
    return [
        f"chosen: the smallest of {len(every)} within a standard error of the best {by}, "
        f"{score} to {highest} ({means})"
    ]
