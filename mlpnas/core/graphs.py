"""Boxes with words, and arrows between them: what pictures of cells and networks consist of."""

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

STYLE = {"boxstyle": "round,pad=0.35", "facecolor": "white"}


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
