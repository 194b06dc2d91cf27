"""The report: one file that loads nothing, with everything escaped, as a browser shows it."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlpnas import MLPNASClassifier, MLPNASRegressor, MLPSpace
from mlpnas.__main__ import main
from mlpnas.core.errors import InputError
from mlpnas.core.run.policy_record import read_policy

DATA = Path(__file__).parents[2] / "data"
EVIL = "<script>alert('x')</script>$\\frac{&"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run whose column, class and table names are hostile."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({EVIL: rng.normal(size=90), "b": rng.normal(size=90)})
    space = {"widths": (8, 16), "max_layers": 4}
    estimator = MLPNASClassifier(
        max_trials=12, epochs=3, refit_epochs=5, search_space=space, random_state=0,
        run_dir=folder, strategy="reinforce", ensemble=0,
    )  # fmt: skip
    estimator.fit(frame, np.where(frame[EVIL] > 0, EVIL, "no"))
    record = json.loads((folder / "run.json").read_text())
    record["settings"]["data"] = EVIL.replace("/", "")
    record["data"]["notes"] = [f"Dropped column '{EVIL}'."]
    record["results"] = [{"name": EVIL, "valid": 0.5, "test": 0.25}]
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def status(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return exit_.value.code or 0


class Page(HTMLParser):
    """Tags, where they point, and the text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_the_page_is_one_file_with_every_part_and_everything_escaped(run):
    assert status("report", run, "--html") == 0
    page = Page((run / "report.html").read_text())
    assert "script" not in page.tags
    assert page.links
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    assert f"Dropped column '{EVIL}'." in page.text
    titles = ["Summary", "The winner", "Score of every trial", "Learning curves"]
    titles += ["What the predictor expected", "Where the time went"]
    titles += ["What the controller prefers", "Leaderboard"]
    assert [title for title in titles if title not in page.text] == []


def test_the_same_run_gives_the_same_page(run):
    status("report", run, "--html")
    first = (run / "report.html").read_text()
    status("report", run, "--html")
    assert (run / "report.html").read_text() == first


def test_the_text_report_names_best_trials_and_results(run, capsys):
    assert status("report", run) == 0
    printed = capsys.readouterr().out
    assert "Top 10 of 12 trials, by search score (accuracy, later epochs weighing" in printed
    assert "validation accuracy 0.5000, test 0.2500" in printed


@pytest.mark.slow
def test_a_run_that_has_only_begun_has_a_report(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 2))
    MLPNASRegressor(
        max_trials=1,
        epochs=1,
        refit_epochs=1,
        strategy="random",
        ensemble=0,
        run_dir=tmp_path / "run",
    ).fit(x, x[:, 0])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    del record["winner"], record["retrained_validation"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    (tmp_path / "run" / "trials.jsonl").write_bytes(b"")
    assert status("report", tmp_path / "run", "--html") == 0
    assert status("report", tmp_path) == 2


def changed(run: Path, name: str, part: str, **values) -> Path:
    """A copy of a run whose record says otherwise."""
    copy = shutil.copytree(run, run.with_name(name))
    record = json.loads((copy / "run.json").read_text())
    record[part] |= values
    (copy / "run.json").write_text(json.dumps(record))
    return copy


def test_a_plain_network_can_win(run):
    plain = "(16, 'relu'), (1, 'sigmoid')"
    copy = changed(run, "plain", "winner", trial=-1, architecture=plain)
    assert status("report", copy, "--html") == 0
    text = Page((copy / "report.html").read_text()).text
    assert f"winner: {plain}" in text
    record = json.loads((copy / "run.json").read_text())
    assert f"winner: a plain network of one layer: {plain}" in text
    scores = record["retrained_validation"]
    assert f"A plain network of one layer has {scores['-1']:.4f}." in text


def test_another_search_is_drawn_beside_if_its_scores_mean_the_same(run, capsys):
    """Another strategy and more trials are fine; other epochs or another split are not."""
    other = changed(run, "other", "settings", strategy="random", trials=99, data="elsewhere")
    assert status("report", run, "--against", other) == 0
    text = Page((run / "report.html").read_text()).text
    assert "Against random search" in text
    assert "One run of each, on the same split." in text
    for copy, what in (
        (changed(run, "longer", "settings", epochs=2, seed=1), "epochs, seed"),
        (changed(run, "split", "data", fingerprint="0"), "the data or their split"),
    ):
        assert status("report", run, "--against", copy) == 2
        assert f"differs in {what}, so its scores" in capsys.readouterr().err


@pytest.mark.slow
def test_random_search_is_drawn_beside_if_compare_has_run_it(run, capsys):
    status("report", run, "--html")
    assert "No random search has run" in Page((run / "report.html").read_text()).text
    run = changed(run, "compared", "settings", strategy="random")
    scores = {"our search": [[0.1, None, 0.3], [0.2, 0.2]], "our random search": [[0.1, 0.2]]}
    (run / "compare.json").write_text(json.dumps({"verdict": EVIL, "searches": scores}))
    assert status("report", run, "--html") == 0
    text = Page((run / "report.html").read_text()).text
    assert "the mean over 2 splits" in text
    assert EVIL in text
    (run / "compare.json").write_text("{}")
    assert status("report", run, "--html") == 2
    assert "compare.json is damaged" in capsys.readouterr().err


def test_the_policy_of_every_round_is_kept_in_the_folder(run):
    record = json.loads((run / "run.json").read_text())
    noted = read_policy(run / "policy.jsonl", MLPSpace.from_name(record["space"]))
    assert len(noted) == 1  # of twelve trials ten make a round; the second was cut short


@pytest.mark.slow
def test_a_search_logs_for_tensorboard_and_so_does_its_resumption(tmp_path):
    """The folder in the run says that it was asked for: a resume needs no option."""
    arguments = ["search", DATA / "iris.csv", "--target", "species", "--run", tmp_path / "r"]
    arguments += ["--trials", "1", "--epochs", "1", "--strategy", "random", "--tensorboard"]
    assert status(*arguments) == 0
    (before,) = (tmp_path / "r" / "tensorboard").iterdir()
    assert status("resume", tmp_path / "r", "--trials", "2") == 0
    (after,) = (tmp_path / "r" / "tensorboard").iterdir()
    assert after.name != before.name
    assert after.stat().st_size > 0


def test_a_space_is_read_back_from_its_name():
    for space in (MLPSpace((3, "softmax")), MLPSpace((1, "linear"), (4,), ("elu",), 5, None)):
        assert MLPSpace.from_name(space.name) == space
    with pytest.raises(InputError, match="names no space"):
        MLPSpace.from_name("mlp[8|relu]")


@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_it_without_scrolling_sideways(run, width, tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs chromium: apt-get install chromium")
    status("report", run, "--html")
    html = (run / "report.html").read_text()
    measure = "<script>document.title = document.documentElement.scrollWidth + ' of ' + "
    measure += "innerWidth</script></body>"
    (tmp_path / "page.html").write_text(html.replace("</body>", measure))
    # Chromium makes no window narrower than 500 pixels; a frame may be as narrow as it likes.
    frame = f'<iframe src="page.html" style="width:{width}px;height:3000px;border:0" '
    frame += 'onload="document.title = this.contentDocument.title"></iframe>'
    (tmp_path / "frame.html").write_text(frame)
    done = subprocess.run(
        [browser, "--no-sandbox", "--headless", "--disable-gpu",
         "--allow-file-access-from-files", "--disable-background-networking",
         f"--user-data-dir={tmp_path}/profile",
         "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found = re.search(r"<title>(\d+) of (\d+)", done.stdout)
    assert found, done.stderr[-2000:]
    assert int(found[2]) == width
    assert int(found[1]) <= width
