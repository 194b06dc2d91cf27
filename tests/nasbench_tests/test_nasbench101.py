"""NAS-Bench-101: digests, counts, canonical forms, and the published file's format."""

import base64
import json
import struct
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import TabularEvaluator
from mlpnas.nasbench.nasbench101 import (
    OPERATIONS,
    Cell,
    NASBench101Space,
    canonical_cell,
    digest,
    every_cell,
    path_index,
    paths,
    prune,
)
from mlpnas.nasbench.nasbench101_file import NASBench101, load_nasbench101, sampled_table

SPACE = NASBench101Space()
# The cell of the benchmark's README: an Inception module with two 3x3 convolutions in place
# of the 5x5 one.
INCEPTION = Cell(
    frozenset([(0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)]),
    (-1, 1, 0, 0, 0, 2, -2),
)


def shuffled(cell, order):
    """The same graph with its vertices in another order, not necessarily a legal one."""
    place = {old: new for new, old in enumerate(order)}
    edges = frozenset((place[i], place[j]) for i, j in cell.edges)
    return Cell(edges, tuple(cell.labels[old] for old in order))


def architecture_of(cell):
    """The drawing with all seven vertices where the cell has them."""
    return SPACE.architecture(
        [*cell.labels[1:-1], *(slot in cell.edges for slot in SPACE.slots)]
    )


def test_published_digests():
    plain = Cell(frozenset([(0, 1)]), (-1, -2))
    assert digest(plain) == "043721b9c7fe8c5fad811d47d83132ec"
    assert digest(INCEPTION) == "28cfc7874f6d200472e1a9dcd8650aa0"


def test_pruning_drops_what_leads_nowhere():
    # 0 -> 1 -> 3, and 0 -> 2 that goes no further.
    cell = prune(frozenset([(0, 1), (1, 3), (0, 2)]), (-1, 0, 2, -2))
    assert cell == Cell(frozenset([(0, 1), (1, 2)]), (-1, 0, -2))
    assert prune(frozenset([(0, 1)]), (-1, 0, -2)) is None


def test_paths_are_numbered_from_short_to_long():
    # 1 + 3 + 9 + ... + 243 = 364 paths of up to five operations; 40 of up to three.
    every = [path for n in range(6) for path in product(range(3), repeat=n)]
    numbers = [path_index(path) for path in every]
    assert sorted(numbers) == list(range(364))
    assert {len(every[numbers.index(n)]) for n in range(40)} == {0, 1, 2, 3}
    assert path_index((0, 2, 1)) == 1 + 3 * 3 + 9 * 2


def test_paths_of_a_cell():
    # Of the Inception cell: 1x1; 3x3; 3x3, 3x3; pooling. Numbers 2, 1, 1 + 3 and 3.
    assert paths(INCEPTION) == [(1,), (0,), (0, 0), (2,)]
    bits = np.zeros(40)
    bits[[1, 2, 3, 4]] = 1
    np.testing.assert_array_equal(SPACE.paths(architecture_of(INCEPTION)), bits)
    # A chain of five operations is longer than what is told; its short cut is not.
    chain = frozenset((v, v + 1) for v in range(6))
    labels = (-1, 0, 0, 0, 0, 0, -2)
    assert not SPACE.paths(architecture_of(Cell(chain, labels))).any()
    short = SPACE.paths(architecture_of(Cell(chain | {(0, 6)}, labels)))
    assert np.flatnonzero(short).tolist() == [0]
    nowhere = SPACE.architecture([0] * 26)
    assert not SPACE.paths(nowhere).any()
    assert NASBench101Space(vertices=4).paths(
        NASBench101Space(4).parse("110101/maxpool3x3,conv1x1-bn-relu")
    ).nonzero()[0].tolist() == [2, 3 + 2 * 3]


def test_small_cells_are_counted():
    unique, seen = set(), []
    for vertices in range(2, 6):
        unique |= {digest(cell) for cell in every_cell(vertices)}
        seen.append(len(unique))
    assert seen == [1, 7, 91, 2532]


@pytest.mark.slow
def test_all_423624_cells():
    unique, total, seen = set(), 0, []
    for vertices in range(2, 8):
        for cell in every_cell(vertices):
            unique.add(digest(cell))
            total += 1
        seen.append(len(unique))
    assert seen == [1, 7, 91, 2532, 64_542, 423_624]
    assert total == 1_293_208  # drawings with every vertex on a way through


def test_the_canonical_form_and_the_digest_tell_the_same_cells_apart(property_seed):
    rng = np.random.default_rng(property_seed)
    forms = {}
    for cell in list(every_cell(4)) + [c for c in every_cell(5) if rng.random() < 0.05]:
        forms.setdefault(digest(cell), set()).add(canonical_cell(cell))
    assert all(len(found) == 1 for found in forms.values())
    assert len({form for found in forms.values() for form in found}) == len(forms)


def test_the_order_of_vertices_does_not_matter():
    forms = set()
    for inner in permutations(range(1, 6)):
        cell = shuffled(INCEPTION, (0, *inner, 6))
        assert digest(cell) == digest(INCEPTION)
        if all(i < j for i, j in cell.edges):
            forms.add(canonical_cell(cell))
    assert len(forms) == 1


def test_architectures():
    names = ",".join(OPERATIONS[label] for label in INCEPTION.labels[1:-1])
    architecture = architecture_of(INCEPTION)
    assert SPACE.parse(str(architecture)) == architecture
    assert SPACE.cell(architecture) == INCEPTION
    canonical = SPACE.canonical(architecture)
    assert SPACE.canonical(canonical) == canonical
    assert SPACE.size() == 2**21 * 3**5
    with pytest.raises(InputError, match="expected 21 bits"):
        SPACE.parse("101/maxpool3x3")
    full = SPACE.parse("1" * 21 + f"/{names}")  # 21 edges are too many
    assert SPACE.cell(full) is None
    assert SPACE.canonical(full) == full


# --- the published format, as its description has it: TFRecord, JSON, protocol buffer -------


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def evaluation(seconds, valid, test):
    values = enumerate((0.0, seconds, 0.5, valid, test), start=1)
    body = b"".join(bytes([n << 3 | 1]) + struct.pack("<d", x) for n, x in values)
    return b"\x0a" + varint(len(body)) + body


def record(cell, epochs, seconds, valid, test, parameters=2_694_282):
    evaluations = (evaluation(0, 0.1, 0.1), evaluation(seconds / 2, valid - 0.2, test - 0.2))
    metrics = b"".join(evaluations) + evaluation(seconds, valid, test)
    metrics += b"\x10" + varint(parameters) + b"\x19" + struct.pack("<d", 1.5 * seconds)
    row = [digest(cell), epochs, "01" * 8, "input,...,output", base64.b64encode(metrics)]
    data = json.dumps([*row[:-1], row[-1].decode()]).encode()
    return struct.pack("<Q", len(data)) + b"\0" * 4 + data + b"\0" * 4


@pytest.fixture
def path(tmp_path):
    rows = [record(INCEPTION, 108, 1000 + i, 0.93 + i / 100, 0.92 + i / 100) for i in range(3)]
    rows += [record(INCEPTION, 4, 40.0, 0.61, 0.6)]
    file = tmp_path / "nasbench_full.tfrecord"
    file.write_bytes(b"".join(rows))
    return file


def test_queries_draw_a_repeat_and_cost_its_time(path):
    bench = NASBench101(path, seed=0)
    assert INCEPTION in bench
    assert Cell(frozenset([(0, 1)]), (-1, -2)) not in bench
    drawn = [bench.query(INCEPTION) for _ in range(30)]
    assert {round(m.valid, 2) for m in drawn} == {0.93, 0.94, 0.95}
    assert bench.seconds == pytest.approx(sum(m.seconds for m in drawn))
    assert bench.epochs == 30 * 108
    half = bench.query(INCEPTION, epochs=4, halfway=True)
    assert (half.seconds, half.valid) == (20.0, pytest.approx(0.41))
    assert bench.epochs == 30 * 108 + 2
    with pytest.raises(InputError, match="no training of 5 epochs"):
        bench.query(INCEPTION, epochs=5)


def test_the_table_has_means_and_knows_every_drawing_of_a_cell(path):
    table = load_nasbench101(path)
    rng, found = np.random.default_rng(0), 0
    for order in permutations(range(1, 6)):
        cell = shuffled(INCEPTION, (0, *order, 6))
        if not all(i < j for i, j in cell.edges):
            continue
        entry = table.find(architecture_of(cell))
        assert entry.score == pytest.approx(0.94)
        assert entry.reported == pytest.approx(0.93)
        assert (entry.seconds, entry.parameters) == (1001.0, 2_694_282)
        found += 1
    assert found > 1
    (found,) = TabularEvaluator(table).evaluate([SPACE.sample_architecture(rng)], 0)
    assert not found.ok


def test_one_repeat_steers_and_the_mean_of_three_is_reported(path):
    bench = NASBench101(path)
    tables = [sampled_table(bench, seed) for seed in range(30)]
    entries = [table.entries[digest(INCEPTION)] for table in tables]
    # Validation and seconds are of one repeat: 0.93 and 1,000, or 0.94 and 1,001, ...
    drawn = {(round(entry.score, 2), entry.seconds) for entry in entries}
    assert drawn == {(0.93, 1000.0), (0.94, 1001.0), (0.95, 1002.0)}
    assert {round(entry.reported, 9) for entry in entries} == {0.93}  # of .92, .93 and .94
    again = sampled_table(bench, 7).entries
    assert again == tables[7].entries


def test_the_benchmark_judges_by_the_mean_test_accuracy(path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import problems

    steering, judge = problems.load("nasbench101", path.parent)
    assert judge.metric == "mean test accuracy"
    assert judge.optimum == pytest.approx(0.93)
    assert len({steering(seed).optimum for seed in range(30)}) == 3  # repeats


def test_damaged_files(path, tmp_path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    with pytest.raises(InputError, match="breaks off in record 3"):
        NASBench101(path)
    path.write_bytes(whole.replace(b"[", b"{", 1))
    with pytest.raises(InputError, match="record 0 cannot be read"):
        NASBench101(path)
    with pytest.raises(InputError, match="there is no table"):
        NASBench101(tmp_path / "none.tfrecord")
