"""The finalists of a run retrained, and the winner chosen among them."""

from collections.abc import Callable

from mlpnas.core.errors import InputError
from mlpnas.core.trial import History
from mlpnas.final.finalists import FINALISTS
from mlpnas.final.retrain import Winner, final_recipe, retrain
from mlpnas.run.run import Run


def choose_winner(
    run: Run,
    history: History,
    epochs: int | None = None,
    on_step: Callable[[str], None] = lambda message: None,
) -> Winner:
    """The finalists' retraining, and the average if one is asked for; see `final`.

    Args:
        run: has the generator, the table and the workers.
        history: has the trials.
        epochs: at most; None for as many as `final.retrain.final_recipe` says.
        on_step: told what begins.

    The caller closes `executor` afterwards.

    Raises:
        InputError: if no trial succeeded, or none can be retrained.
    """
    finalists = history.leaderboard(FINALISTS)
    if not finalists:
        reason = history.trials[0].reason if history.trials else "no time for any"
        raise InputError(
            f"none of the {len(history)} trials succeeded, so there is no winner to "
            f"retrain; expected at least one: mend the first one's reason: {reason}"
        )
    s = run.settings
    recipe = final_recipe(len(run.table.task.train), s.scoring, epochs)
    return retrain(
        run.generator, run.table.task, finalists, s.seed, on_step, recipe,
        run.executor.run, s.ensemble,
    )  # fmt: skip
