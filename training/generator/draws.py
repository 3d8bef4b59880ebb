"""Marked draws: several draws of one utterance each, with a mark from 1 to 5 for every one.

A line of ``marked_draws.jsonl`` is a place: the conversation's id (``talk``), the speaker's profile (``own``) and the
partner's (``partner``), what was ``said`` so far (the partner's utterance last), the attributes that ``notes`` named, by the
number of utterances before, the ``draws``, the adapter that wrote them (``by``), in newer files how ``sure`` it was of each
(:data:`duologue.conversations.generator.choice.Sure`), their ``marks`` (5 answers plainly, makes
sense and is true to the profile; 1 is senseless, untrue or the partner's fact; halves where two readers differ), and the
``reply`` that the speaker should have given. ``python training/generator/draws.py RUN --by VERSION --out PLACES.jsonl``
takes places from a run, whose log keeps every draw; marks and replies are then written by reading.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from duologue import prompts
from duologue.conversations.generator.choice import sureness
from duologue.conversations.generator.render import bullets, noted
from duologue.store.call_log import unpack_answer
from duologue.store.reading import RunReader

Row = dict[str, Any]
Place = tuple[tuple[str, ...], str, tuple[tuple[str, str], ...]]
"""What was said, the profile of who speaks next as its prompt shows it, and the notes."""
NOTE = re.compile(r"\n\(Bring this up in your own words: (.*)\)$")
PROFILE = "This is you:\n"
OPENING = "Say something to begin"
LEAST, MOST = 3, 6
"""Distinct draws of a place."""
HELD_OUT = 8
"""One talk of so many only measures."""


def read(path: Path) -> list[Row]:
    """The rows of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def held_out(row: Row) -> bool:
    """True for the places that only measure; all of one talk go together."""
    return zlib.crc32(row["talk"].encode()) % HELD_OUT == 0


def messages(row: Row) -> list[list[str]]:
    """The prompt of a place, as ``conversations/generator/turns.py`` sends it."""
    sent = [
        [m.role, m.content]
        for m in prompts.load("generator_turn_planned").messages(examples="", profile=bullets(row["own"]))
    ]
    opening, said = sent.pop()[1], row["said"]

    def heard(text: str, reply: int) -> list[str]:
        note = row["notes"].get(str(reply))
        return ["user", noted(text, note) if note else prompts.as_data(text)]

    if len(said) % 2 == 0:
        sent.append(heard(opening, 0))
    for turn, text in enumerate(said):
        own = turn % 2 == len(said) % 2
        sent.append(["assistant", prompts.as_data(text)] if own else heard(text, turn + 1))
    return sent


def places(run: Path, by: str) -> list[Row]:
    """The utterances of a run's conversations of which at least ``LEAST`` distinct draws were made, unmarked.

    Draws of one utterance with a note and without are two places. Openings of users who stand in several pairs with
    one profile are one place, told of the last pair.
    """
    talks: dict[tuple[tuple[str, ...], str], Any] = {}
    with RunReader(run) as reader:
        for conversation in reader.conversations():
            candidate = conversation.candidate
            profiles = [bullets(a.text for a in candidate.pair.user(speaker).attributes) for speaker in (1, 2)]
            for turn in range(len(candidate.utterances)):
                talks[candidate.utterances[:turn], profiles[turn % 2]] = candidate
    query = "SELECT request, answer FROM calls WHERE purpose = 'generator.turn' ORDER BY finished_at"
    with closing(sqlite3.connect(f"file:{run / 'run.sqlite'}?mode=ro", uri=True)) as log:
        texts = dict(log.execute("SELECT hash, text FROM texts"))
        calls = log.execute(query).fetchall()
    found: dict[Place, Row] = {}
    for request, answer in calls:
        contents = [m["content"] for m in json.loads(request)["messages"]]
        sent = [texts[c["text"]] if isinstance(c, dict) else c for c in contents]
        said, notes = _said(sent)
        told, profile = unpack_answer(answer, 0, 0, 0), sent[0].rpartition(PROFILE)[2]
        candidate = talks.get((said, profile))
        text = told.text.strip()
        if candidate is None or told.finish == "length" or not text:
            continue
        speaker = len(said) % 2 + 1
        row = found.setdefault(
            (said, profile, tuple(sorted(notes.items()))),
            {
                "talk": candidate.id,
                "own": [a.text for a in candidate.pair.user(speaker).attributes],
                "partner": [a.text for a in candidate.pair.user(3 - speaker).attributes],
                "said": list(said),
                "notes": notes,
                "by": by,
                "draws": [],
                "sure": [],
            },
        )
        if text not in row["draws"]:
            row["draws"].append(text)
            row["sure"].append(round(sureness([t.logprob for t in told.logprobs]), 4))
    cut = ({**row, "draws": row["draws"][:MOST], "sure": row["sure"][:MOST]} for row in found.values())
    return [row for row in cut if len(row["draws"]) >= LEAST]


def _said(sent: list[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """What was said before a draw, and the attributes that notes named, by the number of utterances before."""
    said: list[str] = []
    notes: dict[str, str] = {}
    for place, text in enumerate(sent[1:]):
        found = NOTE.search(text)
        plain = text[: found.start()] if found else text
        if place or not plain.startswith(OPENING):
            said.append(plain)
        if found:
            notes[str(len(said))] = found.group(1)
    return tuple(said), notes


def answered(row: Row) -> Row:
    """The place with the reply that was written for it, as a text of ``tasks.py`` of which the reply alone is learnt."""
    sent = messages(row)
    silent = [place for place, (role, _) in enumerate(sent) if role == "assistant"]
    parts = [[*sent, ["assistant", row["reply"]]]]
    return {"task": "turns", "source": "replies", "prefix": [], "parts": parts, "silent": silent}


def main() -> None:
    """Write the places of a run, or the replies of marked places as texts to learn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--by", default="", help="version of the adapter that wrote the run")
    parser.add_argument("--replies", type=Path, help="marked places, whose replies are added to --out instead")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.replies:
        with args.out.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(answered(row)) + "\n" for row in read(args.replies) if not held_out(row))
        return
    if not args.run or not args.by:
        parser.error("give a run and --by, or --replies")
    rows = places(args.run, args.by)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} places, {sum(len(r['draws']) for r in rows)} draws")


if __name__ == "__main__":
    main()
