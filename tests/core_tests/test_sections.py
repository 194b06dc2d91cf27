"""Parts of a report."""

from spaces import MacroSpace

from mlpnas.core.sections import leaderboard
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trial import History, Trial


def history() -> History:
    [architecture] = RandomStrategy(MacroSpace(2), 0).sample(1)
    told = History()
    told.record(Trial(id=0, round=0, architecture=architecture, status="ok", score=0.5))
    return told


def test_scores_after_retraining_stand_beside_the_search_scores():
    page = "".join(leaderboard(history(), {"0": 0.75}).parts)
    assert "stands beside it" in page
    assert page.index("search score</th>") < page.index("retrained</th>")
    assert page.index("0.5000</td>") < page.index("0.7500</td>")


def test_without_retrained_trials_there_is_no_column_of_them():
    page = "".join(leaderboard(history(), {}).parts)
    assert "retrained" not in page
    assert "beside it" not in page
