"""The peers of ``bench/users_scale.py peers``: the same attributes and vectors, as far as each can go in the time.

Clustering: scikit-learn's AgglomerativeClustering (average linkage, cosine) and sentence-transformers' community_detection
at the same threshold, in the Python named by ``--peers``. Neighbours: usearch's HNSW index, one thread, because with more
its result depends on chance. Profiles: one after the other, every candidate held against every member by the NLI model,
one question at a time; the time is worked out from 100 of them. Pairing: the score of all pairs as one matrix product, sorted.
Each runs in a process of its own, from the smallest size up; a size that by the growth so far would take more than ``LIMIT``
seconds of processor or 8 GB is not run, and that is noted.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scale_book import Book, Line, measured, minutes
from scale_stages import DISTANCE, expansion, labels, mean, paired, users_of
from scale_vectors import Inputs

LIMIT = 600.0
MEMORY = 8192
"""MiB."""
NAIVE = 100
"""Profiles that the naive builder makes."""

COMMUNITY = """
import json, resource, sys, time
import numpy as np, torch
from sentence_transformers import util
vectors = torch.from_numpy(np.load(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
start, cpu = time.perf_counter(), time.process_time()
found = util.community_detection(vectors, threshold=1 - {distance}, min_community_size=1, batch_size=1024)
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
labels = np.full(len(vectors), -1)
for number, rows in enumerate(found):
    labels[list(rows)] = number
np.save(sys.argv[2], labels)
print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, before, len(found)]))
"""
"""Runs where torch is installed and duologue need not be."""


def peers(options: argparse.Namespace, book: Book) -> None:
    """Measure all peers at all sizes, and ours beside them where ``run`` does not, unless the book has it."""
    names = ["clusters, scikit-learn", "neighbours, ours", "profiles, naive", "pairing, all pairs"]
    if importlib.util.find_spec("usearch"):
        names.insert(2, "neighbours, usearch")
    else:
        print("peers: usearch is not installed here and is left out", file=sys.stderr)
    if options.peers:
        names.insert(1, "clusters, community_detection")
    else:
        print("peers: without --peers community_detection is left out", file=sys.stderr)
    most = minutes(LIMIT)
    print(f"peers: at most {most} of processor for each of {', '.join(names)} and size", file=sys.stderr, flush=True)
    for name in names:
        last: Line | None = None
        for size in sorted(options.sizes):
            key = {"what": "peers", "input": options.input, "size": size, "name": name}
            line = book.find(**key)
            if line is None:
                line = {**key, **(_too_much(name, size, last) or _apart(options, name, size))}
                book.add(line)
            if "not run" in line:
                break
            last = line


def _too_much(name: str, size: int, last: Line | None) -> Line | None:
    """Why a size is not run, by the last one."""
    if last is None:
        return None
    growth = (size / last["size"]) ** (1 if name.startswith(("neighbours", "profiles")) else 2)
    seconds, memory = last.get("really", last["CPU seconds"]) * growth, (last["peak MiB"] - last["MiB before"]) * growth
    if name.startswith("profiles"):
        # Those made are always as many.
        seconds = 0.0
    if seconds > LIMIT or memory > MEMORY:
        return {"not run": f"by its growth {seconds:,.0f} s of processor and {memory:,.0f} MiB"}
    return None


def _apart(options: argparse.Namespace, name: str, size: int) -> Line:
    Inputs(options.data, options.folder, options.input).make(size)
    command = [sys.executable, __file__, name, options.data, options.folder, options.input, size, options.peers or ""]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"not run": f"ended with {done.returncode}"}
    line: Line = json.loads(done.stdout.splitlines()[-1])
    return line


def clusters(inputs: Inputs, size: int) -> Line:
    from sklearn.cluster import AgglomerativeClustering

    _, vectors = inputs.load(size)
    model = AgglomerativeClustering(n_clusters=None, metric="cosine", linkage="average", distance_threshold=DISTANCE)
    found, line = measured(lambda: model.fit_predict(vectors))
    return {**line, "categories": int(found.max()) + 1, **_beside_ours(inputs, size, found)}


def community(inputs: Inputs, size: int, python: str) -> Line:
    _, vectors = inputs.load(size)
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder) / "vectors.npy", Path(folder) / "labels.npy"
        np.save(given, vectors)
        command = [python, "-c", COMMUNITY.format(distance=DISTANCE), str(given), str(told)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = np.load(told)
    seconds, cpu, peak, before, count = json.loads(done.stdout.splitlines()[-1])
    line = {"seconds": round(seconds, 2), "CPU seconds": round(cpu, 2), "peak MiB": peak, "MiB before": before}
    return {**line, "categories": count, **_beside_ours(inputs, size, found)}


def _beside_ours(inputs: Inputs, size: int, found: Any) -> Line:
    from sklearn.metrics import adjusted_rand_score, v_measure_score

    ours = labels(inputs, size)
    return {
        "adjusted Rand to ours": round(float(adjusted_rand_score(ours, found)), 4),
        "V-measure to ours": round(float(v_measure_score(ours, found)), 4),
    }


def neighbours(inputs: Inputs, size: int, ours: bool) -> Line:
    from duologue.vectors import lists
    from duologue.vectors.search import among_all

    _, vectors = inputs.load(size)
    k = 10
    if ours:
        found, line = measured(lambda: lists.neighbours(vectors, k, seed=0).rows)
    else:
        from usearch.index import Index  # type: ignore[import-not-found]

        def work() -> Any:
            index = Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
            index.add(np.arange(size), vectors, threads=1)
            keys = np.asarray(index.search(vectors, k + 1, threads=1).keys).astype(np.int64)
            return np.array([[key for key in line if key != row][:k] for row, line in enumerate(keys.tolist())])

        found, line = measured(work)
    asked = np.random.default_rng(0).choice(size, min(500, size), replace=False)
    exact = among_all(vectors[asked], vectors, k, asked).rows
    hits = [len(set(a) & set(b)) / k for a, b in zip(exact.tolist(), found[asked].tolist(), strict=True)]
    return {**line, "recall of 10": mean(hits)}


def naive_profiles(inputs: Inputs, size: int) -> Line:
    """``NAIVE`` profiles are made; the seconds are worked out for as many as there are attributes."""
    from duologue.models.nli import load_nli

    texts, _ = inputs.load(size)
    nli, rng, questions = load_nli("builtin", threads=1), random.Random(0), 0

    def work() -> None:
        nonlocal questions
        for _ in range(NAIVE):
            rows: list[int] = []
            while len(rows) < 5:
                row = rng.randrange(size)
                fits = row not in rows
                for member in rows:
                    for pair in ((member, row), (row, member)) if fits else ():
                        answer = nli.predict([(texts[pair[0]], texts[pair[1]])])[0]
                        questions += 1
                        fits = fits and answer[0] < 0.7 and answer[2] < 0.5
                if fits:
                    rows.append(row)

    _, line = measured(work)
    really = line["CPU seconds"]
    for unit in ("seconds", "CPU seconds"):
        line[unit] = round(line[unit] / NAIVE * size, 1)
    return {**line, "really": really, "worked out from": NAIVE, "questions each": round(questions / NAIVE, 1)}


def all_pairs(inputs: Inputs, size: int) -> Line:
    """The same profiles, the scores of all pairs sorted; beside it what our pairing finds."""
    profiles, table = users_of(inputs, size)
    found, _ = expansion(inputs, size)
    number = {category.id: place for place, category in enumerate(found.categories)}

    def work() -> list[float]:
        held = np.zeros((len(profiles), len(number)), dtype=np.float32)
        for place, profile in enumerate(profiles):
            for attribute in profile.attributes:
                held[place, number[attribute.category]] += 1
        scores = held @ held.T
        i, j = np.triu_indices(len(profiles), 1)
        order = np.argsort(-scores[i, j], kind="stable")
        free, taken = np.ones(len(profiles), dtype=bool), []
        for edge in order.tolist():
            one, other = i[edge], j[edge]
            if free[one] and free[other]:
                free[one] = free[other] = False
                taken.append(float(scores[one, other]))
                if 2 * len(taken) == len(profiles):
                    break
        return taken

    taken, line = measured(work)
    ours = [pair.score for pair in paired(profiles, table, "commonality")]
    return {**line, "mean score": mean(taken), "mean score of ours": mean(ours)}


def main() -> None:
    name, data, folder, kind, size, python = sys.argv[1:]
    inputs, n = Inputs(Path(data), Path(folder), kind), int(size)
    if name == "clusters, scikit-learn":
        line = clusters(inputs, n)
    elif name.startswith("clusters"):
        line = community(inputs, n, python)
    elif name.startswith("neighbours"):
        line = neighbours(inputs, n, name.endswith("ours"))
    elif name.startswith("profiles"):
        line = naive_profiles(inputs, n)
    else:
        line = all_pairs(inputs, n)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
