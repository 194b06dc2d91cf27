"""The report of a run as a page: what was asked, what won, and how the search went."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.report import figures, sections
from mlpnas.core.report.page import Section, page
from mlpnas.core.report.quality.page import quality_sections
from mlpnas.core.report.terminal import Record, failures, winner_in
from mlpnas.core.run.policy_record import read_policy
from mlpnas.core.run.record import architecture_in
from mlpnas.core.run.schema import parse
from mlpnas.core.trial import History
from mlpnas.final.finalists import PLAIN, name_of
from mlpnas.final.story import story
from mlpnas.layers import LayerType
from mlpnas.run.record import Comparison
from mlpnas.scoring import measure_in, own_measure
from mlpnas.space import MLPSpace

# What two searches may differ in, and still have scores that can be compared.
MAY_DIFFER = {
    "data",
    "strategy",
    "predictor",
    "controller_decay",
    "trials",
    "per_round",
    "ensemble",
}

Other = tuple[dict[str, Any], History, MLPSpace]


def html_report(
    run: Path,
    record: Record,
    history: History,
    space: MLPSpace,
    other: Other | None = None,
) -> str:
    """The report as a page.

    Args:
        run: its folder.
        record: its run.json.
        history, space: its trials, and where it searched.
        other: the same of a run to be drawn beside it.

    Raises:
        InputError: if the two cannot be compared, or compare.json is damaged.
    """
    measure = measure_in(record)
    parts = [_summary(record, history), *quality_sections(record)]
    if history.best():
        parts.append(_winner(run, record, history, space))
        parts += _scores(run, record, history, other)
        parts.append(sections.learning_curves(history, own_measure(record["data"])))
        parts += sections.calibration(history, measure)
    if history.trials:
        parts.append(sections.time_spent(history))
    parts.append(_leaderboard(record, history, measure))
    if history.trials:
        policy = read_policy(run / "policy.jsonl", space)
        parts.append(sections.choices(history, space, policy))
    name = Path(str(record["settings"]["data"])).stem
    return page(f"Architecture search on {name}", parts)


def _summary(record: Record, history: History) -> Section:
    data, s = record["data"], record["settings"]
    section = Section("Summary", wide=True)
    seconds = sum(trial.seconds for trial in history.trials)
    kind = (
        f"classification into {len(data['classes'])} classes"
        if data["classes"]
        else "regression"
    )
    section.text(
        f"{len(history)} of {s['trials']} trials by {s['strategy']}, seed {s['seed']}, "
        f"{s['epochs']} epochs each: {seconds:.0f} seconds of training. {kind.capitalize()}."
    )
    if record.get("results"):
        metric = measure_in(record).name
        rows = [(r["name"], r["valid"], r["test"]) for r in record["results"]]
        section.table(["trained at length", f"validation {metric}", f"test {metric}"], rows)
    if problem := failures(history):
        section.text(problem)
    for note in data.get("notes", []):
        section.text(note, note=True)
    return section


def _winner(run: Path, record: Record, history: History, space: MLPSpace) -> Section:
    told, best = record.get("winner"), history.leaderboard(1)[0]
    title = "The winner" if told else "The best so far"
    text = told["architecture"] if told else str(best.architecture)
    architecture = architecture_in(run, space, text)
    number = told["trial"] if told else best.id
    inputs, encoding = record["data"]["inputs"][0], space.encoding(architecture)
    bars = [(f"{inputs} inputs", 0.5), *([(encoding.label, 0.25)] if encoding else [])]
    bars += _bars(space.layers(architecture), inputs)
    section = Section(title).picture(figures.chain(bars), str(architecture))
    lines = story(run, record) or [f"{name_of(number).capitalize()}: {architecture}"]
    for line in lines:
        section.text(line)
    return section


def _bars(layers: Sequence[LayerType], inputs: int) -> list[tuple[str, float]]:
    """Labels and widths in (0, 1] of what is drawn: thin for layers without weights."""
    units = list(accumulate(layers, lambda n, layer: layer.units(n), initial=inputs))
    widest = max(units[1:])
    bars = []
    for layer, before, after in zip(layers, units, units[1:], strict=False):
        width = 0.2 + 0.8 * after / widest if layer.shapes(before) else 0.25
        bars.append((layer.label, width))
    return bars


def _leaderboard(record: Record, history: History, measure: Measure) -> Section:
    retrained = record.get("retrained_validation", {})
    winner = winner_in(record, history)
    section = sections.leaderboard(history, retrained, measure, winner)
    if record.get("cross_validated"):
        section.text("The retrained scores are means of a cross-validation.", note=True)
    if plain := retrained.get(str(PLAIN)):  # absent if a finalist was the plain network itself
        section.text(f"{name_of(PLAIN).capitalize()} has {measure.written(plain)}.", note=True)
    return section


def _scores(run: Path, record: Record, history: History, other: Other | None) -> list[Section]:
    """Every trial; and beside random search, if there was one."""
    measure = measure_in(record)
    section = sections.scores(history, measure)
    beside = _beside(record, history, other) if other else _compared(run, measure)
    if beside:
        return [section, beside]
    if record["settings"]["strategy"] == "random":
        return [section.text("This run is a random search.", note=True)]
    return [
        section.text(
            "No random search has run on this split. mlpnas compare runs one; so does mlpnas "
            "search --strategy random, whose folder mlpnas report takes with --against.",
            note=True,
        )
    ]


def _beside(record: Record, history: History, other: Other) -> Section:
    """Best so far of this run and of another.

    Raises:
        InputError: naming what differs, if their scores do not mean the same.
    """
    their_record, theirs, _ = other
    mine, their = record["settings"], their_record["settings"]
    differ = [name for name in mine if name not in MAY_DIFFER and mine[name] != their.get(name)]
    if record["data"]["fingerprint"] != their_record["data"]["fingerprint"]:
        differ.append("the data or their split")
    if differ:
        raise InputError(
            f"--against names a run that differs in {', '.join(differ)}, so its scores mean "
            "something else; expected only another strategy: search with equal settings"
        )
    searches = {f"{mine['strategy']}, this run": history, f"{their['strategy']}": theirs}
    scores = {name: [[t.score for t in run.trials]] for name, run in searches.items()}
    told = "One run of each, on the same split."
    return sections.against(scores, measure_in(record), told)


def _compared(run: Path, measure: Measure) -> Section | None:
    """Who won, and best so far of our search and of random search, by `mlpnas compare`."""
    path = run / "compare.json"
    if not path.exists():
        return None
    try:
        found = parse(Comparison, path.read_bytes())
    except InputError as error:
        raise InputError(
            f"{path} is damaged ({error}); expected what mlpnas compare wrote: remove it, or "
            "compare again"
        ) from None
    seeds = max(map(len, found.searches.values()))
    section = sections.against(
        found.searches,
        measure,
        f"From mlpnas compare: thick the mean over {seeds} splits, thin each of them. Both "
        "searches have the same splits, epochs and one-shot store.",
    )
    return section.text(found.verdict)
