"""A worker's line to the hub, without Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from duologue.errors import StoreError
from duologue.executors.ray import link
from duologue.executors.ray.link import Earlier


class NoHub:
    """Stands for the hub; nothing of it is called."""

    find = None


def test_a_lost_hub_wakes_all_who_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them was cancelled meanwhile."""

    async def ask(*_: object) -> Any:
        await asyncio.sleep(0.02)
        raise StoreError("lost")

    monkeypatch.setattr(link, "ask", ask)

    async def go() -> list[object]:
        earlier = Earlier(NoHub())
        waiting = [asyncio.create_task(earlier(key)) for key in ("one", "two", "three")]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        async with asyncio.timeout(2):
            return list(await asyncio.gather(*waiting, return_exceptions=True))

    first, *others = asyncio.run(go())
    assert isinstance(first, asyncio.CancelledError)
    assert [str(error) for error in others] == ["lost", "lost"]
