"""Profiles and conversations as prompt text. Everything goes through ``as_data``: it is data, not structure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from duologue.backends.protocol import Sampling
from duologue.prompts import as_data, load


def bullets(attributes: Iterable[str]) -> str:
    """One attribute a line, each after a dash."""
    return "\n".join(f"- {as_data(text)}" for text in attributes)


def transcript(utterances: Sequence[str], names: tuple[str, str]) -> str:
    """One labelled utterance a line; ``names`` are the labels of speakers 1 and 2."""
    return "\n".join(f"{names[i % 2]}: {as_data(text)}" for i, text in enumerate(utterances))


def sampling_for(sampling: Sampling, *, max_tokens: int, stop: tuple[str, ...]) -> Sampling:
    """``sampling`` with the room and the stops of one request."""
    return replace(sampling, max_tokens=max_tokens, stop=stop)


def noted(said: str, attribute: str) -> str:
    """The partner's last utterance (or the request to begin) with a note that names the attribute to bring up."""
    (message,) = load("generator_note").messages(said=as_data(said), attribute=as_data(attribute))
    return message.content
