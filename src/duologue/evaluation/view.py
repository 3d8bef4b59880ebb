"""One conversation as the metrics see it: what several of them need is computed once, when first asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from threading import RLock
from typing import TYPE_CHECKING

from duologue.config.sections import CriticConfig
from duologue.datasets.records import Dialogue, Utterance
from duologue.evaluation.acts import acts
from duologue.once import once
from duologue.records import Attribute, Candidate, Pair, Profile, Speaker
from duologue.text import content_words, normalise

if TYPE_CHECKING:
    from duologue.conversations.critic.evidence.matrix import Matrix
    from duologue.evaluation.reference import Reference
    from duologue.models.protocol import Embedder, Floats, Nli, Toxicity, ToxicityRating

SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """What metrics may use besides the conversation: small models (None for those not loaded), seeds, a reference."""

    embedder: Embedder | None = None
    nli: Nli | None = None
    toxicity: Toxicity | None = None
    critic: CriticConfig = field(default_factory=lambda: CriticConfig.model_validate({}))
    """The thresholds of the evidence matrix and of toxicity."""
    seeds: tuple[str, ...] = ()
    """The seed attributes that the data set was made from, where they are known."""
    reference: Reference | None = None
    """The human conversations that others are compared with."""


class View:
    """A dialogue, taken apart. Indices are those of ``dialogue.utterances``."""

    def __init__(self, dialogue: Dialogue, roles: Roles) -> None:
        self.dialogue = dialogue
        self.roles = roles
        self.lock = RLock()

    def __len__(self) -> int:
        return len(self.dialogue.utterances)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The utterances as they are."""
        return tuple(u.text for u in self.dialogue.utterances)

    @cached_property
    def flat(self) -> tuple[str, ...]:
        """The utterances normalised for comparison."""
        return tuple(normalise(text) for text in self.texts)

    @cached_property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """Normalised words of each utterance."""
        return tuple(tuple(text.split()) for text in self.flat)

    @cached_property
    def attributes(self) -> tuple[tuple[Speaker, str], ...]:
        """(owner, text) of every attribute of both profiles."""
        return tuple((s, text) for s in SPEAKERS for text in self.dialogue.profile(s))

    @cached_property
    def content(self) -> dict[Speaker, frozenset[str]]:
        """Stems of all content words that each speaker says."""
        said: dict[Speaker, set[str]] = {1: set(), 2: set()}
        for utterance, flat in zip(self.dialogue.utterances, self.flat, strict=True):
            said[utterance.speaker].update(content_words(flat))
        return {s: frozenset(found) for s, found in said.items()}

    @cached_property
    def alternates(self) -> bool:
        """Whether the speakers take turns strictly."""
        return all(a.speaker != b.speaker for a, b in pairwise(self.dialogue.utterances))

    @cached_property
    def both_speak(self) -> bool:
        """Whether both speakers say something."""
        return len({u.speaker for u in self.dialogue.utterances}) == 2

    @cached_property
    def cluster(self) -> bytes:
        """What conversations share that are resampled together: both profiles, or the text where there are none.

        Conversations of one pair of users depend on each other, and two data sets made for the same pairs are compared
        pair by pair; so the bootstrap draws pairs of users, not conversations.
        """
        parts = [*self.dialogue.user_1, "\x1d", *self.dialogue.user_2] if self.attributes else list(self.texts)
        data = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=8).digest()

    @cached_property
    def fingerprint(self) -> int:
        """A hash of what is said, by whom it is said left aside."""
        return int.from_bytes(hashlib.blake2b("\n".join(self.flat).encode(), digest_size=8).digest(), "big")

    @cached_property
    def turns(self) -> tuple[Utterance, ...]:
        """The utterances with those of one speaker in a row joined."""
        joined: list[Utterance] = []
        for utterance in self.dialogue.utterances:
            if joined and joined[-1].speaker == utterance.speaker:
                joined[-1] = Utterance(utterance.speaker, f"{joined[-1].text} {utterance.text}")
            else:
                joined.append(utterance)
        return tuple(joined)

    @cached_property
    def acts(self) -> tuple[str, ...]:
        """The dialogue act of each utterance."""
        return acts(self.texts)

    @once
    def candidate(self) -> Candidate:
        """The conversation as the Critic takes it: strictly alternating, whoever speaks first as user 1."""
        first = self.turns[0].speaker
        one, two = (
            Profile.of(tuple(Attribute.of(text) for text in dict.fromkeys(self.dialogue.profile(s))), "given")
            for s in (first, SPEAKERS[2 - first])
        )
        pair = Pair("p-" + self.cluster.hex()[:12], 0, one, two, "given")
        texts = tuple(u.text for u in self.turns)
        return Candidate(self.dialogue.id, pair, 1, 0, 0, texts, "whole", self.dialogue.provenance.model, "", 0)

    @once
    def matrix(self) -> Matrix:
        """The evidence matrix of :attr:`candidate`. Needs ``nli`` and ``embedder``."""
        from duologue.conversations.critic.evidence.heads import shipped_heads
        from duologue.conversations.critic.evidence.matrix import evidence_matrix

        assert self.roles.embedder is not None
        assert self.roles.nli is not None
        return evidence_matrix(
            self.candidate,
            embedder=self.roles.embedder,
            nli=self.roles.nli,
            heads=shipped_heads(),
            config=self.roles.critic,
        )

    @once
    def vectors(self) -> Floats:
        """Unit vectors of the utterances, (utterances, dimensions). Needs ``embedder``."""
        assert self.roles.embedder is not None
        return self.roles.embedder.embed(self.texts)

    @once
    def attribute_vectors(self) -> Floats:
        """Unit vectors of :attr:`attributes`, (attributes, dimensions). Needs ``embedder``."""
        assert self.roles.embedder is not None
        return self.roles.embedder.embed([text for _, text in self.attributes])

    @once
    def toxicity(self) -> tuple[ToxicityRating, ...]:
        """The rating of each utterance, after the one before it. Needs ``toxicity``."""
        assert self.roles.toxicity is not None
        return self.roles.toxicity.rate(self.texts, ("", *self.texts[:-1]))
