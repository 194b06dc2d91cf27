"""How people call the folders and files that hold training, validation and test data."""

import re
from collections import defaultdict
from collections.abc import Iterable

from mlpnas.core.errors import InputError

NAMES = {
    "train": ("train", "training", "trn"),
    "valid": ("valid", "val", "validation", "validate", "dev", "devel", "development"),
    "test": ("test", "testing", "tst", "eval", "evaluation", "holdout"),
    "unnamed": ("fold", "split"),  # of a cross-validation, such as fold1
}
FOLDS = {name: fold for fold, names in NAMES.items() for name in names}
HIDDEN = ("__macosx", "__pycache__", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin")


def is_hidden(name: str) -> bool:
    """Whether an operating system or a tool put it there, not the user."""
    return name.startswith(".") or name.lower() in HIDDEN


def fold_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The fold that a name speaks of, and its other words; None if it speaks of none.

    >>> fold_of("Test_Images"), fold_of("ptb.valid.txt"), fold_of("val2017"), fold_of("cat")
    (('test', ('images',)), ('valid', ('ptb', 'txt')), ('valid', ('2017',)), None)
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)]
    folds = [word for word in words if word in FOLDS]
    if len(folds) != 1:
        return None
    return FOLDS[folds[0]], tuple(word for word in words if word not in FOLDS)


def find_folds(names: Iterable[str], where: str) -> dict[str, str]:
    """Fold -> name, of the names that differ in nothing but the fold they speak of.

    Empty unless there is a training fold, and another beside it.

    Raises:
        InputError: if there is more than one such choice.
    """
    groups: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in names:
        if spoken := fold_of(name):
            groups[spoken[1]][spoken[0]].append(name)
    whole = [g for g in groups.values() if "train" in g and g.keys() & {"valid", "test"}]
    if len(whole) > 1 or any(len(same) > 1 for group in whole for same in group.values()):
        found = sorted(name for group in whole for same in group.values() for name in same)
        raise InputError(
            f"{where} has {', '.join(found)}; expected one each for train, valid and test: "
            "move the others away"
        )
    return {fold: same[0] for group in whole for fold, same in group.items()}
