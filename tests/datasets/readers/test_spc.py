"""Tests of the reader of the SPC layout."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from duologue.datasets import Dialogue, Problem, Utterance, open_dataset
from duologue.datasets.readers.spc import SpcReader
from duologue.errors import UsageError

HEADER = "user 1 personas,user 2 personas,Best Generated Conversation\r\n"
RELEASED = Path(__file__).parents[4] / "shared" / "data" / "spc_valid.csv"


def read(tmp_path: Path, content: str) -> list[Dialogue | Problem]:
    file = tmp_path / "x.csv"
    file.write_text(content, encoding="utf-8", newline="")
    return list(SpcReader().read(str(file)))


def test_rows_with_quotes_and_line_breaks(tmp_path: Path) -> None:
    (found,) = read(tmp_path, HEADER + '"I a, b.\nI ""c"".",I d.,"User 1: Hi, you.\n\nUser 2: Ho.\nMore."\r\n')
    assert isinstance(found, Dialogue)
    assert (found.user_1, found.user_2) == (("I a, b.", 'I "c".'), ("I d.",))
    assert found.utterances == (Utterance(1, "Hi, you."), Utterance(2, "Ho.\nMore."))


def test_other_columns_and_order(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "n,Best Generated Conversation,User 2 Personas,user 1 personas\n1,User 1: Hi,B,A\n")
    assert isinstance(found, Dialogue)
    assert (found.user_1, found.user_2) == (("A",), ("B",))


def test_bad_rows(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + 'A,B\r\nA,B,Hi\r\nA,"B"x,User 1: Hi\r\nA,B,\r\n\r\nA,B,User 1: Hi\r\n')
    assert [item.what if isinstance(item, Problem) else "" for item in found] == [
        "it lacks cells or has too many; the header has 3",
        "the conversation begins without a User 1: or User 2: label",
        "broken CSV",
        "it has no utterance",
        "",
    ]
    assert isinstance(found[-1], Dialogue)
    assert found[-1].provenance.row == 5


def test_a_quote_that_is_never_closed_is_one_bad_row(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "A,B,User 1: Hi\r\n" + 'A,B,"User 1: Hi\r\n' * 3)
    assert [type(item) for item in found] == [Dialogue, *[Problem] * (len(found) - 1)]
    assert len(found) > 1


def test_another_header(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its first line is not the header"):
        read(tmp_path, "a,b,c\n")


def test_the_released_file() -> None:
    if not RELEASED.is_file():
        pytest.skip("the released validation split of Synthetic-Persona-Chat is not here")
    data = open_dataset(RELEASED)
    assert data.format == "spc"
    with RELEASED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    found = {d.provenance.row: d for d in data}
    assert len(found) + data.problems.total == len(rows) == 1000
    assert len(found) > 990
    for number, row in enumerate(rows, 1):
        if number in found:
            labels = [line for line in row[2].split("\n") if line.startswith(("User 1: ", "User 2: "))]
            assert len(found[number].utterances) == len(labels)
            assert list(found[number].user_1) == [line.strip() for line in row[0].split("\n") if line.strip()]
