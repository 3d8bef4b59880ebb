"""bench/peers: a client that fails, hangs or loses rows is named; medians come from the others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.engine import Mock
from bench.peers.clients import CASES, CLIENTS, Case, Client
from bench.peers.harness import PREFIX
from bench.peers.measure import measure
from bench.peers.report import table

SMALL = Case("small", 6, 2, 3, 0.001)


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    found = Mock(0.001)
    yield found
    found.process.terminate()
    found.process.wait()


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in for a peer's python: a shell script."""
    monkeypatch.setitem(CASES, "turns", SMALL)

    def make(script: str) -> str:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


def result(answered: int) -> str:
    return f"""echo '{PREFIX}{{"answered": {answered}, "seconds": 2, "cpu_before": 0, "begun": 0, "version": "1", "python": "3"}}'"""


def test_both_of_ours_answer_every_call(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CASES, "turns", SMALL)
    for client in CLIENTS[:2]:
        found = measure(mock, client, "turns", "", 60, None)
        assert (found["status"], found["message"]) == ("ok", "")
        assert found["answered"] == found["served"] == found["calls"] == 12
        assert 1 <= found["peak"] <= 3
        assert found["server_rate"] > 0
        assert found["cpu_per_1000"] > 0


@pytest.mark.parametrize(
    ("script", "status", "message"),
    [
        ("echo no key >&2; exit 3", "failed", "exit code 3: no key"),
        ("echo done", "failed", "exit code 0: done"),
        ("echo waiting; sleep 30 & wait", "hung", "no end after 0.5 s, 0 calls served: waiting"),
        (result(11), "short", "11 of 12 answers came back"),
    ],
)
def test_what_goes_wrong_is_named(mock: Mock, scripted: Any, script: str, status: str, message: str) -> None:
    client = Client("peer", "client_peer", "peer")
    found = measure(mock, client, "turns", scripted(script), 0.5 if status == "hung" else 30, None)
    assert (found["status"], found["message"]) == (status, message)


def test_control_characters_of_a_peer_stay_out_of_the_record(mock: Mock, scripted: Any) -> None:
    client = Client("peer", "client_peer", "peer")
    found = measure(mock, client, "turns", scripted("printf 'a\\033[31mb'; exit 1"), 30, None)
    assert found["message"] == "exit code 1: a [31mb"


def record(client: str, rate: float, status: str = "ok", message: str = "") -> dict[str, Any]:
    return {
        "case": "single", "client": client, "calls": 5000, "served": 5000, "peak": 64, "server_rate": rate,
        "status": status, "message": message, "rate": rate / 2, "cpu_per_1000": 1.5, "memory": 40.0, "start": 0.5,
        "version": "9.9",
    }  # fmt: skip


def test_table_takes_medians_of_good_runs_and_keeps_the_others_as_notes() -> None:
    records = [record("bare aiohttp", r) for r in (900.0, 1000.0, 5000.0)]
    records += [record("duologue, durable log on", r) for r in (910.0, 950.0, 990.0)]
    records += [record("datatrove", 700.0), record("datatrove", 1.0, "hung", "no end"), record("datatrove", 500.0)]
    records += [record("curator", 1.0, "failed", "a|b")] * 3
    lines = table(records).splitlines()
    assert "| bare aiohttp | 9.9 | 1000 | 1.00 | 500 | 1.00 | 1.50 | 40 | 0.5 | 64 |" in lines
    assert "| duologue, durable log on | 9.9 | 950 | 0.95 | 475 | 0.95 | 1.50 | 40 | 0.5 | 64 |" in lines
    assert "| datatrove | 9.9 | 600 | 0.60 | 300 | 0.60 | 1.50 | 40 | 0.5 | 64 |" in lines
    assert "- datatrove: hung: no end (1 of 3 runs)" in lines
    assert "| curator | | failed | | | | | | | |" in lines
    assert "- curator: failed: a/b (3 of 3 runs)" in lines
    assert "| distilabel | | not run | | | | | | | |" in lines
    assert not any("MultiTurnAgents" in line for line in lines)


def test_table_says_which_client_had_fewer_calls_and_which_were_charged_for_more() -> None:
    name = "curator, MultiTurnAgents"
    found = {**record(name, 20.0), "case": "turns", "calls": 200, "served": 240}
    line = f"- {name}: 200 calls only, as it is too slow for all; calls served beyond those asked for: 40"
    assert line in table([found]).splitlines()
