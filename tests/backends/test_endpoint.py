from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from duologue.backends import endpoint
from duologue.backends import endpoint_wire as wire
from duologue.backends.endpoint import EndpointBackend, read_key
from duologue.backends.endpoint_errors import WastedCall, classify, one_line, retry_after
from duologue.backends.protocol import Answer, Message, Request, Sampling, TokenLogprob
from duologue.config.sections import BudgetConfig, EngineConfig, ModelConfig
from duologue.engine.engine import Engine
from duologue.errors import CallError, ConfigError, DuologueError, RunStopped, UsageError
from duologue.store import revisions
from duologue.store.call_log import CallLog
from duologue.store.database import Database

KEY = "sk-planted-4f9a1c7e55d2"
Handler = Callable[[dict[str, Any]], web.Response]


def completion(text: object = "Hello.", **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}}
    return {"choices": [choice], "usage": usage}


def ask(**more: Any) -> Request:
    return Request("generator.turn", "m", (Message("system", "Be kind."), Message("user", "Hi {you}\x00")), **more)


def with_server(
    handler: Handler,
    use: Callable[[EndpointBackend], Awaitable[Any]],
    seen: list[web.Request] | None = None,
    **config: Any,
) -> Any:
    """Run ``use`` on a backend whose server answers with ``handler(body)``."""

    async def handle(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append(request)
        return handler(await request.json())

    async def run() -> Any:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        backend = EndpointBackend(
            f"http://127.0.0.1:{port}/v1/", "m", "K", EngineConfig.model_validate(config), environ={"K": KEY}
        )
        await backend.start()
        try:
            return await use(backend)
        finally:
            await backend.close()
            await runner.cleanup()

    return asyncio.run(run())


def failing(status: int, message: str = "no", headers: dict[str, str] | None = None, **error: Any) -> CallError:
    """The error that a status becomes, by way of a real server."""

    async def use(backend: EndpointBackend) -> CallError:
        with pytest.raises(CallError) as caught:
            await backend.answer(ask())
        return caught.value

    def handler(body: dict[str, Any]) -> web.Response:
        return web.json_response({"error": {"message": message, **error}}, status=status, headers=headers)

    found: CallError = with_server(handler, use)
    return found


def test_a_request_is_sent_and_its_answer_read() -> None:
    bodies: list[dict[str, Any]] = []
    seen: list[web.Request] = []

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        logprobs = {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "b", "logprob": -2}]}]}
        return web.json_response(completion("Hi.", finish_reason="length", logprobs=logprobs))

    async def use(backend: EndpointBackend) -> Answer:
        await backend.answer(ask())
        sampling = Sampling(0.5, 20, 0.9, 0.1, 1.2, 64, ("\n",))
        return await backend.answer(
            ask(sampling=sampling, sample=2, seed=1, top_logprobs=3, json_schema='{"type":"object"}')
        )

    answer = with_server(handler, use, seen)
    assert answer == Answer("Hi.", "length", 7, 3, 5, (TokenLogprob("a", -0.5, (("b", -2.0),)),))
    plain, full = bodies
    assert plain["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi {you}\x00"}]
    assert set(plain) == {"model", "messages", "temperature", "max_tokens", "seed", "top_k"}
    assert (full["top_p"], full["top_k"], full["min_p"], full["repeat_penalty"], full["stop"]) == (
        0.9,
        20,
        0.1,
        1.2,
        ["\n"],
    )
    assert (full["logprobs"], full["top_logprobs"]) == (True, 3)
    assert full["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert full["seed"] != plain["seed"]
    assert seen[0].headers["Authorization"] == f"Bearer {KEY}"


def test_the_answer_does_not_know_the_network() -> None:
    """One connection is kept and used again."""
    seen: list[web.Request] = []

    async def use(backend: EndpointBackend) -> None:
        for _ in range(3):
            await backend.answer(ask())

    with_server(lambda body: web.json_response(completion()), use, seen)
    assert len({id(r.protocol) for r in seen}) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "stop"), (403, "stop"), (402, "stop"), (404, "stop"), (400, "give_up"), (413, "give_up"), (408, "retry"),
     (409, "retry"), (500, "retry"), (502, "busy"), (503, "busy"), (504, "busy"), (429, "busy"), (307, "stop")],
)  # fmt: skip
def test_errors_are_classed(status: int, kind: str) -> None:
    error = failing(status, "the provider's words")
    assert error.kind == kind
    assert error.status == status
    assert str(status) in str(error)
    assert "the provider's words" in str(error) or status == 307


def test_an_exhausted_quota_is_not_a_busy_server() -> None:
    assert failing(429, "You exceeded your current quota", code="insufficient_quota").kind == "stop"
    assert failing(400, "no such model", code="model_not_found").kind == "stop"


@pytest.mark.parametrize(
    "error",
    [
        {"message": "m requires moderation on Azure", "code": 403},
        {"code": 403, "metadata": {"reasons": ["violence"], "flagged_input": "a knife"}},
        {"code": "content_filter"},
        {"code": 403, "metadata": {"error_type": "content_policy_violation"}},
    ],
)
def test_a_prompt_that_a_filter_refuses_fails_alone(error: dict[str, Any]) -> None:
    refused = failing(403, **error)
    assert refused.kind == "give_up"
    assert "check the key" not in str(refused)
    assert failing(403, "you may not use this model", code=403).kind == "stop"


def test_retry_after_is_read_as_seconds_or_date() -> None:
    assert failing(429, headers={"Retry-After": "7"}).retry_after == 7.0
    in_a_minute = retry_after({"Retry-After": formatdate(time.time() + 60, usegmt=True)})
    assert in_a_minute is not None
    assert 50 < in_a_minute <= 61
    assert retry_after({"Retry-After": formatdate(0)}) == 0.0
    assert retry_after({"retry-after-ms": "250"}) == 0.25
    far = "Mon, 01 Jan 2024 00:00:00 +99999999999999"
    for odd in ({}, {"Retry-After": "soon"}, {"Retry-After": "nan"}, {"Retry-After": ""}, {"Retry-After": far}):
        assert retry_after(odd) is None


@given(st.text(max_size=20), st.binary(max_size=400), st.integers(300, 599))
def test_any_error_body_makes_one_short_line(value: str, body: bytes, status: int) -> None:
    error = classify(status, {"Retry-After": value}, body, where="http://h", key=KEY)
    assert str(error).isprintable()
    assert len(str(error)) < 450


def test_messages_are_cut_and_made_harmless() -> None:
    assert one_line("a\n\x1b[31m b\u202e") == "a [31m b"
    assert len(one_line("x" * 1000)) == 300
    assert (
        classify(500, {}, b'{"detail":[{"loc":["body"],"msg":"bad"}]}', where="s")
        .args[0]
        .startswith("s answered 500: ")
    )
    assert "base_url" in str(classify(404, {}, b"", where="s"))


def test_what_a_server_refuses_is_left_out_from_then_on() -> None:
    bodies: list[dict[str, Any]] = []

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        for field in ("response_format", "top_k", "max_tokens"):
            kind = body.get("response_format", {}).get("type")
            if field in body and (field != "response_format" or kind == "json_schema"):
                hint = "; use 'max_completion_tokens' instead" if field == "max_tokens" else ""
                return web.json_response({"error": {"message": f"Unsupported parameter: {field}{hint}"}}, status=400)
        return web.json_response(completion("{}"))

    async def use(backend: EndpointBackend) -> None:
        for _ in range(2):
            await backend.answer(ask(json_schema='{"type":"object"}'))

    with_server(handler, use)
    assert len(bodies) == 5
    for body in bodies[-2:]:
        assert body["response_format"] == {"type": "json_object"}
        assert "top_k" not in body
        assert body["max_completion_tokens"] == 512


def test_what_a_model_lets_nobody_set_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    bodies: list[dict[str, Any]] = []

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        said = None
        if "temperature" in body:
            said = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."
        elif "stop" in body:
            said = "stop_sequences: each stop sequence must contain non-whitespace"
        if said:
            return web.json_response({"error": {"message": said, "type": "invalid_request_error"}}, status=400)
        return web.json_response(completion("\nFirst line.\nSecond line.", finish_reason="length"))

    async def use(backend: EndpointBackend) -> None:
        for sample in range(2):
            answer = await backend.answer(ask(sampling=Sampling(stop=("\n",)), sample=sample))
            assert (answer.text, answer.finish) == ("\nFirst line.", "stop")

    with_server(handler, use)
    assert len(bodies) == 4
    assert "temperature" not in bodies[-1]
    assert caplog.text.count("takes no temperature") == 1
    assert failing(400, "temperature must be between 0 and 1").kind == "give_up"


def test_a_field_is_left_out_for_good_only_where_that_helped() -> None:
    bodies: list[dict[str, Any]] = []

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        if len(bodies) <= 2:
            return web.json_response({"error": {"message": "the seed of all evil is too long a prompt"}}, status=400)
        return web.json_response(completion())

    async def use(backend: EndpointBackend) -> None:
        with pytest.raises(CallError) as caught:
            await backend.answer(ask())
        assert caught.value.kind == "give_up"
        await backend.answer(ask())

    with_server(handler, use)
    assert ["seed" in body for body in bodies] == [True, False, True]


@pytest.mark.parametrize(
    "said",
    [
        [{"loc": ["body", "messages"], "msg": "too long", "input": {"stop": None, "seed": 1}}],
        "[{'loc': ('messages',), 'msg': 'too long', 'input': {'seed': 1}}]",
        "messages[1]: 'Stop here, or name the seed and the schema of it.' is too long",
        "messages[1]: Stop here, or name the seed and",
    ],
)
def test_words_of_a_shown_prompt_refuse_nothing(said: object) -> None:
    request = Request(
        "p", "m", (Message("user", "Stop here, or name\nthe seed and the schema of it."),), json_schema="{}"
    )
    bodies: list[dict[str, Any]] = []

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        return web.json_response({"detail": said}, status=422)

    async def use(backend: EndpointBackend) -> None:
        with pytest.raises(CallError):
            await backend.answer(request)

    with_server(handler, use)
    assert len(bodies) == 1


def test_what_a_person_set_is_not_left_out() -> None:
    bodies: list[dict[str, Any]] = []

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        return web.json_response({"error": {"message": "Unsupported parameter: 'top_k'"}}, status=400)

    async def use(backend: EndpointBackend) -> None:
        backend._extra = {"top_k": 5}
        with pytest.raises(CallError, match="top_k") as caught:
            await backend.answer(ask())
        assert caught.value.kind == "give_up"

    with_server(handler, use)
    assert [body["top_k"] for body in bodies] == [5]


def test_extra_fields_go_into_every_request_and_into_its_key() -> None:
    bodies: list[dict[str, Any]] = []

    async def use(backend: EndpointBackend) -> None:
        extra = '{"reasoning_effort": "low", "temperature": 1}'
        other = EndpointBackend(backend._address.removesuffix("/chat/completions"), "m", extra_body=extra, environ={})
        assert other.model == f"m {extra}"
        await other.start()
        await other.answer(ask())
        await other.close()

    def handler(body: dict[str, Any]) -> web.Response:
        bodies.append(body)
        return web.json_response(completion())

    with_server(handler, use)
    assert (bodies[0]["model"], bodies[0]["reasoning_effort"], bodies[0]["temperature"]) == ("m", "low", 1)
    for bad in ("[]", "low", '{"messages": []}'):
        with pytest.raises(ValidationError, match="must"):
            ModelConfig(extra_body=bad)


def test_a_refusal_of_something_needed_is_the_requests_failure() -> None:
    assert failing(400, "This model's maximum context length is 4096 tokens").kind == "give_up"


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>busy</html>", b'{"choices":[]}', b'{"choices":[{"message":{"content":"He', b"[]", b"null", b"[" * 5000,
     json.dumps(completion("")).encode(), json.dumps(completion(None)).encode(), json.dumps(completion("  \n")).encode(),
     b'{"error":{"message":"overloaded"}}'],
)  # fmt: skip
def test_malformed_and_empty_answers_are_tried_again(raw: bytes) -> None:
    with pytest.raises(CallError) as caught:
        wire.answer(raw, ask())
    assert caught.value.kind == "retry"
    assert str(caught.value).isprintable()


def test_tokens_of_a_useless_answer_are_known() -> None:
    with pytest.raises(WastedCall) as caught:
        wire.answer(json.dumps(completion("")).encode(), ask())
    assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (7, 3)


@pytest.mark.parametrize("more", [{"finish_reason": "error"}, {"error": {"code": 502, "message": "upstream\nlost"}}])
def test_an_answer_that_broke_off_is_none(more: dict[str, Any]) -> None:
    for request in (ask(), ask(score="Hel")):
        with pytest.raises(WastedCall, match="broke off") as caught:
            wire.answer(json.dumps(completion("Hel", **more)).encode(), request)
        assert caught.value.kind == "retry"
        assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (7, 3)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [({"code": 402}, "stop"), ({"code": 429}, "busy"), ({"code": "503"}, "busy"), ({"code": 500}, "retry"),
     ({"code": 400}, "give_up"), ({"code": 403, "metadata": {"reasons": []}}, "give_up"), ({"code": 7}, "retry"),
     ({"code": "insufficient_quota"}, "stop"), ({"message": "overloaded"}, "retry"), ("overloaded", "retry")],
)  # fmt: skip
def test_an_error_in_place_of_an_answer_is_classed_by_its_own_code(error: object, kind: str) -> None:
    with pytest.raises(CallError, match="http://h answered") as caught:
        wire.answer(json.dumps({"error": error}).encode(), ask(), where="http://h")
    assert caught.value.kind == kind


def test_thinking_that_took_all_tokens_is_not_paid_for_again() -> None:
    with pytest.raises(WastedCall, match=r"all of the 512 tokens; .*max_tokens.*model\.extra_body") as caught:
        wire.answer(json.dumps(completion("", finish_reason="length")).encode(), ask())
    assert caught.value.kind == "give_up"
    assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (7, 3)


def wasted(text: object, **more: Any) -> tuple[str, int, int]:
    """(kind, prompt tokens, completion tokens) of an answer that can't be used, from a server that counts none."""
    body = completion(text, **more)
    del body["usage"]
    with pytest.raises(WastedCall) as caught:
        wire.answer(json.dumps(body).encode(), ask())
    return caught.value.kind, caught.value.prompt_tokens, caught.value.completion_tokens


def test_tokens_that_the_server_does_not_count_are_estimated() -> None:
    prompt = len("Be kind.Hi {you}\x00") // 4 + 1
    assert wasted("", finish_reason="length") == ("give_up", prompt, 512)
    assert wasted("x" * 40, finish_reason="content_filter") == ("give_up", prompt, 11)
    assert wasted("", message={"content": "", "reasoning_content": "x" * 40}) == ("retry", prompt, 11)
    for raw, tokens in ((b'{"choices":[{"message":{"content":"Hello', (prompt, 10)), (b"<html>busy</html>", (0, 0))):
        with pytest.raises(WastedCall) as caught:
            wire.answer(raw, ask())
        assert (caught.value.prompt_tokens, caught.value.completion_tokens) == tokens
    scored = wire.answer(b'{"choices":[{"message":{"content":"x"}}]}', ask(score="Hello."))
    assert scored.prompt_tokens > 0
    filtered = json.dumps(completion("x", finish_reason="content_filter")).encode()
    with pytest.raises(WastedCall) as caught:
        wire.answer(filtered, ask())
    assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (7, 3)


def test_log_probabilities_are_numbers_that_the_log_can_hold() -> None:
    top = [{"token": "b", "logprob": float("-inf")}, {"token": "c", "logprob": float("nan")}]
    logprobs = {"content": [{"token": "a", "logprob": float("-inf"), "top_logprobs": top}]}
    answer = wire.answer(json.dumps(completion("a", logprobs=logprobs)).encode(), ask(top_logprobs=2))
    assert answer.logprobs == (TokenLogprob("a", -9999.0, (("b", -9999.0), ("c", -9999.0))),)


@pytest.mark.parametrize(
    "logprobs", [[1], "odd", 7, {"content": ["a"]}, {"content": [{"token": "a", "logprob": 10**400}]}]
)
def test_odd_log_probabilities_are_none(logprobs: object) -> None:
    answer = wire.answer(json.dumps(completion("a", logprobs=logprobs)).encode(), ask(top_logprobs=1))
    assert answer.logprobs == ()


@pytest.mark.parametrize(
    ("text", "cut"), [("You: hi", "You: hi"), (" You: hi You: ho", " You: hi "), ("You: hi\nyes", "You: hi")]
)
def test_a_stop_text_at_the_beginning_is_no_end(text: str, cut: str) -> None:
    request = ask(sampling=Sampling(stop=("You:", "\n")))
    assert wire.answer(json.dumps(completion(text)).encode(), request).text == cut


def test_an_answer_without_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LONGEST_BODY", 1 << 20)

    async def use(backend: EndpointBackend) -> None:
        with pytest.raises(WastedCall, match="more than 1 MB"):
            await backend.answer(ask())
        assert len((await backend.answer(ask(sample=1))).text) == 1 << 19

    sizes = [1 << 20, 1 << 19]
    with_server(lambda body: web.json_response(completion("x" * sizes.pop(0))), use)


def test_odd_but_good_answers_are_read() -> None:
    surrogate = b'{"choices":[{"message":{"content":"a\\ud800b\\u0000c"}}]}'
    answer = wire.answer(surrogate, ask())
    assert answer.text == "a\ufffdbc"
    assert answer.prompt_tokens > 0
    assert answer.completion_tokens > 0
    assert wire.answer(b'{"choices":[{"message":{"content":"caf\xe9"}}]}', ask()).text == "caf\ufffd"
    parts = completion([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}])
    assert wire.answer(json.dumps(parts).encode(), ask()).text == "ab"
    filtered = json.dumps(completion("x", finish_reason="content_filter")).encode()
    with pytest.raises(CallError) as caught:
        wire.answer(filtered, ask())
    assert caught.value.kind == "give_up"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["choices", "message", "content", "usage", "logprobs", "error"]), inner, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_breaks_the_reader(data: object) -> None:
    try:
        answer = wire.answer(json.dumps(data).encode(), ask(top_logprobs=1))
    except CallError:
        return
    assert answer.text.strip()


def test_a_server_that_is_not_there_stops_the_run_with_its_address() -> None:
    async def run() -> CallError:
        backend = EndpointBackend("http://127.0.0.1:9/v1", "m", "K", environ={})
        await backend.start()
        try:
            with pytest.raises(CallError) as caught:
                await backend.answer(ask())
            return caught.value
        finally:
            await backend.close()

    error = asyncio.run(run())
    assert error.kind == "stop"
    assert "http://127.0.0.1:9: can't be reached" in str(error)


def test_a_slow_server_and_a_lost_connection_are_tried_again() -> None:
    async def run() -> list[CallError]:
        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            if modes[0] == "slow":
                await asyncio.sleep(0.5)
            writer.close()

        found = []
        server = await asyncio.start_server(slow, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        config = EngineConfig.model_validate({"first_byte_timeout": 0.05})
        modes = ["slow", "lost"]
        while modes:
            backend = EndpointBackend(f"http://127.0.0.1:{port}/v1", "m", "K", config, environ={})
            await backend.start()
            with pytest.raises(CallError) as caught:
                await backend.answer(ask())
            found.append(caught.value)
            await backend.close()
            modes.pop(0)
        server.close()
        return found

    slow, lost = asyncio.run(run())
    assert (slow.kind, lost.kind) == ("retry", "retry")
    assert isinstance(slow.__cause__, TimeoutError)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_of_the_environment_is_used_and_gets_its_own_key_only(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    heads: list[bytes] = []

    async def run() -> str:
        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            if scheme == "https":
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            else:
                body = json.dumps(completion("by proxy")).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv(f"{scheme}_proxy", f"http://name:word@127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        backend = EndpointBackend(f"{scheme}://models.example/v1", "m", "K", environ={"K": KEY})
        await backend.start()
        try:
            return (await backend.answer(ask())).text
        except CallError as error:
            return str(error)
        finally:
            await backend.close()
            server.close()

    said = asyncio.run(run())
    head = heads[0]
    login = b"Proxy-Authorization: Basic " + base64.b64encode(b"name:word")
    assert login in head
    if scheme == "http":
        assert said == "by proxy"
        assert head.startswith(b"POST http://models.example/v1/chat/completions ")
        assert head.count(KEY.encode()) == 1
        assert f"\r\nAuthorization: Bearer {KEY}\r\n".encode() in head
    else:
        assert "407" in said
        assert head.startswith(b"CONNECT models.example:443 ")
        assert KEY.encode() not in head


def test_addresses_that_can_not_be_used_are_refused() -> None:
    odd = ("http://[::1/v1", "http://h:99999/v1", "http://h:port/v1", "http://h:0/v1", f"http://{'a' * 70}/v1")
    for address in ("localhost:8000", "ftp://host/v1", "https://", "", *odd):
        with pytest.raises(ConfigError, match=r"model\.base_url"):
            EndpointBackend(address, "m", environ={})
    with pytest.raises(ConfigError, match="password") as caught:
        EndpointBackend("https://me:hidden@host/v1", "m", environ={})
    assert "hidden" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        EndpointBackend("https://me:hidden@host:port/v1", "m", environ={})
    assert "hidden" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"model\.base_url"):
        asyncio.run(EndpointBackend("http://[::1]odd/v1", "m", environ={}).start())


def test_a_far_server_needs_a_key_and_a_near_one_does_not() -> None:
    with pytest.raises(UsageError, match="set the environment variable OPENAI_API_KEY"):
        EndpointBackend("https://api.example.com/v1", "m", environ={})
    for near in ("http://localhost:8000/v1", "http://[::1]:1/v1", "http://192.168.0.7/v1", "http://gpu-box:8000/v1"):
        EndpointBackend(near, "m", environ={})


def test_a_key_file_must_be_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        read_key("K", {"K_FILE": str(file)})
    file.chmod(0o600)
    secret = read_key("K", {"K_FILE": str(file)})
    assert secret.reveal() == KEY
    assert KEY not in repr(secret)
    with pytest.raises(UsageError, match="can't be read"):
        read_key("K", {"K_FILE": str(tmp_path / "none")})
    for bad in ("two words", "line\nbreak", "schlüssel"):
        with pytest.raises(UsageError) as caught:
            read_key("K", {"K": bad})
        assert bad not in str(caught.value)


def test_a_planted_key_is_nowhere_in_what_is_written_or_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    replies = [
        (500, f"internal error while handling Bearer {KEY}"),
        (400, f"bad request by {KEY}"),
        (401, f"Incorrect API key provided: {KEY}"),
    ]
    said: list[str] = []

    async def use(backend: EndpointBackend) -> None:
        database = Database(tmp_path)
        log = CallLog(database, await revisions.begin(database, "f", {"key_env": "K"}))
        config, budget = EngineConfig.model_validate({"retries": 0}), BudgetConfig.model_validate({})
        engine = Engine(backend, log, config, budget)
        for i in range(5):
            try:
                await engine.call(ask(sample=i))
            except DuologueError as error:
                step: BaseException | None = error
                while step is not None:
                    said.append(f"{step!r} {step}")
                    step = step.__cause__ or step.__context__
        await engine.close()
        log.close()
        database.close()

    def handler(body: dict[str, Any]) -> web.Response:
        if not replies:
            return web.json_response(completion("fine"))
        status, message = replies.pop(0)
        return web.json_response({"error": {"message": message}}, status=status)

    with_server(handler, use)
    assert any("[key]" in s for s in said)
    assert any(RunStopped.__name__ in s for s in said)
    assert KEY not in "".join(said) + caplog.text
    written = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert written
    for file in written:
        assert KEY.encode() not in file.read_bytes()
