"""bench/llm_nli.py, with a backend that answers with the probabilities it is given."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from duologue.backends.protocol import Answer, Features, Request, TokenLogprob

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from llm_nli import LlmNli, figures  # type: ignore[import-not-found, unused-ignore]


class Told:
    """Says False where a sentence holds "no", else Unclear; some of the probability goes to other words."""

    name = model = "told"
    features = Features(logprobs=True, slots=2)

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def answer(self, request: Request) -> Answer:
        text = request.messages[-1].content
        self.asked.append(text)
        word = "False" if " no " in text else "Un"
        top = ((word, math.log(0.6)), ("True", math.log(0.2)), ("Maybe", math.log(0.2)))
        return Answer(word, logprobs=(TokenLogprob(word, math.log(0.6), top),))


def test_labels_are_the_probabilities_of_the_answers_and_pairs_are_asked_once() -> None:
    backend = Told()
    nli = LlmNli(backend)
    pairs = [("I have a dog.", "I have no dog."), ("I bake.", "I\nswim."), ("I bake.", "I\nswim.")]
    found = nli.predict(pairs)
    assert found.shape == (3, 3)
    assert found[0] == pytest.approx([0.25, 0.0, 0.75], abs=1e-4)
    assert found[1] == pytest.approx([0.25, 0.75, 0.0], abs=1e-4)
    nli.predict(pairs[:1])
    assert backend.asked == ["First: I have a dog.\nSecond: I have no dog.", "First: I bake.\nSecond: I swim."]
    assert "balanced 1.000" in figures(nli, pairs, np.array([2, 1, 1]))
    assert nli.predict([]).shape == (0, 3)
    nli.close()


def test_an_answer_without_probabilities_tells_nothing() -> None:
    class Mute(Told):
        async def answer(self, request: Request) -> Answer:
            return Answer("?")

    assert LlmNli(Mute()).predict([("a", "b")])[0] == pytest.approx([1 / 3] * 3)
