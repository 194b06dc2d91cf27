"""How good a network is on labelled rows, by hand, and what it looks at."""

import json
from dataclasses import asdict
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import roc_auc_score

from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.classes import area_under_roc, judge_classes, own_metric
from mlpnas.core.report.quality.explanation import Asked, explain
from mlpnas.core.report.quality.figures import plain
from mlpnas.core.report.quality.intervals import intervals
from mlpnas.core.report.quality.page import quality_sections
from mlpnas.core.report.quality.record import Calibration, quality_in
from mlpnas.core.report.quality.terminal import print_evaluation, print_explanation
from mlpnas.core.report.quality.values import judge_values

# Eight rows, of which rows 3 and 7 (from 0) are taken for the other class.
TRUTH = np.array([0, 0, 0, 0, 0, 1, 1, 1])
SECOND = np.array([0.1, 0.2, 0.3, 0.7, 0.4, 0.9, 0.8, 0.45])
P = np.column_stack([1 - SECOND, SECOND])


def text_of(show, found) -> str:
    console = Console(width=120, record=True, file=StringIO())
    show(found, console)
    return console.export_text()


def test_classes_by_hand():
    found = judge_classes(TRUTH, P, ["no", "yes"], "rows")
    assert found.classes.confusion == ((4, 1), (1, 2))
    yes = found.classes.per_class[1]
    assert (yes.precision, yes.recall, yes.f1, yes.rows) == (2 / 3, 2 / 3, 2 / 3, 3)
    assert found.measures["accuracy"].value == 6 / 8
    assert found.measures["balanced accuracy"].value == pytest.approx((4 / 5 + 2 / 3) / 2)
    # Of 15 pairs of a no and a yes one is in the wrong order: .7 before .45.
    assert found.measures["area under the ROC curve"].value == pytest.approx(14 / 15)
    assert [(p.truth, p.predicted, p.rows) for p in found.classes.confused] == [
        ("no", "yes", 1), ("yes", "no", 1),
    ]  # fmt: skip
    assert found.sentences[0].startswith("accuracy 0.7500 on 8 rows, 95% interval 0.")
    assert "always saying 'no' would give 0.6250: these rows show no diff" in found.sentences[0]
    assert found.sentences[-1].startswith("8 rows are few")


def test_a_threshold_moves_rows_to_the_second_class():
    found = judge_classes(TRUTH, P, ["no", "yes"], "rows", threshold=0.4)
    # From .4 on: row 4 becomes a false yes, row 7 a true one.
    assert found.classes.confusion == ((3, 2), (0, 3))
    assert found.measures["accuracy"].value == 6 / 8
    assert found.classes.threshold == 0.4


@pytest.mark.parametrize(
    ("threshold", "labels", "said"),
    [
        (0.4, ["a", "b", "c"], "the run predicts 3 classes; expected two classes"),
        (0.4, [], "the run predicts numbers; expected two classes"),
        (1.5, ["a", "b"], r"--threshold is 1.5; expected a probability of 'b'"),
    ],
)
def test_thresholds_that_cannot_be(threshold, labels, said):
    with pytest.raises(InputError, match=said):
        judge_classes(TRUTH, P, labels, "rows", threshold)


def test_rows_of_one_class_have_no_roc_and_say_so():
    found = judge_classes(np.zeros(40, int), np.tile([0.7, 0.3], (40, 1)), ["a", "b"], "rows")
    assert "area under the ROC curve" not in found.measures
    assert (found.classes.roc, found.classes.calibration) == ((), None)
    assert "All of them are of one class, 'a'" in found.sentences[2]


def test_what_is_perfect_is_suspected():
    found = judge_classes(TRUTH, np.eye(2)[TRUTH], ["no", "yes"], "rows")
    # Three of eight may still be wrong: 1 - .05 ** (1 / 8) = .31, by the rule of three .375.
    assert "look for a column that gives the answer away" in found.sentences[1]
    assert "up to 37.5%" in found.sentences[1]


def test_calibration_of_many_rows():
    rng = np.random.default_rng(0)
    given = rng.random(4_000)
    truth = (rng.random(4_000) < given**2).astype(int)  # promises too much
    p = np.column_stack([1 - given, given])
    found = judge_classes(truth, p, ["a", "b"], "rows").classes.calibration
    assert sum(found.rows) == 4_000
    np.testing.assert_allclose(np.square(found.given), found.found, atol=0.07)


def test_the_area_under_the_roc_curve_is_scikit_learns():
    rng = np.random.default_rng(0)
    for classes in (2, 4):
        truth = rng.integers(0, classes, 90)
        p = rng.dirichlet(np.ones(classes), 90).round(1) + 1e-9  # ties, too
        p /= p.sum(axis=1, keepdims=True)
        theirs = roc_auc_score(truth, p[:, 1] if classes == 2 else p, multi_class="ovr")
        assert area_under_roc(truth, p) == pytest.approx(theirs)


def test_many_classes_have_a_few_curves():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 9, 200)
    p = rng.dirichlet(np.ones(9), 200)
    classes = judge_classes(truth, p, [f"c{i}" for i in range(9)], "rows").classes
    assert len(classes.roc) == len(classes.precision_recall) == 6
    assert max(len(curve.x) for curve in classes.roc) <= 100
    assert len(classes.confused) == 10


def test_intervals_hold_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(0)
    truth = rng.random((60, 60)) < 0.8  # 60 samples of 60 rows, right with probability .8
    metrics = {"mean": lambda truth, p: p.mean()}
    every = [intervals(row, row.astype(float), metrics)["mean"] for row in truth]
    held = np.mean([one.holds(0.8) for one in every])
    # The percentile interval is a little narrow for 60 rows; 60 trials have an error of .03.
    assert 0.85 <= held <= 1.0
    half = np.mean([(one.high - one.low) / 2 for one in every])
    assert half == pytest.approx(1.96 * np.sqrt(0.8 * 0.2 / 60), rel=0.1)


def test_equal_seeds_give_equal_intervals():
    first, again = (judge_classes(TRUTH, P, ["no", "yes"], "rows", seed=3) for _ in range(2))
    assert first == again


def test_values_by_hand():
    truth, predicted = (
        np.array([[1.0], [2.0], [3.0], [6.0]]),
        np.array([[1.0], [3.0], [3.0], [3.0]]),
    )
    found = judge_values(truth, predicted, ["price"], "rows")
    # Errors 0, 1, 0, 3; the mean is 3, the squares around it 4 + 1 + 0 + 9.
    assert found.measures["R²"].value == pytest.approx(1 - 10 / 14)
    assert found.measures["mean absolute error"].value == 1
    assert found.measures["root of the mean squared error"].value == pytest.approx(np.sqrt(2.5))
    assert (found.values[0].half, found.values[0].most) == (0.5, pytest.approx(2.4))
    assert "half of the predictions lie within 0.5" in found.sentences[1]


def test_equal_true_values_have_no_r2():
    found = judge_values(np.ones((5, 1)), np.arange(5.0)[:, None], ["price"], "rows")
    assert "R²" not in found.measures
    assert "there is no R²" in found.sentences[0]


def asked(rng: np.random.Generator, rows: int = 300) -> tuple[Asked, np.ndarray]:
    """A network that hears three columns, and looks at two."""
    frame = pd.DataFrame({
        "$x$": rng.normal(size=rows).astype(np.float32),
        "kind": rng.choice(["a", "b"], rows), "idle": rng.normal(size=rows),
    })  # fmt: skip
    frame.loc[:4, "$x$"] = np.nan

    def answer(part: pd.DataFrame) -> np.ndarray:
        score = 3 * part["$x$"].fillna(0).to_numpy() + (part["kind"] == "b").to_numpy()
        second = 1 / (1 + np.exp(-score))
        return np.column_stack([1 - second, second])

    truth = (answer(frame)[:, 1] > 0.5).astype(int)
    columns = {name: (name,) for name in frame}
    return Asked(frame, columns, answer, ["no", "yes"]), truth


@pytest.fixture(scope="module")
def explanation():
    network, truth = asked(np.random.default_rng(0))
    [metric] = own_metric(network.labels).items()
    return explain(network, truth, metric, "rows")


def test_what_the_network_looks_at_is_found(explanation):
    first, second, last = explanation.importances
    assert (first.column, second.column, last.column) == ("$x$", "kind", "idle")
    assert first.seen
    assert second.seen
    assert (last.fall.value, last.fall.high, last.seen) == (0, 0, False)


def test_predictions_rise_with_the_column_they_rise_with(explanation):
    x, kind = explanation.dependences
    assert np.all(np.diff(x.curves[0].y) > 0)
    assert x.curves[0].label == "probability of yes"
    assert kind.names == ("a", "b")
    assert kind.curves[0].y[1] > kind.curves[0].y[0]


def test_columns_beyond_number_are_refused():
    frame = pd.DataFrame(np.zeros((4, 201))).rename(columns=str)
    network = Asked(frame, {name: (name,) for name in frame}, lambda part: part, ["a", "b"])
    with pytest.raises(InputError, match="reads 201 columns; expected 200 or fewer"):
        explain(network, np.zeros(4, int), ("accuracy", lambda truth, p: 1.0), "rows")


def test_both_come_back_from_json_and_are_shown(explanation):
    evaluation = judge_classes(TRUTH, P, ["no", "<b>$yes"], "rows of [x].csv")
    record = json.loads(json.dumps(
        {"evaluation": asdict(evaluation), "explanation": asdict(explanation)}
    ))  # fmt: skip
    kept = quality_in(record)
    assert (kept.evaluation, kept.explanation) == (evaluation, explanation)
    page = "".join(section.html() for section in quality_sections(record))
    assert "How good it is" in page
    assert "&lt;b&gt;$yes" in page
    assert page.count("<img") == 4 + 1 + 2
    assert "on 8 rows of [x].csv" in text_of(print_evaluation, evaluation)
    assert "not shown to matter" in text_of(print_explanation, explanation)


def test_numbers_are_shown_too():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(600, 1))
    found = judge_values(truth, truth + 0.1, ["y"], "rows")
    assert len(found.values[0].truth) == 500
    page = "".join(s.html() for s in quality_sections({"evaluation": asdict(found)}))
    assert page.count("<img") == 2
    assert quality_sections({}) == []


def test_lengths_that_differ_are_damage():
    with pytest.raises(ValueError, match="different lengths"):
        Calibration("x", (0.5,), (0.5, 0.6), (1,))


def test_words_of_users_hold_no_mathematics():
    assert plain("a$b$c") == r"a\$b\$c"
    assert plain("x" * 50) == "x" * 23 + "…"
