"""The chat-completions format: a request's body, and an answer out of a response's body."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Literal

import orjson

from duologue.backends.endpoint_errors import WastedCall, in_answer, one_line
from duologue.backends.protocol import Answer, Request, TokenLogprob

OPTIONAL = (
    "top_k",
    "min_p",
    "repeat_penalty",
    "repetition_penalty",
    "seed",
    "top_logprobs",
    "prompt_logprobs",
    "continue_final_message",
    "add_generation_prompt",
    "logprobs",
    "stop",
)
"""Fields that a call can do without; dropped for good when the server refuses them by name."""

CHANGES_SAMPLING = ("temperature", "top_p")
"""Fields that some models let nobody set; dropped when the server says so, which is worth a warning."""
_NOT_TO_BE_SET = ("unsupported", "not support", "only the default", "cannot both be specified", "deprecated")

_LONGEST_TOKEN = 40
"""Characters beyond a scored text that its first token may hold."""
_LEAST = -9999.0
"""Log probability in place of minus infinity, as servers give it that have none in JSON."""
_ALL_SPENT = (
    "the answer is empty: reasoning took all of the {} tokens; have it think less, or raise max_tokens (or "
    "max_completion_tokens), in model.extra_body"
)
_ECHO = 20
"""Characters that a message shares with the prompt when it shows the prompt."""


def body(request: Request, model: str, refused: frozenset[str]) -> dict[str, Any]:
    """The JSON body of a request, without what the server has refused before."""
    sampling = request.sampling
    limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
    fields: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "temperature": sampling.temperature,
        limit: sampling.max_tokens,
        "seed": (request.seed * 1_000_003 + request.sample) & 0x7FFFFFFF,
    }
    if sampling.top_p != 1.0:
        fields["top_p"] = sampling.top_p
    if sampling.top_k:
        fields["top_k"] = sampling.top_k
    if sampling.min_p:
        fields["min_p"] = sampling.min_p
    if sampling.repeat_penalty != 1.0:
        # llama.cpp and vLLM have different names for it, and each ignores the other's.
        fields["repeat_penalty"] = fields["repetition_penalty"] = sampling.repeat_penalty
    if sampling.stop:
        fields["stop"] = list(sampling.stop)
    if request.top_logprobs:
        fields["logprobs"] = True
        fields["top_logprobs"] = request.top_logprobs
    if request.json_schema is not None:
        if "json_schema" not in refused:
            schema = {"name": "answer", "strict": True, "schema": orjson.Fragment(request.json_schema)}
            fields["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif "json_object" not in refused:
            fields["response_format"] = {"type": "json_object"}
    if request.score:
        # vLLM's way to have the probabilities of given text; other servers ignore these fields or refuse them by name.
        fields["messages"].append({"role": "assistant", "content": request.score})
        fields |= {"prompt_logprobs": 0, "continue_final_message": True, "add_generation_prompt": False, limit: 1}
    for name in (*OPTIONAL, *CHANGES_SAMPLING):
        if name in refused:
            fields.pop(name, None)
    return fields


def refused_field(message: str, sent: dict[str, Any]) -> str | None:
    """The field of ``sent`` that a 400's message complains of and that a call can do without, or None."""
    lower = _own_words(message, sent).lower()
    form = sent.get("response_format")
    if form is not None and any(
        word in lower
        for word in ("response_format", "json_schema", "json_object", "schema", "'json'", "structured", "guided")
    ):
        return str(form["type"])
    if "max_tokens" in sent and "max_completion_tokens" in lower:
        return "max_tokens"
    found = next(
        (name for name in OPTIONAL if name in sent and re.search(rf"\b{name}\b|\b{name}_sequences\b", lower)), None
    )
    if found is None and any(words in lower for words in _NOT_TO_BE_SET):
        found = next((name for name in CHANGES_SAMPLING if name in sent and name in lower), None)
    return found


def _own_words(message: str, sent: dict[str, Any]) -> str:
    """``message`` without the input that it shows, whose words say nothing of what is refused."""
    message = re.split(r"""["']input\\?["']\s*:""", message)[0]
    prompt = " ".join(" ".join(m["content"] for m in sent.get("messages", ())).split())
    shown = [i for i in range(len(message) - _ECHO + 1) if message[i : i + _ECHO] in prompt]
    hidden = {place for i in shown for place in range(i, i + _ECHO)}
    return "".join(" " if i in hidden else c for i, c in enumerate(message))


def answer(raw: bytes, request: Request, *, where: str = "the server") -> Answer:
    """Read a response of status 200. Raises WastedCall when it can't be used, with the kind of the error that it holds.

    Token counts are the server's; where it gives none they are estimated at four characters a token.
    """
    data = _load(raw, request)
    prompt, completion, cached = _usage(data)
    if isinstance(data, dict) and data.get("error"):
        held = in_answer(raw, where=where)
        raise WastedCall(str(held), prompt or 0, completion or 0, kind=held.kind, status=held.status)
    prompt = _prompt_tokens(request) if prompt is None else prompt
    try:
        choice = data["choices"][0]
        message = choice["message"]
        content = message.get("content")
        finish = choice.get("finish_reason")
        broken = choice.get("error")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise WastedCall("the answer is not a chat completion", prompt, completion or 0) from None
    if isinstance(content, list):
        content = "".join(p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str))
    content = plain(content) if isinstance(content, str) else ""
    if completion is None:
        completion = _completion_tokens(request, message, content, finish)
    if broken or finish == "error":
        raise WastedCall(f"{where} broke off its answer: {one_line(str(broken or finish))}", prompt, completion)
    if request.score:
        scored = _scored(data.get("prompt_logprobs"), request.score)
        return Answer(request.score, "stop", prompt, completion, cached, scored)
    if finish == "content_filter" or (not content and message.get("refusal")):
        raise WastedCall("the provider's content filter refused the answer", prompt, completion, kind="give_up")
    if not content.strip():
        if finish == "length":
            # The same request would spend as much on the same reasoning again.
            raise WastedCall(_ALL_SPENT.format(request.sampling.max_tokens), prompt, completion, kind="give_up")
        raise WastedCall("the answer is empty", prompt, completion)
    ended: Literal["stop", "length"] = "length" if finish == "length" else "stop"
    text = _cut(content, request.sampling.stop)
    if text != content:
        ended = "stop"
    return Answer(text, ended, prompt, completion, cached, _logprobs(choice) if request.top_logprobs else ())


def _prompt_tokens(request: Request) -> int:
    return (sum(len(m.content) for m in request.messages) + len(request.score)) // 4 + 1


def _completion_tokens(request: Request, message: dict[str, Any], content: str, finish: object) -> int:
    """An estimate; reasoning is seldom shown and always paid for."""
    if request.score:
        return 1
    if finish == "length" and not content.strip():
        return request.sampling.max_tokens
    thought = [message.get(name) for name in ("reasoning_content", "reasoning")]
    return (len(content) + max(len(t) if isinstance(t, str) else 0 for t in thought)) // 4 + 1


def _cut(text: str, stops: tuple[str, ...]) -> str:
    """``text`` up to the first of ``stops``, which some servers refuse or overlook; what it begins with is no end."""
    begin = len(text) - len(text.lstrip())
    ends = [text.find(stop, begin + len(stop) * text.startswith(stop, begin)) for stop in stops]
    return text[: min((end for end in ends if end >= 0), default=None)]


def plain(text: str) -> str:
    """``text`` without NULs and with lone surrogates replaced by U+FFFD, so that every file format can hold it."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _load(raw: bytes, request: Request) -> Any:
    try:
        return orjson.loads(raw)
    except ValueError:
        pass
    # orjson refuses lone surrogates and bytes that are not UTF-8; the answer may be good but for one of them.
    try:
        return json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        # An answer that was cut off was paid for; a gateway's page was not.
        paid = (
            (_prompt_tokens(request), min(len(raw) // 4, request.sampling.max_tokens))
            if raw.lstrip().startswith(b"{")
            else (0, 0)
        )
        raise WastedCall("the answer is not JSON, or was cut off", *paid) from None


def _usage(data: Any) -> tuple[int | None, int | None, int]:
    usage = data.get("usage") if isinstance(data, dict) else None
    if not isinstance(usage, dict):
        return None, None, 0
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), cached or 0


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _scored(prompt: object, text: str) -> tuple[TokenLogprob, ...]:
    """The tokens at the end of a prompt that make up ``text``; none when the server gave no such list."""
    found: list[TokenLogprob] = []
    read = ""
    places: list[Any] = prompt if isinstance(prompt, list) else []
    for place in reversed(places):
        if not isinstance(place, dict) or not place:
            break
        # The prompt's own token comes first; likelier ones may follow it.
        entry = next(iter(place.values()))
        try:
            token = TokenLogprob(plain(str(entry["decoded_token"])), _finite(entry["logprob"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            break
        found.append(token)
        read = token.token + read
        if read.strip().endswith(text.strip()):
            return tuple(reversed(found))
        if len(read) > len(text) + _LONGEST_TOKEN:
            break
    return ()


def _logprobs(choice: dict[str, Any]) -> tuple[TokenLogprob, ...]:
    try:
        content = (choice.get("logprobs") or {}).get("content") or ()
        return tuple(
            TokenLogprob(
                plain(str(t["token"])),
                _finite(t["logprob"]),
                tuple((plain(str(o["token"])), _finite(o["logprob"])) for o in t.get("top_logprobs") or ()),
            )
            for t in content
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return ()


def _finite(value: Any) -> float:
    """A log probability that JSON can hold."""
    number = float(value)
    return number if math.isfinite(number) else (0.0 if number > 0 else _LEAST)
