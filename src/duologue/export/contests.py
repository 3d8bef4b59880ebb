"""What the Critic decided between two candidates of a pair: the winner and, one by one, those that lost to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duologue.conversations.generator.protocol import Task
from duologue.records import Conversation, Pair
from duologue.store.reading import Item, RunReader

TOURNAMENT = "tournament"
HAND = "hand"


@dataclass(frozen=True, slots=True)
class Contest:
    """The pair's conversation, and one candidate of the same pair that the Critic put below it."""

    chosen: Conversation
    rejected: str
    """Id of the candidate that lost."""
    utterances: tuple[str, ...]
    """What it says; ``utterances[i]`` by speaker ``i % 2 + 1``."""
    iteration: int
    """The iteration that made it, from 1."""
    by: str
    """The guard or expert that refused it, ``tournament``, or ``hand``."""
    why: str
    """The Critic's reason, in plain words."""
    drawn: tuple[int, int] = (0, 0)
    """Which candidate of the iteration it is: attempt and sample, from 0."""
    model: str = ""
    """What wrote the candidate that lost."""


def contests(reader: RunReader, winners: Iterable[Conversation] | None = None) -> Iterator[Contest]:
    """Yield the contests of a run, in order of its conversations and then of the candidates.

    ``winners`` are looked at in place of the run's conversations, such as those of an earlier iteration.

    Left out are candidates that failed or were given up before they were whole, copies of the winner, and, where
    ``loop.keep`` is ``last``, those that lost in another iteration than the winner's, which never met it. Where people put
    another candidate in the winner's place, the one contest is theirs, with the winner as the loser; where they chose one of
    a pair of which none won, there is no contest, as nobody set it against another. Candidates are looked up by their
    ids, so nothing is held in memory.
    """
    config = reader.revision().config
    loop, generator = _section(config, "loop"), _section(config, "generator")
    best = loop.get("keep", "best") == "best"
    sizes = (int(loop.get("iterations", 1)), int(loop.get("regenerations", 0)) + 1, int(generator.get("candidates", 1)))
    for conversation in reader.conversations() if winners is None else winners:
        if conversation.hand in ("chosen", "edited"):
            stands = reader.standing(conversation.candidate.pair.id)
            if stands is None or stands.status != "accepted":
                continue
            made = stands.record(Conversation).candidate
            if made.id != conversation.candidate.id:
                said = made.utterances
                why = f"people put {conversation.candidate.id} in its place"
                drawn = (made.attempt, made.sample)
                yield Contest(conversation, made.id, said, made.iteration, HAND, why, drawn, made.model)
                continue
        for iteration, item in _candidates(reader, conversation.candidate.pair, sizes):
            contest = _contest(conversation, iteration, item, best=best)
            if contest is not None:
                yield contest


def _candidates(reader: RunReader, pair: Pair, sizes: tuple[int, int, int]) -> Iterator[tuple[int, Item]]:
    iterations, attempts, samples = sizes
    for iteration in range(1, iterations + 1):
        for attempt in range(attempts):
            for sample in range(samples):
                name = Task(pair, iteration, attempt, sample, (), (0, 0), 0).id
                for item in reader.items("candidate", iteration=iteration, item=name):
                    yield iteration, item


def _contest(conversation: Conversation, iteration: int, item: Item, *, best: bool) -> Contest | None:
    winner = conversation.candidate
    if item.item == winner.id or item.status == "failed":
        return None
    by, why = item.by, item.reason
    if item.status == "accepted":
        if not best or iteration >= winner.iteration:
            return None
        why = f"won iteration {iteration}, lost to {winner.id} in a later one"
    elif by == TOURNAMENT and not best and iteration != winner.iteration:
        return None
    value = item.value()
    if not isinstance(value, Mapping):
        return None
    said = value.get("utterances")
    if not said or tuple(said) == winner.utterances:
        return None
    drawn = (int(value.get("attempt", 0)), int(value.get("sample", 0)))
    return Contest(conversation, item.item, tuple(said), iteration, by, why, drawn, str(value.get("model", "")))


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name)
    return section if isinstance(section, Mapping) else {}
