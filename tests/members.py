"""Finds the implementations of a role in the packages, so that none escapes its battery."""

import inspect
from importlib import import_module
from pathlib import Path

import mlpnas

ROOT = Path(mlpnas.__file__).parents[1]
PACKAGES = ("mlpnas", "cnnnas", "rnncell")


def modules() -> list:
    """All modules of the packages but their command lines and the batteries' own."""
    paths = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("[!_]*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [import_module(name) for name in names if not name.startswith("mlpnas.testing")]


def classes() -> set[type]:
    """All classes that these modules define."""
    return {
        found for module in modules() for found in vars(module).values()
        if inspect.isclass(found) and found.__module__ == module.__name__
    }  # fmt: skip


def concrete(role: type) -> set[type]:
    """The classes of the packages that can be made, of a role that is a base class."""
    return {found for found in classes() if issubclass(found, role) and is_concrete(found)}


def having(*methods: str) -> set[type]:
    """The classes of the packages with these methods, of a role that is a protocol."""
    return {
        found for found in classes()
        if all(callable(getattr(found, name, None)) for name in methods)
        and not getattr(found, "_is_protocol", False)
    }  # fmt: skip


def is_concrete(found: type) -> bool:
    return not inspect.isabstract(found)
