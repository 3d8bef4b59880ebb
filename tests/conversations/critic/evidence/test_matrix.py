"""The evidence matrix: labels, coverage, findings, use of a persona in one response."""

from __future__ import annotations

from typing import Any

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.evidence.heads import shipped_heads
from duologue.conversations.critic.evidence.matrix import Matrix, evidence_matrix, persona_use

VET, CELLO = "I am a vet for horses.", "I play the cello at home."


def _matrix(bench: Any, made: Any, **config: Any) -> Matrix:
    return evidence_matrix(
        made, embedder=bench.embedder, nli=bench.nli, heads=shipped_heads(), config=CriticConfig(**config)
    )


def test_carried_and_coverage_count_the_owner_alone(bench: Any, candidate: Any) -> None:
    said = ["I practise the cello in my home.", "You play the cello at home?"]
    bench.nli.entails(said[0], CELLO)
    made = candidate(said, [CELLO], [VET])
    matrix = _matrix(bench, made)
    assert list(matrix.carried(made, 1).values()) == [(0,)]
    assert (matrix.coverage(made, 1), matrix.coverage(made, 2)) == (1.0, 0.0)
    assert matrix.findings == ()


def test_a_self_contradiction_names_both_utterances(bench: Any, candidate: Any) -> None:
    said = ["I have three kids.", "Nice.", "I have no kids."]
    bench.nli.contradicts(said[0], said[2])
    (finding,) = _matrix(bench, candidate(said, [CELLO], [VET])).findings
    assert (finding.kind, finding.other, finding.utterance) == ("self-contradiction", 0, 2)


def test_a_copied_attribute_is_marked(bench: Any, candidate: Any) -> None:
    matrix = _matrix(bench, candidate(["I play the cello at home.", "Nice."], [CELLO], [VET]))
    assert [e.verbatim for e in matrix.evidence if e.owner == 1] == [True]


def test_thresholds_come_from_the_configuration(bench: Any, candidate: Any) -> None:
    said = ["I am not a vet for horses.", "I am not a vet for horses."]
    bench.nli.contradicts(said[1], VET)
    made = candidate(said, [CELLO], [VET])
    assert [f.kind for f in _matrix(bench, made).findings if f.utterance == 1] == ["contradiction"]
    assert not [f for f in _matrix(bench, made, contradiction=1.0).findings if f.kind == "contradiction"]


def test_persona_use_is_higher_for_what_the_response_says(bench: Any) -> None:
    response = "I treat horses as a vet."
    bench.nli.entails(response, VET)
    shared: dict[str, Any] = {"embedder": bench.embedder, "nli": bench.nli, "heads": shipped_heads()}
    assert persona_use([CELLO, VET], response, **shared) > 0.5 > persona_use([CELLO], response, **shared)
    assert persona_use([], response, **shared) == 0.0
