"""From a native row (:mod:`duologue.export.rows`) back to the conversation, with its evidence and verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from duologue.datasets.layouts import attributes
from duologue.datasets.problems import BadRow
from duologue.records import Conversation, make_id
from duologue.store.codec import of_plain

FINDER = "faithfulness"
"""The expert that evidence is put under where the row's verdicts name no such one."""


def conversation_of(row: Mapping[str, Any], index: int) -> Conversation | None:
    """The conversation that a native row holds; ``index`` is its place in the data set, from 0.

    None where the row has neither evidence nor verdicts, is no native row, or its speakers don't take turns.
    """
    if not row.get("evidence") and not row.get("verdicts"):
        return None
    try:
        return _conversation(row, index)
    except (BadRow, KeyError, TypeError, ValueError, AttributeError):
        return None


def _conversation(row: Mapping[str, Any], index: int) -> Conversation | None:
    said = row["utterances"]
    if not said or any(u["speaker"] != i % 2 + 1 for i, u in enumerate(said)):
        return None
    pairing = row.get("pairing") or {}
    verdicts = [
        {
            **_kept(v, "expert", "kind", "passed", "reason", "utterances"),
            "value": _number(v.get("value")),
            "scores": [_number(score) for score in v.get("scores") or ()],
        }
        for v in row.get("verdicts") or ()
    ]
    evidence = [
        _kept(e, "owner", "attribute", "utterance", "label", "score", "verbatim") | _other(e)
        for e in row.get("evidence") or ()
        if 0 <= e["utterance"] < len(said)
    ]
    if evidence:
        # A row does not say which expert found what.
        if all(v["expert"] != FINDER for v in verdicts):
            verdicts.insert(0, {"expert": FINDER, "kind": "filter", "value": math.nan, "passed": True})
        next(v for v in verdicts if v["expert"] == FINDER)["evidence"] = evidence
    pair = {
        "id": "p-" + str(row["id"]).removeprefix("c-"),
        "index": index,
        "user_1": _user(row["user_1"]),
        "user_2": _user(row["user_2"]),
        "policy": pairing.get("policy") or "",
        "score": pairing.get("score") or 0.0,
        "shared": [(s["user_1"], s["user_2"]) for s in pairing.get("shared") or ()],
        "split": row.get("split") or "train",
    }
    candidate = {
        "id": "",
        "pair": pair,
        "iteration": row.get("iteration") or 0,
        "attempt": 0,
        "sample": 0,
        "utterances": [u["text"] for u in said],
        "mode": row.get("mode") or "whole",
        "model": row.get("model") or "",
        "prompt_hash": row.get("prompt_hash") or "",
        "seed": row.get("seed") or 0,
    }
    votes = row.get("votes")
    found = {"candidate": candidate, "verdicts": verdicts, "votes": 0.0 if votes is None else votes}
    made = of_plain(Conversation, found)
    return replace(made, hand=row["hand"]) if row.get("hand") in ("accepted", "edited", "chosen") else made


def _number(value: Any) -> Any:
    return math.nan if value is None else value


def _user(value: Mapping[str, Any]) -> dict[str, Any]:
    held = value["attributes"]
    texts = attributes(value)
    return {
        "id": value.get("id") or make_id("u", *sorted(texts)),
        "attributes": [
            {"id": a.get("id") or make_id("a", text), "text": text, "origin": a.get("origin") or "seed",
             "category": a.get("category") or ""}
            for a, text in zip(held, texts, strict=True)
        ],
    }  # fmt: skip


def _kept(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if value.get(name) is not None}


def _other(item: Mapping[str, Any]) -> dict[str, Any]:
    """JSON lines hold -1 for the other utterance of evidence that has none, Parquet null."""
    other = item.get("other")
    return {} if other is None or other < 0 else {"other": other}
