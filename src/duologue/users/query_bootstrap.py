"""Query bootstrapping: from a few known queries to a new one about another feature (paper, section 3.1)."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence

from duologue import prompts
from duologue.backends.protocol import Caller, Request, Sampling
from duologue.config.sections import ExpansionConfig
from duologue.models.protocol import Embedder
from duologue.records import make_id
from duologue.store.protocol import Ledger
from duologue.text import normalise
from duologue.users.calls import ask_all
from duologue.users.known import Known
from duologue.users.query_induction import query_outcome, query_request, read_query
from duologue.users.refusal import Refusal

WAVE = 16
"""Attempts that see the same known queries; fixed, because the results depend on it."""


async def bootstrap_queries(
    queries: Sequence[str],
    *,
    config: ExpansionConfig,
    caller: Caller,
    embedder: Embedder,
    ledger: Ledger,
    sampling: Sampling,
    seed: int,
) -> list[str]:
    """Return the new queries that ``config.bootstrap_queries`` attempts bring, in the order of the attempts.

    An attempt shows ``config.query_context`` known queries. A non-question, or a query more similar than
    ``config.query_similarity`` to a known one, is refused. Each attempt is one item of stage ``query``. Returns
    nothing when there is no query to start from.
    """
    start = list({normalise(q): q for q in queries}.values())
    if not start or config.bootstrap_queries == 0:
        return []
    known = Known(start, await asyncio.to_thread(embedder.embed, start))
    for first in range(0, config.bootstrap_queries, WAVE):
        attempts = range(first, min(first + WAVE, config.bootstrap_queries))
        snapshot = tuple(known.texts)
        requests = [_request(snapshot, attempt, config.query_context, caller, sampling, seed) for attempt in attempts]
        read = [read_query(answer, "query_bootstrap") for answer in await ask_all(caller, requests)]
        asked = [query for query, refusal in read if refusal is None]
        ahead = known.ahead(await asyncio.to_thread(embedder.embed, asked))
        numbers = itertools.count()
        for attempt, (query, refusal) in zip(attempts, read, strict=True):
            if refusal is None:
                number = next(numbers)
                if twin := ahead.duplicate(number, query, config.query_similarity):
                    refusal = Refusal("duplicate", twin)
                else:
                    ahead.keep(number, query)
            item = make_id("q", "bootstrapped", str(attempt))
            ledger.record(
                query_outcome(item, query, refusal, {"query": query, "origin": "bootstrapped", "category": ""})
            )
    return known.texts[len(start) :]


def _request(known: Sequence[str], attempt: int, shown: int, caller: Caller, sampling: Sampling, seed: int) -> Request:
    draw = random.Random(f"{seed}/expansion.bootstrap_query/{attempt}")
    sample = draw.sample(known, min(shown, len(known)))
    text = "\n".join(prompts.as_data(q) for q in sample)
    return query_request("expansion.bootstrap_query", "query_bootstrap", caller, sampling, attempt, seed, queries=text)
