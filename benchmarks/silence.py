"""The longest silence of every command: how long nothing new appears on the screen.

    python benchmarks/silence.py [--programs mlpnas cnnnas rnncell] [--limit 5]

Each program searches a tiny data set of its own, resumes the finished run and reports it, once
in a pseudo-terminal of 100 columns, where progress is redrawn, and once into a pipe, where it
is lines. A silence is the time between two outputs, or between the command's start or end and
its first or last; of an output in a terminal counts what is left without control sequences and
the spinner. A line is printed per command; the last line is JSON. The exit status is 1 if a
silence in a terminal was longer than --limit seconds.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pexpect
from tasks import ROOT

# Control sequences, the spinner's dots, and the bar that only pulses.
STILL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\u2800-\u28ff]|[\r\n \u2500-\u257f]")
ENVIRONMENT = os.environ | {
    "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "100", "PYTHONPATH": str(ROOT)
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", nargs="+", choices=sorted(DATA), default=sorted(DATA))
    parser.add_argument("--limit", type=float, default=5.0)
    args = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for program in args.programs:
            for command in commands(program, Path(folder)):
                results.append(measure(program, command))
    longest = max(result["terminal"] for result in results)
    print(json.dumps({"benchmark": "silence", "longest": longest, "results": results}))
    sys.exit(longest > args.limit)


def measure(program: str, command: list[str]) -> dict[str, Any]:
    """The longest silences of one command, in a terminal and in a pipe; printed too."""
    # The run that the terminal made is resumed and reported, that of the pipe is another.
    line = [sys.executable, "-m", program, *command]
    silences = {
        "terminal": longest(in_terminal(line)),
        "pipe": longest(in_pipe([part.replace("run-0", "run-1") for part in line])),
    }
    name = f"{program} {command[0]}"
    print(
        f"{name:18}" + "".join(f"{k:>12} {v:5.1f} s" for k, v in silences.items()), flush=True
    )
    return {"command": name, **silences}


def longest(outputs: Iterator[str]) -> float:
    """Seconds of the longest time without new text; ends count too."""
    last = time.perf_counter()
    silence, before = 0.0, ""
    for output in outputs:
        shown = STILL.sub("", output)
        if shown and shown != before:
            now = time.perf_counter()
            silence, last, before = max(silence, now - last), now, shown
    return round(max(silence, time.perf_counter() - last), 2)


def in_terminal(line: list[str]) -> Iterator[str]:
    """What a command writes to a terminal, as it comes."""
    child = pexpect.spawn(
        line[0], line[1:], env=ENVIRONMENT, dimensions=(40, 100), encoding="utf-8", timeout=600
    )
    while True:
        try:
            yield child.read_nonblocking(4096, timeout=600)
        except pexpect.EOF:
            break
    child.close()
    check(line, child.exitstatus)


def in_pipe(line: list[str]) -> Iterator[str]:
    """What a command writes to a pipe, as it comes."""
    with subprocess.Popen(
        line, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as child:
        assert child.stdout is not None
        while output := child.stdout.read(4096):
            yield output.decode(errors="replace")
    check(line, child.returncode)


def check(line: list[str], status: int | None) -> None:
    """End the benchmark if a command failed: its silence says nothing."""
    if status != 0:
        sys.exit(f"{' '.join(line[2:])} ended with status {status}; expected 0")


def commands(program: str, folder: Path) -> Iterator[list[str]]:
    """A search and what follows it."""
    run = str(folder / program / "run-0")
    (folder / program).mkdir()
    yield ["search", *DATA[program](folder), "--run", run]
    yield ["resume", run]
    yield ["report", run, "--html"]


def table(folder: Path) -> list[str]:
    """The digits that ship in data/: 1,797 rows, 64 columns."""
    return [str(ROOT / "data" / "digits.csv"), "--target", "digit", "--trials", "10"]


def images(folder: Path) -> list[str]:
    """600 of these digits as pictures of 8 x 8 pixels."""
    digits = pd.read_csv(ROOT / "data" / "digits.csv").iloc[:600]
    x = digits.drop(columns="digit").to_numpy(np.uint8).reshape(-1, 8, 8)
    y = digits["digit"].to_numpy()
    file = folder / "digits.npz"
    np.savez(file, x_train=x[:400], y_train=y[:400], x_test=x[400:], y_test=y[400:])
    return [str(file), "--preset", "tiny"]


def text(folder: Path) -> list[str]:
    """Some 6,000 tokens of a small grammar."""
    rng = np.random.default_rng(0)
    subjects, verbs = ["the cat", "a dog", "my hen"], ["sat", "ran", "slept"]
    picks = rng.integers(3, size=(1200, 2))
    file = folder / "text.txt"
    file.write_text(" ".join(f"{subjects[s]} {verbs[v]} here ." for s, v in picks))
    return [str(file), "--preset", "tiny"]


DATA = {"mlpnas": table, "cnnnas": images, "rnncell": text}


if __name__ == "__main__":
    main()
