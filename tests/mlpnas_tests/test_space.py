"""The space of multi-layer perceptrons: its size, its masks, its notation, its refusals."""

import re

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.layers import ACTIVATIONS, Dense, Dropout
from mlpnas.space import MLPSpace

SPACE = MLPSpace((10, "softmax"))
END, DROPOUT_ID = 29, 28  # after the 7 * 4 dense layers 0..27


def test_the_reference_vocabulary_makes_14507145975868_architectures():
    # The first layer is one of 28 dense ones; after k more layers, each one of the 28 or
    # dropout, the head ends the chain, and k goes from 0 to 8:
    #     28 * (1 + 29 + ... + 29**8) = 28 * (29**9 - 1) / 28 = 29**9 - 1
    assert SPACE.size() == 29**9 - 1 == 14_507_145_975_868


def test_two_layers_leave_28_architectures_one_per_dense_layer():
    space = MLPSpace((10, "softmax"), max_layers=2)
    assert space.size() == 28
    assert [a.tokens for a in space] == [(dense, END) for dense in range(28)]


def test_without_dropout_there_is_one_option_less_in_the_middle():
    space = MLPSpace((10, "softmax"), max_layers=4, dropout=None)
    assert "dropout" not in space.vocabulary
    assert space.end == 28
    assert space.size() == 28 * (1 + 28 + 28**2)


def test_token_ids_go_through_the_widths_and_within_each_through_the_activations():
    assert SPACE.vocabulary[0] == (8, "sigmoid")
    assert SPACE.vocabulary[3] == (8, "elu")
    assert SPACE.vocabulary[4 * 5 + 3] == (256, "elu")
    assert SPACE.vocabulary[27] == (512, "elu")
    assert SPACE.vocabulary[DROPOUT_ID] == "dropout"
    assert SPACE.vocabulary[END] == (10, "softmax")
    assert SPACE.end == END


def test_the_first_layer_is_dense_and_the_last_position_is_the_heads():
    dense = tuple(range(28))
    assert SPACE.legal(()) == dense
    assert SPACE.legal((5,)) == (*dense, DROPOUT_ID, END)
    assert SPACE.legal((5,) * 8) == (*dense, DROPOUT_ID, END)
    assert SPACE.legal((5,) * 9) == (END,)
    assert SPACE.legal((5, END)) == ()


def test_an_architecture_reads_as_people_write_it():
    architecture = SPACE.architecture([23, DROPOUT_ID, 0, END])
    assert str(architecture) == "(256, 'elu'), 'dropout', (8, 'sigmoid'), (10, 'softmax')"
    assert SPACE.layers(architecture) == [
        Dense(256, "elu"), Dropout(0.2), Dense(8, "sigmoid"), Dense(10, "softmax")
    ]  # fmt: skip
    assert SPACE.parse("(256,'elu'),'dropout',\n(8,'sigmoid') , (10,'softmax')") == architecture


def test_numpy_tokens_make_the_same_architecture():
    assert SPACE.architecture(np.array([23, END], np.int32)) == SPACE.architecture([23, END])


def test_a_hidden_layer_may_look_like_the_head():
    # (1, 'sigmoid') is the id 0 as a hidden layer and 1 as the head of a binary task.
    space = MLPSpace((1, "sigmoid"), widths=(1,), activations=("sigmoid",), dropout=None)
    twice = space.parse("(1, 'sigmoid'), (1, 'sigmoid'), (1, 'sigmoid')")
    assert twice.tokens == (0, 0, 1)
    assert space.parse(str(twice)) == twice


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(256, 'elu'", "cannot read the architecture"),
        ("256 elu", "cannot read the architecture"),
        ("__import__('os')", "cannot read the architecture"),
        ("{[]: 1}", "cannot read the architecture"),
        ("(" * 500, "cannot read the architecture"),
        ("(256, 'elu'), (100, 'elu'), (10, 'softmax')", r"layer 2, \(100, 'elu'\), is not in"),
        ("(256, 'gelu'), (10, 'softmax')", r"layer 1, \(256, 'gelu'\), is not in the space"),
        ("(256, 'elu'), (9, 'softmax')", r"layer 2, \(9, 'softmax'\), is not in the space"),
        ("'dropout', (10, 'softmax')", "layer 1, 'dropout', cannot stand there"),
        ("(10, 'softmax')", r"layer 1, \(10, 'softmax'\), cannot stand there"),
        (
            "(8, 'elu'), (10, 'softmax'), (10, 'softmax')",
            r"layer 3, \(10, 'softmax'\), cannot stand",
        ),
        (
            ", ".join(["(8, 'elu')"] * 10 + ["(10, 'softmax')"]),
            r"layer 10, \(8, 'elu'\), cannot",
        ),
        ("(256, 'elu')", r"ends in \(256, 'elu'\); expected \(10, 'softmax'\)"),
        ("", "ends in nothing; expected"),
    ],
)
def test_a_text_that_is_no_member_is_refused_with_the_part_at_fault(text, message):
    with pytest.raises(InputError, match=message):
        SPACE.parse(text)


def test_a_refusal_says_what_the_space_does_hold():
    with pytest.raises(InputError) as refused:
        SPACE.parse("(100, 'elu'), (10, 'softmax')")
    for part in ("(8, 16, 32, 64, 128, 256, 512)", "'tanh'", "dropout", "(10, 'softmax')"):
        assert part in str(refused.value)


def test_an_architecture_of_other_widths_is_refused():
    stranger = MLPSpace((10, "softmax"), widths=(8, 16)).parse("(8, 'elu'), (10, 'softmax')")
    with pytest.raises(InputError, match="belongs to the space"):
        SPACE.layers(stranger)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"widths": ()}, "expected positive integers"),
        ({"widths": (8, 0)}, "(8, 0)"),
        ({"widths": (8, -2)}, "(8, -2)"),
        ({"widths": (8.5,)}, "(8.5,)"),
        ({"widths": (8, 16, 8)}, "repeat a value"),
        ({"activations": ()}, "expected distinct ones of"),
        ({"activations": ("relu", "swish")}, "'swish'"),
        ({"activations": ("relu", "relu")}, "expected distinct ones of"),
        ({"activations": "relu"}, "expected a tuple"),
        ({"max_layers": 1}, "max_layers is 1"),
        ({"max_layers": 2.5}, "max_layers is 2.5"),
        ({"dropout": 0}, "dropout is 0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": -0.2}, "dropout is -0.2"),
    ],
)
def test_parameters_that_describe_no_space_are_refused_with_their_value(parameters, message):
    with pytest.raises(InputError, match=re.escape(message)):
        MLPSpace((10, "softmax"), **parameters)


def test_equal_parameters_make_equal_spaces_even_if_given_as_lists():
    lists = MLPSpace([10, "softmax"], widths=[8, 16], activations=["elu"])
    tuples = MLPSpace((10, "softmax"), widths=(8, 16), activations=("elu",))
    assert lists == tuples
    assert hash(lists) == hash(tuples)
    assert lists.name == tuples.name


@pytest.mark.parametrize(
    "change",
    [
        {"head": (9, "softmax")},
        {"head": (10, "linear")},
        {"widths": (8, 16)},
        {"widths": (16, 8, 32, 64, 128, 256, 512)},  # the order gives the ids their meaning
        {"activations": ACTIVATIONS[:2]},
        {"max_layers": 9},
        {"dropout": 0.3},
        {"dropout": None},
    ],
)
def test_every_parameter_is_part_of_the_name(change):
    other = MLPSpace(**{"head": (10, "softmax"), **change})
    assert other != SPACE
    assert other.name != SPACE.name


def test_features_are_depth_then_width_and_activation_of_each_layer():
    space = MLPSpace((3, "softmax"), widths=(7, 15), activations=("tanh", "relu"), max_layers=4)
    # Per position: log2(width + 1), tanh, relu, dropout; the head follows from the task.
    expected = [4, 3, 0, 1, 0, 0, 0, 0, 1, 4, 1, 0, 0]
    architecture = space.parse("(7, 'relu'), 'dropout', (15, 'tanh'), (3, 'softmax')")
    assert space.features(architecture).tolist() == expected


def test_neighbours_change_remove_or_insert_one_layer():
    space = MLPSpace((1, "linear"), widths=(4, 8), activations=("relu",), max_layers=3)
    texts = [str(a) for a in space.neighbours(space.parse("(4, 'relu'), (1, 'linear')"))]
    assert sorted(texts) == sorted(
        [
            "(8, 'relu'), (1, 'linear')",  # changed; dropout may not come first
            "(4, 'relu'), (4, 'relu'), (1, 'linear')",  # inserted before or after
            "(8, 'relu'), (4, 'relu'), (1, 'linear')",
            "(4, 'relu'), (8, 'relu'), (1, 'linear')",
            "(4, 'relu'), 'dropout', (1, 'linear')",
        ]  # removed: nothing would be left
    )


def test_uniform_over_architectures_is_nearly_always_deepest_uniform_over_steps_is_not():
    # Of 29**9 - 1 architectures 28 * 29**8 have all ten layers: 28/29 = 0.966. A walk of
    # uniform steps gets there with probability (29/30)**8 = 0.762. Of 500 draws, 6 standard
    # deviations (each below 0.02) either side; the two ranges do not meet.
    rng = np.random.default_rng(0)
    deep = {
        name: np.mean([len(draw(rng).tokens) == 10 for _ in range(500)])
        for name, draw in [("all", SPACE.sample_architecture), ("steps", SPACE.sample_walk)]
    }
    assert abs(deep["all"] - 28 / 29) < 0.05
    assert abs(deep["steps"] - (29 / 30) ** 8) < 0.115
