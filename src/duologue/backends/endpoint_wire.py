"""The chat-completions format: a request's body, and an answer out of a response's body."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import orjson

from duologue.backends.endpoint_errors import WastedCall, one_line
from duologue.backends.protocol import Answer, Request, TokenLogprob
from duologue.errors import CallError

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
_FORMATS = ("json_schema", "json_object")


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
    lower = message.lower()
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


def answer(raw: bytes, request: Request) -> Answer:
    """Read a response of status 200. Raises WastedCall when it is malformed or empty.

    Token counts are the server's; where it gives none they are estimated at four characters a token.
    """
    data = _load(raw)
    prompt, completion, cached = _usage(data)
    if request.score and isinstance(data, dict) and "choices" in data:
        scored = _scored(data.get("prompt_logprobs"), request.score)
        return Answer(request.score, "stop", prompt or 0, completion or 0, cached, scored)
    try:
        choice = data["choices"][0]
        message = choice["message"]
        content = message.get("content")
        finish = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        said = data.get("error") if isinstance(data, dict) else None
        detail = f": {one_line(str(said))}" if said else ""
        raise WastedCall(f"the answer is not a chat completion{detail}", prompt or 0, completion or 0) from None
    if isinstance(content, list):
        content = "".join(p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str))
    if finish == "content_filter" or (not content and message.get("refusal")):
        raise CallError("give_up", "the provider's content filter refused the answer", status=200)
    if not isinstance(content, str) or not content.strip():
        ended_early = ", all its tokens went into reasoning or were too few" if finish == "length" else ""
        raise WastedCall(f"the answer is empty{ended_early}", prompt or 0, completion or 0)
    if prompt is None:
        prompt = sum(len(m.content) for m in request.messages) // 4 + 1
    if completion is None:
        completion = len(content) // 4 + 1
    ended: Literal["stop", "length"] = "length" if finish == "length" else "stop"
    text = _cut(content, request.sampling.stop)
    if text != content:
        ended = "stop"
    return Answer(plain(text), ended, prompt, completion, cached, _logprobs(choice) if request.top_logprobs else ())


def _cut(text: str, stops: tuple[str, ...]) -> str:
    """``text`` up to the first of ``stops``, which some servers refuse or overlook; what it begins with is no end."""
    begin = len(text) - len(text.lstrip())
    ends = [end for stop in stops if (end := text.find(stop, begin)) >= 0]
    return text[: min(ends)] if ends else text


def plain(text: str) -> str:
    """``text`` without NULs and with lone surrogates replaced by U+FFFD, so that every file format can hold it."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _load(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except ValueError:
        pass
    # orjson refuses lone surrogates and bytes that are not UTF-8; the answer may be good but for one of them.
    try:
        return json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise WastedCall("the answer is not JSON, or was cut off") from None


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
            token = TokenLogprob(plain(str(entry["decoded_token"])), float(entry["logprob"]))
        except (KeyError, TypeError, ValueError):
            break
        found.append(token)
        read = token.token + read
        if read.strip().endswith(text.strip()):
            return tuple(reversed(found))
        if len(read) > len(text) + _LONGEST_TOKEN:
            break
    return ()


def _logprobs(choice: dict[str, Any]) -> tuple[TokenLogprob, ...]:
    content = (choice.get("logprobs") or {}).get("content") or ()
    try:
        return tuple(
            TokenLogprob(
                plain(str(t["token"])),
                float(t["logprob"]),
                tuple((plain(str(o["token"])), float(o["logprob"])) for o in t.get("top_logprobs") or ()),
            )
            for t in content
        )
    except (KeyError, TypeError, ValueError):
        return ()
