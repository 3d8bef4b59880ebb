"""One true run on the embedded default: real weights, real small models, all stages."""

from __future__ import annotations

from pathlib import Path

import pytest

import duologue
from duologue.models.registry import find
from duologue.report.stats import account


@pytest.mark.embedded
@pytest.mark.timeout(400)
def test_seeds_to_data_set_on_the_embedded_model(tmp_path: Path) -> None:
    for name in ("default", "minilm"):
        if not find(name).is_here:
            pytest.skip(f"the model {name} is not here; fetch it with: duologue models pull {name}")
    config = duologue.load_config(
        preset="quick",
        overrides={
            "pairing.pairs": 2,
            "expansion.target": 3,
            "expansion.max_queries": 2,
            "expansion.bootstrap_queries": 1,
            "loop.iterations": 1,
            "generator.utterances": [6, 8],
        },
    )
    result = duologue.run(config, tmp_path / "run")
    assert result.pairs == 2
    assert result.usage.completion_tokens > 100
    with duologue.RunReader(tmp_path / "run") as reader:
        accounts = {(a.stage, a.iteration): a for a in account(reader.counts())}
        conversations = list(reader.conversations())
    assert accounts["conversation", 0].total == 2
    assert accounts["seed", 0].accepted == 600
    assert len(conversations) == result.conversations >= 1
    for conversation in conversations:
        said = conversation.candidate.utterances
        assert 6 <= len(said) <= 8
        assert len(set(said)) == len(said)
        assert not any("[" in text or "language model" in text.lower() for text in said)
        assert {v.expert for v in conversation.verdicts} >= {
            "format",
            "swap",
            "faithfulness",
            "toxicity",
            "depth",
            "likable",
        }
