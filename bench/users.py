"""Time and memory of levels 1 and 2 without the language model: embedding, clustering, profiles, pairing.

    python bench/users.py --sizes 1000 10000 [--data personas.jsonl] [--embedder minilm] [--nli builtin]

``--data`` is a JSONL file of ``{"persona": [...]}``; where it has fewer attributes than asked, and without it, made-up
sentences fill up. One profile per five attributes is built, and all profiles are paired.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from duologue.config.sections import ExpansionConfig, PairingConfig, ProfilesConfig, SplitsConfig
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.pairing.match import pair_users
from duologue.records import Attribute, Comparison, Outcome, Stage, Verdict
from duologue.users.expansion import categorise
from duologue.users.profiles import build_profiles

T = TypeVar("T")

OPENINGS = (
    *(
        "I collect",
        "I repair",
        "I am afraid of",
        "My brother sells",
        "I used to paint",
        "I dream about",
        "I can't stand",
    ),
    *("I write songs about", "My children love", "I know everything about", "I once lost", "I am saving for"),
)
KINDS = ("old", "tiny", "Spanish", "wooden", "red", "broken", "expensive", "silent", "famous", "wild", "blue", "frozen")
THINGS = (
    *(
        "clocks",
        "horses",
        "boats",
        "maps",
        "bridges",
        "kites",
        "violins",
        "roses",
        "trains",
        "spiders",
        "recipes",
        "coats",
    ),
    *("islands", "puppets", "teapots", "mountains", "radios", "owls", "castles", "bicycles", "lamps", "novels", "rugs"),
)
PLACES = ("", " at the seaside", " on Sundays", " with my sister", " in the cellar", " after work", " every winter")


class Counting:
    """Passes questions on to an NLI model and counts them."""

    def __init__(self, inner: Nli) -> None:
        self.name = inner.name
        self.asked = 0
        self._inner = inner

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        self.asked += len(pairs)
        return self._inner.predict(pairs)


class Tally:
    """A ledger that only counts."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def record(self, outcome: Outcome) -> None:
        self.counts[f"{outcome.stage} {outcome.status}"] += 1

    def judged(self, candidate_id: str, verdicts: Sequence[Verdict]) -> None: ...

    def compared(self, pair_id: str, iteration: int, comparisons: Sequence[Comparison]) -> None: ...

    def begin(self, stage: Stage, total: int | None, iteration: int = 0) -> None: ...

    async def flush(self) -> None: ...


def attributes(count: int, data: Path | None) -> list[Attribute]:
    """``count`` distinct attributes: those of ``data`` first, then made-up ones."""
    texts: dict[str, None] = {}
    if data:
        for line in data.read_text(encoding="utf-8").splitlines():
            texts.update(dict.fromkeys(json.loads(line)["persona"]))
    made = [f"{o} {k} {t}{p}." for o, k, t, p in itertools.product(OPENINGS, KINDS, THINGS, PLACES)]
    random.Random(0).shuffle(made)
    texts.update(dict.fromkeys(made))
    return [Attribute.of(text) for text in itertools.islice(texts, count)]


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def measure(count: int, data: Path | None, embedder: Embedder, nli: Nli, distance: float) -> list[str]:
    some, ledger, asked = attributes(count, data), Tally(), Counting(nli)
    _, embedding = timed(lambda: embedder.embed([a.text for a in some]))
    config = ExpansionConfig.model_validate({"cluster_distance": distance})
    expansion, clustering = timed(lambda: categorise(some, config=config, embedder=embedder, ledger=ledger))
    profiles, building = timed(
        lambda: build_profiles(
            expansion,
            count=len(expansion.attributes) // 5,
            config=ProfilesConfig.model_validate({}),
            embedder=embedder,
            nli=asked,
            ledger=ledger,
            seed=0,
        )
    )
    pairing = PairingConfig.model_validate({"pairs": len(profiles) // 2})
    splits = SplitsConfig.model_validate({})
    pairs, matching = timed(
        lambda: pair_users(profiles, config=pairing, embedder=embedder, ledger=ledger, splits=splits, seed=0)
    )
    uses = Counter(a.id for p in profiles for a in p.attributes)
    spread = f"{min(uses.get(a.id, 0) for a in expansion.attributes)}-{max(uses.values())}"
    found = Counter(p.policy for p in pairs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        f"{len(expansion.attributes)}",
        f"{embedding:.1f}",
        f"{clustering:.1f}",
        f"{len(expansion.categories)}",
        f"{building:.1f}",
        f"{len(profiles)}",
        f"{asked.asked}",
        spread,
        f"{matching:.1f}",
        " ".join(f"{n} {name}" for name, n in found.items()),
        f"{peak:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--embedder", default="minilm")
    parser.add_argument("--nli", default="builtin")
    parser.add_argument("--distance", type=float, default=0.65)
    options = parser.parse_args()
    if options.data and not options.data.is_file():
        parser.error(f"--data: there is no file {options.data}")
    heads = ["attributes", "embed s", "cluster s", "categories", "profiles s", "profiles", "NLI pairs", "uses"]
    print("| " + " | ".join([*heads, "pairing s", "pairs", "peak MiB"]) + " |")
    print("|" + "---|" * (len(heads) + 3))
    for size in options.sizes:
        # Fresh models each time, so that no vector is known from an earlier size.
        embedder, nli = load_embedder(options.embedder), load_nli(options.nli)
        print("| " + " | ".join(measure(size, options.data, embedder, nli, options.distance)) + " |", flush=True)


if __name__ == "__main__":
    main()
