"""Says which attributes of its speaker an utterance brings out, for conversations whose writer did not say so."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duologue.conversations.generator.plan import carries

MARKED = Path(__file__).parents[1] / "critic" / "carried.tsv"
"""Marked by hand for the Critic: conversation, user, attribute, utterances that bring it out; all from 1."""

Carried = list[list[int]]
"""For each utterance the indices of its speaker's attributes that it brings out."""


def marked(path: Path = MARKED) -> dict[str, dict[tuple[int, int], list[int]]]:
    """By conversation and (user, index of the attribute): the indices of the utterances that bring it out."""
    found: dict[str, dict[tuple[int, int], list[int]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            where = [int(n) - 1 for n in (row["clear"] or "").replace(",", " ").split()]
            found.setdefault(row["conversation"], {})[int(row["user"]), int(row["attribute"]) - 1] = where
    return found


def with_carried(
    row: Mapping[str, Any], marks: Mapping[str, Mapping[tuple[int, int], Sequence[int]]]
) -> dict[str, Any]:
    """The row with ``carried``: its own, else as marked by hand, else by shared words.

    An attribute counts where it comes out first; later utterances that touch it again need no note.
    """
    users = (row["user_1"], row["user_2"])
    said: Sequence[str] = row["utterances"]
    carried: Carried = [[] for _ in said]
    if "carried" in row:
        carried = [list(found) for found in row["carried"]]
    elif row["id"] in marks:
        for (user, attribute), where in marks[row["id"]].items():
            for index in where[:1]:
                if index < len(said) and index % 2 + 1 == user:
                    carried[index].append(attribute)
    else:
        for index, text in enumerate(said):
            for place, attribute in enumerate(users[index % 2]):
                if carries(text, attribute):
                    carried[index].append(place)
    return {**row, "carried": _first_only(carried)}


def _first_only(carried: Carried) -> Carried:
    seen: set[tuple[int, int]] = set()
    out: Carried = []
    for index, places in enumerate(carried):
        fresh = [p for p in dict.fromkeys(places) if (index % 2, p) not in seen]
        seen.update((index % 2, p) for p in fresh)
        out.append(fresh)
    return out
