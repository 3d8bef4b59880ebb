"""Tests of the JSON lines reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.datasets import Dialogue, Problem
from duologue.datasets.readers import text
from duologue.datasets.readers.jsonl import JsonlReader

GOOD = b'{"user_1": ["I a."], "user_2": ["I b."], "utterances": ["Hi."]}'


def read(tmp_path: Path, content: bytes) -> list[Dialogue | Problem]:
    file = tmp_path / "x"
    file.write_bytes(content)
    return list(JsonlReader().read(str(file)))


def test_line_ends_marks_and_blanks(tmp_path: Path) -> None:
    found = read(tmp_path, b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n" + GOOD)
    assert [d.provenance.row for d in found if isinstance(d, Dialogue)] == [1, 2]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    _, problem = read(tmp_path, GOOD + b'\n{"id": "\xff\xfe"}\n')
    assert isinstance(problem, Problem)
    assert problem.what == "not JSON"


def test_a_long_line_is_passed_over_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_LINE", 100)
    found = read(tmp_path, b'{"x": "' + b"y" * 1000 + b'"}\n' + GOOD + b"\n" + b"z" * 500)
    assert [type(item) for item in found] == [Problem, Dialogue, Problem]
    assert all("a line of more than" in item.what for item in found if isinstance(item, Problem))
