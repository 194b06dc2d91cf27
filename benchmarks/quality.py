"""Test scores of the default search beside scikit-learn's default perceptron, on many tables.

    python benchmarks/quality.py --out quality.jsonl [--files iris adult] [--seeds 3]
                                 [--trials 100] [--rows 10000] [--jobs 2]

The tables are the project's own data/*.csv, and those of ../shared/data where they are there,
smallest file first. A seed splits the table anew: 64% training rows, 16% to choose by, 20% to
test on. The search is `mlpnas search` with its defaults; `MLPClassifier` (or `MLPRegressor`)
has its own defaults and gets the same training rows with the same preprocessing. A table with
more than --rows rows is sampled down to that many, anew for every seed; `drawn` says so.

A table is flagged when ours lies below by more than one standard error: when the mean over the
seeds of ours minus theirs is below -s / sqrt(n), where s is the standard deviation of these n
paired differences (n - 1 in its denominator). With three seeds that is a lenient test both
ways: equal methods are flagged about one time in five.

A line is printed per table as it is done. Every result is appended to --out, and what is there
already is not run again. A table that fails is named with its reason, and the others go on.
The last line is JSON.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tasks import DATA, ROOT

from mlpnas.baselines.verdict import SEARCH, read_lines
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.run.settings import Settings
from mlpnas.run.table import table_of

TARGETS = {
    "adult": "income",
    "adult_test": "income",
    "bank_marketing": "deposit",
    "blood_transfusion": "Class",
    "breast_cancer": "diagnosis",
    "california_housing": "median_house_value",
    "diabetes": "progression",
    "digits": "digit",
    "german_credit": "credit_risk",
    "hypothyroid": "Class",
    "iris": "species",
    "letter": "lettr",
    "parkinsons_telemonitoring": "motor_UPDRS",
    "phoneme": "class",
    "satimage": "Class",
    "segment": "class",
    "spambase": "type",
    "titanic": "survived",
    "vehicle": "Class",
    "wine": "cultivar",
    "wine_quality": "quality_label",
}
# Columns that give the target away: a grade of the same wine, the other score of a patient.
DROP = {"wine_quality": ("quality",), "parkinsons_telemonitoring": ("total_UPDRS",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", nargs="+", choices=sorted(TARGETS), default=sorted(TARGETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    results = []
    print(f"{'table':27}{'rows':>7}{'ours':>16}{'theirs':>16}{'difference':>18}", flush=True)
    for path in tables(args.files):
        results.append(
            row(path.stem, [measure(path, seed, args) for seed in range(args.seeds)])
        )
    flagged = [r["table"] for r in results if r.get("flagged")]
    failed = [r["table"] for r in results if "reason" in r]
    asked = vars(args) | {"out": str(args.out)}
    record = {"benchmark": "quality", **asked, "results": results}
    print(json.dumps(record | {"flagged": flagged, "failed": failed}))


def tables(names: list[str]) -> list[Path]:
    """The files that are there, smallest first."""
    places = [ROOT / "data", DATA, DATA / "tabular"]
    found = [place / f"{name}.csv" for name in names for place in places]
    return sorted((p for p in found if p.exists()), key=lambda p: p.stat().st_size)


def measure(path: Path, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Both scores of one table and seed: from --out, or run now; or the reason for none."""
    key = {"table": path.stem, "seed": seed, "trials": args.trials, "most": args.rows}
    for line in read_lines(args.out):
        if key.items() <= line.items():
            return line
    try:
        found = key | run(path, seed, args)
    except Exception as error:  # one table must not end the others
        return key | {"reason": f"{type(error).__name__}: {error}"}
    with args.out.open("a") as file:
        file.write(json.dumps(found) + "\n")
    return found


def run(path: Path, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Search, and fit the peer."""
    name = path.stem
    settings = Settings(
        str(path), TARGETS[name], drop=DROP.get(name, ()), trials=args.trials, seed=seed
    )
    start_tensorflow()  # quietly; the import would start it otherwise
    from mlpnas.baselines.compare import our_search, their_score

    begin = time.perf_counter()
    table = table_of(settings, args.rows)
    task = table.task
    network = MLPRegressor if task.kind == "regression" else MLPClassifier
    theirs = their_score("peer", network(random_state=seed), table, settings)
    ours = our_search(SEARCH, table, settings, args.jobs)
    rows = sum(len(fold) for fold in (task.train, task.valid, task.test))
    return {
        "rows": rows, "drawn": rows == args.rows, "measure": task.metric,
        "ours": ours.test, "theirs": theirs.test, "our_validation": ours.valid,
        "their_validation": theirs.valid, "our_seconds": ours.seconds,
        "their_seconds": theirs.seconds, "seconds": time.perf_counter() - begin,
    }  # fmt: skip


def row(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A table's line, printed."""
    reasons = [f["reason"] for f in found if "reason" in f]
    if reasons:
        print(f"{name:27}failed: {reasons[0]}", flush=True)
        return {"table": name, "reason": reasons[0]}
    ours, theirs = np.array([(f["ours"], f["theirs"]) for f in found]).T
    gap, error = paired(ours, theirs)
    result = {
        "table": name, "rows": found[0]["rows"], "drawn": found[0]["drawn"],
        "measure": found[0]["measure"], "ours": ours.mean(), "theirs": theirs.mean(),
        "difference": gap, "standard_error": error, "flagged": bool(gap < -error),
    }  # fmt: skip
    print(
        f"{name:27}{result['rows']:>6}{'*' if result['drawn'] else ' '}"
        f"{spread(ours):>16}{spread(theirs):>16}{f'{gap:+.4f} ± {error:.4f}':>18}"
        f"{'  below' if result['flagged'] else ''}",
        flush=True,
    )
    return result


def paired(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Mean of the differences and its standard error, 0 for a single seed."""
    gaps = ours - theirs
    error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else 0.0
    return float(gaps.mean()), float(error)


def spread(values: np.ndarray) -> str:
    return f"{values.mean():.4f} ± {values.std(ddof=min(1, len(values) - 1)):.4f}"


if __name__ == "__main__":
    main()
