"""Tests of telling formats apart."""

from __future__ import annotations

import pytest

from duologue.seeds.detect import detect


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.jsonl", "I a.", "jsonl"),
        ("a.CSV", "I a.", "csv"),
        ("a.txt", '\n{"persona": ["I a."]}', "jsonl"),
        ("a.txt", '{ "persona": ["I a."] }', "jsonl"),
        ("a.txt", '\n{\t"persona": ["I a."]}', "jsonl"),
        ("a.txt", "{ name } is my hero.", "text"),
        ("a", "user 1 personas,user 2 personas\n", "csv"),
        ("a.txt", "1 your persona: i a .\n2 hi", "personachat"),
        ("a.txt", "I a.\nI b.", "text"),
        ("a.txt", "{name} is my hero.", "text"),
        ("a.txt", "", "text"),
        ("a.txt", "I like the words your persona: x", "text"),
    ],
)
def test_detect(name: str, text: str, found: str) -> None:
    assert detect(name, text) == found
