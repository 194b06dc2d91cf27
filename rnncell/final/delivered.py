"""A finished run in use: its delivered network, asked how a text goes on, or what a sequence
is."""

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpnas.core.data.arrays import names_in, read_arrays
from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.classes import index_of, judge_classes
from mlpnas.core.report.quality.record import Evaluation
from mlpnas.core.run.folder import check_data
from mlpnas.core.run.record import Results, finished_record, located, settings_of
from mlpnas.core.runtime.start import start_tensorflow
from rnncell.data.text import text_in, tokens_of
from rnncell.final.perplexity import CONTEXT, judge_text
from rnncell.run.settings import Settings
from rnncell.run.source import read_data

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)


class _Finished:
    """A run's record, settings and model.

    Args:
        run: folder of a finished run of `rnncell search`.
        inputs: what its model takes.
    """

    def __init__(self, run: Path, inputs: Sequence[str]):
        self.path, self.inputs = run, inputs
        self.record = finished_record(run, "rnncell", Results)
        self.classes = np.asarray(self.record["data"]["classes"], object)
        self.settings: Settings = settings_of(run, self.record, Settings)

    @cached_property
    def model(self) -> "keras.Model":
        """See `delivery.load_delivered`; our cells are made known to Keras."""
        start_tensorflow()
        import rnncell.generator.networks  # noqa: F401
        from mlpnas.core.run.delivery import load_delivered

        path = self.path / "best.keras"
        return load_delivered(path, "rnncell", self.inputs, len(self.classes))

    def located(self, data: str | None) -> Settings:
        """The settings, whose data is there and what it was."""
        settings = located(self.path, self.record, self.settings, data)
        check_data(read_data(settings).task, self.record["data"], settings.data)
        return settings


class LanguageModel:
    """What `best.keras` of a run on a text says of texts; each is read from its beginning.

    Args:
        run: folder of a finished run of `rnncell search` on a text.

    Attributes:
        classes_: the vocabulary, in the order of `predict_proba`; what is not in it is
            `<unk>`. Line ends are `<eos>` among words.

    Examples:
        >>> import rnncell
        >>> model = rnncell.load("runs/my-text-0")
        >>> [(token, chance)] = model.next("the cat sat on the", n=1)
        >>> token in model.classes_
        True
    """

    def __init__(self, run: str | Path):
        self._run = _Finished(Path(run), ["tokens"])
        self.classes_ = self._run.classes
        self._ids = {token: i for i, token in enumerate(self.classes_)}

    @property
    def model(self) -> "keras.Model":
        """The file's model, from token ids `(batch, steps)` to logits."""
        return self._run.model

    def next(self, text: str, n: int = 5) -> list[tuple[str, float]]:
        """The n most probable next tokens with their probabilities, most probable first."""
        chances = self.predict_proba([text])[0]
        ranked = np.argsort(-chances, kind="stable")[:n]
        return [(str(self.classes_[i]), float(chances[i])) for i in ranked]

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """The most probable next token of each text, `(texts,)`."""
        return self.classes_[self.predict_proba(texts).argmax(axis=1)]

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities `(texts, tokens)` of what comes next, in the order of `classes_`.

        Raises:
            InputError: for a text without tokens.
        """
        texts = [texts] if isinstance(texts, str) else texts
        every = [self._beginning(text) for text in texts]
        last = [self._logits(ids[-2 * CONTEXT :], 1)[0] for ids in every]
        logits = np.stack(last).astype(np.float64)
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        return chances / chances.sum(axis=1, keepdims=True)

    def perplexity(self, text: str | Path) -> float:
        """exp of the mean cross-entropy per token of a text, or of a file's."""
        return next(iter(self.evaluate(text).measures.values())).value

    def evaluate(
        self,
        text: str | Path | None = None,
        *,
        data: str | None = None,
        warn: Callable[[str], None] = log.warning,
    ) -> Evaluation:
        """Perplexity, of frequent and of rare tokens too, with 95% bootstrap intervals over
        blocks of tokens.

        Args:
            text: a text, or the `pathlib.Path` of a file; None for the run's own test text.
            data: where the run's data is now; None to look where it was, and beside the run.
            warn: given sentences on how a file was read.

        Raises:
            InputError: for a text of fewer than two tokens.
        """
        ids, of = self._text(text, data, warn)
        if len(ids) < 2:
            raise InputError(
                f"{len(ids)} {of}; expected 2 or more, to predict one from another"
            )
        return judge_text(ids, self._nats(ids), self.classes_.tolist(), of)

    def _text(
        self, text: str | Path | None, data: str | None, warn: Callable[[str], None]
    ) -> tuple[np.ndarray, str]:
        if text is None:
            test = read_data(self._run.located(data)).task.test
            return np.append(test.x, test.y[-1:]), "tokens of the test text"
        if not isinstance(text, Path):
            return self._ids_of(tokens_of(text, self._run.settings.unit)), "tokens"
        notes: list[str] = []
        found = text_in(text, notes)
        for note in notes:
            warn(note)
        tokens = tokens_of(found, self._run.settings.unit)
        return self._ids_of(tokens), f"tokens of {text.name}"

    def _ids_of(self, tokens: Sequence[str]) -> np.ndarray:
        return np.array([self._ids.get(token, 0) for token in tokens], np.int32)

    def _beginning(self, text: str) -> np.ndarray:
        """Ids of a text that goes on: its last line has not ended unless it says so."""
        unit = self._run.settings.unit
        tokens = tokens_of(text, unit)
        if unit == "words" and tokens and not text.endswith("\n"):
            tokens = tokens[:-1]
        if not tokens:
            raise InputError(f"the text {text!r} has no tokens; expected one or more")
        return self._ids_of(tokens)

    def _nats(self, ids: np.ndarray) -> np.ndarray:
        """Cross-entropy of every token but the first, given those before it: up to `CONTEXT`
        more than the block's own."""
        found = []
        for start in range(0, len(ids) - 1, CONTEXT):
            stop = min(start + CONTEXT, len(ids) - 1)
            logits = self._logits(ids[max(0, start - CONTEXT) : stop], stop - start)
            found.append(_cross_entropy(logits, ids[start + 1 : stop + 1]))
        return np.concatenate(found)

    def _logits(self, ids: np.ndarray, last: int) -> np.ndarray:
        """Logits `(last, tokens)` behind the last ids, read from zero states."""
        return np.asarray(self.model.predict_on_batch(ids[None]))[0, -last:]


def _cross_entropy(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return total - logits[np.arange(len(truth)), truth]


class SequenceClassifier:
    """What `best.keras` of a run on sequences says of sequences.

    Args:
        run: folder of a finished run of `rnncell search` on an npz file.

    Attributes:
        classes_: labels as they are written, in the order of `predict_proba`.
    """

    def __init__(self, run: str | Path):
        self._run = _Finished(Path(run), ["steps", "length"])
        self.classes_ = self._run.classes

    @property
    def model(self) -> "keras.Model":
        """The file's model, from steps and lengths to probabilities."""
        return self._run.model

    def predict(self, x: Any, lengths: Any = None) -> np.ndarray:
        """The most probable label of each sequence, `(sequences,)`; see `predict_proba`."""
        return self.classes_[self.predict_proba(x, lengths).argmax(axis=1)]

    def predict_proba(self, x: Any, lengths: Any = None) -> np.ndarray:
        """Probabilities `(sequences, classes)`, in the order of `classes_`.

        Args:
            x: `(sequences, steps, features)` in the unit of the run's, or the path of an npz
                with `x` and, if you like, `len` (or `x_test` and `len_test`).
            lengths: how many steps of each are real, `(sequences,)`; None for all.

        Raises:
            InputError: for another shape.
        """
        if isinstance(x, str | Path):
            found = _arrays(Path(x), ["x"], ["len"])
            x, lengths = found["x"], found.get("len")
        x, lengths = self._checked(x, lengths)
        rows = {"steps": x, "length": lengths}
        return np.asarray(self.model.predict(rows, batch_size=256, verbose=0))

    def evaluate(
        self, labelled: Any = None, y: Any = None, lengths: Any = None, *,
        threshold: float | None = None, data: str | None = None,
    ) -> Evaluation:  # fmt: skip
        """How good the network is on labelled sequences: measures with 95% bootstrap intervals,
        classes by class.

        Args:
            labelled: sequences as for `predict` with labels as `y`; or the path of an npz with
                x, y and, if you like, len; None for the test sequences of the run's own data.
            y: the labels, `(sequences,)`.
            lengths: see `predict_proba`.
            threshold: of two classes the second is predicted from this probability on.
            data: where the run's data is now; None to look where it was, and beside the run.

        Raises:
            InputError: for labels that the run has not learned.
        """
        of = "sequences"
        if labelled is None:
            labelled, of = Path(self._run.located(data).data), "test sequences"
        if isinstance(labelled, str | Path):
            path = Path(labelled)
            of = of if y is None and of != "sequences" else f"sequences of {path.name}"
            found = _arrays(path, ["x", "y"], ["len"])
            labelled, y, lengths = found["x"], found["y"], found.get("len")
        if y is None or len(np.ravel(y)) != len(labelled):
            raise InputError(f"{len(labelled)} sequences; expected one label for each, as y")
        classes = self.classes_.tolist()
        truth = index_of(y, classes, of)
        p = self.predict_proba(labelled, lengths)
        return judge_classes(truth, p, classes, of, threshold)

    def _checked(self, x: Any, lengths: Any) -> tuple[np.ndarray, np.ndarray]:
        x = np.asarray(x, np.float32)
        features = self.model.input_shape[0][-1]
        if x.ndim != 3 or x.shape[-1] != features or not x.size:
            raise InputError(
                f"sequences have the shape {x.shape}; expected (sequences, steps, {features}), "
                "as the run learned from"
            )
        lengths = np.full(len(x), x.shape[1]) if lengths is None else np.ravel(lengths)
        if len(lengths) != len(x) or lengths.min() < 1 or lengths.max() > x.shape[1]:
            raise InputError(
                f"lengths are {len(lengths)} numbers from {lengths.min()} to {lengths.max()}; "
                f"expected {len(x)}, from 1 to {x.shape[1]}"
            )
        return x, lengths.astype(np.int32)


def _arrays(path: Path, needed: list[str], more: list[str]) -> dict[str, np.ndarray]:
    """Arrays of an npz by these names, or with `_test` behind them, as a search reads them."""
    tail = "" if needed[0] in names_in(path) else "_test"
    found = read_arrays(path, [n + tail for n in needed], [n + tail for n in more])
    return {name.removesuffix(tail): array for name, array in found.items()}


def load(run: str | Path) -> LanguageModel | SequenceClassifier:
    """A finished run's network: a language model, or a classifier of sequences.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.
    """
    record = finished_record(Path(run), "rnncell", Results)
    kind = SequenceClassifier if record["data"]["inputs"] else LanguageModel
    network = kind(run)
    network.model  # noqa: B018 - a damaged file is told now
    return network
