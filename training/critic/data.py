"""Conversations with labels: which utterance carries, contradicts or takes over which attribute."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from duologue.records import Attribute, Candidate, Pair, Profile

HERE = Path(__file__).parent
CONVERSATIONS = (
    HERE.parent / "generator" / "handwritten_a.jsonl",
    HERE.parent / "generator" / "handwritten_b.jsonl",
    HERE.parent.parent / "src" / "duologue" / "data" / "examples.jsonl",
)
Cell = tuple[int, str, int]  # owner, attribute, utterance from 0


@dataclass
class Labelled:
    """One conversation. Cells that are in none of the sets are neutral."""

    id: str
    group: str
    """Where it comes from; folds never split a group."""
    users: tuple[tuple[str, ...], tuple[str, ...]]
    utterances: tuple[str, ...]
    carried: set[Cell] = field(default_factory=set)
    faint: set[Cell] = field(default_factory=set)
    """Carried by implication only: neither a positive nor a negative."""
    contradicted: set[Cell] = field(default_factory=set)
    swapped: set[Cell] = field(default_factory=set)
    selves: set[tuple[int, int]] = field(default_factory=set)
    faithful: bool = True
    complete: bool = True
    """Whether all cells are labelled; else only "nothing is contradicted or swapped" is known."""
    fresh: bool = False
    """Whether the shipped NLI model has not learnt from the conversation: it is too sure of those it has."""
    focus: frozenset[tuple[int, str]] | None = None
    """The attributes (owner, text) whose cells a variant adds to those of its original; None for all."""

    def candidate(self) -> Candidate:
        """As the Critic sees it."""
        one, two = (Profile.of(tuple(Attribute.of(t) for t in texts)) for texts in self.users)
        return Candidate(self.id, Pair("p", 0, one, two), 1, 0, 0, self.utterances, "whole", "m", "h", 0)


def conversations() -> dict[str, Labelled]:
    """The written conversations, all faithful; labelled where ``carried.tsv`` has them."""
    found = {}
    for path in CONVERSATIONS:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            users = (tuple(row["user_1"]), tuple(row["user_2"]))
            found[row["id"]] = Labelled(row["id"], row["id"], users, tuple(row["utterances"]), complete=False)
    for row in _table("carried.tsv"):
        conversation = found[row["conversation"]]
        conversation.complete = True
        owner, text = _attribute(conversation, row)
        conversation.carried |= {(owner, text, int(n) - 1) for n in row["clear"].split()}
        conversation.faint |= {(owner, text, int(n) - 1) for n in row["faint"].split()}
    return found


def contraries(known: dict[str, Labelled]) -> Iterator[Labelled]:
    """The same conversations with one attribute of a profile turned into its contrary, one variant each."""
    for number, row in enumerate(_table("contrary.tsv")):
        original = known[row["conversation"]]
        owner, old = _attribute(original, row)
        clear = {u for o, t, u in original.carried if (o, t) == (owner, old)}
        faint = {u for o, t, u in original.faint if (o, t) == (owner, old)}
        if not clear and not faint:
            continue
        users = [list(u) for u in original.users]
        users[owner - 1][int(row["attribute"]) - 1] = row["text"]
        new = row["text"]
        yield replace(
            original,
            id=f"{original.id}/contrary-{owner}.{row['attribute']}.{number}",
            users=(tuple(users[0]), tuple(users[1])),
            carried={c for c in original.carried if c[:2] != (owner, old)},
            faint={c for c in original.faint if c[:2] != (owner, old)} | {(owner, new, u) for u in faint},
            contradicted={(owner, new, u) for u in clear},
            faithful=False,
            focus=frozenset([(owner, new)]),
        )


def moved(known: dict[str, Labelled], seed: int = 0) -> Iterator[Labelled]:
    """One clearly carried attribute of each user handed to the partner's profile: what was said of it is a swap."""
    rng = random.Random(seed)
    for original in known.values():
        for owner in (1, 2):
            texts = sorted({t for o, t, _ in original.carried if o == owner})
            # What both hold can't be swapped.
            texts = [t for t in texts if t not in original.users[2 - owner]]
            for text in rng.sample(texts, min(2, len(texts))):
                users = [list(u) for u in original.users]
                users[owner - 1].remove(text)
                users[2 - owner].append(text)
                clear = {u for o, t, u in original.carried if (o, t) == (owner, text)}
                faint = {u for o, t, u in original.faint if (o, t) == (owner, text)}
                yield replace(
                    original,
                    id=f"{original.id}/moved-{owner}.{text}",
                    users=(tuple(users[0]), tuple(users[1])),
                    carried={c for c in original.carried if c[:2] != (owner, text)},
                    faint={c for c in original.faint if c[:2] != (owner, text)} | {(3 - owner, text, u) for u in faint},
                    swapped={(3 - owner, text, u) for u in clear},
                    faithful=False,
                )


def reversed_words(known: dict[str, Labelled]) -> Iterator[Labelled]:
    """A speaker's own claim and, in another utterance of theirs, its contrary."""
    for row in _table("contrary.tsv"):
        original = known[row["conversation"]]
        owner, old = _attribute(original, row)
        clear = sorted(u for o, t, u in original.carried if (o, t) == (owner, old))
        others = [i for i in range(owner - 1, len(original.utterances), 2) if i not in clear]
        if not clear or not others:
            continue
        place = others[len(original.id + row["text"]) % len(others)]
        said = list(original.utterances)
        said[place] = f"{said[place]} {row['text']}"
        yield replace(
            original,
            id=f"{original.id}/reversed-{owner}.{row['attribute']}",
            utterances=tuple(said),
            contradicted={(owner, old, place)},
            focus=frozenset([(owner, old)]),
            selves={(min(place, u), max(place, u)) for u in clear},
            faithful=False,
        )


def foreign(known: dict[str, Labelled], count: int = 3, seed: int = 0) -> Iterator[Labelled]:
    """Conversations with attributes from elsewhere added to both profiles, which nobody carries."""
    rng = random.Random(seed)
    every = sorted({t for c in known.values() for u in c.users for t in u})
    for original in known.values():
        users = tuple(
            (*u, *rng.sample([t for t in every if t not in original.users[0] + original.users[1]], count))
            for u in original.users
        )
        added = frozenset((o, t) for o in (1, 2) for t in users[o - 1][len(original.users[o - 1]) :])
        yield replace(original, id=f"{original.id}/foreign", users=users, focus=added)


def chats(*names: str) -> Iterator[Labelled]:
    """The chats of files such as ``chats.txt`` (the default), whose head says what the marks mean."""
    for name in names or ("chats.txt", "chats_2.txt", "generated.txt"):
        block: list[str] = []
        for line in (HERE / name).read_text(encoding="utf-8").splitlines():
            if line.startswith("= ") and block:
                yield _chat(block)
                block = []
            if line and not line.startswith("#"):
                block.append(line)
        yield _chat(block)


def _chat(block: list[str]) -> Labelled:
    users = tuple(tuple(t.strip() for t in line[2:].split("|")) for line in block if line[:2] in ("1:", "2:"))
    said = tuple(line[2:] for line in block if line.startswith("- "))
    name = block[0][2:]
    chat = Labelled(name, name, users, said, fresh=True)
    marks = next((line[2:] for line in block if line.startswith("! ")), "").split()
    for mark in marks:
        kind, rest = mark[0], mark[1:]
        if kind == "X":
            one, other = map(int, rest.split("-"))
            chat.selves.add((one - 1, other - 1))
            chat.faithful = False
            continue
        where, at = rest.split("@")
        owner, number = map(int, where.split("."))
        cell = (owner, users[owner - 1][number - 1], int(at) - 1)
        {"S": chat.carried, "F": chat.faint, "C": chat.contradicted, "W": chat.swapped}[kind].add(cell)
        if (kind == "W") == (cell[2] % 2 + 1 == owner) or cell[2] >= len(said):
            raise ValueError(f"{name}: {mark} names the wrong speaker")
        chat.faithful &= kind in "SF"
    return chat


def _attribute(conversation: Labelled, row: dict[str, str]) -> tuple[int, str]:
    owner = int(row["user"])
    return owner, conversation.users[owner - 1][int(row["attribute"]) - 1]


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
