"""What a changed configuration costs: only the calls whose keys are new. And what waits for what: nothing needless."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import duologue.api as api
from duologue.backends.protocol import Answer, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.conversations.pool import BLOCK
from duologue.store.reading import RunReader

SEEDS = Path(__file__).parents[1] / "cli" / "seeds.txt"


def config(**more: Any) -> Config:
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    values: dict[str, Any] = {
        **small,
        "model.backend": "scripted",
        "model.name": "scripted",
        "seeds.path": str(SEEDS),
        "pairing.pairs": 4,
        "generator.candidates": 2,
        "loop.iterations": 1,
        **{key.replace("__", "."): value for key, value in more.items()},
    }
    return load_config(None, preset="quick", overrides=values)


class Counted(ScriptedBackend):
    """Remembers what it was asked, by purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.keys: list[str] = []

    async def answer(self, request: Request) -> Answer:
        self.asked[request.purpose] += 1
        self.keys.append(request.key)
        return await super().answer(request)


def run(folder: Path, **more: Any) -> Counted:
    backend = Counted()
    api.run(config(**more), folder, backend=backend)
    return backend


@pytest.fixture(params=["turns", "whole"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_changed_critic_makes_no_conversation_again(tmp_path: Path, mode: str) -> None:
    first = run(tmp_path, generator__mode=mode)
    assert first.asked[f"generator.{'turn' if mode == 'turns' else 'whole'}"] > 0
    judged = run(tmp_path, generator__mode=mode, critic__quality=["depth-llm"])
    assert {purpose.partition(".")[0] for purpose in judged.asked} == {"judge"}
    again = run(tmp_path, generator__mode=mode, critic__quality=["depth-llm"])
    assert not again.asked


def test_one_more_iteration_pays_for_that_iteration_alone(tmp_path: Path, mode: str) -> None:
    first = run(tmp_path, generator__mode=mode)
    second = run(tmp_path, generator__mode=mode, loop__iterations=2)
    assert not set(first.keys) & set(second.keys)
    assert {purpose.partition(".")[0] for purpose in second.asked} == {"generator"}
    fresh = run(tmp_path / "fresh", generator__mode=mode, loop__iterations=2)
    assert sorted(first.keys + second.keys) == sorted(fresh.keys)


def test_engine_settings_are_in_no_key(tmp_path: Path) -> None:
    run(tmp_path)
    other = run(tmp_path, engine__concurrency=1, engine__retries=9, engine__total_timeout=7, budget__max_tokens=10**9)
    assert not other.asked


def test_a_candidate_is_judged_while_another_is_still_being_written(tmp_path: Path) -> None:
    class Waits(Counted):
        judging = asyncio.Event()

        async def answer(self, request: Request) -> Answer:
            if request.purpose.startswith("judge."):
                self.judging.set()
            elif request.purpose == "generator.whole" and self.asked[request.purpose] == 1:
                self.asked[request.purpose] += 1
                await asyncio.wait_for(self.judging.wait(), 60)
            return await super().answer(request)

    backend = Waits()
    changes = {"generator__mode": "whole", "critic__filters": ["toxicity-llm"], "pairing__pairs": 1}
    api.run(config(**changes), tmp_path, backend=backend)
    assert backend.asked["generator.whole"] >= 2
    with RunReader(tmp_path) as reader:
        assert list(reader.failed_calls()) == []


def test_the_examples_of_a_block_of_pairs_change_only_between_iterations(tmp_path: Path) -> None:
    run(tmp_path, generator__mode="whole", generator__examples=2, loop__iterations=2, pairing__pairs=BLOCK)
    with RunReader(tmp_path) as reader:
        prompts = [c["request"]["messages"][1]["content"] for c in reader.calls() if c["purpose"] == "generator.whole"]
    examples = {prompt.partition("\n\nNow write")[0] for prompt in prompts}
    assert len(prompts) >= 4 * BLOCK
    assert len(examples) == 2
