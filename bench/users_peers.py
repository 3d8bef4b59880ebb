"""The peers of ``bench/users_scale.py peers``: the same attributes and vectors, as far as each can go in the time.

Clustering: scikit-learn's AgglomerativeClustering (average linkage, cosine) and sentence-transformers' community_detection
at the same threshold, in the Python named by ``--peers``. Neighbours: usearch's HNSW index, one thread, because with more
its result depends on chance. Profiles: one after the other, every candidate held against every member by the NLI model,
one question at a time. Pairing: the score of all pairs as one matrix product, sorted. Each runs in a process of its own,
from the smallest size up; a size that by the growth so far would take more than ``LIMIT`` seconds or 8 GB is not run.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

LIMIT = 300.0
MEMORY = 8192
"""MiB."""
DISTANCE = 0.65

COMMUNITY = """
import json, resource, sys, time
import numpy as np, torch
from sentence_transformers import util
vectors = torch.from_numpy(np.load(sys.argv[1]))
start = time.perf_counter()
found = util.community_detection(vectors, threshold=1 - {distance}, min_community_size=1, batch_size=1024)
seconds = time.perf_counter() - start
labels = np.full(len(vectors), -1)
for number, rows in enumerate(found):
    labels[list(rows)] = number
np.save(sys.argv[2], labels)
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, len(found)]))
"""
"""Runs where torch is installed and duologue need not be."""


def peers(options: argparse.Namespace) -> None:
    """Run all peers, and ours beside them, and print a table."""
    rows: list[dict[str, Any]] = []
    names = ["ours clusters", "scikit-learn clusters", "ours neighbours", "usearch neighbours", "naive profiles"]
    names += ["ours pairing", "all-pairs pairing"] + (["community_detection"] if options.peers else [])
    for name in names:
        last: tuple[int, float, int] | None = None
        for size in options.sizes:
            if last is not None:
                growth = (size / last[0]) ** (1 if name.startswith(("ours", "usearch")) else 2)
                if last[1] * growth > LIMIT * 2 or (growth > 10 and (last[2] - 200) * growth > MEMORY):
                    rows.append({"peer": name, "size": size, "not run": "by its growth too slow or too large"})
                    print(json.dumps(rows[-1]), flush=True)
                    break
            with tempfile.TemporaryDirectory() as folder:
                command = [
                    sys.executable,
                    __file__,
                    name,
                    options.data,
                    options.vectors,
                    size,
                    folder,
                    options.peers or "",
                ]
                done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                rows.append({"peer": name, "size": size, "not run": f"ended with {done.returncode}"})
                print(json.dumps(rows[-1]), flush=True)
                break
            result = json.loads(done.stdout.splitlines()[-1])
            last = (size, result["seconds"], result["peak MiB"])
            rows.append({"peer": name, "size": size, **result})
            print(json.dumps(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def clusters(found: list[Any], vectors: Any, ours: bool) -> dict[str, Any]:
    from users_scale import cluster, timed

    if ours:
        labels, seconds = timed(lambda: cluster(vectors, DISTANCE))
    else:
        from sklearn.cluster import AgglomerativeClustering

        model = AgglomerativeClustering(
            n_clusters=None, metric="cosine", linkage="average", distance_threshold=DISTANCE
        )
        labels, seconds = timed(lambda: model.fit_predict(vectors))
    return {"seconds": seconds, "categories": int(labels.max()) + 1}


def community(vectors: Any, folder: str, python: str) -> dict[str, Any]:
    from sklearn.metrics import adjusted_rand_score, v_measure_score
    from users_scale import MAX_ROWS, cluster

    given, told = Path(folder) / "vectors.npy", Path(folder) / "labels.npy"
    np.save(given, vectors)
    command = [python, "-c", COMMUNITY.format(distance=DISTANCE), str(given), str(told)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak, count = json.loads(done.stdout.splitlines()[-1])
    result = {"seconds": round(seconds, 2), "peak MiB": peak, "categories": count}
    if len(vectors) <= MAX_ROWS:
        exact, labels = cluster(vectors, DISTANCE, "exact"), np.load(told)
        result["adjusted Rand with average linkage"] = round(float(adjusted_rand_score(exact, labels)), 4)
        result["V-measure"] = round(float(v_measure_score(exact, labels)), 4)
    return result


def neighbours(vectors: Any, ours: bool) -> dict[str, Any]:
    from users_scale import timed

    from duologue.vectors import lists
    from duologue.vectors.search import among_all

    k, n = 10, len(vectors)
    if ours:
        found, seconds = timed(lambda: lists.neighbours(vectors, k, seed=0).rows)
    else:
        from usearch.index import Index

        def work() -> Any:
            index = Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
            index.add(np.arange(n), vectors, threads=1)
            keys = np.asarray(index.search(vectors, k + 1, threads=1).keys).astype(np.int64)
            return np.array([[key for key in line if key != row][:k] for row, line in enumerate(keys.tolist())])

        found, seconds = timed(work)
    asked = np.random.default_rng(0).choice(n, min(500, n), replace=False)
    exact = among_all(vectors[asked], vectors, k, asked).rows
    recall = np.mean([len(set(a) & set(b)) / k for a, b in zip(exact.tolist(), found[asked].tolist(), strict=True)])
    return {"seconds": seconds, "recall of 10": round(float(recall), 4)}


def naive_profiles(found: list[Any], vectors: Any) -> dict[str, Any]:
    """At most 200 profiles are made; the time is worked out for as many as there are attributes."""
    from duologue.models.nli import load_nli

    nli, rng = load_nli("builtin", threads=1), random.Random(0)
    made, questions, start = 0, 0, time.perf_counter()
    while made < min(200, len(found)):
        rows: list[int] = []
        while len(rows) < 5:
            row = rng.randrange(len(found))
            fits = row not in rows
            for member in rows:
                for pair in ((member, row), (row, member)) if fits else ():
                    answer = nli.predict([(found[pair[0]].text, found[pair[1]].text)])[0]
                    questions += 1
                    fits = fits and answer[0] < 0.7 and answer[2] < 0.5
            if fits:
                rows.append(row)
        made += 1
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds / made * len(found), 1),
        "worked out from": made,
        "questions per profile": questions / made,
    }


def pairing(found: list[Any], vectors: Any, ours: bool) -> dict[str, Any]:
    from users_scale import Attribute, NeverMind, Table, _with_categories, build, cluster, paired, timed

    expansion = _with_categories([Attribute.of(one.text) for one in found], cluster(vectors, DISTANCE), {})
    table = Table([one.text for one in found], vectors)
    profiles = build(expansion, len(found), table, NeverMind())
    if ours:
        pairs, seconds = timed(lambda: paired(profiles, table, "commonality"))
        return {"seconds": seconds, "mean score": round(float(np.mean([p.score for p in pairs])), 4)}
    number = {category.id: place for place, category in enumerate(expansion.categories)}

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

    taken, seconds = timed(work)
    return {"seconds": seconds, "mean score": round(float(np.mean(taken)), 4)}


def main() -> None:
    name, data, folder, size, scratch, python = sys.argv[1:]
    from users_scale import load, peak

    found, vectors, _ = load(Path(data), Path(folder), int(size))
    ours = name.startswith("ours")
    if name.endswith("clusters"):
        result = clusters(found, vectors, ours)
    elif name.endswith("neighbours"):
        result = neighbours(vectors, ours)
    elif name.endswith("profiles"):
        result = naive_profiles(found, vectors)
    elif name.endswith("pairing"):
        result = pairing(found, vectors, ours)
    else:
        result = community(vectors, scratch, python)
    print(json.dumps({"peak MiB": peak(), **result}))


if __name__ == "__main__":
    main()
