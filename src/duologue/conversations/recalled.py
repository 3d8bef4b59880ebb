"""What earlier work left of a pair, with the pair as this pass made it.

A pass may pair users anew, since a call of level 1 that failed before may succeed now. A pair that is there again keeps
its conversations, but its place and its split are those of this pass: what was stored may have those of another pair.
"""

from __future__ import annotations

from dataclasses import replace

from duologue.records import Conversation, Outcome, Pair
from duologue.store.codec import decode
from duologue.store.protocol import Memory


async def recalled(memory: Memory, iteration: int, pair: Pair) -> Outcome | None:
    """How the pair ended in an iteration, with its Conversation as data where it was accepted; None when it did not end."""
    outcome = await memory.recall("conversation", iteration, pair.id)
    if outcome is None or outcome.status != "accepted":
        return outcome and replace(outcome, data=None)
    made = decode(Conversation, bytes(outcome.data))  # type: ignore[call-overload]
    return replace(outcome, data=replace(made, candidate=replace(made.candidate, pair=pair)))


def winner_of(outcome: Outcome | None) -> Conversation | None:
    """The conversation of an outcome of :func:`recalled`, or None."""
    return outcome.data if outcome is not None and isinstance(outcome.data, Conversation) else None
