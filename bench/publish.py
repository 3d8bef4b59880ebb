"""``duologue publish`` of large runs: peak memory, time, and sizes of what is written.

    python bench/publish.py --sizes 10000,100000,1000000 --folder F --out publish.json

For each size a finished run is made by rules (nothing is generated): profiles of five attributes, conversations of 12 to 16
utterances of some 12 words, ten pieces of evidence and nine verdicts each, three splits. ``duologue publish`` then runs as
a process of its own; its peak memory is what the kernel says of it (ru_maxrss). ``--also`` adds further formats. The run
is deleted after its measurement unless ``--keep``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from duologue.config.load import load_config
from duologue.records import Attribute, Candidate, Conversation, Evidence, Pair, Profile, Verdict
from duologue.store import schema
from duologue.store.codec import encode


def _words(text: str) -> list[str]:
    return text.split()


SUBJECTS = _words("sister brother neighbour teacher doctor baker pilot friend cousin coach")
VERBS = _words("likes paints repairs sells collects reads cooks plays grows watches")
THINGS = _words("bikes maps songs stamps tomatoes films boats kites puzzles birds clocks shells stories lamps")
PLACES = _words("Oslo Lyon Quito Kyoto Dublin Accra Turin Lima Bergen Porto Ghent Malmo")
WORDS = _words(
    "really often then maybe today because always never with about after some many good small new old long week time people"
    " place work home music food dog garden school book train rain sun coffee bread walk run talk think know find make take"
    " give tell ask feel try leave call keep begin seem help show hear play move live believe bring happen write sit stand"
)
EXPERTS = (
    ("format", "guard"), ("length", "guard"), ("faithfulness", "filter"), ("toxicity", "filter"), ("depth", "quality"),
    ("coherency", "quality"), ("consistency", "quality"), ("diversity", "quality"), ("likable", "quality"),
)  # fmt: skip
USERS = 20_000


def make_run(folder: Path, conversations: int) -> None:
    """Write a finished run of one iteration."""
    folder.mkdir(parents=True)
    rng = random.Random(0)
    config = load_config(overrides={"loop.iterations": 1, "generator.candidates": 1}).model_dump(mode="json")
    connection = sqlite3.connect(folder / "run.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    schema.create(connection)
    connection.execute(
        "INSERT INTO revisions (fingerprint, config, state, pass, started, finished) VALUES ('f', ?, 'finished', 1, 1, 2)",
        (encode(config).decode(),),
    )
    users = []
    for _ in range(min(USERS, 2 * conversations)):
        texts = (
            f"My {rng.choice(SUBJECTS)} in {rng.choice(PLACES)} {rng.choice(VERBS)} {rng.choice(THINGS)}."
            for _ in range(5)
        )
        users.append(Profile.of(tuple(Attribute.of(text) for text in texts)))
    # No user stands in two splits.
    shares = {"train": users[: len(users) * 8 // 10], "valid": users[len(users) * 8 // 10 : len(users) * 9 // 10],
              "test": users[len(users) * 9 // 10 :]}  # fmt: skip
    insert = "INSERT INTO items VALUES (1, ?, 0, ?, 'accepted', ?, '', ?, ?, ?, 1)"
    connection.execute("BEGIN")
    seq = 0
    for user in users:
        seq += 1
        connection.execute(insert, ("profile", user.id, "", encode(user).decode(), None, seq))
    for index in range(conversations):
        split = rng.choices(("train", "valid", "test"), (8, 1, 1))[0]
        one, two = rng.sample(shares[split], 2)
        pair = Pair(f"p-{index:012x}", index, one, two, "random", split=split)  # type: ignore[arg-type]
        said = tuple(
            " ".join(rng.choices(WORDS, k=rng.randint(8, 16))).capitalize() + "." for _ in range(rng.randint(12, 16))
        )
        candidate = Candidate(f"k-{index:012x}", pair, 1, 0, 0, said, "turns", "made by rules", "0" * 12, 0, (12, 16))
        evidence = tuple(
            Evidence(owner, a.id, rng.randrange(len(said)), "supported", round(rng.random(), 4))  # type: ignore[arg-type]
            for owner, user in ((1, one), (2, two))
            for a in user.attributes
        )
        verdicts = tuple(
            Verdict(name, kind, round(rng.random(), 4), True, "", evidence if name == "faithfulness" else ())  # type: ignore[arg-type]
            for name, kind in EXPERTS
        )
        seq += 2
        connection.execute(insert, ("pair", pair.id, "", encode(pair).decode(), index, seq - 1))
        made = encode(Conversation(candidate, verdicts, 1.0)).decode()
        connection.execute(insert, ("conversation", pair.id, "iteration 1", made, index, seq))
        if index % 5000 == 4999:
            connection.execute("COMMIT")
            connection.execute("BEGIN")
    connection.execute("COMMIT")
    connection.close()


def measured(command: list[str]) -> dict[str, Any]:
    """Run a command; its seconds, and its peak memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        # Kilobytes on Linux, bytes on macOS.
        "peak_mb": round(usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3), 1),
    }


def bytes_of(folder: Path) -> int:
    """All files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--also", default="", help="Further formats, separated by commas.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    also = [part for name in options.also.split(",") if name for part in ("--also", name)]
    report: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "also": options.also,
        "runs": [],
    }
    for size in map(int, options.sizes.split(",")):
        run, to = options.folder / f"run-{size}", options.folder / f"published-{size}"
        began = time.perf_counter()
        if not run.exists():
            make_run(run, size)
        shutil.rmtree(to, ignore_errors=True)
        row: dict[str, Any] = {"conversations": size, "made_s": round(time.perf_counter() - began, 1)}
        row["run_mb"] = round(bytes_of(run) / 1e6, 1)
        row |= measured([sys.executable, "-m", "duologue", "publish", str(run), "--to", str(to), *also])
        row["files"] = sum(path.is_file() for path in to.rglob("*"))
        row["parquet_mb"] = round(bytes_of(to / "data") / 1e6, 1)
        row["folder_mb"] = round(bytes_of(to) / 1e6, 1)
        report["runs"].append(row)
        print(row, flush=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n")
        if not options.keep:
            shutil.rmtree(run)
            shutil.rmtree(to)


if __name__ == "__main__":
    main()
