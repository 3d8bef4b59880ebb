"""Counts what must not be in a finished data set, with patterns of its own that share no code with the Critic's guards.

    python bench/cleanliness.py DATA.jsonl RUN     (an export of `duologue export --format jsonl`, and its run folder)

Prints one figure a line. Exit status 1 when a figure that must be 0 or 100 % is not.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

PLACEHOLDER = re.compile(
    r"\[[^\]]*\]|\{[^}]*\}|<[^>]+>|\((?:your|my|user|insert|name)[^)]*\)|\b(?:user|speaker) ?[12]\b|_{3,}|\bXX+\b", re.I
)
ASSISTANT = re.compile(
    r"\bas an? (?:ai|language model|assistant)\b|\blanguage model\b|how (?:can|may) i (?:help|assist) you|"
    r"i(?:'m| am) here to (?:help|assist)|assist you with|feel free to ask|i(?:'m| am) an? (?:ai|virtual|assistant)\b",
    re.I,
)
WORD = re.compile(r"[a-z0-9']+")


def figures(rows: list[dict[str, Any]], low: int, high: int) -> dict[str, float]:
    """The shares (in [0, 1]) and counts of a data set."""
    talks = [[u["text"] for u in row["utterances"]] for row in rows]
    said = [text for talk in talks for text in talk]
    clean = sum(
        all(
            u["speaker"] == i % 2 + 1 and u["text"].strip() and "\n" not in u["text"]
            for i, u in enumerate(row["utterances"])
        )
        for row in rows
    )
    repeated = sum(len({t.lower() for t in talk}) < len(talk) for talk in talks)
    attributes = verbatim = 0
    for row, talk in zip(rows, talks, strict=True):
        joined = " " + " ".join(" ".join(WORD.findall(t.lower())) for t in talk) + " "
        for user in ("user_1", "user_2"):
            for attribute in row[user]["attributes"]:
                attributes += 1
                words = WORD.findall(attribute["text"].lower())
                verbatim += len(words) >= 4 and f" {' '.join(words)} " in joined
    tokens = [w for text in said for w in WORD.findall(text.lower())][:40_000]
    pairs = list(itertools.pairwise(tokens))
    return {
        "conversations": len(rows),
        "clean format": clean / len(rows),
        "inside the asked length": sum(low <= len(t) <= high for t in talks) / len(rows),
        "utterances with a placeholder": sum(bool(PLACEHOLDER.search(t)) for t in said),
        "utterances in assistant voice": sum(bool(ASSISTANT.search(t)) for t in said),
        "distinct utterances": len({t.lower() for t in said}) / len(said),
        "distinct openings": len({t[0].lower() for t in talks}) / len(talks),
        "conversations that repeat an utterance": repeated / len(rows),
        "attributes copied verbatim": verbatim / attributes,
        f"distinct-2 on {len(tokens)} tokens": len(set(pairs)) / max(1, len(pairs)),
        "most frequent opening": Counter(t[0].lower() for t in talks).most_common(1)[0][1],
    }


def main() -> None:
    """Read, count, print."""
    data, run = Path(sys.argv[1]), sys.argv[2]
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    account = json.loads(
        subprocess.run(
            [sys.executable, "-m", "duologue", "stats", run, "--json"], check=True, capture_output=True
        ).stdout
    )
    config = max(Path(run).glob("config*.yaml"), key=lambda p: p.stat().st_mtime).read_text(encoding="utf-8")
    low, high = map(int, re.findall(r"utterances:\s*\n\s*- (\d+)\s*\n\s*- (\d+)", config)[0])
    found = figures(rows, low, high)
    for name, value in found.items():
        print(f"{name:42} {value:.3f}" if isinstance(value, float) else f"{name:42} {value}")
    adds_up = all(s["total"] == s["accepted"] + s["rejected"] + s["failed"] for s in account["stages"])
    final = next(s for s in account["stages"] if s["stage"] == "conversation" and s["iteration"] == 0)
    complete = adds_up and final["accepted"] == len(rows) == account["data_set"]["conversations"]
    print(f"{'every row accounted for':42} {complete}")
    good = found["clean format"] == found["inside the asked length"] == 1.0 and complete
    good = good and not found["utterances with a placeholder"] and not found["utterances in assistant voice"]
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
