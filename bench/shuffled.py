"""What shuffled profiles cost: a data set beside a copy of it in which other users' profiles stand with the same words.

    python bench/shuffled.py --data convai2_human.jsonl [--conversations 100] [--groups usefulness]

With the shipped models. Prints one line a measure and fails where one of those in ``FALL`` does not fall clearly. Those in
``SHOWN`` are printed only: what a stranger's profile tells is seldom contradicted, it just does not come up.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from duologue.datasets import Dialogue, open_dataset
from duologue.evaluation import GeneratorOptions, Options, Sizes, evaluate
from duologue.evaluation.evaluate import check_groups

FALL = ("picked_attributes", "coverage", "ir_self_own", "ranker_self_own", "extraction_own")
"""What must be lower for the copy, p < 0.05 after correction."""
SHOWN = ("faithful_conversations", "contradictions")


def write(path: Path, talks: Sequence[Dialogue], profiles: Sequence[Dialogue]) -> Path:
    """Write what ``talks`` say under what ``profiles`` tell."""
    with path.open("w", encoding="utf-8") as file:
        for talk, of in zip(talks, profiles, strict=True):
            said = [{"speaker": u.speaker, "text": u.text} for u in talk.utterances]
            row = {"id": talk.id, "user_1": list(of.user_1), "user_2": list(of.user_2), "utterances": said}
            file.write(json.dumps(row) + "\n")
    return path


def main() -> None:
    """Compare both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="conversations with profiles, in any format that is read")
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--groups", default="faithfulness,usefulness")
    args = parser.parse_args()
    held = list(open_dataset(args.data))
    chosen = random.Random(0).sample(held, min(args.conversations, len(held)))
    # Each gets the profiles of the conversation half the set further on.
    half = len(chosen) // 2
    with tempfile.TemporaryDirectory() as folder:
        made = write(Path(folder) / "own.jsonl", chosen, chosen)
        shuffled = write(Path(folder) / "shuffled.jsonl", chosen, chosen[half:] + chosen[:half])
        options = Options(
            groups=check_groups(args.groups.split(",")),
            sizes=Sizes(text=len(chosen), model=len(chosen)),
            generator=GeneratorOptions("none"),
        )
        report = evaluate(made, [shuffled], options)
    gaps = {gap.metric: gap for gap in report.differences}
    failed = []
    for name in (*FALL, *SHOWN):
        if name not in report.metrics:
            continue
        figures = [data.figures.get(name) for data in report.data_sets]
        own, other = ("no figure" if f is None else f"{f.value:.3f} [{f.low:.3f}, {f.high:.3f}]" for f in figures)
        gap = gaps.get(name)
        clear = gap is not None and gap.difference > 0 and gap.p_holm < 0.05
        failed += [name] if name in FALL and not clear else []
        p = f"p {gap.p_holm:.1g} after correction" if gap is not None else "not tested"
        print(f"{name}: {own}, shuffled {other}; {p}", flush=True)
    sys.exit(f"not clearly lower: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
