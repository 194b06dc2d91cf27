"""The log for TensorBoard, read back with TensorFlow: every trial once, its scalars right."""

from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf
from fakes import trials_of
from spaces import SMALL_MLP

from mlpnas.core.run.event_log import event_log
from mlpnas.core.trial import History

WALKS = [SMALL_MLP.architecture(walk) for walk in ((0, 5), (1, 5), (2, 5))]


def read(folder: Path) -> dict[tuple[str, int], float]:
    """(tag, step) -> value, of all the log's files."""
    found = {}
    for path in folder.glob("events.out.tfevents.*"):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    return found


@pytest.fixture
def trials():
    """A good trial, a failed one, and one that is worse than the first."""
    scores = dict(zip(WALKS, (0.75, None, 0.5), strict=True))
    told = trials_of(WALKS, scores.get)
    told[2] = replace(told[2], predicted=0.75, parameters=10, seconds=2.0)
    return told


def test_every_trial_has_its_scalars(trials, tmp_path):
    with event_log(tmp_path, History()) as log:
        for trial in trials:
            log(trial)
        found = read(tmp_path)  # on the disk already: a kill takes nothing of it
    assert {tag for tag, step in found if step == 1} == {"trial/seconds"}  # it failed
    assert {tag: value for (tag, step), value in found.items() if step == 2} == {
        "trial/score": 0.5,
        "trial/best_score": 0.75,
        "trial/parameters": 10,
        "trial/seconds": 2.0,
        "trial/prediction_error": 0.25,
    }


def test_a_log_that_is_taken_up_again_holds_every_trial_once(trials, tmp_path):
    with event_log(tmp_path, History()) as log:
        log(trials[0])
    (tmp_path / "mine.txt").write_text("left alone")
    with event_log(tmp_path, History(trials=trials[:2])) as log:
        log(trials[2])
    assert {step for _, step in read(tmp_path)} == {0, 1, 2}
    assert read(tmp_path)["trial/best_score", 2] == 0.75
    assert (tmp_path / "mine.txt").exists()


def test_without_its_folder_nothing_is_logged(trials, tmp_path):
    with event_log(tmp_path / "tensorboard", History()) as log:
        log(trials[0])
    assert list(tmp_path.iterdir()) == []
