"""Reports: what people read of a run. The leaderboard, for now as a table of text.

A leaderboard shows search scores: proxies, reached in few epochs and perhaps with inherited
weights. What a retrained model scores belongs in another table, never in the same column.
"""

from rich import box
from rich.table import Table

from mlpnas.core.trial import History


def leaderboard(history: History, n: int = 5) -> Table:
    """The n best trials by search score, best first, with size and cost."""
    title = f"Top {n} of {len(history)} trials, by search score"
    table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("trial", justify="right")
    table.add_column("search score", justify="right")
    table.add_column("parameters", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("architecture", overflow="fold")
    for trial in history.leaderboard(n):
        table.add_row(
            str(trial.id),
            f"{trial.score:.4f}",
            f"{trial.parameters:,}",
            f"{trial.seconds:.2f}",
            str(trial.architecture),
        )
    return table


def failures(history: History) -> str | None:
    """One sentence on the trials that failed, with the reason of the first; None if none."""
    failed = [trial for trial in history.trials if not trial.ok]
    if not failed:
        return None
    first = failed[0]
    return (
        f"{len(failed)} of {len(history)} trials failed; the first, trial {first.id}: "
        f"{first.reason}"
    )
