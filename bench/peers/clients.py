"""The cases that are measured and the clients that take part, with what each of them can do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """``items`` conversations of ``turns`` calls, ``concurrency`` in flight, a server that answers after ``delay`` s."""

    title: str
    items: int
    turns: int
    concurrency: int
    delay: float


@dataclass(frozen=True, slots=True)
class Client:
    """A way of making the calls.

    ``env`` names the environment (empty: this one), ``lacks`` says why it has no part in a case, ``fewer`` how many
    items it gets where the full number would take minutes, ``modes`` which of its ways a case uses.
    """

    name: str
    module: str
    env: str = ""
    lacks: dict[str, str] = field(default_factory=dict)
    fewer: dict[str, int] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)

    def items(self, case: str) -> int:
        """Items it gets in a case."""
        return self.fewer.get(case, CASES[case].items)


CASES: dict[str, Case] = {
    "single": Case("single calls, 64 in flight, 50 ms", 5000, 1, 64, 0.05),
    "burst": Case("single calls, 512 in flight, 500 ms", 5000, 1, 512, 0.5),
    "turns": Case("200 conversations of 10 turns, 64 in flight, 50 ms", 200, 10, 64, 0.05),
}

ONLY_CONVERSATIONS = dict.fromkeys(("single", "burst"), "same as curator")

CLIENTS: tuple[Client, ...] = (
    Client("bare aiohttp", "client_bare"),
    Client("duologue, durable log on", "client_duologue"),
    Client("openai with aiohttp transport", "client_openai", "openai"),
    Client("datatrove", "client_datatrove", "datatrove"),
    Client(
        "datatrove, request cache on",
        "client_datatrove",
        "datatrove",
        modes=dict.fromkeys(CASES, "cache"),
    ),
    Client("curator", "client_curator", "curator", modes=dict.fromkeys(CASES, "lockstep")),
    Client(
        "curator, MultiTurnAgents",
        "client_curator",
        "curator",
        lacks=ONLY_CONVERSATIONS,
        fewer={"turns": 20},
        modes={"turns": "own"},
    ),
    Client("data-designer", "client_datadesigner", "data-designer", fewer={"single": 2000, "burst": 2000}),
    Client("distilabel", "client_distilabel", "distilabel", fewer={"single": 2000, "burst": 2000}),
)
