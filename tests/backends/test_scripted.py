from __future__ import annotations

import asyncio
import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.backends.protocol import Answer, Message, Request, Sampling
from duologue.backends.scripted import ScriptedBackend
from duologue.errors import CallError

PROMPT = """Here is an example.
User 1's profile:
- I collect stamps in a castle.

Now write about these two.
User 1's profile:
- I love hiking with my two dogs.
- My wife is a nurse.
User 2's profile:
- I am a retired teacher.
- I play the piano every evening.
Write exactly {n} utterances."""


def answer(purpose: str, text: str, backend: ScriptedBackend | None = None, **more: Any) -> Answer:
    request = Request(purpose, "scripted", (Message("user", text),), **more)
    return asyncio.run((backend or ScriptedBackend()).answer(request))


def lines(text: str) -> list[tuple[int, str]]:
    found = [re.fullmatch(r"User ([12]): (.+)", line) for line in text.splitlines()]
    return [(int(m[1]), m[2]) for m in found if m is not None]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 30), st.integers(0, 50))
def test_a_whole_conversation_has_the_asked_length_and_alternates(n: int, sample: int) -> None:
    found = answer("generator.whole", PROMPT.format(n=n), sample=sample, sampling=Sampling(max_tokens=5000))
    assert [speaker for speaker, _ in lines(found.text)] == [i % 2 + 1 for i in range(n)]
    assert len({text for _, text in lines(found.text)}) == n


def test_each_speaker_brings_in_its_own_attributes_in_other_words() -> None:
    said = lines(answer("generator.whole", PROMPT.format(n=16), sampling=Sampling(max_tokens=5000)).text)
    one = " ".join(text for speaker, text in said if speaker == 1)
    two = " ".join(text for speaker, text in said if speaker == 2)
    for words in ("hiking", "two dogs", "nurse"):
        assert words in one
        assert words not in two
    for words in ("retired teacher", "piano"):
        assert words in two
        assert words not in one
    assert "I love hiking with my two dogs" not in one
    assert "castle" not in one + two


def test_answers_follow_from_the_request_alone() -> None:
    assert answer("expansion.attribute", "x") == answer("expansion.attribute", "x", ScriptedBackend(delay=0.001))
    assert answer("expansion.attribute", "x") != answer("expansion.attribute", "x", ScriptedBackend(seed=1))
    made = {answer("expansion.attribute", "x", sample=i).text for i in range(300)}
    assert len(made) > 280
    assert all(re.fullmatch(r"I [^?\n]+\.", text) for text in made)
    assert all(3 <= len(text.split()) <= 25 for text in made)


@pytest.mark.parametrize("purpose", ["expansion.query", "expansion.bootstrap_query"])
def test_queries_are_questions(purpose: str) -> None:
    assert answer(purpose, "x").text.endswith("?")


def test_a_turn_is_one_line_and_does_not_repeat_what_was_said() -> None:
    history = "Your profile:\n- I am a retired teacher.\n- I play the piano every evening.\nSo far:\n"
    said: list[str] = []
    for _ in range(8):
        said.append(answer("generator.turn", history + "\n".join(said)).text)
        assert "\n" not in said[-1]
    assert len(set(said)) == 8
    assert sum("teacher" in s for s in said) <= 1


@pytest.mark.parametrize(
    ("question", "allowed"),
    [
        ("Is it faithful? Answer yes or no.", {"yes", "no"}),
        ("Which is better, A or B?", {"A", "B"}),
        ("Rate it, 1 to 5.", set("12345")),
    ],
)
def test_a_judge_answers_in_the_words_asked_for(question: str, allowed: set[str]) -> None:
    found = [answer("judge.x", f"{question} {i}.", top_logprobs=2) for i in range(40)]
    texts = {a.text for a in found}
    assert texts <= allowed
    assert len(texts) > 1
    for a in found:
        (token,) = a.logprobs
        assert token.token == a.text == token.top[0][0]
        assert token.top[0][1] >= token.top[1][1]


def test_a_schema_is_followed() -> None:
    schema = {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": ["yes", "no"]},
            "reason": {"type": "string"},
            "score": {"type": "integer", "minimum": 2, "maximum": 4},
            "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        },
    }
    made = orjson.loads(answer("judge.x", "yes or no?", json_schema=orjson.dumps(schema).decode()).text)
    assert made["verdict"] in ("yes", "no")
    assert isinstance(made["reason"], str)
    assert 2 <= made["score"] <= 4
    assert [type(v) for v in made["list"]] == [bool, bool]
    whole = {"type": "object", "properties": {"utterances": {"type": "array", "items": {"type": "object"}}}}
    text = answer(
        "generator.whole",
        PROMPT.format(n=4),
        json_schema=orjson.dumps(whole).decode(),
        sampling=Sampling(max_tokens=5000),
    ).text
    assert [u["speaker"] for u in orjson.loads(text)["utterances"]] == [1, 2, 1, 2]


def test_stops_prefills_and_limits_are_kept() -> None:
    prompt = PROMPT.format(n=6)
    full = answer("generator.whole", prompt, sampling=Sampling(max_tokens=5000)).text
    assert full.startswith("User 1: ")
    prefilled = answer("generator.whole", prompt, prefill="User 1:", sampling=Sampling(max_tokens=5000)).text
    assert not prefilled.startswith("User 1:")
    stopped = answer("generator.whole", prompt, sampling=Sampling(max_tokens=5000, stop=("\n",)))
    assert "\n" not in stopped.text
    cut = answer("generator.whole", prompt, sampling=Sampling(max_tokens=5))
    assert (len(cut.text), cut.finish) == (20, "length")


def test_faults_come_as_asked() -> None:
    backend = ScriptedBackend(fail_every=3, fail_kind="busy", poison=lambda r: r.messages[0].content == "bad")
    kinds = []
    for text in ("a", "b", "c", "d", "bad"):
        try:
            answer("expansion.query", text, backend)
            kinds.append("ok")
        except CallError as error:
            kinds.append(error.kind)
    assert kinds == ["ok", "ok", "busy", "ok", "give_up"]
