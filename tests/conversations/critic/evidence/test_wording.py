from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversations.critic.evidence import wording
from duologue.conversations.critic.evidence.wording import turned


def test_common_words_weigh_less() -> None:
    assert wording.share("I love my vintage car.", "He has a vintage thing.") > wording.share(
        "I love my vintage car.", "I love my time."
    )
    assert wording.share("I have two dogs.", "2 dogs are mine") > 0.9
    assert wording.share("", "anything") == 0.0
    assert wording.telling("I love to play the cello") == {"play", "cello"}


def test_numbers_that_differ() -> None:
    assert wording.other_numbers("I have two dogs", "I have three dogs")
    assert not wording.other_numbers("I have two dogs", "I have a dog")
    assert not wording.other_numbers("I have two dogs", "2 dogs")


def test_claims_are_about_the_speaker() -> None:
    assert wording.claims("I have a dog.")
    for text in ("Do I have a dog?", "You like my dog.", "I wish I had a dog.", "Dogs are nice."):
        assert not wording.claims(text)


def test_agreement_and_third_persons() -> None:
    assert wording.agreement("I have one too")
    assert wording.agrees("I love it too")
    assert not wording.agrees("I have one too")
    assert wording.kin("My brother and his wife") == {"brother", "wife"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_share_is_a_share(first: str, second: str) -> None:
    assert 0.0 <= wording.share(first, second) <= 1.0 + 1e-9
    if wording.weights(first):
        assert wording.share(first, first) == pytest.approx(1.0)


def test_a_claim_turns_an_attribute_round_in_its_own_words() -> None:
    assert turned("I do not play the guitar at all.", "I play the guitar.")
    assert turned("i really hate the beach .", "i love the beach.")
    assert not turned("I play the guitar every day.", "I play the guitar.")
    assert not turned("No I play the guitar.", "I play the guitar.")
    assert not turned("I would not play the guitar.", "I play the guitar.")
    assert not turned("He does not play the guitar.", "I play the guitar.")
