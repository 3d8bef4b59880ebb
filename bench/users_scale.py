"""Levels 1 and 2 at 1,000 to 1,000,000 attributes and as many profiles: time, peak memory and growth of each stage.

    python bench/users_scale.py embed --data personas_train.jsonl --vectors FOLDER [--count 30000]
    python bench/users_scale.py run --data personas_train.jsonl --vectors FOLDER --sizes 1000 10000 100000 --json FILE
    python bench/users_scale.py agreement --vectors FOLDER --size 10000
    python bench/users_scale.py filter --data personas_train.jsonl --vectors FOLDER
    python bench/users_scale.py peers --data personas_train.jsonl --vectors FOLDER --peers PYTHON --json FILE

Attributes come from ``bench/scale_input.py``. ``embed`` embeds the first ``--count`` of them with MiniLM, in pieces, and
goes on where it stopped. The vectors of the others are not embedded but composed: that of the real sentence, with what
each new word adds and each old one takes, which is fitted to the sentences embedded with one word changed, scaled to unit
length. ``run`` embeds a few hundred of the others and prints how near the composed vectors are to the true ones.

``run`` measures each size in a process of its own. No language model is called. Profiles are built twice: with a
stand-in that finds nothing to object to, which leaves our own work and counts the questions, and, up to ``--nli``
profiles, with the built-in NLI model. Peak memory is the process's high-water mark when a stage ends, so it includes
the input and never falls.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scale_input import Expanded, expand, read_attributes

from duologue.config.sections import PairingConfig, ProfilesConfig, SplitsConfig
from duologue.evaluation.metrics.expansion import between
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.models.protocol import Embedder, Floats
from duologue.pairing import commonality, embedding
from duologue.pairing.match import pair_users
from duologue.records import Attribute, Profile
from duologue.users.clustering import MAX_ROWS, assign, cluster, groups
from duologue.users.consistency import TOPIC_FLOOR
from duologue.users.expansion import Expansion, _with_categories
from duologue.users.known import Known
from duologue.users.linkage import link
from duologue.users.profiles import build_profiles
from duologue.vectors.lists import unit
from users import Counting, Tally

T = TypeVar("T")
DISTANCE = 0.65
PIECE = 10_000
FRESH = 2_000
"""New texts that are held against the known ones."""


class Table:
    """An embedder that only looks up, like a run's own: without a copy where texts are asked for in the table's order."""

    name = "table"

    def __init__(self, texts: Sequence[str], vectors: Floats) -> None:
        self._rows = {text: row for row, text in enumerate(texts)}
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = np.fromiter((self._rows[text] for text in texts), dtype=np.int64, count=len(texts))
        if len(rows) == len(self._vectors) and (rows == np.arange(len(rows))).all():
            return self._vectors
        return self._vectors[rows]


class NeverMind:
    """An NLI model that finds everything neutral."""

    name = "neutral"

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        return np.tile(np.array([0.0, 1.0, 0.0], dtype=np.float32), (len(pairs), 1))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = work()
    return result, round(time.perf_counter() - start, 2)


def peak() -> int:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def embed(data: Path, folder: Path, count: int) -> None:
    """Embed the first ``count`` attributes in pieces; a piece that is there is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [one.text for one in expand(read_attributes(data), count)]
    model: Embedder | None = None
    for start in range(0, count, PIECE):
        path = folder / f"{start:07d}.npy"
        if path.exists():
            continue
        model = model or load_embedder("minilm")
        some = texts[start : start + PIECE]
        vectors, seconds = timed(lambda some=some, model=model: model.embed(some))  # type: ignore[misc]
        np.save(path, vectors)
        print(json.dumps({"embedded": len(some), "from": start, "seconds": seconds}), flush=True)


def load(data: Path, folder: Path, count: int) -> tuple[list[Expanded], Floats, int]:
    """The first ``count`` attributes, their vectors, and how many of these are MiniLM's own."""
    found = expand(read_attributes(data), count)
    vectors = np.empty((count, 384), dtype=np.float32)
    real = 0
    for path in sorted(folder.glob("[0-9]*.npy")):
        piece = np.load(path)[: count - real]
        vectors[real : real + len(piece)] = piece
        real += len(piece)
    if real < count:
        effect = effects(found[:real], vectors[:real])
        for row in range(real, count):
            base = vectors[found[row].base]
            vectors[row] = base + sum(effect[new] - effect.get(old, 0.0) for old, new in found[row].changes)
        for start in range(real, count, 65_536):
            vectors[start : start + 65_536] = unit(vectors[start : start + 65_536])
    return found, vectors, real


def effects(found: Sequence[Expanded], vectors: Floats) -> dict[str, Floats]:
    """What each word adds to a vector: the least squares fit (with a small ridge) to the real vectors with one change."""
    once = [row for row, one in enumerate(found) if len(one.changes) == 1]
    words = {word: place for place, word in enumerate(dict.fromkeys(w for r in once for w in found[r].changes[0] if w))}
    design = np.zeros((len(once), len(words)), dtype=np.float32)
    for line, row in enumerate(once):
        for word, sign in zip(found[row].changes[0], (-1.0, 1.0), strict=True):
            if word:
                design[line, words[word]] += sign
    moved = vectors[once] - vectors[[found[row].base for row in once]]
    solved = np.linalg.solve(design.T @ design + 3.0 * np.eye(len(words), dtype=np.float32), design.T @ moved)
    return {word: solved[place] for word, place in words.items()}


def fidelity(found: Sequence[Expanded], vectors: Floats, real: int) -> dict[str, float]:
    """How near composed vectors are to those that MiniLM gives for the same sentences."""
    places = random.Random(0).sample(range(real, len(found)), min(500, len(found) - real))
    true, composed = load_embedder("minilm").embed([found[p].text for p in places]), vectors[places]
    upper = np.triu_indices(len(places), 1)
    pairs = np.corrcoef((true @ true.T)[upper], (composed @ composed.T)[upper])[0, 1]
    cosine = (true * composed).sum(axis=1)
    return {"mean cosine": round(float(cosine.mean()), 4), "5th percentile": round(float(np.quantile(cosine, 0.05)), 4),
            "correlation of pairwise similarities": round(float(pairs), 4)}  # fmt: skip


def build(expansion: Expansion, count: int, table: Embedder, nli: Any) -> tuple[Profile, ...]:
    return build_profiles(
        expansion, count=count, config=ProfilesConfig(), embedder=table, nli=nli, ledger=Tally(), seed=0
    )


def paired(profiles: Sequence[Profile], table: Embedder, policy: str) -> Any:
    config = PairingConfig(pairs=len(profiles) // 2, policy=policy, fallback="embedding")
    return pair_users(profiles, config=config, embedder=table, ledger=Tally(), splits=SplitsConfig(), seed=0)


class Sheet:
    """What was measured at one size."""

    def __init__(self, size: int, path: Path | None = None) -> None:
        self.out: dict[str, Any] = {"size": size, "seconds": {}, "CPU seconds": {}, "peak MiB": {}}
        self._path = path

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Do a stage's work and note its seconds and the peak of memory so far."""
        before = time.process_time()
        result, seconds = timed(work)
        cpu = round(time.process_time() - before, 2)
        self.out["seconds"][stage], self.out["CPU seconds"][stage], self.out["peak MiB"][stage] = seconds, cpu, peak()
        print(f"  {self.out['size']:,} {stage}: {seconds} s, CPU {cpu} s, {peak()} MiB", file=sys.stderr, flush=True)
        self.save()
        return result

    def save(self) -> None:
        """Write what there is, so that an end before the last stage loses nothing."""
        if self._path:
            self._path.write_text(json.dumps(self.out))


def stages(options: argparse.Namespace) -> None:
    """The chosen stages at one size. What a later one needs of an earlier one lies in ``--vectors`` when it ran alone."""
    size, folder, chosen = options.size, options.vectors, options.stages
    sheet = Sheet(size, options.json)
    texts, vectors = given(sheet, options.data, folder, size)
    kept = folder / f"labels-{size}.npy"
    if "clustering" in chosen:
        labels = sheet.time("clustering", lambda: cluster(vectors, DISTANCE))
        np.save(kept, labels)
    else:
        labels = np.load(kept)
    sheet.out["categories"] = int(labels.max()) + 1
    if "near" in chosen:
        near_duplicates(sheet, texts, vectors)
        new = np.arange(size) >= size - size // 10
        before = relabel(labels[~new])
        sheet.time("joining a tenth", lambda: assign(vectors[new], vectors[~new], before, DISTANCE))
    expansion = sheet.time("records", lambda: _with_categories([Attribute.of(t) for t in texts], labels, {}))
    table = Table(texts, vectors)
    kept = folder / f"profiles-{size}.npy"
    if "profiles" in chosen:
        profiles = built(sheet, expansion, table, options.nli)
        place = {attribute.id: row for row, attribute in enumerate(expansion.attributes)}
        np.save(kept, np.array([[place[a.id] for a in profile.attributes] for profile in profiles], dtype=np.int32))
    elif "pairing" in chosen:
        profiles = tuple(
            Profile.of(tuple(expansion.attributes[row] for row in rows)) for rows in np.load(kept).tolist()
        )
    for policy in ("commonality", "embedding") if "pairing" in chosen else ():
        match(sheet, profiles, table, policy)


def given(sheet: Sheet, data: Path, folder: Path, size: int) -> tuple[list[str], Floats]:
    """Texts and vectors, and what a vector costs."""
    found, vectors, real = load(data, folder, size)
    sheet.out |= {"real vectors": real, "input MiB": peak()}
    if size > real:
        sheet.out["composed"] = fidelity(found, vectors, real)
    some = [found[p].text for p in random.Random(1).sample(range(size), min(1000, size))]
    _, seconds = timed(lambda: load_embedder("minilm").embed(some))
    sheet.out["embedding ms each"] = round(seconds / len(some) * 1000, 2)
    return [one.text for one in found], vectors


def near_duplicates(sheet: Sheet, texts: Sequence[str], vectors: Floats) -> None:
    """New texts held against the known ones, and how many of the true near-duplicates are found."""
    fresh, known_rows = fresh_texts(texts, vectors)
    known = Known([texts[r] for r in known_rows], vectors[known_rows])
    sheet.time(
        "near-duplicates, first", lambda: known.duplicate("makes the lists, where there are any", vectors[0], 0.9)
    )
    answers = sheet.time("near-duplicates", lambda: [known.duplicate(texts[r], vectors[r], 0.9) for r in fresh])
    exact = [(vectors[fresh[i : i + 64]] @ known.vectors.T).max(axis=1) for i in range(0, len(fresh), 64)]
    true = np.concatenate(exact) > 0.9
    sheet.out["near-duplicates"] = {
        "asked": len(fresh),
        "true": int(true.sum()),
        "found": sum(a is not None for a in answers),
        "found of the true": sum(a is not None for a, t in zip(answers, true, strict=True) if t),
        "ms each": round(sheet.out["seconds"]["near-duplicates"] / len(fresh) * 1000, 3),
    }


def built(sheet: Sheet, expansion: Expansion, table: Embedder, most_nli: int) -> tuple[Profile, ...]:
    """As many profiles as attributes."""
    size = len(expansion.attributes)
    asked = Counting(NeverMind())
    profiles = sheet.time("profiles without inference", lambda: build(expansion, size, table, asked))
    sheet.out["NLI questions per profile"] = round(asked.asked / size, 2)
    if size <= most_nli:
        judged = Counting(load_nli("builtin"))
        profiles = sheet.time("profiles", lambda: build(expansion, size, table, judged))
        sheet.out["NLI questions per profile, redraws included"] = round(judged.asked / size, 2)
    uses = Counter(a.id for p in profiles for a in p.attributes)
    sheet.out["uses of an attribute"] = [min(uses.values()) if len(uses) == size else 0, max(uses.values())]
    return profiles


def match(sheet: Sheet, profiles: Sequence[Profile], table: Embedder, policy: str) -> None:
    """All profiles in pairs."""
    pairs = sheet.time(f"pairing, {policy}", lambda: paired(profiles, table, policy))
    scores = [pair.score for pair in pairs if pair.policy == policy]
    sheet.out[f"pairing, {policy}"] = {
        "pairs": len(pairs),
        "by it": len(scores),
        "mean score": round(float(np.mean(scores)), 4),
    }
    sheet.save()


def fresh_texts(texts: Sequence[str], vectors: Floats) -> tuple[list[int], list[int]]:
    """Rows that are asked about, and the others, which are known."""
    fresh = random.Random(2).sample(range(len(texts)), min(FRESH, len(texts) // 10))
    without = np.ones(len(texts), dtype=np.bool_)
    without[fresh] = False
    return fresh, np.flatnonzero(without).tolist()


def relabel(labels: Any) -> Any:
    return np.unique(labels, return_inverse=True)[1]


def run(options: argparse.Namespace) -> None:
    results = []
    for size in options.sizes:
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            command = [sys.executable, __file__, "stages", "--data", options.data, "--vectors", options.vectors]
            command += ["--size", size, "--nli", options.nli, "--json", file.name, "--stages", *options.stages]
            subprocess.run([str(part) for part in command], check=True)
            results.append(json.loads(Path(file.name).read_text()))
        print(json.dumps(results[-1]), flush=True)
        if options.json:
            options.json.write_text(json.dumps(results, indent=2) + "\n")
    for unit_of in ("seconds", "CPU seconds"):
        growth(results, unit_of)


def growth(results: Sequence[dict[str, Any]], unit_of: str) -> None:
    """Print the stages; the exponents are those of the growth from each size to the next."""
    print(f"\n| stage, {unit_of} | " + " | ".join(f"{r['size']:,}" for r in results) + " | growth exponents |")
    print("|" + "---|" * (len(results) + 2))
    for name in dict.fromkeys(name for result in results for name in result[unit_of]):
        cells = [f"{r['seconds'][name]}" if name in r[unit_of] else "-" for r in results]
        powers = [
            f"{math.log(b['seconds'][name] / a['seconds'][name]) / math.log(b['size'] / a['size']):.2f}"
            for a, b in itertools.pairwise(results)
            if a[unit_of].get(name, 0) > 0.05 and name in b[unit_of]
        ]
        print(f"| {name} | " + " | ".join(cells) + f" | {', '.join(powers)} |")
    print("| peak MiB | " + " | ".join(str(max(r["peak MiB"].values())) for r in results) + " | |")


def agreement(options: argparse.Namespace) -> None:
    """The approximate clustering beside the exact one: the default, and with as small a part looked at as in a million."""
    from sklearn.metrics import adjusted_rand_score, v_measure_score

    _, vectors, _ = load(options.data, options.vectors, options.size)
    n = len(vectors)
    exact, seconds = timed(lambda: cluster(vectors, DISTANCE, "exact"))
    print(f"exact: {seconds} s, {exact.max() + 1} categories", flush=True)

    def distance(labels: Any) -> float:
        return between(np.stack([vectors[rows].mean(axis=0) for rows in groups(labels)]))

    ways: dict[str, Callable[[], Any]] = {
        "approximate": lambda: cluster(vectors, DISTANCE, "approximate"),
        "no exact tail": lambda: link(vectors, DISTANCE, tail=0),
        "lists of 64, 4 visited": lambda: link(vectors, DISTANCE, tail=n // 50, per_list=64, probes=4),
        "lists of 16, 4 visited": lambda: link(vectors, DISTANCE, tail=n // 50, per_list=16, probes=4),
        "lists of 16, 2 visited": lambda: link(vectors, DISTANCE, tail=n // 50, per_list=16, probes=2),
    }
    if n <= MAX_ROWS:
        ways = {"exact without a matrix": lambda: link(vectors, DISTANCE, tail=n), **ways}
    for name, work in ways.items():
        raw, seconds = timed(work)
        labels = relabel(raw)
        print(
            f"{name}: {seconds} s, {labels.max() + 1} categories, adjusted Rand {adjusted_rand_score(exact, labels):.4f}, "
            f"V-measure {v_measure_score(exact, labels):.4f}, inter-cluster distance "
            f"{100 * (distance(labels) / distance(exact) - 1):+.2f} %",
            flush=True,
        )


def filter_recall(options: argparse.Namespace) -> None:
    """What the NLI model says of all pairs inside random profiles, beside what it is asked."""
    found, vectors, _ = load(options.data, options.vectors, options.size)
    labels = cluster(vectors, DISTANCE)
    rng, nli = random.Random(0), load_nli("builtin")
    keys = []
    while len(keys) < options.pairs:
        i, j = rng.sample(range(len(found)), 2)
        if labels[i] != labels[j] and vectors[i] @ vectors[j] <= 0.9:
            keys += [(i, j), (j, i)]
    rows, seconds = timed(lambda: nli.predict([(found[i].text, found[j].text) for i, j in keys]))
    config = ProfilesConfig()
    alike = np.array([float(vectors[i] @ vectors[j]) for i, j in keys])
    kinds = {"contradiction": rows[:, 2] >= config.contradiction, "entailment": rows[:, 0] >= config.entailment,
             "contradiction of at least 0.9": rows[:, 2] >= 0.9}  # fmt: skip
    print(
        f"{len(keys)} ordered pairs of different categories, {len(keys) / seconds:.0f} pairs/s; asked: {(alike >= TOPIC_FLOOR).mean():.3f}"
    )
    edges = [-1.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 1.0]
    for name, hit in kinds.items():
        bands = [f"{a:g}..{b:g}: {int(hit[(alike >= a) & (alike < b)].sum())} of {int(((alike >= a) & (alike < b)).sum())}"
                 for a, b in itertools.pairwise(edges)]  # fmt: skip
        print(
            f"{name}: {int(hit.sum())} in all, above the floor {int(hit[alike >= TOPIC_FLOOR].sum())}; by similarity {', '.join(bands)}"
        )
    below = [k for k in np.flatnonzero(kinds["contradiction"] | kinds["entailment"]) if alike[k] < TOPIC_FLOOR]
    for k in random.Random(1).sample(below, min(options.show, len(below))):
        i, j = keys[k]
        print(f"  below: {found[i].text!r} -> {found[j].text!r} {alike[k]:.2f} {rows[k].round(2).tolist()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["embed", "run", "stages", "agreement", "filter", "peers", "policies"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True, help="folder of the embedded vectors")
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--nli", type=int, default=10_000, help="most profiles that the built-in NLI model checks")
    every = ["clustering", "near", "profiles", "pairing"]
    parser.add_argument("--stages", nargs="+", choices=every, default=every)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--show", type=int, default=10)
    parser.add_argument("--peers", help="a Python that has sentence-transformers")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.what == "embed":
        embed(options.data, options.vectors, options.count)
    elif options.what == "stages":
        stages(options)
    elif options.what == "peers":
        from users_peers import peers

        peers(options)
    elif options.what == "policies":
        policies(options)
    else:
        {"run": run, "agreement": agreement, "filter": filter_recall}[options.what](options)


def policies(options: argparse.Namespace) -> None:
    """The pairing of many users beside the exact one, on the same profiles."""
    found, vectors, _ = load(options.data, options.vectors, options.size)
    labels = cluster(vectors, DISTANCE)
    expansion = _with_categories([Attribute.of(one.text) for one in found], labels, {})
    table = Table([one.text for one in found], vectors)
    profiles = build(expansion, options.size, table, NeverMind())
    for policy, module, name in (("commonality", commonality, "MEETINGS"), ("embedding", embedding, "EXACT")):
        for limit in (10**12, 0):
            setattr(module, name, limit)
            pairs, seconds = timed(lambda policy=policy: paired(profiles, table, policy))  # type: ignore[misc]
            scores = [pair.score for pair in pairs if pair.policy == policy]
            way = "exact" if limit else "of many"
            print(
                f"{policy}, {way}: {seconds} s, {len(scores)} of {len(pairs)} pairs, mean score {np.mean(scores):.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
