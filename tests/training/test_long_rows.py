"""What is said of rows that are too long; the module that trains can be imported without torch."""

from __future__ import annotations

from duologue.training.fit import left_out_lines


def test_held_out_rows_that_are_too_long_are_said() -> None:
    assert left_out_lines(0, 0, 5, 100) == []
    assert left_out_lines(2, 0, 5, 100) == ["2 row(s) of more than 100 tokens were left out"]
    (line,) = left_out_lines(0, 3, 2, 100)
    assert line == "3 held-out row(s) of more than 100 tokens were left out; see training.max_tokens"
    assert "nothing tells when training should stop" in left_out_lines(0, 3, 0, 100)[0]
