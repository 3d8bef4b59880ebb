"""Faithfulness by words alone, on every conversation: copies, coverage, swaps. What inference finds is in ``evidence``."""

from __future__ import annotations

from collections.abc import Callable

from duologue.conversations.critic.guards.swap import swapped
from duologue.conversations.critic.guards.verbatim import spelt_out
from duologue.evaluation.protocol import Described, Group, Ratio
from duologue.evaluation.view import View
from duologue.records import Speaker
from duologue.text import content_words, normalise

HALF = 1 / 2
THIRD = 1 / 3
LEAST_WORDS = 4
"""Shorter attributes are said word for word without being copied ("I am tall")."""


class _Faithful(Described):
    group: Group = "faithfulness"


def _attributes(view: View, counts: Callable[[Speaker, str], bool]) -> Ratio | None:
    """Attributes of which something holds, among those with content words."""
    held = [(s, text) for s, text in view.attributes if content_words(text)]
    return (float(sum(counts(s, text) for s, text in held)), float(len(held))) if held else None


def share_said(view: View, speaker: Speaker, text: str) -> float:
    """Share of an attribute's content words that one speaker says, in [0, 1]."""
    held = set(content_words(text))
    return len(held & view.content[speaker]) / len(held) if held else 0.0


def _other(speaker: Speaker) -> Speaker:
    return 2 if speaker == 1 else 1


class HalfSaid(_Faithful):
    """Share of attributes at least half of whose content words (stems) their owner says anywhere in the conversation."""

    name = "half_said"
    title = "attributes half said by their owner"
    direction = "human"

    def measure(self, view: View) -> Ratio | None:
        """Half-said attributes among all."""
        return _attributes(view, lambda s, text: share_said(view, s, text) >= HALF)


class Untouched(_Faithful):
    """Share of attributes of whose content words (stems) both speakers together say fewer than a third."""

    name = "untouched"
    title = "attributes nobody touches"
    direction = "human"

    def measure(self, view: View) -> Ratio | None:
        """Untouched attributes among all."""
        said = view.content[1] | view.content[2]

        def nobody(speaker: Speaker, text: str) -> bool:
            held = set(content_words(text))
            return len(held & said) < THIRD * len(held)

        return _attributes(view, nobody)


class OnlyPartner(_Faithful):
    """Share of attributes at least half of whose content words the partner says and none the owner (persona swap by
    words; talk about "you" counts as well).
    """

    name = "only_partner"
    title = "attributes voiced only by the partner"

    def measure(self, view: View) -> Ratio | None:
        """Such attributes among all."""

        def partner(speaker: Speaker, text: str) -> bool:
            return not share_said(view, speaker, text) and share_said(view, _other(speaker), text) >= HALF

        return _attributes(view, partner)


class ClaimedSwaps(_Faithful):
    """First-person claims per 100 utterances that hold most content words of an attribute which only the partner's
    profile has; agreement with what the partner told, wishes, questions and denials do not count.
    """

    name = "claimed_swaps"
    title = "claims of the partner's attribute"
    unit = "per 100 utterances"
    range = (0.0, 100.0)

    def measure(self, view: View) -> Ratio | None:
        """100 for each such utterance."""
        if not view.attributes:
            return None
        said = view.candidate.utterances
        found = sum(
            swapped(u, 1 if i % 2 == 0 else 2, view.candidate.pair, said[:i]) is not None for i, u in enumerate(said)
        )
        return 100.0 * found, float(len(said))


class Verbatim(_Faithful):
    """Share of attributes that an utterance of either speaker holds word for word, letter case and punctuation aside."""

    name = "verbatim"
    title = "attributes copied verbatim"

    def measure(self, view: View) -> Ratio | None:
        """Copied attributes among all."""
        held = [flat for _, text in view.attributes if (flat := normalise(text))]
        if not held:
            return None
        said = "\n".join(f" {flat} " for flat in view.flat)
        return float(sum(f" {text} " in said for text in held)), float(len(held))


class Recited(_Faithful):
    """Share of attributes of at least four words that an utterance of either speaker holds word for word, letter case,
    punctuation and contractions aside ("I'm" is "I am"); what the Critic's guard refuses.
    """

    name = "recited"
    title = "recited, contractions aside"

    def measure(self, view: View) -> Ratio | None:
        """Copied attributes among those long enough."""
        held = [text for _, text in view.attributes if len(normalise(text).split()) >= LEAST_WORDS]
        if not held:
            return None
        said = "\n".join(f" {spelt_out(text)} " for text in view.texts)
        return float(sum(f" {spelt_out(text)} " in said for text in held)), float(len(held))


class FourGramCopy(_Faithful):
    """Share of the attributes' runs of four words that the conversation repeats."""

    name = "four_gram_copy"
    title = "4-grams copied from profiles"
    source = "copying measured by n-gram overlap, as in abstractive summarisation (See et al., 2017)"

    def measure(self, view: View) -> Ratio | None:
        """Copied 4-grams among the profiles'."""
        said = {words[i : i + 4] for words in view.words for i in range(len(words) - 3)}
        held = [
            tuple(w[i : i + 4])
            for _, text in view.attributes
            if (w := normalise(text).split())
            for i in range(len(w) - 3)
        ]
        return (float(sum(gram in said for gram in held)), float(len(held))) if held else None


class SharedProfile(_Faithful):
    """Share of conversations whose two profiles have an attribute in common, so that nothing can tell whose it is."""

    name = "shared_attributes"
    title = "both have one attribute"
    direction = "none"

    def measure(self, view: View) -> Ratio | None:
        """1 when they share one."""
        one, two = ({normalise(t) for t in view.dialogue.profile(s)} for s in (1, 2))
        return (float(bool(one & two)), 1.0) if one and two else None


class ProfileSize(_Faithful):
    """Mean number of attributes in a user profile."""

    name = "profile_size"
    title = "attributes in a profile"
    unit = "count"
    range = (0.0, float("inf"))
    direction = "none"

    def measure(self, view: View) -> Ratio | None:
        """Attributes over profiles."""
        sizes = [len(p) for p in (view.dialogue.user_1, view.dialogue.user_2) if p]
        return (float(sum(sizes)), float(len(sizes))) if sizes else None
