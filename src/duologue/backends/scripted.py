"""A stand-in for a language model: every answer follows from the request alone. For tests, trials and benchmarks.

It reads ``Request.purpose`` and the bullet lines of the prompt, and writes what that step expects: a question, a
first-person sentence, a conversation, one utterance, or a judge's word with its log probabilities.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import Callable
from typing import Any, Literal

import orjson

from duologue.backends import scripted_words as words
from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.errors import CallError

_LENGTH = re.compile(r"(\d+)(?:\s*(?:to|-|and)\s*(\d+))?\s+utterances", re.IGNORECASE)
_SCALE = re.compile(r"\b(\d+)\s*(?:to|-)\s*(\d+)\b")
_CHOICE = re.compile(r"\bA\b[^\n]*\bB\b")
_WORD = re.compile(r"[\w']+")
_DEFAULT_LENGTH = 12
_PARTS = (words.REACTIONS, words.REMARKS, words.ASKS, words.LEADS)
_SMALL_TALK = ((words.REACTIONS, words.ASKS), (words.REMARKS, words.ASKS), (words.REACTIONS, words.REMARKS))

FEATURES = Features(json_schema=True, logprobs=True, prefill=True, scoring=True)


class ScriptedBackend:
    """A deterministic :class:`duologue.backends.protocol.Backend`.

    ``delay`` is in seconds per call. Faults for tests: every ``fail_every``-th call fails with ``fail_kind``, and
    requests for which ``poison`` holds always fail with ``give_up``. ``calls`` counts calls, ``peak`` the most at once.
    """

    name = "scripted"

    def __init__(
        self,
        seed: int = 0,
        delay: float = 0.0,
        *,
        model: str = "scripted",
        features: Features = FEATURES,
        fail_every: int = 0,
        fail_kind: Literal["retry", "busy", "give_up", "stop"] = "retry",
        poison: Callable[[Request], bool] | None = None,
    ) -> None:
        self.model = model
        self.features = features
        self.calls = 0
        self.peak = 0
        self._active = 0
        self._seed = seed
        self._delay = delay
        self._fail_every = fail_every
        self._fail_kind: Literal["retry", "busy", "give_up", "stop"] = fail_kind
        self._poison = poison

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    async def answer(self, request: Request) -> Answer:
        """Answer from the request's content. Raises CallError only for the faults asked for."""
        self.calls += 1
        self._active += 1
        self.peak = max(self.peak, self._active)
        try:
            number = self.calls
            if self._delay:
                await asyncio.sleep(self._delay)
            if self._fail_every and number % self._fail_every == 0:
                raise CallError(self._fail_kind, "scripted failure")
            if self._poison is not None and self._poison(request):
                raise CallError("give_up", "scripted refusal of this request")
            return self._answer(request)
        finally:
            self._active -= 1

    def _answer(self, request: Request) -> Answer:
        rng = random.Random(f"{self._seed}/{request.key}")
        prompt = "\n".join(m.content for m in request.messages)
        logprobs: tuple[TokenLogprob, ...] = ()
        if request.score:
            return Answer(request.score, "stop", len(prompt) // 4 + 1, 0, 0, _scored(request.score, prompt))
        if request.purpose.startswith("judge"):
            # What is asked stands in the last paragraph; words of the material before it must not count.
            asked = request.messages[-1].content.rsplit("\n\n", 1)[-1] if request.messages else ""
            text, other = _judgement(asked, rng)
            if request.top_logprobs:
                sure = 0.55 + 0.44 * rng.random()
                pair = ((text, math.log(sure)), (other, math.log(1 - sure)))
                logprobs = (TokenLogprob(text, pair[0][1], pair[: request.top_logprobs]),)
            if request.json_schema is not None:
                text = orjson.dumps(_fill(orjson.loads(request.json_schema), text, rng)).decode()
        elif request.purpose.startswith("generator.whole"):
            text = _whole(request, prompt, rng)
        else:
            text = _sentence(request.purpose, prompt, rng)
            if request.json_schema is not None:
                text = orjson.dumps(_fill(orjson.loads(request.json_schema), text, rng)).decode()
        return _finish(request, prompt, text, logprobs)


def _scored(text: str, prompt: str) -> tuple[TokenLogprob, ...]:
    """A word for a token: log probability -1 where the prompt holds the word, else -6."""
    known = set(_WORD.findall(prompt.lower()))
    return tuple(TokenLogprob(w, -1.0 if w.lower() in known else -6.0) for w in _WORD.findall(text))


def _finish(request: Request, prompt: str, text: str, logprobs: tuple[TokenLogprob, ...]) -> Answer:
    if request.prefill and text.startswith(request.prefill.strip()):
        text = text[len(request.prefill.strip()) :].lstrip()
    for stop in request.sampling.stop:
        text = text.split(stop, 1)[0]
    limit = request.sampling.max_tokens * 4
    finish: Literal["stop", "length"] = "stop"
    if len(text) > limit:
        text, finish = text[:limit], "length"
    return Answer(text, finish, len(prompt) // 4 + 1, len(text) // 4 + 1, 0, logprobs)


def _sentence(purpose: str, prompt: str, rng: random.Random) -> str:
    if purpose.startswith("generator"):
        groups = _groups(prompt)
        used = {part for kind in _PARTS for part in kind if part in prompt}
        own = [b for b in groups[-1][1] if not _said(b, prompt)] if groups else []
        return _utterance(rng.choice(own) if own and rng.random() < 0.6 else None, rng, used)
    if purpose.endswith("query"):
        return rng.choice(words.QUESTIONS).format(rng.choice((*words.TOPICS, *words.THINGS)))
    return f"I {rng.choice(words.ACTIONS)} {rng.choice(words.THINGS)} {rng.choice(words.SETTINGS)}."


def _said(attribute: str, prompt: str) -> bool:
    """Whether the end of an attribute stands elsewhere in the prompt, as when it was brought in before."""
    end = " ".join(attribute.rstrip(".!").split()[-2:])
    return prompt.count(end) > 1


def _whole(request: Request, prompt: str, rng: random.Random) -> str:
    asked = _LENGTH.findall(prompt)
    low = int(asked[-1][0]) if asked else _DEFAULT_LENGTH
    high = int(asked[-1][1] or low) if asked else low
    lines = _conversation(prompt, rng.randint(low, max(low, high)), rng)
    if request.json_schema is not None:
        schema = orjson.loads(request.json_schema)
        items = schema.get("properties", {}).get("utterances", {}).get("items", {})
        if items.get("type") == "string":
            return orjson.dumps({"utterances": lines}).decode()
        numbered = [{"speaker": i % 2 + 1, "text": line} for i, line in enumerate(lines)]
        return orjson.dumps({"utterances": numbered}).decode()
    return "\n".join(f"User {i % 2 + 1}: {line}" for i, line in enumerate(lines))


def _conversation(prompt: str, length: int, rng: random.Random) -> list[str]:
    """``length`` utterances; each speaker brings in its own attributes, spread over its utterances."""
    plan: dict[int, str] = {}
    groups = _groups(prompt)
    for speaker in (1, 2):
        own = next((b for heading, b in reversed(groups) if f"user {speaker}" in heading.lower()), [])
        places = list(range(1 if speaker == 2 else 2, length - 1, 2))
        rng.shuffle(places)
        plan.update(zip(places, rng.sample(own, len(own)), strict=False))
    used: set[str] = set()
    lines = [_utterance(plan.get(i), rng, used) for i in range(length)]
    if lines:
        lines[0] = rng.choice(words.OPENINGS)
    if length > 4 and rng.random() < 0.5:
        lines[-1] = rng.choice(words.ENDINGS)
    return lines


def _utterance(attribute: str | None, rng: random.Random, used: set[str]) -> str:
    """Small talk, or an attribute in other words; no part comes twice while there are others."""

    def fresh(choices: tuple[str, ...]) -> str:
        left = [c for c in choices if c not in used] or list(choices)
        used.add(chosen := rng.choice(left))
        return chosen

    if attribute is None:
        return " ".join(fresh(kind) for kind in rng.choice(_SMALL_TALK))
    said = f"{fresh(words.LEADS)} {_reworded(attribute, rng)}"
    return f"{said} {fresh(words.ASKS)}" if rng.random() < 0.5 else f"{fresh(words.REACTIONS)} {said}"


def _reworded(attribute: str, rng: random.Random) -> str:
    """The attribute with words put in, so that it is not a copy and its content words stay."""
    parts = attribute.strip().rstrip(".!").split()
    place = 2 if parts and parts[0].lower() in {"my", "our", "the", "a", "an"} else 1
    parts[place:place] = [rng.choice(words.ADVERBS)]
    if len(parts) > 6:
        parts[4:4] = ["let us say,"]
    if parts[0] not in {"I", "I'm", "I've", "I'd", "I'll"}:
        parts[0] = parts[0][:1].lower() + parts[0][1:]
    return " ".join(parts) + "."


def _judgement(question: str, rng: random.Random) -> tuple[str, str]:
    """(the answer, its alternative) of the kind that the question asks for."""
    lower = question.lower()
    if "yes" in lower and re.search(r"\bno\b", lower):
        pair = ("Yes", "No") if "Yes" in question else ("yes", "no")
        return pair if rng.random() < 0.8 else (pair[1], pair[0])
    scale = _SCALE.findall(question)
    if scale and not _CHOICE.search(question):
        low, high = sorted((int(scale[-1][0]), int(scale[-1][1])))
        first = rng.randint(low, high)
        return str(first), str(low if first != low else high)
    return ("A", "B") if rng.random() < 0.5 else ("B", "A")


def _groups(prompt: str) -> list[tuple[str, list[str]]]:
    """(heading, bullets) for each run of lines that begin with ``- ``, in order."""
    groups: list[tuple[str, list[str]]] = []
    heading, fresh = "", True
    for line in prompt.splitlines():
        text = line.strip()
        if text.startswith("- ") and text[2:].strip():
            if fresh:
                groups.append((heading, []))
                fresh = False
            groups[-1][1].append(text[2:].strip())
        elif text:
            heading, fresh = text, True
    return groups


def _fill(schema: dict[str, Any], text: str, rng: random.Random) -> object:
    """The least value that a JSON schema allows, with ``text`` as its first string."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return text if text in schema["enum"] else rng.choice(schema["enum"])
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: _fill(part, text, rng) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [_fill(schema.get("items", {"type": "string"}), text, rng) for _ in range(schema.get("minItems", 1))]
    if kind in {"integer", "number"}:
        low = int(schema.get("minimum", 0))
        return int(text) if text.isdigit() else rng.randint(low, max(low, int(schema.get("maximum", low + 1))))
    if kind == "boolean":
        return text.lower() in {"yes", "true", "a"}
    return text
