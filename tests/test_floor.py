"""tests/lowest.txt has the lowest version that setup.cfg allows of all that it names."""

from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg")
NAMED = (SETUP["options"]["install_requires"], SETUP["options.extras_require"]["test"])


def _lines(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


REQUIREMENTS = [Requirement(line) for text in NAMED for line in _lines(text)]
LOWEST = {
    canonicalize_name(pinned.name): next(iter(pinned.specifier)).version
    for pinned in map(Requirement, _lines((ROOT / "tests" / "lowest.txt").read_text()))
}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda r: r.name)
def test_the_lowest_version_of_what_is_named_is_tested(requirement):
    ((operator, floor),) = [(s.operator, s.version) for s in requirement.specifier]
    assert operator == ">="
    assert Version(LOWEST[canonicalize_name(requirement.name)]) == Version(floor)
