"""MLPTrainer: trains multi-layer perceptrons without Keras and without tracing per child.

Why no XLA. The same arithmetic, compiled for the exact shapes of one child, was timed against
these graphs on one core, in processor seconds. An epoch of 48,000 MNIST digits, median of 3:

    parameters    here    compiled    compiling, once
        62,522    0.53        0.34                1.7
       296,970    1.42        1.19                2.2
       505,082    2.37        2.49                2.2
       631,130    2.56        2.53                2.4

The smaller children would earn their compilation back after nine or ten such epochs, the
larger ones never; on wine-quality no child does (0.20-1.29 s compiled, 0.28-1.30 s here, for
all ten epochs, and at least 1.6 s to compile). What is left to gain is not worth a second
implementation with a cache that has to be bounded.
"""

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpnas.core.generator import Shapes
from mlpnas.core.runtime.start import configure_devices
from mlpnas.core.shared_weights import Weights
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer, set_weights
from mlpnas.encodings import Encoding
from mlpnas.generator import MLPGenerator
from mlpnas.layers import Step
from mlpnas.trainer.compiled import BEST, CHUNK, LOCK, Form, Plan, Result, Rows, compile_run

if TYPE_CHECKING:
    import keras


class MLPTrainer:
    """Trains the children of an `MLPSpace` on one task, by one recipe.

    A network one of whose layers has no compiled step is trained by a `KerasTrainer`.

    The task's arrays are put into TensorFlow once. A child's initial kernels are Glorot
    uniform and its biases zero, drawn from the job's seed, unless it inherits them.

    Args:
        task: what the children learn.
        generator: names and shapes of a child's weights follow from it.
        recipe: epochs, patience, batch size, learning rate.
        shuffle: put the training rows into a new order every epoch.

    Examples:
        >>> from mlpnas import Job, MLPGenerator, MLPSpace, MLPTrainer, Recipe
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space, task = MLPSpace((3, "softmax")), tiny_task("multiclass")
        >>> trainer = MLPTrainer(task, MLPGenerator(space), Recipe(epochs=2))
        >>> outcome = trainer.train(Job(space.parse("(8, 'relu'), (3, 'softmax')"), seed=0))
        >>> len(outcome.curve), outcome.parameters, outcome.reason
        (2, 67, None)
    """

    def __init__(
        self, task: Task, generator: MLPGenerator, recipe: Recipe, shuffle: bool = True
    ) -> None:
        configure_devices()
        self.task, self.generator, self.recipe = task, generator, recipe
        self._shuffle = shuffle
        self._encoded: dict[Encoding | None, tuple[Rows, Rows]] = {}
        self._forms: set[Form] = set()
        self._parts: dict[tuple[int, int], MLPTrainer] = {}

    @property
    def traces(self) -> int:
        """How often the graphs that it used were traced, by whomever."""
        graphs: list[Any] = [self._graph(form) for form in self._forms]
        return sum(graph.experimental_get_tracing_count() for graph in graphs)

    def train(self, job: Job) -> Outcome:
        """Train one child; the same job gives the same outcome, bit for bit, on a CPU.

        Raises:
            ValueError: if inherited arrays have another shape than the child's.
        """
        if job.part is not None:
            return self._of_part(job.part).train(replace(job, part=None))
        begin = time.perf_counter()
        shapes = self.generator.weight_shapes(job.architecture, self.task)
        count = self.generator.parameters(job.architecture, self.task)
        recipe = job.recipe_or(self.recipe)
        if too_large := self._too_large(shapes, count, recipe):
            return Outcome(parameters=count, reason=too_large)
        steps = [layer.step for layer in self.generator.space.hidden(job.architecture)]
        compiled = [step for step in steps if step]
        if len(compiled) < len(steps):
            return KerasTrainer(self.task, self.generator, recipe).train(job)
        outcome = self._compiled(job, shapes, recipe, compiled)
        return replace(outcome, parameters=count, seconds=time.perf_counter() - begin)

    def _compiled(self, job: Job, shapes: Shapes, recipe: Recipe, steps: list[Step]) -> Outcome:
        """Train a network all of whose layers the compiled chain can run."""
        form, kernels, plan = self._prepare(job, shapes, recipe, *_hidden(steps))
        rows = self._rows(self.generator.space.encoding(job.architecture))
        with LOCK:
            result = self._graph(form)(kernels, plan, *rows)
        self._forms.add(form)
        return self._outcome(result, shapes)

    def _rows(self, encoding: Encoding | None) -> tuple[Rows, Rows]:
        """The folds as a network with this encoding sees them, made once."""
        if encoding not in self._encoded:
            self._encoded[encoding] = self._encode(encoding)
        return self._encoded[encoding]

    def _encode(self, encoding: Encoding | None) -> tuple[Rows, Rows]:
        train, valid = self.task.train, self.task.valid
        if encoding is None:
            return Rows.of(train), Rows.of(valid)
        encoder = encoding.of(train.x)
        train, valid = (
            replace(fold, x=encoder.encode(fold.x.reshape(len(fold), -1)))
            for fold in (train, valid)
        )
        return Rows.of(train), Rows.of(valid)

    def _of_part(self, part: tuple[int, int]) -> "MLPTrainer":
        """Trains on the folds of a cross-validation's part; kept for the next job on it."""
        if part not in self._parts:
            folds = self.task.part(*part)
            self._parts[part] = MLPTrainer(folds, self.generator, self.recipe, self._shuffle)
        return self._parts[part]

    def _too_large(self, shapes: Shapes, parameters: int, recipe: Recipe) -> str | None:
        """Why the child cannot be trained, from its size alone; None if it can."""
        need = memory_needed(shapes, parameters, recipe, self.task)
        free = available_memory()
        if free is None or need <= free:
            return None
        return (
            f"needs about {need / 1e9:.1f} GB to train ({parameters} parameters) and "
            f"{free / 1e9:.1f} GB are available"
        )

    def _prepare(
        self,
        job: Job,
        shapes: Shapes,
        recipe: Recipe,
        activations: list[str],
        keep: list[float],
    ) -> tuple[Form, list[np.ndarray], Plan]:
        """Initial kernels and the plan, filled up from below to the graph's capacity."""
        form = Form.of(activations, keep)
        places = [form.activations.index(name) for name in activations]
        empty = form.capacity - len(keep)
        *seeds, own = np.random.SeedSequence(job.seed).spawn(len(shapes) + 1)
        numbers = own.generate_state(form.capacity + 1, np.uint64)
        kernels = [np.zeros((1, 0), np.float32)] * empty + _kernels(shapes, seeds, job.weights)
        plan = Plan(
            first=np.int32(empty),
            activations=np.array([0] * empty + places, np.int32),
            keep=np.array([1.0] * empty + keep, np.float32),
            keys=numbers[1:],
            order=np.array([numbers[0] >> np.uint64(33), 0], np.int32),
            epochs=np.int32(recipe.epochs),
            patience=np.int32(min(recipe.patience or recipe.epochs, recipe.epochs)),
            batch=np.int32(min(recipe.batch_size, len(self.task.train))),
            best=np.int32(BEST.index(recipe.best)),
            rate=np.float32(recipe.learning_rate),
        )
        return form, kernels, plan

    def _graph(self, form: Form) -> Any:
        """The graph for this form, which all trainers of a process share."""
        return compile_run(form, self.task.loss, self._shuffle)

    def _outcome(self, result: Result, shapes: Shapes) -> Outcome:
        epochs = int(result.epochs)
        losses = [(float(a), float(b)) for a, b in result.losses.numpy()[:epochs]]
        curve = tuple(self._metric(sums) for sums in result.sums.numpy()[:epochs])
        if not all(map(math.isfinite, losses[-1])):
            reason = _divergence(epochs, *losses[-1])
            return Outcome(curve[:-1], tuple(losses[:-1]), reason=reason)
        kernels = [kernel.numpy() for kernel in result.kernels[-len(shapes) :]]
        weights: Weights = {
            key: (kernel[:-1].copy(), kernel[-1].copy())
            for key, kernel in zip(shapes, kernels, strict=True)
        }
        return Outcome(curve, tuple(losses), weights)

    def _metric(self, sums: np.ndarray) -> float:
        """Accuracy or mean R² of the validation fold, as in `Task.score`."""
        y, weight = self.task.valid.y, self.task.valid.weight
        weight = np.ones(len(y)) if weight is None else weight.astype(np.float64)
        if self.task.kind != "regression":
            return float(sums[0] / weight.sum())
        total = weight @ (y - np.average(y, axis=0, weights=weight)) ** 2
        safe = np.where(total > 0, total, 1.0)
        return float(np.mean(np.where(total > 0, 1 - sums / safe, 0.0)))


def to_model(
    generator: MLPGenerator, architecture: Architecture, task: Task, weights: Weights
) -> "keras.Model":
    """The trained network as an ordinary Keras model.

    Args:
        weights: `Outcome.weights`: kernel and bias by weight key.
    """
    model = generator.build(architecture, task)
    set_weights(model, weights)
    return model


def _hidden(steps: list[Step]) -> tuple[list[str], list[float]]:
    """Activation and chance to stay of every dense layer; dropout follows its layer."""
    activations: list[str] = []
    keep: list[float] = []
    for step in steps:
        if step.activation is None:
            # Two in a row drop as one does that keeps the product of both rates.
            keep[-1] *= step.keep
        else:
            activations.append(step.activation)
            keep.append(step.keep)
    return activations, keep


def memory_needed(shapes: Shapes, parameters: int, recipe: Recipe, task: Task) -> int:
    """Bytes that training takes beside the data, estimated from above.

    Six arrays per parameter: initial value, weight, two moments, gradient, best. Per row and
    unit of a training batch about four activations and gradients; in validation, which keeps
    no trace, three of the widest layer. Encoded rows are kept beside the others.
    """
    units = [arrays[0][-1] for arrays in shapes.values()]
    batch = min(recipe.batch_size, len(task.train))
    chunk = min(CHUNK, len(task.valid))
    fan_in = next(iter(shapes.values()))[0][0]
    wider = (fan_in - math.prod(task.input_shape)) * (len(task.train) + len(task.valid))
    return 4 * (wider + 6 * parameters + 4 * batch * sum(units) + 3 * chunk * max(units))


def available_memory() -> int | None:
    """Bytes that a process may still take; None where the system does not say (not Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return found[0] * 1024 if found else None


def _kernels(
    shapes: Shapes, seeds: list[np.random.SeedSequence], inherited: Weights
) -> list[np.ndarray]:
    """Initial arrays per layer, `(fan_in + 1, units)`: the kernel, and below it the bias."""
    kernels = []
    for (key, expected), seed in zip(shapes.items(), seeds, strict=True):
        kernel, bias = inherited.get(key) or _glorot(expected, seed)
        if [kernel.shape, bias.shape] != list(expected):
            raise ValueError(
                f"inherited weights {key!r} have shapes {[kernel.shape, bias.shape]}, "
                f"expected {list(expected)}; the store was filled by another generator or task"
            )
        kernels.append(np.vstack([kernel, bias]).astype(np.float32))
    return kernels


def _glorot(shapes: Any, seed: np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray]:
    """Glorot and Bengio (2010): uniform within ±sqrt(6 / (fan_in + fan_out)); bias zero."""
    kernel, bias = shapes
    limit = np.float32(math.sqrt(6 / sum(kernel)))
    noise = np.random.default_rng(seed).random(kernel, np.float32)
    return limit * (2 * noise - 1), np.zeros(bias, np.float32)


def _divergence(epoch: int, loss: float, valid_loss: float) -> str:
    if not math.isfinite(loss):
        return f"diverged: loss became {loss} in epoch {epoch}"
    return f"diverged: validation loss became {valid_loss} in epoch {epoch}"
