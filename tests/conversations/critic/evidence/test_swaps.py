"""What tells an attribute taken over from talk about it."""

from __future__ import annotations

from typing import Any

from duologue.conversations.critic.evidence.cells import Inference, cells
from duologue.conversations.critic.evidence.readings import readings
from duologue.conversations.critic.evidence.swaps import FEATURES, swap_features
from duologue.records import Attribute, Speaker

VET, CELLO = Attribute.of("I am a vet for horses."), Attribute.of("I play the cello.")
HELD: list[tuple[Speaker, Attribute]] = [(1, CELLO), (2, VET)]


def _rows(bench: Any, utterances: tuple[str, ...], support: float = 0.1) -> list[Any]:
    said = [r for i in range(len(utterances)) for r in readings(utterances, i)]
    found = cells(HELD, said, bench.embedder, Inference(bench.nli))
    rows = swap_features(found, [support] * len(found), HELD, bench.embedder)
    return [(cell, features) for cell, features in rows if cell.attribute == VET]


def test_only_claims_of_the_partner_are_looked_at(bench: Any) -> None:
    rows = _rows(bench, ("I am a vet for horses.", "I am a vet for horses."))
    assert [(cell.owner, cell.speaker, cell.utterance) for cell, _ in rows] == [(2, 1, 0)]
    assert set(FEATURES) <= set(rows[0][1])


def test_what_the_owner_said_before_is_told(bench: Any) -> None:
    early = _rows(bench, ("I am a vet for horses.", "I treat horses, a vet."), 0.7)
    late = _rows(bench, ("Hi.", "I am a vet for horses.", "I am a vet for horses too."), 0.7)
    assert early[0][1]["told"] == 0.0
    assert late[0][1]["told"] == 0.7
    assert late[0][1]["agrees"] == 1.0


def test_an_own_attribute_that_says_the_same_is_ground(bench: Any) -> None:
    both: list[tuple[Speaker, Attribute]] = [(1, Attribute.of("I am a vet for old horses.")), (2, VET)]
    found = cells(both, readings(("I am a vet for horses.",), 0), bench.embedder, Inference(bench.nli))
    ((_, features),) = swap_features(found, [0.9] * len(found), both, bench.embedder)
    assert features["ground"] > 0.8
    assert features["own"] == 0.9
