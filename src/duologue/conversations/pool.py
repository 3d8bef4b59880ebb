"""The few-shot pool: examples for the Generator's prompt, fed by the Critic's winners and kept from collapsing.

The paper's pool is fed by its own winners without a guard (section 3.3; topic diversity falls below the seed's).
Here a winner joins only if its opening, its wording and its topic are unlike what is there, and at least half of the
pool stays hand-written.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duologue.config.sections import LoopConfig
from duologue.conversations.examples import Example
from duologue.conversations.figures import OPENING_WORDS
from duologue.models.protocol import Embedder
from duologue.records import Conversation
from duologue.text import content_words, words

BLOCK = 8
"""Neighbouring pairs, so many, share their examples, so that the prompt's beginning stays in prefix caches."""
WORDING_OVERLAP = 0.5
"""Jaccard overlap of content words from which two conversations count as worded alike."""


@dataclass(frozen=True, slots=True)
class Pool:
    """An immutable set of examples; ``joined`` gives the next iteration's."""

    examples: tuple[Example, ...]

    def draw(self, count: int, *, iteration: int, index: int, seed: int) -> tuple[Example, ...]:
        """``count`` examples for the pair at ``index``, the same for all pairs of its block."""
        rng = random.Random(f"{seed}/pool/{iteration}/{index // BLOCK}")
        return tuple(rng.sample(self.examples, min(count, len(self.examples))))

    def joined(self, winners: Sequence[Conversation], *, config: LoopConfig, embedder: Embedder) -> Pool:
        """The pool after the best of ``winners`` (best first) joined it.

        At most ``config.pool_join`` join. Beyond ``config.pool_size`` the oldest generated examples leave; shipped
        examples stay, and generated ones never outnumber them.
        """
        shipped = [e for e in self.examples if e.origin == "shipped"]
        generated = [e for e in self.examples if e.origin == "generated"]
        kept = [*shipped, *generated]
        vectors = embedder.embed([_topic(e) for e in kept])
        joined: list[Example] = []
        for winner in winners:
            if len(joined) >= config.pool_join:
                break
            example = Example.of(winner.candidate)
            vector = embedder.embed([_topic(example)])
            if unlike(example, vector[0], kept, vectors, config.pool_similarity):
                joined.append(example)
                kept.append(example)
                vectors = np.concatenate([vectors, vector]) if len(vectors) else vector
        room = max(0, min(config.pool_size - len(shipped), len(shipped)))
        return Pool((*shipped, *(generated + joined)[-room:])) if room else Pool(tuple(shipped))


def unlike(
    example: Example, vector: np.ndarray, others: Sequence[Example], vectors: np.ndarray, similarity: float
) -> bool:
    """True when ``example`` differs from every other in opening, wording and topic (cosine at most ``similarity``)."""
    if len(others) and float(np.max(vectors @ vector)) > similarity:
        return False
    opening = words(example.utterances[0])[:OPENING_WORDS]
    own = _vocabulary(example)
    return all(
        words(other.utterances[0])[:OPENING_WORDS] != opening and _overlap(own, _vocabulary(other)) < WORDING_OVERLAP
        for other in others
    )


def _topic(example: Example) -> str:
    return " ".join(example.utterances)


def _vocabulary(example: Example) -> frozenset[str]:
    return frozenset(content_words(_topic(example)))


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 0.0
