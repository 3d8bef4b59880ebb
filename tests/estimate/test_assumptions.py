"""What the log of a run folder says, in the place of assumptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from duologue.config.load import load_config
from duologue.estimate import assumptions
from duologue.estimate.assumptions import Assumptions, Seen, assume
from duologue.store.reading import CallTotal, Count
from duologue.store.revisions import Revision

CONFIG = load_config(overrides={"model.backend": "scripted", "model.name": "scripted"})


@dataclass
class Log:
    """A run folder of so many revisions, with 30 candidates in the newest."""

    totals: tuple[CallTotal, ...] = ()
    generators: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, folder: Path) -> Log:
        return self

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None: ...

    def call_totals(self) -> tuple[CallTotal, ...]:
        return self.totals

    def counts(self) -> tuple[Count, ...]:
        return (Count("candidate", 1, "rejected", "format", 30),)

    def revisions(self) -> tuple[Revision, ...]:
        configs = [{"generator": generator} for generator in self.generators]
        return tuple(Revision(i, "", config, "finished", 1, 0.0, 0.0, "") for i, config in enumerate(configs, 1))

    def revision(self) -> Revision:
        return self.revisions()[-1]


def total(calls: int, model: str = "scripted", purpose: str = "generator.turn", tokens: int = 10) -> CallTotal:
    return CallTotal(purpose, model, calls, calls * tokens, calls * tokens, 0, calls * 1.0, calls)


def assumed(monkeypatch: pytest.MonkeyPatch, folder: Path, *totals: CallTotal, **generators: Any) -> Assumptions:
    (folder / "run.sqlite").touch()
    own = CONFIG.generator.model_dump(mode="json")
    log = Log(totals, [{**own, **changes} for changes in generators.values()])
    monkeypatch.setattr(assumptions, "RunReader", log)
    return assume(CONFIG, folder)


def test_calls_of_a_candidate_are_told_by_a_single_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = assumed(monkeypatch, tmp_path, total(300), only={})
    assert one.calls_per_candidate == 10.0
    two = assumed(monkeypatch, tmp_path, total(300), first={}, newest={"candidates": 1})
    assert two.calls_per_candidate is None
    assert two.seen["generator.turn"] == one.seen["generator.turn"] == Seen(10.0, 10.0, 1.0)


def test_every_revision_must_have_had_the_same_prompts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    totals = (total(300), total(40, purpose="judge.toxicity"))
    found = assumed(monkeypatch, tmp_path, *totals, first={"examples": 9}, newest={})
    assert set(found.seen) == {"judge.toxicity"}


def test_all_ids_of_a_model_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    totals = (total(15, "scripted@1", tokens=10), total(5, "scripted@2", tokens=30), total(99, "other", tokens=90))
    found = assumed(monkeypatch, tmp_path, *totals, only={})
    assert found.seen == {"generator.turn": Seen(15.0, 15.0, 1.0)}
