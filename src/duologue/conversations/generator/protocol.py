"""The Generator's role: one conversation for one pair."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, Protocol

from duologue.backends.protocol import Caller, Sampling
from duologue.config.sections import CriticConfig, GeneratorConfig
from duologue.conversations.examples import Example
from duologue.errors import DuologueError
from duologue.models.protocol import Embedder, Nli
from duologue.records import Candidate, Pair, make_id


class Refused(DuologueError):
    """A candidate that its own Generator gave up, because an utterance stayed unacceptable after every redraw."""

    def __init__(self, by: str, reason: str) -> None:
        super().__init__(reason)
        self.by = by


@dataclass(frozen=True, slots=True)
class GeneratorContext:
    """What Generators may use. The small models are thread-safe."""

    caller: Caller
    config: GeneratorConfig
    sampling: Sampling
    critic: CriticConfig
    """The Critic's settings, for the checks that an utterance meets while the conversation is written."""
    embedder: Embedder
    nli: Nli

    @property
    def turn_choices(self) -> int:
        """Draws of each utterance: as configured, else 3 for a backend with its own slots and 1 for others."""
        return self.config.turn_choices or (3 if self.caller.features.slots is not None else 1)


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate to be made. The candidates of a pair differ in ``sample`` alone and share their prompt."""

    pair: Pair
    iteration: int
    attempt: int
    sample: int
    examples: tuple[Example, ...]
    length: tuple[int, int]
    """Fewest and most utterances, both included."""
    seed: int

    @property
    def id(self) -> str:
        """The candidate's id."""
        return make_id("k", self.pair.id, str(self.iteration), str(self.attempt), str(self.sample))

    @property
    def target(self) -> int:
        """The number of utterances this attempt aims at, drawn evenly from ``length``; the same for all its samples."""
        return random.Random(f"{self.seed}/length/{self.pair.id}/{self.iteration}/{self.attempt}").randint(*self.length)

    def sample_number(self, redraw: int = 0) -> int:
        """The call's sample number: distinct for every iteration, attempt, sample and redraw.

        That holds for up to 100 attempts, 1,000 samples and 100 redraws, and the configuration allows no more.
        """
        return ((self.iteration * 100 + self.attempt) * 1000 + self.sample) * 100 + redraw


class Generator(Protocol):
    """Writes candidates."""

    @property
    def mode(self) -> Literal["whole", "turns"]:
        """Whether utterances come all at once or one by one."""
        ...

    async def generate(self, task: Task) -> Candidate:
        """Write one candidate.

        Raises :class:`duologue.errors.ItemFailed` when the model's answer can't be used, and :class:`Refused` when
        the Generator itself gave the candidate up.
        """
        ...
