"""From the keys of a row to a dialogue: the layouts that JSONL, Parquet and hub rows may have.

=========  ==================================================================================================
layout     keys
=========  ==================================================================================================
native     user_1, user_2 (each ``{"attributes": [{"text": ...}]}``), utterances, and id, split, model
plain      user_1, user_2 (lists of texts, or one text with a line each), utterances
spc        "user 1 personas", "user 2 personas", "Best Generated Conversation", also with underscores
named      ``persona_A`` and ``persona_B``, where A and B are what the turns call their speakers
=========  ==================================================================================================

Utterances are texts in turn, ``{"speaker": ..., "text": ...}`` objects, or ``[speaker, text]`` lists, under the key
utterances, turns or dialogue. Speakers are 1 and 2, or any two names; then who speaks first is user 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from duologue.datasets.problems import BadRow
from duologue.datasets.records import Dialogue, Provenance, Utterance
from duologue.records import Speaker, make_id
from duologue.seeds.spc import CONVERSATION, PERSONAS_1, PERSONAS_2

Layout = Literal["native", "spc", "named"]

_TURNS = ("utterances", "turns", "dialogue")
# Exports that hold no whole conversation with both profiles, by keys that tell them.
_NOT_READ = {
    "chat": {"messages"},
    "preference": {"chosen", "rejected"},
    "inference": {"attributes", "voiced"},
    "evidence": {"against", "label"},
}
_SPLITS = {"validation": "valid", "val": "valid", "dev": "valid", "training": "train"}
_LABEL = re.compile(r"^\s*User ([12]):[ \t]?", re.IGNORECASE)
# The same in Markdown or brackets, such as "*User 1:*", "- **User 2**:" and "[User 1]:".
_MARKED = re.compile(r"^([\s*_#>~(\[-]*)User[ _]?([12])([\s*_)\]]*:[*_]*)[ \t]*", re.IGNORECASE | re.MULTILINE)
_RULE = re.compile(r"^[\s*_=~#-]+$")


def layout_of(keys: Sequence[str]) -> Layout | None:
    """The layout of a row with these keys, None when it is none of them."""
    known = {key_of(key) for key in keys}
    if {"user_1", "user_2"} <= known and known & set(_TURNS):
        return "native"
    if {key_of(PERSONAS_1), key_of(PERSONAS_2), key_of(CONVERSATION)} <= known:
        return "spc"
    if sum(key.startswith("persona_") for key in known) == 2 and known & set(_TURNS):
        return "named"
    return None


def split_name(name: str) -> str:
    """train, valid and test under the names used here; other names as they are."""
    return _SPLITS.get(name.lower(), name)


def dialogue_of(row: Mapping[str, Any], provenance: Provenance, split: str = "") -> Dialogue:
    """Read one row. ``split`` stands where the row names none. Raises :class:`BadRow`."""
    layout = layout_of([str(key) for key in row])
    by_key = {key_of(str(key)): value for key, value in row.items()}
    if layout is None:
        export = next((name for name, needed in _NOT_READ.items() if needed <= set(by_key)), None)
        what = (
            f"no known layout; it looks like the export {export}, which is not read; exports as jsonl, parquet, spc and convai2 are"
            if export
            else "no known layout; it needs user_1, user_2 and utterances"
        )
        raise BadRow(what, ", ".join(map(str, row)))
    irregular = ""
    if layout == "spc":
        one, two = (attributes(by_key[key_of(name)]) for name in (PERSONAS_1, PERSONAS_2))
        text = _text(by_key[key_of(CONVERSATION)], "conversation")
        utterances = labelled(text)
        irregular = out_of_form(text)
    else:
        turns = next(by_key[name] for name in _TURNS if name in by_key)
        held = {"1": "user_1", "2": "user_2"} if layout == "native" else _named(by_key)
        utterances, order = spoken(turns, list(held))
        # Where two other names speak in place of 1 and 2, the profiles are still those of 1 and 2.
        one, two = (attributes(by_key[held[name]]) for name in (order if set(order) == set(held) else ("1", "2")))
    found = by_key.get("split")
    model = by_key.get("model")
    return made(
        one,
        two,
        utterances,
        Provenance(provenance.source, provenance.format, provenance.row, model if isinstance(model, str) else ""),
        id_=by_key.get("id"),
        split=split_name(found) if isinstance(found, str) and found else split,
        irregular=irregular,
    )


def _named(row: Mapping[str, Any]) -> dict[str, str]:
    """By what the turns call a speaker: the key of its profile."""
    keys = [key for key in row if key.startswith("persona_")]
    held = {_speaker(key.removeprefix("persona_")): key for key in keys}
    if len(held) < len(keys):
        raise BadRow("two profiles of one speaker", ", ".join(keys))
    return held


def made(
    user_1: tuple[str, ...],
    user_2: tuple[str, ...],
    utterances: tuple[Utterance, ...],
    provenance: Provenance,
    *,
    id_: object = None,
    split: str = "",
    irregular: str = "",
) -> Dialogue:
    """Put a dialogue together. Raises :class:`BadRow` when there is no utterance."""
    if not utterances:
        raise BadRow("it has no utterance")
    if isinstance(id_, str | int) and str(id_):
        name = str(id_)
    else:
        said = (f"{u.speaker}{u.text}" for u in utterances)
        name = make_id("d", "\x1e".join(user_1), "\x1e".join(user_2), *said)
    return Dialogue(name, user_1, user_2, utterances, split, provenance, irregular)


def attributes(value: object) -> tuple[str, ...]:
    """The attributes that a profile holds: texts, objects with a text, or one text with a line each."""
    if isinstance(value, Mapping) and "attributes" in value:
        value = value["attributes"]
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(line.strip() for line in value.replace("\r\n", "\n").split("\n") if line.strip())
    if not isinstance(value, Sequence):
        raise BadRow("a profile is neither a text nor a list", repr(value))
    return tuple(_text(item.get("text") if isinstance(item, Mapping) else item, "attribute") for item in value)


def spoken(turns: object, names: Sequence[str]) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
    """The utterances, and the speakers' names in the order user 1, user 2.

    ``names`` are the two known ones; they are 1 and 2, or the first to speak becomes user 1. Where 1 and 2 are known and
    the utterances have two other names, the first of these to speak is user 1.
    """
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise BadRow("the utterances are no list", repr(turns))
    said: list[tuple[str, str]] = []
    for index, turn in enumerate(turns):
        if isinstance(turn, str):
            said.append((names[index % 2], turn))
        elif isinstance(turn, Mapping):
            said.append((_speaker(turn.get("speaker", names[index % 2])), _text(turn.get("text"), "utterance")))
        elif isinstance(turn, Sequence) and len(turn) == 2:
            said.append((_speaker(turn[0]), _text(turn[1], "utterance")))
        else:
            raise BadRow("an utterance is neither a text, an object nor a pair", repr(turn))
    order = tuple(names)
    called = tuple(dict.fromkeys(name for name, _ in said))
    if set(order) == {"1", "2"}:
        order = called if len(called) == 2 and not set(called) & set(order) else ("1", "2")
    elif said and said[0][0] == order[1]:
        order = (order[1], order[0])
    unknown = next((name for name, _ in said if name not in order), None)
    if unknown is not None:
        raise BadRow("an utterance has a speaker without a profile", unknown)
    return tuple(Utterance(cast("Speaker", order.index(name) + 1), text) for name, text in said), order


def labelled(text: str) -> tuple[Utterance, ...]:
    """The utterances of a text with ``User 1:`` and ``User 2:`` lines; a line without label goes on the one before.

    Labels in Markdown or brackets count too, their marks are taken off; lines of nothing but rules (``* * *``) hold no
    text. :func:`out_of_form` tells of both. Raises :class:`BadRow` when text comes before the first label.
    """
    said: list[tuple[Speaker, list[str]]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if (label := _labelled(line)) is not None:
            said.append((label[0], [label[1]]))
        elif not _RULE.match(line) and line.strip():
            if not said:
                raise BadRow("the conversation begins without a User 1: or User 2: label", line)
            said[-1][1].append(line.strip())
    return tuple(Utterance(speaker, "\n".join(lines)) for speaker, lines in said)


def _labelled(line: str) -> tuple[Speaker, str] | None:
    """The speaker and text of a line with a label, in whatever form."""
    if match := _LABEL.match(line):
        return (1 if match.group(1) == "1" else 2), line[match.end() :].strip()
    if not (match := _MARKED.match(line)):
        return None
    before, speaker, after = match.groups()
    text = line[match.end() :].strip()
    for mark in "*_":
        # "*User 1: Hello!*": what opens before the label and does not close in it closes after the text.
        if before.count(mark) > after.count(mark):
            text = text.rstrip(f"{mark} ")
    return (1 if speaker == "1" else 2), text


def has_label(text: str) -> bool:
    """Whether any line of a text begins with a label, in whatever form."""
    return _MARKED.search(text) is not None


def out_of_form(text: str) -> str:
    """Say which line of a labelled conversation is no labelled utterance with text; empty when all are."""
    for line in text.replace("\r\n", "\n").split("\n"):
        match = _LABEL.match(line)
        if match is None:
            if _MARKED.match(line):
                return "a label in another form"
            return "a line without a label" if line.strip() else "a blank line"
        if not line[match.end() :].strip():
            return "a label without text"
    return ""


def key_of(name: str) -> str:
    """A key or column in the form in which keys are compared: lower case, words joined by ``_``."""
    return "_".join(name.lower().replace("_", " ").split())


def _speaker(name: object) -> str:
    return key_of(str(name)).removeprefix("user_")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"an {what} is no text" if what[0] in "aeiou" else f"a {what} is no text", repr(value))
    return value
