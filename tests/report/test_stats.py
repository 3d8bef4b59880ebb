from __future__ import annotations

import io

from rich.console import Console

from duologue.report.stats import account, print_table
from duologue.store.reading import Count


def test_counts_are_grouped_and_add_up() -> None:
    accounts = account(
        [
            Count("conversation", 0, "accepted", "iteration 2", 3),
            Count("conversation", 0, "failed", "critic", 1),
            Count("candidate", 1, "accepted", "tournament", 4),
            Count("candidate", 1, "rejected", "tournament", 2),
            Count("candidate", 1, "rejected", "swap", 6),
            Count("candidate", 1, "failed", "generator", 1),
            Count("conversation", 1, "accepted", "tournament", 4),
            Count("seed", 0, "accepted", "", 10),
        ]
    )
    assert [(a.stage, a.iteration) for a in accounts] == [
        ("seed", 0),
        ("candidate", 1),
        ("conversation", 1),
        ("conversation", 0),
    ]
    candidates = accounts[1]
    assert (candidates.total, candidates.accepted, candidates.rejected, candidates.failed) == (13, 4, 8, 1)
    assert candidates.as_json()["rejected_by"] == {"swap": 6, "tournament": 2}
    assert accounts[3].acceptance == 0.75


def test_rejections_and_failures_are_told_apart() -> None:
    out = io.StringIO()
    counts = [Count("candidate", 1, "rejected", "swap", 5), Count("candidate", 1, "failed", "generator", 2)]
    print_table(Console(file=out, width=120), account(counts))
    lines = out.getvalue().splitlines()
    assert "candidates, iteration 1 rejected by: swap 5" in lines
    assert "candidates, iteration 1 failed in: generator 2" in lines


def test_the_table_shows_who_rejected() -> None:
    out = io.StringIO()
    print_table(Console(file=out, width=120), account([Count("candidate", 2, "rejected", "[bold]swap", 5)]))
    assert "candidates, iteration 2" in out.getvalue()
    assert "[bold]swap 5" in out.getvalue()
