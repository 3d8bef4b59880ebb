from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from duologue.conversations.critic.quality import reading as module
from duologue.conversations.critic.quality.reading import Reader, Reading, reader_of
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli

SAID = ("I love horses. Do you?", "Horses, yes.", "I keep two horses.", "So do I!")


def _read(bench: Any, said: tuple[str, ...] = SAID) -> Reading:
    return Reading(said, bench.embedder, bench.nli, bench.toxicity)


def test_a_talk_is_taken_apart(bench: Any) -> None:
    reading = _read(bench)
    assert len(reading) == 4
    assert reading.words[1] == ("horses", "yes")
    assert reading.content[0] == ("love", "hors")
    assert reading.questions[0] == ("do you",)
    assert reading.told[0] == "I love horses."
    assert list(reading.of(1)) == [1, 3]
    assert list(reading.own_before(3)) == [1]
    assert reading.near[0] == 0.0
    assert len(reading.near) == 4
    assert reading.overlap(0, 2) == pytest.approx(2 / 5)
    assert reading.own_similarity(2) > reading.own_similarity(3)
    assert reading.own_similarity(1) == 0.0


def test_contradictions_are_between_own_claims_in_different_utterances(bench: Any) -> None:
    said = ("I have two horses. I have no horses.", "I have no horses.", "I never had any horses.", "Ok.")
    for one in ("I have two horses.", "I have no horses."):
        for other in ("I never had any horses.", "I have no horses."):
            bench.nli.contradicts(one, other)
    found = _read(bench, said).clashes
    assert [(c.first, c.second) for c in found] == [(0, 2), (0, 2)]
    assert all(0.5 <= c.score <= 1.0 for c in found)


def test_the_most_similar_claims_are_compared_and_no_more(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 2)
    said = ("I have two horses.", "Ok.", "I have brown horses.", "Ok.", "I have two horses now.", "Ok.")
    assert _read(bench, said).clashes == ()
    assert len(bench.nli.asked) == 4


def test_toxicity_is_judged_after_the_utterance_before(bench: Any) -> None:
    assert _read(bench, ("You idiot.", "So true.")).toxicity == pytest.approx((0.9, 0.8))
    assert Reading(("You idiot.",), bench.embedder, bench.nli).toxicity == (0.0,)


def test_nothing_is_said(bench: Any) -> None:
    empty = _read(bench, ())
    assert (empty.near, empty.clashes, empty.toxicity) == ((), (), ())


def test_readings_are_kept_and_shared(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    reader = Reader(bench.embedder, bench.nli)
    first = reader.read(SAID)
    assert reader.read(list(SAID)) is first
    reader.read(("A.",))
    reader.read(("B.",))
    assert reader.read(SAID) is not first
    assert reader_of(bench.embedder, bench.nli) is reader_of(bench.embedder, bench.nli)


def test_threads_that_ask_at_once_have_the_models_asked_once_and_hold_up_no_other_reading() -> None:
    other = threading.Event()
    asked: list[int] = []

    class Slow(ScriptedEmbedder):
        def embed(self, texts: Any) -> Any:
            asked.append(len(texts))
            if len(texts) == 2:
                assert other.wait(10)
            return super().embed(texts)

    models = (Slow(), ScriptedNli())
    first, second = Reading(["Hello.", "Hi."], *models), Reading(["Hello.", "Hi.", "So."], *models)
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(lambda: first.vectors) for _ in range(4)]
        pool.submit(lambda: second.vectors).result(10)
        other.set()
        assert len({id(one.result(10)) for one in waiting}) == 1
    assert sorted(asked) == [2, 3]
