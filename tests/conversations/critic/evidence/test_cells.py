"""What an utterance says of an attribute, as features; and what inference is asked."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.conversations.critic.evidence.cells import FLOOR, Cell, Inference, cells, log_odds
from duologue.conversations.critic.evidence.readings import readings
from duologue.records import Attribute

VET = "I am a vet for horses."


def _cell(bench: Any, said: str, attribute: str = VET) -> Cell:
    (cell,) = cells([(2, Attribute.of(attribute))], readings(("Hello.", said), 1), bench.embedder, Inference(bench.nli))
    return cell


def test_log_odds_are_cut_and_undone() -> None:
    assert log_odds(0.0) == FLOOR
    assert log_odds(1.0) == -FLOOR
    assert log_odds(0.5) == pytest.approx(0.0)


def test_a_contradiction_in_one_clause_is_found(bench: Any) -> None:
    bench.nli.contradicts("I am no vet.", VET)
    cell = _cell(bench, "I can't stand horses, and I am no vet.")
    assert cell.features["contradicts"] == -FLOOR
    assert cell.denied == "I am no vet."


def test_both_directions_are_asked_only_where_the_first_says_something(bench: Any) -> None:
    said = "I treat horses as a vet."
    _cell(bench, said)
    assert bench.nli.asked == [(said, VET)]
    bench.nli.table[said, VET] = (0.0, 0.1, 0.9)
    assert _cell(bench, said).features["contradicts"] < 0
    assert bench.nli.asked[-1] == (VET, said)


def test_what_has_nothing_in_common_is_no_cell(bench: Any) -> None:
    found = cells([(2, Attribute.of(VET))], readings(("Hi.", "Rain again."), 1), bench.embedder, Inference(bench.nli))
    assert found == []
    assert bench.nli.asked == []
