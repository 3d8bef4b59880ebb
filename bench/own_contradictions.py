"""Contradictions of the own profile, by an NLI model that is not the Critic's."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from figures import Talk

from duologue.errors import UsageError
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Nli

ROW = "contradictions of the own profile per 100 utterances"
THRESHOLD = 0.9
"""Least probability of a contradiction, in either direction, that counts."""
LOWER = (0.7, 0.5)
ROUNDING = 1e-6
"""Probabilities are in single precision."""
COLUMN = 2
FILES = ("config.json", "tokenizer.json", "onnx/model.onnx")
BATCH = 512
LLM = "llm:"
"""Begins the name of a language model that is asked as NLI model (``llm_nli.py``)."""
NEAR = 0.3
"""Least cosine of a sentence and an attribute that a slow model is asked about."""


def load(name: str) -> Nli:
    """A three-way cross-encoder: a folder, ``scripted``, or a hub id, whose files are fetched into the hub's cache.

    ``llm:NAME`` asks a language model. Raises UsageError for the Critic's own model, ModelError for one that can't be loaded.
    """
    if name.startswith(LLM):
        import llm_nli

        return llm_nli.load(name.removeprefix(LLM))
    if name == "builtin":
        raise UsageError("--nli: builtin is the Critic's own; name another model, so that what chose does not measure")
    if name != "scripted" and not Path(name).expanduser().is_dir():
        from huggingface_hub import snapshot_download

        name = snapshot_download(name, allow_patterns=list(FILES))
    return load_nli(name)


def sentences(text: str) -> list[str]:
    """The sentences of an utterance that say something: questions deny nothing."""
    found = (s.strip() for s in re.findall(r"[^.!?]+[.!?]*", text))
    return [s for s in found if re.search(r"\w", s) and not s.endswith("?")]


def contradictions(
    talks: Sequence[Talk], nli: Nli, threshold: float = THRESHOLD, *, near: Embedder | None = None
) -> float:
    """Utterances that contradict an attribute of their own speaker from ``threshold`` on, per 100; see :func:`strongest`."""
    return _per_100(strongest(talks, nli, near=near), threshold)


def strongest(talks: Sequence[Talk], nli: Nli, *, near: Embedder | None = None) -> list[float]:
    """For each utterance, how probable its likeliest contradiction of an attribute of its own speaker is; 0 for none.

    Each sentence that is no question is compared with each attribute, as premise and as hypothesis. With ``near`` only pairs
    of a cosine of :data:`NEAR` and more are asked about, with the attribute as premise, for models that take a second for a
    few pairs.
    """
    places: Places = {}
    total = 0
    for talk in talks:
        for who, text in talk.said:
            for pair in _pairs(text, talk.users[who - 1]):
                places.setdefault(pair, set()).add(total)
            total += 1
    if near is not None:
        places = _nearest(places, talks, near)
    pairs, found = list(places), [0.0] * total
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        for pair, row in zip(some, nli.predict(some), strict=True):
            for place in places[pair]:
                found[place] = max(found[place], float(row[COLUMN]))
    return found


def add(
    columns: dict[str, dict[str, Any]],
    talks: dict[str, list[Talk]],
    nli: Nli,
    *,
    near: Embedder | None = None,
    most: int | None = None,
) -> None:
    """Put :data:`ROW` into every column, of at most ``most`` talks each, drawn with a fixed seed.

    Of a language model, which is seldom so sure, also from each of :data:`LOWER` on.
    """
    for name, column in columns.items():
        held = talks[name]
        drawn = random.Random(0).sample(held, most) if most is not None and most < len(held) else held
        found = strongest(drawn, nli, near=near)
        for threshold in (THRESHOLD, *(LOWER if near is not None else ())):
            row = ROW if threshold == THRESHOLD else f"{ROW}, from {threshold} on"
            column[row] = _per_100(found, threshold)


def _per_100(found: Sequence[float], threshold: float) -> float:
    return 100 * sum(value >= threshold - ROUNDING for value in found) / max(1, len(found))


Places = dict[tuple[str, str], set[int]]


def _nearest(places: Places, talks: Sequence[Talk], near: Embedder) -> Places:
    held = {attribute for talk in talks for user in talk.users for attribute in user}
    asked = [(first, second) for first, second in places if first in held]
    texts = list(dict.fromkeys(text for pair in asked for text in pair))
    if not texts:
        return {}
    rows = dict(zip(texts, near.embed(texts), strict=True))
    return {pair: places[pair] for pair in asked if float(rows[pair[0]] @ rows[pair[1]]) >= NEAR}


def _pairs(text: str, attributes: Sequence[str]) -> Iterator[tuple[str, str]]:
    for said in sentences(text):
        for held in attributes:
            yield said, held
            yield held, said
