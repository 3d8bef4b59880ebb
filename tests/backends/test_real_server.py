"""The whole pipeline against a real server: llama.cpp's, with small weights, through the endpoint backend."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import duologue.api as api
from duologue.config.load import load_config
from duologue.models.registry import find
from duologue.store.reading import RunReader

HERE = Path(__file__).parent
SEEDS = HERE.parent / "cli" / "seeds.txt"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("xllamacpp", reason="needs the extra duologue[embedded]")
    weights = find("smollm2-135m").local_path() or find("default").local_path()
    if weights is None:
        pytest.skip("no weights are here; fetch them with `duologue models pull smollm2-135m`")
    process = subprocess.Popen(
        [sys.executable, str(HERE / "llama_server.py"), str(weights)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
    )
    assert process.stdout is not None
    found = process.stdout.readline().strip()
    assert found.startswith("http://127.0.0.1:"), "the server did not start"
    yield f"{found}/v1"
    process.kill()
    process.wait()


@pytest.mark.embedded
@pytest.mark.parametrize("mode", ["turns", "whole"])
def test_the_pipeline_on_a_real_server(address: str, mode: str, tmp_path: Path) -> None:
    overrides = {
        "seeds.path": str(SEEDS),
        "model.backend": "endpoint",
        "model.name": "local",
        "model.base_url": address,
        "pairing.pairs": 2,
        "profiles.size": 3,
        "expansion.bootstrap_queries": 1,
        "expansion.target": 2,
        "expansion.max_queries": 2,
        "generator.mode": mode,
        "generator.candidates": 1,
        "generator.examples": 0,
        "generator.utterances": [2, 4],
        "generator.turn_retries": 1,
        "loop.iterations": 1,
        "loop.regenerations": 0,
        "engine.concurrency": 2,
        **{f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")},
    }
    result = api.run(load_config(None, preset="quick", overrides=overrides), tmp_path / "run")
    assert result.pairs == 2
    assert result.usage.calls > 0
    assert result.usage.prompt_tokens > result.usage.completion_tokens > 0
    with RunReader(tmp_path / "run") as reader:
        assert reader.revision().state == "finished"
        # Such small weights write badly: every pair has a conversation or a reason why not.
        ends = list(reader.items("conversation", iteration=0))
        assert len(ends) == 2
        assert all(end.status == "accepted" or end.reason for end in ends)
        totals = reader.call_totals()
        assert sum(t.prompt_tokens for t in totals) == result.usage.prompt_tokens
        # The server says how much of each prompt its prefix cache spared.
        assert 0 < sum(t.cached_tokens for t in totals) == result.usage.cached_tokens < result.usage.prompt_tokens
        candidates = list(reader.items("candidate"))
        assert candidates
        assert all(c.status == "accepted" or (c.by and c.reason) for c in candidates)
        assert list(reader.failed_calls()) == []
    again = api.run(load_config(None, preset="quick", overrides=overrides), tmp_path / "run")
    assert again.usage.calls == 0
