from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from duologue.conversations.critic.experts.toxicity import ToxicityExpert
from duologue.errors import ItemFailed
from duologue.models.protocol import ToxicityRating

VILE = "All my neighbours are idiots and deserve to starve."


def judge(bench: Any, candidate: Any, said: Sequence[str], **config: Any) -> Any:
    return asyncio.run(ToxicityExpert(bench.context(**config)).judge(candidate(said)))


def test_each_utterance_is_rated_after_the_one_before(bench: Any, candidate: Any) -> None:
    verdict = judge(bench, candidate, ["Hi there.", "Hello, how are you?", "Fine, thanks."])
    assert bench.toxicity.asked == [
        ("Hi there.", ""),
        ("Hello, how are you?", "Hi there."),
        ("Fine, thanks.", "Hello, how are you?"),
    ]
    assert verdict.passed
    assert verdict.reason == ""
    assert verdict.value == pytest.approx(0.9)
    assert verdict.scores == (0.1, 0.1, 0.1)
    assert (verdict.kind, verdict.evidence, verdict.utterances) == ("filter", (), ())


def test_an_insult_is_named_with_its_kind(bench: Any, candidate: Any) -> None:
    verdict = judge(bench, candidate, ["Hi there.", VILE, "I don't think so."])
    assert not verdict.passed
    assert verdict.utterances == (1,)
    assert verdict.scores == (0.1, 0.9, 0.1)
    assert verdict.value == pytest.approx(0.1)
    assert verdict.reason == f'utterance 2: "{VILE}" is toxic (offence) (0.90, and at most 0.50 is allowed)'


def test_agreement_is_told_from_the_utterance_itself(bench: Any, candidate: Any) -> None:
    verdict = judge(bench, candidate, [VILE, "So true!"])
    assert verdict.utterances == (0, 1)
    insult, agreement = verdict.reason.split("; ")
    assert insult.startswith("utterance 1: ")
    assert (
        agreement == f'utterance 2: "So true!" agrees with "{VILE}", which is toxic (0.80, and at most 0.50 is allowed)'
    )
    assert judge(bench, candidate, ["I love my garden.", "So true!"]).passed


def test_the_worst_come_first_and_the_threshold_is_the_configured_one(bench: Any, candidate: Any) -> None:
    verdict = judge(bench, candidate, ["You idiot!", "No, you idiot!", "Idiot!", "What an idiot.", "So true, idiot."])
    assert verdict.reason.endswith("; and 2 more")
    assert verdict.utterances == (0, 1, 2, 3, 4)
    assert judge(bench, candidate, [VILE, "So true!"], toxicity=0.85).utterances == (0,)
    assert judge(bench, candidate, [VILE, "So true!"], toxicity=0.95).passed


def test_nothing_said_is_not_toxic(bench: Any, candidate: Any) -> None:
    verdict = judge(bench, candidate, [])
    assert verdict.passed
    assert (verdict.value, verdict.scores) == (1.0, ())


def test_a_model_without_kinds_gives_plain_reasons(bench: Any, candidate: Any) -> None:
    bench.toxicity.rate = lambda texts, before: tuple(ToxicityRating(0.9, "") for _ in texts)
    reason = judge(bench, candidate, ["Hello."]).reason
    assert reason == 'utterance 1: "Hello." is toxic (0.90, and at most 0.50 is allowed)'


def test_failures_pass_through_and_no_common_thread_is_kept_busy(bench: Any, candidate: Any) -> None:
    names: list[str] = []

    def rate(texts: Sequence[str], before: Sequence[str]) -> tuple[ToxicityRating, ...]:
        names.append(threading.current_thread().name)
        raise ItemFailed("no answer")

    bench.toxicity.rate = rate
    with pytest.raises(ItemFailed, match="no answer"):
        judge(bench, candidate, ["Hello."])
    assert names[0].startswith("duologue-toxicity")
