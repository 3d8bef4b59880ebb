"""What the embedded default writes in persona expansion, for reading: queries and attributes from the shipped seeds.

    python bench/expansion.py [--count 30] [--out RUN_FOLDER] [--set model.name=smollm2-135m ...]

The pipeline's own level 1 induces queries of the COUNT largest categories, makes COUNT attempts to invent another, and asks
for COUNT new attributes, with one pair of users to end the run. Printed are all of them, accepted or refused (by whom), with
what each was made from, and the share of attempts that the pipeline accepts. Whether they are sensible is for a reader.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from duologue.api import run
from duologue.config.load import load_config
from duologue.store.reading import RunReader

KINDS = ("induced", "bootstrapped", "attribute")


@dataclass(frozen=True, slots=True)
class Written:
    """One attempt."""

    kind: str
    """Of :data:`KINDS`."""
    text: str
    made_from: str
    """Attributes of the category for an induced query, the query for an attribute."""
    refused: str
    """Who refused it; empty where it was accepted."""


def settings(count: int, more: dict[str, Any]) -> dict[str, Any]:
    """The configuration's overrides for ``count`` of each kind."""
    return {
        "seed": 5,
        "expansion.max_queries": count,
        "expansion.bootstrap_queries": count,
        "expansion.target": count,
        "pairing.pairs": 1,
        "generator.utterances": [2, 2],
        "generator.candidates": 1,
        "generator.turn_choices": 1,
        "loop.iterations": 1,
        **more,
    }


def written(folder: Path) -> Iterator[Written]:
    """Every attempt of a run, as recorded."""
    with RunReader(folder) as reader:
        seeds: dict[str, list[str]] = {}
        for item in reader.items("seed", status="accepted"):
            held = json.loads(item.data or "{}")
            seeds.setdefault(held.get("category") or "", []).append(held["text"])
        for item in reader.items("query"):
            data = json.loads(item.data or "{}")
            shown = "; ".join(seeds.get(data.get("category", ""), [])[:4])
            yield Written(data["origin"], data["query"], shown, item.by)
        for item in reader.items("attribute"):
            data = json.loads(item.data or "{}")
            yield Written("attribute", data["text"], data.get("query", ""), item.by)


def lines(found: Sequence[Written]) -> Iterator[str]:
    """For each kind a heading with its share, then the accepted, then the refused."""
    for kind in KINDS:
        some = [w for w in found if w.kind == kind]
        kept = [w for w in some if not w.refused]
        yield f"{kind}: {len(kept)} of {len(some)} attempts accepted ({len(kept) / max(1, len(some)):.0%})"
        for one in sorted(some, key=lambda w: bool(w.refused)):
            mark = f"refused by {one.refused}: " if one.refused else ""
            yield f"  {mark}{one.text}" + (f"   <- {one.made_from}" if one.made_from else "")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--out", type=Path, help="folder of the run; kept")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="further configuration")
    args = parser.parse_args()
    more = {key: yaml.safe_load(value) for key, _, value in (entry.partition("=") for entry in args.set)}
    with tempfile.TemporaryDirectory() as folder:
        out = args.out or Path(folder, "run")
        run(load_config(overrides=settings(args.count, more)), out)
        print("\n".join(lines(list(written(out)))))


if __name__ == "__main__":
    main()
