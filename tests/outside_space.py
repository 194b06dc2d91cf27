"""A space of images as somebody else would write it, in a module of his own: one convolution,
how wide and how large. Named as `--space outside_space:KIT`."""

import ast
from dataclasses import dataclass, replace

import keras

from cnnnas.run.presets import BASE, in_three_sizes
from mlpnas.core.generator import Generator
from mlpnas.core.report import figures
from mlpnas.core.run.kit import Kit
from mlpnas.nasbench.choices import ChoiceSpace


@dataclass(frozen=True)
class OneConvolution(ChoiceSpace):
    """A convolution: how many filters, and of which size."""

    filters: tuple[int, ...] = (2, 4, 8)

    @property
    def name(self):
        return f"one-convolution[{','.join(map(str, self.filters))}]"

    @property
    def choices(self):
        return (("filters", self.filters), ("size", (1, 3, 5)))

    def describe(self, tokens):
        return repr(tuple(self.options(tokens)))

    def parse(self, text):
        pairs = zip(self.decisions, ast.literal_eval(text), strict=True)
        return self.architecture([d.options.index(value) for d, value in pairs])


class OneConvolutionGenerator(Generator):
    """The convolution, the mean of each filter, and the classes."""

    def __init__(self, space):
        self.space = space

    def build(self, architecture, task, seed=0):
        filters, size = self.space.options(architecture.tokens)
        first, last = (keras.initializers.GlorotUniform(seed + i) for i in range(2))
        images = keras.Input(task.input_shape)
        x = keras.layers.Conv2D(
            filters, size, padding="same", activation="relu", kernel_initializer=first,
            name=f"convolution_{filters}_{size}",
        )(images)  # fmt: skip
        x = keras.layers.GlobalAveragePooling2D()(x)
        units, activation = task.head
        head = keras.layers.Dense(
            units, activation, kernel_initializer=last, name=f"head_{filters}"
        )
        return keras.Model(images, head(x))

    def weight_shapes(self, architecture, task):
        filters, size = self.space.options(architecture.tokens)
        *_, channels = task.input_shape
        units, _ = task.head
        return {
            f"convolution_{filters}_{size}": ((size, size, channels, filters), (filters,)),
            f"head_{filters}": ((filters, units), (units,)),
        }


def pictures(space, architecture, settings, title):
    """A bar as wide as the layer."""
    filters, size = space.options(architecture.tokens)
    yield "network", figures.chain([(f"conv {size}x{size}", filters / max(space.filters))])


KIT = Kit(
    space=lambda settings: OneConvolution(),
    generator=lambda space, settings, final: OneConvolutionGenerator(space),
    presets=in_three_sizes(replace(BASE, draws=10)),
    pictures=pictures,
)
