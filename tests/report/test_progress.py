from __future__ import annotations

import io

from rich.console import Console

from duologue.records import Outcome
from duologue.report.progress import Live, Plain, Silent


def feed(listener: Plain | Live | Silent) -> None:
    listener.begin("conversation", 2, 1)
    listener.outcome(Outcome("candidate", "k-1", "rejected", "swap", "", 1))
    listener.outcome(Outcome("candidate", "k-2", "rejected", "tournament", "", 1))
    listener.outcome(Outcome("conversation", "p-1", "accepted", "", "", 1))
    listener.outcome(Outcome("conversation", "p-2", "failed", "", "", 1))
    listener.close()


def test_plain_lines_say_start_and_end() -> None:
    out = io.StringIO()
    feed(Plain(out, lambda: "40 tokens/s"))
    assert out.getvalue().splitlines() == [
        "conversations, iteration 1: started, 2 to do",
        "conversations, iteration 1: 2 of 2, 1 of 2 candidates passed, 40 tokens/s",
    ]


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        raise BrokenPipeError(32, "Broken pipe")


def test_a_reader_that_left_does_not_end_the_run() -> None:
    out = Closed()
    feed(Plain(out, lambda: ""))
    assert out.writes == 1


def test_live_bars_draw_on_a_terminal() -> None:
    out = io.StringIO()
    feed(Live(Console(file=out, force_terminal=True, width=120), lambda: ""))
    assert "conversations, iteration 1" in out.getvalue()


def test_silent_says_nothing(capsys: object) -> None:
    feed(Silent())
    assert capsys.readouterr().out == ""  # type: ignore[attr-defined]
