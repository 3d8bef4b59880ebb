"""Tests of cells that a spreadsheet would compute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.spreadsheets import defused, undone


@pytest.mark.parametrize("cell", ["=1+1", "+A1", "-2", "@SUM(A1)", "\t=cmd|' /C calc'!A0", "\r\n=1", " =1", "\uff1d1"])
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert defused(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "I like tea.", "1=1", "'tis me", "User 1: =1", "a-b"])
def test_other_cells_stay(cell: str) -> None:
    assert defused(cell) == undone(cell) == cell


@given(st.text(alphabet="'=+-@\uff1d \t\nab", max_size=8) | st.text(max_size=8))
def test_it_can_be_taken_back_whatever_the_cell(cell: str) -> None:
    assert undone(defused(cell)) == cell
    assert not defused(cell).lstrip().startswith(("=", "+", "-", "@"))
