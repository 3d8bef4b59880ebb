"""How long the embedded experts take, on conversations they have not seen in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from critic_sets.common import Lab, Row, candidate
from duologue.conversations.examples import shipped_examples
from duologue.records import Candidate

TALKS = 24


def rows(lab: Lab) -> Iterator[Row]:
    """Conversations a second of each filter, of all quality experts together, and inference pairs a second.

    Every measurement gets talks of its own, for the models keep what they have computed.
    """
    nan = float("nan")
    for number, name in enumerate(lab.filters):
        talks = fresh(number)
        began = time.perf_counter()
        lab.judge(name, talks)
        took = time.perf_counter() - began
        yield Row("speed", "conversations a second", name, TALKS / took, nan, nan, TALKS)
    talks = fresh(len(lab.filters))
    began = time.perf_counter()

    async def all_of() -> None:
        for expert in lab.quality.values():
            for talk in talks:
                await expert.score(talk, {})

    asyncio.run(all_of())
    yield Row(
        "speed", "conversations a second", "all quality experts", TALKS / (time.perf_counter() - began), nan, nan, TALKS
    )
    pairs = [(u, a.text) for talk in fresh(9) for u in talk.utterances[:4] for a in talk.pair.user_1.attributes]
    began = time.perf_counter()
    lab.context.nli.predict(pairs)
    yield Row("speed", "pairs a second", "NLI model", len(pairs) / (time.perf_counter() - began), nan, nan, len(pairs))


def fresh(number: int) -> list[Candidate]:
    """The shipped examples with a word of their own in each utterance, so that nothing is known from before."""
    words = ("Right,", "Well,", "Look,", "Now,", "So,", "Yes,", "Oh,", "Hm,", "And,", "But,")
    return [
        candidate(
            e.user_1,
            e.user_2,
            [f"{words[number % len(words)]} {u[0].lower()}{u[1:]}" for u in e.utterances],
            f"{number}",
        )
        for e in shipped_examples()[:TALKS]
    ]
