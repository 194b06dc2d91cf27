"""Event log: a search's trials as scalars that TensorBoard shows.

TensorFlow alone writes them. The log is a view of the journal: when a search is taken up again
it is written anew, so it is as complete as the journal, whatever a kill cut short.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlpnas.core.trial import History, Trial


@contextmanager
def event_log(folder: Path, history: History) -> Iterator[Callable[[Trial], None]]:
    """What writes a trial into the log; earlier trials are there already.

    Per trial, by its number: score, best score so far, parameters, seconds, and how far the
    score lay from the predicted one. What a failed trial lacks is left out.

    Args:
        folder: nothing is written if it does not exist.
        history: the trials so far.
    """
    if not folder.is_dir():
        yield lambda trial: None
        return
    import tensorflow as tf

    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    writer, best = tf.summary.create_file_writer(str(folder)), -math.inf

    def log(trial: Trial) -> None:
        nonlocal best
        if trial.score is not None:
            best = max(best, trial.score)
        with writer.as_default(step=trial.id):
            _write(scalars(trial, best))

    for trial in history.trials:
        log(trial)
    yield log
    writer.close()


def scalars(trial: Trial, best: float) -> dict[str, float]:
    """Tag -> value.

    Args:
        best: score of all trials up to this one.
    """
    values: dict[str, float] = {"seconds": trial.seconds}
    if trial.score is not None:
        values |= {"score": trial.score, "best_score": best, "parameters": trial.parameters}
        if trial.predicted is not None:
            values["prediction_error"] = abs(trial.score - trial.predicted)
    return values


def _write(values: Mapping[str, float]) -> None:
    """Scalars for the writer in force; they are on the disk when this returns.

    `tf.summary.scalar` would need the package tensorboard; this is what it writes.
    """
    import tensorflow as tf

    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
    metadata = tf.compat.v1.SummaryMetadata(plugin_data=plugin, data_class="DATA_CLASS_SCALAR")
    for tag, value in values.items():
        tf.summary.write(f"trial/{tag}", tf.constant(value, tf.float32), metadata=metadata)
    tf.summary.flush()
