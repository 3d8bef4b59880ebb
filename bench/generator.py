"""The embedded Generator in the real pipeline, on profiles it was not trained on, beside the released data and people's.

    python bench/generator.py --data FOLDER [--pairs 300] [--out RUN_FOLDER] [--set generator.turn_choices=3 ...] [--json FILE] [--nli NAME]

``FOLDER`` holds ``personas_train.jsonl`` and, for the other columns, ``spc_valid.csv`` and ``convai2_human.jsonl``. Pairs
come from the pipeline's own pairing with a fixed seed. Speed is that of the conversations alone, from the first call to
the last verdict, on this machine as it is. What the rows mean stands in ``figures.py``. ``--nli`` adds contradictions of the
own profile, by another NLI model than the Critic's, see ``own_contradictions.py``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import own_contradictions
import yaml
from figures import Talk, figures, read_human, read_spc

from duologue.api import run
from duologue.config.load import load_config
from duologue.models.embedder import load_embedder
from duologue.records import Outcome, Stage
from duologue.store.reading import RunReader

SETTINGS: dict[str, Any] = {
    "seed": 5,
    "profiles.source": "given",
    "generator.utterances": [9, 11],
    "generator.candidates": 1,
    "loop.iterations": 1,
}
"""What every run of this bench has; the rest is the model's own and the program's defaults."""


class Clock:
    """When the conversations begin and end."""

    def __init__(self, speed: Callable[[], str]) -> None:
        self.begun = 0.0
        self.ended = 0.0

    def begin(self, stage: Stage, total: int | None, iteration: int) -> None:
        if stage == "conversation" and iteration == 1:
            self.begun = time.perf_counter()

    def outcome(self, outcome: Outcome) -> None:
        if outcome.stage == "conversation" and outcome.iteration == 1:
            self.ended = time.perf_counter()

    def close(self) -> None:
        pass


def generate(data: Path, pairs: int, out: Path, more: dict[str, Any]) -> tuple[dict[str, float], list[Talk]]:
    """Run the pipeline (or go on with what is in ``out``) and return the figures and what they are of."""
    overrides = {**SETTINGS, "seeds.path": str(data / "personas_train.jsonl"), "pairing.pairs": pairs, **more}
    config = load_config(overrides=overrides)
    clocks: list[Clock] = []

    def watch(speed: Callable[[], str]) -> Clock:
        clocks.append(Clock(speed))
        return clocks[-1]

    run(config, out, watch=watch)
    seconds = clocks[0].ended - clocks[0].begun
    with RunReader(out) as reader:
        talks = [
            Talk(
                (
                    tuple(a.text for a in c.candidate.pair.user_1.attributes),
                    tuple(a.text for a in c.candidate.pair.user_2.attributes),
                ),
                tuple((i % 2 + 1, u) for i, u in enumerate(c.candidate.utterances)),
                all(u.strip() and "\n" not in u for u in c.candidate.utterances),
            )
            for c in reader.conversations()
        ]
        calls = [t for t in reader.call_totals() if t.purpose.startswith("generator.")]
        counts = {(c.stage, c.status): 0 for c in reader.counts()}
        for c in reader.counts():
            counts[c.stage, c.status] += c.n if c.iteration == 1 else 0
    candidates = sum(n for (stage, _), n in counts.items() if stage == "candidate")
    low, high = config.generator.utterances
    found = {
        **figures(talks, (low, high)),
        "pairs": pairs,
        "candidates per accepted": candidates / max(1, len(talks)),
        "draws an utterance": sum(t.calls for t in calls) / max(1, sum(len(t.said) for t in talks)),
        "tokens a second": sum(t.completion_tokens for t in calls) / seconds if seconds > 0 else 0.0,
        "accepted a minute": 60 * len(talks) / seconds if seconds > 0 else 0.0,
    }
    return found, talks


def main() -> None:
    """Run, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--out", type=Path, help="folder of the run; kept")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="further configuration")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--nli", help="folder or hub id of a three-way cross-encoder in ONNX, not the Critic's, or llm:MODEL"
    )
    parser.add_argument("--nli-talks", type=int, help="conversations of each column that --nli reads; default all")
    args = parser.parse_args()
    # First, for what can't be loaded is to be known before hours of running.
    nli = own_contradictions.load(args.nli) if args.nli else None
    more = {key: yaml.safe_load(value) for key, _, value in (entry.partition("=") for entry in args.set)}
    with tempfile.TemporaryDirectory() as folder:
        column, here = generate(args.data, args.pairs, args.out or Path(folder, "run"), more)
    columns, talks = {"here": column}, {"here": here}
    for name, file, reader in (("spc", "spc_valid.csv", read_spc), ("human", "convai2_human.jsonl", read_human)):
        if (args.data / file).is_file():
            talks[name] = list(reader(args.data / file))
            columns[name] = figures(talks[name])
    if nli is not None:
        near = load_embedder("minilm") if args.nli.startswith(own_contradictions.LLM) else None
        own_contradictions.add(columns, talks, nli, near=near, most=args.nli_talks)
    print(f"{'':54}" + "".join(f"{name:>10}" for name in columns))
    for row in columns["here"]:
        values = (columns[name].get(row) for name in columns)
        print(
            f"{row:54}"
            + "".join(f"{'' if v is None else f'{v:.3f}' if isinstance(v, float) else v:>10}" for v in values)
        )
    if args.json:
        args.json.write_text(json.dumps(columns, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
