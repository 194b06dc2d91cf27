"""Small tables, and settings by which a run on one ends within seconds."""

import numpy as np
import pandas as pd

SMALL = {
    "ensemble": 0,
    "max_trials": 2,
    "epochs": 2,
    "refit_epochs": 5,
    "strategy": "random",
    "one_shot": False,
    "search_space": {"widths": (16,), "max_layers": 3, "dropout": None},
    "random_state": 0,
}


def rows() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    town = rng.choice(["Genova", "Köln", None], 80)
    frame = pd.DataFrame({"wage": rng.normal(size=80), "town": town})
    return frame, np.where(frame["wage"] > 0, "rich", "poor")
