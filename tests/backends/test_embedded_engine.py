"""Which of several engines a request goes to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from duologue.backends.embedded import SMALL, engines_for
from duologue.backends.embedded_engine import EmbeddedEngine, EngineTeam


class FakeEngine:
    """Notes what it is asked; answers when ``go`` is set."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.asked: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self.closed = False

    def complete(
        self, prompt: list[int], bodies: Sequence[dict[str, Any]], take: Callable[[dict[str, Any]], bool]
    ) -> None:
        self.asked.append(prompt[0])
        self.go.wait(10)

    def close(self) -> None:
        self.closed = True


def _team(*engines: FakeEngine) -> EngineTeam:
    return EngineTeam([cast("EmbeddedEngine", e) for e in engines])


def _ask(team: EngineTeam, topic: str, number: int, *, stay: bool = False) -> None:
    team.complete(topic, [number], [{}], lambda chunk: False, stay=stay)


def _held(team: EngineTeam, engine: FakeEngine, topic: str, number: int, *, stay: bool = False) -> threading.Thread:
    """A request that stays under way at ``engine``."""
    before = len(engine.asked)
    thread = threading.Thread(target=_ask, args=(team, topic, number), kwargs={"stay": stay})
    thread.start()
    for _ in range(1000):
        if len(engine.asked) > before:
            break
        threading.Event().wait(0.005)
    return thread


def test_new_topics_go_where_least_is_under_way_and_known_ones_go_home() -> None:
    one, two = FakeEngine(2), FakeEngine(2)
    team = _team(one, two)
    one.go.clear()
    busy = _held(team, one, "a", 1)
    _ask(team, "b", 2)
    one.go.set()
    busy.join()
    for number in (3, 4, 5):
        _ask(team, "b", number, stay=True)
    _ask(team, "a", 6)
    assert one.asked == [1, 6]
    assert two.asked == [2, 3, 4, 5]


def test_a_full_engine_is_left_unless_it_holds_the_conversation() -> None:
    one, two = FakeEngine(1), FakeEngine(1)
    team = _team(one, two)
    one.go.clear()
    under_way = [_held(team, one, "a", 1)]
    _ask(team, "a", 2)
    assert two.asked == [2]
    under_way.append(_held(team, one, "a", 3, stay=True))
    assert one.asked == [1, 3]
    one.go.set()
    for thread in under_way:
        thread.join()
    team.close()
    assert one.closed
    assert two.closed


def test_topics_are_forgotten_after_a_while() -> None:
    one, two = FakeEngine(2), FakeEngine(2)
    team = _team(one, two)
    for number in range(EngineTeam.TOPICS + 5):
        _ask(team, f"topic {number}", number)
    assert len(team._homes) == EngineTeam.TOPICS


def test_small_models_get_an_engine_for_each_thread(tmp_path: Path) -> None:
    small, large = tmp_path / "small.gguf", tmp_path / "large.gguf"
    small.write_bytes(b"GGUF")
    with large.open("wb") as file:
        file.truncate(SMALL + 1)
    assert engines_for(small, 2, 8) == 2
    assert engines_for(small, 64, 64) == 8
    assert engines_for(small, 4, 1) == 1
    assert engines_for(large, 16, 16) == 1
