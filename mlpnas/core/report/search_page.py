"""The page of a search over a kit's space: what was found, what stands beside it, and how."""

from collections.abc import Iterator
from pathlib import Path

from mlpnas.core.report import sections
from mlpnas.core.report.page import Section, page
from mlpnas.core.report.quality.page import quality_sections
from mlpnas.core.report.terminal import Record, use_lines, winner_in
from mlpnas.core.run.kit import Kit
from mlpnas.core.run.policy_record import read_policy
from mlpnas.core.run.record import architecture_in, settings_of
from mlpnas.core.run.search_settings import SearchSettings
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.trial import History, Trial


def search_page(
    run: Path, record: Record, history: History, space: SearchSpace, kind: type[SearchSettings]
) -> str:
    """The report as a page.

    Args:
        run: its folder.
        record: its run.json.
        history, space: its trials, and where it searched.
        kind: of its settings.
    """
    settings = settings_of(run, record, kind)
    classes = len(record["data"]["classes"])
    measure, alone = settings.measure(classes), settings.alone().measure(classes)
    parts = [sections.summary(record, history, measure.name), *quality_sections(record)]
    if history.best():
        parts.append(_network(run, record, history, space, settings))
        parts += sections.trained(record, measure.name)
        parts += sections.agreement(record, measure, alone)
        parts += sections.control(record)
        parts.append(sections.scores(history, measure))
        parts.append(sections.choices(history, space, read_policy(run / "policy.jsonl", space)))
    if settings.differentiable:
        parts += epoch_sections(history, space, settings)
    parts.append(sections.leaderboard(history, {}, measure, winner_in(record, history)))
    name = Path(str(record["settings"]["data"])).stem
    return page(f"Architecture search on {name}", parts)


def _network(
    run: Path, record: Record, history: History, space: SearchSpace, settings: SearchSettings
) -> Section:
    results, best = record.get("results", []), history.leaderboard(1)[0]
    text = results[0]["architecture"] if results else str(best.architecture)
    section = Section("The network found" if results else "Best so far", wide=True)
    architecture = architecture_in(run, space, text)
    for _, svg in settings.kit.pictures(space, architecture, settings, ""):
        section.picture(svg, text)
    section.text(text, note=True)
    for line in use_lines(run, settings.program) if results else ():
        section.text(line)
    return section


def epoch_sections(
    history: History, space: SearchSpace, settings: SearchSettings
) -> Iterator[Section]:
    """A table of a differentiable search's epochs, and each picture as it changed."""
    yield epoch_table(history, space, settings.kit)
    films: dict[str, list[tuple[str, str]]] = {}
    for trial in history.trials:
        title = f"epoch {trial.id}"
        for name, svg in settings.kit.pictures(space, trial.architecture, settings, title):
            films.setdefault(name, []).append((svg, f"{name}, {title}"))
    for name, frames in films.items():
        yield Section(f"The {name}, epoch by epoch", wide=True).animation(frames)


def epoch_table(history: History, space: SearchSpace, kit: Kit) -> Section:
    """The mixture's score beside that of the architecture cut out of it, and what the kit
    counts."""

    def counts(trial: Trial) -> dict[str, int]:
        return dict(kit.counts(space, trial.architecture))

    section = Section("Epochs of the search", wide=True)
    header = ["epoch", "score of the mixture", "of the architecture alone"]
    rows = [(t.id, t.predicted, t.score, *counts(t).values()) for t in history.trials]
    names = list(counts(history.trials[0])) if history.trials else []
    section.table([*header, *names], rows)
    return section.text(
        "With the weights of the mixture, on validation rows. What the architecture lacks of "
        "the mixture is lost when one is cut out of the other; cells that fill with skip "
        "connections are how such a search fails.",
        note=True,
    )
