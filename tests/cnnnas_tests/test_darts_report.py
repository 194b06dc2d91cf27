"""The report of a differentiable search: a row and a frame per epoch, and skips counted."""

import re

import numpy as np

from cnnnas.kits.cells import skip_counts
from cnnnas.published import DARTS_V1
from cnnnas.run.settings import Settings
from cnnnas.space.cell_space import CellSpace
from mlpnas.core.report.page import Section
from mlpnas.core.report.search_page import epoch_sections
from mlpnas.core.trial import History, Trial

SPACE = CellSpace.darts()
SETTINGS = Settings("images", 3, 1, 3, space="darts", strategy="gradient")


def history(n: int) -> History:
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample_architecture(rng) for _ in range(n)]
    return History(
        trials=[Trial(i, i, a, "ok", score=0.5, predicted=0.6) for i, a in enumerate(drawn)]
    )


def test_skips_are_counted_per_cell():
    counts = skip_counts(SPACE, SPACE.parse(DARTS_V1))
    assert counts == {"skips, normal": 3, "skips, reduce": 3}


def test_every_epoch_has_a_row_and_a_frame_of_each_cell():
    table, *films = (section.html() for section in epoch_sections(history(3), SPACE, SETTINGS))
    assert table.count("<tr>") == 1 + 3
    assert table.count("0.6000") == table.count("0.5000") == 3
    for kind, film in zip(SPACE.kinds, films, strict=True):
        assert re.findall(r'alt="([^"]*)"', film) == [
            f"{kind} cell, epoch {i}" for i in range(3)
        ]


def test_frames_follow_one_another_and_come_again():
    film = Section("").animation([("<svg/>", str(i)) for i in range(4)], seconds=0.5).html()
    # Four frames of half a second: each is shown for a quarter of two seconds.
    assert "0% { opacity: 1 } 25.000%, 100% { opacity: 0 }" in film
    assert re.findall(r"of4 (\S+)s steps\(1\) (\S+)s infinite", film) == [
        ("2.0", delay) for delay in ("0.0", "0.5", "1.0", "1.5")
    ]
