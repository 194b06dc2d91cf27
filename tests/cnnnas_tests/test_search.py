"""Whole searches with real weights: equal seeds give equal results, and what is saved works."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.slow


def search(data: Path, folder: Path, *options: str) -> dict:
    """What a search in a process of its own leaves in run.json."""
    command = [sys.executable, "-m", "cnnnas", "search", str(data), "--preset", "tiny"]
    command += ["--run", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads((folder / "run.json").read_text())


def trials(folder: Path, name: str) -> list[dict]:
    """A journal but for times."""
    lines = (folder / name).read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def stripes(tmp_path_factory) -> Path:
    """Odd-sized colour images of rows, columns and diagonals: 300 to train, 60 to test."""
    rng = np.random.default_rng(0)
    y = np.arange(360) % 3
    i, j = np.indices((13, 15))
    patterns = np.stack([i % 3 == 0, j % 3 == 0, (i + j) % 3 == 0])
    x = rng.integers(0, 60, (360, 13, 15, 3)) + 150 * patterns[y][..., None]
    path = tmp_path_factory.mktemp("data") / "stripes.npz"
    x = x.astype(np.uint8)
    np.savez(path, x_train=x[:300], y_train=y[:300, None], x_test=x[300:], y_test=y[300:])
    return path


@pytest.fixture(scope="module")
def searched(stripes, tmp_path_factory) -> tuple[Path, dict]:
    """A whole search, made once."""
    folder = tmp_path_factory.mktemp("runs") / "stripes"
    return folder, search(stripes, folder, "--space", "macro", "--jobs", "2")


def test_a_search_with_shared_weights_from_images_to_a_model(stripes, searched):
    folder, record = searched
    found, rival, plain = record["results"]
    assert plain["name"] == "plain network"
    assert len(record["shared_scores"]) == len(record["alone_scores"]) == 10
    assert found["parameters"] > 0
    assert rival["seconds"] > 0
    model = keras.saving.load_model(folder / "best.keras")
    arrays = np.load(stripes)
    guessed = model.predict(arrays["x_test"], verbose=0).argmax(axis=1)
    assert np.mean(guessed == arrays["y_test"]) == pytest.approx(found["test"])


def test_a_search_in_mixed_precision_saves_a_float32_model(stripes, tmp_path):
    # The training of finalists is the same in every space; this one has the cheapest search.
    options = ("--space", "zoph", "--strategy", "random", "--trials", "2", "--jobs", "2")
    record = search(stripes, tmp_path / "r", *options, "--mixed-precision")
    assert record["settings"]["mixed_precision"]
    assert max(record["results"][0]["curve"]) > 0.5  # a guess is right once in three times
    model = keras.saving.load_model(tmp_path / "r" / "best.keras")
    assert {layer.compute_dtype for layer in model.get_layer("zoph").layers} == {"float32"}
    arrays = np.load(stripes)
    guessed = model.predict(arrays["x_test"], verbose=0).argmax(axis=1)
    assert np.mean(guessed == arrays["y_test"]) == pytest.approx(record["results"][0]["test"])


def test_equal_seeds_give_equal_searches_whatever_the_number_of_jobs(
    stripes, searched, tmp_path
):
    folder, once = searched
    again = search(stripes, tmp_path / "r", "--space", "macro", "--jobs", "1")
    for name in ("trials.jsonl", "rivals.jsonl"):
        assert trials(folder, name) == trials(tmp_path / "r", name)
    for a, b in zip(once["results"], again["results"], strict=True):
        assert (a["architecture"], a["curve"]) == (b["architecture"], b["curve"])
