"""What a page tells of any search, in sections: scores, curves, policy, time, leaderboard."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from mlpnas.core.baselines.comparison import agreement_line, control_lines
from mlpnas.core.data.measure import Measure
from mlpnas.core.report import figures
from mlpnas.core.report.page import Section
from mlpnas.core.report.terminal import Record, failures, ranked
from mlpnas.core.run.policy_record import Probabilities
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.trial import History, Trial


def summary(record: Record, history: History, measure: str) -> Section:
    """What was searched, and how what was trained at length came out.

    Args:
        record: run.json of a search that may share weights.
        measure: of validation and test, such as accuracy.
    """
    s, section = record["settings"], Section("Summary", wide=True)
    how = "shared weights" if s["one_shot"] else "children trained one by one"
    section.text(
        f"{len(history)} of {s['trials']} trials by {s['strategy']} in the {s['space']} space, "
        f"with {how}, preset {s['preset']}, {s['epochs']} epochs, seed {s['seed']}."
    )
    if results := record.get("results"):
        header = ["trained at length", "parameters", "seconds", "validation", f"test {measure}"]
        rows = [
            (r["name"], r["parameters"], f"{r['seconds']:.0f}", r["valid"], r["test"])
            for r in results
        ]
        section.table(header, rows)
    if problem := failures(history):
        section.text(problem)
    for note in record["data"].get("notes", []):
        section.text(note, note=True)
    return section


def trained(record: Record, measure: str) -> list[Section]:
    """Learning curves of what was trained at length, once it was."""
    if not (results := record.get("results")):
        return []
    drawn = figures.training({r["name"]: r["curve"] for r in results}, measure)
    section = Section("Trained at length").picture(drawn, f"validation {measure} by epoch")
    return [section.text("From fresh weights, by the same recipe.", note=True)]


def agreement(record: Record, shared: Measure, alone: Measure) -> list[Section]:
    """Scores with shared weights against those alone, if both were taken.

    Args:
        shared, alone: what their scores are of; both are shown in its unit.
    """
    if "shared_scores" not in record:
        return []
    drawn = figures.agreement(
        [shared.value(score) for score in record["shared_scores"]],
        [alone.value(score) for score in record["alone_scores"]],
        alone.axis,
    )
    section = Section("Can shared weights be believed?")
    section.picture(drawn, f"{alone.name} with shared weights and when trained alone")
    line = agreement_line(record)
    return [section.text(f"{line[:1].upper()}{line[1:]}.", note=True)]


def control(record: Record) -> list[Section]:
    """The means of the best trials against those of random search, if they were taken."""
    if not (lines := control_lines(record)):
        return []
    section = Section("The control: as many random architectures")
    for line in lines:
        section.text(line)
    return [section]


def scores(history: History, measure: Measure) -> Section:
    """Every trial in order."""
    drawn = figures.scores(history.trials, measure)
    section = Section("Score of every trial")
    section.picture(drawn, f"{measure.name} by trial, with the best so far")
    return section.text(f"{_proxy(measure)}.", note=True)


def learning_curves(history: History, metric: str) -> Section:
    """Validation metric by epoch, the best trials in front."""
    drawn = figures.curves(history.trials, history.leaderboard(), metric)
    return Section("Learning curves").picture(drawn, "validation metric by epoch")


def calibration(history: History, measure: Measure) -> list[Section]:
    """What the predictor expected, if it expected anything."""
    drawn = figures.calibration(history.trials, measure)
    section = Section("What the predictor expected")
    return [section.picture(drawn, "predicted against found search scores")] if drawn else []


def time_spent(history: History) -> Section:
    """Seconds by round."""
    drawn = figures.time_spent(history.trials)
    return Section("Where the time went").picture(drawn, "seconds of training by round")


def against(
    searches: Mapping[str, Sequence[Sequence[float | None]]], measure: Measure, caption: str
) -> Section:
    """Best so far beside another search, see `figures.best_so_far`."""
    section = Section("Against random search")
    drawn = figures.best_so_far(searches, measure)
    section.picture(drawn, f"best {measure.name} so far, by trial")
    return section.text(caption, note=True)


def choices(history: History, space: SearchSpace, policy: Sequence[Probabilities]) -> Section:
    """A heat map per decision: the policy's probabilities, or else what was tried.

    Args:
        policy: by round, see `policy_record.read_policy`; empty if the strategy has none.
    """
    if policy:
        section = Section("What the controller prefers", wide=True).text(
            "Probability of each option after each round, estimated from 200 draws of the "
            "controller. Columns sum to less than 1 where walks have ended before.",
            note=True,
        )
    else:
        policy = tried(history.trials, space)
        section = Section("What was tried", wide=True).text(
            "Share of each round's architectures that take an option. This strategy has no "
            "probabilities of its own to show.",
            note=True,
        )
    shown = list(panels(space, policy))
    # At least one half: the noise of 200 draws must not look like a preference.
    top = max([0.5, *(float(rounds.max()) for _, _, rounds in shown)])
    maps = (
        (figures.heat_map(title, options, rounds, top), f"{title}: options by round")
        for title, options, rounds in shown
    )
    return section.pictures(maps)


def tried(trials: Sequence[Trial], space: SearchSpace) -> list[Probabilities]:
    """By round, of every decision the share of each option among what was tried."""
    rounds = groupby(trials, key=lambda trial: trial.round)
    return [space.shares([trial.architecture for trial in group]) for _, group in rounds]


def panels(
    space: SearchSpace, policy: Sequence[Probabilities]
) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """Title, options and probabilities `(rounds, options)` of each heat map.

    A decision without a choice, or to which no walk ever came, has none. The bits of one node
    share a map: of each the probability that it is set.
    """
    by_decision = [np.array(rounds) for rounds in zip(*policy, strict=True)]
    decided = zip(space.decisions, by_decision, strict=True)
    for (_, is_bit), group in groupby(decided, lambda d: (_place(d[0]), d[0].kind == "bit")):
        pairs = list(group)
        if is_bit:
            names = [decision.name for decision, _ in pairs]
            columns = np.stack([rounds[:, 1] for _, rounds in pairs], axis=1)
            yield f"connections of node {pairs[0][0].node}", names, columns
            continue
        ((decision, rounds),) = pairs
        ids = list(decision.open_ids())
        if len(ids) > 1 and rounds.any():
            yield decision.name, [_label(decision.options[i]) for i in ids], rounds[:, ids]


def _place(decision: Any) -> Any:
    return decision.node if decision.kind == "bit" else decision.name


def _label(option: Any) -> str:
    """`64 relu` of `(64, 'relu')`."""
    return " ".join(map(str, option)) if isinstance(option, tuple) else str(option)


def _proxy(measure: Measure) -> str:
    return f"The {measure.score_name} is a proxy, from few epochs and perhaps inherited weights"


def leaderboard(
    history: History,
    retrained: Mapping[str, float],
    measure: Measure,
    winner: Trial | None = None,
) -> Section:
    """The best twenty.

    Args:
        retrained: number of a trial, as text -> its score after retraining; none for no column.
        measure: stands beside the score where that is in another unit.
        winner: has a row in any case, which is marked.
    """
    section = Section("Leaderboard", wide=True)
    told = _proxy(measure)
    beside = "; the finalists' score after retraining from fresh weights stands beside it"
    section.text(told + (beside if retrained else "") + ".", note=True)
    trials = ranked(history, 20, winner)
    scores = [trial.score for trial in trials]
    columns: dict[str, list] = {"trial": [t.id if t.id >= 0 else None for t in trials]}
    if measure.of_score:
        columns[measure.name] = [None if s is None else measure.written(s) for s in scores]
    columns["search score"] = scores
    if retrained:
        kept = [retrained.get(str(trial.id)) for trial in trials]
        columns[f"retrained {measure.name}"] = [
            None if score is None else measure.value(score) for score in kept
        ]
    columns["parameters"] = [trial.parameters for trial in trials]
    columns["seconds"] = [f"{t.seconds:.2f}" if t.id >= 0 else None for t in trials]
    marks = ("winner: " if trial is winner else "" for trial in trials)
    columns["architecture"] = [
        f"{mark}{trial.architecture}" for mark, trial in zip(marks, trials, strict=True)
    ]
    return section.table(list(columns), zip(*columns.values(), strict=True))
