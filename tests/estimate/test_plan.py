"""An estimate against what a scripted run then does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import duologue.api as api
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.conversations.generator.protocol import Refused, Task
from duologue.errors import ImpossibleRequest
from duologue.estimate import Estimate, estimate_run, probe
from duologue.records import Candidate
from duologue.seeds import read_seeds
from duologue.store.reading import RunReader

SEEDS = Path(__file__).parents[1] / "cli" / "seeds.txt"
SCRIPTED = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")} | {
    "model.backend": "scripted",
    "model.name": "scripted",
    "seeds.path": str(SEEDS),
}


def config(preset: str | None = "quick", **more: object) -> Config:
    values = {key.replace("__", "."): value for key, value in more.items()}
    return load_config(None, preset=preset, overrides={**SCRIPTED, **values})


def estimate(chosen: Config, folder: Path | None = None) -> Estimate:
    return estimate_run(chosen, read_seeds(chosen.seeds), folder)


def near(guess: float, truth: float) -> bool:
    return truth / 1.5 <= guess <= truth * 1.5


@pytest.mark.parametrize(
    "chosen",
    [
        config(),
        config(generator__mode="whole", pairing__pairs=4, generator__candidates=3),
        config(
            profiles__source="given",
            pairing__pairs=3,
            critic__filters=["faithfulness", "faithfulness-llm"],
            critic__quality=["depth-llm", "likable"],
        ),
    ],
    ids=["turns", "whole", "judged"],
)
def test_the_estimate_is_near_a_scripted_run(chosen: Config, tmp_path: Path) -> None:
    guess = estimate(chosen, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    api.run(chosen, tmp_path / "run")
    with RunReader(tmp_path / "run") as reader:
        totals = reader.call_totals()
    assert near(guess.total.calls, sum(t.calls for t in totals))
    assert near(guess.total.prompt_tokens, sum(t.prompt_tokens for t in totals))
    assert near(guess.total.completion_tokens, sum(t.completion_tokens for t in totals))
    assert {line.purpose for line in guess.lines} == {t.purpose for t in totals}
    generator = next(t for t in totals if t.purpose.startswith("generator"))
    assert near(next(line for line in guess.lines if line.purpose == generator.purpose).calls, generator.calls)


def test_the_log_replaces_assumptions_and_nothing_is_written(tmp_path: Path) -> None:
    chosen = config()
    api.run(chosen, tmp_path)
    names = {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.endswith(("-shm", "-wal"))}
    guess = estimate(chosen, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.endswith(("-shm", "-wal"))} == names
    assert any("generator.turn" in note and str(tmp_path) in note for note in guess.notes)
    with RunReader(tmp_path) as reader:
        turn = next(t for t in reader.call_totals() if t.purpose == "generator.turn")
    line = next(line for line in guess.lines if line.purpose == "generator.turn")
    assert line.completion_tokens / line.calls == pytest.approx(turn.completion_tokens / turn.calls, rel=0.02)
    other = estimate(config(generator__examples=0), tmp_path)
    assert not any("generator.turn" in note for note in other.notes)


def test_more_of_everything_costs_more() -> None:
    one = estimate(config(budget__prompt_price=1.0, budget__completion_price=2.0, pairing__pairs=6))
    four = estimate(config(budget__prompt_price=1.0, budget__completion_price=2.0, pairing__pairs=24))
    assert four.stage("conversations").calls == pytest.approx(4 * one.stage("conversations").calls, rel=0.01)
    total = one.total
    assert total.cost == pytest.approx((total.prompt_tokens + 2 * total.completion_tokens) / 1e6, rel=0.01)
    assert four.total.cost > 3 * one.total.cost
    assert one.total.seconds > 0


def test_limits_that_would_end_the_run_are_named() -> None:
    assert any("1,000 tokens" in note for note in estimate(config(budget__max_tokens=1000)).notes)
    assert not any("end this run early" in note for note in estimate(config()).notes)


def test_the_critic_counts_where_the_whole_sample_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: dict[str, Any] = {
        "critic__filters": ["faithfulness", "faithfulness-llm"],
        "critic__quality": ["depth-llm"],
        "pairing__pairs": 20,
    }
    usual = estimate(config(**judged))

    class Refusing:
        async def generate(self, task: Task) -> Candidate:
            raise Refused("format", "nothing will do")

    monkeypatch.setattr(probe, "make_generator", lambda mode, context: Refusing())
    found = estimate(config(**judged))
    for stage in ("critic", "tournament"):
        assert found.stage(stage).calls == pytest.approx(usual.stage(stage).calls, rel=0.5)
    assert any("hand-written" in note for note in found.notes)
    assert not any("hand-written" in note for note in usual.notes)


def test_new_attributes_come_in_waves_of_the_stages_own_size() -> None:
    wide: dict[str, Any] = {"preset": None, "engine__concurrency": 4000, "expansion__queries": False}
    few = estimate(config(**wide, expansion__target=19_000)).stage("users")
    many = estimate(config(**wide, expansion__target=38_000)).stage("users")
    assert many.calls == pytest.approx(2 * few.calls, rel=0.01)
    assert many.seconds < few.seconds / 5, "waves of 593 instead of 32"


def test_models_are_not_loaded() -> None:
    values = {"model.backend": "endpoint", "model.name": "m", "model.base_url": "http://localhost:9/v1"}
    chosen = load_config(None, preset="quick", overrides={"seeds.path": str(SEEDS), **values})
    guess = estimate(chosen)
    assert guess.total.calls > 100
    assert guess.total.seconds > 1


def test_trying_adapters_costs_calls() -> None:
    one = estimate(config(loop__iterations=2, pairing__pairs=20))
    two = estimate(config(loop__iterations=2, pairing__pairs=20, loop__method="finetune"))
    assert two.total.calls > one.total.calls
    assert not any("Training" in note for note in one.notes)
    assert any("Training 1 adapter(s) is not included" in note for note in two.notes)


def test_workers_share_the_time_of_level_3() -> None:
    wide: dict[str, Any] = {"pairing__pairs": 400, "engine__concurrency": 4}
    one = estimate(config(**wide))
    four = estimate(config(**wide, executor__kind="ray", executor__workers=4))
    for stage in ("conversations", "critic"):
        assert four.stage(stage).seconds == pytest.approx(one.stage(stage).seconds / 4)
    assert four.stage("users").seconds == one.stage("users").seconds
    assert four.total.calls == one.total.calls
    assert any("4 worker(s)" in note for note in four.notes)
    unknown = estimate(config(**wide, executor__kind="ray"))
    assert unknown.total.seconds == pytest.approx(one.total.seconds)
    assert any("executor.workers is null" in note for note in unknown.notes)
    few = estimate(config(**wide, executor__kind="ray", executor__workers=4, executor__shards=2))
    assert few.stage("conversations").seconds == pytest.approx(one.stage("conversations").seconds / 2)


def test_too_few_given_profiles_are_named_before_the_run() -> None:
    with pytest.raises(ImpossibleRequest, match="profiles make at most"):
        estimate(config(profiles__source="given", pairing__pairs=100))
