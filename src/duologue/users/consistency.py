"""What keeps two attributes out of one profile: a common category, likeness, two lives, entailment, contradiction.

The paper (section 3.2) has the language model negate attributes and asks an NLI model about pairs. Here a three-way NLI
model answers directly, and the paper's set-level definition (no subset of a profile entails the negation of a member)
is checked as well, with all members that could matter joined as the premise. What inference over two sentences seldom
sees, an age beside a profession or two livelihoods, is left to the rules of :mod:`duologue.facts.life`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from duologue.config.sections import ProfilesConfig
from duologue.facts.life import Life, exclude, life
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.records import Attribute

TOPIC_FLOOR = 0.3
"""Pairs of attributes below this cosine similarity are not shown to the NLI model.

Sentences that entail or contradict each other share a topic: of random pairs of Persona-Chat sentences 10 % lie above
this floor (MiniLM), and small NLI models call one in ten of the unrelated rest a contradiction.
"""
JOINT_FLOOR = 0.2
"""Members at least this similar to an attribute are joined as one premise against it, when there are two or more."""
BATCH = 256
"""Pairs that the NLI model is asked about at once."""
REMEMBERED = 500_000
"""Answers about pairs of attributes that are remembered; the oldest go first."""
_ENTAILMENT, _CONTRADICTION = 0, 2

Key = tuple[tuple[int, ...], int]
"""Premise (row numbers of attributes, joined in this order) and hypothesis (one row number)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why an attribute can't join the members before it."""

    row: int
    """The attribute's row number; the one that joined later gives way."""
    by: str
    """``entailment`` or ``contradiction``; with `_set` for the joined members."""
    reason: str


class Consistency:
    """Answers whether attributes, given as row numbers, fit into one profile. Remembers what NLI said of pairs."""

    def __init__(
        self, attributes: Sequence[Attribute], config: ProfilesConfig, embedder: Embedder, nli: Nli, batch: int = BATCH
    ) -> None:
        self._batch = batch
        self.attributes = tuple(attributes)
        self._config = config
        self._nli = nli
        self._vectors: Floats = embedder.embed([a.text for a in attributes])
        self._pairs: dict[Key, tuple[float, float]] = {}
        self._lives: dict[int, Life] = {}

    def clash(self, members: Sequence[int], row: int) -> str | None:
        """Return ``category``, ``similarity`` or ``life`` when that keeps ``row`` from joining ``members``, else None."""
        category = self.attributes[row].category
        if (
            self._config.distinct_categories
            and category
            and any(self.attributes[m].category == category for m in members)
        ):
            return "category"
        if members and float((self._vectors[list(members)] @ self._vectors[row]).max()) > self._config.max_similarity:
            return "similarity"
        if self._config.one_life and any(exclude(self._life(m), self._life(row)) for m in members):
            return "life"
        return None

    def conflicts(self, groups: Sequence[Sequence[int]], *, set_level: bool = True) -> list[list[Conflict]]:
        """Return for each group of row numbers its conflicts by inference, at most one per member, in member order.

        All groups are answered in common batches. Two members on one topic (:data:`TOPIC_FLOOR`) are held against each
        other in both directions; with ``set_level``, each member also against all others that have something to do
        with it (:data:`JOINT_FLOOR`), joined. Of the members of a conflict the last gives way.
        """
        questions = [self._questions(group, set_level) for group in groups]
        answers = self._ask(key for asked in questions for _, key in asked)
        found: list[list[Conflict]] = []
        for group, asked in zip(groups, questions, strict=True):
            first: dict[int, Conflict] = {}
            for row, key in asked:
                if row not in first and (conflict := self._conflict(row, key, answers[key])):
                    first[row] = conflict
            found.append([first[row] for row in group if row in first])
        return found

    def _questions(self, group: Sequence[int], set_level: bool) -> list[tuple[int, Key]]:
        """(the member that gives way, what to ask), pairs before sets."""
        rows = list(group)
        likeness = self._vectors[rows] @ self._vectors[rows].T
        pairs: list[tuple[int, Key]] = []
        sets: list[tuple[int, Key]] = []
        for place, row in enumerate(rows):
            for other in range(place):
                if likeness[place, other] >= TOPIC_FLOOR:
                    pairs += [(row, ((rows[other],), row)), (row, ((row,), rows[other]))]
            near = [other for other in range(len(rows)) if other != place and likeness[place, other] >= JOINT_FLOOR]
            if set_level and len(near) > 1:
                sets.append((rows[max(*near, place)], (tuple(rows[other] for other in near), row)))
        return pairs + sets

    def _ask(self, keys: Iterable[Key]) -> dict[Key, tuple[float, float]]:
        """(entailment, contradiction) of every key; answers about pairs of attributes are remembered."""
        wanted = dict.fromkeys(keys)
        answers = {key: self._pairs[key] for key in wanted if key in self._pairs}
        todo = [key for key in wanted if key not in answers]
        for start in range(0, len(todo), self._batch):
            batch = todo[start : start + self._batch]
            texts = [
                (" ".join(self._sentence(m) for m in premise), self.attributes[row].text) for premise, row in batch
            ]
            for key, row in zip(batch, self._nli.predict(texts), strict=True):
                answers[key] = (float(row[_ENTAILMENT]), float(row[_CONTRADICTION]))
                if len(key[0]) == 1:
                    self._pairs[key] = answers[key]
        if len(self._pairs) > REMEMBERED:
            for key in list(itertools.islice(self._pairs, len(self._pairs) - REMEMBERED // 2)):
                del self._pairs[key]
        return answers

    def _life(self, row: int) -> Life:
        if row not in self._lives:
            self._lives[row] = life(self.attributes[row].text)
        return self._lives[row]

    def _sentence(self, row: int) -> str:
        text = self.attributes[row].text
        return text if text.endswith((".", "!", "?")) else f"{text}."

    def _conflict(self, row: int, key: Key, answer: tuple[float, float]) -> Conflict | None:
        premise, hypothesis = key
        entailed, contradicted = answer
        joined = "_set" if len(premise) > 1 else ""
        said = " ".join(repr(self.attributes[m].text) for m in premise)
        if contradicted >= self._config.contradiction:
            reason = f"{said} contradicts {self.attributes[hypothesis].text!r} (probability {contradicted:.2f})"
            return Conflict(row, f"contradiction{joined}", reason)
        if entailed >= self._config.entailment:
            reason = f"{said} entails {self.attributes[hypothesis].text!r} (probability {entailed:.2f})"
            return Conflict(row, f"entailment{joined}", reason)
        return None
