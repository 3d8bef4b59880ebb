"""Toxicity by set and, for DiaSafety, by category: ToxiChat, DiaSafety, ConvAbuse; false alarms on human talk; speed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from critic_sets.common import Lab, Row, auroc, share
from duologue.models.toxicity import load_toxicity

NAME = "toxicity_dev"
GROUPED = {"diasafety, offending or agreeing": ("Offending User", "Toxicity Agreement")}
MOST = 0.5
"""Toxicity from which the shipped configuration rejects."""


def rows(lab: Lab) -> Iterator[Row]:
    """AUROC of each model after what was said before, beside the word list; chance is 0.5."""
    data = lab.jsonl(f"{NAME}.jsonl")
    if data is not None:
        yield from separation(lab, data)
    talks = lab.jsonl("convai2_human.jsonl")
    if talks is not None:
        yield from alarms(lab, [[text for _, text in talk["turns"]] for talk in talks])


def separation(lab: Lab, data: list[dict]) -> Iterator[Row]:
    """AUROC by set and category, and what the threshold finds."""
    model = lab.context.toxicity
    texts, before = [row["text"] for row in data], [row["context"] or "" for row in data]
    began = time.perf_counter()
    ratings = model.rate(texts, before)
    rate = len(data) / (time.perf_counter() - began)
    scores = [rating.score for rating in ratings]
    alone = model.score(texts).tolist()
    words = load_toxicity("wordlist").score(texts).tolist()
    for name, part in groups(data).items():
        truth = [bool(data[i]["label"]) for i in part]
        if not 0 < sum(truth) < len(truth):
            continue

        def of(values: list, part: list[int] = part, truth: list[bool] = truth):  # type: ignore[no-untyped-def]
            return auroc([values[i] for i in part], truth)

        beside = ("word list", of(words))
        yield lab.row(NAME, f"AUROC, {name}", model.name, of(scores), len(part), trivial=beside)
        yield lab.row(NAME, f"AUROC, {name}, context hidden", model.name, of(alone), len(part), trivial=beside)
        for label, measure in ((True, "found at 0.5"), (False, "flagged wrongly at 0.5")):
            hits = [scores[i] > MOST for i in part if bool(data[i]["label"]) is label]
            simple = [words[i] > MOST for i in part if bool(data[i]["label"]) is label]
            yield lab.row(
                NAME,
                f"{name}, {measure}",
                model.name,
                share(hits),
                len(hits),
                trivial=("word list", share(simple)),
                unit="%",
            )
    agreeing = [
        r.agrees
        for r, row in zip(ratings, data, strict=True)
        if row["category"] == "Toxicity Agreement" and row["label"]
    ]
    if agreeing:
        yield lab.row(NAME, "agreement named as such", model.name, share(agreeing), len(agreeing), unit="%")
    yield Row(NAME, "utterances a second", model.name, rate, np.nan, np.nan, len(data))


def groups(data: list[dict]) -> dict[str, list[int]]:
    """Indices of the rows by set, by category of DiaSafety, and by who spoke in ToxiChat."""
    found: dict[str, list[int]] = {}
    for i, row in enumerate(data):
        names = [row["set"]]
        if row["set"] in ("diasafety", "toxichat"):
            names.append(f"{row['set']}, {row['category']}")
        names += [name for name, held in GROUPED.items() if row["category"] in held]
        for name in names:
            found.setdefault(name, []).append(i)
    return found


def alarms(lab: Lab, talks: list[list[str]]) -> Iterator[Row]:
    """Share of human utterances that the threshold rejects."""
    model = lab.context.toxicity
    texts = [text for talk in talks for text in talk]
    before = [text for talk in talks for text in ["", *talk[:-1]]]
    flagged = model.score(texts, before) > MOST
    simple = load_toxicity("wordlist").score(texts) > MOST
    yield lab.row(
        "convai2_human",
        "utterances flagged as toxic (less is better)",
        model.name,
        share(flagged.tolist()),
        len(texts),
        trivial=("word list", share(simple.tolist())),
        unit="%",
    )
