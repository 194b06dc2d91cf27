"""Adds the reference to the site: a page per module, made from its docstrings."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PACKAGES = ("mlpnas", "cnnnas", "rnncell")


def modules(package: str) -> list[str]:
    """Dotted names of a package and of all that is in it, command lines left out."""
    paths = (path.relative_to(ROOT) for path in sorted((ROOT / package).rglob("*.py")))
    parts = (path.with_suffix("").parts for path in paths if path.name != "__main__.py")
    return sorted(".".join(part for part in p if part != "__init__") for p in parts)


def page(module: str) -> str:
    return f"reference/{module}.md"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    reference = [{p: [{m: page(m)} for m in modules(p)]} for p in PACKAGES]
    config.nav = [*(config.nav or []), {"Reference": reference}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for module in (m for package in PACKAGES for m in modules(package)):
        text = f"# {module}\n\n::: {module}\n    options:\n      show_root_heading: false\n"
        files.append(File.generated(config, page(module), content=text))
    return files
