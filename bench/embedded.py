"""Tokens a second of the embedded backend: one engine of all threads beside one engine a thread, in turns in one run.

    python bench/embedded.py [--model duologue-135m] [--threads 2] [--slots 8] [--repeats 4]

Each of ``--slots`` requests has a chat of some 250 tokens before it, two prompts for each slot as in a turn-by-turn run, and
writes ``--tokens`` tokens. "read" is the time for prompts nobody has read, "write" that of answers after read prompts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import time

import xllamacpp

import duologue.backends.embedded as embedded
from duologue.backends.embedded import EmbeddedBackend
from duologue.backends.make import weights
from duologue.backends.protocol import Message, Request, Sampling

WORDS = [
    "river",
    "garden",
    "music",
    "dogs",
    "teacher",
    "mountain",
    "coffee",
    "travel",
    "weekend",
    "family",
    "movie",
    "guitar",
    "running",
    "bread",
    "painting",
    "school",
    "sister",
    "market",
    "winter",
    "summer",
    "football",
    "cooking",
]
FOREVER = 'root ::= [a-z ]+ "!"'
"""Keeps a model writing."""


def request(model: str, topic: int, sample: int, tokens: int) -> Request:
    """One of the requests about ``topic``."""
    draw = random.Random(topic)
    profile = "\n".join(f"- I like {' and '.join(draw.choices(WORDS, k=6))}." for _ in range(5))
    said = [f"I really like {' '.join(draw.choices(WORDS, k=14))}. What about you?" for _ in range(7)]
    messages = (
        Message("system", f"You are a person with this profile.\n{profile}"),
        *(Message("assistant" if i % 2 else "user", text) for i, text in enumerate(said)),
    )
    sampling = Sampling(temperature=0.9, max_tokens=tokens)
    return Request("bench", model, messages, sampling, sample=sample, grammar=FOREVER)


async def measure(backend: EmbeddedBackend, topics: list[int], sample: int, tokens: int) -> tuple[float, float]:
    """(tokens read and written a second, processor seconds a second)."""
    began, used = time.perf_counter(), time.process_time()
    answers = await asyncio.gather(*(backend.answer(request(backend.model, t, sample, tokens)) for t in topics))
    took = time.perf_counter() - began
    done = sum(a.prompt_tokens - a.cached_tokens + a.completion_tokens for a in answers)
    return done / took, (time.process_time() - used) / took


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="duologue-135m")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=4)
    args = parser.parse_args()
    path, _, _ = weights(args.model, None)
    ways: dict[str, EmbeddedBackend] = {}
    for name, small in (("one engine", 0), ("an engine a thread", embedded.SMALL)):
        embedded.SMALL = small
        ways[name] = EmbeddedBackend(path, name="m", sha256="0" * 64, slots=args.slots, threads=args.threads)
        await ways[name].start()
    rates: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for repeat in range(args.repeats):
        first = [repeat * 1000 + i for i in range(args.slots)]
        second = [topic + 500 for topic in first]
        for name, backend in ways.items():
            for topics in (first, second):
                rates.setdefault((name, "read"), []).append(await measure(backend, topics, 0, 1))
            mixed = [(first, second)[i % 2][i] for i in range(args.slots)]
            rates.setdefault((name, "write"), []).append(await measure(backend, mixed, 1, args.tokens))
    print(
        f"{args.model}, {args.threads} threads, {args.slots} slots, xllamacpp {xllamacpp.__version__}, {args.repeats} repeats"
    )
    for (name, kind), found in sorted(rates.items(), key=lambda item: item[0][1]):
        speed, load = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"{kind:6} {name:20} {speed:7.1f} tokens/s, {load:.2f} processors")
    for backend in ways.values():
        await backend.close()


if __name__ == "__main__":
    asyncio.run(main())
