"""The one-shot store: who may leave arrays there, and who finds them."""

import numpy as np
import pytest

from mlpnas.core.shared_weights import SharedWeights


def arrays(value: float, shape=(2, 3)):
    """A kernel and a bias, filled with one value."""
    return (np.full(shape, value, np.float32), np.full(shape[1:], value, np.float32))


SHAPES = ((2, 3), (3,))


def held(store: SharedWeights, key: str = "a") -> float:
    return float(store.lookup({key: SHAPES})[key][0][0, 0])


def test_an_empty_store_gives_nothing():
    assert len(SharedWeights()) == 0
    assert SharedWeights().lookup({"a": SHAPES}) == {}


def test_a_child_finds_the_keys_that_are_known_and_no_others():
    store = SharedWeights()
    store.merge(0.5, {"a": arrays(1), "b": arrays(2)})
    found = store.lookup({"a": SHAPES, "c": SHAPES})
    assert list(found) == ["a"]
    assert [array.tolist() for array in found["a"]] == [a.tolist() for a in arrays(1)]


@pytest.mark.parametrize(
    ("scores", "winner"),
    [
        ([0.5, 0.6], 1),  # better wins
        ([0.6, 0.5], 0),  # worse does not
        ([0.5, 0.5], 1),  # ties go to the later trial
        ([0.5, 0.7, 0.6, 0.7, 0.1], 3),
    ],
)
def test_the_better_score_wins_and_ties_go_to_the_later(scores, winner):
    store = SharedWeights()
    for i, score in enumerate(scores):
        store.merge(score, {"a": arrays(i)})
    assert held(store) == winner


def test_every_key_is_decided_for_itself():
    store = SharedWeights()
    store.merge(0.5, {"a": arrays(1)})
    store.merge(0.4, {"a": arrays(2), "b": arrays(3)})
    store.merge(0.6, {"b": arrays(4)})
    assert (held(store, "a"), held(store, "b")) == (1, 4)


def test_changing_arrays_in_place_outside_changes_nothing_inside():
    store, mine = SharedWeights(), arrays(1)
    store.merge(0.5, {"a": mine})
    mine[0][:] = 9
    found = store.lookup({"a": SHAPES})["a"]
    found[0][:] = 8
    assert held(store) == 1


def test_arrays_of_another_shape_under_a_known_key_are_an_error_that_names_both():
    store = SharedWeights()
    store.merge(0.5, {"a": arrays(1)})
    with pytest.raises(
        ValueError, match=r"'a': stored shapes \[\(2, 3\), \(3,\)\], expected"
    ) as e:
        store.lookup({"a": ((4, 3), (3,))})
    assert "(4, 3)" in str(e.value)


def test_the_store_survives_an_npz_file_with_its_scores_and_order(tmp_path):
    store = SharedWeights()
    # Keys may hold the separator; a layer may have many arrays, or one.
    store.merge(0.5, {"b:0": arrays(2), "a": tuple(np.full(1, i) for i in range(12))})
    store.merge(0.25, {"c": (np.zeros((0, 2)),)})
    np.savez(tmp_path / "store.npz", **store.state())
    again = SharedWeights()
    again.merge(0.9, {"stale": arrays(1)})
    with np.load(tmp_path / "store.npz", allow_pickle=False) as saved:
        again.restore(saved)
    assert len(again) == 3
    shapes = {"a": ((1,),) * 12, "b:0": SHAPES, "c": ((0, 2),)}
    expected, found = store.lookup(shapes), again.lookup(shapes)
    assert list(found) == ["a", "b:0", "c"]
    for key, parts in expected.items():
        assert [p.tolist() for p in parts] == [p.tolist() for p in found[key]]
    assert list(again.state()) == list(store.state())
    # The scores came along: 0.4 does not replace 0.5, nor 0.5 with equal score stay.
    again.merge(0.4, {"b:0": arrays(7)})
    assert held(again, "b:0") == 2
    again.merge(0.5, {"b:0": arrays(7)})
    assert held(again, "b:0") == 7


def test_a_large_store_is_restored_in_linear_time():
    # One pass over the names: with a search through all of them per key, 5,000 keys take 5 s.
    store = SharedWeights()
    store.merge(0.5, {f"key {i}": arrays(i) for i in range(300)})
    reads = 0

    class Counting(dict):
        def __iter__(self):
            nonlocal reads
            reads += 1
            return super().__iter__()

    again = SharedWeights()
    again.restore(Counting(store.state()))
    assert len(again) == 300
    assert reads <= 2
