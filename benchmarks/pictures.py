"""Draws the pictures in the README: a search in a terminal, and the report that it leaves.

    python benchmarks/pictures.py docs/pictures

It searches on data/digits.csv, which takes a minute or two, and writes `terminal.svg`; the
report is photographed, as `report.png`, by a Chromium (Debian: chromium-headless-shell).
"""

import contextlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

import mlpnas.__main__ as command_line
from mlpnas.core.errors import InputError

ROOT = Path(__file__).parents[1]
SEARCH = "search data/digits.csv --target digit --trials 40 --jobs 2"
WIDTH, HEIGHT = 1280, 900  # of the report's picture, pixels
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")


def command(arguments: str) -> Console:
    """Runs `mlpnas` with these arguments; a console that remembers what it printed."""
    console = Console(record=True, width=100, file=io.StringIO(), highlight=False)
    console.print(f"$ mlpnas {arguments}", style="bold")
    command_line.console = console
    try:
        command_line.main(arguments.split())
    except SystemExit as ended:
        if ended.code:
            raise
    return console


def terminal(console: Console, path: Path) -> None:
    """An SVG of what was printed, long lines wrapped; it loads no font from elsewhere."""
    page = Console(record=True, width=WIDTH // 12, file=io.StringIO(), highlight=False)
    page.print(Text.from_ansi(console.export_text(styles=True).rstrip()))
    plain = re.sub(r"@font-face \{\{.*?\}\}\n?", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    path.write_text(page.export_svg(title="mlpnas", code_format=plain))


def report(page: Path, path: Path) -> None:
    """The head of a page as a browser shows it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise InputError(f"no browser is installed; expected one of {', '.join(BROWSERS)}")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    shot = [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={path}"]
    subprocess.run(
        [browser, *options, *shot, page.resolve().as_uri()],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(128)
    small.save(path, optimize=True)


def main(folder: Path) -> None:
    """Write both pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    with tempfile.TemporaryDirectory() as inner, contextlib.chdir(inner):
        Path("data").symlink_to(ROOT / "data")
        terminal(command(SEARCH), folder / "terminal.svg")
        command("report runs/digits-0 --html")
        report(Path("runs/digits-0/report.html"), folder / "report.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
