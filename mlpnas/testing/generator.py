"""What every generator promises of the Keras models that it builds."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlpnas.core.generator import Generator
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.testing.promises import require

ROWS = 3  # that models are tried on


def the_names_of_layers_with_weights_are_the_weight_keys(
    generator: Generator, task: Task, architecture: Architecture
) -> None:
    names = list(_arrays(generator.build(architecture, task)))
    keys = list(generator.weight_shapes(architecture, task))
    require(names == keys, f"layers are named {names}; weight_shapes has {keys}")


def weight_shapes_are_those_of_the_model(
    generator: Generator, task: Task, architecture: Architecture
) -> None:
    shapes = generator.weight_shapes(architecture, task)
    for key, arrays in _arrays(generator.build(architecture, task)).items():
        found, expected = [a.shape for a in arrays], [tuple(s) for s in shapes.get(key, ())]
        require(found == expected, f"layer {key!r} has {found}; weight_shapes says {expected}")


def equal_seeds_give_equal_weights_and_others_other_ones(
    generator: Generator, task: Task, architecture: Architecture
) -> None:
    import keras

    builds = []
    for seed, before in ((0, 1), (0, 2), (1, 1)):
        keras.utils.set_random_seed(before)  # whatever the user has drawn meanwhile
        builds.append(_flat(_arrays(generator.build(architecture, task, seed))))
    first, again, other = builds
    require(np.array_equal(first, again), "two builds with seed 0 have different weights")
    require(not np.array_equal(first, other), "builds with seeds 0 and 1 have equal weights")


def the_model_takes_the_task_s_rows_and_gives_an_output_for_each(
    generator: Generator, task: Task, architecture: Architecture
) -> None:
    model, x = generator.build(architecture, task), _rows(task)
    outputs, units = _outputs(model, x), _units(task)
    expected = (*x.shape[: outputs.ndim - 1], units)
    require(
        outputs.shape == expected,
        f"for inputs {x.shape} the model gives {outputs.shape}; expected {expected}",
    )
    require(np.isfinite(outputs).all(), "a fresh model's outputs hold a NaN or an infinity")
    if task.kind != "regression" and task.input_shape:
        inside = (outputs >= 0).all() and (outputs <= 1.0001).all()
        require(inside, "outputs for classes are not in [0, 1]; expected probabilities")


def a_saved_model_loads_with_its_keys_and_outputs(
    generator: Generator, task: Task, architecture: Architecture
) -> None:
    import keras

    model, x = generator.build(architecture, task), _rows(task)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        again = keras.models.load_model(path, safe_mode=True)
    keys, expected = list(_arrays(again)), list(_arrays(model))
    require(keys == expected, f"the loaded model has the keys {keys}; expected {expected}")
    same = np.array_equal(_outputs(model, x), _outputs(again, x))
    require(same, "the loaded model's outputs differ from the saved one's")


def _arrays(model: Any) -> dict[str, list[np.ndarray]]:
    """The arrays of every layer that has some, by its name, in layer order."""
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def _flat(arrays: dict[str, list[np.ndarray]]) -> np.ndarray:
    return np.concatenate([array.ravel() for group in arrays.values() for array in group])


def _rows(task: Task) -> np.ndarray:
    """A few training rows; of a text, whose rows are single tokens, sequences of some."""
    if task.input_shape:
        return task.train.x[:ROWS]
    return np.resize(task.train.x, (ROWS, 4))


def _outputs(model: Any, x: np.ndarray) -> np.ndarray:
    """The first output, since those of auxiliary heads serve training alone."""
    outputs = model(x, training=False)
    return np.asarray(outputs[0] if isinstance(outputs, list | tuple) else outputs)


def _units(task: Task) -> int:
    """Units of the last layer: for a text, a logit per token."""
    return task.head[0] if task.input_shape else len(task.classes)


PROMISES: tuple[Callable[[Generator, Task, Architecture], None], ...] = (
    the_names_of_layers_with_weights_are_the_weight_keys,
    weight_shapes_are_those_of_the_model,
    equal_seeds_give_equal_weights_and_others_other_ones,
    the_model_takes_the_task_s_rows_and_gives_an_output_for_each,
    a_saved_model_loads_with_its_keys_and_outputs,
)


def check_generator(
    generator: Generator, task: Task, architectures: Sequence[Architecture]
) -> None:
    """Hold a generator to its contract.

    Args:
        generator: the generator.
        task: rows that its models take; `testing.fakes.tiny_task` makes a small table.
        architectures: of its space; some that differ in depth and kinds of layers.

    Raises:
        ContractError: at the first promise that is broken.

    Examples:
        >>> from mlpnas import MLPGenerator, MLPSpace
        >>> from mlpnas.testing import check_generator
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space = MLPSpace((3, "softmax"), widths=(8,))
        >>> network = space.parse("(8, 'relu'), 'dropout', (3, 'softmax')")
        >>> check_generator(MLPGenerator(space), tiny_task("multiclass"), [network])
    """
    for promise in PROMISES:
        for architecture in architectures:
            promise(generator, task, architecture)
