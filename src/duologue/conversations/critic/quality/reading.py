"""A conversation taken apart once: words, sentences, questions, vectors and clashes between own claims.

Utterances alternate between two speakers, as in :class:`~duologue.records.Candidate`; which of the two is whose
makes no difference to anything measured here.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from threading import Lock, RLock

import numpy as np

from duologue.conversations.critic.experts.statements import rare
from duologue.conversations.critic.guards.swap import claims
from duologue.models.protocol import Embedder, Floats, Nli, Toxicity
from duologue.once import once
from duologue.text import content_words, is_question, normalise, sentences

SIMILARITY_FLOOR = 0.3
"""Cosine similarity below which two claims count as being about different things."""
CLASH_FLOOR = 0.5
"""Probability from which a contradiction counts."""
MOST_PAIRS = 40
"""Pairs of own claims that are compared at most, the most similar ones; each costs two inferences."""
KEPT = 512
"""Readings that a reader keeps."""
READERS = 8
"""Readers that are kept."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Two claims of one speaker that contradict each other."""

    first: int
    second: int
    """Indices of the utterances, ``first`` before ``second``."""
    claims: tuple[str, str]
    score: float
    """Probability in [0.5, 1]: the mean of both directions, corrected for the rarity of contradictions."""


class Reading:
    """One conversation and what the features measure it by; everything is computed when first asked for.

    ``utterances[i]`` is said by speaker ``i % 2``. The models' answers do not depend on other conversations.
    """

    def __init__(
        self,
        utterances: Sequence[str],
        embedder: Embedder,
        nli: Nli,
        toxicity: Toxicity | None = None,
    ) -> None:
        self.utterances = tuple(utterances)
        self._embedder = embedder
        self._nli = nli
        self._toxicity = toxicity
        self.lock = RLock()

    def __len__(self) -> int:
        return len(self.utterances)

    def of(self, speaker: int) -> range:
        """Indices of the utterances of speaker 0 or 1."""
        return range(speaker, len(self.utterances), 2)

    def own_before(self, index: int) -> range:
        """Indices of the earlier utterances of the same speaker."""
        return range(index % 2, index, 2)

    @cached_property
    def flat(self) -> tuple[str, ...]:
        """The utterances normalised."""
        return tuple(normalise(u) for u in self.utterances)

    @cached_property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """Normalised words of each utterance."""
        return tuple(tuple(u.split()) for u in self.flat)

    @cached_property
    def counts(self) -> tuple[Counter[str], ...]:
        """How often each word stands in each utterance."""
        return tuple(Counter(w) for w in self.words)

    @cached_property
    def content(self) -> tuple[tuple[str, ...], ...]:
        """Stems of the content words of each utterance, repeats included."""
        return tuple(tuple(content_words(u)) for u in self.utterances)

    @cached_property
    def sentences(self) -> tuple[tuple[str, ...], ...]:
        """Sentences of each utterance."""
        return tuple(tuple(sentences(u)) for u in self.utterances)

    @cached_property
    def questions(self) -> tuple[tuple[str, ...], ...]:
        """The normalised questions in each utterance."""
        return tuple(tuple(normalise(s) for s in said if is_question(s)) for said in self.sentences)

    @cached_property
    def told(self) -> tuple[str, ...]:
        """Each utterance without its questions; empty when it only asks."""
        return tuple(" ".join(s for s in said if not is_question(s)) for said in self.sentences)

    @once
    def vectors(self) -> Floats:
        """Unit vectors of the utterances, (utterances, dimensions)."""
        return self._embedder.embed(self.utterances)

    @once
    def near(self) -> tuple[float, ...]:
        """Cosine similarity of each utterance to the one before it, in [-1, 1]; 0 for the first."""
        if not self.utterances:
            return ()
        pairs = zip(self.vectors[1:], self.vectors[:-1], strict=True)
        return (0.0, *(float(a @ b) for a, b in pairs))

    @once
    def clashes(self) -> tuple[Clash, ...]:
        """Contradictions between own claims in different utterances, in order."""
        told = [(i, s) for i, said in enumerate(self.sentences) for s in said if claims(s)]
        if len(told) < 2:
            return ()
        vectors = self._embedder.embed([s for _, s in told])
        near = vectors @ vectors.T
        pairs = [
            (a, b)
            for a, b in combinations(range(len(told)), 2)
            if told[a][0] != told[b][0]
            and told[a][0] % 2 == told[b][0] % 2
            and told[a][1] != told[b][1]
            and near[a, b] >= SIMILARITY_FLOOR
        ]
        pairs = sorted(sorted(pairs, key=lambda pair: (-near[pair], pair))[:MOST_PAIRS])
        if not pairs:
            return ()
        asked = [(told[a][1], told[b][1]) for a, b in pairs]
        odds = self._nli.predict([*asked, *((b, a) for a, b in asked)])[:, 2]
        found = []
        for (a, b), one, other in zip(pairs, odds[: len(pairs)], odds[len(pairs) :], strict=True):
            score = (rare(float(one)) + rare(float(other))) / 2
            if score >= CLASH_FLOOR:
                found.append(Clash(told[a][0], told[b][0], (told[a][1], told[b][1]), score))
        return tuple(found)

    @once
    def toxicity(self) -> tuple[float, ...]:
        """Toxicity of each utterance after the one before it, in [0, 1]; 0 without a toxicity model."""
        if self._toxicity is None or not self.utterances:
            return (0.0,) * len(self)
        return tuple(float(s) for s in self._toxicity.score(self.utterances, ("", *self.utterances[:-1])))

    def overlap(self, one: int, other: int) -> float:
        """Words that two utterances have in common, repeats counted, as a share of the longer; 0 when empty."""
        longer = max(len(self.words[one]), len(self.words[other]))
        return (self.counts[one] & self.counts[other]).total() / longer if longer else 0.0

    def own_similarity(self, index: int) -> float:
        """Highest cosine similarity to an earlier utterance of the same speaker; 0 without one."""
        earlier = list(self.own_before(index))
        return float(np.max(self.vectors[earlier] @ self.vectors[index])) if earlier else 0.0


class Reader:
    """Makes readings with the same small models, and keeps the latest. Thread-safe."""

    def __init__(self, embedder: Embedder, nli: Nli, toxicity: Toxicity | None = None) -> None:
        self._embedder = embedder
        self._nli = nli
        self._toxicity = toxicity
        self._kept: OrderedDict[tuple[str, ...], Reading] = OrderedDict()
        self._lock = Lock()

    def read(self, utterances: Sequence[str]) -> Reading:
        """Return the reading of a conversation; the same object for the same utterances while it is kept."""
        key = tuple(utterances)
        with self._lock:
            reading = self._kept.pop(key, None)
            if reading is None:
                reading = Reading(key, self._embedder, self._nli, self._toxicity)
            self._kept[key] = reading
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return reading


_readers: list[tuple[Embedder, Nli, Toxicity | None, Reader]] = []
_readers_lock = Lock()


def reader_of(embedder: Embedder, nli: Nli, toxicity: Toxicity | None = None) -> Reader:
    """The reader that experts with the same models share, so that a candidate is taken apart once."""
    with _readers_lock:
        for one, two, three, reader in _readers:
            if one is embedder and two is nli and three is toxicity:
                return reader
        reader = Reader(embedder, nli, toxicity)
        _readers.append((embedder, nli, toxicity, reader))
        # So that models no longer in use are let go.
        del _readers[:-READERS]
        return reader
