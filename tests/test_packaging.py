"""The files that machines elsewhere run agree with one another and with setup.cfg."""

import re
from configparser import ConfigParser
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg")
PYTHONS = re.findall(r"Python :: (3\.\d+)", SETUP["metadata"]["classifiers"])
JOBS = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def commands(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_default_and_the_slow_suite_run_with_every_python_that_is_named():
    assert JOBS["test"]["strategy"]["matrix"]["python"] == PYTHONS
    assert commands(JOBS["test"]) == ["make test", "make slow"]
    assert SETUP["options"]["python_requires"] == f">={PYTHONS[0]}"


def test_the_workflow_runs_what_the_script_runs():
    everything = [command for job in JOBS.values() for command in commands(job)]
    script = re.findall(r"^make .*$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert sorted(everything) == sorted(script)


def test_the_page_on_installing_lists_the_extras():
    page = (ROOT / "docs" / "user" / "install.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(SETUP["options.extras_require"])
    assert all(version in page for version in PYTHONS)


def test_the_image_takes_a_python_and_an_extra_that_there_are():
    assert re.search(r"^FROM python:(3\.\d+)-slim$", DOCKERFILE, re.MULTILINE)[1] in PYTHONS
    (extras,) = re.findall(r"/src\[(.*)\]", DOCKERFILE)
    assert {*extras.split(",")} <= {*SETUP["options.extras_require"]}


def test_the_image_is_made_of_what_is_sent_to_it():
    copied = re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE)
    sent = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(" ".join(copied).split()) == sorted(sent)
    assert [name for name in sent if not (ROOT / name).exists()] == []
