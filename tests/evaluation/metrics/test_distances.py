"""Agreement of distances and spreads with reference implementations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance
from sklearn.metrics.pairwise import cosine_distances

from duologue.evaluation.metrics.diversity import evenness
from duologue.evaluation.metrics.expansion import between
from duologue.evaluation.metrics.likeness import frechet, jensen_shannon, wasserstein
from duologue.evaluation.metrics.spread import vendi
from duologue.evaluation.reference import act_shares
from duologue.evaluation.topics import Topics
from duologue.evaluation.view import View

STREAM = np.random.default_rng(0)


def test_frechet_is_that_of_the_matrix_root() -> None:
    one, other = STREAM.normal(size=(300, 12)), STREAM.normal(0.4, 1.7, size=(250, 12))
    first, second = ((x.mean(axis=0), np.cov(x, rowvar=False)) for x in (one, other))
    cross = np.trace(np.real(sqrtm(first[1] @ second[1])))
    expected = np.square(first[0] - second[0]).sum() + np.trace(first[1]) + np.trace(second[1]) - 2 * cross
    assert frechet(*first, *second) == pytest.approx(expected, rel=1e-6)
    assert frechet(*first, *first) == pytest.approx(0.0, abs=1e-6)
    assert frechet(*first, *second) == pytest.approx(frechet(*second, *first), rel=1e-6)


def test_vendi_is_that_of_the_similarity_matrix() -> None:
    rows = STREAM.normal(size=(40, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values = np.linalg.eigvalsh((rows @ rows.T).astype(np.float64) / len(rows))
    values = values[values > 1e-9]
    assert vendi(rows) == pytest.approx(float(np.exp(-(values * np.log(values)).sum())), rel=1e-4)
    assert vendi(np.eye(6, dtype=np.float32)) == pytest.approx(6.0)
    assert vendi(np.tile(np.eye(6, dtype=np.float32)[0], (5, 1))) == pytest.approx(1.0)


def test_vendi_is_that_of_the_authors_package() -> None:
    # Of vendi-score 0.0.3 (numpy 2.4.6, scipy 1.17.1): score_dual, which takes rows of any length.
    waves = np.cos(np.outer(np.arange(1, 13), np.arange(1, 6)))
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    assert vendi(waves.astype(np.float32)) == pytest.approx(4.7294143413814655, rel=1e-6)
    assert vendi(np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 2, 2, 3]]) == pytest.approx(3.5859888270569535, rel=1e-6)


def test_distances_of_distributions_are_scipys() -> None:
    first, second = STREAM.integers(1, 30, 200).tolist(), STREAM.integers(3, 50, 70).tolist()
    assert wasserstein(first, second) == pytest.approx(wasserstein_distance(first, second))
    one, other = STREAM.dirichlet(np.ones(7)), STREAM.dirichlet(np.ones(7))
    assert jensen_shannon(one.tolist(), other.tolist()) == pytest.approx(float(jensenshannon(one, other, base=2)))
    assert jensen_shannon([1.0, 0.0], [0.0, 1.0]) == pytest.approx(1.0)


def test_evenness_is_entropy_over_its_greatest() -> None:
    items = list("aabbbcd")
    expected = entropy([2, 3, 1, 1]) / np.log(7)
    assert evenness(items) == pytest.approx(float(expected))
    assert evenness(["a", "a"]) == 0.0
    assert evenness(["a"]) is None


def test_distance_between_centres_is_the_mean_over_pairs() -> None:
    rows = STREAM.normal(size=(20, 6)).astype(np.float32)
    pairs = cosine_distances(rows)[np.triu_indices(20, 1)]
    assert between(rows) == pytest.approx(float(pairs.mean()), rel=1e-5)


def test_topics_part_what_is_apart() -> None:
    talks = [f"{a} {b} {a} {c}" for a, b, c in [("dog", "cat", "pony"), ("boat", "sail", "wave")] for _ in range(30)]
    found = Topics(talks, 2)
    assert {frozenset(words) for words in found.words} == {
        frozenset(("dog", "cat", "pony")),
        frozenset(("boat", "sail", "wave")),
    }
    shares = found.shares(talks)
    assert shares.shape == (60, 2)
    assert shares.sum(axis=1) == pytest.approx(np.ones(60))
    assert {int(row.argmax()) for row in shares[:30]} != {int(row.argmax()) for row in shares[30:]}


def test_acts_are_told_apart(make_view: Callable[..., View]) -> None:
    view = make_view(
        "Hello there!", "Hi, do you ski?", "Every winter.", "I love the snow.", "Yes, so white.", "Goodbye!"
    )
    assert view.acts == ("greeting", "question", "answer", "statement about oneself", "agreement", "goodbye")
    assert sum(act_shares([view])) == pytest.approx(1.0)


def test_who_speaks_first_is_user_1_of_the_candidate(make_view: Callable[..., View]) -> None:
    from dataclasses import replace

    view = make_view("Hi.", "Ho.", one=["I a."], two=["I b."])
    turned = replace(
        view.dialogue,
        utterances=tuple(replace(u, speaker=2 if u.speaker == 1 else 1) for u in view.dialogue.utterances),
    )
    candidate = View(turned, view.roles).candidate
    assert candidate.pair.user_1.attributes[0].text == "I b."
    assert candidate.utterances == ("Hi.", "Ho.")
    silent = replace(view.dialogue, utterances=tuple(replace(u, speaker=2) for u in view.dialogue.utterances))
    assert View(silent, view.roles).candidate.utterances == ("Hi. Ho.",)
