"""Every guard on cases it must refuse and cases it must let pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.guards.assistant_voice import assistant_phrase
from duologue.conversations.critic.guards.courtesy import takes_leave
from duologue.conversations.critic.guards.format import FormatGuard, cut_off, malformed, stage_direction
from duologue.conversations.critic.guards.goodbyes import GoodbyesGuard
from duologue.conversations.critic.guards.length import LengthGuard
from duologue.conversations.critic.guards.placeholder import PlaceholderGuard, placeholder
from duologue.conversations.critic.guards.prompt_leak import leak
from duologue.conversations.critic.guards.repetition import RepetitionGuard, repeats
from duologue.conversations.critic.guards.swap import SwapGuard
from duologue.conversations.critic.guards.utterance import check_utterance
from duologue.conversations.critic.guards.verbatim import VerbatimGuard
from duologue.conversations.critic.registry import GUARDS
from duologue.records import Attribute, Candidate, Pair, Profile

CONFIG = CriticConfig()
Make = Callable[..., Candidate]


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "Hello\nthere", "Hi \x1b[31mred", "zero\u200bwidth", "User 1: hello", "Hi. User 2: hello to you",
        "*User 1:* hi", "Assistant: of course", "**bold** words", "<b>hi</b>", "# Title", "- a list", "```code```",
        '{"text": "hi"}', "\U0001f600\U0001f600", "...", "* * *", "\ufffd what", "\u00e2\u20ac\u2122s odd", "a" * 60,
        "I went to the", "I like cats, dogs,", "It was (", "well and", "\u4f60\u597d\uff0c\u6211\u559c\u6b22\u732b",
        "&nbsp;hello",
    ],
)  # fmt: skip
def test_malformed_utterances_are_refused(text: str) -> None:
    assert malformed(text)


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("*smiles* I love tea.", "*smiles*"),
        ("I love it. *laughs at the dog*", "*laughs at the dog*"),
        ("*nods.*", "*nods.*"),
        ("I *love* tea.", None),
        ("*Casablanca* is a film.", None),
        ("*one two three four five* it is.", None),
        ("**smiles** I love tea.", None),
        ("2*x*", None),
    ],
)
def test_a_stage_direction_stands_at_an_end(text: str, direction: str | None) -> None:
    assert stage_direction(text) == direction
    assert direction is None or f'the stage direction "{direction}"' in (malformed(text) or "")


@pytest.mark.parametrize(
    "text",
    [
        "Hi!", "42", "I am only human: I make mistakes", "Wait... what?", "i <3 dogs", "Haha \U0001f600 sure", "Caf\u00e9 au lait",
        "Where are you from", "She said \u201cno\u201d and left \u2013 twice.", "Sooooo good!!!", "I earn $5/hour & tips",
        "My favourite: pizza", "That is a lot to keep track of",
    ],
)  # fmt: skip
def test_plain_utterances_are_well_formed(text: str) -> None:
    assert malformed(text) is None


def test_both_speakers_must_speak(candidate: Make) -> None:
    verdict = FormatGuard().check(candidate(["Hello you."]))
    assert not verdict.passed
    assert verdict.value == 0.0
    assert "both" in verdict.reason


def test_another_script_is_fine_where_the_profiles_use_it(candidate: Make) -> None:
    made = candidate(["\u041f\u0440\u0438\u0432\u0435\u0442!"] * 2, ["\u042f \u043b\u044e\u0431\u043b\u044e \u043a\u043e\u0448\u0435\u043a."], ["\u042f \u0432\u0440\u0430\u0447."])  # fmt: skip
    assert FormatGuard().check(made).passed


def test_length(candidate: Make) -> None:
    guard = LengthGuard(max_words=5)
    assert guard.check(candidate(["Hi you.", "Hello."], length=(2, 4))).passed
    assert guard.check(candidate(["Hi you."] * 9)).passed
    assert "9 utterances" in guard.check(candidate(["Hi you."] * 9, length=(2, 4))).reason
    long = guard.check(candidate(["Hi.", "One two three four five six."], length=(2, 4)))
    assert long.utterances == (1,)
    assert "6 words" in long.reason


@pytest.mark.parametrize(
    "text",
    [
        "Hi, I'm [name].", "Hi [user 2's name]!", "I'm (user 1's name).", "I'm (User 2)", "I live in {city}.", "Call <NAME> now",
        "Hi <name>", "My name is ___.", "I am from XXX", "I like [insert hobby]", "(insert name)", "My name is User 1.",
        "Nice to meet you, speaker 2", "insert your name here", "Hello, my name is .", "I'm (name).", "Hi ${name}",
    ],
)  # fmt: skip
def test_placeholders_are_found(text: str) -> None:
    assert placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "I was kidding [laughs]", "I like it (a lot)", "My name is Ana.", "(my sister's name is Eve)", "xoxo xxx", "i <3 you",
        "There are 2 user accounts", "Insert the coin", "5 < 6 > 4", "I lost the name tag (again)", "The state I live in, Ohio",
    ],
)  # fmt: skip
def test_innocent_brackets_pass(text: str) -> None:
    assert placeholder(text) is None


def test_placeholder_verdict_quotes_and_points(candidate: Make) -> None:
    verdict = PlaceholderGuard().check(candidate(["Hi, I'm [name].", "Hello there."]))
    assert verdict.kind == "guard"
    assert verdict.utterances == (0,)
    assert '"[name]"' in verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "According to my persona, I like cats.", "My profile says I am a vet.", "As instructed, I will be brief", "User 1: hi",
        "<|im_end|>", "</s>", "[INST] hi", "### Response", '{"utterances": ["hi"]}', '"speaker": 1', "The conversation ends here.",
        "My persona attributes are two", "As per the instructions, hi", "I will stay in character", "Here is the conversation you wanted",
        "Based on your profile, you like tea.", "(Note: the users talk)", "the system prompt says", "<start_of_turn>model",
    ],
)  # fmt: skip
def test_leaks_are_found(text: str) -> None:
    assert leak(text)


@pytest.mark.parametrize(
    "text",
    [
        "My stage persona is louder than me.", "I like your profile picture.", "Thanks for the conversation!", "I took two pills as instructed by my doctor.",
        "She attributes it to luck.", "What a nice conversation we had.", "I play role playing games.", "My persona on stage is a clown.",
        "I saw that in your profile pics.", "He keeps a low profile", "I enjoyed this conversation", "Prompt replies are rare",
    ],
)  # fmt: skip
def test_innocent_talk_is_no_leak(text: str) -> None:
    assert leak(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "As an AI, I can't eat.", "I'm just a language model", "How can I assist you today?", "How may I help you?", "I'm here to help!",
        "Is there anything else I can help you with?", "I don't have personal experiences", "Please feel free to ask", "I am an AI assistant.",
        "As a large language model I know", "I\u2019m sorry, but I can\u2019t assist with that.", "I was trained by OpenAI",
        "If you have any further questions, ask", "I'd be happy to assist you", "I apologize for any inconvenience",
    ],
)  # fmt: skip
def test_assistant_phrases_are_found(text: str) -> None:
    assert assistant_phrase(text)


@pytest.mark.parametrize(
    "text",
    [
        "Can I help you carry that?", "I'm an AI researcher.", "I work as an assistant manager.", "I'm here to help my sister move.",
        "I don't have feelings for him.", "I don't have a personal trainer", "Let me know if you need anything!", "My programming skills are weak",
        "I am an assistant in a bakery.", "How can I get there?", "I help people for a living",
    ],
)  # fmt: skip
def test_people_are_no_assistants(text: str) -> None:
    assert assistant_phrase(text) is None


@pytest.mark.parametrize(
    ("text", "earlier", "what"),
    [
        ("I love my cats.", ["I love my cats!", "Nice."], "repeats utterance 1"),
        ("So what is your favorite movie?", ["So what is your favorite food?", "Soup."], "nearly repeats utterance 1"),
        ("Me too! I love hiking in the hills.", ["Hm.", "I love hiking in the hills."], "echoes"),
        ("I like to eat and I like to sleep and I like to eat", [], "loops"),
        ("Yes.", ["Yes.", "Ok then.", "Yes.", "Fine."], "repeats"),
    ],
)
def test_repetition_is_found(text: str, earlier: list[str], what: str) -> None:
    assert what in (repeats(text, earlier) or "")


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("Yes.", ["Yes.", "Good."]),
        ("Nice to meet you too!", ["Nice to meet you!"]),
        ("I'm a nurse. What do you do for a living?", ["What do you do for a living?"]),
        ("No no no, row row row your boat", []),
        ("It was nice talking to you too.", ["It was nice talking to you."]),
        ("I have two cats and a very old dog.", ["I have two brothers."]),
    ],
)
def test_natural_talk_is_no_repetition(text: str, earlier: list[str]) -> None:
    assert repeats(text, earlier) is None


def test_goodbyes(candidate: Make) -> None:
    guard = GoodbyesGuard(CONFIG)
    talk = ["Hi, how are you?", "Fine, I have two cats."]
    assert guard.check(candidate([*talk, "I have to go now, bye!", "Take care!"])).passed
    endless = guard.check(candidate([*talk, "Bye!", "You too.", "See you soon!", "Have a nice day."]))
    assert endless.utterances == (4,)
    going_on = guard.check(candidate([*talk, "Good night!", "Bye!", "What is your cat called?"]))
    assert "goes on" in going_on.reason
    assert going_on.utterances == (4,)


@pytest.mark.parametrize("text", ["I had a bad day :(", "That is too bad :/", "I love C++", "I graduated with an A+"])
def test_faces_and_plus_signs_end_an_utterance(text: str) -> None:
    assert not cut_off(text)
    assert cut_off(f"{text} and the")


@pytest.mark.parametrize(
    "text",
    [
        "Gotta run!",
        "Sorry, got to go.",
        "It's late, I'd better head home.",
        "Well, I really should go.",
        "I've got to run",
        "I'll have to go now.",
        "I'm going to have to go.",
        "Dinner is ready, gotta go!",
        "My boss is calling, gotta go.",
        "Haha, gotta go.",
        "I told you I have to go.",
    ],
)
def test_who_has_to_go_takes_leave(text: str) -> None:
    assert takes_leave(text)


@pytest.mark.parametrize(
    "text",
    [
        "I have to go to work early.",
        "Nice to meet you!",
        "Take care of the dog",
        "Bye?",
        "I love to jog. To stay fit you have to run.",
        "I agree, everybody should run.",
    ],
)
def test_no_leave_is_taken(text: str) -> None:
    assert not takes_leave(text)


def test_verbatim_names_the_attribute(candidate: Make) -> None:
    guard = VerbatimGuard(CONFIG)
    profile = ["I am a professional tennis player.", "I sing."]
    verdict = guard.check(candidate(["Hi you.", "Well, I'm a professional tennis player!"], ["I cook."], profile))
    assert not verdict.passed
    assert "I am a professional tennis player." in verdict.reason
    assert guard.check(candidate(["I cook. I sing.", "Tennis is how I earn my bread."], ["I cook."], profile)).passed


def test_swap_names_the_attribute(candidate: Make) -> None:
    made = candidate(
        ["So I volunteer at a homeless shelter.", "Oh?"], ["I bake."], ["I volunteer in a homeless shelter."]
    )
    verdict = SwapGuard().check(made)
    assert verdict.utterances == (0,)
    assert "User 1 voices User 2's attribute" in verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "Do I know someone who volunteers at a homeless shelter?",
        "You volunteer at a homeless shelter, I hear.",
        "I never volunteered at a homeless shelter.",
        "I wish I could volunteer in a homeless shelter.",
        "My sister volunteers in a homeless shelter, I think.",
        "A homeless shelter is a place for volunteers.",
    ],
)
def test_talk_about_the_partners_attribute_is_no_swap(candidate: Make, text: str) -> None:
    assert SwapGuard().check(candidate([text, "Hm."], ["I bake."], ["I volunteer in a homeless shelter."])).passed


def test_what_both_profiles_hold_is_no_swap(candidate: Make) -> None:
    made = candidate(
        ["I work at a homeless shelter.", "Me too."], ["I run a homeless shelter."], ["I work in a homeless shelter."]
    )
    assert SwapGuard().check(made).passed


def test_agreeing_with_a_taste_is_no_swap(candidate: Make) -> None:
    said = ["Hm?", "I like war documentaries.", "I love watching war documentaries too."]
    assert SwapGuard().check(candidate(said, ["I bake."], ["I like war documentaries."])).passed
    assert not SwapGuard().check(candidate(said[2:], ["I bake."], ["I like war documentaries."])).passed


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        # The speaker's own question and the partner's question tell nothing of the partner.
        (["Hi.", "Do you like rock climbing or hiking?", "It rains here."], False),
        (["Do you like rock climbing or hiking?"], False),
        (["I love rock climbing and hiking."], True),
        (["Hi.", "Do you like rock climbing or hiking?", "Yes, I do."], True),
    ],
)
def test_agreeing_is_a_swap_where_the_partner_never_said_so(candidate: Make, said: list[str], passed: bool) -> None:
    made = candidate([*said, "I love rock climbing and hiking too."], ["I like rock climbing and hiking."], ["I bake."])
    assert SwapGuard().check(made).passed is passed


@pytest.mark.parametrize("name", GUARDS)
def test_a_clean_conversation_passes_every_guard(name: str, candidate: Make, bench: Any) -> None:
    context = bench.context()
    verdict = GUARDS[name](context).check(candidate())
    assert verdict.passed, verdict.reason
    assert (verdict.expert, verdict.kind, verdict.value, verdict.reason) == (name, "guard", 1.0, "")


def _pair(*texts: str) -> Pair:
    one, two = (Profile.of((Attribute.of(t),)) for t in texts)
    return Pair("p-1", 0, one, two)


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("Hi, I'm [name].", "placeholder"), ("User 2: hi", "format"), ("As an AI, I can't.", "assistant_voice"),
        ("My profile says so.", "prompt_leak"), ("How are you today my friend?", "repetition"), ("I play the cello at home", "verbatim"),
        ("At home I really play the grand piano.", "swap"), ("one two three four five six seven eight nine", "length"), (" ", "format"),
    ],
)  # fmt: skip
def test_check_utterance_names_the_guard(text: str, guard: str) -> None:
    pair = _pair("I play the cello.", "I play the grand piano.")
    said = ["How are you today, my friend?", "Fine."]
    found = check_utterance(text, speaker=1, pair=pair, earlier=said, config=CONFIG, max_words=8)
    assert (found or "").startswith(f"{guard}: ")


def test_check_utterance_follows_the_configuration() -> None:
    pair = _pair("I play the cello.", "I play the grand piano.")
    lenient = CriticConfig(guards=("format",))
    assert check_utterance("Hi, I'm [name].", speaker=1, pair=pair, earlier=[], config=lenient) is None
    assert check_utterance("Hello, how is it going?", speaker=2, pair=pair, earlier=["Hi!"], config=CONFIG) is None


TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(["I", "am", "a", "vet", "User 1:", "[", "]", "{", "<|", "bye", "you", "too", "___", ".", "?", "\n", "i'm", "not"]),
        max_size=25,
    ).map(" ".join),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=6), TEXTS, TEXTS)
def test_no_text_breaks_a_guard(utterances: list[str], one: str, two: str) -> None:
    pair = _pair(one, two)
    made = Candidate("k-1", pair, 1, 0, 0, tuple(utterances), "whole", "m", "h", 0, (2, 6))
    guards = (
        FormatGuard(),
        LengthGuard(5),
        PlaceholderGuard(),
        RepetitionGuard(),
        GoodbyesGuard(CONFIG),
        VerbatimGuard(CONFIG),
        SwapGuard(),
    )
    for guard in guards:
        verdict = guard.check(made)
        assert verdict.passed == (verdict.reason == "") == (verdict.value == 1.0)
        assert all(0 <= i < len(utterances) for i in verdict.utterances)
        assert "\n" not in verdict.reason
    for i, text in enumerate(utterances):
        found = check_utterance(text, speaker=1, pair=pair, earlier=utterances[:i], config=CONFIG, max_words=9)
        assert found is None or found.partition(":")[0] in CONFIG.guards
