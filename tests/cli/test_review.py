"""Tests of the command ``duologue review``: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from duologue.cli.app import app
from duologue.errors import UsageError


def _start(*arguments: str) -> tuple[subprocess.Popen[str], list[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "duologue", "review", *arguments, "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return process, lines
    raise AssertionError((lines, process.stderr.read() if process.stderr else ""))


def test_it_serves_and_ends_in_order(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 3)
    process, lines = _start(str(run))
    address = re.search(r"http://\S+", lines[0])
    assert address
    assert httpx.get(address.group(0)).status_code == 200
    # A second one on the same file is refused in one line.
    second = subprocess.run(
        [sys.executable, "-m", "duologue", "review", str(run), "--no-browser"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "in use by process" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "review.sqlite" in out
    assert err == ""


def test_an_evaluation_prints_links_and_needs_the_token(make_run: Callable[..., Path], tmp_path: Path) -> None:
    one, other = make_run(tmp_path / "one", 6), make_run(tmp_path / "other", 6, said="Well, ")
    token = tmp_path / "token"
    arguments = (
        str(one),
        "--against",
        str(other),
        "--annotators",
        "ann, bo",
        "--items",
        "2",
        "--token-file",
        str(token),
    )
    links = []
    for _ in range(2):
        process, lines = _start(*arguments)
        owner = re.search(r"http://\S+/enter\?token=(\S+)", lines[0])
        assert owner
        assert owner.group(1) == token.read_text().strip()
        links.append([re.sub(r".*(/a/\S+)", r"\1", line) for line in lines if "annotator" in line])
        base = owner.group(0).partition("/enter")[0]
        assert httpx.get(f"{base}/list").status_code == 401
        assert httpx.get(base + links[-1][0]).status_code == 200
        assert httpx.get(owner.group(0), follow_redirects=True).status_code == 200
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    # Links last.
    assert links[0] == links[1]
    assert token.stat().st_mode & 0o077 == 0
    done = CliRunner().invoke(app, ["review", str(one), "--results", str(tmp_path / "r.json")])
    assert done.exit_code == 0
    assert "0 answers written" in done.output
    again = CliRunner().invoke(app, ["review", str(one), "--results", str(tmp_path / "r.json")])
    assert str(again.exception) == f"{tmp_path / 'r.json'} exists already; name another file"
    token.chmod(0o644)
    refused = CliRunner().invoke(app, ["review", *arguments, "--no-browser"])
    assert "others can read it" in str(refused.exception)


def test_links_for_other_machines_name_this_one(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 3)
    process, lines = _start(str(run), "--host", "0.0.0.0", "--annotators", "ann", "--items", "4")
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    shown = [address for line in lines for address in re.findall(r"http://[^/:]+", line)]
    assert set(shown) == {f"http://{socket.gethostname()}"}
    assert len(shown) == 2
    assert "Note: quality: 2 tasks in place of 4, for there are no more conversations" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none",), "no such file"),
        (("RUN", "--against", "RUN"), "needs --annotators"),
        (("RUN", "--annotators", "a,b", "--tasks", "judging"), "no task 'judging'"),
        (("RUN", "--annotators", "a,b", "--tasks", "detection"), "needs a second data set"),
        (("RUN", "--annotators", "a,b", "--per-item", "3"), "there are 2 annotators"),
        (("RUN", "--annotators", "a,a"), "name of their own"),
        (("RUN", "--results", "r.json"), "nothing was evaluated"),
        (("hf:org/name",), "hf:org/name: a review is of data on this machine; save the data set as Parquet"),
        (("RUN", "--host", "203.0.113.7"), "can't listen"),
        (("RUN", "--host", ""), "--host: is empty"),
    ],
)
def test_what_can_not_be_is_one_line(
    arguments: tuple[str, ...], message: str, make_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", 3)
    done = CliRunner().invoke(app, ["review", *[str(run) if a == "RUN" else a for a in arguments], "--no-browser"])
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)
