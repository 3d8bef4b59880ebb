"""Asking the language model many things at once, with the failures of single items kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from duologue.backends.protocol import Answer, Caller, Request
from duologue.errors import ItemFailed


async def ask_all(caller: Caller, requests: Sequence[Request]) -> list[Answer | ItemFailed]:
    """Return one answer, or the error that this item met, per request, in their order.

    Any other error (:class:`RunStopped` among them) cancels the calls still under way and is raised.
    """
    tasks = [asyncio.ensure_future(_ask(caller, request)) for request in requests]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def _ask(caller: Caller, request: Request) -> Answer | ItemFailed:
    try:
        return await caller.call(request)
    except ItemFailed as error:
        return error
