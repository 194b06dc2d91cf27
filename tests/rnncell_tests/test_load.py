"""A finished run in use: how a text goes on, what a sequence is, and how good both are."""

import json

import numpy as np
import pytest
from finished import WORDS, recurrent_run, text_run

import rnncell
from mlpnas.core.errors import InputError
from rnncell.__main__ import main
from rnncell.final.perplexity import judge_text


@pytest.fixture(scope="module", name="text_run")
def _text_run(tmp_path_factory):
    return text_run(tmp_path_factory.mktemp("text") / "my")


@pytest.fixture(scope="module")
def sequence_run(tmp_path_factory):
    at = tmp_path_factory.mktemp("sequences")
    rng = np.random.default_rng(0)
    arrays = {}
    for part in ("train", "test"):
        length = rng.integers(2, 7, 40)
        arrays |= {f"x_{part}": rng.normal(size=(40, 6, 3)), f"len_{part}": length}
        arrays |= {f"y_{part}": np.where(np.arange(40) % 2, "up", "down")}
    np.savez(at / "a.npz", **arrays)
    return recurrent_run(at / "run", str(at / "a.npz"))


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([*map(str, arguments)])
    return exit_.value.code or 0


def test_a_text_goes_on(text_run):
    model = rnncell.load(text_run)
    assert set(model.classes_) == {*WORDS, "<unk>", "<eos>"}
    told = model.next("the cat sat", 3)
    chances = model.predict_proba(["the cat sat", "a zebra"])
    assert chances.shape == (2, 12)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert [token for token, _ in told] == model.classes_[np.argsort(-chances[0])[:3]].tolist()
    assert model.predict(["the cat sat"]).tolist() == [told[0][0]]
    with pytest.raises(InputError, match="has no tokens"):
        model.next(" ")


def test_perplexity_is_that_of_the_logits(text_run):
    model = rnncell.load(text_run)
    text = " ".join(WORDS * 3)
    ids = np.array([[list(model.classes_).index(word) for word in text.split()]])
    ids = np.append(ids, [[list(model.classes_).index("<eos>")]], axis=1)
    logits = np.asarray(model.model(ids))[0, :-1].astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    nats = -log_p[np.arange(30), ids[0, 1:]]
    assert model.perplexity(text) == pytest.approx(np.exp(nats.mean()), rel=1e-5)


def test_a_long_text_is_read_in_blocks_with_what_stands_before(text_run):
    found = rnncell.load(text_run).evaluate()
    # A tenth of 300 lines of 12 words and a line end.
    assert found.rows == 390
    assert found.sentences[0].startswith("perplexity ")
    assert "on 390 tokens of the test text, 95% interval" in found.sentences[0]


def test_files_and_unknown_words_are_told(text_run, tmp_path):
    (tmp_path / "new.txt").write_text("the zebra sat on a zebra\n")
    found = rnncell.load(text_run).evaluate(tmp_path / "new.txt")
    assert found.of == "tokens of new.txt"
    assert "28.6% of them are not in the vocabulary" in found.sentences[1]  # 2 of 7
    with pytest.raises(InputError, match=r"cannot read .*none.txt"):
        rnncell.load(text_run).evaluate(tmp_path / "none.txt")


def test_rare_tokens_have_a_perplexity_of_their_own():
    ids = np.array([0, 5, 5, 500, 500])
    tokens = [str(i) for i in range(600)]
    found = judge_text(ids, np.log([2.0, 2, 8, 8]), tokens, "tokens").measures
    assert found["perplexity (less is better)"].value == pytest.approx(4)
    assert found["perplexity of the 100 most frequent tokens"].value == pytest.approx(2)
    assert found["perplexity of the next 900 tokens"].value == pytest.approx(8)


def test_sequences_are_told_apart(sequence_run, tmp_path):
    network = rnncell.load(sequence_run)
    x = np.random.default_rng(1).normal(size=(5, 6, 3))
    assert network.predict_proba(x, [2, 3, 4, 5, 6]).shape == (5, 2)
    np.savez(tmp_path / "new.npz", x=x, len=np.full(5, 6))
    np.testing.assert_allclose(
        network.predict_proba(tmp_path / "new.npz"), network.predict_proba(x)
    )
    found = network.evaluate(x, ["up", "down", "up", "up", "down"])
    assert found.rows == 5
    assert network.evaluate().sentences[0].startswith("accuracy")
    assert network.evaluate().of == "test sequences"
    with pytest.raises(InputError, match=r"such as 'left'; expected 'down', 'up'"):
        network.evaluate(x, ["left"] * 5)
    with pytest.raises(InputError, match=r"shape \(5, 6, 2\); expected \(sequences, st"):
        network.predict(x[..., :2])
    with pytest.raises(InputError, match="expected 5, from 1 to 6"):
        network.predict(x, [9] * 5)


def test_the_commands(text_run, sequence_run, tmp_path, capsys):
    (tmp_path / "new.txt").write_text("the cat\n\na dog saw\n")
    assert (
        command("predict", text_run, tmp_path / "new.txt", "--output", tmp_path / "a.csv") == 0
    )
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].startswith("text,next 1,probability 1,next 2")
    assert [line.split(",")[0] for line in lines[1:]] == ["the cat", "a dog saw"]
    assert command("evaluate", text_run, tmp_path / "new.txt") == 0
    assert "tokens of new.txt, 95% interval" in capsys.readouterr().out
    assert json.loads((text_run / "run.json").read_text())["evaluation"]["rows"] == 8
    assert command("evaluate", text_run, "--threshold", ".5") == 2
    assert "expected two classes" in capsys.readouterr().err
    assert command("evaluate", sequence_run) == 0
    assert "How good it is" in (sequence_run / "report.html").read_text()
