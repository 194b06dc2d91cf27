"""Searches that are killed at random instants and continued until they are done.

A program, not a test: `python killed.py FOLDER RUNS SEED`. It prints one JSON line. It loads
no TensorFlow, so a search is a fork of a few milliseconds, and kill -9 is a real one.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' own spaces

from spaces import SMALL_MLP

from mlpnas.core.evaluator.evaluator import ChildEvaluator
from mlpnas.core.run.checkpoint import Checkpoint, Saved
from mlpnas.core.run.journal import reopen
from mlpnas.core.search import search
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trainer.base import Outcome
from mlpnas.space import MLPSpace

SPACE = MLPSpace((3, "softmax"), max_layers=4)


class Shapes:
    """A generator that builds nothing: every layer has a place, a 2 x 2 array in it."""

    def weight_shapes(self, architecture, task):
        return {f"{i}/{token}": [(2, 2)] for i, token in enumerate(architecture.tokens)}


def train(job):
    """An outcome that depends on all that a job holds, to the last bit of its weights."""
    time.sleep(0.002)
    digest = hashlib.sha256(repr((job.architecture.tokens, job.seed)).encode())
    for key, arrays in sorted(job.weights.items()):
        digest.update(key.encode() + arrays[0].tobytes())
    rng = np.random.default_rng(list(digest.digest()))
    if rng.random() < 0.1:
        return Outcome(reason="as drawn")
    keys = Shapes().weight_shapes(job.architecture, None)
    return Outcome(tuple(rng.random(3)), weights={key: (rng.random((2, 2)),) for key in keys})


def carry_on(folder: Path, seed: int, trials: int) -> None:
    """Begin or continue the run of this folder; the seed decides what kind it is."""
    space = SMALL_MLP if seed % 5 == 4 else SPACE  # of 24, which is soon exhausted
    make = RandomStrategy if seed % 2 else RegularizedEvolution
    strategy = make(space, seed)
    checkpoint = Checkpoint(folder / "state")
    store = SharedWeights() if seed % 4 < 3 else None
    evaluator = ChildEvaluator(
        Shapes(), None, lambda jobs: map(train, jobs), seed, store, checkpoint=checkpoint
    )
    history = reopen(folder / "trials.jsonl", space)
    if saved := checkpoint.load():
        strategy.restore(saved.strategy)
        evaluator.restore(saved.store)
        history.told = saved.told

    def save() -> None:
        if saves_all(seed) or os.urandom(1)[0] % 3 == 0:
            checkpoint.save(Saved(history.told, {}, strategy.state(), evaluator.state()))

    search(strategy, evaluator, history, trials, 3 + seed % 6, checkpoint=save)


def saves_all(seed: int) -> bool:
    """Whether every round is saved; else some are told again from the journal."""
    return seed // 2 % 2 == 0


def outcome(folder: Path, seed: int) -> tuple:
    """What must not depend on kills: journal but for times, and everything learned."""
    lines = (folder / "trials.jsonl").read_text().splitlines()
    records = [{**json.loads(line), "seconds": 0} for line in lines]
    if not saves_all(seed):
        return (records,)
    saved = Checkpoint(folder / "state").load()
    learned = [(n, a.tobytes()) for part in saved[2:] for n, a in sorted(part.items())]
    # A kill may leave weights that the checkpoint has already; the next one removes them.
    kept = {int(path.stem) for path in (folder / "state" / "pending").glob("*.npz")}
    return records, saved.told, learned, {i for i in kept if i >= saved.told}


def until_done(folder: Path, seed: int, trials: int, rng, counts: Counter) -> None:
    """Continue until a search ends by itself; kill the others after a random while."""
    while True:
        child = os.fork()
        if child == 0:
            try:
                carry_on(folder, seed, trials)
                os._exit(0)
            except BaseException as error:
                print(f"run {seed}: {error!r}", file=sys.stderr)
                os._exit(1)
        if rng is not None:
            time.sleep(rng.exponential(0.04))
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            counts["errors"] += os.WEXITSTATUS(status)
            return
        counts["kills"] += 1
        journal = folder / "trials.jsonl"
        if rng.random() < 0.3 and journal.exists() and journal.stat().st_size:
            # A failing machine may lose the end of the line that was being written.
            counts["torn"] += tear(journal, folder, rng)


def tear(journal: Path, folder: Path, rng) -> int:
    """Take a part of the last line away, unless a checkpoint says that it was complete."""
    content = journal.read_bytes()
    saved = Checkpoint(folder / "state").load()
    last = content.rstrip(b"\n").rpartition(b"\n")[2]
    if content.count(b"\n") <= (saved.told if saved else 0):
        return 0
    os.truncate(journal, len(content) - int(rng.integers(1, len(last) + 1)))
    return 1


def main(folder: Path, runs: int, first: int) -> None:
    counts: Counter = Counter()
    for seed in range(first, first + runs):
        straight, killed = folder / f"{seed}-straight", folder / f"{seed}-killed"
        for path in (straight, killed):
            path.mkdir(parents=True)
        trials = 15 + seed % 7
        until_done(killed, seed, trials, np.random.default_rng(seed), counts)
        until_done(killed, seed, trials + 10, np.random.default_rng(seed + 1), counts)
        until_done(straight, seed, trials + 10, None, counts)
        counts["identical"] += outcome(straight, seed) == outcome(killed, seed)
    print(json.dumps({"runs": runs, **counts}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
