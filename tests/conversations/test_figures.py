"""Figures of candidates in the loop."""

from __future__ import annotations

from duologue.conversations.figures import Tried, figures, side_by_side, token_count
from duologue.records import Attribute, Candidate, Evidence, Pair, Profile, Verdict


def tried(index: int, *said: str, refused: str = "", voiced: bool = False) -> Tried:
    one, two = (Profile.of((Attribute.of(f"I am {side} {index}."),)) for side in "ab")
    pair = Pair(f"p-{index}", index, one, two)
    evidence = (Evidence(1, one.attributes[0].id, 0, "supported", 0.9),) if voiced else ()
    candidate = Candidate(f"k-{index}", pair, 1, 0, 0, said, "turns", "m", "h", 0)
    return Tried(pair.id, candidate, (Verdict("faithfulness", "filter", 1.0, True, "", evidence),), refused)


def test_figures() -> None:
    tries = [
        tried(0, "Hi there you all.", "Good day.", voiced=True),
        tried(1, "Hi there you all, too.", "good day."),
        tried(2, "One two three.", "Four.", refused="swap", voiced=True),
        Tried("p-3", None, (), "generator", "no answer"),
    ]
    made = figures(tries)
    assert made.accepted == 0.5
    # One of the two attributes of one of the two accepted.
    assert made.coverage == 0.25
    assert made.distinct_utterances == 5 / 6
    assert made.distinct_openings == 2 / 3
    assert made.distinct_2 == 7 / 11
    assert token_count(tries) == 17
    assert figures(tries, 4).distinct_2 == 1.0
    # Fewer words than the others look more varied.
    assert figures(tries, 18).distinct_2 is None
    assert set(figures([]).as_json().values()) == {0.0, None}


def test_what_falls_with_the_number_of_conversations_is_weighed_on_the_same_pairs() -> None:
    one = tried(0, "Hi there you all.", "Good day.", voiced=True)
    none = [Tried(f"p-{i}", None, (), "generator", "no answer") for i in range(1, 8)]
    many = [tried(i, "Hi there you all.", "Good day.", voiced=not i) for i in range(8)]
    made = side_by_side({"old": [one, *none], "new": many}, "old", "new")
    assert (made["old"].accepted, made["new"].accepted) == (1 / 8, 1.0)
    for figure in ("coverage", "distinct_utterances", "distinct_openings", "distinct_2"):
        assert getattr(made["old"], figure) == getattr(made["new"], figure) > 0, figure
    # Of pairs that both did, it is seen.
    again = side_by_side({"old": [tried(0, "One two.", "Three."), *many[1:]], "new": many}, "old", "new")
    assert again["old"].distinct_openings > again["new"].distinct_openings


def test_coverage_is_weighed_on_pairs_that_passed_both_times() -> None:
    old = [tried(0, "A.", "B.", voiced=True), tried(1, "C.", "D.", refused="swap")]
    new = [tried(0, "A.", "B.", voiced=True), tried(1, "C.", "D.")]
    made = side_by_side({"old": old, "new": new}, "old", "new")
    assert (made["old"].coverage, made["new"].coverage) == (0.5, 0.5)
