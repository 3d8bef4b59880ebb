"""Prompts are named template files in this folder; each has a hash that is stored with what it made.

A template holds sections that begin with a line ``--- system``, ``--- user`` or ``--- assistant``; ``$name`` marks a
value. Values are data: they are put in once, never searched for marks again, and :func:`as_data` takes out of them
whatever a chat template or a reader of role labels could take for structure.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from string import Template
from typing import cast

from duologue.backends.protocol import Message, Role
from duologue.errors import UsageError

_SECTION = re.compile(r"^--- (system|user|assistant)\s*$", re.MULTILINE)
_CHAT_TOKEN = re.compile(r"<(?=[|/]|s>|bos>|eos>|start_of_turn|end_of_turn|im_)|\[(?=/?INST\]|/?SYS)", re.IGNORECASE)
# The last four are words of plain speech too ("a question for you: ..."), so they are labels only where something begins.
_ROLE_LABEL = re.compile(
    r"(\b(?:user|speaker|system|assistant|human|bot|person(?=\s*\d))|(?:^[^\w\n]*|[.!?]\s*[^\w\n]{0,4})(?:person|ai|you|partner))(\s*\d*)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


@lru_cache(maxsize=4096)
def as_data(text: str) -> str:
    """Return ``text`` on one line, with chat-template tokens and role labels made harmless."""
    # As a line's end, so that what begins a line is still seen to.
    text = _CONTROL.sub("\n", text)
    text = _CHAT_TOKEN.sub(lambda m: m.group(0) + " ", text)
    text = _ROLE_LABEL.sub(r"\1\2 -", text)
    text = re.sub(r"^\s*-{3,}", "", text)
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Prompt:
    """A named template. ``hash`` is the first 12 hex digits of the SHA-256 of its file."""

    name: str
    sections: tuple[tuple[Role, str], ...]
    hash: str

    def messages(self, **values: str) -> tuple[Message, ...]:
        """Fill in the values. Raises KeyError when one is missing (a mistake in our code, not the user's)."""
        return tuple(Message(role, Template(text).substitute(values)) for role, text in self.sections)


@cache
def load(name: str) -> Prompt:
    """Load the template ``NAME.md`` of this folder."""
    try:
        text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"no prompt is named {name!r}") from error
    parts = _SECTION.split(text)
    sections = tuple((cast("Role", role), body.strip()) for role, body in zip(parts[1::2], parts[2::2], strict=True))
    return Prompt(name, sections, hashlib.sha256(text.encode()).hexdigest()[:12])
