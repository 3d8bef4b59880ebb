"""Tests of how varied two versions are."""

from __future__ import annotations

import pytest

from duologue.versions.diversity import Sample, distinct_2


def _talks(start: int, count: int, *, varied: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Conversations of ten words; varied ones share none."""
    return [
        (f"c-{i}", (" ".join(f"w{i}-{j}" if varied else f"w{j}" for j in range(10)),))
        for i in range(start, start + count)
    ]


def test_what_joins_at_the_end_counts_in_a_large_data_set_too() -> None:
    dull = _talks(0, 6_000, varied=False)
    before, after = distinct_2(Sample(dull), Sample(dull + _talks(6_000, 6_000, varied=True)))
    assert before < 0.001
    assert 0.4 < after < 0.6


def test_more_of_the_same_kind_is_no_change() -> None:
    few = _talks(0, 50, varied=True)
    assert distinct_2(Sample(few), Sample(few + _talks(50, 500, varied=True))) == (1.0, 1.0)
    # Over all their words, the longer text would be less varied.
    dull = [(name, ("the same words as ever",)) for name, _ in few]
    before, after = distinct_2(Sample(dull), Sample(dull * 4))
    assert before == after > 0


def test_a_sample_is_bounded_and_follows_from_the_ids() -> None:
    talks = _talks(0, 100, varied=True)
    sample = Sample(talks, most=95)
    assert sample.words == 95
    assert sum(len(u) for said in sample._said for u in said) == 100
    assert sample._said == Sample(talks[::-1], most=95)._said
    assert Sample([]).distinct_2(0) == 0.0


@pytest.mark.parametrize(("words", "share"), [(0, 0.0), (1, 0.0), (2, 1.0), (4, 2 / 3), (5, 2 / 3)])
def test_by_hand(words: int, share: float) -> None:
    assert Sample([("c", ("A b a b", "c"))]).distinct_2(words) == pytest.approx(share)
