"""Every expert of the Critic on every labelled set at hand, as one Markdown table.

``python bench/critic.py --data FOLDER [--only SET,...] [--limit N] [--nli NAME] [--judge FILE] [--run RUN]
[--ablation PAIRS] [--json FILE]``

People labelled most sets; a row says "labels: LLM" where a language model wrote the texts and marked them. The folder holds the sets by their names (convai2_human.jsonl, wild_scored.jsonl and so on); a set that is not there is
left out. Intervals are 95 % bootstrap intervals over the items of a set. ``--judge`` adds
the experts that ask a language model (``judged``), at most 50 rows of a set unless ``--limit`` says otherwise. ``--ablation`` adds the table of winners with
each expert removed, on the candidates of ``--run`` or, without one, on candidates made by rule.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from critic_sets import (
    ablation,
    calls,
    examples,
    guards,
    held_chats,
    human_talk,
    judged,
    own_words,
    pairs,
    persona_use,
    quality,
    ranking,
    speed,
    toxic,
)
from critic_sets.asking import Judge
from critic_sets.common import Lab, Row

from duologue.config.load import load_config

SETS: dict[str, Callable[[Lab], Iterator[Row]]] = {
    "pairs": pairs.rows,
    "ranking": ranking.rows,
    "own_words": own_words.rows,
    "human_talk": human_talk.rows,
    "persona_use": persona_use.rows,
    "examples": examples.rows,
    "held_chats": held_chats.rows,
    "guards": guards.rows,
    "quality": quality.rows,
    "toxic": toxic.rows,
    "judged": judged.rows,
    "calls": calls.rows,
    "speed": speed.rows,
}
HEAD = """| set | n | measure | expert | value | 95 % interval | trivial method | published |
|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the folder with the sets")
    parser.add_argument("--only", default=",".join(SETS), help=f"some of {', '.join(SETS)}")
    parser.add_argument("--limit", type=int, help="at most so many rows of a set, drawn at random")
    parser.add_argument("--nli", default="builtin", help="as small_models.nli: builtin, or a model's folder")
    parser.add_argument(
        "--judge", type=Path, metavar="FILE", help="a configuration whose model answers the experts that ask one"
    )
    parser.add_argument(
        "--judge-log", type=Path, default=Path("judge-log"), metavar="FOLDER", help="where its answers are kept"
    )
    parser.add_argument("--run", type=Path, help="a run folder whose candidates the ablation takes")
    parser.add_argument("--ablation", type=int, default=0, metavar="PAIRS", help="pairs of the ablation; 0 for none")
    parser.add_argument("--json", type=Path, help="write the rows here as well")
    args = parser.parse_args()
    names = [name for name in args.only.split(",") if name]
    unknown = [name for name in names if name not in SETS]
    if unknown:
        parser.error(f"--only: {', '.join(unknown)} is unknown; there are {', '.join(SETS)}")
    if args.data is not None and not args.data.is_dir():
        parser.error(f"--data: {args.data} is no folder")
    judge = Judge(load_config(args.judge), args.judge_log) if args.judge else None
    try:
        table(args, names, Lab(args.data, args.run, args.limit, nli=args.nli, judge_model=judge))
    finally:
        if judge is not None:
            judge.close()


def table(args: argparse.Namespace, names: list[str], lab: Lab) -> None:
    """Print the rows of the sets called ``names``."""
    print(HEAD, flush=True)
    found = []
    for name in names:
        began = time.perf_counter()
        for row in SETS[name](lab):
            found.append(row)
            print(row.markdown(), flush=True)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if args.ablation:
        print("\n" + ablation.table(lab, args.ablation), flush=True)
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
