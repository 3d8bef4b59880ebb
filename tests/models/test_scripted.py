from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.models.nli import LABELS
from duologue.models.scripted import ScriptedEmbedder, ScriptedFit, ScriptedNli, ScriptedToxicity


@given(st.lists(st.text(max_size=40), max_size=8))
def test_vectors_have_unit_length_and_depend_on_the_text_only(texts: list[str]) -> None:
    model = ScriptedEmbedder()
    vectors = model.embed(texts)
    assert vectors.shape == (len(texts), 256)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(vectors[row], model.embed([text])[0])


def test_shared_words_mean_similarity() -> None:
    dogs, walks, tax = ScriptedEmbedder().embed(
        ["I love my two dogs", "I walk the dog, I love that", "She files tax forms"]
    )
    assert dogs @ walks > 0.5
    assert abs(dogs @ tax) < 0.3
    one, other = ScriptedEmbedder().embed(["I painted houses", "Painting a house"])
    assert one @ other == pytest.approx(1.0, abs=1e-5)


def test_vectors_are_the_same_in_another_process() -> None:
    script = "from duologue.models.scripted import *; print(ScriptedEmbedder().embed(['I love dogs'])[0].argmax())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) == int(ScriptedEmbedder().embed(["I love dogs"])[0].argmax())


@pytest.mark.parametrize(
    ("premise", "hypothesis", "label"),
    [
        ("I love my two dogs", "I like dogs", "entailment"),
        ("I do not eat meat", "I never eat meat", "entailment"),
        ("I am married", "I am not married", "contradiction"),
        ("I like dogs", "I hate dogs", "contradiction"),
        ("I don't like dogs", "I love dogs", "contradiction"),
        ("I dont drive a car", "I drive a car", "contradiction"),
        ("I do not hate dogs", "I like dogs", "entailment"),
        ("I like cats", "I like dogs", "neutral"),
        ("I have no car", "I work in a shop", "neutral"),
        ("Do you like dogs?", "I like dogs", "neutral"),
        ("", "I like dogs", "neutral"),
        ("I am", "You are", "neutral"),
    ],
)
def test_inference_by_rule(premise: str, hypothesis: str, label: str) -> None:
    (row,) = ScriptedNli().predict([(premise, hypothesis)])
    assert LABELS[int(row.argmax())] == label
    assert row.sum() == pytest.approx(1.0)


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=6))
def test_inference_of_any_text(pairs: list[tuple[str, str]]) -> None:
    result = ScriptedNli().predict(pairs)
    assert result.shape == (len(pairs), 3)
    np.testing.assert_allclose(result.sum(axis=1), 1.0, atol=1e-6)


def test_toxicity() -> None:
    scores = ScriptedToxicity().score(["You IDIOT!", "What a lovely day", ""])
    np.testing.assert_allclose(scores, [0.95, 0.02, 0.02])
    assert ScriptedToxicity().score([]).shape == (0,)
    assert scores.dtype == np.float32


def test_fit_by_shared_words() -> None:
    pairs = [
        ("Do you have a dog?", "My dog is old."),
        ("Do you have a dog?", "I bake bread."),
        ("Nice. Do you have a dog?", "do you have a dog"),
        ("Do you have a dog?", "..."),
        ("", "I bake bread."),
    ]
    scores = ScriptedFit().score(pairs)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [0.6, 0.5, 0.1, 0.1, 0.5])
    assert ScriptedFit().score([]).shape == (0,)
