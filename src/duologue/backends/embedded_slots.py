"""Which of llama.cpp's sequences answers which request, and what it need not read again.

llama.cpp itself takes any idle sequence that shares a tenth of the prompt, and shares nothing between sequences. Both
cost much on a CPU: the two speakers of a conversation overwrite each other's cache, and every sequence reads the same
few-shot examples anew. Here each prompt goes to the sequence that holds its past, and a beginning that two prompts
have in common is read once, saved, and loaded into other sequences in milliseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

LOAD_GAIN = 32
"""Tokens that loading a saved beginning must spare."""
SAVE_GAIN = 96
"""Tokens that a beginning must have beyond what is there already to be worth saving."""
SAVED = 8
"""Saved beginnings kept, the least recently used go first; about 12 to 30 kB a token each."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do in a sequence before it reads a prompt."""

    load: str | None = None
    """Name of the saved beginning to load."""
    save: int = 0
    """Number of leading tokens to read and save first; 0 for none."""


class SlotTable:
    """Keeps the tokens that each of ``count`` sequences holds, and the saved beginnings. Thread-safe.

    What a sequence holds counts as in use for ``2 * count`` requests after its last one.
    """

    def __init__(self, count: int) -> None:
        self._held: list[Sequence[int]] = [()] * count
        self._used = [-2 * count - 1] * count
        self._idle = set(range(count))
        self._saved: dict[str, Sequence[int]] = {}
        self._clock = 0
        self._lock = threading.Lock()

    def take(self, tokens: Sequence[int]) -> tuple[int, int]:
        """Reserve the best idle sequence for a prompt: (its number, leading tokens it already holds).

        Raises KeyError when none is idle (more callers than sequences).
        """
        with self._lock:
            if not self._idle:
                raise KeyError("no sequence is idle")
            loadable = max((common_prefix(s, tokens) for s in self._saved.values()), default=0)
            slot = max(self._idle, key=lambda s: (self._worth(s, tokens, loadable), -self._used[s]))
            shared = common_prefix(self._held[slot], tokens)
            self._idle.remove(slot)
            self._clock += 1
            self._used[slot] = self._clock
            self._held[slot] = tokens
            return slot, shared

    def plan(self, slot: int, tokens: Sequence[int], shared: int) -> Plan:
        """What to load into a reserved sequence that holds ``shared`` tokens of the prompt, or to read and save."""
        with self._lock:
            name, length = None, shared + LOAD_GAIN - 1
            for saved, held in self._saved.items():
                if (common := common_prefix(held, tokens)) > length:
                    name, length = saved, common
            have = shared if name is None else length
            others = (common_prefix(h, tokens) for s, h in enumerate(self._held) if s != slot)
            seen = max(others, default=0)
            if name is not None:
                self._saved[name] = self._saved.pop(name)
            return Plan(name, seen if seen >= have + SAVE_GAIN else 0)

    def saved(self, name: str, tokens: Sequence[int]) -> list[str]:
        """Note a saved beginning. Returns the names that are no longer kept."""
        with self._lock:
            self._saved[name] = tokens
            gone = list(self._saved)[:-SAVED]
            for old in gone:
                del self._saved[old]
            return gone

    def give_back(self, slot: int) -> None:
        """Make a sequence available again."""
        with self._lock:
            self._idle.add(slot)

    def _worth(self, slot: int, tokens: Sequence[int], loadable: int) -> int:
        """Tokens spared by using the sequence, less those that its last user would have to read again."""
        held = self._held[slot]
        shared = common_prefix(held, tokens)
        stale = self._clock - self._used[slot] > 2 * len(self._held)
        return max(shared, loadable) - (0 if stale else len(held) - shared)


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Number of leading tokens that two prompts have in common."""
    for index, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return index
    return min(len(first), len(second))
