"""Tests of the SPC CSV reader."""

from __future__ import annotations

import pytest

from duologue.errors import SeedError
from duologue.seeds.spc import HEADER, read_spc

HEAD = ",".join(HEADER) + "\r\n"


def test_two_profiles_a_row() -> None:
    text = HEAD + '"I a.\nI ""b"", c.","I d.","User 1: Hi!\nUser 2: Hi!"\r\n\r\nI e.,I f.,x\r\n'
    assert list(read_spc(text, "x")) == [["I a.", 'I "b", c.'], ["I d."], ["I e."], ["I f."]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = end.join([",".join(HEADER), '"I a.', 'I b.","I c.",x', "I d.,I e.,y"])
    assert [[a.strip() for a in p] for p in read_spc(text, "x")] == [["I a.", "I b."], ["I c."], ["I d."], ["I e."]]


def test_columns_go_by_name() -> None:
    text = "id,User 2 Personas,user 1  personas\n1,I b.,I a.\n"
    assert list(read_spc(text, "x")) == [["I a."], ["I b."]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", 'lacks the columns "user 1 personas" and "user 2 personas"'),
        ("user 1 personas,other\n1,2\n", 'lacks the column "user 2 personas"'),
        (HEAD + "I a.,I b.,x\r\nI c.,I d.\r\n", "row 2 (ends on line 3) has 2 of the header's 3 cells"),
        (HEAD + "I a.,I b.,x,y\r\n", "row 1 (ends on line 2) has 4 of the header's 3 cells"),
        (HEAD + '"I a.\nI b.","\n",x\r\n', 'row 1 (ends on line 4) has an empty "user 2 personas"'),
        (HEAD + 'I a.,I b.,"x\r\n', "broken CSV"),
        (HEAD + 'I a.,I b.,"x"y\r\n', "line 2: broken CSV"),
        (HEAD + 'I a.,I b.,"' + "x\n" * 70_000 + '"', "broken CSV"),
    ],
)
def test_bad_tables(text: str, said: str) -> None:
    with pytest.raises(SeedError) as caught:
        list(read_spc(text, "seeds.csv"))
    assert said in str(caught.value)
    assert str(caught.value).startswith("seeds.csv: ")
