"""A small configuration for whole runs, and a backend that keeps a book of what is paid for."""

from __future__ import annotations

import itertools
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from duologue.backends.protocol import Answer, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.export import export_run
from duologue.store.reading import RunReader

THINGS = ("owls", "bees", "ferns", "maps", "kites", "drums", "coins", "stamps", "boats", "clocks", "roses", "trains")


class Booked(ScriptedBackend):
    """Notes each call before it is answered; kills its worker once, at its ``kill_at``-th call of the Generator."""

    def __init__(self, book: Path, *, delay: float = 0.0, kill_at: int = 0, place: bool = False) -> None:
        super().__init__(0, delay)
        self.book = book
        self.kill_at = kill_at
        self.place = place
        self.made = 0

    async def answer(self, request: Request) -> Answer:
        where = "-"
        if self.place:
            import ray

            where = ray.get_runtime_context().get_node_id()
        file = os.open(self.book, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, f"{request.key} {where}\n".encode())
        os.close(file)
        self.made += request.purpose.startswith("generator")
        if self.kill_at and self.made == self.kill_at:
            try:
                self.book.with_suffix(".killed").touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return await super().answer(request)


def charged(book: Path) -> list[tuple[str, str]]:
    """(key, node) of every call so far."""
    if not book.exists():
        return []
    lines = (line.split() for line in book.read_text(encoding="utf-8").splitlines())
    return [(line[0], line[1]) for line in lines if len(line) == 2]


def paid_twice(book: Path) -> int:
    """Calls of a book beyond the different ones."""
    return sum(n - 1 for n in Counter(key for key, _ in charged(book)).values())


def exported(folder: Path) -> bytes:
    """The data set of a run as JSON Lines, and that its shards are folded in."""
    assert not list((folder / "shards").glob("*.sqlite*"))
    to = folder.with_suffix(".jsonl")
    with RunReader(folder) as reader:
        assert reader.revision().state == "finished"
        export_run(reader, "jsonl", to, force=True)
    return to.read_bytes()


def configure(folder: Path, **over: object) -> Config:
    """Six pairs of given users, two iterations; ``over`` are fields of ``executor``, or dotted paths with ``__``."""
    seeds = folder / "seeds.txt"
    if not seeds.exists():
        blocks = (f"I collect old {a}.\nI often paint {b}.\n" for a, b in itertools.pairwise(THINGS))
        seeds.write_text("\n".join(blocks), encoding="utf-8")
    chosen = {name.replace("__", ".") if "__" in name else f"executor.{name}": value for name, value in over.items()}
    return load_config(
        overrides={
            "seeds.path": str(seeds),
            "model.backend": "scripted",
            "model.name": "scripted",
            **{f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")},
            "expansion.enabled": False,
            "profiles.source": "given",
            "pairing.pairs": 6,
            "pairing.policy": "random",
            "pairing.pairs_per_user": 2,
            "generator.candidates": 2,
            "generator.examples": 1,
            "generator.utterances": [4, 6],
            "loop.iterations": 2,
            "engine.concurrency": 4,
            **chosen,
        }
    )


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the local executor exports of the configuration."""
    from duologue.api import run

    folder = tmp_path_factory.mktemp("local")
    run(configure(folder), folder / "run")
    return exported(folder / "run")
