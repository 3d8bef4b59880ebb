import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.conversations.critic.guards import assistant_voice, courtesy, prompt_leak
from duologue.conversations.critic.guards.phrases import Phrases

ASCII = st.characters(codec="ascii")
EVERY = [
    pytest.param(phrases, pattern, id=f"{module}-{number}")
    for module, phrases in (
        ("prompt_leak", prompt_leak.PHRASES),
        ("assistant_voice", assistant_voice.PHRASES),
        ("courtesy", courtesy.LEAVE),
    )
    for number, pattern in enumerate(phrases.patterns)
]


@pytest.mark.parametrize(("phrases", "pattern"), EVERY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_pattern_matches_is_found(phrases: Phrases, pattern: re.Pattern[str], data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern, alphabet=ASCII))
    assert phrases.first(text) is not None


def test_goodbyes_are_looked_for_in_normalised_text() -> None:
    assert courtesy.takes_leave("Good NIGHT then.")
    assert not courtesy.takes_leave("Good n\u0131ght then.")


@given(st.text())
def test_hints_change_nothing(text: str) -> None:
    plain = text.replace("\u2019", "'")
    found = next((m.group(0).strip() for p in prompt_leak.PHRASES.patterns if (m := p.search(plain))), None)
    assert prompt_leak.PHRASES.first(text) == found


def test_the_first_pattern_that_matches_is_quoted_whatever_its_case() -> None:
    phrases = Phrases((r"\bred fox\b", r"\bfox\b"), ("fox",))
    assert phrases.first("A fox, a Red FOX.") == "Red FOX"
    assert phrases.first("no such animal") is None
