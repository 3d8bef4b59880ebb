"""Tests of the SPC layout."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.config.sections import SeedsConfig
from duologue.datasets import open_dataset
from duologue.export.spc import SpcFormat
from duologue.records import Conversation
from duologue.seeds import read_seeds
from duologue.spreadsheets import undone


def one_line(text: str) -> str:
    return text.replace("\r\n", " ").replace("\n", " ")


def test_exact_bytes(make: Callable[..., Conversation], tmp_path: Path) -> None:
    to = tmp_path / "out.csv"
    rows = [
        make(("I like tea, hot.", 'I say "hm".'), ("I run.",), ("Tea?", "No.\nUser 1: x")),
        make(("A",), ("B",), ("C",)),
    ]
    assert SpcFormat().write(rows, to) == 2
    assert to.read_bytes() == (
        b"user 1 personas,user 2 personas,Best Generated Conversation\r\n"
        b'"I like tea, hot.\nI say ""hm"".",I run.,"User 1: Tea?\nUser 2: No. User 1: x"\r\n'
        b"A,B,User 1: C\r\n"
    )


@settings(deadline=None)
@given(st.data())
def test_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    any_conversations: st.SearchStrategy[list[Conversation]],
    data: st.DataObject,
) -> None:
    rows = data.draw(any_conversations)
    to = tmp_path_factory.mktemp("spc") / "out.csv"
    exact = data.draw(st.booleans())
    assert SpcFormat(exact=exact).write(rows, to) == len(rows)
    with to.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file, strict=True))[1:]
    if not exact:
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in cells for cell in row)
        cells = [[undone(cell) for cell in row] for row in cells]
    wanted = []
    for row in rows:
        pair, said = row.candidate.pair, row.candidate.utterances
        wanted.append(
            [
                "\n".join(one_line(a.text) for a in pair.user_1.attributes),
                "\n".join(one_line(a.text) for a in pair.user_2.attributes),
                "\n".join(f"User {i % 2 + 1}: {one_line(u)}" for i, u in enumerate(said)),
            ]
        )
    assert cells == wanted


def test_our_seed_reader_reads_it(make: Callable[..., Conversation], tmp_path: Path) -> None:
    to = tmp_path / "out.csv"
    users = ('I say "a, b".', "I like\u2028tea.", "User 2: is me."), ("I a\rb.", "I {x}.")
    SpcFormat().write([make(*users, ("Hi", "Ho"))], to)
    seeds = read_seeds(SeedsConfig(path=str(to)))
    assert seeds.format == "csv"
    assert seeds.profiles == (('I say "a, b".', "I like tea.", "User 2: is me."), ("I a b.", "I {x}."))


def test_formulas_are_defused_and_read_back(make: Callable[..., Conversation], tmp_path: Path) -> None:
    users = ("=1+1", "I sing."), ("'@SUM(A1)", "I run.")
    to = tmp_path / "out.csv"
    SpcFormat().write([make(*users, ("=Hi", "Ho"))], to)
    assert to.read_bytes().split(b"\r\n")[1] == b'"\'=1+1\nI sing.","\'\'@SUM(A1)\nI run.","User 1: =Hi\nUser 2: Ho"'
    assert read_seeds(SeedsConfig(path=str(to))).profiles == users
    (dialogue,) = open_dataset(to)
    assert (dialogue.user_1, dialogue.user_2) == users
    exact = tmp_path / "exact.csv"
    SpcFormat(exact=True).write([make(*users, ("Hi", "Ho"))], exact)
    assert exact.read_bytes().split(b"\r\n")[1].startswith(b'"=1+1\n')
