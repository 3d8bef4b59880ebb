"""The rows of a training set: chat messages, and which of them the model learns to write.

A supervised row's ``learn`` holds places in ``messages``; everything else is only shown. A preference row has a ``prompt``
that both answers share; of ``chosen`` and ``rejected`` the assistant's messages count, the user's are only shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from duologue.backends.protocol import Message, Role
from duologue.store.codec import clean

What = Literal["sft", "dpo"]
Part = Literal["train", "valid"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row for supervised fine-tuning."""

    id: str
    task: str
    """turns, whole, query, bootstrap_query or attribute."""
    part: Part
    messages: tuple[Message, ...]
    learn: tuple[int, ...]
    """Places of the assistant's messages whose words are learnt, in order."""


@dataclass(frozen=True, slots=True)
class Preference:
    """One row for preference tuning: the Critic's winner and a candidate of the same pair that it put below."""

    id: str
    task: str
    part: Part
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    by: str
    """The guard or expert that refused the rejected one, or ``tournament``."""


def to_json(row: Lesson | Preference) -> Json:
    """The row as it stands in ``train.jsonl`` and ``valid.jsonl``."""
    if isinstance(row, Lesson):
        return {
            "id": row.id,
            "task": row.task,
            "messages": chat(row.messages),
            "learn": list(row.learn),
        }
    return {
        "id": row.id,
        "task": row.task,
        "prompt": chat(row.prompt),
        "chosen": chat(row.chosen),
        "rejected": chat(row.rejected),
        "by": row.by,
    }


def from_json(data: Mapping[str, Any], part: Part) -> Lesson | Preference:
    """Read a row back. Raises ValueError when it is none, or nothing in it is to be learnt."""
    try:
        if "prompt" in data:
            return Preference(
                str(data["id"]),
                str(data["task"]),
                part,
                _messages(data["prompt"]),
                _learnt(_messages(data["chosen"])),
                _learnt(_messages(data["rejected"])),
                str(data.get("by", "")),
            )
        messages = _messages(data["messages"])
        learn = tuple(int(i) for i in data["learn"])
        if not learn or any(i < 0 or messages[i].role != "assistant" for i in learn):
            raise ValueError("learn must name messages of the assistant")
        return Lesson(str(data["id"]), str(data["task"]), part, messages, learn)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def hosted(row: Lesson | Preference) -> Json | None:
    """The row as hosted fine-tuning services take it.

    Supervised: ``messages``, with ``weight`` 0 on what the assistant says but does not learn. Preference: ``input``,
    ``preferred_output`` and ``non_preferred_output``; these services take one answer to one prompt, so both are
    the first message that differs, and None stands where that is the partner's or one side goes on where the other ends.
    """
    if isinstance(row, Lesson):
        learn = set(row.learn)
        said = [
            {**message, "weight": int(i in learn)} if message["role"] == "assistant" else message
            for i, message in enumerate(chat(row.messages))
        ]
        return {"messages": said}
    prompt = list(row.prompt)
    place = 0
    while row.chosen[place] == row.rejected[place] and place + 1 < min(len(row.chosen), len(row.rejected)):
        prompt.append(row.chosen[place])
        place += 1
    better, worse = row.chosen[place], row.rejected[place]
    if better == worse or better.role != "assistant" or worse.role != "assistant":
        return None
    return {
        "input": {"messages": chat(prompt)},
        "preferred_output": chat([better]),
        "non_preferred_output": chat([worse]),
    }


def chat(messages: Sequence[Message]) -> list[Json]:
    """Messages as JSON objects."""
    return [{"role": m.role, "content": clean(m.content)} for m in messages]


def _messages(data: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    found = tuple(Message(cast("Role", m["role"]), str(m["content"])) for m in data)
    if any(m.role not in ("system", "user", "assistant") for m in found):
        raise ValueError("a role must be system, user or assistant")
    return found


def _learnt(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    if not any(m.role == "assistant" for m in messages):
        raise ValueError("an answer must hold a message of the assistant")
    return messages
