"""Builds the texts that the generator learns from: the prompts that the program sends, a note naming one attribute.

Some profiles stand in lower case, and notes with them, for users may write theirs so. Adapters up to version 2.3 saw notes
that named several attributes where an utterance brings out several, and were measured on second speakers alone.

Run: ``python training/generator/tasks.py OUT_FOLDER --spc SPC.jsonl --written A.jsonl B.jsonl``. It writes
``train.jsonl`` and ``valid.jsonl``. A row holds a ``prefix`` of chat messages and ``parts``, each a list of messages
that follows the prefix by itself; what the assistant says in parts is learnt, unless its place is in ``silent``.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from carried import marked, with_carried
from spc import plain

from duologue import prompts
from duologue.backends.protocol import Message
from duologue.conversations.examples import Example
from duologue.conversations.generator.render import bullets, noted, transcript
from duologue.records import Speaker

DATA = Path(__file__).parents[2] / "src" / "duologue" / "data"
QUERIES = Path(__file__).with_name("queries.tsv")
EXAMPLE_SHARE = 0.02
"""Share of the sequences whose prompt shows an example conversation."""
EXAMPLE_UTTERANCES = 12
LOWER_SHARE = 0.35
"""Share of the profiles shown in lower case without full stops, as Persona-Chat writes them."""
NO_NOTE = 0.1
"""Share of the utterances that bring out an attribute without a note, as talk takes its own way at times."""
HELD_OUT = 20
"""One conversation of so many is held out."""
HELD_OUT_ANSWERS = 24
"""Answers that measure each of the tasks about queries and attributes."""
PARTS = 8
"""Answers that share one row's prefix in the tasks about queries and attributes."""

Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    """Read conversations in the layout of ``examples.jsonl``; utterances are made plain."""
    rows: list[Row] = [orjson.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [{**row, "utterances": [plain(u) for u in row["utterances"]]} for row in rows]


def chat(messages: Sequence[Message]) -> list[list[str]]:
    """Messages as JSON lists."""
    return [[m.role, m.content] for m in messages]


def turns(row: Row, speaker: Speaker, example: Example | None, draw: random.Random) -> Row:
    """One speaker's side of a conversation, as ``conversations/generator/turns.py`` sends it; attributes shuffled.

    Where an utterance brings out attributes, the message before it carries the note that names one of them, for the program
    never names more.
    """
    held = list(row["user_1"] if speaker == 1 else row["user_2"])
    lower = draw.random() < LOWER_SHARE
    shown = [a.lower().rstrip(".") if lower else a for a in held]
    order = draw.sample(range(len(held)), len(held))
    messages = list(
        prompts.load("generator_turn_planned").messages(
            examples=_shown(example, speaker) if example else "", profile=bullets(shown[i] for i in order)
        )
    )
    opening = messages.pop()
    if speaker == 1:
        messages.append(opening)
    silent = []
    for index, text in enumerate(row["utterances"]):
        if index % 2 + 1 != speaker:
            messages.append(Message("user", prompts.as_data(text)))
            continue
        if row["carried"][index] and messages[-1].role == "user" and draw.random() >= NO_NOTE:
            named = shown[draw.choice(row["carried"][index])]
            messages[-1] = Message("user", noted(messages[-1].content, named))
        if index in row.get("silent", ()):
            silent.append(len(messages))
        messages.append(Message("assistant", prompts.as_data(text)))
    while messages[-1].role != "assistant":
        messages.pop()
    return {"task": "turns", "source": row["source"], "prefix": [], "parts": [chat(messages)], "silent": silent}


def _shown(example: Example, speaker: Speaker) -> str:
    names = ("You", "Partner") if speaker == 1 else ("Partner", "You")
    return f"Profile:\n{bullets(example.user(speaker))}\nChat:\n{transcript(example.utterances, names)}"


def talk(rows: Sequence[Row], pool: Sequence[Example], draw: random.Random) -> Iterator[Row]:
    """Both sides of each conversation."""
    for row in rows:
        for speaker in row.get("speakers", (1, 2)):
            example = draw.choice(pool) if draw.random() < EXAMPLE_SHARE else None
            if example and example.id == row["id"]:
                example = None
            yield turns(row, speaker, example, draw)


def expansion(count: int, draw: random.Random, *, held: bool = False) -> Iterator[Row]:
    """About ``count`` answers for each of the three steps of persona expansion, ``PARTS`` a row.

    Some seed categories are kept for measuring: ``held`` takes these alone, else they are left out.
    """
    members: dict[str, list[str]] = {}
    queries: dict[str, list[str]] = {}
    for line in (DATA / "seed_categories.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        category, query, attribute = line.split("\t")
        if held_out({"id": category}) != held:
            continue
        members.setdefault(category, []).append(attribute)
        queries.setdefault(category, [query])
    more: list[str] = []
    for line in QUERIES.read_text(encoding="utf-8").splitlines():
        category, query = line.split("\t")
        if not category:
            more.append(query)
        elif category in queries:
            queries[category].append(query)
    known = [q for group in queries.values() for q in group] + more
    everything = [a for group in members.values() for a in group]
    fit = {c: [a for a in group if _fits(a)] for c, group in members.items()}
    names = list(members)
    for _ in range(count // PARTS):
        induced, asked, answered = [], [], []
        for _ in range(PARTS):
            category = draw.choice(names)
            shown = draw.sample(members[category], 3)
            induced.append(_ask("query_induction", draw.choice(queries[category]), sentences=shown))
            five = draw.sample(known, 6)
            asked.append(_ask("query_bootstrap", five.pop(), queries=five))
            category = draw.choice([c for c in names if fit[c]])
            answer = draw.choice(fit[category])
            others = [a for a in draw.sample(everything, 6) if a != answer][:5]
            query = draw.choice(queries[category])
            answered.append(_ask("attribute_bootstrap", answer, sentences=others, query=query))
        for task, parts in (("query", induced), ("bootstrap_query", asked), ("attribute", answered)):
            prefix = parts[0][:-2]
            yield {
                "task": task,
                "source": "seeds",
                "prefix": chat(prefix),
                "parts": [chat(part[-2:]) for part in parts],
                "silent": [],
            }


def _fits(attribute: str) -> bool:
    """True for what the program's grammar lets a model write as an attribute."""
    return attribute.startswith(("I ", "I'm ", "I've ", "I'd ", "I'll ", "My ")) and not set(attribute[:-1]) & set(
        '.!?"();:'
    )


def _ask(name: str, answer: str, **values: str | list[str]) -> list[Message]:
    data = {
        key: prompts.as_data(value) if isinstance(value, str) else "\n".join(prompts.as_data(v) for v in value)
        for key, value in values.items()
    }
    return [*prompts.load(name).messages(**data), Message("assistant", answer)]


def held_out(row: Row) -> bool:
    """True for the conversations that only measure; depends on the id alone."""
    return zlib.crc32(row["id"].encode()) % HELD_OUT == 0


def main() -> None:
    """Write the two files and print how much of what they hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--spc", type=Path, nargs="*", default=[])
    parser.add_argument("--written", type=Path, nargs="*", default=[])
    parser.add_argument("--times", type=int, default=1, help="passes over the hand-written conversations in an epoch")
    parser.add_argument("--most-utterances", type=int, default=99, help="conversations are cut after so many")
    parser.add_argument("--spc-limit", type=int, help="SPC conversations, the least silent ones first")
    parser.add_argument("--answers", type=int, default=240, help="answers for each step of persona expansion")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    marks = marked()
    written = [
        {**with_carried(r, marks), "source": "written"}
        for path in (DATA / "examples.jsonl", *args.written)
        for r in read(path)
    ]
    spc = [{**with_carried(r, {}), "source": "spc"} for path in args.spc for r in read(path)]
    spc.sort(key=lambda r: len(r["silent"]) / len(r["utterances"]))
    spc = spc[: args.spc_limit]
    written, spc = (
        [{**r, "utterances": r["utterances"][: args.most_utterances]} for r in rows] for rows in (written, spc)
    )
    pool = [
        Example(r["id"], tuple(r["user_1"]), tuple(r["user_2"]), tuple(r["utterances"]))
        for r in written
        if len(r["utterances"]) <= EXAMPLE_UTTERANCES and not held_out(r)
    ]
    train = [*talk([r for r in spc if not held_out(r)], pool, draw)]
    for _ in range(args.times):
        train += talk([r for r in written if not held_out(r)], pool, draw)
    train += expansion(args.answers, draw)
    # Both speakers, so that openings measure too.
    valid = [turns(r, speaker, None, draw) for r in (*spc, *written) if held_out(r) for speaker in (1, 2)]
    valid += [
        {**row, "source": row["task"]} for row in expansion(HELD_OUT_ANSWERS, random.Random("held out"), held=True)
    ]
    args.out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train", train), ("valid", valid)):
        (args.out / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        kinds = sorted({(row["task"], row["source"]) for row in rows})
        counts = ", ".join(f"{t}/{s} {sum((r['task'], r['source']) == (t, s) for r in rows)}" for t, s in kinds)
        print(f"{name}: {counts}")


if __name__ == "__main__":
    main()
