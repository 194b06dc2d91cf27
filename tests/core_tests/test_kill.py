"""A search that is killed at any instant and continued ends as if it had not been."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLED = Path(__file__).with_name("killed.py")


def killed(folder, runs, first):
    command = [sys.executable, KILLED, folder, str(runs), str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_searches_killed_at_random_instants_equal_the_uninterrupted(tmp_path):
    # Random and evolution, with the one-shot store and without, whole rounds and cut ones,
    # spaces that are exhausted, journals with torn lines; each then extended by ten trials.
    result = killed(tmp_path, 12, 0)
    assert (result["identical"], result["errors"]) == (12, 0)
    assert result["kills"] > 12
    assert result["torn"] > 0


@pytest.mark.slow
def test_100_more(tmp_path, property_seed):
    result = killed(tmp_path, 100, property_seed % 10**6)
    assert (result["identical"], result["errors"]) == (100, 0)
