"""Levels 1 and 2 at 1,000 to 1,000,000 attributes and as many profiles: time, peak memory and growth of each stage.

    python bench/users_scale.py all --data personas_train.jsonl --folder FOLDER [--peers PYTHON]
    python bench/users_scale.py WHAT --data personas_train.jsonl --folder FOLDER [--sizes ...] [--input copies]

WHAT is one of

    embed      MiniLM's vectors of the first --count attributes (30,000)
    run        each stage at each of the --sizes, in a process of its own
    agreement  the approximate clustering beside the exact one, at --size (10,000)
    policies   the pairing of many users beside the exact one, at --size
    filter     what the NLI model would have said of pairs that it is not asked about, at --size
    peers      what others do with the same vectors, as far as each can go
    table      the measures as Markdown
    all        all of these, with both inputs for ``run``

Each measure is appended to FOLDER/results.jsonl as it comes, and what is there is not measured again: the same command
goes on after any kind of end. Measure other code in another folder; only the numbered files of ``embed`` can be copied there. Before each part
it says about how long that takes.

Attributes come from ``bench/scale_input.py``; those of ``--input copies`` are the same, but every tenth is an exact or near copy of
an earlier one. Vectors beyond the first --count are not embedded but composed: that of the real sentence, with what
each new word adds and each old one takes, which is fitted to the sentences embedded with one word changed, scaled to unit
length. The lines named ``input`` tell how near composed vectors are to the true ones.

No language model is called. Profiles are built twice: with a stand-in that finds nothing to object to, which leaves our
own work and counts the questions, and, up to ``--nli`` attributes, with the built-in NLI model. ``CPU seconds`` are those of all
threads; ``peak MiB`` is the most that the process held during the stage, with the input that it needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from scale_book import Book, Line, growth, minutes, others
from scale_checks import agreement, filtering, policies
from scale_stages import PROCESSOR, STAGES
from scale_vectors import Inputs, embed

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PARTS = ("embed", "run", "agreement", "policies", "filter", "peers", "table")


def run(options: argparse.Namespace, book: Book) -> None:
    """Every stage at every size that the book does not have."""
    for size in sorted(options.sizes):
        chosen = [name for name in options.stages if name != "profiles with inference" or size <= options.nli]
        left = [n for n in chosen if not book.find(what="run", input=options.input, size=size, name=n)]
        if not left:
            continue
        _say(f"run, {options.input}, {size:,}: {', '.join(left)}", sum(PROCESSOR[n] for n in left) * size / 1000 + 3 * len(left))  # fmt: skip
        made = Inputs(options.data, options.folder, options.input).make(size)
        if made:
            book.add({"what": "run", "input": options.input, "size": size, "name": "input", **made})
        for name in left:
            line = apart(options, ["stage", "--size", size, "--name", name, "--input", options.input])
            book.add({"what": "run", "input": options.input, "size": size, "name": name, **line})


def apart(options: argparse.Namespace, arguments: list[object]) -> Line:
    """What a further process of this script prints last."""
    command = [sys.executable, __file__, *arguments, "--data", options.data, "--folder", options.folder]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    line: Line = json.loads(done.stdout.splitlines()[-1])
    return line


def table(book: Book) -> None:
    """Print all that the book has."""
    for kind in dict.fromkeys(line["input"] for line in book.lines):
        lines = [line for line in book.lines if line["what"] == "run" and line["input"] == kind]
        for unit in ("CPU seconds", "seconds", "peak MiB"):
            print(f"\nInput {kind}\n")
            print("\n".join(growth(lines, unit)))
    peer_lines = [line for line in book.lines if line["what"] == "peers"]
    for unit in ("CPU seconds", "seconds", "peak MiB"):
        print("\nPeers\n")
        print("\n".join(growth(peer_lines, unit)))
    print()
    print("\n".join(others(sorted(book.lines, key=lambda line: line["what"]))))


def part(what: str, options: argparse.Namespace, book: Book) -> None:
    """One of ``PARTS``."""
    inputs = Inputs(options.data, options.folder, options.input)
    if what == "embed":
        _say(f"embed, {options.count:,}", options.count * 0.006)
        embed(options.data, options.folder, options.count)
    elif what == "run":
        run(options, book)
    elif what == "peers":
        from users_peers import peers

        peers(options, book)
    elif what == "table":
        table(book)
    else:
        seconds = {"agreement": 0.006, "policies": 0.01, "filter": 0.0}[what] * options.size
        _say(f"{what}, {options.size:,}", seconds + (options.pairs * 0.035 if what == "filter" else 0))
        inputs.make(options.size)
        if what == "filter":
            filtering(inputs, options.size, book, options.pairs, options.show)
        else:
            {"agreement": agreement, "policies": policies}[what](inputs, options.size, book)


def _say(what: str, seconds: float) -> None:
    print(f"{what}: about {minutes(seconds)} of processor time, less what is there", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*PARTS, "all", "stage"], metavar="WHAT")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for vectors, results and what stages leave")
    parser.add_argument(
        "--count", type=int, default=30_000, help="attributes to embed, at least 20,000 for larger sizes"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--size", type=int, default=10_000, help="for agreement, policies and filter")
    parser.add_argument("--input", choices=["plain", "copies"], default="plain")
    parser.add_argument("--nli", type=int, default=10_000, help="most profiles that the built-in NLI model checks")
    parser.add_argument("--stages", nargs="+", choices=list(STAGES), default=list(STAGES))
    parser.add_argument("--pairs", type=int, default=20_000, help="pairs that filter asks the NLI model about")
    parser.add_argument("--show", type=int, default=10, help="examples that filter prints")
    parser.add_argument("--peers", help="a Python that has sentence-transformers")
    parser.add_argument("--name", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.what == "stage":
        print(json.dumps(STAGES[options.name](Inputs(options.data, options.folder, options.input), options.size)))
        return
    book = Book(options.folder / "results.jsonl")
    if options.what != "all":
        part(options.what, options, book)
        return
    for what in PARTS:
        part(what, options, book)
        if what == "run":
            # Inference costs the same with copies.
            part(what, argparse.Namespace(**{**vars(options), "input": "copies", "nli": 0}), book)


if __name__ == "__main__":
    main()
