"""What the documents show is true: their code runs, their links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlpnas

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
LINKED = [README, ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("*/README.md")), *PAGES]
# Code of these runs within two seconds or so; that of the others is left to `make slow`.
QUICK = {"strategy.md", "table.md"}


def name_of(path):
    return str(path.relative_to(ROOT))


def code(path):
    """The page's Python, as a reader types it: one block after the other."""
    return "\n".join(re.findall(r"```python\n(.*?)```", path.read_text(), flags=re.DOTALL))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=[pytest.mark.slow] * (p.name not in QUICK), id=name_of(p))
        for p in (README, *PAGES)
        if code(p)
    ],
)
def test_code_runs(path, tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    done = subprocess.run(
        [sys.executable, "-c", code(path)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_links_lead_to_files(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    # The reference is made when the site is built, which follows these links.
    links = [link for link in links if not re.match(r"(\.\./)*reference/", link)]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_is_short_and_leads_to_every_result():
    text = README.read_text()
    assert len(text.encode()) <= 10_000
    for path in (ROOT / "docs" / "results").glob("*.md"):
        assert f"](docs/results/{path.name}" in text


def test_the_readme_s_pictures_are_there_small_and_load_nothing():
    names = re.findall(r'<img src="([^"]+)"', README.read_text())
    pictures = [ROOT / name for name in names]
    assert {path.suffix for path in pictures} == {".svg", ".png"}
    for path in pictures:
        assert path.stat().st_size < 150_000
        if path.suffix == ".svg":
            links = re.findall(r"https?://[^\"')\s]+", path.read_text())
            assert [link for link in links if not link.startswith("http://www.w3.org/")] == [
                "https://www.textualize.io"  # a comment of rich's
            ]


def test_the_readme_s_map_has_every_room():
    """A line is `mlpnas/core/  errors  runtime/ ...`; a continued one begins with blanks."""
    text = re.search(r"## Rooms.*?```\n(.*?)```", README.read_text(), re.DOTALL)[1]
    lines = re.sub(r"\n +", " ", text).splitlines()
    shown = {first: sorted(rooms) for first, *rooms in map(str.split, lines)}
    assert shown.keys() == {"mlpnas/core/", "mlpnas/", "cnnnas/", "rnncell/"}
    for package, rooms in shown.items():
        files = {p.stem for p in (ROOT / package).glob("*.py") if p.stem[:2] != "__"}
        inner = {f"{p.parent.name}/" for p in (ROOT / package).glob("*/__init__.py")}
        assert rooms == sorted((files | inner) - {"core/"})


def test_the_version_is_the_same_everywhere():
    version = mlpnas.__version__
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.slow
def test_the_site_builds_strictly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", tmp_path / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
