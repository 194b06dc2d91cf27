"""Pictures of a search, each as the text of an SVG. No text from the user is drawn here.

matplotlib draws them; it comes with the distribution, since a report is for everybody.
"""

import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from mlpnas.core.data.measure import Measure
from mlpnas.core.trial import Trial

STYLE = {"boxstyle": "round,pad=0.35", "facecolor": "white"}

BLUE, ORANGE, GREY = "#2563a8", "#d9772b", "#8a8f98"


def drawn(draw: Callable[[Figure, Axes], None], size: tuple[float, float] = (5.2, 3.1)) -> str:
    """The SVG of a figure with one pair of axes."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    draw(figure, axes)
    buffer = io.StringIO()
    # Neither the date nor random ids: the same run gives the same file.
    with rc_context({"svg.hashsalt": "mlpnas"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def scores(trials: Sequence[Trial], measure: Measure) -> str:
    """What every trial scored, in order, coloured by round, and the best so far."""
    ok = [t for t in trials if t.ok]
    scored = np.array([t.score for t in ok], float)
    found, best = (
        np.array([measure.value(s) for s in of])
        for of in (scored, np.maximum.accumulate(scored))
    )
    failed = [t.id for t in trials if t.score is None]

    def draw(figure: Figure, axes: Axes) -> None:
        rounds = [t.round + 1 for t in ok]
        scale = Normalize(1, max([2, *rounds]))
        drawn = axes.scatter([t.id for t in ok], found, c=rounds, norm=scale, s=16, zorder=3)
        axes.step([t.id for t in ok], best, where="post", color=ORANGE, label="best so far")
        if not measure.rising:  # the first perplexities can be thousands
            axes.set_yscale("log")
        if failed:
            floor = np.full(len(failed), axes.get_ylim()[0])
            axes.scatter(failed, floor, marker="x", color=GREY, s=20, label="failed")
        figure.colorbar(drawn, ax=axes, label="round", ticks=MaxNLocator(integer=True))
        axes.set(xlabel="trial", ylabel=measure.axis)
        figure.legend(loc="outside upper right", ncols=2, frameon=False)

    return drawn(draw)


def best_so_far(
    searches: Mapping[str, Sequence[Sequence[float | None]]], measure: Measure
) -> str:
    """Best so far by trial: the mean of a method's runs, and each of them behind it.

    Args:
        searches: method -> runs -> the score of every trial, None where it failed. Runs are
            shown as far as the shortest of their method went.
    """

    def draw(figure: Figure, axes: Axes) -> None:
        for (method, runs), color in zip(searches.items(), (BLUE, ORANGE), strict=False):
            best = np.vectorize(measure.value, otypes=[float])(running_best(runs))
            trials = range(1, best.shape[1] + 1)
            axes.step(trials, best.T, where="post", color=color, alpha=0.35, lw=0.8)
            axes.step(trials, best.mean(axis=0), where="post", color=color, lw=2, label=method)
        axes.set(xlabel="trials", ylabel=f"best {measure.axis} so far")
        figure.legend(loc="outside upper right", ncols=2, frameon=False)

    return drawn(draw)


def running_best(runs: Sequence[Sequence[float | None]]) -> np.ndarray:
    """Best score up to each trial, `(runs, trials of the shortest)`; NaN before the first."""
    trials = min(map(len, runs))
    return np.fmax.accumulate(np.array([run[:trials] for run in runs], float), axis=1)


def heat_map(title: str, options: Sequence[str], rounds: np.ndarray, top: float) -> str:
    """Probability of every option after every round, dark where it is high.

    Args:
        title: of the decision.
        options: what may be taken.
        rounds: probabilities, `(rounds, options)`.
        top: the darkest shade stands for this probability, in (0, 1].
    """

    def draw(figure: Figure, axes: Axes) -> None:
        axes.grid(False)
        # A power below 1: the even start, 1/30 each, must differ from never.
        shades = axes.imshow(
            rounds.T, cmap="Blues", norm=PowerNorm(0.5, 0, top), aspect="auto",
            interpolation="nearest", extent=(0.5, len(rounds) + 0.5, len(options) - 0.5, -0.5),
        )  # fmt: skip
        axes.set_title(title, fontsize=8)
        axes.set_yticks(range(len(options)), options, fontsize=6)
        axes.tick_params(axis="x", labelsize=6)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_xlabel("round", fontsize=7)
        bar = figure.colorbar(shades, ax=axes, ticks=[0, top / 10, top / 2, top], aspect=30)
        bar.ax.tick_params(labelsize=6)
        bar.ax.yaxis.set_major_formatter("{x:.2g}")

    return drawn(draw, (2.7, 0.9 + 0.125 * len(options)))


def curves(trials: Sequence[Trial], best: Sequence[Trial], metric: str) -> str:
    """Learning curves: of the best trials in colour, of the others behind them."""

    def draw(figure: Figure, axes: Axes) -> None:
        for trial in trials:
            axes.plot(range(1, len(trial.curve) + 1), trial.curve, color=GREY, alpha=0.18, lw=1)
        for trial in best:
            epochs = range(1, len(trial.curve) + 1)
            axes.plot(epochs, trial.curve, lw=1.8, label=f"trial {trial.id}")
        low, high = axes.get_ylim()
        # R² has no lower end: one bad epoch must not squeeze all others to a line.
        axes.set_ylim(max(low, -0.5), high)
        axes.set(xlabel="epoch", ylabel=f"validation {metric}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)

    return drawn(draw)


def calibration(trials: Sequence[Trial], measure: Measure) -> str | None:
    """What the predictor expected against what came; None if it expected nothing."""
    pairs = [(t.predicted, t.score) for t in trials if None not in (t.predicted, t.score)]
    if len(pairs) < 2:
        return None
    predicted, found = np.array(pairs, float).T

    def draw(figure: Figure, axes: Axes) -> None:
        ends = [min(predicted.min(), found.min()), max(predicted.max(), found.max())]
        axes.plot(ends, ends, color=GREY, lw=1, ls="--", label="as expected")
        shades = axes.scatter(predicted, found, c=np.arange(len(found)), s=16, zorder=3)
        figure.colorbar(shades, ax=axes, label="predicted trial, in order")
        axes.set(xlabel=f"predicted {measure.score_name}", ylabel="found")
        figure.legend(loc="outside upper right", frameon=False)

    return drawn(draw)


def time_spent(trials: Sequence[Trial]) -> str:
    """Seconds of training per round."""
    seconds: defaultdict[int, float] = defaultdict(float)
    for trial in trials:
        seconds[trial.round] += trial.seconds

    def draw(figure: Figure, axes: Axes) -> None:
        axes.bar([r + 1 for r in seconds], list(seconds.values()), color=BLUE)
        axes.set(xlabel="round", ylabel="seconds of training")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    return drawn(draw)


def chain(layers: Sequence[tuple[str, float]]) -> str:
    """Layers from the input to the output as bars.

    Args:
        layers: of each its label, and its width in (0, 1].
    """

    def draw(figure: Figure, axes: Axes) -> None:
        axes.axis("off")
        for place, (label, width) in enumerate(layers):
            box = FancyBboxPatch(
                (-width / 2, -place - 0.3), width, 0.6, color=BLUE,
                alpha=0.25, boxstyle="round,pad=0.02",
            )  # fmt: skip
            axes.add_patch(box)
            axes.text(0, -place, label, ha="center", va="center", fontsize=9)
            if place:
                arrow = {"arrowstyle": "->", "color": GREY}
                axes.annotate("", (0, -place + 0.32), (0, -place + 0.68), arrowprops=arrow)
        axes.set(xlim=(-0.6, 0.6), ylim=(-len(layers) + 0.4, 0.5))

    return drawn(draw, (5.2, 0.42 * len(layers) + 0.3))


def training(trained: Mapping[str, Sequence[float]], metric: str) -> str:
    """Validation metric by epoch of networks that were trained at length, by name."""

    def draw(figure: Figure, axes: Axes) -> None:
        for name, curve in trained.items():
            axes.plot(range(1, len(curve) + 1), curve, lw=1.8, label=name)
        if max(map(max, trained.values())) > 1:  # perplexities, whose first can be thousands
            axes.set_yscale("log")
        axes.set(xlabel="epoch", ylabel=f"validation {metric}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)

    return drawn(draw)


def agreement(shared: Sequence[float], alone: Sequence[float], measure: str) -> str:
    """The same architectures with shared weights and trained alone, both by the measure."""

    def draw(figure: Figure, axes: Axes) -> None:
        axes.scatter(shared, alone, color=BLUE, s=24, zorder=3)
        axes.set(xlabel=f"{measure} with shared weights", ylabel=f"{measure} trained alone")

    return drawn(draw)


def box(axes: Axes, place: tuple[float, float], words: str, edge: str = "black") -> Text:
    """Words in a box around this place, with an edge of this colour."""
    style = {**STYLE, "edgecolor": edge}
    return axes.text(*place, words, ha="center", va="center", bbox=style, fontsize=9, zorder=5)


def arrow(
    axes: Axes, start: Text, stop: Text, color: str, style: str = "-", way: str = "arc3"
) -> None:
    """From the edge of one box to that of the other.

    Args:
        axes: where both boxes are.
        start, stop: the boxes.
        color: of the arrow.
        style: of its line.
        way: its course, a connection style of matplotlib's.
    """
    drawn = FancyArrowPatch(
        start.get_position(), stop.get_position(), arrowstyle="-|>", mutation_scale=10,
        shrinkA=1, shrinkB=1, patchA=start.get_bbox_patch(), patchB=stop.get_bbox_patch(),
        color=color, lw=1.2, linestyle=style, connectionstyle=way,
    )  # fmt: skip
    axes.add_patch(drawn)
