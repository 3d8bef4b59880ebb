"""Tests of the reader of the SPC layout."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from duologue.datasets import Dialogue, Problem, Utterance, open_dataset
from duologue.datasets.readers import csv_records
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
    found = read(tmp_path, HEADER + 'A,B\r\nA,B,Hi\r\nA,B,\r\nA,"B"x,User 1: Hi\r\n\r\nA,B,User 1: Hi\r\n')
    assert [item.what if isinstance(item, Problem) else "" for item in found] == [
        "it lacks cells or has too many; the header has 3",
        "the conversation begins without a User 1: or User 2: label",
        "it has no utterance",
        "broken CSV",
        "",
    ]
    assert isinstance(found[-1], Dialogue)
    assert found[-1].provenance.row == 5


def test_each_quote_that_is_never_closed_is_one_bad_row(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "A,B,User 1: Hi\r\n" + 'A,B,"User 1: Hi\r\n' * 3 + "A,B,User 1: Ho\r\n")
    assert [type(item) for item in found] == [Dialogue, Problem, Problem, Problem, Dialogue]
    assert isinstance(found[-1], Dialogue)
    assert found[-1].provenance.row == 5


def test_a_long_cell_is_read_and_the_limit_of_others_stays(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    long = "User 2: " + "o" * 200_000
    found = read(tmp_path, HEADER + f'A,B,"User 1: Hi\n{long}"\r\nA,B,User 1: Ho\r\n')
    assert [type(item) for item in found] == [Dialogue, Dialogue]
    assert isinstance(found[0], Dialogue)
    assert len(found[0].utterances[1].text) == 200_000
    assert csv.field_size_limit() == limit
    (broken, whole) = read(tmp_path, HEADER + 'A,B,"User 1: Hi"x\r\nA,B,User 1: Ho\r\n')
    assert isinstance(broken, Problem)
    assert isinstance(whole, Dialogue)
    assert csv.field_size_limit() == limit


def test_a_cell_longer_than_a_line_that_is_held_costs_its_row_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_records, "MAX_LINE", 150_000)
    line = "User 2: " + "o" * 20_000 + "\n"
    found = read(tmp_path, HEADER + f'A,B,"User 1: Hi\n{line * 10}"\r\nA,B,User 1: Ho\r\n')
    assert [type(item) for item in found] == [Problem, Dialogue]


ROWS = [
    f'"I am {n}, a cook.\nI have {n} ""dogs"".\nI sail.","I am {n + 50}.\nI like, well, tea.",'
    f'"User 1: Hi, I am {n}, you?\nUser 2: ""{n}""? I, too, sail.\n\nUser 1: Oh, see you, bye."\r\n'
    for n in range(6)
]


def others(tmp_path: Path, rows: list[str], bad: set[int]) -> list[Dialogue]:
    """Read the rows and check that each bad one is one problem in its place; returns the others."""
    found = read(tmp_path, HEADER + "".join(rows))
    assert len(found) == len(rows)
    assert {place for place, item in enumerate(found) if isinstance(item, Problem)} == bad
    for row, item in enumerate(found, 1):
        assert (item.row if isinstance(item, Problem) else item.provenance.row) == row
    return [item for item in found if isinstance(item, Dialogue)]


def test_a_row_cut_short_anywhere_costs_itself_only(tmp_path: Path) -> None:
    whole = others(tmp_path, ROWS, set())
    for cut in range(1, len(ROWS[2]) - 3):
        if "User 1" in ROWS[2][:cut] and ROWS[2][:cut].count('"') % 2 == 0:
            # Cut between two quotes, it is a whole row with a shorter conversation.
            continue
        rows = [*ROWS[:2], ROWS[2][:cut].rstrip("\n") + "\n", *ROWS[3:]]
        assert others(tmp_path, rows, {2}) == [*whole[:2], *whole[3:]], ROWS[2][:cut]
    rows = [row[:90] + "\n" if n in (1, 2, 5) else row for n, row in enumerate(ROWS)]
    assert others(tmp_path, rows, {1, 2, 5}) == [whole[0], *whole[3:5]]


def test_quotes_that_are_not_doubled_cost_their_row_only(tmp_path: Path) -> None:
    whole = others(tmp_path, ROWS, set())
    for right, wrong in (("I sail.", 'I "sail".'), ("too, sail.", 'too, "sail", or, "so, so".'), ("Oh,", '"Oh",')):
        rows = [*ROWS[:2], ROWS[2].replace(right, wrong, 1), *ROWS[3:]]
        assert others(tmp_path, rows, {2}) == [*whole[:2], *whole[3:]], wrong


@pytest.mark.parametrize(
    "talk",
    [
        "*User 1:* Hi *you*!\n\n*User 2:* Ho.",
        "* User 1: Hi *you*! *\n* User 2: Ho. *",
        "**User 1:** Hi *you*!\n- **User 2**: Ho.",
        "***\n[User 1]: Hi *you*!\n* * *\n(user 2): Ho.",
        "__User 1: Hi *you*!__\nUser2: Ho.",
        "User 1 : Hi *you*!\n> User_2: Ho.\n---",
    ],
)
def test_marks_of_speakers_in_other_forms_are_read_and_told(tmp_path: Path, talk: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEADER + f'A,B,"{talk}"\nA,B,"User 1: Hi.\nUser 2: Ho."\n', encoding="utf-8")
    data = open_dataset(path)
    marked, plain = data
    assert marked.utterances == (Utterance(1, "Hi *you*!"), Utterance(2, "Ho."))
    assert marked.irregular
    assert not plain.irregular
    assert sum(data.problems.irregular.values()) == 1
    (line,) = data.problems.irregular_lines()
    assert line.startswith("1 row out of form, read all the same: a ")
    assert line.endswith("(row 1)")
    assert not data.problems.total


def test_what_only_looks_like_a_mark_stays_text(tmp_path: Path) -> None:
    talk = "User 1: Hi\n(User 1 waves to User 2.)\nUser 2: I asked User 1: why?\n- a list\n..."
    (found,) = read(tmp_path, HEADER + f'A,B,"{talk}"\n')
    assert isinstance(found, Dialogue)
    texts = [u.text for u in found.utterances]
    assert texts == ["Hi\n(User 1 waves to User 2.)", "I asked User 1: why?\n- a list\n..."]
    assert found.irregular == "a line without a label"


def test_another_header(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its first line lacks the columns user 1 personas, user 2 personas, Best"):
        read(tmp_path, "a,b,c\n")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user 1 personas,Best Generated Conversation\nA,User 1: Hi\n", encoding="utf-8")
    with pytest.raises(UsageError, match="its first line lacks the column user 2 personas"):
        list(open_dataset(path))


def test_the_released_file() -> None:
    if not RELEASED.is_file():
        pytest.skip("the released validation split of Synthetic-Persona-Chat is not here")
    data = open_dataset(RELEASED)
    assert data.format == "spc"
    with RELEASED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    found = {d.provenance.row: d for d in data}
    assert len(found) + data.problems.total == len(rows) == 1000
    assert len(found) == 999
    for number, row in enumerate(rows, 1):
        if number in found and found[number].irregular != "a label in another form":
            labels = [line for line in row[2].split("\n") if line.startswith(("User 1: ", "User 2: "))]
            assert len(found[number].utterances) == len(labels)
            assert list(found[number].user_1) == [line.strip() for line in row[0].split("\n") if line.strip()]
