"""The durable log of model calls. An answer is looked up by its request's key and is never paid for twice.

Long texts that many requests share (instructions, examples, grammars) are stored once, in ``texts``, by their hash;
``request`` then holds ``{"text": hash}`` in their place.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import orjson

from duologue.backends.protocol import Answer, Request, TokenLogprob
from duologue.store.codec import clean, encode
from duologue.store.database import Database, Statement
from duologue.store.revisions import Revision

_GET = "SELECT answer, prompt_tokens, completion_tokens, cached_tokens FROM calls WHERE key = ?"
PUT = "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TEXT = "INSERT OR IGNORE INTO texts VALUES (?, ?)"
FAILED_COLUMNS = "key, purpose, kind, message, attempts, prompt_tokens, completion_tokens, at"
FAILED = f"INSERT INTO failed_calls ({FAILED_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
AGAIN = (
    f"INSERT INTO failed_calls ({FAILED_COLUMNS}) SELECT ?, ?, 'wasted', ?, ?, ?, ?, ?"  # noqa: S608
    " WHERE EXISTS (SELECT 1 FROM calls WHERE key = ?)"
)
"""Before ``PUT``: of a call that the log holds already, so that what it cost is counted. The key is first and last."""
REUSE = (
    "INSERT INTO reuse VALUES (?, ?, ?, ?, ?) ON CONFLICT (revision, pass, purpose)"
    " DO UPDATE SET reused = reused + excluded.reused, shared = shared + excluded.shared"
)
_INLINE = 200
"""Texts up to this many characters are stored in place."""
_KNOWN = 4096
"""Hashes of lately stored texts kept in memory, to spare the writer work."""


class CallLog:
    """The calls of one run folder, written under one revision."""

    def __init__(self, database: Database, revision: Revision) -> None:
        self._database = database
        self._revision = revision
        self._reader: sqlite3.Connection = database.reader()
        self._known: OrderedDict[str, None] = OrderedDict()

    def get(self, key: str) -> Answer | None:
        """The logged answer of a key, or None. Costs some 20 microseconds."""
        row = self._reader.execute(_GET, (key,)).fetchone()
        return None if row is None else unpack_answer(*row)

    def put(self, key: str, request: Request, answer: Answer, seconds: float, attempts: int) -> asyncio.Future[None]:
        """Log an answer; the future ends when it is durable, or with StoreError.

        Of an answer that is logged already, as when writer and judge are one model and ask the same at once, the price is.
        """
        statements: list[Statement] = []
        now = time.time()
        row = (
            key,
            request.purpose,
            request.model,
            self._pack(request, statements),
            pack_answer(answer),
            answer.prompt_tokens,
            answer.completion_tokens,
            answer.cached_tokens,
            seconds,
            attempts,
            now,
            self._revision.id,
        )
        price = (attempts, answer.prompt_tokens, answer.completion_tokens, now)
        statements.append((AGAIN, (key, request.purpose, "asked twice at the same time", *price, key)))
        statements.append((PUT, row))
        return self._database.write(*statements)

    def failed(
        self,
        key: str,
        purpose: str,
        kind: str,
        message: str,
        attempts: int,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
    ) -> None:
        """Log a call that was given up, or, with kind ``wasted``, a paid answer that could not be used."""
        row = (key, purpose, kind, clean(message), attempts, prompt_tokens, completion_tokens, time.time())
        self._database.post((FAILED, row))

    def reused(self, purpose: str, reused: int, shared: int) -> None:
        """Note that this pass took so many more calls of a purpose from the log, and from a twin in flight."""
        self._database.post((REUSE, (self._revision.id, self._revision.pass_, purpose, reused, shared)))

    def spent(self) -> tuple[int, int]:
        """(prompt, completion) tokens of everything the folder paid for."""
        prompt = completion = 0
        for table in ("call_totals", "failed_calls"):
            query = f"SELECT coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0) FROM {table}"  # noqa: S608
            row = self._reader.execute(query).fetchone()
            prompt, completion = prompt + row[0], completion + row[1]
        return prompt, completion

    def close(self) -> None:
        """Close the read connection."""
        self._reader.close()

    def _pack(self, request: Request, statements: list[Statement]) -> str:
        def place(text: str | None) -> str | dict[str, str] | None:
            if text is None or len(text) <= _INLINE:
                return text
            digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
            if digest not in self._known:
                statements.append((_TEXT, (digest, text)))
                self._known[digest] = None
                if len(self._known) > _KNOWN:
                    self._known.popitem(last=False)
            return {"text": digest}

        packed: dict[str, object] = {
            "messages": [{"role": m.role, "content": place(m.content)} for m in request.messages],
            "sampling": request.sampling,
            "sample": request.sample,
            "seed": request.seed,
        }
        if request.grammar is not None:
            packed["grammar"] = place(request.grammar)
        if request.json_schema is not None:
            packed["json_schema"] = place(request.json_schema)
        if request.top_logprobs:
            packed["top_logprobs"] = request.top_logprobs
        if request.prefill:
            packed["prefill"] = place(request.prefill)
        if request.score:
            packed["score"] = place(request.score)
        return orjson.dumps(packed).decode()


def pack_answer(answer: Answer) -> str:
    """The part of an answer that has no column of its own, as JSON."""
    if not answer.logprobs:
        return encode({"text": answer.text, "finish": answer.finish}).decode()
    return encode(
        {"text": answer.text, "finish": answer.finish, "logprobs": list(map(_packed, answer.logprobs))}
    ).decode()


def unpack_answer(packed: str, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> Answer:
    """The answer of a logged row."""
    data = orjson.loads(packed)
    logprobs = tuple(map(_unpacked, data.get("logprobs", ())))
    return Answer(data["text"], data["finish"], prompt_tokens, completion_tokens, cached_tokens, logprobs)


def _packed(token: TokenLogprob) -> list[object]:
    """A token as a list, without its alternatives where the only one is itself, as it mostly is where one was asked for."""
    own = (token.token, token.logprob)
    return list(own) if token.top == (own,) else [*own, token.top]


def _unpacked(packed: Any) -> TokenLogprob:
    if isinstance(packed, dict):
        # As logs had them before.
        packed = packed["token"], packed["logprob"], packed["top"]
    token, logprob, *rest = packed
    top = rest[0] if rest else [(token, logprob)]
    return TokenLogprob(token, logprob, tuple((t, v) for t, v in top))


def unpack_request(packed: str, text_of: Callable[[str], str]) -> dict[str, Any]:
    """The request of a logged row as plain JSON, with shared texts put back by ``text_of`` (hash to text)."""

    def whole(value: object) -> object:
        return text_of(value["text"]) if isinstance(value, dict) else value

    data: dict[str, Any] = orjson.loads(packed)
    data["messages"] = [{"role": m["role"], "content": whole(m["content"])} for m in data["messages"]]
    for name in ("grammar", "json_schema", "prefill", "score"):
        if name in data:
            data[name] = whole(data[name])
    return data
