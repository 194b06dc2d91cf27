"""The data that the benchmarks share, read from ../shared/data beside the project."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a fresh clone need not be installed

from mlpnas.core.task import Fold, Task  # noqa: E402

DATA = ROOT.parent / "shared" / "data"


def load(name: str) -> Task:
    """`"wine"`, `"mnist"` or `"digits"`; ends the program where the file is missing."""
    return {"wine": wine, "mnist": mnist, "digits": digits}[name]()


def wine() -> Task:
    """White wines: 3,134 training rows, 11 features; the column that tells the label is out."""
    frame = pd.read_csv(_find("wine_quality.csv"))
    frame = frame.drop(columns=[frame.columns[0], "quality"])
    labels = frame.pop("quality_label").to_numpy(str)
    return _split("wine-quality", frame.to_numpy(np.float32), labels)


def digits() -> Task:
    """scikit-learn's 8 x 8 digits: 1,149 training rows, 64 features."""
    x, y = load_digits(return_X_y=True)
    return _split("digits", x.astype(np.float32), y)


def mnist() -> Task:
    """48,000 training rows, 12,000 for validation, pixels in [0, 1]."""
    data = np.load(_find("mnist.npz"))
    x = (data["x_train"] / 255).astype(np.float32).reshape(60_000, -1)
    y = data["y_train"].astype(np.int32)
    train, valid = Fold(x[:48_000], y[:48_000]), Fold(x[48_000:], y[48_000:])
    return Task("mnist", "multiclass", train, valid, valid, tuple(range(10)))


def _find(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        sys.exit(f"skipped: {path} is missing; put {name} there to run this benchmark")
    return path


def _split(name: str, x: np.ndarray, labels: np.ndarray) -> Task:
    """64 % training, 16 % validation, 20 % test; scaled by the training rows."""
    classes, y = np.unique(labels, return_inverse=True)
    y = y.astype(np.int32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    x, x_val, y, y_val = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    scale = StandardScaler().fit(x).transform
    parts = (x, y), (x_val, y_val), (x_test, y_test)
    train, valid, test = (Fold(scale(a), b) for a, b in parts)
    return Task(name, "multiclass", train, valid, test, tuple(classes.tolist()))
