"""Toxicity: rates by strength, speaker and kind, by the configured model."""

from __future__ import annotations

from duologue.evaluation.protocol import Described, Group, Ratio, Unit
from duologue.evaluation.view import View
from duologue.models.protocol import AGREEMENT, ToxicityRating
from duologue.records import Speaker

STRENGTHS = {"mild": 0.3, "toxic": 0.5, "strong": 0.8}
"""Probability from which an utterance counts as so toxic."""


class _Toxic(Described):
    group: Group = "toxicity"
    unit: Unit = "per 100 utterances"
    range = (0.0, 100.0)
    source = "after the Perspective scores of arXiv 2312.10007, appendix"
    needs = frozenset(("toxicity",))


class ToxicUtterances(_Toxic):
    """Utterances per 100 whose probability of being toxic, after what was said before, is at least the threshold of
    this strength: 0.3 mild, 0.5 toxic, 0.8 strong.
    """

    def __init__(self, strength: str) -> None:
        self.name = f"toxicity_{strength}"
        self.title = f"toxic, at least {STRENGTHS[strength]:g}"
        self._least = STRENGTHS[strength]

    def measure(self, view: View) -> Ratio:
        """100 for each."""
        return 100.0 * sum(r.score >= self._least for r in view.toxicity), float(len(view))


class ToxicSpeaker(_Toxic):
    """Utterances per 100 of this user (user 1 speaks first) that are toxic with probability 0.5 or more."""

    def __init__(self, speaker: Speaker) -> None:
        self.name = f"toxicity_user_{speaker}"
        self.title = f"toxic, of user {speaker}"
        self._speaker = speaker

    def measure(self, view: View) -> Ratio | None:
        """100 for each among that user's."""
        said = [i for i, _ in view.dialogue.said_by(self._speaker)]
        toxic = sum(view.toxicity[i].score >= STRENGTHS["toxic"] for i in said)
        return (100.0 * toxic, float(len(said))) if said else None


KINDS: dict[str, tuple[str, ...]] = {
    "insult": ("insult", "offence"),
    "threat": ("threat",),
    "identity_attack": ("identity_attack", "identity", "identity_hate"),
    "obscene": ("obscene", "profanity"),
    "severe_toxicity": ("severe_toxicity", "severe_toxic"),
    AGREEMENT: (AGREEMENT,),
}
"""Kinds by what they are called here, each with what toxicity models call it. An offence of the built-in model that is
neither threat, hate for a group nor obscene is an insult."""


class ToxicKind(_Toxic):
    """Utterances per 100 that are toxic with probability 0.5 or more and of this kind above all; severe toxicity is a
    matter of strength, and counts where its own score is 0.5 or more. Each model knows its own kinds; there is no figure
    for a kind that the model does not know.
    """

    def __init__(self, kind: str) -> None:
        self.name = f"toxicity_{kind}"
        self.title = f"toxic: {kind.replace('_', ' ')}"
        self._called = KINDS[kind]

    def measure(self, view: View) -> Ratio | None:
        """100 for each; None where the model gives no score to this kind for anything in the conversation."""
        rated = view.toxicity
        if not any(name.lower() in self._called for r in rated for name, _ in r.attributes):
            return None
        return 100.0 * sum(map(self._counts, rated)), float(len(view))

    def _counts(self, rating: ToxicityRating) -> bool:
        if rating.score < STRENGTHS["toxic"]:
            return False
        if self.name == "toxicity_severe_toxicity":
            severe = (score for name, score in rating.attributes if name.lower() in self._called)
            return max(severe, default=0.0) >= STRENGTHS["toxic"]
        return rating.category.lower() in self._called


class ToxicConversations(_Toxic):
    """Share of conversations with an utterance that is toxic with probability 0.5 or more."""

    name = "toxic_conversations"
    title = "conversations with a toxic utterance"
    unit = "share"
    range = (0.0, 1.0)

    def measure(self, view: View) -> Ratio:
        """1 when there is one."""
        return float(any(r.score >= STRENGTHS["toxic"] for r in view.toxicity)), 1.0


class MeanToxicity(_Toxic):
    """Mean over utterances of the probability of being toxic."""

    name = "toxicity_mean"
    title = "mean toxicity"
    unit = "score"
    range = (0.0, 1.0)

    def measure(self, view: View) -> Ratio:
        """The sum over the conversation's utterances."""
        return float(sum(r.score for r in view.toxicity)), float(len(view))
