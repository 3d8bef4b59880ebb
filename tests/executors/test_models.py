"""Small models shared out, with a cluster that is a list of objects; and that a run does share them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.executors.conftest import configure, exported

from duologue import api
from duologue.errors import RunStopped
from duologue.executors.make import _Here
from duologue.executors.ray import models
from duologue.executors.ray.models import RayEmbedder, RayNli, Shared
from duologue.models.protocol import Embedder, Nli
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.users import consistency, profiles
from duologue.vectors import kept

TEXTS = [f"I keep {n % 700} owls." for n in range(900)]


class Session:
    """Stands for the session: two actors, in this process."""

    threads = 1

    def __init__(self, broken: bool = False, empty: bool = False) -> None:
        self.asked: Counter[str] = Counter()
        self.broken = broken
        self.empty = empty
        self.made = self.released = 0
        self._actors: list[Any] = []

    def shared(
        self,
        worker: Any,
        arguments: dict[str, Any],
        method: str,
        parts: Sequence[Sequence[Any]],
        check: Callable[[], None],
    ) -> list[Any] | None:
        check()
        if self.broken:
            raise RuntimeError("the actor died")
        if self.empty:
            return None
        if not self._actors:
            self.made += 1
            self._actors = [worker(**arguments) for _ in range(2)]
        self.asked[method] += sum(map(len, parts))
        return [getattr(self._actors[n % 2], method)(part) for n, part in enumerate(parts)]

    def release(self) -> None:
        self.released += 1
        self._actors = []


def go_on() -> None:
    """The run is not to stop."""


def both(session: Any, bulk: int = 10, check: Callable[[], None] = go_on) -> tuple[RayEmbedder, RayNli]:
    shared = Shared(session, "scripted", "scripted", bulk)
    return RayEmbedder(ScriptedEmbedder(), shared, check), RayNli(ScriptedNli(), shared, check)


def test_large_requests_go_to_actors_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "PART", 64)
    session = Session()
    embedder, nli = both(session)
    pairs = list(zip(TEXTS, reversed(TEXTS), strict=True))
    for _ in range(2):
        assert (embedder.embed(TEXTS) == ScriptedEmbedder().embed(TEXTS)).all()
        assert (nli.predict(pairs) == ScriptedNli().predict(pairs)).all()
    assert session.made == 1
    assert session.asked == {"embed": 2 * 700, "predict": 2 * len(set(pairs))}
    embedder.embed(TEXTS[:9]), nli.predict(pairs[:9]), embedder.embed([])
    assert session.asked == {"embed": 2 * 700, "predict": 2 * len(set(pairs))}


def test_without_actors_the_work_is_done_here(caplog: pytest.LogCaptureFixture) -> None:
    session = Session(broken=True)
    embedder, _ = both(session)
    for _ in range(2):
        assert (embedder.embed(TEXTS) == ScriptedEmbedder().embed(TEXTS)).all()
    assert session.released == 1
    assert ["the actor died" in said for said in caplog.messages] == [True]


def test_while_no_actor_answers_the_work_is_done_here(caplog: pytest.LogCaptureFixture) -> None:
    session = Session(empty=True)
    embedder, _ = both(session)
    for _ in range(2):
        assert (embedder.embed(TEXTS) == ScriptedEmbedder().embed(TEXTS)).all()
    assert ["until an actor on the cluster answers" in said for said in caplog.messages] == [True]
    session.empty = False
    embedder.embed(TEXTS)
    assert (session.asked["embed"], session.released) == (700, 0)


def test_a_run_that_is_to_stop_does_so_while_actors_are_waited_for() -> None:
    def stop() -> None:
        raise RunStopped("Ctrl+C")

    session = Session()
    embedder, _ = both(session, check=stop)
    with pytest.raises(RunStopped, match=r"Ctrl\+C"):
        embedder.embed(TEXTS)
    assert session.made == 0


def test_stages_ask_for_as_much_as_is_shared_out() -> None:
    """What the table of vectors and the building of many profiles ask at once is above the limit."""
    assert min(kept.CHUNK, kept.MANY) > models.BULK
    assert consistency.BATCH * profiles.MANY_WAVE // profiles.WAVE > models.BULK


def test_a_run_shares_its_users_out(tmp_path: Path, local: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    embedder, nli = both(session, bulk=1)

    class Place(_Here):
        def embedder(self, inner: Embedder, check: Callable[[], None]) -> Embedder:
            return embedder

        def nli(self, inner: Nli, check: Callable[[], None]) -> Nli:
            return nli

    monkeypatch.setattr(api, "open_place", lambda config: Place(config.executor))
    api.run(configure(tmp_path), tmp_path / "run")
    assert session.asked["embed"] > 0
    assert session.asked["predict"] > 0
    assert exported(tmp_path / "run") == local
