"""How near the ways for many attributes come to the exact ones: clustering, pairing, and what inference is not asked."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scale_book import Book, Line, measured
from scale_stages import DISTANCE, SIMILAR, NeverMind, build, expansion, labels, mean, paired, scores_of, users_of
from scale_vectors import Inputs

from duologue.config.sections import ProfilesConfig
from duologue.evaluation.metrics.expansion import between
from duologue.models.nli import load_nli
from duologue.models.protocol import Floats
from duologue.pairing import commonality, embedding
from duologue.users.clustering import MAX_ROWS, Labels, cluster, groups
from duologue.users.consistency import JOINT_FLOOR, TOPIC_FLOOR, Consistency
from duologue.users.linkage import link

PIECE = 2_000
"""Questions to the NLI model between two savings."""
EDGES = (-1.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 1.0)
OPPOSITES = (("love", "hate"), ("like", "dislike"), ("like", "hate"), ("enjoy", "hate"), ("married", "single"), ("tall", "short"))  # fmt: skip
"""A sentence and the same with the other word contradict each other."""


def agreement(inputs: Inputs, size: int, book: Book) -> None:
    """The approximate clustering beside the exact one: the default, and with as small a part looked at as in a million."""
    from sklearn.metrics import adjusted_rand_score, v_measure_score

    _, vectors = inputs.load(size)
    path = inputs.file("exact", size)

    def exact() -> Line:
        found, line = measured(lambda: cluster(vectors, DISTANCE, "exact"))
        np.save(path, found)
        return {**line, "categories": int(found.max()) + 1}

    _once(book, "agreement", inputs, size, "exact", exact)
    truth: Labels = np.load(path)

    def distance(found: Labels) -> float:
        return between(np.stack([vectors[rows].mean(axis=0) for rows in groups(found)]))

    base = distance(truth)
    ways: dict[str, Callable[[], Any]] = {
        "approximate, the default": lambda: cluster(vectors, DISTANCE, "approximate"),
        "no exact tail": lambda: link(vectors, DISTANCE, tail=0),
        "lists of 64, 4 visited": lambda: link(vectors, DISTANCE, tail=size // 50, per_list=64, probes=4),
        "lists of 16, 4 visited": lambda: link(vectors, DISTANCE, tail=size // 50, per_list=16, probes=4),
        "lists of 16, 2 visited": lambda: link(vectors, DISTANCE, tail=size // 50, per_list=16, probes=2),
    }
    if size <= MAX_ROWS:
        ways = {"exact without a matrix": lambda: link(vectors, DISTANCE, tail=size), **ways}

    def beside(work: Callable[[], Any]) -> Line:
        raw, line = measured(work)
        found = np.unique(raw, return_inverse=True)[1]
        return {
            **line,
            "categories": int(found.max()) + 1,
            "adjusted Rand": round(float(adjusted_rand_score(truth, found)), 4),
            "V-measure": round(float(v_measure_score(truth, found)), 4),
            "inter-cluster distance, %": round(100 * (distance(found) / base - 1), 2),
        }

    for name, work in ways.items():
        _once(book, "agreement", inputs, size, name, lambda work=work: beside(work))  # type: ignore[misc]


def policies(inputs: Inputs, size: int, book: Book) -> None:
    """The pairing of many users beside the exact one, on the same profiles."""
    users, table = users_of(inputs, size)
    for policy, module, name in (("commonality", commonality, "MEETINGS"), ("embedding", embedding, "EXACT")):
        for way, limit in (("exact", 10**12), ("of many", 0)):

            def work(policy: str = policy, module: Any = module, name: str = name, limit: int = limit) -> Line:
                before = getattr(module, name)
                setattr(module, name, limit)
                try:
                    pairs, line = measured(lambda: paired(users, table, policy))
                finally:
                    setattr(module, name, before)
                scores = scores_of(pairs, policy)
                return {**line, "pairs": len(pairs), "by the policy": len(scores), "mean score": mean(scores)}

            _once(book, "policies", inputs, size, f"{policy}, {way}", work)


def filtering(inputs: Inputs, size: int, book: Book, pairs: int, show: int) -> None:
    """What the NLI model says of pairs that it is not asked about, and of contradictions made by exchanging one word."""
    texts, vectors = inputs.load(size)
    config = ProfilesConfig()
    chosen = list(itertools.islice(_could_meet(vectors, labels(inputs, size)), pairs))
    alike = np.array([float(vectors[i] @ vectors[j]) for i, j in chosen])

    def recall() -> Line:
        rows, line = measured(lambda: _answers(inputs, f"nli-{pairs}", size, [(texts[i], texts[j]) for i, j in chosen]))
        kinds = {
            "contradiction": rows[:, 2] >= config.contradiction,
            "contradiction of at least 0.9": rows[:, 2] >= 0.9,
            "entailment": rows[:, 0] >= config.entailment,
        }
        line |= {"questions": len(chosen), "asked": round(float((alike >= TOPIC_FLOOR).mean()), 4)}
        for name, hit in kinds.items():
            kept = int(hit[alike >= TOPIC_FLOOR].sum())
            bands = {f"{a:g} to {b:g}": f"{int(hit[m].sum())} of {int(m.sum())}" for a, b in itertools.pairwise(EDGES)
                     for m in [(alike >= a) & (alike < b)]}  # fmt: skip
            line[name] = {"all": int(hit.sum()), "asked": kept, "recall": round(kept / max(1, int(hit.sum())), 4), "by cosine": bands}  # fmt: skip
        below = np.flatnonzero((kinds["contradiction"] | kinds["entailment"]) & (alike < TOPIC_FLOOR)).tolist()
        some = random.Random(1).sample(below, min(show, len(below)))
        line["not asked, for example"] = [[texts[chosen[k][0]], texts[chosen[k][1]], round(float(alike[k]), 2), *rows[k].round(2).tolist()] for k in some]  # fmt: skip
        return line

    _once(book, "filter", inputs, size, f"{pairs:,} pairs of different categories", recall)
    _once(book, "filter", inputs, size, "contradictions by one word", lambda: _by_one_word(texts, vectors))
    _once(book, "filter", inputs, size, "members joined", lambda: _joined(inputs, size, pairs // 10))


def _could_meet(vectors: Floats, found: Labels) -> Iterator[tuple[int, int]]:
    """Random ordered pairs, both ways, that neither their categories nor their likeness keep out of one profile."""
    rng = random.Random(0)
    while True:
        i, j = rng.sample(range(len(vectors)), 2)
        if found[i] != found[j] and vectors[i] @ vectors[j] <= SIMILAR:
            yield i, j
            yield j, i


def _answers(inputs: Inputs, name: str, size: int, asked: list[tuple[str, str]]) -> Floats:
    """Probabilities (len(asked), 3); saved every ``PIECE`` questions, and gone on with."""
    path, nli = inputs.file(name, size), load_nli("builtin")
    rows: Floats = np.load(path) if path.exists() else np.zeros((0, 3), dtype=np.float32)
    while len(rows) < len(asked):
        rows = np.concatenate([rows, nli.predict(asked[len(rows) : len(rows) + PIECE])])
        np.save(path, rows)
    return rows


def _by_one_word(texts: list[str], vectors: Floats) -> Line:
    """Of sentences that are there twice but for a word and its opposite, how many the NLI model would be asked about."""
    place = {text: row for row, text in enumerate(texts)}
    found = []
    for text, row in place.items():
        words = text.split()
        for (one, other), at in itertools.product(OPPOSITES, range(len(words))):
            if words[at] == one:
                twin = place.get(" ".join([*words[:at], other, *words[at + 1 :]]))
                if twin is not None:
                    found.append(float(vectors[row] @ vectors[twin]))
    alike = np.array(found)
    return {"pairs": len(alike), "asked": int((alike >= TOPIC_FLOOR).sum()), "recall": mean((alike >= TOPIC_FLOOR).tolist()),
            "lowest cosine": round(float(alike.min()), 3) if found else None}  # fmt: skip


def _joined(inputs: Inputs, size: int, count: int) -> Line:
    """A member against all others of its profile joined, beside those alone that are near enough to be joined.

    The profiles are those that the questions about pairs leave; the joined members are not asked about before.
    """
    config = ProfilesConfig()
    found, table = expansion(inputs, size)
    place = {attribute.id: row for row, attribute in enumerate(found.attributes)}
    drawn = [[place[a.id] for a in profile.attributes] for profile in build(found, count, table, NeverMind())]
    conflicts = Consistency(found.attributes, config, table, load_nli("builtin")).conflicts(drawn, set_level=False)
    kept = [rows for rows, wrong in zip(drawn, conflicts, strict=True) if not wrong]
    texts = [[found.attributes[row].text for row in rows] for rows in kept]
    every, near, which = [], [], []
    for members in texts:
        rows = table.embed(members)
        alike = rows @ rows.T
        for at, text in enumerate(members):
            others = [other for other in range(len(members)) if other != at]
            close = [other for other in others if alike[at, other] >= JOINT_FLOOR]
            every.append((_said(members, others), text))
            if len(close) > 1:
                which.append(len(every) - 1)
                near.append((_said(members, close), text))

    def wrong(rows: Floats) -> Any:
        return (rows[:, 2] >= config.contradiction) | (rows[:, 0] >= config.entailment)

    rows, line = measured(lambda: _answers(inputs, f"joined-{count}", size, [*every, *near]))
    all_wrong, near_wrong = wrong(rows[: len(every)]), np.zeros(len(every), dtype=np.bool_)
    near_wrong[which] = wrong(rows[len(every) :])
    both = int((all_wrong & near_wrong).sum())
    return {**line, "profiles": len(kept), "members": len(every), "asked": len(near), "wrong with all joined": int(all_wrong.sum()),
            "of them wrong as asked": both, "recall": round(both / max(1, int(all_wrong.sum())), 4),
            "wrong as asked": int(near_wrong.sum())}  # fmt: skip


def _said(members: list[str], which: list[int]) -> str:
    return " ".join(members[w] if members[w].endswith((".", "!", "?")) else f"{members[w]}." for w in which)


def _once(book: Book, what: str, inputs: Inputs, size: int, name: str, work: Callable[[], Line]) -> None:
    """Do what the book has not yet."""
    key = {"what": what, "input": inputs.kind, "size": size, "name": name}
    if not book.find(**key):
        book.add({**key, **work()})
