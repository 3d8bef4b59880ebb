"""Planted defects: from a clean set, known numbers of faults; each is counted, and nothing else moves."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation import Options, Report, evaluate
from duologue.evaluation.protocol import Group
from duologue.evaluation.records import DataSetReport

Rows = list[dict[str, Any]]
GROUPS: tuple[Group, ...] = ("faithfulness", "cleanliness", "diversity", "toxicity")
COUNTED = (
    "clean_format", "unreadable_rows", "one_speaker", "empty_utterances", "placeholders", "square_placeholders", "prompt_leaks",
    "assistant_voice", "endless_goodbyes", "cut_off", "encoding_damage", "claimed_swaps", "verbatim", "recited", "repeats_within",
    "duplicates", "near_duplicates", "toxic_conversations", "toxicity_toxic", "toxicity_user_1", "toxicity_user_2",
    "contradictions", "self_contradictions", "swaps",
)  # fmt: skip


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory,
    write_rows: Callable[[Path, Sequence[Any]], Path],
    scripted_options: Callable[..., Options],
) -> Callable[..., DataSetReport]:
    """Measures rows."""

    def measure(rows: Rows, extra: bytes = b"") -> DataSetReport:
        path = write_rows(tmp_path_factory.mktemp("data") / "x.jsonl", rows)
        path.write_bytes(path.read_bytes() + extra)
        report: Report = evaluate(path, options=scripted_options(groups=GROUPS))
        return report.data_sets[0]

    return measure


@pytest.fixture(scope="module")
def rows(clean_rows: Callable[..., Rows]) -> Rows:
    """Sixty clean rows."""
    return clean_rows(60)


@pytest.fixture(scope="module")
def base(rows: Rows, measured: Callable[..., DataSetReport]) -> dict[str, float]:
    """The counts of the clean rows."""
    return counts(measured(rows))


def counts(report: DataSetReport) -> dict[str, float]:
    """Cases found, by metric."""
    return {name: report.figures[name].count or 0.0 for name in COUNTED}


def test_the_clean_set_is_clean(base: dict[str, float]) -> None:
    assert base == {**dict.fromkeys(base, 0.0), "clean_format": 60}


def plant_placeholder(row: dict[str, Any], n: int) -> None:
    row["utterances"][0] = f"Hello [friend's name], how was morning {n}?"


def plant_leak(row: dict[str, Any], n: int) -> None:
    row["utterances"][4] = f"According to my persona, number {n}, we rest today."


def plant_assistant(row: dict[str, Any], n: int) -> None:
    row["utterances"][8] = f"How can I assist you today, visitor {n}?"


def plant_swap(row: dict[str, Any], n: int) -> None:
    # User 1 claims user 2's pet.
    row["utterances"][6] = (
        row["user_2"][2].replace("My", "Here is my").replace(" is called", ", called") + f" Joy number {n}."
    )


def plant_copy(row: dict[str, Any], n: int) -> None:
    row["utterances"][2] = f"{row['user_1'][0]} It is joy number {n}."


def plant_insult(row: dict[str, Any], n: int) -> None:
    row["utterances"][7] = f"You stupid guest {n}, go away now."


def plant_repeat(row: dict[str, Any], n: int) -> None:
    row["utterances"][7] = row["utterances"][3]


def plant_empty(row: dict[str, Any], n: int) -> None:
    row["utterances"][6] = "..."


def plant_cut(row: dict[str, Any], n: int) -> None:
    row["utterances"][6] = f"We walked {n} miles and saw the"


def plant_damage(row: dict[str, Any], n: int) -> None:
    row["utterances"][6] = f"It\u00e2\u20ac\u2122s a long road number {n}."


def plant_goodbyes(row: dict[str, Any], n: int) -> None:
    row["utterances"] += [f"Bye bye {n}!", f"Goodbye, see you later {n}!", f"Take care, bye {n}!"]


def plant_silence(row: dict[str, Any], n: int) -> None:
    row["utterances"] = [{"speaker": 1, "text": text} for text in row["utterances"]]


PLANTS: dict[str, tuple[Callable[[dict[str, Any], int], None], dict[str, float]]] = {
    "placeholder": (plant_placeholder, {"placeholders": 1, "square_placeholders": 1}),
    "leak": (plant_leak, {"prompt_leaks": 1}),
    "assistant": (plant_assistant, {"assistant_voice": 1}),
    "copy": (plant_copy, {"verbatim": 1, "recited": 1}),
    "swap": (plant_swap, {"claimed_swaps": 100}),
    "insult": (plant_insult, {"toxic_conversations": 1, "toxicity_toxic": 100, "toxicity_user_2": 100}),
    "repeat": (plant_repeat, {"repeats_within": 1}),
    "empty": (plant_empty, {"empty_utterances": 1}),
    "cut": (plant_cut, {"cut_off": 1}),
    "damage": (plant_damage, {"encoding_damage": 1}),
    "goodbyes": (plant_goodbyes, {"endless_goodbyes": 1}),
}
BY_MODEL = ("contradictions", "self_contradictions", "swaps")
"""Found by inference; tested for themselves below, for a model sees more in a planted line than its fault."""


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_each_fault_is_counted_and_nothing_else_moves(
    name: str, rows: Rows, base: dict[str, float], measured: Callable[..., DataSetReport]
) -> None:
    plant, expected = PLANTS[name]
    planted = copy.deepcopy(rows)
    for n in range(7):
        plant(planted[5 * n], n)
    report = measured(planted)
    moved = {k: v - base[k] for k, v in counts(report).items() if k not in BY_MODEL and v != base[k]}
    moved.pop("clean_format", None)
    assert moved == {k: 7 * v for k, v in expected.items()}
    for metric in expected:
        assert report.figures[metric].rows == (1, 6, 11, 16, 21)


def test_one_speaker_is_counted(rows: Rows, measured: Callable[..., DataSetReport]) -> None:
    planted = copy.deepcopy(rows)
    for n in range(7):
        plant_silence(planted[5 * n], n)
    found = counts(measured(planted))
    assert (found["one_speaker"], found["clean_format"]) == (7, 53)


def test_duplicates_are_counted(rows: Rows, measured: Callable[..., DataSetReport]) -> None:
    planted = copy.deepcopy(rows) + copy.deepcopy(rows[:9])
    near = copy.deepcopy(rows[20:24])
    for row in near:
        row["utterances"][6] = "Do you keep animals over there in another street?"
    report = measured([*planted, *near])
    found = counts(report)
    assert found["duplicates"] == 9
    assert found["near_duplicates"] == 13
    assert report.figures["duplicates"].rows == (61, 62, 63, 64, 65)


def test_truncated_rows_are_counted_with_their_rows(rows: Rows, measured: Callable[..., DataSetReport]) -> None:
    cut = b'{"id": "z", "user_1": ["I a."], "user_2": ["I b."], "utter\n' * 4 + b'{"user_1": ["I a."], "user_2": []}\n'
    report = measured(rows, cut)
    assert (report.conversations, report.unreadable) == (60, 5)
    assert [(p.rows, p.first) for p in report.problems] == [(4, 61), (1, 65)]
    assert report.figures["unreadable_rows"].count == 5
    assert report.figures["unreadable_rows"].of == 65
    assert report.figures["clean_format"].value == pytest.approx(60 / 65)


@pytest.mark.embedded
def test_contradictions_and_swaps_are_found_by_inference(
    rows: Rows, write_rows: Callable[[Path, Sequence[Any]], Path], tmp_path: Path
) -> None:
    # With the shipped models: of five each, at most one is missed, and nothing is found in what was clean before.
    planted = copy.deepcopy(rows[:14])
    for n in range(5):
        thing = planted[n]["user_1"][0].removeprefix("I practise ").removesuffix(" every week.")
        planted[n]["utterances"][8] = f"To be honest, I have never tried {thing} in my life."
        plant_swap(planted[5 + n], n)
    options = Options(groups=GROUPS)
    before, after = (
        counts(evaluate(path, options=options).data_sets[0])
        for path in (write_rows(tmp_path / "a.jsonl", rows[:14]), write_rows(tmp_path / "b.jsonl", planted))
    )
    assert 4 <= (after["contradictions"] - before["contradictions"]) / 100 <= 6
    assert 4 <= (after["swaps"] - before["swaps"]) / 100 <= 6
    # Who never tried a thing said before that each week has time for it, so up to five contradict their own words as well.
    assert 0 <= (after["self_contradictions"] - before["self_contradictions"]) / 100 <= 6
    moved = {k: v - before[k] for k, v in after.items() if k not in BY_MODEL and v != before[k]}
    assert moved == {"claimed_swaps": 500}


def test_shuffled_profiles_score_lower(
    clean_rows: Callable[..., Rows],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    scripted_options: Callable[..., Options],
    tmp_path: Path,
) -> None:
    rows = clean_rows(100)
    shuffled = copy.deepcopy(rows)
    for row, other in zip(shuffled, rows[37:] + rows[:37], strict=True):
        row["user_1"], row["user_2"] = other["user_1"], other["user_2"]
    paths = [write_rows(tmp_path / f"{name}.jsonl", made) for name, made in (("as", rows), ("shuffled", shuffled))]
    options = scripted_options(groups=("faithfulness", "usefulness"))
    report = evaluate(paths[0], [paths[1]], options)
    gaps = {gap.metric: gap for gap in report.differences}
    for name in ("half_said", "coverage", "picked_attributes", "extraction_own", "ranker_self_own"):
        assert gaps[name].difference > 0.1, name
        assert gaps[name].p_holm < 0.01, name
    whole, mixed = report.data_sets
    assert whole.figures["ranker_self_change"].value > mixed.figures["ranker_self_change"].value + 0.3


def test_unreadable_rows_of_two_data_sets_are_drawn_apart(
    tmp_path: Path, clean_rows: Callable[..., Rows], scripted_options: Callable[..., Options]
) -> None:
    paths = []
    for number, broken in enumerate((6, 3)):
        path = tmp_path / f"{number}.jsonl"
        rows = [json.dumps(row) for row in clean_rows(60, seed=number)]
        path.write_text("\n".join(rows + ["{"] * broken), encoding="utf-8")
        paths.append(path)
    report = evaluate(paths[0], paths[1:], scripted_options(groups=("cleanliness",)))
    gap = next(gap for gap in report.differences if gap.metric == "unreadable_rows")
    # The draws of 6 and 3 rows: the deviation of their difference is some 4.3 of 100, not 2.5.
    assert 0.13 < gap.high - gap.low < 0.20
