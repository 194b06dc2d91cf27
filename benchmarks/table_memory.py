"""How much memory does it take to load a large CSV?

Writes a CSV of a million rows by 50 numeric columns and a target into a temporary folder,
loads it in a process of its own, and compares the peak of that process (less what Python and
the imports take) with the size of the table as float32. Linux only: it reads /proc.

    python benchmarks/table_memory.py [--rows 1000000] [--columns 50]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

MB = 1e6


def write_csv(path: Path, rows: int, columns: int) -> None:
    """Numbers with six digits; the same 10,000 rows over and over, to be quick about it."""
    rng = np.random.default_rng(0)
    block = min(rows, 10_000)
    frame = pd.DataFrame(rng.normal(size=(block, columns)))
    frame = frame.set_axis([f"x{i}" for i in range(columns)], axis=1)
    frame["label"] = rng.integers(3, size=block)
    text = frame.to_csv(index=False, header=False, float_format="%.6g")
    with path.open("w") as file:
        file.write(",".join(frame.columns) + "\n")
        for _ in range(rows // block):
            file.write(text)


def _status(key: str) -> int:
    """Bytes that Linux reports for this process: VmRSS is now, VmHWM the peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def load(path: Path) -> dict:
    """Loads the table here and measures this process."""
    from mlpnas.data.table import read_table

    before, start = _status("VmRSS:"), time.perf_counter()
    task = read_table(path, "label").task
    seconds, peak = time.perf_counter() - start, _status("VmHWM:") - before
    size = sum(fold.x.nbytes for fold in (task.train, task.valid, task.test))
    return {
        "rows": sum(map(len, (task.train, task.valid, task.test))),
        "columns": task.input_shape[0],
        "array_mb": round(size / MB, 1),
        "peak_mb": round(peak / MB, 1),
        "peak_over_array": round(peak / size, 2),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Peak memory of loading a large CSV.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="a multiple of 10,000")
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(load(options.load)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write_csv(path, options.rows, options.columns)
        print(f"{path.stat().st_size / MB:.0f} MB of CSV written", flush=True)
        subprocess.run([sys.executable, __file__, "--load", str(path)], check=True)


if __name__ == "__main__":
    main()
