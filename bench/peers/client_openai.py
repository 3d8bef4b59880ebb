"""The openai client with its aiohttp transport, in a loop of ours; no log, no retries."""

from __future__ import annotations

import asyncio

from bench.peers.harness import Task, history, main
from openai import AsyncOpenAI, DefaultAioHttpClient


async def talk(task: Task) -> int:
    """As the bare loop, with the client's call in place of the post."""
    gate = asyncio.Semaphore(task.concurrency)
    async with DefaultAioHttpClient() as transport:
        client = AsyncOpenAI(base_url=task.base, api_key="none", max_retries=0, http_client=transport)

        async def one(item: int) -> int:
            said: list[str] = []
            async with gate:
                for _ in range(task.turns):
                    answer = await client.chat.completions.create(model="mock", messages=history(item, said))
                    said.append(answer.choices[0].message.content)
            return sum(map(bool, said))

        return sum(await asyncio.gather(*[one(i) for i in range(task.items)]))


def run(task: Task) -> int:
    """One event loop for all calls."""
    return asyncio.run(talk(task))


if __name__ == "__main__":
    main(run, "openai")
