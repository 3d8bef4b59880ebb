"""Tests of expansion beside seeds."""

from __future__ import annotations

from duologue.evaluation.metrics.evidence import TruePicked
from duologue.evaluation.metrics.expansion import SEEDS, Clusters, InterCluster, NewCategories, drawn
from duologue.evaluation.protocol import definition


def test_all_seeds_of_a_known_size_are_clustered_and_more_are_drawn_by_hash() -> None:
    seeds = [f"I have {n} dogs." for n in range(SEEDS + 500)]
    assert drawn([*seeds[:4723], seeds[0]]) == seeds[:4723]
    some = drawn(seeds)
    assert len(some) == SEEDS
    assert set(drawn(seeds[::-1])) == set(some)
    assert some != seeds[:SEEDS]


def test_what_does_not_compare_with_the_paper_is_said_in_the_report() -> None:
    assert "people" in definition(TruePicked())
    for metric in (Clusters(), InterCluster()):
        assert "only the direction compares" in definition(metric)
    assert "6,000 seeds" in definition(NewCategories())
