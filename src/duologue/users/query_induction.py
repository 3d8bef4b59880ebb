"""Query induction: from a few attributes of one category to the question they all answer (paper, section 3.1)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from duologue import prompts
from duologue.backends.grammar import question
from duologue.backends.protocol import Answer, Caller, Request, Sampling
from duologue.errors import ItemFailed
from duologue.records import Attribute, Category, Outcome, make_id
from duologue.store.protocol import Ledger
from duologue.users.calls import ask_all
from duologue.users.cleaning import clean
from duologue.users.refusal import MAX_QUERY_WORDS, Limits, Refusal, refuse_query

QUERY_TOKENS = 40
"""Most tokens of a query."""
MAX_QUERY_CHARS = 120
"""Most characters of a query where a grammar forces its form."""
DRAWS = 3
"""Times a category's query is asked for before the category stays without one."""
WAVE = 256
"""Most queries asked for at once."""


async def induce_queries(
    categories: Sequence[tuple[Category, Sequence[Attribute]]],
    *,
    shown: int,
    caller: Caller,
    ledger: Ledger,
    sampling: Sampling,
    seed: int,
) -> list[str]:
    """Return one query per category, empty where none was found.

    ``shown`` attributes of a category are drawn from a stream of its own, so that a category's query depends on nothing
    but the category. A refused query is asked for again with other attributes, :data:`DRAWS` times in all: small models
    copy an example of the prompt now and then. Each category is one item of stage ``query``.
    """
    read: list[tuple[str, Refusal | None]] = [("", None)] * len(categories)
    todo = list(range(len(categories)))
    for draw in range(DRAWS):
        again: list[int] = []
        for start in range(0, len(todo), WAVE):
            wave = todo[start : start + WAVE]
            requests = [_request(*categories[i], draw, shown, caller, sampling, seed) for i in wave]
            for i, answer in zip(wave, await ask_all(caller, requests), strict=True):
                read[i] = read_query(answer, "query_induction")
                if (refusal := read[i][1]) and refusal.by != "failed":
                    again.append(i)
        todo = again
    for (category, _), (query, refusal) in zip(categories, read, strict=True):
        item = make_id("q", "induced", category.id)
        ledger.record(
            query_outcome(item, query, refusal, {"query": query, "origin": "induced", "category": category.id})
        )
    return ["" if refusal else query for query, refusal in read]


def _request(
    category: Category,
    members: Sequence[Attribute],
    draw: int,
    shown: int,
    caller: Caller,
    sampling: Sampling,
    seed: int,
) -> Request:
    rng = random.Random(f"{seed}/expansion.query/{category.id}/{draw}")
    sample = rng.sample(list(members), min(shown, len(members)))
    sentences = "\n".join(prompts.as_data(a.text) for a in sample)
    return query_request("expansion.query", "query_induction", caller, sampling, draw, seed, sentences=sentences)


def query_request(
    purpose: str, prompt: str, caller: Caller, sampling: Sampling, sample: int, seed: int, **values: str
) -> Request:
    """Return a request for one question on one line. ``values`` fill the prompt and are data already."""
    return Request(
        purpose=purpose,
        model=caller.model,
        messages=prompts.load(prompt).messages(**values),
        sampling=replace(sampling, max_tokens=QUERY_TOKENS, stop=("\n",)),
        sample=sample,
        seed=seed,
        grammar=question(MAX_QUERY_CHARS) if caller.features.grammar else None,
    )


def read_query(answer: Answer | ItemFailed, prompt: str) -> tuple[str, Refusal | None]:
    """Return the cleaned answer to ``prompt`` and why it is refused, if it is; a failed call is refused by ``failed``."""
    if isinstance(answer, ItemFailed):
        return "", Refusal("failed", str(answer))
    query = clean(answer.text)
    examples = tuple(body for role, body in prompts.load(prompt).sections if role == "assistant")
    return query, refuse_query(query, Limits(min_words=2, max_words=MAX_QUERY_WORDS, examples=examples))


def query_outcome(item: str, query: str, refusal: Refusal | None, data: dict[str, str]) -> Outcome:
    """Return the ledger's row of one query."""
    if refusal is None:
        return Outcome("query", item, "accepted", data=data)
    if refusal.by == "failed":
        return Outcome("query", item, "failed", by="call", reason=refusal.reason, data=data)
    return Outcome("query", item, "rejected", by=refusal.by, reason=refusal.reason, data=data)
