"""Parts shared out among actors that start late, are lost, or fall silent; with a cluster that is a list of objects."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from duologue.errors import RunStopped
from duologue.executors.ray import actors as module
from duologue.executors.ray.actors import Actors, Lost


class Made:
    """A cluster whose actors add one to each number. ``fate`` says by an actor's number how it goes: ``late`` never
    starts, ``lost`` is gone with its first part, ``hangs`` never returns it, ``fails`` raises."""

    def __init__(self, *fate: str) -> None:
        self.fate = fate
        self.now = 0.0
        self.numbers = itertools.count()
        self.started: list[int] = []
        self.ended: list[int] = []
        self.given: list[tuple[int, tuple[int, ...]]] = []
        self.results: dict[str, Any] = {}

    def clock(self) -> float:
        return self.now

    def start(self) -> tuple[int, str]:
        number = next(self.numbers)
        self.started.append(number)
        if self.of(number) != "late":
            self.results[f"ready {number}"] = None
        return number, f"ready {number}"

    def of(self, actor: int) -> str:
        return self.fate[actor] if actor < len(self.fate) else ""

    def ask(self, actor: int, method: str, part: Sequence[int]) -> str:
        reference = f"{len(self.given)} of {actor}"
        self.given.append((actor, tuple(part)))
        fate = self.of(actor)
        if fate != "hangs":
            gone = {"lost": Lost("the node died"), "fails": ValueError("no such model")}
            self.results[reference] = gone.get(fate, [number + 1 for number in part])
        return reference

    def wait(self, references: Sequence[str], seconds: float) -> Sequence[str]:
        self.now += seconds
        return [reference for reference in references if reference in self.results][:1]

    def get(self, reference: str) -> Any:
        result = self.results.pop(reference)
        if isinstance(result, Exception):
            raise result
        return result

    def end(self, actor: int) -> None:
        self.ended.append(actor)


PARTS = [(0, 1), (2,), (3, 4), (5,)]
SUMS = [[1, 2], [3], [4, 5], [6]]


def go_on() -> None:
    """The run is not to stop."""


def mapped(made: Made, count: int, check: Callable[[], None] = go_on) -> list[Any] | None:
    return Actors(made, count, made.clock).map("add", PARTS, check)


def test_parts_come_back_in_order() -> None:
    made = Made()
    assert mapped(made, 2) == SUMS
    assert made.started == [0, 1]
    assert made.ended == []


def test_an_actor_that_does_not_answer_gets_no_part() -> None:
    made = Made("late")
    assert mapped(made, 2) == SUMS
    assert {actor for actor, _ in made.given} == {1}


def test_a_lost_actor_s_part_goes_to_another() -> None:
    made = Made("lost", "", "late")
    assert mapped(made, 2) == SUMS
    assert made.ended == [0]
    assert made.started == [0, 1, 2]


def test_an_actor_that_hangs_counts_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 20.0)
    made = Made("hangs", "")
    assert mapped(made, 2) == SUMS
    assert made.ended == [0]
    assert made.now < 40.0


def test_where_none_answers_nothing_is_waited_for_and_the_next_request_asks_again() -> None:
    made = Made("late", "late")
    actors = Actors(made, 2, made.clock)
    assert actors.map("add", PARTS, go_on) is None
    assert module.READY <= made.now < module.READY + 5
    before = made.now
    assert actors.map("add", PARTS, go_on) is None
    assert made.now == before
    made.results["ready 0"] = made.results["ready 1"] = None
    made.now -= module.READY
    assert actors.map("add", PARTS, go_on) == SUMS


def test_actors_that_start_after_all_are_used() -> None:
    """They were asked for long ago, and what asked first was answered without them."""
    made = Made("late", "late")
    actors = Actors(made, 2, made.clock)
    assert actors.map("add", PARTS, go_on) is None
    made.results["ready 1"] = None
    assert actors.map("add", PARTS, go_on) == SUMS
    assert {actor for actor, _ in made.given} == {1}


def test_the_last_actor_lost_and_no_room_for_another() -> None:
    made = Made("lost", "late")
    assert mapped(made, 1) is None
    assert made.now < module.READY + 10


def test_actors_lost_again_and_again_are_given_up() -> None:
    made = Made(*["lost"] * 20)
    with pytest.raises(RuntimeError, match="7 actors were lost"):
        mapped(made, 2)


def test_what_a_method_raises_is_raised_and_the_others_end() -> None:
    made = Made("hangs", "fails")
    with pytest.raises(ValueError, match="no such model"):
        mapped(made, 2)
    assert 0 in made.ended


def test_a_run_that_is_to_stop_waits_for_nobody() -> None:
    made = Made("hangs", "hangs")

    def check() -> None:
        if made.now > 5:
            raise RunStopped("Ctrl+C")

    with pytest.raises(RunStopped, match=r"Ctrl\+C"):
        mapped(made, 2, check)
    assert sorted(made.ended) == [0, 1]


def test_all_end_with_the_request_for_the_next_stage() -> None:
    made = Made("late")
    actors = Actors(made, 3, made.clock)
    actors.map("add", PARTS, go_on)
    actors.end()
    assert sorted(made.ended) == [0, 1, 2]
