"""Rows of one revision taken over into the next, as they are: same ids, same splits, same evidence."""

from __future__ import annotations

from duologue.store.database import Database
from duologue.store.revisions import Revision

BASE_OF = "base of revision {}"
"""Name, in the table ``meta``, of what a version was extended from."""

_ITEMS = """
INSERT OR REPLACE INTO items
SELECT ?, stage, iteration, item, status, "by", reason, data, position, seq, ? FROM items WHERE revision = ?
"""
_VERDICTS = """
INSERT OR REPLACE INTO verdicts
SELECT ?, candidate, expert, kind, value, passed, reason, evidence, utterances, seq, ?, scores
FROM verdicts WHERE revision = ?
"""
_COMPARISONS = """
INSERT OR REPLACE INTO comparisons
SELECT ?, pair, iteration, seq, expert, first, second, winner, reason, ? FROM comparisons WHERE revision = ?
"""


async def carry_over(database: Database, base: Revision, to: Revision) -> None:
    """Copy all rows of ``base`` into ``to`` and note where it comes from, in one transaction. May be repeated."""
    moved = (to.id, to.pass_, base.id)
    note = ("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (BASE_OF.format(to.id), str(base.id)))
    await database.write(*((sql, moved) for sql in (_ITEMS, _VERDICTS, _COMPARISONS)), note)
