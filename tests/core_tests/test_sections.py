"""Parts of a report."""

import base64
import math
import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from spaces import MacroSpace

from mlpnas.core.data.measure import Measure
from mlpnas.core.report import terminal
from mlpnas.core.report.sections import against, calibration, leaderboard, scores
from mlpnas.core.report.terminal import winner_in
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trial import History, Trial


def history() -> History:
    [architecture] = RandomStrategy(MacroSpace(2), 0).sample(1)
    told = History()
    told.record(Trial(id=0, round=0, architecture=architecture, status="ok", score=0.5))
    return told


def test_scores_after_retraining_stand_beside_the_search_scores():
    page = "".join(leaderboard(history(), {"0": 0.75}, Measure("accuracy")).parts)
    assert "stands beside it" in page
    assert page.index("search score</th>") < page.index("retrained accuracy</th>")
    assert page.index("0.5000</td>") < page.index("0.7500</td>")


def test_the_winner_has_a_marked_row_also_if_it_was_no_trial():
    told = history()
    text = str(told.trials[0].architecture)
    results = [{"name": "found", "architecture": text}]
    assert winner_in({}, told) is None
    assert winner_in({"results": [{"name": "of a table"}]}, told) is None
    assert winner_in({"results": results}, told) is told.trials[0]
    assert winner_in({"winner": {"trial": 0, "architecture": text}}, told) is told.trials[0]
    plain = winner_in({"winner": {"trial": -1, "architecture": "p", "parameters": 7}}, told)
    for winner, rows in ((told.trials[0], 1), (plain, 2)):
        page = "".join(leaderboard(told, {}, Measure("accuracy"), winner).parts)
        assert page.count("winner: ") == 1
        assert page.count("<tr>") == 1 + rows
        console = Console(width=400, file=StringIO(), record=True)
        console.print(terminal.leaderboard(told, Measure("accuracy"), 5, winner))
        assert f"winner: {winner.architecture}" in console.export_text()


def test_the_measure_that_people_know_stands_before_the_score():
    perplexity = Measure("perplexity", "80 / perplexity", lambda s: 80 / s, False, digits=1)
    page = "".join(leaderboard(history(), {}, perplexity).parts)
    assert "The search score (80 / perplexity) is a proxy" in page
    assert page.index("perplexity</th>") < page.index("search score</th>")
    assert page.index("160.0</td>") < page.index("0.5000</td>")


def drawn(section) -> list[str]:
    """What is written in its pictures: matplotlib leaves texts as comments."""
    images = re.findall(r'base64,([^"]+)"', "".join(section.parts))
    svg = "".join(base64.b64decode(image).decode() for image in images)
    return re.findall(r"<!-- (.*?) -->", svg)


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (Measure("accuracy"), "accuracy"),
        (Measure("accuracy", "accuracy cubed", math.cbrt), "accuracy"),
        (Measure("perplexity", "1 / perplexity", lambda s: 1 / s, False), "perplexity"),
    ],
)
def test_axes_name_the_measure_and_the_text_names_the_score(measure, name):
    told = history()
    told.record(replace(told.trials[0], id=1, score=0.125))
    section = scores(told, measure)
    [label] = [text for text in drawn(section) if text.startswith(name)]
    assert label == measure.axis
    assert f"The search score ({measure.score or name})" in "".join(section.parts)
    expected = History(trials=[replace(t, predicted=0.3) for t in told.trials])
    [section] = calibration(expected, measure)
    assert f"predicted {measure.score_name}" in drawn(section)
    section = against({"ours": [[0.5, None, 0.6]]}, measure, "one run")
    assert f"best {measure.axis} so far" in drawn(section)


def test_without_retrained_trials_there_is_no_column_of_them():
    page = "".join(leaderboard(history(), {}, Measure("accuracy")).parts)
    assert "retrained" not in page
    assert "beside it" not in page
