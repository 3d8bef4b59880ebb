"""Rows of one revision in the next."""

from __future__ import annotations

import asyncio
from pathlib import Path

from duologue.records import Evidence, Verdict
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader
from duologue.versions.carry import carry_over


def test_verdicts_are_carried_over_whole(tmp_path: Path) -> None:
    verdict = Verdict("toxicity", "filter", 0.6, False, "so", (Evidence(1, "a", 0, "neutral", 0.9),), (1,), (0.1, 0.4))

    async def go() -> None:
        database = Database(tmp_path)
        base = await revisions.begin(database, "a", {})
        SqlLedger(database, base).judged("k", [verdict])
        await carry_over(database, base, await revisions.begin(database, "b", {}))
        database.close()

    asyncio.run(go())
    with RunReader(tmp_path, 2) as reader:
        assert reader.verdicts("k") == (verdict,)
