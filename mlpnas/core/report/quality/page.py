"""An evaluation and an explanation as sections of a page."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlpnas.core.report.page import Section
from mlpnas.core.report.quality import figures
from mlpnas.core.report.quality.figures import MOST_CLASSES
from mlpnas.core.report.quality.record import Classes, Evaluation, Explanation, quality_in

SHOWN = 30  # columns in the picture


def quality_sections(record: Mapping[str, Any]) -> list[Section]:
    """What run.json says of quality; nothing if nobody has evaluated the run."""
    found = quality_in(record)
    parts = [_good(found.evaluation)] if found.evaluation else []
    return parts + ([_looks_at(found.explanation)] if found.explanation else [])


def _good(found: Evaluation) -> Section:
    section = Section("How good it is", wide=True)
    for place, sentence in enumerate(found.sentences):
        section.text(f"{sentence[:1].upper()}{sentence[1:]}", note=place > 0)
    rows = [(name, i.value, i.low, i.high) for name, i in found.measures.items()]
    section.table([f"on {found.rows} {found.of}", "value", "95% from", "to"], rows)
    section.pictures(_pictures(found))
    return _per_class(section, found.classes) if found.classes else section


def _pictures(found: Evaluation) -> Iterator[tuple[str, str]]:
    classes = found.classes
    if classes and len(classes.per_class) <= MOST_CLASSES:
        yield figures.confusion(classes), "rows by true and predicted class"
    if classes and classes.roc:
        yield figures.roc(classes.roc), "ROC: true against false positive rate"
    if classes and classes.precision_recall:
        yield figures.precision_recall(classes.precision_recall), "precision against recall"
    if classes and classes.calibration:
        yield figures.calibration(classes.calibration), "calibration: given and found shares"
    for values in found.values:
        yield figures.against(values), f"{values.name}: predicted against true"
        yield figures.residuals(values), f"{values.name}: residuals against predictions"


def _per_class(section: Section, classes: Classes) -> Section:
    header = ["class", "rows", "precision", "recall", "F1"]
    rows = [(c.label, c.rows, c.precision, c.recall, c.f1) for c in classes.per_class]
    section.table(header, rows)
    if len(classes.per_class) == 2:
        second = classes.per_class[1].label
        section.text(
            f"{second!r} is predicted from a probability of {classes.threshold:g} on; another "
            "--threshold trades precision for recall.",
            note=True,
        )
    if classes.confused and len(classes.per_class) > 2:
        section.table(
            ["most often confused", "taken for", "rows"],
            [(pair.truth, pair.predicted, pair.rows) for pair in classes.confused],
        )
    return section


def _looks_at(found: Explanation) -> Section:
    section = Section("What it looks at", wide=True)
    section.text(
        f"What {found.measure} loses when a column's values are dealt out anew among the rows "
        f"({found.rows} {found.of}, drawn anew for every shuffle; 95% intervals). Grey: these "
        "rows do not show that the column matters. Columns that say the same stand in for one "
        "another, and each alone looks less important.",
        note=True,
    )
    drawn = figures.importances(found.importances[:SHOWN], found.measure)
    section.picture(drawn, "importance of each column")
    if found.dependences:
        section.text(
            "The mean prediction where a column has the same value in all rows, for the "
            "strongest columns:",
            note=True,
        )
        ends = figures.ends_of(found.dependences)
        section.pictures(
            (figures.dependence(one, ends), f"mean prediction by {one.column}")
            for one in found.dependences
        )
    return section
