"""Small random tables of what breaks pipelines, as CSV files: for `roundtrip.py`.

Scales from 1e-30 to 1e30, constants, offsets, all scales in one column; texts with quotes, line
ends and other alphabets; missing cells in several spellings; truth values, dates, codes that
look like numbers; columns of which nothing is there; rare classes; long names and names that
would collide once their blanks and slashes are replaced.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

Rng = np.random.Generator
Cells = list[str]

NAMES = [
    "a b", "a.b", "a/b", "a_b", "A b", 'say "hi"', "comma, inside", "rows", "raw", "raw_rows",
    "1", "nan", "None", "日本", "naïve", "semi;colon", "tab\tbed", "_", "__class__", "keras/x",
    "x" * 300, "x" * 299 + "y", "price (EUR)", "100%", "a|b", "lambda", "ß" * 40,
]  # fmt: skip
WORDS = [
    "plain", 'with "quotes"', "two\nlines", "comma, inside", "ünïcödé", "日本語", "🙂",
    "'single'", "semi;colon", "back\\slash", "{brace}", "%s", "<b>", "[UNK]", "(missing)",
    "x" * 200, "0x1F",
]  # fmt: skip
MISSING = ["", "NA", "?", "null", "nan"]


def write_table(path: Path, rng: Rng) -> str:
    """Write a table of 60 to 119 rows and 3 to 10 columns.

    Returns:
        Name of the target.
    """
    rows = int(rng.integers(60, 120))
    names = ["ordinary", *rng.permutation(NAMES)[: rng.integers(2, 9)]]
    # One column at least must be of use.
    columns = [_ordinary(rng, rows), *(_some(COLUMNS, rng, rows) for _ in names[1:])]
    columns.append(_some(TARGETS, rng, rows))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "the target"])
        writer.writerows(zip(*columns, strict=True))
    return "the target"


def _some(makers: Sequence[Callable[[Rng, int], Cells]], rng: Rng, rows: int) -> Cells:
    return makers[int(rng.integers(len(makers)))](rng, rows)


def _texts(values: np.ndarray) -> Cells:
    return [repr(value) for value in values.tolist()]


def _with_gaps(cells: Cells, rng: Rng, share: float = 0.2) -> Cells:
    return [str(rng.choice(MISSING)) if rng.random() < share else cell for cell in cells]


def _ordinary(rng: Rng, rows: int) -> Cells:
    return _texts(rng.normal(size=rows).round(3))


def _scaled(rng: Rng, rows: int) -> Cells:
    return _texts(rng.normal(size=rows) * 10 ** rng.uniform(-30, 30))


def _gappy(rng: Rng, rows: int) -> Cells:
    return _with_gaps(_scaled(rng, rows), rng)


def _mixed(rng: Rng, rows: int) -> Cells:
    return _texts(rng.choice([-1, 1], rows) * 10 ** rng.uniform(-30, 30, rows))


def _constant(rng: Rng, rows: int) -> Cells:
    return [repr(float(10 ** rng.uniform(-30, 30)))] * rows


def _nearly_constant(rng: Rng, rows: int) -> Cells:
    return _texts(np.where(np.arange(rows) == rng.integers(rows), 1e30, 1.0))


def _offset(rng: Rng, rows: int) -> Cells:
    return _texts(1e9 + rng.normal(size=rows))


def _counts(rng: Rng, rows: int) -> Cells:
    return _texts(rng.integers(0, 10 ** rng.integers(1, 12), rows))


def _codes(rng: Rng, rows: int) -> Cells:
    return _with_gaps(_texts(rng.integers(0, 4, rows)), rng)


def _labels_like_numbers(rng: Rng, rows: int) -> Cells:
    return rng.choice(["007", "12", "A44", "1e5", "7.50"], rows).tolist()


def _words(rng: Rng, rows: int) -> Cells:
    return rng.choice(rng.permutation(WORDS)[: rng.integers(2, 9)], rows).tolist()


def _gappy_words(rng: Rng, rows: int) -> Cells:
    return _with_gaps(_words(rng, rows), rng)


def _free_text(rng: Rng, rows: int) -> Cells:
    return [f"{word} {i}" for i, word in enumerate(_words(rng, rows))]


def _truth(rng: Rng, rows: int) -> Cells:
    pair = [("True", "False"), ("true", "false"), ("TRUE", "FALSE")][rng.integers(3)]
    cells = rng.choice(pair, rows).tolist()
    return _with_gaps(cells, rng) if rng.random() < 0.5 else cells


def _dates(rng: Rng, rows: int) -> Cells:
    form = str(rng.choice(["%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y"]))
    moments = np.datetime64("1950-01-13", "s") + rng.integers(0, 3 * 10**9, rows)
    cells = [moment.strftime(form) for moment in moments.tolist()]
    return _with_gaps(cells, rng, 0.1) if rng.random() < 0.5 else cells


def _nothing(rng: Rng, rows: int) -> Cells:
    return rng.choice(MISSING, rows).tolist()


def _prices(rng: Rng, rows: int) -> Cells:
    return _texts((rng.uniform(20, 200, rows) * 6e7).round())


def _two_words(rng: Rng, rows: int) -> Cells:
    return rng.choice(["no", "yes, sir"], rows).tolist()


def _rare(rng: Rng, rows: int) -> Cells:
    return np.where(np.arange(rows) % 30 == 7, "fraud", "fine").tolist()


def _classes(rng: Rng, rows: int) -> Cells:
    return [str(i % 5) for i in range(rows)]


COLUMNS = [
    _scaled, _gappy, _mixed, _constant, _nearly_constant, _offset, _counts, _codes,
    _labels_like_numbers, _words, _gappy_words, _free_text, _truth, _dates, _nothing, _prices,
]  # fmt: skip
TARGETS = [_scaled, _offset, _prices, _mixed, _two_words, _rare, _classes, _words]
