from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.backends.protocol import Answer, Message, Request, Sampling, TokenLogprob
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database
from duologue.store.reading import RunReader

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
ANSWER = st.builds(
    Answer,
    text=TEXT,
    finish=st.sampled_from(["stop", "length"]),
    prompt_tokens=st.integers(0, 10**6),
    completion_tokens=st.integers(0, 10**6),
    cached_tokens=st.integers(0, 10**6),
    logprobs=st.lists(
        st.builds(TokenLogprob, token=TEXT, logprob=FLOAT, top=st.lists(st.tuples(TEXT, FLOAT), max_size=2).map(tuple))
        | st.builds(lambda token, logprob: TokenLogprob(token, logprob, ((token, logprob),)), TEXT, FLOAT),
        max_size=2,
    ).map(tuple),
)
REQUEST = st.builds(
    Request,
    purpose=st.sampled_from(["a", "b"]),
    model=TEXT,
    messages=st.lists(st.builds(Message, role=st.sampled_from(["system", "user"]), content=TEXT), max_size=3).map(
        tuple
    ),
    sample=st.integers(0, 5),
    grammar=st.none() | TEXT,
    json_schema=st.none() | st.just('{"type":"object"}' * 20),
    prefill=TEXT,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(REQUEST, ANSWER), max_size=6))
def test_answers_and_requests_come_back_as_they_were(calls: list[tuple[Request, Answer]]) -> None:
    first: dict[str, tuple[Request, Answer]] = {}
    for request, answer in calls:
        first.setdefault(request.key, (request, answer))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        async def run() -> None:
            database = Database(folder)
            log = CallLog(database, await revisions.begin(database, "f", {}))
            for request, answer in calls:
                await log.put(request.key, request, answer, 0.5, 1)
            for key, (_, answer) in first.items():
                assert log.get(key) == answer
            assert log.spent() == (
                sum(a.prompt_tokens for _, a in calls),
                sum(a.completion_tokens for _, a in calls),
            )
            log.close()
            database.close()

        asyncio.run(run())
        with RunReader(folder) as reader:
            logged = {call["key"]: call for call in reader.calls()}
            assert set(logged) == set(first)
            for key, (request, answer) in first.items():
                stored = logged[key]["request"]
                assert [(m["role"], m["content"]) for m in stored["messages"]] == [
                    (m.role, m.content) for m in request.messages
                ]
                assert stored.get("grammar") == request.grammar
                assert stored.get("json_schema") == request.json_schema
                assert stored.get("prefill", "") == request.prefill
                assert logged[key]["answer"]["text"] == answer.text
            assert sum(t.calls for t in reader.call_totals()) == len(first)


def test_what_writer_and_judge_ask_at_the_same_time_is_paid_for_twice(tmp_path: Path) -> None:
    """One model under one key has a call from either engine: one answer is logged, both prices are."""
    request = Request("judge.depth", "m", (Message("user", "Hi"),))

    async def both() -> None:
        database = Database(tmp_path)
        log = CallLog(database, await revisions.begin(database, "f", {}))
        await asyncio.gather(*(log.put(request.key, request, Answer(text, "stop", 10, 2), 0.1, 1) for text in "ab"))
        assert log.spent() == (20, 4)
        log.close()
        database.close()

    asyncio.run(both())
    with RunReader(tmp_path) as reader:
        assert [call["answer"]["text"] for call in reader.calls()] == ["a"]
        assert [(f["kind"], f["prompt_tokens"], f["completion_tokens"]) for f in reader.failed_calls()] == [
            ("wasted", 10, 2)
        ]


def test_shared_texts_are_stored_once(tmp_path: Path) -> None:
    instructions = "Be kind. " * 100

    async def run() -> None:
        database = Database(tmp_path)
        log = CallLog(database, await revisions.begin(database, "f", {}))
        for i in range(20):
            request = Request("a", "m", (Message("system", instructions), Message("user", str(i))), Sampling(0.0))
            await log.put(request.key, request, Answer("x", prompt_tokens=3), float(i), 1)
        log.failed("k", "a", "wasted", "cut off", 1, 5, 7)
        log.reused("a", 2, 0)
        log.reused("a", 1, 4)
        await database.flush()
        assert log.spent() == (65, 7)
        assert log.get("unknown") is None
        log.close()
        database.close()

    asyncio.run(run())
    with RunReader(tmp_path) as reader:
        assert [c["seconds"] for c in reader.calls(slowest=2)] == [19.0, 18.0]
        assert next(reader.calls())["request"]["messages"][0]["content"] == instructions
        assert [f["message"] for f in reader.failed_calls()] == ["cut off"]
        assert reader.reuse() == {"a": (3, 4)}
    assert (tmp_path / "run.sqlite").stat().st_size < 20 * len(instructions) + 100_000
