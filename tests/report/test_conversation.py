from __future__ import annotations

import io

from rich.console import Console

from duologue.records import Attribute, Candidate, Conversation, Evidence, Pair, Profile, Verdict
from duologue.report.conversation import print_conversation


def shown(*, colour: bool = False, width: int = 100) -> str:
    bread, dogs = Attribute.of("I bake bread."), Attribute.of("I have [bold]dogs[/bold]\x1b[2J.")
    pair = Pair("p-1", 0, Profile.of((bread,)), Profile.of((dogs,)))
    candidate = Candidate("k-1", pair, 1, 0, 0, ("Ovens are hot.", "My dogs bark \x1b]0;x\x07."), "turns", "m", "h", 0)
    evidence = (
        Evidence(1, bread.id, 0, "supported", 0.9),
        Evidence(2, dogs.id, 1, "supported", 0.8),
        Evidence(1, bread.id, 1, "contradicted", 0.8),
    )
    verdict = Verdict("faithfulness", "filter", 0.5, True, evidence=evidence)
    out = io.StringIO()
    print_conversation(Console(file=out, width=width, force_terminal=colour), Conversation(candidate, (verdict,)))
    return out.getvalue()


def test_attributes_name_the_utterances_that_carry_them() -> None:
    text = shown()
    assert "I bake bread.  in 1" in text
    assert "Ovens are hot. +1a" in text
    assert "+2a !1a" in text
    assert "faithfulness 0.50" in text


def test_what_an_expert_says_of_each_utterance_is_shown() -> None:
    pair = Pair("p-1", 0, Profile.of((Attribute.of("I ski."),)), Profile.of((Attribute.of("I sing."),)))
    candidate = Candidate("k-1", pair, 1, 0, 0, ("Snow at last.", "Damn snow."), "turns", "m", "h", 0)
    out = io.StringIO()
    verdict = Verdict("toxicity", "filter", 0.6, True, scores=(0.01, 0.4))
    print_conversation(Console(file=out, width=100), Conversation(candidate, (verdict,)))
    assert "toxicity by utterance  1: 0.01  2: 0.40" in out.getvalue()


def test_a_long_attribute_is_wrapped_below_itself() -> None:
    lines = shown(width=30).splitlines()
    row = next(i for i, line in enumerate(lines) if "2a I have" in line)
    below = lines[row + 1]
    assert len(below) - len(below.lstrip("│ ")) == lines[row].index("I have")


def test_control_characters_and_markup_stay_text() -> None:
    assert "\x1b" not in shown()
    assert "[bold]dogs[/bold]" in shown()
    assert "\x1b]0" not in shown(colour=True)
    assert "\x1b[2J" not in shown(colour=True)


def test_an_attribute_that_both_hold_is_named_by_its_owner() -> None:
    shared, other = Attribute.of("I love winter."), Attribute.of("I ski.")
    pair = Pair("p-1", 0, Profile.of((shared, other)), Profile.of((shared,)))
    candidate = Candidate("k-1", pair, 1, 0, 0, ("Snow at last.", "Snow is best."), "turns", "m", "h", 0)
    evidence = (Evidence(1, shared.id, 0, "supported", 0.9), Evidence(2, shared.id, 1, "supported", 0.9))
    out = io.StringIO()
    conversation = Conversation(candidate, (Verdict("faithfulness", "filter", 0.5, True, evidence=evidence),))
    print_conversation(Console(file=out, width=100), conversation)
    assert "Snow at last. +1a" in out.getvalue()
    assert "Snow is best. +2a" in out.getvalue()
