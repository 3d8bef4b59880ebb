"""Tests of near-duplicates among short texts: the same as comparing all pairs, and not nearly as many comparisons."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation import Options, evaluate
from duologue.evaluation.near_texts import ALIKE, LEAST_WORDS, NearTexts
from duologue.text import words


def by_all_pairs(text: str, others: Sequence[str]) -> bool:
    one = set(words(text))
    sets = [set(words(other)) for other in others]
    held = [s for s in sets if len(s) >= LEAST_WORDS]
    return len(one) >= LEAST_WORDS and any(len(one & s) >= ALIKE * len(one | s) for s in held)


def test_it_finds_what_all_pairs_find() -> None:
    stream = random.Random(1)
    vocabulary = [f"w{n}" for n in range(12)]
    seeds = [" ".join(stream.choices(vocabulary, k=stream.randint(1, 9))) for _ in range(150)]
    index = NearTexts(seeds)
    found = [stream.choices([*vocabulary, "new"], k=stream.randint(1, 10)) for _ in range(600)]
    texts = [*map(" ".join, found), *seeds]
    expected = [by_all_pairs(text, seeds) for text in texts]
    assert [index.near(text) for text in texts] == expected
    assert 100 < sum(expected) < 700


def test_words_count_and_not_their_form() -> None:
    index = NearTexts(["I work as a nurse in Oslo.", "I ski."])
    assert index.near("i WORK as a nurse, in Oslo")
    assert index.near("I work as a nurse in Bergen, Oslo!")
    assert not index.near("I work as a cook in Bergen.")
    # Too short to be a copy.
    assert not index.near("I ski.")
    assert len(index) == 1


def test_only_lists_of_rare_words_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = [f"I like to eat number{n} with friend{n}." for n in range(2000)]
    index = NearTexts(seeds)
    compared = 0
    alike = NearTexts._alike

    def counted(one: frozenset[str], other: frozenset[str]) -> bool:
        nonlocal compared
        compared += 1
        return alike(one, other)

    monkeypatch.setattr(NearTexts, "_alike", staticmethod(counted))
    assert all(index.near(f"I like to eat number{n} with friend{n} today.") for n in range(0, 2000, 2))
    assert not any(index.near(f"I like to eat number{n} with nobody{n} at all.") for n in range(1000))
    assert compared <= 2000


def test_seeds_that_come_back_are_counted(
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    scripted_options: Callable[..., Options],
    tmp_path: Path,
) -> None:
    rows = clean_rows(40)
    seeds = tmp_path / "seeds.txt"
    planted = [f"I collect old stamps of the {n} kings and queens." for n in range(10)]
    seeds.write_text("\n".join(planted) + "\n", encoding="utf-8")
    path = write_rows(tmp_path / "clean.jsonl", rows)
    options = scripted_options(groups=("diversity", "expansion"), seeds=seeds)
    clean = evaluate(path, options=options).data_sets[0].figures
    assert (clean["seeds_said"].count, clean["near_seeds"].count) == (0, 0)
    for n in range(7):
        rows[n]["utterances"][4] = f"Well, hello. I collect old stamps of {n} kings and queens!"
    rows[9]["user_1"][0] = "I collect the old stamps of 3 kings and queens."
    found = evaluate(write_rows(tmp_path / "x.jsonl", rows), options=options).data_sets[0].figures
    assert (found["seeds_said"].count, found["seeds_said"].of) == (7, 400)
    assert found["seeds_said"].rows == (1, 2, 3, 4, 5)
    assert (found["near_seeds"].count, found["near_seeds"].of) == (1, 240)
    without = evaluate(path, options=scripted_options(groups=("diversity",))).data_sets[0]
    assert "seeds_said" in without.absent
