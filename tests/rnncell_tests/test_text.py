"""Texts and sequences become tasks; what cannot be used is refused with its reason."""

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold
from rnncell.data.sequences import read_sequences
from rnncell.data.text import check_length, read_text, windows


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
        ("", "has 0 tokens, 0 of them different; expected a text of two or more"),
        (" \n\t\n" * 30, "has 60 tokens, 1 of them different"),
        ("a b c\n", "has 4 tokens; expected 20 or more"),
        ("x" * 100_000, "has 2 tokens; expected 20 or more.* or --unit characters"),
        ("a b\0c\n" * 20, "holds a zero byte, in character 3; expected a text"),
        ("a b c\n".encode("utf-16-le") * 20, "iconv -f utf-16le"),
        (b"\x1f\x8b\x08\0" * 20, "holds a zero byte"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused(text, content, reason):
    with pytest.raises(InputError, match=reason):
        read_text(text(content))


def test_a_missing_file_and_an_incomplete_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*expected a text file, or a folder"):
        read_text(tmp_path / "nowhere.txt")
    (tmp_path / "train.txt").write_text("a b c")
    with pytest.raises(InputError, match=r"no file for train, valid, test among 'train.txt'"):
        read_text(tmp_path)
    (tmp_path / "test.txt").write_text("a b c")
    with pytest.raises(
        InputError, match=r"has no file for valid among 'test.txt', 'train.txt'"
    ):
        read_text(tmp_path)


FOLDERS = [
    "train.txt val.txt test.txt", "train.txt validation.txt test.txt",
    "train.txt dev.txt test.txt", "Train.txt Valid.txt Test.txt",
    "ptb.train.txt ptb.valid.txt ptb.test.txt", "training.txt validation.txt testing.txt",
    "wiki.train.tokens wiki.valid.tokens wiki.test.tokens", "train val eval",
    "a_train.txt a_dev.txt a_test.txt", "TRAIN.TXT VAL.TXT TEST.TXT",
]  # fmt: skip


@pytest.mark.parametrize("names", FOLDERS)
@pytest.mark.parametrize("inside", ["", "wikitext"])
def test_files_of_folds_have_many_names(tmp_path, names, inside):
    (tmp_path / inside).mkdir(exist_ok=True)
    for i, name in enumerate(names.split()):
        (tmp_path / inside / name).write_text("a b\n" * (i + 1))
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / inside / "._train.txt").write_bytes(b"\0")
    if inside == "":
        (tmp_path / "README").write_text("about the test")
    task = read_text(tmp_path).task
    assert [len(fold) for fold in (task.train, task.valid, task.test)] == [2, 5, 8]


def test_two_files_for_one_fold_are_refused(tmp_path):
    for name in ("train", "valid", "val", "test"):
        (tmp_path / f"{name}.txt").write_text("a b\n")
    with pytest.raises(
        InputError, match=r"test.txt, train.txt, val.txt, valid.txt; expected one"
    ):
        read_text(tmp_path)


SENTENCE = "Frühling läßt sein blaues Band\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "latin-1", "cp1252"],
)
def test_encodings_are_told_apart(text, encoding):
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    task, notes, _ = read_text(text((mark + SENTENCE * 10).encode(encoding)))
    assert set(task.classes) == {"<unk>", "<eos>", *SENTENCE.split()}
    guessed = encoding in ("latin-1", "cp1252")
    assert any("was read as Latin-1" in note for note in notes) == guessed


def test_a_few_damaged_places_do_not_make_another_encoding(text):
    content = bytearray((SENTENCE * 20).encode())
    content[content.index(b"s")] = 0xFF
    task, notes, _ = read_text(text(bytes(content)))
    assert "Frühling" in task.classes
    assert any("has 1 places that are no utf-8" in note for note in notes)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("unit", ["words", "characters"])
def test_lines_may_end_in_three_ways(text, end, unit):
    expected = read_text(text("a b\nc\n" * 20), unit=unit).task.fingerprint()
    assert read_text(text(f"a b{end}c{end}" * 20), unit=unit).task.fingerprint() == expected


def test_a_text_of_one_long_line_is_read(text):
    task = read_text(text("a b c d e " * 10_000)).task
    assert len(task.train) == 40_000
    assert len(read_text(text("abcde" * 10_000), unit="characters").task.test) == 4_999


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_fold_of_unknown_words_is_warned_of(tmp_path, part):
    for name in ("train", "valid", "test"):
        words = "eins zwei drei\n" if name == part else "one two three\n"
        (tmp_path / f"{name}.txt").write_text(words * 5)
    notes = read_text(tmp_path).notes
    assert sum("Warning" in note for note in notes) == 1
    assert any(f"Warning: 75% of the {part} tokens are unknown" in note for note in notes)


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
        ({"y_train": None}, "has no y_train, but 'x_train'"),
        ({"x_train": np.zeros((20, 6))}, r"x_train has the shape \(20, 6\)"),
        (
            {"y_test": np.array(["a"])},
            r"y_test has the shape \(1,\); expected a label for each of 4",
        ),
        (
            {"len_test": np.array([7, 1, 1, 1])},
            "len_test .* from 1 to 7; expected 4 whole ones, from 1 to 6",
        ),
        ({"len_test": np.array([0, 1, 1, 1])}, "len_test .* from 0 to 1"),
        (
            {"y_test": np.array(["a", "b", "c", "b"])},
            "label 'c' occurs in no training row",
        ),
        ({"y_train": np.repeat("a", 20)}, "all training rows are of the class 'a'"),
        ({"x_test": np.zeros((4, 6, 3))}, "expected equal steps and features"),
        ({"x_train": np.full((20, 6, 2), np.nan)}, "holds 150 numbers that are NaN"),
        ({"y_train": np.array(["a"] * 19 + ["b"])}, "too few to set a fifth aside"),
    ],
)
def test_sequences_that_do_not_fit_are_refused(tmp_path, changes, reason):
    np.savez(tmp_path / "a.npz", **arrays(**changes))
    with pytest.raises(InputError, match=reason):
        read_sequences(tmp_path / "a.npz")


def test_a_file_that_is_no_npz_is_refused(text):
    with pytest.raises(InputError, match=r"a\.npz' is no npz file"):
        read_sequences(text("no arrays", "a.npz"))
