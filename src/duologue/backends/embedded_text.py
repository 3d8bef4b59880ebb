"""From chat messages to tokens, so that no text inside a message can become a special token.

llama.cpp reads a prompt given as text with its special tokens live: ``<|im_end|>`` inside a persona attribute would
end the message. Here the model's own chat template is rendered with a mark in place of each message; the template's
parts are tokenised with special tokens, the messages' texts without, and the prompt is sent as token ids.
"""

from __future__ import annotations

import http.client
import secrets
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from duologue.backends.protocol import Message
from duologue.errors import CallError

_SURE = 1000.0
"""A bias that no other token can outweigh."""


class PromptTokens:
    """Renders and tokenises prompts through a llama.cpp server on the loopback interface. Thread-safe.

    ``address`` is the server's URL and ``key`` the secret it answers to.
    """

    def __init__(self, address: str, key: str) -> None:
        split = urlsplit(address)
        self._host = split.hostname or "127.0.0.1"
        self._port = split.port
        self._key = key
        self._nonce = secrets.token_hex(8)
        self._tokens = lru_cache(maxsize=4096)(self._fetch_tokens)
        self._skeleton = lru_cache(maxsize=256)(self._fetch_skeleton)

    def of(self, messages: tuple[Message, ...], prefill: str = "") -> list[int]:
        """Return the token ids of the prompt, ending where the assistant's answer goes on after ``prefill``.

        Raises CallError (``give_up``) when the model's chat template refuses the sequence of roles.
        """
        parts = self._skeleton(tuple(m.role for m in messages))
        ids = list(self._tokens(parts[0], True, True))
        for message, part in zip(messages, parts[1:], strict=True):
            ids += self._tokens(message.content, False, False)
            ids += self._tokens(part, True, False)
        ids += self._tokens(prefill, False, False)
        return ids

    def plain(self, text: str) -> tuple[int, ...]:
        """Return the token ids of ``text`` alone, without special tokens."""
        return self._tokens(text, False, False)

    def _fetch_skeleton(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        marks = [f"@{self._nonce}.{i}@" for i in range(len(roles))]
        messages = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
        rest = cast("str", self.post("/apply-template", {"messages": messages})["prompt"])
        parts = []
        for mark in marks:
            part, found, rest = rest.partition(mark)
            if not found:
                raise CallError(
                    "give_up", f"the model's chat template drops a message from the roles {', '.join(roles)}"
                )
            parts.append(part)
        return (*parts, rest)

    def _fetch_tokens(self, text: str, special: bool, begin: bool) -> tuple[int, ...]:
        if not text and not begin:
            return ()
        body = {"content": text, "parse_special": special, "add_special": begin}
        return tuple(cast("list[int]", self.post("/tokenize", body)["tokens"]))

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Send one JSON request to the server. Raises CallError for anything but a good answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        try:
            connection.request(
                "POST",
                path,
                orjson.dumps(body),
                {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
            )
            response = connection.getresponse()
            data = orjson.loads(response.read())
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
            raise CallError("retry", f"the embedded model did not answer {path}: {error}", status=500) from error
        finally:
            connection.close()
        if response.status != 200:
            raise error_of(data.get("error"))
        return cast("dict[str, Any]", data)


def forced(body: dict[str, Any], tokens: tuple[int, ...], *, whole: bool) -> list[dict[str, Any]]:
    """Bodies of completion calls that make llama.cpp write these very tokens, so that it reports their probabilities.

    llama.cpp gives none for a prompt's tokens. Those it gives for written ones are from before grammar and bias. A
    grammar over token ids forces the ``whole`` text in one call, but can't take a character that is parted among
    tokens; else a bias forces one token a call.
    """
    body = body | {"n_probs": 1, "temperature": 0.0, "repeat_penalty": 1.0, "stop": []}
    if whole:
        grammar = "root ::= " + " ".join(f"<[{token}]>" for token in tokens)
        return [body | {"grammar": grammar, "n_predict": len(tokens)}]
    prompt = list(body["prompt"])
    return [
        body | {"prompt": prompt + list(tokens[:place]), "n_predict": 1, "logit_bias": [[token, _SURE]]}
        for place, token in enumerate(tokens)
    ]


def error_of(error: object) -> CallError:
    """The CallError for an ``error`` object of llama.cpp's server: 4xx never works, the rest may."""
    found = error if isinstance(error, dict) else {}
    message = " ".join(str(found.get("message", error)).split())
    code = found.get("code")
    status = code if isinstance(code, int) else 500
    if found.get("type") == "exceed_context_size_error":
        message = f"the prompt has {found.get('n_prompt_tokens')} tokens, the model's context only {found.get('n_ctx')}"
    kind = "give_up" if 400 <= status < 500 else "retry"
    return CallError("give_up" if kind == "give_up" else "retry", f"embedded model: {message}", status=status)
