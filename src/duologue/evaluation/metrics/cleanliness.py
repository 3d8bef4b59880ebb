"""Cleanliness: format, placeholders, prompt leaks, assistant voice, length, goodbyes, encoding."""

from __future__ import annotations

import re

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.guards.assistant_voice import assistant_phrase
from duologue.conversations.critic.guards.format import cut_off, malformed, role_label
from duologue.conversations.critic.guards.goodbyes import GoodbyesGuard
from duologue.conversations.critic.guards.placeholder import placeholder
from duologue.conversations.critic.guards.prompt_leak import leak
from duologue.evaluation.protocol import Described, Group, Ratio
from duologue.evaluation.view import View

_SQUARE = re.compile(r"\[[^\[\]]*[A-Za-z][^\[\]]*\]")
_DAMAGE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]|\u00e2\u20ac|\u00c3[\u0080-\u00bf\u2018-\u203a]|&(?:amp|lt|gt|quot|nbsp|#\\d+);"
)
_CUT_OFF = "it is cut off"
TURNS_ASKED = (12, 14)
"""The paper's prompt asks for 6 to 7 turns, each an utterance of either user."""


class _Clean(Described):
    group: Group = "cleanliness"


class CleanFormat(_Clean):
    """Share of all rows, unreadable ones too, that are two alternating speakers' utterances with text and nothing else:
    every line of the row's layout is a labelled utterance, no utterance holds a line break or another role label.
    """

    name = "clean_format"
    title = "rows clean in format"
    direction = "higher"

    def problem(self) -> Ratio:
        """An unreadable row is not clean."""
        return 0.0, 1.0

    def measure(self, view: View) -> Ratio:
        """1 for a clean row."""
        clean = (
            not view.dialogue.irregular
            and view.alternates
            and view.both_speak
            and all(text.strip() and "\n" not in text and not role_label(text) for text in view.texts)
        )
        return float(clean), 1.0


class Unreadable(_Clean):
    """Share of all rows that can't be read as a conversation at all: missing columns, broken cells, no utterance."""

    name = "unreadable_rows"
    title = "unreadable rows"

    def problem(self) -> Ratio:
        """An unreadable row."""
        return 1.0, 1.0

    def measure(self, view: View) -> Ratio:
        """0: what is measured was read."""
        return 0.0, 1.0


class OneSpeaker(_Clean):
    """Share of conversations in which only one of the two users says anything."""

    name = "one_speaker"
    title = "only one speaks"

    def measure(self, view: View) -> Ratio:
        """1 when one is silent."""
        return float(not view.both_speak), 1.0


class EmptyUtterances(_Clean):
    """Share of utterances without a letter or digit."""

    name = "empty_utterances"
    title = "empty utterances"

    def measure(self, view: View) -> Ratio:
        """Empty ones among all."""
        return float(sum(not words for words in view.words)), float(len(view))


class Placeholders(_Clean):
    """Share of conversations with an unfilled slot in any kind of brackets, a run of underscores or capital X, or a
    speaker called "User 1".
    """

    name = "placeholders"
    title = "with a placeholder"

    def measure(self, view: View) -> Ratio:
        """1 when there is one."""
        return float(any(placeholder(text) for text in view.texts)), 1.0


class SquarePlaceholders(_Clean):
    """Share of conversations with words in square brackets."""

    name = "square_placeholders"
    title = "with words in square brackets"

    def measure(self, view: View) -> Ratio:
        """1 when there are some."""
        return float(any(_SQUARE.search(text) for text in view.texts)), 1.0


class PromptLeaks(_Clean):
    """Share of conversations in which chat tokens, role labels, JSON keys or talk about the prompt or persona come
    through.
    """

    name = "prompt_leaks"
    title = "with a prompt leak"

    def measure(self, view: View) -> Ratio:
        """1 when there is one."""
        return float(any(leak(text) for text in view.texts)), 1.0


class AssistantVoice(_Clean):
    """Share of conversations with a set phrase of chat assistants, such as "how can I assist you"."""

    name = "assistant_voice"
    title = "in an assistant's voice"

    def measure(self, view: View) -> Ratio:
        """1 when there is one."""
        return float(any(assistant_phrase(text) for text in view.texts)), 1.0


class InsideLength(_Clean):
    """Share of conversations whose number of utterances lies inside what was asked for: of a run, what each
    conversation's writer was asked for; else the option, else 12 to 14 (the 6 to 7 turns of the paper's prompt).
    """

    name = "inside_length"
    title = "inside the asked length"
    direction = "higher"
    source = "arXiv 2312.10007, the generator's prompt"
    remembers = False

    def __init__(self, low: int = TURNS_ASKED[0], high: int = TURNS_ASKED[1]) -> None:
        self.low = low
        self.high = high

    def measure(self, view: View) -> Ratio:
        """1 when inside."""
        low, high = view.dialogue.asked or (self.low, self.high)
        return float(low <= len(view) <= high), 1.0


class EndlessGoodbyes(_Clean):
    """Share of conversations with more than two utterances that take leave, or talk that goes on after both did."""

    name = "endless_goodbyes"
    title = "with endless goodbyes"
    remembers = False

    def __init__(self) -> None:
        self._guard = GoodbyesGuard(CriticConfig.model_validate({}))

    def measure(self, view: View) -> Ratio:
        """1 when it won't end."""
        return float(not self._guard.check(view.candidate).passed), 1.0


class CutOff(_Clean):
    """Share of utterances that stop in mid-sentence: at a comma, a dash, an open bracket or a word such as "the"."""

    name = "cut_off"
    title = "cut-off utterances"

    def measure(self, view: View) -> Ratio:
        """Cut-off ones among all."""
        stopped = (text for text in view.texts if cut_off(text))
        # What is out of form in another way counts as that.
        return float(sum((malformed(text) or "").startswith(_CUT_OFF) for text in stopped)), float(len(view))


class EncodingDamage(_Clean):
    """Share of utterances with wrongly decoded characters, control characters or HTML entities."""

    name = "encoding_damage"
    title = "with encoding damage"

    def measure(self, view: View) -> Ratio:
        """Damaged ones among all."""
        return float(sum(_DAMAGE.search(text) is not None for text in view.texts)), float(len(view))
