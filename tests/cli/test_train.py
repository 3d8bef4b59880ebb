"""``duologue train`` as a user calls it, as far as it goes without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest


def train(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duologue", "train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "run", 10)


def test_data_only(run: Path, tmp_path: Path) -> None:
    done = train(run, "--data-only", "--to", tmp_path / "set")
    assert done.returncode == 0, done.stderr
    assert "rows to learn from: turns 12; held out: turns 4" in done.stdout
    assert "left out: 2 conversations of the split test" in done.stdout
    again = train(tmp_path / "set", "--data-only", "--to", tmp_path / "copy")
    assert again.returncode == 0, again.stderr
    for name in ("train.jsonl", "hosted_train.jsonl"):
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / "set" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--what", "rl"), "--what: 'rl' is not one of sft, dpo"),
        (("--tasks", "talk"), "--tasks: there is no task 'talk'"),
        (("--rank", "0"), "'--rank'"),
        (("--what", "dpo", "--tasks", "turns,query"), "--tasks: query: steps of persona expansion have no losers"),
        (("--epochs", "0"), "training.epochs: input should be greater than 0"),
        (("--alpha", "0"), "training.alpha: input should be greater than 0"),
        (("--beta", "0"), "training.beta: input should be greater than 0"),
        (("--patience", "0"), "'--patience'"),
        (("--learning-rate", "7"), "training.learning_rate: input should be less than or equal to 1"),
    ],
)
def test_bad_input_is_one_line(run: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = train(run, "--to", tmp_path / "a", *arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert not (tmp_path / "a").exists()


def test_force_never_takes_the_run_away(run: Path) -> None:
    done = train(run, "--data-only", "--to", run, "--force")
    assert done.returncode == 2
    assert "holds what is read" in done.stderr
    assert (run / "run.sqlite").is_file()


@pytest.mark.skipif(find_spec("trl") is not None, reason="the extra train is installed")
def test_without_the_extra_the_message_names_it(run: Path, tmp_path: Path) -> None:
    done = train(run, "--to", tmp_path / "a")
    assert done.returncode == 1
    assert "pip install 'duologue[train]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
