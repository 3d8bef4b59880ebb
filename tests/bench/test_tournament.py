"""bench/tournament.py: the simulation is what it says it is."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.tournament import Judge, World, candidates, exhaustive, hold, play, slope

from duologue.conversations.critic.tournament import Scheme


def _answers(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1, 2, (5, n, n)).astype(np.int8)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("scored", [True, False])
def test_the_exhaustive_winner_is_the_librarys(seed: int, scored: bool) -> None:
    n = 2 + seed % 4
    scores = np.random.default_rng(seed).standard_normal(n) if scored else np.zeros(n)
    answers = _answers(n, seed)
    assert hold(candidates(n), answers, scores, Scheme("exhaustive")).winner.sample == exhaustive(answers, scores)


def test_right_is_how_often_an_unbiased_answer_names_the_stronger() -> None:
    world = replace(World(), right=0.7, bias=0.0)
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(400):
        strengths = rng.standard_normal(2)
        effects = np.triu(world.duel * rng.standard_normal((2, 2)), 1)
        deviations = world.deviation * rng.standard_normal((5, 2))
        said = Judge(world, strengths, deviations, effects - effects.T, np.zeros(5)).answers(rng)[:, 0, 1]
        better = 1 if strengths[0] > strengths[1] else -1
        hits += [(1 + better * int(a)) / 2 for a in said]
    assert np.mean(hits) == pytest.approx(0.7, abs=0.05)
    assert slope(replace(world, right=0.8)) > slope(world) > slope(replace(world, right=0.6))


def test_the_exhaustive_scheme_does_not_always_agree_with_itself() -> None:
    world = World(entrants=4, right=0.55)
    results = [play(world, seed) for seed in range(12)]
    assert 0 < sum(r.rerun for r in results) < 12
    assert all(0 < r.calls <= 60 for r in results)
    assert results[:2] == [play(world, seed) for seed in range(2)]


def test_a_judge_without_noise_has_one_winner() -> None:
    world = World(entrants=4, right=0.999, deviation=0.0, duel=0.0, tie=0.0, bias=0.0)
    results = [play(world, seed) for seed in range(6)]
    assert all(r.same and r.rerun and r.best == (True, True) for r in results)
    assert all(r.loss[0] == 0.0 for r in results)
