"""Pictures of an evaluation and an explanation, each as the text of an SVG.

Words of the user's are drawn here: as they are, without mathematics between dollar signs.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlpnas.core.report.figures import BLUE, GREY, drawn
from mlpnas.core.report.quality.record import (
    Calibration,
    Classes,
    Curve,
    Dependence,
    Importance,
    Values,
)

SMALL = (3.6, 3.1)
MOST_CLASSES = 20  # of which a matrix of counts can be read
LONGEST = 24  # characters of a word


def plain(word: str) -> str:
    """A word of the user's as matplotlib draws it, cut where it is long."""
    cut = word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"
    shown = "".join(c if c.isprintable() else " " for c in cut)
    return shown.replace("\\", "\\\\").replace("$", r"\$") if "$" in shown else shown


def confusion(classes: Classes) -> str:
    """Counts by true and predicted class; shades are shares of the true class."""
    counts = np.array(classes.confusion, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    labels = [plain(one.label) for one in classes.per_class]

    def draw(figure: Figure, axes: Axes) -> None:
        axes.grid(False)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (i, j), count in np.ndenumerate(counts):
            dark = shares[i, j] > 0.6
            axes.text(
                j, i, f"{count:.0f}", ha="center", va="center",
                fontsize=9 if len(labels) < 8 else 6, color="white" if dark else "black",
            )  # fmt: skip
        turned = 0 if max(map(len, labels)) * len(labels) < 40 else 90
        axes.set_xticks(range(len(labels)), labels, rotation=turned, fontsize=8)
        axes.set_yticks(range(len(labels)), labels, fontsize=8)
        axes.set(xlabel="predicted", ylabel="true")

    side = 2.6 + 0.22 * len(labels)
    return drawn(draw, (side + 0.4, side))


def roc(curves: Sequence[Curve]) -> str:
    """True against false positive rate."""

    def draw(figure: Figure, axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
        _lines(figure, axes, curves)
        axes.set(xlabel="false positive rate", ylabel="true positive rate")

    return drawn(draw, SMALL)


def precision_recall(curves: Sequence[Curve]) -> str:
    """Precision against recall."""

    def draw(figure: Figure, axes: Axes) -> None:
        _lines(figure, axes, curves)
        axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.03))

    return drawn(draw, SMALL)


def _lines(figure: Figure, axes: Axes, curves: Sequence[Curve]) -> None:
    for curve in curves:
        axes.plot(curve.x, curve.y, lw=1.6, label=plain(curve.label))
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)


def calibration(found: Calibration) -> str:
    """How often the network was right against the probability that it gave."""

    def draw(figure: Figure, axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--", label="as promised")
        axes.plot(found.given, found.found, "o-", color=BLUE, ms=5, label="found")
        axes.set(xlabel=f"probability given for {plain(found.of)}", ylabel="share that it was")
        figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=8)

    return drawn(draw, SMALL)


def against(values: Values) -> str:
    """Predictions against the truth."""

    def draw(figure: Figure, axes: Axes) -> None:
        ends = [min(values.truth), max(values.truth)]
        axes.plot(ends, ends, color=GREY, lw=1, ls="--")
        axes.scatter(values.truth, values.predicted, s=8, alpha=0.6, color=BLUE, zorder=3)
        axes.set(xlabel="true", ylabel="predicted")
        axes.xaxis.set_major_locator(MaxNLocator(4))  # long numbers would touch

    return drawn(draw, SMALL)


def residuals(values: Values) -> str:
    """What the truth lies above the prediction, against the prediction."""
    apart = np.subtract(values.truth, values.predicted)

    def draw(figure: Figure, axes: Axes) -> None:
        axes.axhline(0, color=GREY, lw=1, ls="--")
        axes.scatter(values.predicted, apart, s=8, alpha=0.6, color=BLUE, zorder=3)
        axes.set(xlabel="predicted", ylabel="true minus predicted")
        axes.xaxis.set_major_locator(MaxNLocator(4))

    return drawn(draw, SMALL)


def importances(found: Sequence[Importance], measure: str) -> str:
    """By how much the measure falls, with intervals, the strongest column at the top."""
    names = [plain(one.column) for one in found]
    values = [one.fall.value for one in found]
    ends = [[abs(one.fall.value - one.fall.low), abs(one.fall.high - one.fall.value)]
            for one in found]  # fmt: skip
    colors = [BLUE if one.seen else GREY for one in found]

    def draw(figure: Figure, axes: Axes) -> None:
        places = range(len(found))
        axes.barh(places, values, color=colors, alpha=0.5)
        axes.errorbar(values, places, xerr=np.transpose(ends), fmt="none", ecolor="black", lw=1)
        axes.set_yticks(places, names, fontsize=8)
        axes.invert_yaxis()
        axes.axvline(0, color=GREY, lw=1)
        axes.set(xlabel=f"{plain(measure)} lost")

    return drawn(draw, (5.2, 0.9 + 0.28 * len(found)))


def dependence(found: Dependence, ends: tuple[float, float]) -> str:
    """The mean prediction against the column's value.

    Args:
        ends: of the axis of predictions; the same for all columns, so that they compare.
    """

    def draw(figure: Figure, axes: Axes) -> None:
        for curve in found.curves:
            axes.plot(curve.x, curve.y, "o" if found.names else "-", label=plain(curve.label))
        if found.names:
            axes.set_xticks(range(len(found.names)), map(plain, found.names), rotation=30)
            axes.set_xlim(-0.5, len(found.names) - 0.5)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=8)
        margin = 0.05 * (ends[1] - ends[0])
        axes.set(xlabel=plain(found.column), ylim=(ends[0] - margin, ends[1] + margin))
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)

    return drawn(draw, (3.2, 2.4))


def ends_of(found: Sequence[Dependence]) -> tuple[float, float]:
    """The lowest and the highest of all mean predictions."""
    every = np.concatenate([curve.y for one in found for curve in one.curves])
    return float(every.min()), float(every.max())
