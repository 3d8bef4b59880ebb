"""Dialogue acts of utterances, by rule."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.conversations.critic.guards.courtesy import is_courtesy, takes_leave
from duologue.text import first_person, is_question, normalise, sentences

ACTS = ("greeting", "goodbye", "question", "answer", "agreement", "statement about oneself", "other statement")
_AGREEING = (
    "yes",
    "yeah",
    "yep",
    "sure",
    "me too",
    "same here",
    "i agree",
    "that's true",
    "true",
    "right",
    "exactly",
    "of course",
)
_AGREES = tuple(f"{words} " for words in _AGREEING)


def acts(texts: Sequence[str]) -> tuple[str, ...]:
    """The act of each utterance, by rule: goodbye, question, greeting and so on, the first that fits."""
    found: list[str] = []
    asked = False
    for text in texts:
        parts = sentences(text)
        ends = bool(parts) and is_question(parts[-1])
        if takes_leave(text):
            found.append("goodbye")
        elif ends:
            found.append("question")
        elif is_courtesy(text):
            found.append("greeting")
        elif asked:
            found.append("answer")
        elif f"{normalise(text)} ".startswith(_AGREES):
            found.append("agreement")
        elif first_person(text):
            found.append("statement about oneself")
        else:
            found.append("other statement")
        asked = ends
    return tuple(found)
