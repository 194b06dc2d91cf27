"""Every command line answers, searches, and reports what it found: as little as can be.

`make smoke-lowest` runs it with the lowest versions of all that we depend on.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


def table(folder):
    return [str(ROOT / "data" / "iris.csv"), "--target", "species", "--epochs", "1"]


def images(folder):
    """Digits of 8 x 8 pixels, as pictures in an npz file."""
    digits = pd.read_csv(ROOT / "data" / "digits.csv").iloc[:90]
    x = digits.drop(columns="digit").to_numpy(np.uint8).reshape(-1, 8, 8)
    y = digits["digit"].to_numpy()
    np.savez(folder / "d.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    return [str(folder / "d.npz"), "--preset", "tiny", "--space", "zoph"]


def text(folder):
    (folder / "t.txt").write_text("the cat sat on the mat and the dog ran to the cat . " * 40)
    return [str(folder / "t.txt"), "--preset", "tiny"]


DATA = {"mlpnas": table, "cnnnas": images, "rnncell": text}


def run(*command):
    """What the command prints; it must succeed and complain of nothing. TensorFlow's log is not
    ours: its older versions tell on stderr which devices they found."""
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for complaint in ("Traceback", "Warning:", f"{command[0]}:"):
        assert complaint not in done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("program", DATA)
def test_a_command_line_answers_searches_and_reports(program, tmp_path):
    assert "search" in run(program, "--help")
    folder = str(tmp_path / "run")
    found = run(program, "search", *DATA[program](tmp_path), "--trials", "2", "--run", folder)
    assert "best.keras" in found
    run(program, "report", folder)
    run(program, "report", folder, "--html")
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
    if program == "mlpnas":
        new = str(ROOT / "data" / "iris.csv")
        run(program, "predict", folder, new, "--output", str(tmp_path / "p.csv"))
        assert len(pd.read_csv(tmp_path / "p.csv")) == 150
