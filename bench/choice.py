"""How good the draw is that the Generator chooses, on draws that were marked by reading.

    python bench/choice.py [--marked training/generator/marked_draws.jsonl] [--draws 3] [--unsure] [--json FILE]

Each place holds several draws of one utterance, by adapter 2.3 (``marked_draws_2.jsonl``: 2.5, ``_3`` and ``_4``: 2.6) at temperature 0.6, with marks from 1 (senseless or untrue) to 5 (a good
reply). Printed are the mean mark of the draw that ``choose`` takes, of the first and of the best one, the share of bad draws
(marks below 2), words, and how often the planned attribute comes out. The weights of fitting, agreement and length were
found on the places of the first file, so its gain is that of a development set; the second was marked after that. How sure
their writer was of the draws is known from the third file on; ``--unsure`` leaves it out of the choice.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from duologue.conversations.generator.choice import Situation, choose
from duologue.conversations.generator.plan import carries
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.records import Attribute, Pair, Profile

MARKED = Path(__file__).parents[1] / "training" / "generator" / "marked_draws.jsonl"
BAD = 2.0


def situation(row: dict[str, Any]) -> Situation:
    """Where the draws of a place stand."""
    own, partner = (Profile.of(tuple(Attribute.of(text) for text in row[key])) for key in ("own", "partner"))
    users = (own, partner) if len(row["said"]) % 2 == 0 else (partner, own)
    return Situation(Pair(row["talk"], 0, *users), tuple(row["said"]), row["notes"].get(str(len(row["said"]))))


def figures(chosen: list[tuple[dict[str, Any], int]]) -> dict[str, float]:
    """The figures of one chosen draw a place, by its index."""
    planned = [(row["draws"][i], s.planned) for row, i in chosen if (s := situation(row)).planned is not None]
    return {
        "mean mark": fmean(row["marks"][i] for row, i in chosen),
        "bad": fmean(row["marks"][i] < BAD for row, i in chosen),
        "words": fmean(len(row["draws"][i].split()) for row, i in chosen),
        "planned attribute came out": fmean([carries(text, str(attribute)) for text, attribute in planned] or [0]),
    }


def main() -> None:
    """Choose, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marked", type=Path, default=MARKED)
    parser.add_argument("--draws", type=int, default=3, help="draws of each place to choose among")
    parser.add_argument("--unsure", action="store_true", help="choose without how sure the model was")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.draws < 1:
        parser.error("--draws: at least 1")
    rows = [json.loads(line) for line in args.marked.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [{**row, "draws": row["draws"][: args.draws], "marks": row["marks"][: args.draws]} for row in rows]
    embedder, nli = load_embedder("minilm"), load_nli("builtin")
    ours = []
    for row in rows:
        sure = {} if args.unsure else dict(zip(row["draws"], row.get("sure", ()), strict=False))
        said = choose(row["draws"], situation(row), embedder=embedder, nli=nli, sure=sure).text
        ours.append((row, row["draws"].index(said)))
    columns = {
        "chosen": figures(ours),
        "the first": figures([(row, 0) for row in rows]),
        "the best": figures([(row, row["marks"].index(max(row["marks"]))) for row in rows]),
    }
    print(f"{len(rows)} places, {args.draws} draws each")
    for name, found in columns.items():
        print(f"{name:12}" + "  ".join(f"{key} {value:.3f}" for key, value in found.items()))
    if args.json:
        args.json.write_text(json.dumps(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
