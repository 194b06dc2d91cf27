"""What the documents show is true: README code runs, its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_readme_shows_python():
    assert BLOCKS


@pytest.mark.parametrize(
    "block",
    # The first are the parts; what comes after uses the same parts, and takes longer.
    [
        pytest.param(b, marks=[pytest.mark.slow] * (i > 0), id=str(i))
        for i, b in enumerate(BLOCKS)
    ],
)
def test_readme_code_runs(block):
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_readme_links_lead_to_files():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_module_is_in_the_file_map():
    named = set(re.findall(r"\w+\.py", README))
    missing = [
        str(path.relative_to(ROOT))
        for package in ("mlpnas", "cnnnas", "rnncell")
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name not in {*named, "__init__.py"}
    ]
    assert missing == []
