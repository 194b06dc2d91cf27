"""What shared weights promise: a path's score is a function of the weights and of a batch."""

from collections.abc import Callable, Mapping

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.supernet import Supernet
from mlpnas.testing.promises import refused, require, require_equal_states, saved

Make = Callable[[], Supernet]
BATCHES = (0, 3, 11)


def _paths(supernet: Supernet, n: int, seed: int = 0) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    return [supernet.space.sample_walk(rng) for _ in range(n)]


def _state(supernet: Supernet) -> dict[str, np.ndarray]:
    return saved(supernet.state())


def equal_supernets_train_and_score_alike(make: Make) -> None:
    one, other = make(), make()
    paths = _paths(one, 3)
    losses = one.train(paths), other.train(paths)
    require(losses[0] == losses[1], f"the same steps had the losses {losses}")
    scores = one.score(paths, 3), other.score(paths, 3)
    require(scores[0] == scores[1], f"the same paths have the scores {scores}")


def a_path_s_score_depends_on_its_batch_alone(make: Make) -> None:
    supernet = make()
    supernet.train(_paths(supernet, 2))
    one, other = _paths(supernet, 2, seed=1)
    for batch in BATCHES:
        [alone], [its] = supernet.score([one], batch), supernet.score([other], batch)
        together = supernet.score([other, one, other], batch)
        require(
            together == [its, alone, its],
            f"on batch {batch} {one} and {other} score {alone} and {its} alone, and "
            f"{together} when they are scored together as other, one, other",
        )
        require(np.isfinite(together).all(), f"on batch {batch} the scores are {together}")


def scoring_changes_nothing(make: Make) -> None:
    supernet = make()
    paths = _paths(supernet, 2)
    supernet.train(paths)
    before, validated = _state(supernet), supernet.validate(paths)
    for batch in BATCHES:
        supernet.score(paths, batch)
    require_equal_states(_state(supernet), before, "after scores")
    again = supernet.validate(paths)
    require(again == validated, f"validate gave {validated}, and after scores {again}")


def training_changes_the_weights_by_one_step_for_each_path(make: Make) -> None:
    supernet = make()
    paths = _paths(supernet, 2)
    before = _state(supernet)
    loss = supernet.train(paths)
    require(np.isfinite(loss), f"the mean loss of two steps is {loss}")
    after = _state(supernet)
    moved = any(not np.array_equal(before[name], after[name]) for name in after)
    require(moved, "two steps of training left every array of state() as it was")
    single = make()
    for path in paths:
        single.train([path])
    require_equal_states(_state(single), after, "trained path by path")


def a_restored_supernet_continues_to_the_bit(make: Make) -> None:
    straight, resumed = make(), make()
    straight.train(_paths(straight, straight.steps + 1))
    state: Mapping[str, np.ndarray] = straight.state()
    kept = saved(state)
    paths = _paths(straight, 3, seed=1)
    losses = [straight.train(paths)]
    require_equal_states(state, kept, "after more training the earlier")
    resumed.restore(kept)
    losses.append(resumed.train(paths))
    require(losses[0] == losses[1], f"after restore the loss is {losses[1]}, not {losses[0]}")
    require_equal_states(_state(resumed), _state(straight), "three steps after restore")
    scores = straight.validate(paths), resumed.validate(paths)
    require(scores[0] == scores[1], f"after restore validate gave {scores[1]}, not {scores[0]}")


def every_path_has_parameters(make: Make) -> None:
    supernet = make()
    for path in _paths(supernet, 5):
        count = supernet.parameters(path)
        require(count == int(count) >= 0, f"{path} has {count} parameters")


def a_pass_has_steps(make: Make) -> None:
    steps = make().steps
    require(steps == int(steps) > 0, f"steps is {steps}; expected a positive whole number")


def what_is_no_path_is_refused(make: Make) -> None:
    supernet = make()
    [path] = _paths(supernet, 1)
    stranger = Architecture("somewhere else", path.tokens, str(path))
    first = len(supernet.space.decisions[0].options)  # one more than there are
    illegal = Architecture(supernet.space.name, (first, *path.tokens[1:]), "illegal")
    for wrong, why in ((stranger, "of another space"), (illegal, "with an illegal token")):
        for name, call in (
            ("train", lambda wrong=wrong: supernet.train([wrong])),
            ("score", lambda wrong=wrong: supernet.score([wrong], 0)),
            ("validate", lambda wrong=wrong: supernet.validate([wrong])),
        ):
            with refused(InputError, f"{name} of an architecture {why}"):
                call()


PROMISES: tuple[Callable[[Make], None], ...] = (
    equal_supernets_train_and_score_alike,
    scoring_changes_nothing,
    a_path_s_score_depends_on_its_batch_alone,
    training_changes_the_weights_by_one_step_for_each_path,
    a_restored_supernet_continues_to_the_bit,
    every_path_has_parameters,
    a_pass_has_steps,
    what_is_no_path_is_refused,
)


def check_supernet(make: Make) -> None:
    """Hold shared weights to their contract.

    Args:
        make: makes them untrained, every time with the same arguments.

    Raises:
        ContractError: at the first promise that is broken.
    """
    for promise in PROMISES:
        promise(make)
