"""Reading a conversation out of a model's answer, with small repairs and never a guess at words."""

from __future__ import annotations

import re

import orjson

from duologue.conversations.critic.guards.format import stage_direction
from duologue.errors import ItemFailed

_LABEL = re.compile(
    r"^\W{0,4}?(?P<stars>\*{0,3})(?:user|speaker|person)\s*(?P<number>[12])[^\w:]{0,4}:\s*", re.IGNORECASE
)
_BRACKETED = re.compile(r"\[\s*(?:user|speaker|person)\s*[12]\s*\]", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_IN_STARS = re.compile(r"\*+([^*]*)\*+")
MAX_CHARS = 1_000_000
"""Longer answers are not read: 200 utterances, the most that can be asked for, would have 5,000 characters each."""


def clean_utterance(text: str) -> str:
    """One utterance on one line: control characters, surrounding quotes and markdown stars removed.

    Stars are removed where they stand around the whole; those of a stage direction are left for the guard ``format``.
    """
    text = " ".join(_CONTROL.sub(" ", text).split())
    if (whole := _IN_STARS.fullmatch(text)) and not stage_direction(text):
        text = whole.group(1).strip()
    if len(text) > 1 and text[0] in '"“' and text[-1] in '"”' and not re.search('["“”]', text[1:-1]):
        text = text[1:-1].strip()
    return text


def parse_conversation(text: str, *, cut_off: bool = False) -> tuple[str, ...]:
    """Return the utterances of two alternating speakers, User 1 first.

    Accepts lines labelled ``User 1:`` and ``User 2:``, or JSON: a list, or an object with ``utterances``, of texts or
    of objects with ``speaker`` and ``text``. Repairs: fences and words before the first label are dropped, unlabelled
    lines continue the utterance before them, neighbouring lines of one speaker are joined, an utterance that was cut
    off is dropped. Raises ItemFailed when no conversation is found or User 2 begins.
    """
    if len(text) > MAX_CHARS:
        raise ItemFailed(f"the answer has {len(text)} characters, more than a conversation can have")
    body = _FENCE.sub("", text.strip())
    turns = _from_json(body) if _is_json(body) else _from_lines(body)
    parts: list[tuple[int, list[str]]] = []
    for speaker, said in turns:
        said = clean_utterance(said)
        if not said:
            continue
        if parts and parts[-1][0] == speaker:
            parts[-1][1].append(said)
        else:
            parts.append((speaker, [said]))
    joined = [(speaker, " ".join(held)) for speaker, held in parts]
    if cut_off and joined:
        joined.pop()
    if len(joined) < 2:
        raise ItemFailed("the answer holds no conversation of two labelled speakers")
    if joined[0][0] != 1:
        raise ItemFailed("the answer does not begin with User 1")
    return tuple(said for _, said in joined)


def _is_json(body: str) -> bool:
    """Whether it is JSON, or meant to be: a label may stand in square brackets too."""
    return body[:1] in ("{", "[") and not _BRACKETED.match(body)


def _from_lines(body: str) -> list[tuple[int, str]]:
    turns: list[tuple[int, list[str]]] = []
    for line in body.splitlines():
        if match := _LABEL.match(line):
            turns.append((int(match["number"]), [_said(match)]))
        elif turns and line.strip().strip("*"):
            turns[-1][1].append(line)
    return [(speaker, " ".join(lines)) for speaker, lines in turns]


def _said(label: re.Match[str]) -> str:
    """What follows a label, with the stars before the label where neither it nor the colon closes them."""
    stars, rest = label["stars"], label.string[label.end() :]
    if label.group(0).count("*") > len(stars):
        return rest
    return rest.removeprefix(stars) if rest.startswith(stars) else stars + rest


def _from_json(body: str) -> list[tuple[int, str]]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ItemFailed(f"the answer is not the JSON that was asked for ({error.msg})") from error
    if isinstance(value, dict):
        value = value.get("utterances", value.get("conversation"))
    if not isinstance(value, list):
        raise ItemFailed("the answer's JSON has no list of utterances")
    turns: list[tuple[int, str]] = []
    for number, entry in enumerate(value):
        if isinstance(entry, str):
            match = _LABEL.match(entry)
            turns.append((int(match["number"]), _said(match)) if match else (number % 2 + 1, entry))
        elif isinstance(entry, dict) and isinstance(entry.get("text"), str):
            speaker = re.search(r"[12]", str(entry.get("speaker", number % 2 + 1)))
            turns.append((int(speaker.group()) if speaker else number % 2 + 1, entry["text"]))
        else:
            raise ItemFailed(f"utterance {number + 1} of the answer's JSON is neither text nor an object with text")
    return turns
