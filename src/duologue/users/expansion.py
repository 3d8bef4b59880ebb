"""Level 1a, persona expansion: seed attributes become categories with queries, and new attributes (paper, section 3.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from duologue.backends.protocol import Caller, Sampling
from duologue.config.sections import ExpansionConfig
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.records import Attribute, Category, Outcome, make_id
from duologue.store.protocol import Ledger
from duologue.text import normalise
from duologue.users.attribute_bootstrap import Bootstrapped, Stopped, bootstrap_attributes
from duologue.users.clustering import Labels, assign, cluster, groups
from duologue.users.query_bootstrap import bootstrap_queries
from duologue.users.query_induction import induce_queries


@dataclass(frozen=True, slots=True)
class Expansion:
    """All attributes of a run and the persona categories they lie in."""

    attributes: tuple[Attribute, ...]
    """Seeds first, then the new ones; each with the id of its category."""
    categories: tuple[Category, ...]
    """In the order in which their first attributes appear."""
    stopped: Stopped | None = None
    """Why bootstrapping ended; None when nothing was bootstrapped."""


def categorise(
    attributes: Sequence[Attribute], *, config: ExpansionConfig, embedder: Embedder, ledger: Ledger | None = None
) -> Expansion:
    """Cluster ``attributes`` into categories without queries; no language model is called.

    Each attribute is one item of stage ``seed`` where a ``ledger`` is given; one in the same words as an earlier one is
    rejected.
    """
    seeds = _distinct(attributes, ledger)
    vectors = embedder.embed([a.text for a in seeds])
    expansion = _with_categories(seeds, cluster(vectors, config.cluster_distance, config.clustering), {})
    _record_seeds(expansion.attributes, ledger)
    return expansion


async def expand(
    seeds: Sequence[Attribute],
    *,
    config: ExpansionConfig,
    caller: Caller,
    embedder: Embedder,
    nli: Nli,
    ledger: Ledger,
    sampling: Sampling,
    seed: int,
) -> Expansion:
    """Return the seeds in their categories, with queries, and the new attributes written from them.

    Queries are induced for the clusters of at least ``config.min_cluster`` attributes, the largest first; where none is
    so large, for all. A new attribute joins the category nearest to it within ``config.cluster_distance``, or founds
    one whose query is the one it answered. Without ``config.queries`` there is no query at all, and new attributes are
    written from others alone. Items: stages ``seed``, ``query`` and ``attribute``. Raises
    :class:`RunStopped` from a call.
    """
    kept = _distinct(seeds, ledger)
    vectors = await asyncio.to_thread(embedder.embed, [a.text for a in kept])
    labels = await asyncio.to_thread(cluster, vectors, config.cluster_distance, config.clustering)
    clustered = _with_categories(kept, labels, {})
    _record_seeds(clustered.attributes, ledger)

    queries: dict[int, str] = {}
    invented: list[str] = []
    if config.queries:
        queries, invented = await _queries(
            clustered,
            kept,
            labels,
            config=config,
            caller=caller,
            embedder=embedder,
            ledger=ledger,
            sampling=sampling,
            seed=seed,
        )
    brought = await bootstrap_attributes(
        kept,
        vectors,
        [*queries.values(), *invented] if config.queries else [""],
        config=config,
        caller=caller,
        embedder=embedder,
        nli=nli,
        ledger=ledger,
        sampling=sampling,
        seed=seed,
    )
    return _joined(kept, vectors, labels, queries, brought, config)


async def _queries(
    clustered: Expansion,
    kept: Sequence[Attribute],
    labels: Labels,
    *,
    config: ExpansionConfig,
    caller: Caller,
    embedder: Embedder,
    ledger: Ledger,
    sampling: Sampling,
    seed: int,
) -> tuple[dict[int, str], list[str]]:
    """(induced queries by the label of their cluster, invented queries)."""
    chosen = _largest(groups(labels), config)
    ledger.begin("query", len(chosen) + (config.bootstrap_queries if chosen else 0))
    induced = await induce_queries(
        [(clustered.categories[label], [kept[row] for row in rows]) for label, rows in chosen],
        shown=config.query_sample,
        caller=caller,
        ledger=ledger,
        sampling=sampling,
        seed=seed,
    )
    queries = {label: query for (label, _), query in zip(chosen, induced, strict=True) if query}
    invented = await bootstrap_queries(
        list(queries.values()),
        config=config,
        caller=caller,
        embedder=embedder,
        ledger=ledger,
        sampling=sampling,
        seed=seed,
    )
    return queries, invented


def _distinct(attributes: Sequence[Attribute], ledger: Ledger | None) -> list[Attribute]:
    """The attributes without repetitions; those and wordless ones are recorded as rejected seeds."""
    kept: dict[str, Attribute] = {}
    if ledger:
        ledger.begin("seed", len(attributes))
    for place, attribute in enumerate(attributes):
        bare = normalise(attribute.text)
        if bare and bare not in kept:
            kept[bare] = attribute
        elif ledger:
            item = make_id("a", attribute.text, "repeated at", str(place))
            by, reason = ("duplicate", f"the same words as seed {kept[bare].id}") if bare else ("empty", "no words")
            ledger.record(Outcome("seed", item, "rejected", by=by, reason=reason, data={"text": attribute.text}))
    return list(kept.values())


def _record_seeds(attributes: Sequence[Attribute], ledger: Ledger | None) -> None:
    if ledger:
        for attribute in attributes:
            ledger.record(Outcome("seed", attribute.id, "accepted", data=attribute))


def _largest(clusters: Sequence[Sequence[int]], config: ExpansionConfig) -> list[tuple[int, Sequence[int]]]:
    """(label, rows) of the clusters whose queries are induced, the largest first, then by label."""
    order = sorted(enumerate(clusters), key=lambda item: (-len(item[1]), item[0]))
    big = [item for item in order if len(item[1]) >= config.min_cluster]
    return (big or order)[: config.max_queries]


def _with_categories(
    attributes: Sequence[Attribute], labels: Labels, queries: dict[int, str], seeds: int | None = None
) -> Expansion:
    """Put labels on attributes. A category whose first attribute is beyond the first ``seeds`` is bootstrapped."""
    categories: list[Category] = []
    names: dict[int, str] = {}
    for label, rows in enumerate(groups(labels)):
        names[label] = make_id("k", attributes[rows[0]].text)
        categories.append(
            Category(
                names[label],
                queries.get(label, ""),
                tuple(attributes[row].id for row in rows),
                "clustered" if seeds is None or rows[0] < seeds else "bootstrapped",
            )
        )
    placed = (replace(a, category=names[int(label)]) for a, label in zip(attributes, labels, strict=True))
    return Expansion(tuple(placed), tuple(categories))


def _joined(
    seeds: Sequence[Attribute],
    vectors: Floats,
    labels: Labels,
    queries: dict[int, str],
    brought: Bootstrapped,
    config: ExpansionConfig,
) -> Expansion:
    if not brought.attributes:
        return replace(_with_categories(seeds, labels, queries), stopped=brought.stopped)
    added = assign(brought.vectors, vectors, labels, config.cluster_distance)
    founded = dict(queries)
    known = set(labels.tolist())
    for label, query in zip(added.tolist(), brought.queries, strict=True):
        if label not in known:
            founded.setdefault(label, query)
    everything = [*seeds, *brought.attributes]
    expansion = _with_categories(everything, np.concatenate([labels, added]), founded, len(seeds))
    return replace(expansion, stopped=brought.stopped)
