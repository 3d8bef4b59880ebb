"""What every language-model backend offers: one request in, one answer out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal, Protocol

import orjson

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message. ``content`` is plain text; a backend never reads markup in it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. Defaults are the paper's (section 5: top-k 40, temperature 0.7)."""

    temperature: float = 0.7
    """0 or more; 0 takes the likeliest token."""
    top_k: int = 40
    """Number of likeliest tokens kept; 0 keeps all."""
    top_p: float = 1.0
    """Probability mass kept, in (0, 1]."""
    min_p: float = 0.0
    """Least probability relative to the likeliest token, in [0, 1)."""
    repeat_penalty: float = 1.0
    """1 is none. Ignored by endpoints that do not know it."""
    max_tokens: int = 512
    """Most tokens in the answer."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer; they are not part of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One model call. Every field but ``purpose`` can change the answer, so every other field is in ``key``."""

    purpose: str
    """The stage and step that asks, such as ``generator.whole``; for reports only."""
    model: str
    """The model's name, with its weight hash where the weights are local."""
    messages: tuple[Message, ...]
    """Shared parts come first and byte-identical, so that prefix caches hit."""
    sampling: Sampling = field(default_factory=Sampling)
    sample: int = 0
    """Which of several answers to the same messages this is, from 0."""
    seed: int = 0
    """The run's seed; backends draw from (seed, sample, messages)."""
    grammar: str | None = None
    """A GBNF grammar that the answer must match, for backends with ``features.grammar``."""
    json_schema: str | None = None
    """A JSON schema as compact JSON text, for backends with ``features.json_schema``."""
    top_logprobs: int = 0
    """How many alternatives per token to return, 0 for no log probabilities."""
    prefill: str = ""
    """Text the assistant's answer is made to begin with, where ``features.prefill``; not repeated in the answer."""
    score: str = ""
    """A text to be scored as the assistant's answer, where ``features.scoring``: nothing is drawn, and the answer holds
    this text with the log probability of each of its tokens, or without any where the server turns out to give none."""

    @property
    def key(self) -> str:
        """SHA-256 over everything that determines the answer, 64 hex digits."""
        s = self.sampling
        parts: list[object] = [
            self.model,
            [[m.role, m.content] for m in self.messages],
            [s.temperature, s.top_k, s.top_p, s.min_p, s.repeat_penalty, s.max_tokens, list(s.stop)],
            self.sample,
            self.seed,
            self.grammar,
            self.json_schema,
            self.top_logprobs,
            self.prefill,
        ]
        # Only where there is one, so that keys logged before it existed stay valid.
        if self.score:
            parts.append(self.score)
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token with its log probability and the likeliest alternatives at its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a backend returned."""

    text: str
    finish: Literal["stop", "length"] = "stop"
    """``length`` means cut off at ``max_tokens``."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens served from a prefix cache, where the backend reports them."""
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """What a backend can do beyond plain chat."""

    grammar: bool = False
    json_schema: bool = False
    logprobs: bool = False
    prefill: bool = False
    scoring: bool = False
    """Whether ``Request.score`` is understood."""
    slots: int | None = None
    """Sequences decoded in parallel, where that is a fixed number; None for remote servers."""


class Backend(Protocol):
    """A place where a model answers. Raises :class:`duologue.errors.CallError` on any failure.

    One of kind ``retry`` or ``busy`` without a status says that the place itself is out of reach, whatever is asked.
    """

    name: str
    model: str
    """The model's name as it enters call keys."""
    features: Features

    async def start(self) -> None:
        """Load or connect. Called once, before the first request."""

    async def answer(self, request: Request) -> Answer:
        """Answer one request; may be called many times concurrently."""
        ...

    async def close(self) -> None:
        """Free what ``start`` took. Called once."""


class Caller(Protocol):
    """What the stages see: calls that are logged, reused, retried, budgeted and scheduled for them."""

    model: str
    features: Features

    async def call(self, request: Request) -> Answer:
        """Return the answer, from the log when the key is known.

        Raises :class:`duologue.errors.ItemFailed` when this one request can't be answered, and
        :class:`duologue.errors.RunStopped` when the whole run must end (wrong key, budget, interrupt).
        """
        ...
