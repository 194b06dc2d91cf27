"""The command line: mistakes in one line, a whole search, and one that was interrupted."""

import json
from dataclasses import replace

import numpy as np
import pytest

import rnncell
from rnncell.__main__ import main
from rnncell.commands.search import PROGRAM
from rnncell.run.settings import Settings
from rnncell.space.enas_space import read_nodes

TEXT = "the cat sat on the mat and the dog sat on the cat while the mat lay there\n" * 120


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def vowels(tmp_path):
    """Made-up sequences of unequal length, three classes."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 60), ("test", 15)):
        y = np.arange(n) % 3
        x = rng.normal(size=(n, 9, 2)) + y[:, None, None]
        arrays |= {f"x_{part}": x, f"y_{part}": y, f"len_{part}": rng.integers(3, 10, n)}
    np.savez(tmp_path / "vowels.npz", **arrays)
    return str(tmp_path / "vowels.npz")


SEARCHED = replace(PROGRAM, finish=lambda *run: None)  # ends after the search


def run(*arguments: str, program=PROGRAM) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments), program)
    return ended.value.code or 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["search", "nowhere.txt"], "cannot read nowhere.txt"),
        (["search", "{corpus}", "--space", "zoph", "--one-shot"], "no shared weights"),
        (["search", "{corpus}", "--strategy", "tpe"], "add --no-one-shot"),
        (["search", "{corpus}", "--vocabulary", "1"], "--vocabulary is 1; expected 2 or more"),
        (["search", "{corpus}", "--exponent", "0"], "--exponent is 0"),
        (["search", "{corpus}", "--trials", "0"], "--trials is 0; expected 1 or more"),
        (
            ["search", "a.npz", "--preset", "enas-lm"],
            "enas-lm is not for --space enas on a.npz",
        ),
        (
            ["search", "{corpus}", "--space", "darts", "--strategy", "random"],
            "--strategy is for searches that learn from scores (darts: with --no-one-shot)",
        ),
        (["search", "{corpus}", "--space", "zoph", "--base", "3"], "base is 3; expected 2, 4"),
        (["report", "nowhere"], "nowhere is no folder of a run"),
        (["resume", "nowhere"], "no run.json in it"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_status_2(corpus, capsys, arguments, reason):
    assert run(*(argument.format(corpus=corpus) for argument in arguments)) == 2
    told = capsys.readouterr().err
    assert told.startswith("rnncell: ")
    assert reason in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(("trials", "rounds_per_pass"), [(110, 2), (500, 9), (600, 10)])
def test_shared_weights_are_not_trained_beyond_their_schedule(trials, rounds_per_pass):
    # Ten trials a round and six passes: fewer rounds to a pass would make more than six.
    planned = Settings("corpus.txt", 1, 1, 1).planned(trials, None, 6)
    assert planned.rounds_per_pass == rounds_per_pass


@pytest.mark.slow
def test_a_search_from_text_to_model_and_its_report(corpus, tmp_path, capsys):
    folder = tmp_path / "run"
    assert run("search", corpus, "--preset", "tiny", "--run", str(folder)) == 0
    told = capsys.readouterr().out
    for expected in (
        "train: ", "LSTM", "GRU", "best random", "too few for a rank correlation",
        "best perplexity ", "by search score (0.", " / perplexity)",
    ):  # fmt: skip
        assert expected in told
    record = json.loads((folder / "run.json").read_text())
    by_name = {result["name"]: result for result in record["results"]}
    assert {"found by the search", "best random", "LSTM", "GRU"} == set(by_name)
    assert all(1 < result["test"] < 100 for result in by_name.values())
    sizes = [result["parameters"] for result in by_name.values()]
    assert max(sizes) < 1.2 * min(sizes)
    assert len((folder / "trials.jsonl").read_text().splitlines()) == 20
    model = rnncell.load_model(folder / "best.keras")
    words = record["data"]["classes"]
    logits = model.predict(np.zeros((2, 3), np.int32), verbose=0)
    assert logits.shape == (2, 3, len(words))
    assert run("report", str(folder)) == 0
    assert f"test {by_name['LSTM']['test']:.4f}" in capsys.readouterr().out
    assert run("report", str(folder), "--html") == 0
    page = (folder / "report.html").read_text()
    for expected in ("The network found", "Trained at length", "shared weights be believed"):
        assert expected in page


@pytest.mark.slow
def test_an_extended_search_has_the_trials_of_one_that_was_long_from_the_start(
    corpus, tmp_path
):
    # What follows a search is slow, and tested above.
    def scores(folder) -> list:
        lines = (folder / "trials.jsonl").read_text().splitlines()
        return [(json.loads(t)["architecture"], json.loads(t)["score"]) for t in lines]

    first, second = tmp_path / "first", tmp_path / "second"
    # 10 and 15 trials, five a round, three passes: either way one before every round.
    options = ("--preset", "tiny", "--epochs", "3", "--seed", "3")
    search = ("search", corpus, *options)
    assert run(*search, "--trials", "10", "--run", str(first), program=SEARCHED) == 0
    assert run("resume", str(first), "--trials", "15", program=SEARCHED) == 0
    assert run(*search, "--trials", "15", "--run", str(second), program=SEARCHED) == 0
    assert scores(first) == scores(second)
    assert len(scores(first)) == 15


@pytest.mark.slow
def test_children_are_trained_one_by_one_for_trees_and_for_sequences(
    corpus, vowels, tmp_path, capsys
):
    tree, sequences = str(tmp_path / "tree"), str(tmp_path / "sequences")
    options = ("--preset", "tiny", "--trials", "2")
    leaves = ("--base", "4")
    assert run("search", corpus, "--space", "zoph", *leaves, *options, "--run", tree) == 0
    assert json.loads((tmp_path / "tree/run.json").read_text())["space"].startswith(
        "tree-cell[4|"
    )
    assert "mean validation perplexity of the best 1" in capsys.readouterr().out
    assert run("search", vowels, *options, "--run", sequences) == 0
    told = capsys.readouterr().out
    assert "48 + 12 + 15 sequences of 3 to 9 steps" in told
    model = rnncell.load_model(f"{sequences}/best.keras")
    raw = np.load(vowels)
    rows = {"steps": raw["x_test"], "length": raw["len_test"]}
    guessed = model.predict(rows, verbose=0).argmax(axis=1)
    record = json.loads((tmp_path / "sequences/run.json").read_text())
    said = record["results"][0]["test"]
    assert np.mean(guessed == raw["y_test"]) == pytest.approx(said)


@pytest.mark.slow
def test_a_differentiable_search_is_resumed_retrained_exported_and_reported(
    corpus, tmp_path, capsys
):
    folder = tmp_path / "run"
    options = ("--space", "darts", "--preset", "tiny", "--run", str(folder))
    assert run("search", corpus, *options, "--trials", "1", program=SEARCHED) == 0
    assert run("resume", str(folder), "--trials", "2") == 0
    told = capsys.readouterr().out
    genotype = next(line for line in told.splitlines() if line.startswith("Genotype("))
    record = json.loads((folder / "run.json").read_text())
    assert {"found by the search", "best random", "LSTM", "GRU"} == {
        result["name"] for result in record["results"]
    }
    assert read_nodes(genotype) == read_nodes(record["results"][0]["architecture"])
    assert len((folder / "trials.jsonl").read_text().splitlines()) == 2
    model = rnncell.load_model(folder / "best.keras")
    assert model.predict(np.zeros((2, 3), np.int32), verbose=0).shape[:2] == (2, 3)
    assert run("report", str(folder), "--html") == 0
    assert "The cell, epoch by epoch" in (folder / "report.html").read_text()
