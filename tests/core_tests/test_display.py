"""What a terminal shows while a search runs."""

import io
import math

import numpy as np
from rich.console import Console

from mlpnas.core.commands.display import SearchDisplay, steps
from mlpnas.core.data.measure import Measure
from mlpnas.core.differentiable.strategy import bars
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trial import History, Trial

TRIAL = Trial(0, 0, Architecture("any", (0,), "a"), "ok", score=0.512)


def shown(terminal: bool) -> str:
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=100)
    cubed = Measure("accuracy", "accuracy cubed", math.cbrt)
    with SearchDisplay(console, History(), 2, 1, cubed, lambda: "▁▂█") as display:
        display.show(TRIAL)
    return written.getvalue()


def test_a_terminal_is_redrawn_with_the_picture_below():
    assert "best accuracy 0.8000 (score 0.5120)" in shown(terminal=True)
    assert "▁▂█" in shown(terminal=True)


def test_a_log_has_a_line_per_round_and_no_picture():
    [line] = shown(terminal=False).strip().splitlines()
    assert line.startswith("round 1: 1/2 trials, best accuracy 0.8000 (score 0.5120),")


def test_a_log_has_a_line_for_every_step_and_its_brackets():
    written = io.StringIO()
    with steps(Console(file=written, width=100), "choosing") as told:
        told("fitting [1]")
    assert written.getvalue().splitlines() == ["choosing", "fitting [1]"]


def test_a_terminal_shows_the_step_of_the_moment():
    written = io.StringIO()
    with steps(Console(file=written, force_terminal=True, width=100), "choosing") as told:
        told("fitting [1]")
    assert "fitting [1]" in written.getvalue()


def test_bars_stand_by_node_and_are_as_high_as_their_share_of_the_largest():
    table = np.array([[0.0, 0.8], [0.4, 0.1], [0.8, 0.2]])
    assert bars({"cell": table}, ("none", "tanh"), [(0, 1), (0, 2), (1, 2)]).splitlines() == [
        "cell  1 2 ",
        "none    ▄█",
        "tanh  █ ▁▂",
    ]
