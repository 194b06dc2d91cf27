"""Augmentation: what can come out of it, and that equal seeds give equal images."""

import numpy as np
import pytest
import tensorflow as tf

from cnnnas.trainer.augmentation import Augmentation
from cnnnas.trainer.training import augmentation
from mlpnas.core.task import Fold, Task
from mlpnas.testing.fakes import tiny_task

SEED = tf.constant([1, 2])
IMAGES = np.random.default_rng(0).uniform(1, 2, (200, 6, 5, 2)).astype(np.float32)


def test_nothing_asked_for_nothing_changed():
    plain = Augmentation(crop=0, flip=False, cutout=0)
    np.testing.assert_array_equal(plain(IMAGES, SEED), IMAGES)


def test_half_of_the_images_are_mirrored_each_by_a_coin_of_its_own():
    flipped = Augmentation(crop=0)(IMAGES, SEED).numpy()
    same = (flipped == IMAGES).all(axis=(1, 2, 3))
    mirrored = (flipped == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    # 200 fair coins: beyond 60 and 140 less than once in 10^7 seeds.
    assert 60 < mirrored.sum() < 140


def test_crops_are_shifted_images_and_every_shift_occurs():
    cropped = Augmentation(crop=1, flip=False)(IMAGES, SEED).numpy()
    padded = np.pad(IMAGES, [(0, 0), (1, 1), (1, 1), (0, 0)])
    shifts = {
        (i, j): (cropped == padded[:, i : i + 6, j : j + 5]).all(axis=(1, 2, 3))
        for i in range(3)
        for j in range(3)
    }
    assert np.sum(list(shifts.values()), axis=0).tolist() == [1] * 200
    assert all(found.any() for found in shifts.values())


def test_cutout_blots_out_a_square_or_the_part_of_it_that_lies_in_the_image():
    cut = Augmentation(crop=0, flip=False, cutout=3)(IMAGES, SEED).numpy()
    holes = (cut == 0).all(axis=-1)
    np.testing.assert_array_equal(cut[~holes], IMAGES[~holes])
    for hole in holes:
        rows, columns = hole.any(axis=1), hole.any(axis=0)
        assert (hole == np.outer(rows, columns)).all()
        assert 2 <= rows.sum() <= 3
        assert 2 <= columns.sum() <= 3


def test_equal_seeds_equal_images_also_in_a_graph():
    vary = Augmentation(crop=2, flip=True, cutout=2)
    once = vary(IMAGES, SEED)
    np.testing.assert_array_equal(once, tf.function(vary)(IMAGES, SEED))
    assert not np.array_equal(once, vary(IMAGES, tf.constant([1, 3])))


def test_a_graph_knows_the_shape_of_varied_images():
    images = tf.TensorSpec([None, 6, 5, 2], tf.float32)
    graph = tf.function(Augmentation(cutout=2)).get_concrete_function(images, SEED)
    assert graph.structured_outputs.shape.as_list() == [None, 6, 5, 2]


def images_of(shape) -> Task:
    plain = tiny_task("multiclass")
    fold = Fold(np.zeros((12, *shape), np.float32), plain.valid.y)
    return Task("images", "multiclass", fold, fold, fold, classes=plain.classes)


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [
        ("none", (32, 32, 3), None),
        ("auto", (32, 32, 3), Augmentation(4, True, 0)),
        ("auto", (28, 28, 1), Augmentation(2, False, 0)),  # digits are not mirrored
        ("crop", (32, 32, 3), Augmentation(4, False, 0)),
        ("crop-flip-cutout", (32, 32, 3), Augmentation(4, True, 16)),
    ],
)
def test_augmentation_by_name(kind, shape, expected):
    assert augmentation(kind, images_of(shape)) == expected
