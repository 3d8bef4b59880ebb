"""Pools of candidates for the ablation: those of a run, or some made by rule from the written conversations."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from critic_sets.common import REPOSITORY, Lab, candidate
from duologue.records import Candidate, Pair
from duologue.store.reading import RunReader

RUDE = "Shut up, you stupid idiot, nobody wants to hear that."


@dataclass(frozen=True)
class Entry:
    """A candidate and what was done to it; ``""`` for nothing, ``?`` for a run's, where nobody knows."""

    candidate: Candidate
    fault: str


def pools(lab: Lab, pairs: int) -> tuple[str, list[list[Entry]]]:
    """(what they are, one pool a pair)."""
    if lab.run is not None:
        return f"candidates of the run {lab.run.name}", list(of_run(lab.run, pairs))
    return "candidates made by rule from the written conversations", list(made(pairs, lab.seed))


def of_run(folder: Path, pairs: int) -> Iterator[list[Entry]]:
    """All candidates of each pair of a run's first iteration, refused ones too."""
    with RunReader(folder) as reader:
        known: dict[str, Pair] = {item.item: item.record(Pair) for item in reader.items("pair", status="accepted")}
        found: dict[str, list[Entry]] = {}
        for item in reader.items("candidate", iteration=1):
            row = item.value() or {}
            pair = known.get(row.get("pair", ""))
            if pair is None or "utterances" not in row:
                continue
            one = Candidate(
                item.item,
                pair,
                1,
                row["attempt"],
                row["sample"],
                tuple(row["utterances"]),
                row["mode"],
                row["model"],
                row["prompt_hash"],
                0,
            )
            found.setdefault(pair.id, []).append(Entry(one, "?"))
    for entries in list(found.values())[:pairs]:
        if len(entries) > 1:
            yield entries


def made(pairs: int, seed: int) -> Iterator[list[Entry]]:
    """For each pair: its own conversation cut short, and copies of it with one fault each.

    The sound one is shorter than the faulty ones, so that an expert that likes long talk would rather take those.
    """
    rows = [
        json.loads(line)
        for line in (REPOSITORY / "training" / "generator" / "handwritten_b.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    ]
    contrary = contraries()
    rng = random.Random(seed)
    for row in [r for r in rows if r["id"] in contrary][:pairs]:
        said, two = list(row["utterances"]), row["user_2"]
        owner, text = contrary[row["id"]]
        faults = {
            "": said[: max(6, len(said) - 2)],
            "contradiction": added(said, owner, text, rng),
            "swap": taken(said, two, rng),
            "toxic": added(said, rng.choice((1, 2)), RUDE, rng),
            "repeats": [*said[:6], *said[2:6], *said[6:]],
            "incoherent": shuffled(said, rng),
            "little persona": [*said[:4], "Nice weather today, is it not?", "It is, and it was rainy all week."],
        }
        yield [
            Entry(candidate(row["user_1"], two, u, row["id"] + name, i), name)
            for i, (name, u) in enumerate(faults.items())
            if u
        ]


def contraries() -> dict[str, tuple[int, str]]:
    """By conversation: (user, a sentence that denies one of their attributes)."""
    found: dict[str, tuple[int, str]] = {}
    path = REPOSITORY / "training" / "critic" / "contrary.tsv"
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        name, user, _, text = line.split("\t")
        found.setdefault(name, (int(user), text))
    return found


def added(said: list[str], user: int, text: str, rng: random.Random) -> list[str]:
    """The sentence at the end of one of the user's later utterances."""
    places = [i for i in range(2, len(said)) if i % 2 + 1 == user]
    place = rng.choice(places)
    return [f"{u} {text}" if i == place else u for i, u in enumerate(said)]


def taken(said: list[str], attributes: list[str], rng: random.Random) -> list[str]:
    """User 1 says an attribute of User 2's, somewhat reworded."""
    text = rng.choice(attributes)
    return added(
        said,
        1,
        f"Honestly, {text[0].lower() if not text.startswith('I ') else text[0]}{text[1:-1]}, believe it or not.",
        rng,
    )


def shuffled(said: list[str], rng: random.Random) -> list[str]:
    """Each speaker's utterances in another order."""
    one, two = said[::2], said[1::2]
    rng.shuffle(one)
    rng.shuffle(two)
    return [u for pair in zip(one, two, strict=False) for u in pair]
