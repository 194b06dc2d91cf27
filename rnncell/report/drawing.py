"""Pictures of recurrent cells, each as the text of an SVG."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlpnas.core.report.figures import BLUE, GREY, ORANGE, arrow, box, drawn
from rnncell.space.enas_space import Average, Nodes, averaged
from rnncell.space.tree import Tree, children

# A colour per activation; what only passes on, and names of tensors, are grey.
COLOURS = {"tanh": BLUE, "relu": ORANGE, "sigmoid": "#3c8d5a", "sin": "#8a4fa0"}


class Box(NamedTuple):
    """What is drawn of a node: where, its text, and the boxes that it reads."""

    place: tuple[float, float]
    text: str
    reads: tuple[int, ...] = ()


def draw_nodes(nodes: Nodes, average: Average = "loose") -> str:
    """A highway cell from left to right: inputs, nodes, and the mean that is its output."""
    at = spread(nodes)
    boxes = [Box((-1.0, at[0][1]), "$x_t, h_{t-1}$")]
    for i, node in enumerate(nodes):
        reads = 0 if node.predecessor is None else node.predecessor + 1
        boxes.append(Box(at[i], f"{i}: {node.activation}", (reads,)))
    end = (max(x for x, _ in at) + 1.0, at[0][1])
    boxes.append(Box(end, "mean: $h_t$", tuple(i + 1 for i in averaged(nodes, average))))
    return _draw(boxes)


def spread(nodes: Nodes) -> list[tuple[float, float]]:
    """Columns by depth; a leaf has a row of its own, what it grew from the mean of its rows."""
    after = [[k for k, n in enumerate(nodes) if n.predecessor == i] for i in range(len(nodes))]
    depth, row = [0] * len(nodes), [0.0] * len(nodes)
    leaves = iter(range(len(nodes)))

    def visit(i: int, at: int) -> None:
        depth[i] = at
        for k in after[i]:
            visit(k, at + 1)
        row[i] = float(np.mean([row[k] for k in after[i]])) if after[i] else -next(leaves)

    visit(0, 0)
    return list(zip(map(float, depth), row, strict=True))


def draw_tree(tree: Tree) -> str:
    """A tree cell from its leaves to its root, with the way of its memory."""
    base = (len(tree.nodes) + 1) // 2
    boxes: list[Box] = []
    for i, step in enumerate(tree.nodes):
        below = children(base, i) or ()
        x = 0.0 if not below else 1 + max(boxes[k].place[0] for k in below)
        y = -float(i) if not below else float(np.mean([boxes[k].place[1] for k in below]))
        inputs = "" if below else "\n$x_t, h_{t-1}$"
        boxes.append(Box((x, y), f"{i}: {step.combination} {step.activation}{inputs}", below))
    (x, y), inject = boxes[-1].place, tree.inject
    boxes.append(Box((x + 1, y), "$h_t$", (len(tree.nodes) - 1,)))
    above = boxes[tree.memory].place[1] >= y
    boxes.append(Box((x + 1, y + 1 if above else y - 1), "$c_t$", (tree.memory,)))
    into = boxes[tree.injected]
    old = Box((into.place[0], 1.0), "$c_{t-1}$")
    text = f"{into.text}\n$c_{{t-1}}$: {inject.combination} {inject.activation}"
    boxes[tree.injected] = into._replace(text=text, reads=(*into.reads, len(boxes)))
    return _draw([*boxes, old])


def _draw(boxes: Sequence[Box]) -> str:
    xs, ys = zip(*(node.place for node in boxes), strict=True)

    def paint(figure: Figure, axes: Axes) -> None:
        drawn_as = [box(axes, b.place, b.text, _colour(b.text)) for b in boxes]
        for node, own in zip(boxes, drawn_as, strict=True):
            for source in node.reads:
                arrow(axes, drawn_as[source], own, GREY)
        axes.axis("off")
        axes.set(xlim=(min(xs) - 0.5, max(xs) + 0.5), ylim=(min(ys) - 0.6, max(ys) + 0.6))

    wide, high = np.ptp(xs) + 1, np.ptp(ys) + 1
    return drawn(paint, (1.5 * wide, 0.75 * high + 0.3))


def _colour(text: str) -> str:
    words = text.split("\n")[0].split()
    return COLOURS.get(words[-1], GREY)
