"""Log probabilities of a given text: the request's key, the endpoint's wire format, the scripted model, the log."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.backends import endpoint_wire as wire
from duologue.backends.protocol import Answer, Message, Request, Sampling
from duologue.backends.scripted import ScriptedBackend
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database
from duologue.store.reading import RunReader

PLAIN = Request("test", "m", (Message("user", "Say it."),), Sampling(max_tokens=8))
SCORED = Request("test", "m", (Message("user", "Say it."),), Sampling(max_tokens=8), score="I am a vet.")


def response(prompt: object) -> bytes:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}], "usage": {"prompt_tokens": 9}}
    return orjson.dumps(body | {"prompt_logprobs": prompt})


def place(token: str, logprob: float) -> dict[str, Any]:
    return {"7": {"logprob": logprob, "rank": 3, "decoded_token": token}, "8": {"logprob": -0.1, "decoded_token": "z"}}


def test_requests_without_a_score_keep_their_keys() -> None:
    # As it was before requests could have a score: answers logged then are still found.
    assert PLAIN.key == "6003d2040502bcb4b843260c8b313cc2c52af163ef8a053a6bda3613a80ec59a"
    assert SCORED.key != PLAIN.key


def test_the_text_goes_as_an_unfinished_answer() -> None:
    body = wire.body(SCORED, "m", frozenset())
    assert body["messages"][-1] == {"role": "assistant", "content": "I am a vet."}
    assert body["prompt_logprobs"] == 0
    assert body["continue_final_message"] is True
    assert body["add_generation_prompt"] is False
    assert body["max_tokens"] == 1
    assert "prompt_logprobs" not in wire.body(PLAIN, "m", frozenset())


def test_a_server_that_refuses_the_fields_by_name_gets_none() -> None:
    body = wire.body(SCORED, "m", frozenset())
    assert wire.refused_field("unrecognised request argument: prompt_logprobs", body) == "prompt_logprobs"
    assert "prompt_logprobs" not in wire.body(SCORED, "m", frozenset({"prompt_logprobs"}))


def test_the_tokens_at_the_prompts_end_are_the_texts() -> None:
    prompt = [
        None,
        place("user", -9.0),
        place("\n", -1.0),
        place("I", -2.0),
        place(" am a", -0.5),
        place(" vet.", -3.0),
    ]
    answer = wire.answer(response(prompt), SCORED)
    assert [(t.token, t.logprob) for t in answer.logprobs] == [("I", -2.0), (" am a", -0.5), (" vet.", -3.0)]
    assert answer.text == "I am a vet."


def test_what_can_not_be_has_a_number_too() -> None:
    raw = response([place("I am a vet.", 0.0)]).replace(b'"logprob":0.0', b'"logprob":-Infinity')
    assert [t.logprob for t in wire.answer(raw, SCORED).logprobs] == [-9999.0]


@pytest.mark.parametrize("prompt", [None, [], [None], "odd", [None, {"7": {}}], [None, place("other", -1.0)]])
def test_without_probabilities_there_are_none(prompt: object) -> None:
    answer = wire.answer(response(prompt), SCORED)
    assert answer.logprobs == ()
    assert answer.text == "I am a vet."


@given(
    st.recursive(st.none() | st.floats() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_no_list_of_probabilities_breaks_the_reader(prompt: object) -> None:
    assert wire.answer(response(prompt), SCORED).logprobs == ()


def test_the_scripted_model_finds_known_words_likelier() -> None:
    answer = asyncio.run(ScriptedBackend().answer(Request("x", "m", (Message("user", "a VET"),), score="a vet here")))
    assert [(t.token, t.logprob) for t in answer.logprobs] == [("a", -1.0), ("vet", -1.0), ("here", -6.0)]


def test_a_scored_call_is_logged_with_its_text() -> None:
    async def run(folder: Path) -> None:
        database = Database(folder)
        log = CallLog(database, await revisions.begin(database, "f", {}))
        await log.put(SCORED.key, SCORED, Answer("I am a vet."), 0.1, 1)
        log.close()
        database.close()

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name)))
        with RunReader(name) as reader:
            (call,) = reader.calls()
    assert call["request"]["score"] == "I am a vet."
