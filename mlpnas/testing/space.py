"""What every search space promises, whatever it describes.

Of every space samples are looked at, under a seed; of one with few members all are, see
`whole_space`.
"""

import json
import pickle
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.space.masks import masks
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.testing.promises import refused, require
from mlpnas.testing.whole_space import DRAWN, ENUMERATED, FEW, SAMPLED


def samples(space: SearchSpace, seed: int, n: int = 20) -> list[Architecture]:
    """n members: half uniform over architectures, half over decisions (deep and shallow)."""
    rng = np.random.default_rng(seed)
    draws = [space.sample_architecture(rng) for _ in range(n // 2)]
    return draws + [space.sample_walk(rng) for _ in range(n - n // 2)]


def the_completions_of_a_prefix_are_the_sum_over_its_continuations(
    space: SearchSpace, seed: int
) -> None:
    [_, architecture] = samples(space, seed, 2)
    walk = architecture.tokens
    for position in range(len(walk)):
        prefix = walk[:position]
        below = sum(space.completions((*prefix, token)) for token in space.legal(prefix))
        given = space.completions(prefix)
        require(given == below, f"completions({prefix}) is {given}; expected {below}")
    require(space.completions(walk) == 1, f"the complete {walk} has other than 1 completion")


def every_sample_is_a_legal_and_complete_walk(space: SearchSpace, seed: int) -> None:
    for architecture in samples(space, seed):
        tokens = architecture.tokens
        space.check(architecture)
        same = space.architecture(tokens) == architecture
        require(same, f"architecture({tokens}) is not what was sampled, {architecture}")
        require(space.legal(tokens) == (), f"{tokens} was sampled but is not complete")
        require(len(tokens) <= len(space.decisions), f"{tokens} is longer than `decisions`")


def what_is_printed_can_be_pasted_back(space: SearchSpace, seed: int) -> None:
    for architecture in samples(space, seed):
        again = space.parse(str(architecture))
        same = (again, str(again)) == (architecture, str(architecture))
        require(same, f"parse({str(architecture)!r}) gave {again} with tokens {again.tokens}")


def an_architecture_survives_json_and_a_worker_process(space: SearchSpace, seed: int) -> None:
    [architecture] = samples(space, seed, n=1)
    record = {"tokens": architecture.tokens, "text": str(architecture)}
    read = json.loads(json.dumps(record, allow_nan=False))
    same = space.architecture(read["tokens"]) == architecture
    require(same and read["text"] == str(architecture), f"{architecture} changed in JSON")
    # Worker processes get their jobs pickled; nothing in a file ever is.
    sent = pickle.loads(pickle.dumps((space, architecture)))
    require(sent == (space, architecture), f"{space.name} or {architecture} changed by pickle")
    require(hash(sent[0]) == hash(space), "a copy of the space has another hash; see frozen")


def an_architecture_is_a_value_of_its_space_and_its_tokens(
    space: SearchSpace, seed: int
) -> None:
    [architecture] = samples(space, seed, n=1)
    twin = Architecture(space.name, architecture.tokens, "written otherwise")
    require({architecture: 1}.get(twin) == 1, "equal tokens are not equal architectures")
    stranger = Architecture("another space", architecture.tokens, str(architecture))
    require(stranger != architecture, "architectures of two spaces are equal")


def decisions_have_distinct_names_and_groups_agree_on_their_options(
    space: SearchSpace, seed: int
) -> None:
    counts = Counter(decision.name for decision in space.decisions)
    twice = [name for name, count in counts.items() if count > 1]
    require(not twice, f"the names {twice} stand more than once in `decisions`")
    options: dict[str, tuple] = {}
    for d in space.decisions:
        if d.kind == "choice":
            same = options.setdefault(d.group, d.options) == d.options
            require(same, f"decision {d.name!r} of group {d.group!r} has options of its own")


def the_masks_say_along_every_walk_what_is_legal(space: SearchSpace, seed: int) -> None:
    tables = masks(space)
    for architecture in samples(space, seed):
        state, tokens = 0, architecture.tokens
        for i, (mask, token) in enumerate(zip(tables, tokens, strict=False)):
            opened = tuple(np.flatnonzero(mask.opened[state]).tolist())
            legal = tuple(space.legal(tokens[:i]))
            where = f"after {tokens[:i]}; does `state` say all that `legal` depends on?"
            require(
                opened == legal, f"the controller may take {opened}, `legal` {legal} {where}"
            )
            ends = bool(mask.ends[state, token]) == (i + 1 == len(tokens))
            require(ends, f"the controller and the space differ on where walks end {where}")
            state = mask.after[state, token]


def an_illegal_token_is_named_with_its_position(space: SearchSpace, seed: int) -> None:
    walk = samples(space, seed, 1)[0].tokens
    for position in range(len(walk)):
        for wrong in (len(space.decisions[position].options), -1):
            broken = (*walk[:position], wrong, *walk[position + 1 :])
            told = f"token {wrong} at position {position} of"
            with refused(InputError, f"architecture({broken})", told):
                space.architecture(broken)


def a_walk_that_stops_early_or_goes_on_too_long_is_refused(
    space: SearchSpace, seed: int
) -> None:
    walk = samples(space, seed, 1)[0].tokens
    with refused(
        InputError, f"the incomplete {walk[:-1]}", "stop too early; expected one of ("
    ):
        space.architecture(walk[:-1])
    place = f"token 0 at position {len(walk)} of"
    with refused(InputError, f"the overlong {(*walk, 0)}", place, "the walk was complete"):
        space.architecture((*walk, 0))


def an_architecture_of_another_space_is_refused_with_both_names(
    space: SearchSpace, seed: int
) -> None:
    [architecture] = samples(space, seed, n=1)
    stranger = Architecture("somewhere else", architecture.tokens, str(architecture))
    with refused(InputError, "another space's member", "'somewhere else'", space.name):
        space.check(stranger)


def features_have_one_length_and_are_finite_numbers(space: SearchSpace, seed: int) -> None:
    rows = [space.features(architecture) for architecture in samples(space, seed)]
    shapes, types = {row.shape for row in rows}, {row.dtype.name for row in rows}
    require(shapes == {(len(rows[0]),)}, f"features have the shapes {shapes}; expected one")
    require(types == {"float64"}, f"features are {types}; expected float64")
    require(np.isfinite(rows).all(), "features hold a NaN or an infinity")


def neighbours_are_distinct_members_and_exclude_the_architecture_itself(
    space: SearchSpace, seed: int
) -> None:
    for architecture in samples(space, seed, n=4):
        around = space.neighbours(architecture)
        for neighbour in around:
            space.check(neighbour)
        require(len(set(around)) == len(around), f"{architecture} has a neighbour twice")
        require(architecture not in around, f"{architecture} is its own neighbour")
        again = space.neighbours(architecture)
        require(around == again, f"{architecture} has its neighbours in no fixed order")


def the_canonical_form_is_a_member_and_its_own_canonical_form(
    space: SearchSpace, seed: int
) -> None:
    for architecture in samples(space, seed):
        form = space.canonical(architecture)
        space.check(form)
        again = space.canonical(form)
        require(again == form, f"canonical({architecture}) is {form}, whose own is {again}")


def equal_random_generators_draw_equal_architectures(space: SearchSpace, seed: int) -> None:
    draws = [[str(a) for a in samples(space, s)] for s in (seed, seed, seed + 1)]
    require(draws[0] == draws[1], "draws depend on more than the generator they are given")
    require(draws[0] != draws[2], "draws do not depend on the generator they are given")


PROMISES: tuple[Callable[[SearchSpace, int], None], ...] = (
    the_completions_of_a_prefix_are_the_sum_over_its_continuations,
    every_sample_is_a_legal_and_complete_walk,
    what_is_printed_can_be_pasted_back,
    an_architecture_survives_json_and_a_worker_process,
    an_architecture_is_a_value_of_its_space_and_its_tokens,
    decisions_have_distinct_names_and_groups_agree_on_their_options,
    the_masks_say_along_every_walk_what_is_legal,
    an_illegal_token_is_named_with_its_position,
    a_walk_that_stops_early_or_goes_on_too_long_is_refused,
    an_architecture_of_another_space_is_refused_with_both_names,
    features_have_one_length_and_are_finite_numbers,
    neighbours_are_distinct_members_and_exclude_the_architecture_itself,
    the_canonical_form_is_a_member_and_its_own_canonical_form,
    equal_random_generators_draw_equal_architectures,
)


def check_space(space: SearchSpace, seeds: Iterable[int] = (7, 8, 9)) -> None:
    """Hold a space to its contract.

    Args:
        space: the space. Give one with few members too: where it has at most 1,000 they are
            enumerated, and where at most 128, the frequencies of its draws are tested.
        seeds: of what is sampled.

    Raises:
        ContractError: at the first promise that is broken.

    Examples:
        >>> from mlpnas import MLPSpace
        >>> from mlpnas.testing import check_space
        >>> check_space(MLPSpace((3, "softmax"), widths=(8,), max_layers=3))
    """
    size = space.size()
    promises = (
        PROMISES + (ENUMERATED if size <= FEW else ()) + (SAMPLED if size <= DRAWN else ())
    )
    for promise in promises:
        for seed in seeds:
            promise(space, seed)
