"""``critic.judge``: the Critic's experts ask another model than the one that writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import duologue
from duologue import api
from duologue.backends.protocol import Backend
from duologue.backends.scripted import ScriptedBackend
from duologue.config.fingerprint import fingerprint
from duologue.config.sections import Config
from duologue.errors import ConfigError
from duologue.seeds.collect import Seeds


def settings(**overrides: Any) -> Config:
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    values = {"model.backend": "scripted", "model.name": "scripted", "pairing.pairs": 3, "loop.iterations": 1}
    return duologue.load_config(preset="quick", overrides={**values, **small, **overrides})


JUDGE = {"backend": "scripted", "name": "judge"}
ASKED = {"critic.filters": ("faithfulness", "toxicity-llm"), "critic.quality": ("depth-llm", "diversity")}


def test_experts_ask_the_judge_and_the_generator_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    class Named(ScriptedBackend):
        async def close(self) -> None:
            closed.append(self.model)
            await super().close()

    def make(config: Config, **_: Any) -> Backend:
        return Named(model=config.model.name)

    monkeypatch.setattr(api, "make_backend", make)
    made = duologue.run(settings(**ASKED, **{"critic.judge": JUDGE}), tmp_path / "run")
    with duologue.RunReader(tmp_path / "run") as reader:
        asked = {(call["purpose"].partition(".")[0], call["model"]) for call in reader.calls()}
        calls = sum(total.calls for total in reader.call_totals())
    assert ("judge", "judge") in asked
    assert ("generator", "scripted") in asked
    assert {model for kind, model in asked if kind == "judge"} == {"judge"}
    assert "judge" not in {model for kind, model in asked if kind != "judge"}
    assert made.usage.calls == calls
    assert sorted(closed) == ["judge", "scripted"]


def test_a_judge_that_cant_be_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"critic\.judge: model\.base_url"):
        duologue.run(settings(**{"critic.judge": {"backend": "endpoint", "name": "m"}}), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_which_judge_it_is_counts_and_where_it_answers_does_not() -> None:
    seeds = Seeds((("I a.",),), "here.txt", "text")

    def of(**judge: Any) -> str:
        return fingerprint(Config.model_validate({"critic": {"judge": judge}}), seeds)

    there = {"backend": "endpoint", "name": "m", "base_url": "http://a/v1"}
    assert of(**there) == of(**{**there, "base_url": "http://b/v1"})
    assert of(**there) != of(**{**there, "name": "n"})
    assert of(**there) != fingerprint(Config(), seeds)
