"""Load test of the review page: a run of 100,000 conversations, page times, 50 annotators at once, and a kill.

    python bench/review.py --conversations 100000 --folder /tmp/big-run --out review.json

The run is written straight into its database (``--folder`` keeps it for the next time). The server is a process of its
own, ``duologue review``; the pages are asked for one after the other over HTTP, each kind ``--repeats`` times with other
rows, filters and words each time. Then ``--annotators`` clients answer all their tasks at once; in a second evaluation
the server gets SIGKILL in the middle. Every answer whose response came is looked up in the file afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from duologue.config.load import load_config
from duologue.conversations.generator.protocol import Task
from duologue.records import Attribute, Candidate, Conversation, Evidence, Pair, Profile, Verdict
from duologue.review.study.records import ASPECTS
from duologue.store import schema
from duologue.store.codec import encode

TOKEN = "token-of-the-load-test"
_TEXT = (
    "morning river piano bicycle garden window coffee teacher mountain letter summer kitchen painter forest market "
    "harbour violin winter orange pocket station uncle candle bridge planet ticket meadow basket engine whisper "
    "rabbit castle thunder ladder museum cousin pepper sailor velvet lantern copper walnut island butter feather "
    "marble turtle saddle blanket comet "
)
WORDS = tuple(_TEXT.split())
EXPERTS = (
    ("format", "guard"), ("length", "guard"), ("faithfulness", "filter"), ("toxicity", "filter"), ("depth", "quality"),
    ("coherency", "quality"), ("consistency", "quality"), ("diversity", "quality"), ("likable", "quality"),
)  # fmt: skip


def make_run(folder: Path, conversations: int) -> None:
    """A finished run of two iterations: for each pair two candidates an iteration, verdicts and evidence on each."""
    folder.mkdir(parents=True)
    rng = random.Random(0)
    config = load_config(overrides={"generator.candidates": 2, "loop.iterations": 2}).model_dump(mode="json")
    connection = sqlite3.connect(folder / "run.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    schema.create(connection)
    connection.execute(
        "INSERT INTO revisions (fingerprint, config, state, pass, started, finished) VALUES ('f', ?, 'finished', 1, 1, 2)",
        (encode(config).decode(),),
    )
    attributes = [
        Attribute.of(f"I {rng.choice(('like', 'own', 'paint', 'sell'))} a {a} {b}.") for a in WORDS for b in WORDS
    ]
    profiles = [Profile.of(tuple(rng.sample(attributes, 5))) for _ in range(2000)]
    pool = [" ".join(rng.choices(WORDS, k=12)).capitalize() + "." for _ in range(50_000)]
    seq = 0
    connection.execute("BEGIN")

    def add(
        stage: str, iteration: int, item: str, status: str, by: str, reason: str, data: object, position: int | None
    ) -> None:
        nonlocal seq
        seq += 1
        connection.execute(
            "INSERT INTO items VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            (stage, iteration, item, status, by, reason, encode(data).decode(), position, seq),
        )

    for a in attributes:
        add("attribute", 0, a.id, "accepted", "", "", a, None)
    for p in profiles:
        add("profile", 0, p.id, "accepted", "", "", p, None)
    for index in range(conversations):
        one, two = rng.sample(profiles, 2)
        pair = Pair(f"p-{index:012x}", index, one, two, "random")
        add("pair", 0, pair.id, "accepted", "", "", pair, index)
        won: Conversation | None = None
        for iteration in (1, 2):
            for sample in (0, 1):
                name = Task(pair, iteration, 0, sample, (), (0, 0), 0).id
                said = tuple(rng.choices(pool, k=14))
                candidate = Candidate(name, pair, iteration, 0, sample, said, "turns", "made", "hash", 0, (12, 16))
                evidence = tuple(
                    Evidence(
                        o,
                        rng.choice(u.attributes).id,
                        rng.randrange(14),
                        rng.choice(("supported", "contradicted")),
                        0.9,
                    )  # type: ignore[arg-type]
                    for o, u in ((1, one), (2, two))
                    for _ in range(5)
                )
                verdicts = tuple(
                    Verdict(
                        e, k, round(rng.random(), 4), rng.random() < 0.9, "", evidence if e == "faithfulness" else ()
                    )  # type: ignore[arg-type]
                    for e, k in EXPERTS
                )
                connection.executemany(
                    "INSERT INTO verdicts VALUES (1, ?, ?, ?, ?, ?, ?, ?, '[]', ?, 1, '[]')",
                    [
                        (name, v.expert, v.kind, v.value, v.passed, v.reason, encode(v.evidence).decode(), i)
                        for i, v in enumerate(verdicts)
                    ],
                )
                row = {
                    "pair": pair.id,
                    "attempt": 0,
                    "sample": sample,
                    "mode": "turns",
                    "model": "made",
                    "utterances": said,
                }
                status = "rejected" if sample else "accepted"
                by = rng.choice(("tournament", "faithfulness", "toxicity")) if sample else "tournament"
                add("candidate", iteration, name, status, by, "lost its duel" if sample else "won its duel", row, None)
                if not sample:
                    won = Conversation(candidate, verdicts, 1.0)
            add("conversation", iteration, pair.id, "accepted", "tournament", "won 1 of 1 duels", won, index)
        add("conversation", 0, pair.id, "accepted", "iteration 2", "won 1 of 1 duels", won, index)
        if index % 2000 == 1999:
            connection.execute("COMMIT")
            connection.execute("BEGIN")
    connection.execute("COMMIT")
    connection.close()


class Server:
    """``duologue review`` as a process."""

    def __init__(self, path: Path, scratch: Path, *more: str) -> None:
        token = scratch / "token"
        if not token.exists():
            token.write_text(TOKEN)
            token.chmod(0o600)
        command = [
            sys.executable,
            "-m",
            "duologue",
            "review",
            str(path),
            "--no-browser",
            "--port",
            "0",
            "--token-file",
            str(token),
        ]
        self.process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.links: list[str] = []
        for line in self.process.stdout:
            if found := re.search(r"(http://\S+)/enter", line):
                self.address = found.group(1)
            elif found := re.search(r"annotator .*: http://[^/]+(/a/\S+)", line):
                self.links.append(found.group(1))
            elif line.startswith("Ctrl-C"):
                return
        raise SystemExit("the server did not start")

    def client(self) -> httpx.Client:
        """The owner's client."""
        client = httpx.Client(base_url=self.address, follow_redirects=True, timeout=120)
        client.get("/enter", params={"token": TOKEN}).raise_for_status()
        return client

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it."""
        self.process.send_signal(number)
        self.process.wait(60)


def page_times(server: Server, repeats: int) -> dict[str, dict[str, float]]:
    """Median, 95th percentile and maximum of each kind of page, in milliseconds."""
    client, rng = server.client(), random.Random(1)
    newest = re.findall(r"/row/(\d+)", client.get("/list?page=3").text)

    def word() -> str:
        return rng.choice(WORDS)

    kinds: dict[str, Any] = {
        "overview": lambda: "/",
        "list, first page": lambda: "/list",
        "list, any page": lambda: f"/list?page={rng.randint(1, 2000)}",
        "list, candidates rejected by an expert": lambda: f"/list?stage=candidate&iteration=2&status=rejected&by=faithfulness&page={rng.randint(1, 300)}",
        "list, expert and score range": lambda: f"/list?expert=depth&low={rng.random():.2f}&page={rng.randint(1, 5)}",
        "list, expert and verdict": lambda: f"/list?expert=faithfulness&verdict={rng.choice(('passed', 'refused'))}",
        "list, mean score range": lambda: f"/list?low={0.3 + rng.random() / 2:.2f}",
        "search, one word of most conversations": lambda: f"/list?text={word()}",
        "search, three words": lambda: f"/list?text={word()}+{word()}+{word()}",
        "search, two words of attributes": lambda: f"/list?attribute={word()}+{word()}",
        "search, words, expert and score": lambda: f"/list?text={word()}&expert=depth&low=0.5&high=0.9",
        "conversation": lambda: f"/c/c-{rng.randrange(100_000) % COUNT:012x}",
        "conversation within a search": lambda: f"/row/{rng.choice(newest)}?text={word()}",
        "decisions": lambda: "/decisions",
    }  # fmt: skip
    found = {}
    for kind, address in kinds.items():
        times = []
        for _ in range(repeats):
            where = address()
            began = time.perf_counter()
            answer = client.get(where)
            times.append(1000 * (time.perf_counter() - began))
            answer.raise_for_status()
        times.sort()
        found[kind] = {
            "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(times[int(0.95 * (len(times) - 1))], 1),
            "max_ms": round(times[-1], 1),
        }
        print(kind, found[kind], flush=True)
    return found


async def annotate(
    address: str, link: str, rng: random.Random, confirmed: list[tuple[str, int, Any]], times: list[float]
) -> bool:
    """One annotator from the first task to the last; True when all were answered."""
    async with httpx.AsyncClient(base_url=address, timeout=120) as client:
        position: int | None = 1
        try:
            while position is not None:
                page = await client.get(f"{link}/{position}")
                csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
                fields: dict[str, Any] = {"csrf": csrf}
                value: Any
                if 'name="choice"' in page.text:
                    value = fields["choice"] = rng.choice(("first", "second", "unsure"))
                elif 'name="pick"' in page.text:
                    value = sorted(rng.sample(range(page.text.count('name="pick"') - 1), 3))
                    fields["pick"] = [str(i) for i in value]
                else:
                    value = {aspect: rng.randint(1, 5) for aspect in ASPECTS}
                    fields |= {k: str(v) for k, v in value.items()}
                began = time.perf_counter()
                answer = await client.post(f"{link}/{position}", data=fields)
                times.append(1000 * (time.perf_counter() - began))
                if answer.status_code != 303:
                    return False
                confirmed.append((link.rpartition("/")[2], position, value))
                last = answer.headers["location"].rpartition("/")[2]
                position = int(last) if last.isdigit() else None
        except httpx.HTTPError:
            return False
        return True


def lost(file: Path, confirmed: list[tuple[str, int, Any]]) -> int:
    """How many confirmed answers the file does not have."""
    connection = sqlite3.connect(file)
    query = (
        "SELECT 1 FROM annotators n JOIN assignments a ON a.study = n.study AND a.annotator = n.name JOIN answers s"
        " ON s.study = a.study AND s.annotator = a.annotator AND s.task = a.task WHERE n.token = ? AND a.position = ? AND s.answer = ?"
    )
    missing = sum(
        connection.execute(query, (token, position, json.dumps(value, separators=(",", ":")))).fetchone() is None
        for token, position, value in confirmed
    )
    connection.close()
    return missing


async def crowd(server: Server, confirmed: list[tuple[str, int, Any]], times: list[float], kill_after: int = 0) -> int:
    """All annotators at once; how many finished. ``kill_after`` so many confirmed answers the server is killed."""
    work = [
        asyncio.create_task(annotate(server.address, link, random.Random(link), confirmed, times))
        for link in server.links
    ]
    if kill_after:
        while len(confirmed) < kill_after and not all(t.done() for t in work):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        os.kill(server.process.pid, signal.SIGKILL)
    return sum(await asyncio.gather(*work))


COUNT = 100_000


def main() -> None:
    """See the module's docstring."""
    global COUNT
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--annotators", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--folder", type=Path, required=True, help="The run; made when it is not there.")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    COUNT = options.conversations
    report: dict[str, Any] = {
        "conversations": COUNT,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[0],
    }
    run = options.folder / "run"
    if not run.exists():
        began = time.perf_counter()
        make_run(run, COUNT)
        report["made_s"] = round(time.perf_counter() - began, 1)
    report["run_bytes"] = (run / "run.sqlite").stat().st_size
    print(report, flush=True)
    server = Server(run, options.folder)
    client, began = server.client(), time.perf_counter()
    while "Reading the data" in client.get("/decisions").text or "figures appear" in client.get("/").text:
        time.sleep(1)
    report["index_s"] = round(time.perf_counter() - began, 1)
    report["index_bytes"] = (run / "review-index.sqlite").stat().st_size
    print(report, flush=True)
    report["pages"] = page_times(server, options.repeats)
    server.stop()
    names = ",".join(f"annotator {i}" for i in range(options.annotators))
    for name, seed, kill_after in (("crowd", "1", 0), ("killed", "2", 5 * options.annotators)):
        small = options.folder / f"{name}.jsonl"
        other = options.folder / f"{name}-other.jsonl"
        for path, salt in ((small, "a"), (other, "b")):
            write_file(path, random.Random(salt))
        server = Server(
            small,
            options.folder,
            "--against",
            str(other),
            "--annotators",
            names,
            "--items",
            "100",
            "--per-item",
            "3",
            "--seed",
            seed,
        )
        confirmed: list[tuple[str, int, Any]] = []
        times: list[float] = []
        began = time.perf_counter()
        finished = asyncio.run(crowd(server, confirmed, times, kill_after))
        seconds = time.perf_counter() - began
        if kill_after:
            server.process.wait(60)
        else:
            server.stop()
        times.sort()
        report[name] = {
            "annotators": len(server.links),
            "finished": finished,
            "confirmed": len(confirmed),
            "lost": lost(small.with_name(f"{small.name}.review.sqlite"), confirmed),
            "seconds": round(seconds, 1),
            "answer_median_ms": round(statistics.median(times), 1),
            "answer_p95_ms": round(times[int(0.95 * (len(times) - 1))], 1),
        }
        print(name, report[name], flush=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")


def write_file(path: Path, rng: random.Random) -> None:
    """A small data set file, anew."""
    for old in path.parent.glob(path.name + "*"):
        old.unlink()
    lines = []
    for i in range(300):
        one, two = (
            [
                f"I {rng.choice(('like', 'own'))} a {a} {b}."
                for a, b in zip(rng.sample(WORDS, 5), rng.sample(WORDS, 5), strict=True)
            ]
            for _ in (1, 2)
        )
        said = [" ".join(rng.choices(WORDS, k=10)) + "." for _ in range(12)]
        lines.append(json.dumps({"id": f"{path.stem}-{i}", "user_1": one, "user_2": two, "utterances": said}))
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
