"""The published tables: their numbers, their equivalences, and what damaged ones say."""

import gzip
import re
from itertools import pairwise, product

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table, TabularEvaluator
from mlpnas.core.trial import Trial
from mlpnas.layers import Dense
from mlpnas.nasbench.ecnas import load_ecnas
from mlpnas.nasbench.fcnet import FCNetSpace, load_fcnet
from mlpnas.nasbench.graph import NASBenchGraphSpace, load_graph
from mlpnas.nasbench.macro import NASBenchMacroSpace, load_macro
from mlpnas.nasbench.mlp import SCORES, load_mlp
from mlpnas.nasbench.nasbench201 import NASBench201Space, load_nasbench201, network
from mlpnas.nasbench.nlp import load_nlp
from mlpnas.nasbench.reading import lines
from mlpnas.nasbench.spikenas import SpikeNASSpace, load_spikenas

SPACES = (
    NASBench201Space(),
    NASBenchMacroSpace(),
    FCNetSpace(),
    NASBenchGraphSpace(),
    SpikeNASSpace(),
)


@pytest.mark.parametrize(
    ("space", "size", "neighbours"),
    # One operation changed: 6 * 4, 8 * 2; of FCNet 1+1+3+2+2+5+1+5+5; of graphs 8 + 4 * 8.
    list(zip(SPACES, (15625, 6561, 62208, 59049, 15625), (24, 16, 25, 40, 24), strict=True)),
    ids=lambda value: str(value)[:16],
)
def test_sizes_and_neighbours(space, size, neighbours):
    assert space.size() == size
    first = space.architecture([0] * len(space.decisions))
    assert len(space.neighbours(first)) == neighbours


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name[:16])
def test_nonsense_is_refused(space):
    with pytest.raises(InputError, match="expected"):
        space.parse("nonsense")


def test_networks_of_cells():
    # Edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3; 0 none, 1 skip, 3 convolution.
    assert network((0, 0, 0, 0, 0, 0)) == ()
    assert network((1, 0, 0, 0, 3, 0)) == network((0, 0, 0, 3, 0, 0)) == ("3(x)",)
    assert network((3, 0, 3, 0, 0, 1)) == network((0, 3, 0, 0, 0, 3)) == ("3(3(x))",)
    assert network((0, 0, 3, 0, 3, 3)) == ()  # nothing enters node 1


def test_paths_of_a_cell():
    bits = NASBench201Space().paths(NASBench201Space().architecture((3, 0, 1, 2, 0, 4)))
    # 0-3: [2] -> 2. 0-1-3: [3, 0] -> 5 + 15. 0-2-3: [0, 4] -> 5 + 4.
    # 0-1-2-3: [3, 1, 4] -> 30 + 3 * 25 + 5 + 4.
    assert np.flatnonzero(bits).tolist() == [2, 9, 20, 114]


def test_the_random_curve_by_hand():
    # Values 4, 2, 1: of two draws without replacement the better is 4 in 2 of 3 pairs and
    # 2 in the third; the regret is (0 + 0 + 2) / 3. Of one it is (0 + 2 + 3) / 3.
    entries = {(i,): Entry(score, 0.0) for i, score in enumerate([2.0, 4.0, 1.0, np.nan])}
    table = Table("hand", NASBenchMacroSpace(), entries, "", "")
    np.testing.assert_allclose(table.random_regret([1, 2, 3]), [5 / 3, 2 / 3, 0.0], atol=1e-15)


def test_look_ups_are_evaluations():
    space = NASBenchMacroSpace()
    entries = {(0,) * 8: Entry(0.5, 0.4, 12.0, 7), (1,) * 8: Entry(np.nan, np.nan, 3.0)}
    evaluator = TabularEvaluator(Table("small", space, entries, "", ""))
    texts = ("00000000", "11111111", "22222222")
    found = list(evaluator.evaluate([space.parse(text) for text in texts], first_id=5))
    assert [(e.ok, e.score, e.seconds) for e in found] == [
        (True, 0.5, 12.0),
        (False, None, 3.0),
        (False, None, 0.0),
    ]
    trials = [Trial.of(each, 5 + i, 0, None) for i, each in enumerate(found)]
    assert "not in the table small" in trials[2].reason
    assert evaluator.reported(trials) == 0.4
    assert evaluator.reported(trials[1:]) is None


class TestNASBench201:
    @pytest.fixture
    def path(self, shared_data):
        return shared_data("bench/nasbench201.csv.gz")

    @pytest.mark.parametrize(
        ("dataset", "optimum", "test", "hundred_draws"),
        # The optima that the benchmark's authors publish, and the mean of 400 simulated
        # searches of 100 draws, which the closed form has to meet.
        [
            ("cifar10", 91.6067, 94.3733, 91.03),
            ("cifar100", 73.4933, 73.5133, 71.47),
            ("imagenet16", 46.7333, 46.2, 45.37),
        ],
    )
    def test_optimum(self, path, dataset, optimum, test, hundred_draws):
        table = load_nasbench201(path, dataset)
        best = max(table.entries.values(), key=lambda entry: entry.score)
        assert 100 * best.score == pytest.approx(optimum, abs=1e-4)
        assert 100 * best.reported == pytest.approx(test, abs=1e-4)
        regret = table.random_regret([100])[0]
        # 400 runs of standard deviation below 0.7 points: four errors are 0.14.
        assert 100 * (table.optimum - regret) == pytest.approx(hundred_draws, abs=0.14)

    def test_equal_networks_have_nearly_equal_scores(self, path):
        table, merged = load_nasbench201(path), load_nasbench201(path, merge=True)
        assert len(merged.entries) == 4930
        gaps = []
        for architecture in table.space:
            entry = merged.find(architecture)
            gaps.append(table.find(architecture).score - entry.score)
        # Differences are those of two trainings, 0.3 points, not those of two networks.
        assert np.sqrt(np.mean(np.square(gaps))) < 0.006


class TestMacro:
    def test_numbers(self, shared_data):
        table = load_macro(shared_data("bench/nasbench_macro.csv.gz"))
        assert len(table.entries) == 6561
        assert table.optimum == pytest.approx(0.931267)
        # Published means of the exact random curve, in points.
        np.testing.assert_allclose(
            100 * table.random_regret([20, 50, 100, 200, 500]),
            [0.513, 0.353, 0.260, 0.184, 0.104],
            atol=6e-4,
        )

    def test_published_statistics(self, shared_data):
        path = shared_data("bench/nasbench_macro.csv.gz")
        cells = [[float(x) for x in line.split(",")[1:6]] for line in list(lines(path))[1:]]
        *runs, means, deviations = np.array(cells).T
        assert means.mean() == pytest.approx(90.25, abs=0.005)
        assert np.median(means) == pytest.approx(90.99, abs=0.005)
        assert deviations.mean() == pytest.approx(0.15, abs=0.005)
        # How far one training ranks the networks as another does: nobody can do better.
        assert spearmanr(*runs[:2]).statistic == pytest.approx(0.980, abs=5e-4)
        assert kendalltau(*runs[:2]).statistic == pytest.approx(0.882, abs=5e-4)

    def test_the_landscape(self, shared_data):
        table = load_macro(shared_data("bench/nasbench_macro.csv.gz"))
        assert table.find(table.space.parse("22212220")).score == table.optimum
        # One axis per layer; a local optimum is the best of every line through it.
        scores = np.array([table.find(a).score for a in table.space]).reshape([3] * 8)
        lines_won = [scores == scores.max(axis=i, keepdims=True) for i in range(8)]
        assert np.all(lines_won, axis=0).sum() == 15  # one has a neighbour of its own height

    def test_distinct_networks(self, shared_data):
        path = shared_data("bench/nasbench_macro.csv.gz")
        merged, table = load_macro(path, merge=True), load_macro(path)
        assert len(merged.entries) == 3969
        # The same training stands behind all chains of a network: equal to the last digit.
        for architecture in table.space:
            assert merged.find(architecture).score == table.find(architecture).score


class TestGraph:
    @pytest.mark.slow
    def test_every_walk_leads_to_a_row(self, shared_data):
        table = load_graph(shared_data("bench/nasbench_graph.csv.gz"))
        assert table.optimum == pytest.approx(0.819333)
        forms = {table.space.canonical(architecture).tokens for architecture in table.space}
        # Only four skip connections in a row, a network without a layer, were not trained.
        assert forms - set(table.entries) == {(8, 8, 8, 8, 8)}
        assert set(table.entries) <= forms

    def test_proteins(self, shared_data):
        table = load_graph(shared_data("bench/nasbench_graph_proteins.csv.gz"), "proteins")
        assert table.optimum == pytest.approx(0.853333)


def test_fcnet(shared_data):
    table = load_fcnet(shared_data("bench/fcnet.npz"), "slice_localization")
    best = max(table.entries.values(), key=lambda entry: entry.score)
    assert best.reported == pytest.approx(0.000191599, rel=1e-4)
    assert best.score == pytest.approx(-np.log10(best.reported))
    assert best.seconds > 0


class TestSpikeNAS:
    def test_scores_after_any_number_of_epochs(self, shared_data):
        path = shared_data("bench/spikenas_cifar10.npz")
        table, early = load_spikenas(path), load_spikenas(path, epochs=10)
        assert len(table.entries) == 5**6
        best = table.entries[2, 1, 2, 2, 0, 4]  # of those with 100 epochs
        assert best.score == pytest.approx(0.88928)
        assert best.reported == pytest.approx(0.8916)
        cheaper = early.entries[2, 1, 2, 2, 0, 4]
        assert cheaper.score < best.score
        assert cheaper.seconds == pytest.approx(best.seconds / 10)
        assert cheaper.reported == best.reported

    def test_early_scores_rank_the_later_ones_loosely(self, shared_data):
        # The table's own description gives a rank correlation near 0.65 for epoch 10.
        path = shared_data("bench/spikenas_cifar10.npz")
        pairs = [
            (early.score, late.score)
            for early, late in zip(
                load_spikenas(path, 10).entries.values(),
                load_spikenas(path).entries.values(),
                strict=True,
            )
        ]
        assert spearmanr(*zip(*pairs, strict=True)).statistic == pytest.approx(0.65, abs=0.05)

    @pytest.mark.parametrize("epochs", [0, 101])
    def test_epochs_without_a_score(self, epochs, tmp_path):
        with pytest.raises(InputError, match=f"epochs is {epochs}, expected 1 to 100"):
            load_spikenas(tmp_path / "none.npz", epochs)

    @pytest.mark.parametrize(
        ("name", "row", "value", "complaint"),
        [
            ("ops", 7, [5, 0, 0, 0, 0, 0], r"ops\[7, 0\] is 5, expected .* from 0 to 4"),
            ("ops", 7, [0, 0, 0, 0, 0, 0], r"ops row 7 repeats the cell \[0, 0, 0, 0, 0, 0\]"),
            ("val_acc_x250", 3, 25_001, r"val_acc_x250\[3, 0\] is 25001"),
            ("test_acc", 3, 101, r"test_acc\[3\] is 101.*, expected .* from 0 to 100"),
            ("test_acc", 3, np.nan, r"test_acc\[3\] is nan"),
            ("epochs", 0, 12, r"epochs\[0\] is 12.*, expected .* from 100 to inf"),
            ("train_seconds", 2, -1, r"train_seconds\[2\] is -1"),
        ],
    )
    def test_damaged_arrays(self, tmp_path, name, row, value, complaint):
        columns = ("test_acc", "train_seconds", "epochs", "params")
        file = {column: np.full(5**6, 100.0) for column in columns}
        file["ops"] = np.array([a.tokens for a in SpikeNASSpace()], np.uint8)
        file["val_acc_x250"] = np.ones((5**6, 100), np.uint16)
        file[name][row] = value
        np.savez(tmp_path / "spikenas.npz", **file)
        with pytest.raises(InputError, match=complaint):
            load_spikenas(tmp_path / "spikenas.npz")


def test_ecnas(shared_data):
    path = shared_data("bench/ecnas_nb101_4v.csv.gz")
    table, energy = load_ecnas(path), load_ecnas(path, "energy")
    # The space's fingerprints of its 576 walks are those in the file, no more and no fewer.
    assert {table.space.digest(a) for a in table.space} - {""} == set(table.entries)
    assert len(table.entries) == 91
    cell = table.space.parse("110101/maxpool3x3,maxpool3x3")  # 0-1, 0-2, 1-2, 2-3
    found = table.find(cell)
    # Means of the lines for four epochs: 0.287059, 0.360677 and 0.406550, and so on.
    assert found.score == pytest.approx(0.351429, abs=1e-6)
    assert found.seconds == pytest.approx((71.403 + 71.617 + 71.265) / 3)
    assert found.parameters == 1756298
    assert energy.find(cell).seconds == pytest.approx((15.961 + 13.719 + 13.227) / 3)


class TestMLP:
    """The tables that come with the package."""

    @pytest.mark.parametrize("data", ["digits", "wine"])
    def test_every_architecture_is_there_in_the_order_of_the_space(self, data):
        table = load_mlp(data)
        assert len(table.entries) == table.space.size() == 999
        inputs = {"digits": 64, "wine": 11}[data]
        for architecture in table.space:
            layers = table.space.layers(architecture)
            widths = [layer.width for layer in layers if isinstance(layer, Dense)]
            # Kernel and bias of every layer.
            count = sum((a + 1) * b for a, b in pairwise([inputs, *widths]))
            assert table.find(architecture).parameters == count

    def test_scores_are_fractions_and_cheaper_ones_cost_less(self):
        full, early, one_shot = (load_mlp("digits", score) for score in SCORES)
        for tokens, entry in full.entries.items():
            others = [table.entries[tokens] for table in (early, one_shot)]
            assert all(0 <= e.score <= 1 and e.seconds > 0 for e in (entry, *others))
            assert {e.reported for e in others} == {entry.reported}
            assert others[0].seconds < entry.seconds
        assert full.optimum > 0.95

    def test_another_file(self, tmp_path):
        path = tmp_path / "mlp.npz"
        np.savez(path, space=np.array("mlp[8|relu|dropout None|2 layers|3 softmax]"))
        with pytest.raises(InputError, match="is it of another benchmark"):
            load_mlp(path=path)
        one = {score: np.ones((1, 2)) for score in SCORES} | {"seconds": np.ones((3, 2))}
        space = np.array("mlp[8|relu|dropout None|2 layers|3 softmax]")  # holds one
        np.savez(path, space=space, test=np.ones((1, 2)), parameters=np.ones(2), **one)
        with pytest.raises(InputError, match=r"test holds .* of shape \(1, 2\), .* \(any, 1\)"):
            load_mlp(path=path)
        numbers = {
            "test": np.ones((1, 1)),
            "parameters": np.ones(1),
            "seconds": np.ones((3, 1)),
        }
        scores = {score: np.full((3, 1), 0.5) for score in SCORES}
        scores["early"][2] = 1.2
        np.savez(path, space=space, **numbers, **scores)
        with pytest.raises(InputError, match=r"early\[2, 0\] is 1.2, expected .* from 0 to 1"):
            load_mlp(path=path)


def test_nlp(shared_data):
    table = load_nlp(shared_data("bench/nasbench_nlp_wikitext2.jsonl.gz"))
    assert len(table.entries) == 291
    assert table.optimum == pytest.approx(-4.56758)
    assert any(np.isnan(entry.score) for entry in table.entries.values())
    vectors = [table.space.features(architecture) for architecture in table.space]
    assert {vector.shape for vector in vectors} == {(9,)}


MACRO_HEADER = "arch,test_acc_0,test_acc_1,test_acc_2,mean_acc,std,params,flops"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no column 'arch'"),
        ("a,b\n1,2\n", "has no column 'arch'.*another benchmark"),
        (f"{MACRO_HEADER}\n00000000,1,1\n", "line 2 has 3 cells, expected 8"),
        (f"{MACRO_HEADER}\n00000000,1,1,1,many,0,5,5\n", "line 2: mean_acc is 'many'"),
        (f"{MACRO_HEADER}\n00000000,1,1,1,101,0,5,5\n", "mean_acc is '101'.*from 0 to 100"),
        (f"{MACRO_HEADER}\n0000000x,1,1,1,90,0,5,5\n", "line 2: arch is '0000000x'"),
        (f"{MACRO_HEADER}\n" + "00000000,1,1,1,90,0,5,5\n" * 2, "line 3 repeats"),
        (f"{MACRO_HEADER}\n00000000,1,1,1,90,0,5,5\n", "holds 1 architectures, expected 6561"),
    ],
)
def test_damaged_table(tmp_path, text, complaint):
    path = tmp_path / "macro.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        load_macro(path)


def test_truncated_gzip(tmp_path):
    path = tmp_path / "macro.csv.gz"
    whole = gzip.compress((MACRO_HEADER + "\n" + "00000000,1,1,1,90,0,5,5\n").encode())
    path.write_bytes(whole[:-10])
    with pytest.raises(InputError, match=r"cannot be read beyond line \d.*get it again"):
        load_macro(path)


def test_foreign_npz(tmp_path):
    path = tmp_path / "fcnet.npz"
    np.savez(path, configs=np.zeros((1, 9)))
    with pytest.raises(InputError, match="is it of another benchmark"):
        load_fcnet(path)
    path.write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(InputError, match="is it of another benchmark"):
        load_fcnet(path)


FCNET_TASK = "protein_structure"


@pytest.fixture(scope="module")
def fcnet_arrays():
    """A complete table in which every training has the same outcome."""
    space = FCNetSpace()
    sizes = [range(len(options)) for _, options in space.choices]
    columns = {"val_loss": np.ones((62208, 4)), "train_time_mean": np.ones(62208)}
    columns["model_size"] = np.ones(62208, int)
    return {
        "param_names": np.array([name for name, _ in space.choices]),
        **{f"values_{name}": np.array(options) for name, options in space.choices},
        "configs": np.array(list(product(*sizes)), np.uint8),
        **{f"{FCNET_TASK}__{name}": column for name, column in columns.items()},
    }


@pytest.mark.parametrize(
    ("name", "at", "value", "complaint"),
    [
        ("configs", (4, 2), 9, r"configs row 4 is \[0, 0, 9, .*expected ids below \[2, 2, 4"),
        ("configs", 1, 0, "holds 62207 configurations, expected 62208"),
        (f"{FCNET_TASK}__val_loss", 5, 0, f"{FCNET_TASK}__val_loss row 5 is 0"),
        (f"{FCNET_TASK}__val_loss", (5, 1), np.nan, r"val_loss\[5, 1\] is nan"),
        (f"{FCNET_TASK}__train_time_mean", 7, -2, r"train_time_mean\[7\] is -2"),
        ("values_n_units_2", 0, 17, "n_units_2 has values .*'17'.*of another benchmark"),
        ("param_names", 0, "depth", "parameter depth has values"),
    ],
)
def test_damaged_fcnet(tmp_path, fcnet_arrays, name, at, value, complaint):
    path, damaged = tmp_path / "fcnet.npz", fcnet_arrays[name].copy()
    damaged[at] = value
    np.savez(path, **{**fcnet_arrays, name: damaged})
    with pytest.raises(InputError, match=complaint):
        load_fcnet(path, FCNET_TASK)


def test_an_fcnet_with_rows_missing(tmp_path, fcnet_arrays):
    path, short = tmp_path / "fcnet.npz", fcnet_arrays["configs"][:-1]
    np.savez(path, **{**fcnet_arrays, "configs": short})
    with pytest.raises(InputError, match=r"configs holds .* \(62207, 9\), .* \(62208, 9\)"):
        load_fcnet(path, FCNET_TASK)


GRAPH_HEADER = "link,ops,cora_valid,cora_test,cora_params_m\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0112,gcn-gat-fc,0.5,0.5,1\n", "line 2: ops is 'gcn-gat-fc', expected four of"),
        ("9999,gcn-gat-fc-fc,0.5,0.5,1\n", "line 2: ops .* and links from"),
        ("0112,gcn-gat-fc-fc,1.5,0.5,1\n", "line 2: cora_valid is '1.5'.*from 0 to 1"),
        ("0112,gcn-gat-fc-fc,0.5,,1\n", "line 2: cora_test is ''"),
        ("0112,gcn-gat-fc-fc,0.5,0.5,-1\n", "line 2: cora_params_m is '-1'"),
        ("0112,gcn-gat-fc-fc,0.5,0.5,1\n" * 2, "line 3 repeats the architecture"),
        ("0112,gcn-gat-fc-fc,0.5,0.5,1\n", "holds 1 architectures, expected 26206"),
    ],
)
def test_damaged_graph(tmp_path, text, complaint):
    path = tmp_path / "graph.csv"
    path.write_text(GRAPH_HEADER + text)
    with pytest.raises(InputError, match=complaint):
        load_graph(path)


def test_foreign_lines(tmp_path):
    path = tmp_path / "nlp.jsonl"
    path.write_text('{"recepie": "{}"}\n')
    with pytest.raises(InputError, match="line 1 is not a run of NAS-Bench-NLP"):
        load_nlp(path)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "none.csv.gz"))):
        load_macro(tmp_path / "none.csv.gz")
