"""``duologue calls``: the log of a run in figures, with hostile texts in it."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import duologue.api as api
from duologue.backends.protocol import Answer, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.cli.app import app
from duologue.config.load import load_config
from duologue.config.sections import Config
from duologue.errors import CallError, StoreError
from duologue.store.reading import RunReader

SEEDS = Path(__file__).parent / "seeds.txt"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31m\u202efdp.exe\x9b5m\r[bold red]__import__('os').system('true')[/]"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Hostile(ScriptedBackend):
    """Slow and hostile now and then, with a prefix cache of ten tokens; one call in nine fails for good."""

    async def answer(self, request: Request) -> Answer:
        answer = await super().answer(request)
        if request.purpose != "generator.turn":
            return answer
        if self.calls % 9 == 0:
            raise CallError("give_up", f"can't answer {HOSTILE}")
        text = HOSTILE if self.calls % 5 == 0 else answer.text
        return Answer(text, answer.finish, answer.prompt_tokens, answer.completion_tokens, 10)


def config(**more: Any) -> Config:
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    fixed = {"model.backend": "scripted", "model.name": "scripted", "seeds.path": str(SEEDS), "pairing.pairs": 4}
    prices = {"budget.prompt_price": 3.0, "budget.completion_price": 15.0}
    return load_config(None, preset="quick", overrides={**small, **fixed, **prices, **more})


def duologue(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "duologue", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "140"},
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, api.RunResult]:
    """A run, and then a second pass over it with more pairs."""
    out = tmp_path_factory.mktemp("calls") / "run"
    api.run(config(), out, backend=Hostile())
    return out, api.run(config(**{"pairing.pairs": 6}), out, backend=Hostile())


def test_counts_reuse_tokens_money_and_time_by_purpose(finished: tuple[Path, api.RunResult]) -> None:
    out, result = finished
    data = json.loads(duologue("calls", out, "--json", "--slowest", "3", "--failed", "2").stdout)
    exported = out.parent / "log.jsonl"
    assert f"calls written to {exported}" in duologue("calls", out, "--export", exported).stdout.replace("\n", "")
    log = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()]
    for row in data["purposes"]:
        own = [call for call in log if call["purpose"] == row["purpose"]]
        assert row["calls"] == len(own) > 0
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "attempts"):
            assert row[name] == sum(call[name] for call in own)
        assert row["cost"] == pytest.approx((3 * row["prompt_tokens"] + 15 * row["completion_tokens"]) / 1e6, abs=1e-5)
    assert sum(row["reused"] for row in data["purposes"]) == result.usage.reused > 0
    turns = next(row for row in data["purposes"] if row["purpose"] == "generator.turn")
    assert turns["cached_tokens"] == 10 * turns["calls"]
    slowest = sorted((call["seconds"] for call in log), reverse=True)[:3]
    assert [call["seconds"] for call in data["slowest"]] == [pytest.approx(s, abs=1e-3) for s in slowest]
    assert data["failed"] > 2 == len(data["failures"])
    assert all(f["kind"] == "give_up" and "can't answer" in f["message"] for f in data["failures"])
    again = duologue("calls", out, "--export", exported)
    assert again.returncode == 2
    assert again.stderr == f"duologue: {exported} exists already; name another file\n"


def test_an_export_that_fails_leaves_nothing_and_can_be_made_again(
    finished: tuple[Path, api.RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "not there yet" / "log.jsonl"
    command = ["calls", str(finished[0]), "--export", str(to)]
    calls = RunReader.calls

    def damaged(self: RunReader) -> Iterator[dict[str, Any]]:
        yield from itertools.islice(calls(self), 3)
        raise StoreError("a logged call's text is missing")

    with monkeypatch.context() as patch:
        patch.setattr(RunReader, "calls", damaged)
        assert isinstance(CliRunner().invoke(app, command).exception, StoreError)
    assert list(to.parent.iterdir()) == []
    assert CliRunner().invoke(app, command).exit_code == 0
    assert len(to.read_bytes().splitlines()) > 3


def test_what_is_exported_is_the_request_and_the_answer_as_they_were(finished: tuple[Path, api.RunResult]) -> None:
    out, _ = finished
    exported = out.parent / "whole.jsonl"
    duologue("calls", out, "--export", exported)
    log = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()]
    call = next(c for c in log if c["purpose"] == "generator.turn" and c["answer"]["text"] == HOSTILE)
    assert call["request"]["messages"][0]["role"] == "system"
    assert len(call["key"]) == 64
    assert call["request"]["sampling"]["temperature"] > 0


@pytest.mark.parametrize("command", [["calls", "--slowest", "300", "--failed", "300"], ["items"], ["show"], ["stats"]])
def test_control_characters_are_not_printed_raw(finished: tuple[Path, api.RunResult], command: list[str]) -> None:
    done = duologue(command[0], finished[0], *command[1:])
    assert done.returncode == 0, done.stderr
    if command[0] == "calls":
        assert "\\x1b]0;owned" in done.stdout
        assert "[bold red]" in done.stdout
    assert not RAW.search(done.stdout + done.stderr)


def test_the_estimate_is_printed_stage_by_stage_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("budget: {prompt_price: 3, completion_price: 15}\ncritic: {quality: [depth-llm]}\n")
    command: list[str | Path] = [
        "run",
        path,
        "--preset",
        "quick",
        "--model",
        "scripted",
        "--seeds",
        SEEDS,
        "--pairs",
        "4",
    ]
    done = duologue(*command, "--out", tmp_path / "run", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "run").exists()
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert rows[1] == ["stage", "calls", "prompt", "answer", "money", "time"]
    by_stage = {
        row[0]: row for row in rows if row[0] in {"users", "conversations", "tournament", "all"} and len(row) > 5
    }
    calls = {name: int(row[1].replace(",", "")) for name, row in by_stage.items()}
    assert calls.pop("all") == sum(calls.values()) > 100
    assert {row[0] for row in rows} >= {"generator.turn", "judge.depth", "expansion.query"}
    money = {name: float(row[4]) for name, row in by_stage.items()}
    assert money.pop("all") == pytest.approx(sum(money.values()), abs=0.03)
