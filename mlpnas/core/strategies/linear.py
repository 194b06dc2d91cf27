"""Ridge regression, and the upper confidence bound of its forecasts."""

import numpy as np

_RIDGE = 1e-3  # one-hot codes are collinear: without it the normal equations are singular


def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """argmin_w |x w - y|^2 + lambda |w|^2 = (x'x + lambda I)^-1 x'y for centred x and y.

    Args:
        x: `(n, d)`.
        y: `(n,)`.
    """
    return np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ y)


def upper_bound(mean: float, visits: float, parent_visits: float, exploration: float) -> float:
    """UCB = mean + 2 c sqrt(2 ln n_parent / n); infinite where nobody has been."""
    if visits == 0:
        return np.inf
    return mean + 2 * exploration * np.sqrt(2 * np.log(max(parent_visits, 1.0)) / visits)
