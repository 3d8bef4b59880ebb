from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from duologue.backends import embedded, grammar
from duologue.backends.embedded import EmbeddedBackend
from duologue.backends.embedded_text import PromptTokens, error_of, forced
from duologue.backends.protocol import Answer, Message, Request, Sampling
from duologue.errors import CallError, ModelError

T = TypeVar("T")
SHA = "0123456789abcdef" * 4
ASK = Request("test", f"m@{SHA[:12]}", (Message("user", "Say hello."),), Sampling(max_tokens=8))


class _Tokens(PromptTokens):
    """A stand-in for the tokeniser: one token per character, special texts become 0."""

    def __init__(self, template: str = "<s>{}</s>") -> None:
        super().__init__("http://127.0.0.1:1", "k")
        self.template = template

    def post(self, path: str, body: object) -> dict[str, object]:
        assert isinstance(body, dict)
        if path == "/apply-template":
            return {"prompt": "".join(self.template.format(m["content"]) for m in body["messages"]) + "<a>"}
        text = body["content"]
        if body["parse_special"]:
            for special in ("<s>", "</s>", "<a>"):
                text = text.replace(special, "\x00")
        return {"tokens": [ord(c) for c in text]}


def test_special_tokens_in_a_message_stay_text() -> None:
    ids = _Tokens().of((Message("user", "a</s><s>b"), Message("assistant", "c")), prefill="<a>")
    assert ids == [0, *map(ord, "a</s><s>b"), 0, 0, ord("c"), 0, 0, *map(ord, "<a>")]


def test_given_tokens_are_forced_one_by_one() -> None:
    assert _Tokens().plain("a<s>") == tuple(map(ord, "a<s>"))
    (body,) = forced({"prompt": [1]}, (5, 7), whole=True)
    assert body["grammar"] == "root ::= <[5]> <[7]>"
    assert body["n_predict"] == 2
    first, second = forced({"prompt": [1]}, (5, 7), whole=False)
    assert (first["prompt"], first["logit_bias"][0][0]) == ([1], 5)
    assert (second["prompt"], second["logit_bias"][0][0]) == ([1, 5], 7)


def test_a_template_that_drops_a_message_is_an_error() -> None:
    with pytest.raises(CallError, match="drops a message") as caught:
        _Tokens(template="<s>").of((Message("system", "x"),))
    assert caught.value.kind == "give_up"


def test_an_unreachable_server_may_be_tried_again() -> None:
    with pytest.raises(CallError) as caught:
        PromptTokens("http://127.0.0.1:1", "k").of((Message("user", "x"),))
    # With a status, for it says nothing of other calls.
    assert (caught.value.kind, caught.value.status) == ("retry", 500)


def test_errors_say_what_to_do_next() -> None:
    long = error_of(
        {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8, "message": "m"}
    )
    assert long.kind == "give_up"
    assert "9 tokens" in str(long)
    assert error_of({"code": 500, "message": "a\nb"}).kind == "retry"
    assert "\n" not in str(error_of({"code": 500, "message": "a\nb"}))
    assert (error_of("odd").kind, error_of("odd").status) == ("retry", 500)


def test_chunks_make_one_answer() -> None:
    top = [{"token": "a", "logprob": -0.5}]
    logprobs = {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": top}]}
    end = {
        "choices": [{"text": "", "finish_reason": "length", "logprobs": None}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}},
    }
    answer = embedded.answer_of(
        [{"choices": [{"text": "a", "logprobs": logprobs}]}, {"choices": [{"text": "b", "finish_reason": None}]}, end]
    )
    assert (answer.text, answer.finish) == ("ab", "length")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (5, 2, 3)
    assert [(t.token, t.logprob, t.top) for t in answer.logprobs] == [("a", -0.5, (("a", -0.5),))]


def test_a_stream_without_an_end_is_no_answer() -> None:
    with pytest.raises(CallError, match="broke off") as caught:
        embedded.answer_of([{"choices": [{"text": "a", "finish_reason": None}]}])
    assert caught.value.status == 500


@pytest.mark.parametrize("content", [b"", b"not a model at all", None])
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        asyncio.run(EmbeddedBackend(path, name="m", sha256=SHA, slots=1).start())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_runtime_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ModelError, match=r"duologue\[embedded\]"):
        asyncio.run(EmbeddedBackend(path, name="m", sha256=SHA, slots=1).start())


def test_no_answer_before_start_and_close_is_harmless(tmp_path: Path) -> None:
    backend = EmbeddedBackend(tmp_path / "m.gguf", name="m", sha256=SHA)
    assert backend.model == ASK.model
    with pytest.raises(CallError) as caught:
        asyncio.run(backend.answer(ASK))
    assert caught.value.kind == "stop"
    asyncio.run(backend.close())


@pytest.fixture
def weights() -> Path:
    pytest.importorskip("xllamacpp")
    from duologue.models.registry import find

    path = find("smollm2-135m").local_path()
    if path is None:
        pytest.skip("smollm2-135m is not on this machine; `make models` fetches it")
    return path


def _run(weights: Path, work: Callable[[EmbeddedBackend], Awaitable[T]]) -> T:
    async def whole() -> T:
        backend = EmbeddedBackend(weights, name="m", sha256=SHA, slots=2, context=512)
        await backend.start()
        try:
            return await work(backend)
        finally:
            await backend.close()

    return asyncio.run(whole())


@pytest.mark.embedded
def test_real_answers(weights: Path, capfd: pytest.CaptureFixture[str]) -> None:
    schema = orjson.dumps({"enum": ["yes", "no"]}).decode()

    async def work(backend: EmbeddedBackend) -> list[Answer]:
        line = replace(ASK, grammar=grammar.line(80), sampling=Sampling(max_tokens=60, stop=("\n",)))
        return [
            await backend.answer(ASK),
            await backend.answer(ASK),
            *await asyncio.gather(*(backend.answer(replace(line, sample=i)) for i in range(4))),
            await backend.answer(replace(ASK, json_schema=schema, sampling=Sampling(max_tokens=40))),
            await backend.answer(replace(ASK, top_logprobs=3, prefill="Hello, my name")),
        ]

    first, again, *lines, structured, begun = _run(weights, work)
    assert first.text == again.text
    assert again.cached_tokens > 0
    assert all(a.finish == "length" or a.text.rstrip()[-1] in ".!?" for a in lines)
    assert orjson.loads(structured.text) in ("yes", "no")
    assert begun.logprobs
    assert all(len(t.top) == 3 for t in begun.logprobs)
    assert not begun.text.startswith("Hello")
    assert capfd.readouterr().err == ""


@pytest.mark.embedded
def test_real_probabilities_of_given_text(weights: Path) -> None:
    """Forced token by token they are those of ordinary decoding, and what was said makes a sentence likelier."""
    near = (Message("user", "I treat horses at the clinic all night. Say it in other words."),)
    far = (Message("user", "The weather is bad again. Say it in other words."),)

    async def work(backend: EmbeddedBackend) -> list[Answer]:
        said = await backend.answer(replace(ASK, top_logprobs=1, sampling=Sampling(temperature=0.0, max_tokens=6)))
        again = replace(ASK, score=said.text)
        texts = ("I am a vet for horses.", "I am a vet for horses \U0001f434.")
        scored = [replace(ASK, messages=m, score=t) for t in texts for m in (near, far)]
        return [said, await backend.answer(again), *[await backend.answer(r) for r in scored]]

    said, again, likely, unlikely, drawn, other = _run(weights, work)
    assert again.text == said.text
    assert sum(t.logprob for t in again.logprobs) == pytest.approx(sum(t.logprob for t in said.logprobs), abs=0.2)
    assert len(likely.logprobs) == len(unlikely.logprobs)
    assert sum(t.logprob for t in likely.logprobs) > sum(t.logprob for t in unlikely.logprobs) + 3.0
    assert len(drawn.logprobs) == len(other.logprobs) > len(likely.logprobs)
    assert drawn.text.endswith("\U0001f434.")
    assert sum(t.logprob for t in drawn.logprobs[:6]) == pytest.approx(
        sum(t.logprob for t in likely.logprobs[:6]), abs=0.2
    )


@pytest.mark.embedded
def test_real_markup_in_a_message_costs_more_tokens_than_a_special_one(weights: Path) -> None:
    async def work(backend: EmbeddedBackend) -> tuple[Answer, Answer]:
        plain = replace(ASK, messages=(Message("user", "ab"),))
        marked = replace(ASK, messages=(Message("user", "a<|im_end|>b"),))
        return await backend.answer(plain), await backend.answer(marked)

    plain, marked = _run(weights, work)
    assert marked.prompt_tokens >= plain.prompt_tokens + 4


@pytest.mark.embedded
def test_real_refusals_cancelling_and_closing(weights: Path) -> None:
    long = replace(ASK, messages=(Message("user", "word " * 600),))
    endless = replace(ASK, grammar='root ::= "a"+ "!"', sampling=Sampling(max_tokens=400))

    async def work(backend: EmbeddedBackend) -> tuple[CallError, BaseException]:
        with pytest.raises(CallError) as caught:
            await backend.answer(long)
        cancelled = asyncio.create_task(backend.answer(endless))
        closed = asyncio.create_task(backend.answer(replace(endless, sample=1)))
        await asyncio.sleep(0.2)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await backend.close()
        return caught.value, (await asyncio.gather(closed, return_exceptions=True))[0]  # type: ignore[return-value]

    refused, stopped = _run(weights, work)
    assert refused.kind == "give_up"
    assert isinstance(stopped, CallError)
    assert stopped.kind == "stop"
