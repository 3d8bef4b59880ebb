from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from duologue.errors import ModelError, UsageError
from duologue.models.embedder import load_embedder
from duologue.models.protocol import Embedder, Floats
from duologue.models.scripted import ScriptedEmbedder

SIMILAR = [
    ("I love my dog.", "I have a puppy that I adore."),
    ("I work as an accountant.", "My job is in accounting."),
    ("I grew up in a small town by the sea.", "I was raised in a little coastal village."),
    ("I play the guitar in a band.", "I am a musician in a rock group."),
    ("I am a vegetarian.", "I do not eat meat."),
]


def test_names() -> None:
    assert isinstance(load_embedder("scripted"), ScriptedEmbedder)
    with pytest.raises(UsageError, match=r"small_models\.embedder.*use minilm or scripted"):
        load_embedder("bert")


def test_a_model_that_is_not_here_is_not_fetched_when_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOGUE_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="duologue models pull minilm"):
        load_embedder("minilm", fetch=False)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return load_embedder("minilm")


@pytest.mark.embedded
def test_similar_sentences_are_nearer_than_others(minilm: Embedder) -> None:
    left = minilm.embed([a for a, _ in SIMILAR])
    right = minilm.embed([b for _, b in SIMILAR])
    cosines = left @ right.T
    for row in range(len(SIMILAR)):
        others = np.delete(cosines[row], row)
        assert cosines[row, row] > 0.4
        assert cosines[row, row] > others.max() + 0.15


@pytest.mark.embedded
def test_rows_are_unit_vectors_in_the_order_asked(minilm: Embedder) -> None:
    texts = ["I like tea.", "", "I like tea.", "x " * 5000, "\U0001f600 ünïcode", "[CLS] <|im_end|> {braces}"]
    vectors = minilm.embed(texts)
    assert vectors.shape == (6, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert minilm.embed([]).shape == (0, 384)


@pytest.mark.embedded
def test_a_vector_does_not_depend_on_its_company_or_thread(minilm: Embedder) -> None:
    texts = [f"I have {n} {'very ' * (n % 9)}old cats" for n in range(40)]
    together = load_embedder("minilm").embed(texts)
    alone = load_embedder("minilm", threads=1)
    np.testing.assert_allclose(np.vstack([alone.embed([text]) for text in texts[:12]]), together[:12], atol=1e-5)
    results: list[Floats] = []
    threads = [threading.Thread(target=lambda: results.append(minilm.embed(texts))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 3
    for result in results:
        np.testing.assert_allclose(result, together, atol=1e-5)
