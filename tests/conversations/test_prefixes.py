"""What prompts share stands at their beginning, byte by byte, so that prefix caches hit."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import duologue.api as api
from duologue.config.load import load_config
from duologue.conversations.pool import BLOCK
from duologue.store.reading import RunReader

SEEDS = Path(__file__).parents[1] / "cli" / "seeds.txt"


def shared_by(texts: list[str]) -> str:
    """Their longest common beginning."""
    first, last = min(texts), max(texts)
    size = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:size]


def prompts(folder: Path, mode: str) -> dict[str, list[str]]:
    """By purpose, the texts of all calls of a run in the order in which they ended."""
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    values: dict[str, Any] = {
        **small,
        "model.backend": "scripted",
        "model.name": "scripted",
        "seeds.path": str(SEEDS),
        "pairing.pairs": BLOCK,
        "generator.mode": mode,
        "generator.candidates": 2,
        "generator.examples": 2,
        "loop.iterations": 1,
        "critic.filters": ["faithfulness-llm", "toxicity-llm"],
        "critic.quality": ["depth-llm", "likable"],
    }
    api.run(load_config(None, preset="quick", overrides=values), folder)
    found: dict[str, list[str]] = defaultdict(list)
    with RunReader(folder) as reader:
        for call in reader.calls():
            found[call["purpose"]].append(json.dumps(call["request"]["messages"], ensure_ascii=False))
    return found


@pytest.fixture(scope="module", params=["turns", "whole"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return prompts(tmp_path_factory.mktemp(request.param), request.param)


def test_instructions_and_examples_come_before_anything_of_the_pair(run: dict[str, list[str]]) -> None:
    whole = run.get("generator.whole")
    if whole:
        shared = shared_by(whole)
        assert shared.count("Conversation of ") == 2
        assert "for these two profiles.\\n\\nUser 1 profile:\\n" in shared
    else:
        # Each speaker's examples name it as You, so there are two beginnings.
        one = [p for p in run["generator.turn"] if "Chat:\\nYou" in p]
        two = [p for p in run["generator.turn"] if "Chat:\\nPartner" in p]
        assert len(one) + len(two) == len(run["generator.turn"])
        for own in (one, two):
            shared = shared_by(own)
            assert shared.count("Chat:\\n") == 2
            assert "This is you:\\n" in shared


def test_judges_and_expansion_share_all_that_comes_before_what_they_judge(run: dict[str, list[str]]) -> None:
    judged = [purpose for purpose in run if not purpose.startswith("generator") and len(set(run[purpose])) > 1]
    assert {"expansion.query", "expansion.attribute"} <= set(judged)
    assert any(purpose.startswith("judge.") for purpose in judged)
    for purpose in judged:
        instructions = json.loads(run[purpose][0])[0]["content"]
        assert json.dumps(instructions, ensure_ascii=False) in shared_by(run[purpose]), purpose


def hit_rate(texts: list[str], kept: int) -> float:
    """Share of characters that a cache of the last ``kept`` prompts would have spared."""
    spared = 0
    for i, text in enumerate(texts):
        spared += max((len(shared_by([text, old])) for old in texts[max(0, i - kept) : i]), default=0)
    return spared / sum(map(len, texts))


def test_a_cache_of_few_prompts_spares_most_of_what_is_sent(run: dict[str, list[str]]) -> None:
    generator = next(texts for purpose, texts in run.items() if purpose.startswith("generator"))
    assert hit_rate(generator, 64) > 0.75
