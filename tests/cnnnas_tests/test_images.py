"""Images from files and arrays: what is accepted, what is refused and how."""

import keras
import numpy as np
import pytest

from cnnnas.data.image_files import Arrays
from cnnnas.data.image_folder import stratified
from cnnnas.data.images import make_images, read_images
from mlpnas.core.errors import InputError


def arrays(shape=(8, 8, 3), train=40, test=10, classes=2, **changes) -> Arrays:
    """Random images of whole numbers 0 to 255, with classes in turn."""
    rng = np.random.default_rng(0)
    given = {
        "x_train": rng.integers(0, 256, (train, *shape), np.uint8),
        "y_train": np.arange(train) % classes,
        "x_test": rng.integers(0, 256, (test, *shape), np.uint8),
        "y_test": np.arange(test) % classes,
    }
    return Arrays(**given | changes)


def test_folds_are_stratified_and_the_test_rows_stay_as_they_were():
    given = arrays(train=100, classes=4)
    task = make_images("x", given).task
    assert [len(fold) for fold in (task.train, task.valid, task.test)] == [90, 10, 10]
    assert np.bincount(task.train.y).tolist() in ([22, 22, 23, 23], [23, 23, 22, 22])
    assert np.bincount(task.valid.y).sum() == 10
    np.testing.assert_array_equal(task.test.y, given.y_test)
    assert task.kind == "multiclass"


def test_standardisation_is_fitted_on_the_training_fold_alone():
    given = arrays(train=100)
    made = make_images("x", given)
    train = made.task.train.x
    np.testing.assert_allclose(train.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=(0, 1, 2)), 1, atol=1e-5)
    raw = given.x_test.astype(np.float32)
    np.testing.assert_allclose(made.task.test.x, (raw - made.mean) / made.deviation, atol=1e-6)


def test_whole_numbers_and_fractions_give_the_same_task():
    whole = arrays()
    fractions = arrays(x_train=whole.x_train / 255, x_test=whole.x_test / 255)
    a, b = make_images("x", whole).task, make_images("x", fractions).task
    np.testing.assert_allclose(a.train.x, b.train.x, atol=1e-5)
    np.testing.assert_allclose(a.test.x, b.test.x, atol=1e-5)


def test_grey_images_need_no_channel_axis_and_odd_sizes_are_welcome():
    made = make_images("x", arrays(shape=(29, 31)))
    assert made.task.input_shape == (29, 31, 1)
    assert made.shape == (29, 31)


def test_labels_may_be_a_column_or_words():
    column = arrays(y_train=np.arange(40)[:, None] % 2, y_test=np.arange(10)[:, None] % 2)
    assert make_images("x", column).task.train.y.ndim == 1
    words = np.array(["dog", "cat"])
    named = arrays(y_train=words[np.arange(40) % 2], y_test=words[np.arange(10) % 2])
    task = make_images("x", named).task
    assert task.classes == ("cat", "dog")
    assert task.test.y.tolist() == [1, 0] * 5


def test_a_channel_that_does_not_vary_becomes_zero():
    given = arrays()
    given.x_train[..., 1] = given.x_test[..., 1] = 7
    assert not make_images("x", given).task.train.x[..., 1].any()


def test_a_sample_of_the_training_rows_is_stratified_and_repeats():
    given = arrays(train=100, classes=4)
    a = make_images("x", given, train_rows=20, seed=3).task
    b = make_images("x", given, train_rows=20, seed=3).task
    assert a.fingerprint() == b.fingerprint()
    counts = np.bincount(np.concatenate([a.train.y, a.valid.y]))
    assert counts.tolist() == [5, 5, 5, 5]
    assert len(a.valid) == 4  # every class can be seen, though a tenth would be two
    other = make_images("x", given, train_rows=20, seed=4).task
    assert other.fingerprint() != a.fingerprint()


def test_stratified_shares_add_up(property_seed):
    rng = np.random.default_rng(property_seed)
    for _ in range(50):
        labels = rng.integers(0, 5, rng.integers(5, 60))
        n = int(rng.integers(0, len(labels) + 1))
        chosen = stratified(labels, n, seed=1)
        assert len(chosen) == len(set(chosen.tolist())) == n
        share = n * np.bincount(labels) / len(labels)
        assert np.abs(np.bincount(labels[chosen], minlength=len(share)) - share).max() < 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((40, 64))}, r"x_train has the shape \(40, 64\)"),
        ({"x_test": np.zeros((10, 0, 8, 3))}, "none of them 0"),
        ({"x_train": np.zeros((40, 3, 8, 8))}, "channels first; expected them last"),
        ({"x_train": np.full((40, 8, 8, 3), np.nan)}, "7,680 numbers that are NaN"),
        ({"x_train": np.full((40, 8, 8, 3), "a")}, "of type <U1; expected numbers"),
        ({"y_train": np.zeros((40, 2))}, r"y_train has the shape \(40, 2\).*argmax"),
        ({"y_train": np.zeros(39)}, r"y_train has the shape \(39,\); expected a label"),
        ({"y_train": np.zeros(40)}, "all training rows are of the class"),
        ({"y_train": np.array([0] * 39 + [1])}, "has one training image"),
        ({"y_test": np.array([0] * 9 + [5])}, "label 5 occurs in no training row"),
        ({"x_test": np.zeros((10, 9, 8, 3))}, "expected the same: resize"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        make_images("x", arrays(**changes))


@pytest.mark.parametrize("rows", [0, 1, 41])
def test_a_sample_that_cannot_be_taken_is_refused(rows):
    with pytest.raises(InputError, match=f"--train-rows is {rows}; expected 2 to 40"):
        make_images("x", arrays(), train_rows=rows)


def test_pixels_of_another_unit_in_the_test_images_are_told():
    given = arrays()
    notes = make_images("x", arrays(x_test=given.x_test / 255)).notes
    assert any("Are both in the same unit?" in note for note in notes)
    assert not any("Warning" in note for note in make_images("x", given).notes)


def test_an_npz_file_is_read(tmp_path):
    given = arrays()
    members = {name: a for name, a in vars(given).items() if isinstance(a, np.ndarray)}
    np.savez(tmp_path / "data.npz", **members)
    made = read_images(str(tmp_path / "data.npz"))
    assert made.task.fingerprint() == make_images("data", given).task.fingerprint()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": np.zeros(3)}, "has no x_train, y_train, x_test, y_test, but 'x'"),
        ({"x_train": np.array([None])}, "never unpickled"),
        (b"", "is no npz file"),
        (b"hello", "is no npz file"),
    ],
)
def test_a_file_that_is_no_such_npz_is_refused(content, message, tmp_path):
    path = tmp_path / "data.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        rest = dict.fromkeys(("y_train", "x_test", "y_test"), np.zeros(2))
        np.savez(path, allow_pickle=True, **content, **(rest if "x_train" in content else {}))
    with pytest.raises(InputError, match=message):
        read_images(str(path))


def test_a_name_that_nobody_knows_is_refused():
    with pytest.raises(
        InputError, match=r"no file or folder 'mnits'; expected .*fashion_mnist"
    ):
        read_images("mnits")


def test_a_download_without_a_network_is_told_in_a_sentence(monkeypatch):
    def fail():
        raise Exception("URL fetch failure on https://example.org/mnist.npz: None")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(
        InputError, match=r"mnist could not be downloaded .*expected to be online"
    ):
        read_images("mnist")


def test_the_real_files_are_read(shared_data):
    mnist = read_images(str(shared_data("mnist.npz")), train_rows=1000)
    assert mnist.task.input_shape == (28, 28, 1)
    cifar = read_images(str(shared_data("cifar10_10k.npz")))
    assert [len(fold) for fold in (cifar.task.train, cifar.task.valid)] == [7200, 800]
    assert np.bincount(cifar.task.valid.y).tolist() == [80] * 10
    # The published channel means of all 50,000 training images are 125.3, 123.0 and 113.9.
    np.testing.assert_allclose(cifar.mean, [125.3, 123.0, 113.9], atol=1.5)
