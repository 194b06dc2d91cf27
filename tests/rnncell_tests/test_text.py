"""Texts and sequences become tasks; what cannot be used is refused with its reason."""

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold
from rnncell.sequences import read_sequences
from rnncell.text import check_length, read_text, windows


@pytest.fixture
def text(tmp_path):
    """`text("a b\\n")` is the path of a file with this content."""

    def write(content, name="text.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(n: int) -> Fold:
    return Fold(np.arange(n, dtype=np.int32), np.arange(1, n + 1, dtype=np.int32))


# --- texts ------------------------------------------------------------------------------


def test_words_become_ids_by_frequency_and_targets_are_the_next_ones(tmp_path):
    for part, content in (("train", "b a b\n"), ("valid", "a c\n"), ("test", "b b\n")):
        (tmp_path / f"x.{part}.txt").write_text(content)
    task, notes = read_text(tmp_path)[:2]
    # b twice; then by alphabet the line end, a. Nothing is left for c of the validation text.
    assert task.classes == ("<unk>", "b", "<eos>", "a")
    assert task.train.x.tolist() == [1, 3, 1]
    assert task.train.y.tolist() == [3, 1, 2]
    assert task.valid.y.tolist() == [0, 2]
    assert "valid: 3 tokens, 33.33% unknown" in notes


def test_a_single_file_is_cut_in_its_own_order_and_characters_are_tokens(text):
    task, _ = read_text(text("abcdefghij" * 10), unit="characters")[:2]
    assert [len(fold) + 1 for fold in (task.train, task.valid, task.test)] == [80, 10, 10]
    assert "".join(task.classes[i] for i in task.test.x) == "abcdefghi"


def test_only_the_most_frequent_tokens_are_kept(text):
    task, notes = read_text(text("a a a b b c\n" * 20), vocabulary=3)[:2]
    assert len(task.classes) == 3
    assert task.classes[:2] == ("<unk>", "a")
    assert "vocabulary of 3" in notes[0]


def test_the_limit_takes_training_tokens_from_the_beginning(text):
    task, _ = read_text(text("one two three four\n" * 20), limit=5)[:2]
    assert [task.classes[i] for i in task.train.y] == ["two", "three", "four", "<eos>"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "has 0 tokens; expected a text of two or more"),
        ("a b c\n", "has 4 tokens; expected 20 or more"),
        (b"good \xff bad", "no UTF-8 text: byte 0xff at position 5"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused(text, content, reason):
    with pytest.raises(InputError, match=reason):
        read_text(text(content))


def test_a_missing_file_and_an_incomplete_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*expected a text file, or a folder"):
        read_text(tmp_path / "nowhere.txt")
    (tmp_path / "train.txt").write_text("a b c")
    with pytest.raises(InputError, match="has 0 files with 'valid' in their names"):
        read_text(tmp_path)


def test_a_text_shorter_than_one_window_is_refused(text):
    task = read_text(text("a b c d\n" * 10)).task
    check_length(task, batch=3, steps=13)
    with pytest.raises(InputError, match="has 39 tokens; expected 40 or more for 4 sequences"):
        check_length(task, batch=4, steps=10)


def test_the_penn_treebank_is_what_is_known_of_it(shared_data):
    task, notes = read_text(shared_data("ptb"))[:2]
    assert len(task.classes) == 10_000
    sizes = [len(fold) + 1 for fold in (task.train, task.valid, task.test)]
    assert sizes == [929_589, 73_760, 82_430]
    assert notes[1].endswith("4.84% unknown")


# --- windows ----------------------------------------------------------------------------


def test_windows_worked_by_hand():
    # 10 rows in 2 sequences of 5, cut every 3 steps; the last window is filled up.
    x, y, weight = windows(rows(10), batch=2, steps=3)
    assert x.tolist() == [[[0, 1, 2], [5, 6, 7]], [[3, 4, 0], [8, 9, 0]]]
    assert (y[weight > 0] == x[weight > 0] + 1).all()
    assert weight.tolist() == [[[1, 1, 1], [1, 1, 1]], [[1, 1, 0], [1, 1, 0]]]


def test_every_row_is_read_once_and_every_window_continues_the_one_before(property_seed):
    rng = np.random.default_rng(property_seed)
    for _ in range(20):
        n, batch, steps = (int(rng.integers(1, high)) for high in (500, 9, 12))
        x, _, weight = windows(rows(n), batch, steps)
        assert sorted(x[weight > 0].tolist()) == list(range(n))
        for sequence in range(batch):
            read = x[:, sequence][weight[:, sequence] > 0]
            assert (np.diff(read) == 1).all()


# --- sequences --------------------------------------------------------------------------


def arrays(**changes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {
        "x_train": rng.normal(size=(20, 6, 2)),
        "y_train": np.repeat(["a", "b"], 10),
        "len_train": rng.integers(1, 7, 20),
        "x_test": rng.normal(size=(4, 6, 2)),
        "y_test": np.array(["a", "b", "a", "b"]),
        "len_test": np.array([6, 1, 3, 2]),
    } | changes
    return {name: array for name, array in made.items() if array is not None}


def test_filling_is_zero_and_real_steps_are_marked_and_scaled(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays())
    task = read_sequences(tmp_path / "a.npz").task
    assert task.classes == ("a", "b")
    assert [len(fold) for fold in (task.train, task.valid, task.test)] == [16, 4, 4]
    assert task.test.x[..., -1].sum(axis=1).tolist() == [6, 1, 3, 2]
    real = task.train.x[..., -1] == 1
    assert not task.train.x[~real].any()
    np.testing.assert_allclose(task.train.x[real][:, :2].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(task.train.x[real][:, :2].std(axis=0), 1, atol=1e-6)


def test_sequences_without_lengths_are_whole(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays(len_train=None, len_test=None))
    task = read_sequences(tmp_path / "a.npz").task
    assert (task.train.x[..., -1] == 1).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"y_train": None}, "has no array y_train"),
        ({"x_train": np.zeros((20, 6))}, r"have the shapes \(20, 6\)"),
        ({"y_test": np.array(["a"])}, r"shapes \(4, 6, 2\) and \(1,\)"),
        (
            {"len_test": np.array([7, 1, 1, 1])},
            "len_test .* from 1 to 7; expected 4, from 1 to 6",
        ),
        ({"len_test": np.array([0, 1, 1, 1])}, "len_test .* from 0 to 1"),
        (
            {"y_test": np.array(["a", "b", "c", "b"])},
            "y_test .* holds 'c', which y_train does not",
        ),
        ({"y_train": np.repeat("a", 20)}, "holds one class"),
        ({"x_test": np.zeros((4, 6, 3))}, "expected equal steps and features"),
        ({"x_train": np.full((20, 6, 2), np.nan)}, "holds NaN"),
        ({"y_train": np.array(["a"] * 19 + ["b"])}, "too few to set a fifth aside"),
    ],
)
def test_sequences_that_do_not_fit_are_refused(tmp_path, changes, reason):
    np.savez(tmp_path / "a.npz", **arrays(**changes))
    with pytest.raises(InputError, match=reason):
        read_sequences(tmp_path / "a.npz")


def test_a_file_that_is_no_npz_is_refused(text):
    with pytest.raises(InputError, match=r"expected an \.npz file"):
        read_sequences(text("no arrays", "a.npz"))
