"""Pictures of cells and networks, each as the text of an SVG."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from cnnnas.cell import INPUTS, Cell
from cnnnas.macro_space import MacroSpace
from mlpnas.core.figures import BLUE, GREY, ORANGE, drawn
from mlpnas.core.search_space import Architecture

# A colour says what an operation does: convolve, pool, or nothing.
COLOURS = {"sep": BLUE, "dil": "#5b9bd5", "conv": "#1d3f66", "max": ORANGE, "avg": "#e2a76f"}
BOX = {"boxstyle": "round,pad=0.35", "facecolor": "white"}


def colour(operation: str) -> str:
    """The colour of an operation; what has none of its own, like a skip, is grey."""
    return COLOURS.get(operation.split("_")[0], GREY)


def short(operation: str) -> str:
    """`sep_conv_3x3` as `sep 3x3`."""
    return operation.replace("_conv", "").replace("_connect", "").replace("_", " ")


def depths(cell: Cell) -> list[int]:
    """Per state how many operations lie on the longest way to it from an input."""
    found = [0] * INPUTS
    for halves in cell.nodes:
        found.append(1 + max(found[state] for _, state in halves))
    return found


def places(cell: Cell) -> list[tuple[float, float]]:
    """Where each state is drawn: columns by depth, and in a column evenly spread."""
    columns = depths(cell)
    rows = []
    for state, depth in enumerate(columns):
        beside = [s for s, d in enumerate(columns) if d == depth]
        # Every other column is shifted, so that few arrows run through a third state.
        shift = 0.35 * (depth % 2)
        rows.append((len(beside) - 1) / 2 - beside.index(state) + shift)
    return list(zip(map(float, columns), rows, strict=True))


def draw_cell(cell: Cell, title: str = "") -> str:
    """A cell from left to right: its inputs, its nodes, and what it concatenates.

    Two operations between the same states are drawn as two arrows.
    """
    at = places(cell)
    end = (max(x for x, _ in at) + 1.0, 0.0)

    def draw(figure: Figure, axes: Axes) -> None:
        bends = _bends(cell)
        for node, halves in enumerate(cell.nodes, INPUTS):
            for half, (operation, state) in enumerate(halves):
                bend = bends[node - INPUTS][half]
                # Near the node that reads, arrows are furthest from those to other nodes.
                where = (0.7, 0.48)[half]
                _arrow(
                    axes, at[state], at[node], colour(operation), bend, short(operation), where
                )
        for state in cell.concat:
            _arrow(axes, at[state], end, GREY, 0.0, style=":")
        names = ["$c_{k-2}$", "$c_{k-1}$", *map(str, range(INPUTS, len(at)))]
        for name, (x, y) in zip(names, at, strict=True):
            axes.text(x, y, name, ha="center", va="center", bbox=BOX, zorder=5, fontsize=10)
        axes.text(*end, "$c_k$", ha="center", va="center", bbox=BOX, zorder=5, fontsize=10)
        _frame(axes, [*at, end], title)

    rows = np.ptp([y for _, y in at])
    return drawn(draw, (2.5 * end[0] + 1.4, max(2.4, 1.3 * rows + 1.7)))


def _bends(cell: Cell) -> list[list[float]]:
    """How much each arrow is curved: enough that two between the same states are apart."""
    bends = []
    for halves in cell.nodes:
        states = [state for _, state in halves]
        twice = len(set(states)) < len(states)
        bends.append([0.25 - 0.5 * i if twice else 0.12 for i in range(len(states))])
    return bends


def _arrow(
    axes: Axes, start: tuple[float, float], stop: tuple[float, float], color: str,
    bend: float, label: str = "", where: float = 0.5, style: str = "-",
) -> None:  # fmt: skip
    arrow = FancyArrowPatch(
        start, stop, arrowstyle="-|>", mutation_scale=11, color=color, lw=1.6,
        linestyle=style, shrinkA=13, shrinkB=13, connectionstyle=f"arc3,rad={bend}",
    )  # fmt: skip
    axes.add_patch(arrow)
    if label:
        x, y = _along(start, stop, bend, where)
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
        axes.text(
            x, y, label, color=color, fontsize=8, ha="center", va="center", bbox=patch, zorder=4
        )


def _along(
    start: tuple[float, float], stop: tuple[float, float], bend: float, t: float
) -> np.ndarray:
    """The point of the arrow's curve at t in [0, 1], a quadratic Bézier curve."""
    a, b = np.array(start), np.array(stop)
    across = np.array([b[1] - a[1], a[0] - b[0]])
    control = (a + b) / 2 + bend * across
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b


def _frame(axes: Axes, points: Iterable[tuple[float, float]], title: str) -> None:
    xs, ys = zip(*points, strict=True)
    axes.axis("off")
    axes.set(xlim=(min(xs) - 0.4, max(xs) + 0.4), ylim=(min(ys) - 0.7, max(ys) + 0.7))
    axes.set_title(title, fontsize=11)


def draw_macro(architecture: Architecture, space: MacroSpace) -> str:
    """A network from top to bottom: the stem, its layers, and its skips as arcs."""
    wiring = space.wiring(architecture)
    names = ["stem", *(short(layer.operation) for layer in wiring)]

    def draw(figure: Figure, axes: Axes) -> None:
        for place, name in enumerate(names):
            _label(axes, place, name)
            if place:
                _arrow(axes, (0.0, 1 - place), (0.0, -place), GREY, 0.0)
        for place, layer in enumerate(wiring, 1):
            _skips(axes, place, layer.skips)
        for last in space.reductions:
            axes.axhline(-last - 1.5, color=ORANGE, lw=1, ls="--", xmin=0.03, xmax=0.97)
        axes.axis("off")
        reach = max([1.5, *(0.25 * (p - s) for p, x in enumerate(wiring, 1) for s in x.skips)])
        axes.set(xlim=(-0.7, reach), ylim=(-len(wiring) - 0.6, 0.6))
        axes.set_title("dashed: the image is halved", fontsize=8, color=ORANGE)

    return drawn(draw, (4.2, 0.55 * len(names) + 0.5))


def _label(axes: Axes, place: int, name: str) -> None:
    box = {**BOX, "edgecolor": GREY if name == "stem" else colour(name.replace(" ", "_"))}
    axes.text(0, -place, name, ha="center", va="center", bbox=box, zorder=5, fontsize=9)


def _skips(axes: Axes, place: int, sources: Sequence[int]) -> None:
    for source in sources:
        bend = -0.25 - 0.25 / (place - source)
        _arrow(axes, (0.4, -source), (0.4, -place), BLUE, bend)
