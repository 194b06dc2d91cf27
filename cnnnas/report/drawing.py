"""Pictures of cells and networks, each as the text of an SVG."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnnas.operations.vocabulary import operation
from cnnnas.space.cell import INPUTS, NONE, SKIP, Cell
from cnnnas.space.macro_space import MacroSpace
from mlpnas.core.report.figures import BLUE, GREY, ORANGE, arrow, box, drawn
from mlpnas.core.space.search_space import Architecture

# A colour says what an operation does: convolve, pool, or nothing.
COLOURS = {"separable": BLUE, "dilated": "#5b9bd5", "convolution": "#1d3f66", "max": ORANGE,
           "avg": "#e2a76f", "other": "#6b8e6b"}  # fmt: skip
NEAREST, LANE = 38, 6  # points from the middle of a box to the first skip, and between two


def colour(name: str) -> str:
    """The colour of an operation; a skip's is grey."""
    return GREY if name in (SKIP, NONE) else COLOURS[operation(name).family]


def short(name: str) -> str:
    """`sep_conv_3x3` as `sep 3x3`, `package.module:NAME` as `NAME`."""
    own = name.rpartition(":")[2]
    return own.replace("_conv", "").replace("_connect", "").replace("_", " ")


def depths(cell: Cell) -> list[int]:
    """Per state how many operations lie on the longest way to it from an input."""
    found = [0] * INPUTS
    for halves in cell.wired:
        found.append(1 + max((found[state] for _, state in halves), default=0))
    return found


def places(cell: Cell) -> list[tuple[float, float]]:
    """Where each state is drawn: columns by depth, and in a column evenly spread."""
    columns = depths(cell)
    rows = []
    for state, depth in enumerate(columns):
        beside = [s for s, d in enumerate(columns) if d == depth]
        # Every other column is shifted, so that few arrows run through a third state.
        shift = 0.6 * (depth % 2)
        rows.append(1.6 * ((len(beside) - 1) / 2 - beside.index(state)) + shift)
    return [(2.2 * depth, row) for depth, row in zip(columns, rows, strict=True)]


def draw_cell(cell: Cell, title: str = "") -> str:
    """A cell from left to right: its inputs, its nodes, and what it concatenates.

    Before every node stand the operations whose results it adds; nodes without are left out.
    """
    at = places(cell)
    end = (max(x for x, _ in at) + 1.2, 0.0)
    names = ["$c_{k-2}$", "$c_{k-1}$", *map(str, range(INPUTS, len(at)))]
    shown = [*range(INPUTS), *(s for s in range(INPUTS, len(at)) if cell.wired[s - INPUTS])]

    def draw(figure: Figure, axes: Axes) -> None:
        states = {s: box(axes, at[s], names[s]) for s in shown}
        for node, halves in enumerate(cell.wired, INPUTS):
            x, y = at[node]
            for (name, state), side in zip(halves, (0.32, -0.32), strict=False):
                done = box(axes, (x - 0.95, y + side), short(name), colour(name))
                arrow(axes, states[state], done, colour(name))
                arrow(axes, done, states[node], colour(name))
        out = box(axes, end, "$c_k$")
        for state in cell.concat:
            arrow(axes, states[state], out, GREY, ":")
        _frame(axes, [*at, end], title)

    rows = np.ptp([y for _, y in at])
    return drawn(draw, (1.35 * end[0] + 1.2, max(2.4, 0.95 * rows + 1.7)))


def _frame(axes: Axes, points: Iterable[tuple[float, float]], title: str) -> None:
    xs, ys = zip(*points, strict=True)
    axes.axis("off")
    axes.set(xlim=(min(xs) - 0.4, max(xs) + 0.4), ylim=(min(ys) - 0.7, max(ys) + 0.7))
    axes.set_title(title, fontsize=11)


def draw_macro(architecture: Architecture, space: MacroSpace) -> str:
    """A network from top to bottom: the stem, its layers, and its skips beside them."""
    wiring = space.wiring(architecture)
    looks = [("stem", GREY), *((short(op), colour(op)) for op, _ in wiring)]
    skips = [(s, place) for place, layer in enumerate(wiring, 1) for s in layer.skips]

    def draw(figure: Figure, axes: Axes) -> None:
        boxes = [box(axes, (0.0, -p), *look) for p, look in enumerate(looks)]
        for above, below in pairwise(boxes):
            arrow(axes, above, below, GREY)
        # Short skips run near the boxes, so that few cross.
        for lane, (source, place) in enumerate(sorted(skips, key=lambda s: s[1] - s[0])):
            arm = NEAREST + LANE * lane
            way = f"arc,angleA=0,angleB=0,armA={arm},armB={arm},rad=4"
            arrow(axes, boxes[source], boxes[place], BLUE, way=way)
        for last in space.reductions:
            axes.axhline(-last - 1.5, color=ORANGE, lw=1, ls="--", xmin=0.03, xmax=0.97)
        axes.axis("off")
        axes.set(xlim=(-0.7, 1.5 * wide - 0.7), ylim=(-len(wiring) - 0.6, 0.6))
        axes.set_title("dashed: the image is halved", fontsize=8, color=ORANGE)

    wide = 1.6 + LANE * len(skips) / 72  # inches
    return drawn(draw, (wide, 0.55 * len(looks) + 0.5))
