"""Tests of the rank of a user's own profile where there are few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duologue.evaluation.metrics.likeness import PersonaRank
from duologue.evaluation.view import View


def test_few_different_profiles_have_no_rank(
    make_view: Callable[..., View], clean_rows: Callable[..., list[Any]]
) -> None:
    rows = clean_rows(60)
    found = {}
    for different in (1, 19, 20, 60):
        views = [
            make_view(*row["utterances"], one=rows[n % different]["user_1"], id_=str(n)) for n, row in enumerate(rows)
        ]
        found[different] = PersonaRank(1).figure(views)
    assert found[1] is None
    assert found[19] is None
    # A third have their own profile; the others' ranks are by chance, whose mean of 1 / rank is 0.18.
    assert found[20] is not None
    assert 0.35 < found[20] < 0.55
    assert found[60] is not None
    assert found[60] > 0.9
