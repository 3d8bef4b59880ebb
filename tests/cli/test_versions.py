"""``duologue extend``, ``diff`` and ``versions`` as other tools use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def duologue(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duologue", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "COLUMNS": "120"}, check=False
    )


def test_diff_and_versions(make_run: Callable[..., Path], tmp_path: Path) -> None:
    one, two = make_run(tmp_path / "one", 3), make_run(tmp_path / "two", 5)
    shown = duologue("diff", one, two)
    assert shown.returncode == 0, shown.stderr
    assert "conversations" in shown.stdout
    found = json.loads(duologue("diff", one, f"{two}@1", "--json").stdout)
    assert found["version"] == 1
    assert {c["what"]: (c["added"], c["kept"]) for c in found["changes"]}["conversation"] == (2, 3)
    listed = duologue("versions", two)
    assert listed.stdout.startswith("1: finished, ")
    assert "5 conversations" in listed.stdout


def test_wrong_words_are_one_line(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 2)
    for arguments, said in (
        (("extend", run, "--seeds", run / "no.txt"), "there is no such file"),
        (("extend", run, "--seeds", "x", "--meet", "all"), "--meet: 'all' is not one of new, any"),
        (("diff", run, f"{run}@9"), "it has no revision 9"),
    ):
        done = duologue(*arguments)
        assert done.returncode != 0
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
