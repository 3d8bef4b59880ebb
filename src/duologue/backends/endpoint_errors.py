"""What went wrong at an endpoint, classed by what to do next, with the provider's own words kept."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

from duologue.errors import CallError

LONGEST_MESSAGE = 300
"""Characters kept of a provider's message."""
_FILTERED = ("content_filter", "content_policy_violation", "image_content_policy_violation", "moderation", "refusal")
"""Codes of a prompt or an answer that a filter refused; another one may pass."""
_FLAGGED = ("requires moderation", "input was flagged")

Kind = Literal["retry", "busy", "give_up", "stop"]


class WastedCall(CallError):
    """An answer came, was paid for and could not be used. Its tokens count against the budget."""

    def __init__(
        self,
        message: str,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        *,
        kind: Kind = "retry",
        status: int | None = 200,
    ) -> None:
        super().__init__(kind, message, status=status)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens


def classify(status: int, headers: Mapping[str, str], body: bytes, *, where: str, key: str = "") -> CallError:
    """Return the error that an HTTP status means; 200 where an error without a status came in place of an answer.

    ``where`` names the server; ``key`` is cut out of the message.
    """
    said, code = provider_message(body, key)
    after = retry_after(headers)
    kind: Kind = "give_up" if status in (200, 403) and _filtered(body, code) else _kind(status, code)
    message = f"{where} answered {status}"
    if 300 <= status < 400:
        message += "; it redirects, so set model.base_url to the final address"
    elif said:
        message += f": {said}"
    elif status == 404:
        message += "; check model.base_url (it ends in /v1) and model.name"
    if status in (401, 403) and kind == "stop":
        message += "; check the key"
    return CallError(kind, message, retry_after=after, status=status)


def _kind(status: int, code: str) -> Kind:
    if code in ("insufficient_quota", "model_not_found", "billing_hard_limit_reached") or status in (
        401,
        402,
        403,
        404,
    ):
        return "stop"
    if status in (429, 502, 503, 504, 529):
        return "busy"
    if status in (200, 408, 409, 425) or status >= 500:
        return "retry"
    return "stop" if 300 <= status < 400 else "give_up"


def _filtered(body: bytes, code: str) -> bool:
    """Whether a filter refused this very prompt; a plain 403 is a matter of the key."""
    error = _error(body)
    if not isinstance(error, dict):
        return False
    more = error.get("metadata")
    metadata = more if isinstance(more, dict) else {}
    named = (code, error.get("type"), error.get("error_type"), metadata.get("error_type"))
    if any(name in _FILTERED for name in named) or "reasons" in metadata or "flagged_input" in metadata:
        return True
    return any(words in str(error.get("message")).lower() for words in _FLAGGED)


def in_answer(body: bytes, *, where: str) -> CallError:
    """The error that a body of status 200 holds, classed by its own code."""
    code = provider_message(body)[1]
    return classify(int(code) if re.fullmatch("[45][0-9]{2}", code) else 200, {}, body, where=where)


def provider_message(body: bytes, key: str = "") -> tuple[str, str]:
    """(message, code) of an error body in any of the usual shapes; one line, at most 300 characters, without the key."""
    text, code = body[:4000].decode("utf-8", "replace"), ""
    error = _error(body)
    if isinstance(error, dict):
        code = str(error.get("code") or error.get("type") or "")
        found = error.get("message") or error.get("detail") or error.get("error") or text
        text = found if isinstance(found, str) else orjson.dumps(found).decode()
    elif isinstance(error, str):
        text = error
    return one_line(text, key), code


def _error(body: bytes) -> Any:
    """What stands under ``error`` in a JSON body, or all of an object without it; None for other bodies."""
    try:
        data: Any = orjson.loads(body)
    except ValueError:
        return None
    return data.get("error", data) if isinstance(data, dict) else None


def one_line(text: str, key: str = "") -> str:
    """``text`` on one line of at most 300 characters, without control characters and without the key."""
    if key:
        text = text.replace(key, "[key]")
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 3] + "..."


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: ``Retry-After`` in seconds or as a date, or ``retry-after-ms``."""
    milliseconds = headers.get("retry-after-ms")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
    except ValueError:
        pass
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, OSError):
            return None
    return max(0.0, seconds) if seconds == seconds else None
