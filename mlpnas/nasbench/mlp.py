"""Our own tables: all 999 perceptrons of a small space, on digits and on wine-quality.

The space has chains of at most three hidden layers: dense ones of 16, 64 or 256 units with
tanh, relu or elu, and dropout. It is the problem that `mlpnas search` solves, small
enough to know the answer. Unlike the other tables these come with the package, since
`benchmarks/mlp_table.py` trained them: compiled training by Adam in batches of 64, three seeds
each on one split. Of the digits 1,149 rows are there to learn from, 288 to validate and 360 to
test; of the white wines (three classes, without the column that tells them) 3,134, 784 and 980.
The digits are nearly noiseless; of the wines no perceptron gets more than .77 right, and three
epochs say less of ten.

Three scores may steer a search, the last two of them cheaper than what they stand for:

    trained     validation accuracy after ten epochs, mean of three seeds
    early       epoch-weighted validation accuracy of the first three, mean of three seeds
    one_shot    the same for a training of three epochs that inherited weights from those
                before it, in one random search over the whole space

The reported metric is always the test accuracy of the ten epochs. The seconds were taken on
machines that were busy with other work: they compare architectures, not machines.
"""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.nasbench.reading import arrays, check_array
from mlpnas.space import MLPSpace

DataSet = Literal["digits", "wine"]
Score = Literal["trained", "early", "one_shot"]
SCORES = ("trained", "early", "one_shot")  # in the order of the rows of `seconds`


def load_mlp(
    data: DataSet = "digits", score: Score = "trained", path: Path | None = None
) -> Table:
    """Reads `mlp_digits.npz` or `mlp_wine.npz`; scores are fractions correct.

    Args:
        data: what was learned.
        score: what steers the search.
        path: of another file made by `benchmarks/mlp_table.py`; None for the package's own.

    Examples:
        >>> from mlpnas import load_mlp
        >>> table = load_mlp("digits")
        >>> len(table.entries), round(table.optimum, 4)
        (999, 0.9699)
    """
    if path is None:
        with as_file(files("mlpnas.nasbench") / f"mlp_{data}.npz") as shipped:
            return load_mlp(data, score, shipped)
    found = arrays(path, ["space", "test", "seconds", "parameters", *SCORES])
    space = MLPSpace.from_name(str(found["space"]))
    for name in ("test", *SCORES):
        check_array(path, name, found[name], (None, space.size()), high=1)
    check_array(path, "seconds", found["seconds"], (len(SCORES), space.size()))
    check_array(path, "parameters", found["parameters"], (space.size(),))
    columns = (
        found[score].mean(axis=0),
        found["test"].mean(axis=0),
        found["seconds"][SCORES.index(score)],
        found["parameters"],
    )
    rows = zip(space, *(column.tolist() for column in columns), strict=True)
    entries = {a.tokens: Entry(*numbers) for a, *numbers in rows}
    name = "mlp-" + data + ("" if score == "trained" else f" {score}")
    return Table(name, space, entries, f"{score} validation accuracy", "test accuracy")
