"""Settings of the whole suite, and a run folder for the tests of whatever reads one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

# No wall-clock limits: the machines that run this differ and are shared.
settings.register_profile("duologue", deadline=None, print_blob=True)
settings.load_profile("duologue")


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Path]:
    """Writes a run folder without running anything; see :func:`_make_run`."""
    return _make_run


def _make_run(
    folder: Path,
    pairs: int = 6,
    *,
    state: str = "finished",
    model: str = "scripted",
    config: Mapping[str, object] | None = None,
    said: str = "",
    persona: str = "",
) -> Path:
    """Write a run of ``pairs`` conversations: of five each three in train, one in valid, one in test.

    Each pair has in iteration 1 a winner, a candidate that lost the tournament, one that faithfulness refused and one
    that failed. ``config`` are dotted overrides; ``said`` is put before every utterance,
    ``persona`` before every attribute.
    """
    from duologue.backends.protocol import Answer, Message, Request
    from duologue.config.load import load_config
    from duologue.conversations.generator.protocol import Task
    from duologue.records import Attribute, Candidate, Conversation, Evidence, Outcome, Pair, Profile, Verdict
    from duologue.store import revisions
    from duologue.store.call_log import CallLog
    from duologue.store.database import Database
    from duologue.store.ledger import SqlLedger

    chosen = load_config(overrides={"generator.candidates": 4, "loop.iterations": 1, **(config or {})})

    async def write() -> None:
        database = Database(folder)
        revision = await revisions.begin(database, "f" * 64, chosen.model_dump(mode="json"))
        log = CallLog(database, revision)
        request = Request("generator.turn", model, (Message("user", "Hi"),))
        await log.put(request.key, request, Answer("Ho", "stop", 3, 1), 0.1, 1)
        log.close()
        ledger = SqlLedger(database, revision)
        for index in range(pairs):
            one, two = (
                Profile.of(
                    (Attribute.of(f"{persona}I keep {animal} {index}."), Attribute.of(f"I play {game} {index}."))
                )
                for animal, game in (("owls", "chess"), ("bees", "darts"))
            )
            split = ("train", "train", "train", "valid", "test")[index % 5]
            pair = Pair(f"p-{index:012x}", index, one, two, "random", split=split)  # type: ignore[arg-type]
            ledger.record(Outcome("pair", pair.id, "accepted", data=pair))

            def candidate(sample: int, pair: Pair = pair, index: int = index) -> Candidate:
                name = Task(pair, 1, 0, sample, (), (0, 0), 0).id
                talk = (f"{said}How are your owls {sample}?", f"{said}Fine, and your bees?", f"{said}Busy {index}.")
                return Candidate(name, pair, 1, 0, sample, talk, "turns", model, "abc", 0, (2, 4))

            row = {"pair": pair.id, "attempt": 0, "sample": 0}
            for sample, status, by, why in (
                (0, "accepted", "tournament", ""),
                (1, "rejected", "tournament", f"lost to {candidate(0).id}"),
                (2, "rejected", "faithfulness", "utterance 1 takes over an attribute"),
                (3, "failed", "generator", "no answer"),
            ):
                data = {**row, "sample": sample, "utterances": candidate(sample).utterances}
                outcome = Outcome("candidate", candidate(sample).id, status, by, why, 1, data)  # type: ignore[arg-type]
                ledger.record(outcome)
            evidence = (
                Evidence(1, one.attributes[0].id, 0, "supported", 0.9),
                Evidence(2, two.attributes[0].id, 1, "contradicted", 0.7),
            )
            verdicts = (
                Verdict("faithfulness", "filter", 0.5, True, "", evidence),
                Verdict("depth", "quality", 0.75, True),
            )
            ledger.judged(candidate(0).id, verdicts)
            won = Conversation(candidate(0), verdicts, 1.0)
            for iteration in (1, 0):
                ledger.record(Outcome("conversation", pair.id, "accepted", "tournament", "", iteration, won))
        await ledger.flush()
        if state != "running":
            await revisions.end(database, revision, state)  # type: ignore[arg-type]
        database.close()

    asyncio.run(write())
    return folder
