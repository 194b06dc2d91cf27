"""Folders of runs that were edited or damaged: reported, or refused in one line.

The runs are written by the packages' own writers; nothing is trained.
"""

import copy
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial

import keras
import numpy as np
import pytest
from fakes import trials_of
from rich.console import Console

import cnnnas.commands.search
import cnnnas.report.drawing
import mlpnas.commands.program
import rnncell.commands.search
import rnncell.report.drawing
from cnnnas.run.settings import Settings as ImageSettings
from mlpnas.core.commands.program import report
from mlpnas.core.errors import InputError
from mlpnas.core.report import figures
from mlpnas.core.report.quality.classes import judge_classes
from mlpnas.core.report.quality.page import quality_sections
from mlpnas.core.report.quality.record import (
    Curve,
    Dependence,
    Explanation,
    Importance,
    Interval,
)
from mlpnas.core.report.quality.values import judge_values
from mlpnas.core.run.folder import Folder, describe_data
from mlpnas.core.run.journal import read_journal
from mlpnas.core.run.policy_record import note_policy, read_policy
from mlpnas.core.run.record import Result
from mlpnas.core.trial import History
from mlpnas.data.columns import Column
from mlpnas.run.settings import Settings
from mlpnas.space import MLPSpace
from mlpnas.testing.fakes import tiny_task
from rnncell.run.settings import Settings as TextSettings

# What begins with RAW is JSON that Python does not write.
HUGE = "1" + "0" * 400
ABSENT = object()
QUICK = [None, -1, "x", ["x"], {}, f"RAW{HUGE}", ABSENT]
VALUES = [*QUICK, 1e308, 5, 0.5, "", [], {"a": 1}, True, "RAW1e999", "RAWNaN"]
SHARED = {
    "kendall_tau": 0.5, "shared_scores": [0.5, 0.6], "alone_scores": [0.4, 0.6],
    "alone_epochs": 1, "control": {"measure": "accuracy", "top_means": [[1, 0.5, 0.5]]},
}  # fmt: skip


def write_run(path, program, settings, space, data, **results):
    """A finished run with three trials."""
    walks = [space.sample_walk(np.random.default_rng(i)) for i in range(3)]
    with Folder.create(path, program) as folder:
        data = describe_data(tiny_task("multiclass")) | {"notes": ["as it was"]} | data
        history = History(folder.journal)
        for trial in trials_of(walks):
            history.record(trial)
        history.close()
        results = {"trials": 3, **results}
        folder.write(settings, data, space=space.name, **results)
    return path


def of_tables(path):
    space = MLPSpace((3, "softmax"))
    columns = [asdict(Column("a", "numeric")), asdict(Column("b", "categorical", "", ("u",)))]
    return write_run(
        path, "mlpnas", Settings("t.csv", "y", strategy="random"), space,
        {"target": "y", "columns": columns, "identifiers": ["i"]},
        winner={"trial": 1, "architecture": "(16, 'relu'), (3, 'softmax')"},
        retrained_validation={"1": 0.5}, cross_validated=True,
        results=[{"name": "searched", "valid": 0.5, "test": 0.5}],
    )  # fmt: skip


def of_images(path):
    settings = ImageSettings("t.npz", 1, 1, 1, preset="tiny").planned(20, None, 2)
    space = settings.kit.space(settings)
    text = str(space.sample_walk(np.random.default_rng(0)))
    results = [asdict(Result("found", text, 10, 0.5, 0.5, 1.0, (0.4, 0.5), 2))]
    return write_run(path, "cnnnas", settings, space, {}, results=results, **SHARED)


def of_texts(path):
    settings = TextSettings("t.txt", 1, 1, 1, preset="tiny").planned(20, None, 2)
    space = settings.kit.space(settings)
    text = str(space.sample_walk(np.random.default_rng(0)))
    results = [asdict(Result("found", text, 10, 9.5, 9.5, 1.0, (10.4, 9.5), 2))]
    return write_run(path, "rnncell", settings, space, {}, results=results, **SHARED)


@dataclass
class Package:
    """How a package's runs are made and reported."""

    make: object
    report: object


report_table = partial(report, mlpnas.commands.program.PROGRAM)
PACKAGES = {
    "mlpnas": Package(of_tables, report_table),
    "cnnnas": Package(of_images, partial(report, cnnnas.commands.search.PROGRAM)),
    "rnncell": Package(of_texts, partial(report, rnncell.commands.search.PROGRAM)),
}


@pytest.fixture(params=PACKAGES)
def package(request):
    return PACKAGES[request.param]


def places(value, at=()):
    """Every entry of a JSON value by the way to it; of lists the first two."""
    yield at
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(min(2, len(value))):
            yield from places(value[key], (*at, key))


def changed(value, at, new):
    """JSON text of the value with another one at that place, or none."""
    if not at:
        return json.dumps({} if new is ABSENT else new)
    value = copy.deepcopy(value)
    place = value
    for key in at[:-1]:
        place = place[key]
    if new is ABSENT:
        del place[at[-1]]
    else:
        place[at[-1]] = new
    return re.sub(r'"RAW(.*?)"', r"\1", json.dumps(value))


def refusal(report, run, html=False):
    """What a report says of a damaged run; None if it can be reported."""
    try:
        report(run, html, Console(quiet=True))
    except InputError as error:
        message = str(error)
        assert "\n" not in message
        assert "expected" in message
        assert len(message) < 1000
        return message
    return None


def fuzz(package, run, values, html=False):
    """Every entry of run.json replaced by every value. How many were refused, and reported."""
    file = run / "run.json"
    record = json.loads(file.read_text())
    refused = 0
    tries = [(at, new) for at in places(record) for new in values]
    for at, new in tries:
        file.write_text(changed(record, at, new))
        if said := refusal(package.report, run, html):
            assert str(run) in said
            refused += 1
    return refused, len(tries) - refused


@pytest.mark.parametrize("values", [QUICK, pytest.param(VALUES, marks=pytest.mark.slow)])
def test_no_edited_record_ends_a_report_in_an_error_of_python(
    package, values, tmp_path, monkeypatch
):
    monkeypatch.setattr("mlpnas.core.report.terminal.leaderboard", lambda *of_trials: "")
    refused, reported = fuzz(package, package.make(tmp_path / "run"), values)
    assert refused > 100
    assert reported > 20


@pytest.fixture
def drawn_once(monkeypatch):
    """What is drawn of equal values is drawn once: of a page most edits change no picture."""
    drawn, pictures = figures.drawn, {}

    def once(draw, *size):
        shown = [cell.cell_contents for cell in draw.__closure__ or ()]
        key = repr((draw.__qualname__, size, shown))
        if key not in pictures:
            pictures[key] = drawn(draw, *size)
        return pictures[key]

    for module in (figures, cnnnas.report.drawing, rnncell.report.drawing):
        monkeypatch.setattr(module, "drawn", once)
    return pictures


@pytest.mark.slow
def test_no_edited_record_ends_a_page_in_an_error_of_python(package, drawn_once, tmp_path):
    _, reported = fuzz(package, package.make(tmp_path / "run"), QUICK, html=True)
    assert reported > len(drawn_once) > 3


def evaluated(path):
    """A finished run that was evaluated, of few classes and of numbers at once."""
    run = of_tables(path)
    truth = np.arange(12) % 3
    p = np.eye(3)[truth] * 0.5 + np.roll(np.eye(3), 1, axis=1)[truth] * 0.2 + 0.1
    found = judge_classes(truth, p, ["a", "b", "c"], "rows")
    values = judge_values(np.arange(4.0)[:, None], np.ones((4, 1)), ["y"], "rows").values
    curve = Curve("y", (1.0, 2.0), (0.5, 0.6))
    explanation = Explanation(
        "rows", 12, "accuracy", (Importance("a", Interval(0.1, 0.0, 0.2)),),
        (Dependence("a", (), (curve,)), Dependence("b", ("u", "v"), (curve,))),
    )  # fmt: skip
    with Folder.open(run) as folder:
        folder.note(
            evaluation=asdict(replace(found, values=values)), explanation=asdict(explanation)
        )
    return run


@pytest.mark.parametrize("values", [("x", ABSENT), pytest.param(QUICK, marks=pytest.mark.slow)])
def test_no_edited_evaluation_ends_a_report_in_an_error_of_python(
    values, tmp_path, monkeypatch
):
    monkeypatch.setattr("mlpnas.core.report.terminal.leaderboard", lambda *of_trials: "")
    run = evaluated(tmp_path / "run")
    assert refusal(report_table, run) is None
    record = json.loads((run / "run.json").read_text())
    for at in places(record):
        if at[:1] in (("evaluation",), ("explanation",)):
            for new in values:
                (run / "run.json").write_text(changed(record, at, new))
                refusal(report_table, run)


@pytest.mark.slow
def test_what_an_evaluation_lacks_is_not_drawn(tmp_path):
    record = json.loads((evaluated(tmp_path / "run") / "run.json").read_text())
    whole = record["evaluation"], record["explanation"]
    assert sum(s.html().count("<img") for s in quality_sections(record)) == 6 + 3
    for name, part in zip(("evaluation", "explanation"), whole, strict=True):
        for at in places(part):
            if isinstance(value_at(part, at), list):
                content = json.loads(changed({name: part}, (name, *at), []))
                with suppress(InputError):
                    quality_sections(content)


def value_at(value, at):
    for key in at:
        value = value[key]
    return value


@pytest.mark.parametrize("html", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_undamaged_run_is_reported(package, html, tmp_path):
    assert refusal(package.report, package.make(tmp_path / "run"), html) is None


def test_what_is_wrong_is_named_with_its_value(package, tmp_path):
    run = package.make(tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(changed(record, ("results", 0, "valid"), "high"))
    said = refusal(package.report, run)
    assert f"{run}/run.json is damaged" in said
    assert "results[0].valid is 'high': Input should be a valid number" in said


@pytest.mark.parametrize(
    ("kind", "classes"),
    [("binary", 3), ("binary", 0), ("multiclass", 0), ("regression", 3), ("regression", 2)],
)
def test_a_kind_of_task_that_its_classes_do_not_fit_is_refused(
    kind, classes, package, tmp_path
):
    run = package.make(tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    record["data"] |= {"kind": kind, "classes": ["low", "mid", "high"][:classes]}
    (run / "run.json").write_text(json.dumps(record))
    said = refusal(package.report, run)
    assert f"{run}/run.json is damaged" in said
    assert f"kind is '{kind}', and classes are {classes}" in said


@pytest.mark.parametrize("outputs", [1, 2, 3, 4])
def test_a_model_that_the_classes_of_its_run_do_not_fit_is_refused(outputs, tmp_path):
    run = of_tables(tmp_path / "run")  # three classes
    inputs = [keras.Input((1,), name=name) for name in ("a", "b")]
    values = keras.layers.Dense(outputs)(keras.layers.Concatenate()(inputs))
    keras.Model(inputs, values).save(run / "best.keras")
    if outputs == 3:
        assert mlpnas.load(run).classes_.tolist() == ["low", "mid", "high"]
        return
    with pytest.raises(InputError, match=f"gives {outputs} outputs; expected 3, one for each"):
        mlpnas.load(run)


def test_no_edited_line_of_a_journal_ends_a_report_in_an_error_of_python(tmp_path):
    run = of_tables(tmp_path / "run")
    path = run / "trials.jsonl"
    lines = path.read_text().splitlines()
    for at in places(json.loads(lines[1])):
        for new in QUICK:
            edited = [lines[0], changed(json.loads(lines[1]), at, new), *lines[2:]]
            path.write_text("\n".join(edited) + "\n")
            said = refusal(report_table, run)
            assert said is None or f"line 2 of {path} is not what this run wrote" in said


@pytest.mark.parametrize("number", [f"-{HUGE}", "1e999", "1e308", HUGE, "NaN", "-Infinity"])
@pytest.mark.parametrize("entry", ["score", "seconds", "curve", "round", "parameters"])
def test_a_number_that_no_float_holds_is_refused_by_its_line(entry, number, tmp_path):
    run = of_tables(tmp_path / "run")
    path = run / "trials.jsonl"
    lines = path.read_text().splitlines()
    record = json.loads(lines[2])
    record[entry] = ["RAW"] if entry == "curve" else "RAW"
    lines[2] = json.dumps(record).replace('"RAW"', number)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=r"line 3 of .* is not what this run wrote"):
        read_journal(path, MLPSpace((3, "softmax")))


@pytest.mark.parametrize("left", [0, 2])
def test_a_journal_that_lacks_trials_of_which_there_are_results_is_refused(
    package, left, tmp_path
):
    run = package.make(tmp_path / "run")
    lines = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    (run / "trials.jsonl").write_text("".join(lines[:left]))
    said = refusal(package.report, run)
    assert f"trials.jsonl holds {left} trials, and run.json beside it the results" in said


def test_a_journal_may_be_empty_while_nothing_is_promised(package, tmp_path):
    run = package.make(tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    for name in ("results", "trials", "winner"):
        record.pop(name, None)
    (run / "run.json").write_text(json.dumps(record))
    (run / "trials.jsonl").unlink()
    assert refusal(package.report, run) is None


@pytest.mark.parametrize(
    "searches",
    [
        {}, [], None, {"a": []}, {"a": None}, {"a": [[1e308, -1e308]]}, {"a": [["x"]]},
        {"a": [5]}, "x",
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_comparison_is_refused(searches, tmp_path):
    run = of_tables(tmp_path / "run")
    found = {"verdict": "none", "searches": searches}
    (run / "compare.json").write_text(json.dumps(found))
    said = refusal(report_table, run, html=True)
    assert f"{run}/compare.json is damaged (searches" in said


def test_lines_of_a_policy_that_are_none_are_passed_over(tmp_path):
    space = MLPSpace((3, "softmax"))
    even = [[1 / len(d.options)] * len(d.options) for d in space.decisions]
    note_policy(tmp_path / "policy.jsonl", 10, even)
    line = json.loads((tmp_path / "policy.jsonl").read_text())
    for at in places(line):
        for new in (*VALUES, ABSENT):
            with (tmp_path / "policy.jsonl").open("a") as file:
                file.write("\n" + changed(line, at, new))
    noted = read_policy(tmp_path / "policy.jsonl", space)
    assert all(np.isfinite(np.concatenate(of_round)).all() for of_round in noted)
    assert 1 <= len(noted) <= 3  # of 10, and of the whole numbers that were put in its place
