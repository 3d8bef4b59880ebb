"""Tests of leakage between data sets, from both sides."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.datasets import located, open_dataset
from duologue.evaluation import Options, Sizes, evaluate
from duologue.evaluation.leaks import add_leaks
from duologue.evaluation.measure import Common, read
from duologue.evaluation.metrics.diversity import NearDuplicates
from duologue.evaluation.reporting import notes_of
from duologue.evaluation.view import Roles
from duologue.store.database import FILE_NAME


def test_leakage_is_a_share_of_the_data_set_that_copied(
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    scripted_options: Callable[..., Options],
    tmp_path: Path,
) -> None:
    rows = clean_rows(60)
    taken = copy.deepcopy(rows[10:16])
    for row in taken:
        row["utterances"][6] = "Do you keep animals over there in another street?"
    own = clean_rows(80, seed=9)[60:]
    mine = write_rows(tmp_path / "mine.jsonl", [*taken, own[0], *own[2:]])
    theirs = write_rows(tmp_path / "theirs.jsonl", rows[:40])
    human = write_rows(tmp_path / "human.jsonl", [*own[2:5], *rows[50:]])
    report = evaluate(mine, [theirs], scripted_options(groups=("diversity",), reference=human))
    one, other = report.data_sets
    assert one.leaks == {"theirs": 6 / 25, "human.jsonl (reference)": 3 / 25}
    assert other.leaks == {"mine": 6 / 40, "human.jsonl (reference)": 0.0}
    assert (one.figures["leakage"].count, other.figures["leakage"].count) == (9, 6)
    assert one.figures["leakage"].rows == (1, 2, 3, 4, 5)
    assert any("mine: of its conversations, 24.0% in theirs" in note for note in report.notes)
    again = evaluate(mine, [human], scripted_options(groups=("diversity",), reference=human))
    assert again.data_sets[0].leaks == {"human": 3 / 25}
    assert "leakage" in evaluate(mine, options=scripted_options(groups=("diversity",))).data_sets[0].absent


def test_the_reference_is_known_whatever_the_way_its_path_is_written(
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_rows(tmp_path / "mine.jsonl", clean_rows(20))
    write_rows(tmp_path / "h.jsonl", clean_rows(40, seed=9)[20:])
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "h.jsonl")
    monkeypatch.chdir(tmp_path)

    def leaks(*sources: str, reference: str | Path | None) -> list[dict[str, float]]:
        found = [
            read(open_dataset(source), [NearDuplicates()], Roles(), seed=0, sizes=Sizes(20, 20)) for source in sources
        ]
        names = [source.removesuffix(".jsonl") for source in sources]
        add_leaks(found, names, reference=reference, format_="auto", seed=0)
        if reference is not None:
            assert any(note.startswith("h is the reference") for note in notes_of(found, names, reference, Common()))
        return [one.leaks for one in found]

    for reference in ("./h.jsonl", tmp_path / "h.jsonl", "link.jsonl"):
        assert leaks("mine.jsonl", "h.jsonl", reference=reference) == [{"h": 0.0}, {"mine": 0.0}]
    assert leaks("h.jsonl", "./h.jsonl", reference=None) == [{}, {}]


def test_hub_ids_name_themselves(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    assert located("hf:a/b") == "hf:a/b"
    run = make_run(tmp_path / "run", 1)
    assert located(run / FILE_NAME) == located(run) == str(run.resolve())
