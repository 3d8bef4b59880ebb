"""Faithfulness by inference: what the Critic's evidence matrix finds, on the model sample.

The thresholds are the Critic's (``critic.contradiction`` and so on); see
:mod:`duologue.conversations.critic.evidence.matrix`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from duologue.evaluation.protocol import Described, Group, Ratio
from duologue.evaluation.view import SPEAKERS, View
from duologue.records import Speaker

PAPER = "arXiv 2312.10007, section 2"
DISTRACTORS = 4
"""False attributes beside the true ones, as in the paper's human test."""
LEAST_USERS = 20
"""Fewest users that picking is measured of."""


class _Evidence(Described):
    group: Group = "faithfulness"
    needs = frozenset(("embedder", "nli"))


class _Finding(_Evidence):
    unit = "per 100 utterances"
    range = (0.0, 100.0)
    kind: str

    def measure(self, view: View) -> Ratio | None:
        """100 for each utterance with such a finding; several findings of one utterance count once."""
        if not view.attributes:
            return None
        found = {f.utterance for f in view.matrix.findings if f.kind == self.kind}
        return 100.0 * len(found), float(len(view.candidate.utterances))


class Contradictions(_Finding):
    """Utterances per 100 that contradict an attribute of their speaker, with probability 0.5 or more. The matrix is made to
    be sure, not to find all: of responses of DNLI's ranking set that contradict a profile it finds 56 %, of slips in a small
    model's talk fewer, so there are more than are counted.
    """

    name = "contradictions"
    title = "contradictions of the own profile"
    kind = "contradiction"
    source = PAPER


class SelfContradictions(_Finding):
    """Utterances per 100 that contradict what the same speaker said before, with probability 0.5 or more. On labelled
    conversations 29 % of what contradicts was found, so there are more than are counted.
    """

    name = "self_contradictions"
    title = "self-contradictions"
    kind = "self-contradiction"


class Swaps(_Finding):
    """Utterances per 100 that claim an attribute of the partner's profile as their own, with probability 0.5 or more. Of
    six held-out chats with a swap two were found, so there are more than are counted.
    """

    name = "swaps"
    title = "persona swaps"
    kind = "swap"


class Faithful(_Evidence):
    """Share of conversations in which the evidence matrix finds no contradiction, swap or self-contradiction. It does
    not find all (see contradictions), so this is an upper bound that compares data sets, not the share of conversations that
    are faithful. Profiles that nobody keeps to hardly lower it; coverage and picked attributes show them.
    """

    name = "faithful_conversations"
    title = "faithful conversations"
    direction = "higher"
    source = PAPER

    def measure(self, view: View) -> Ratio | None:
        """1 when nothing was found."""
        return (float(not view.matrix.findings), 1.0) if view.attributes else None


class Coverage(_Evidence):
    """Share of attributes that an utterance of their owner carries, by inference, with probability 0.5 or more."""

    name = "coverage"
    title = "attributes that come through"
    direction = "human"
    source = PAPER

    def measure(self, view: View) -> Ratio | None:
        """Carried attributes among all."""
        carried = [bool(u) for s in SPEAKERS for u in view.matrix.carried(view.candidate, s).values()]
        return (float(sum(carried)), float(len(carried))) if carried else None


class EitherTouched(_Evidence):
    """Share of attributes for which the matrix has no utterance of either speaker that supports or contradicts them."""

    name = "untouched_by_inference"
    title = "attributes untouched by inference"
    direction = "human"

    def measure(self, view: View) -> Ratio | None:
        """Such attributes among all."""
        touched = {(e.owner, e.attribute) for e in view.matrix.evidence if e.attribute and e.label != "neutral"}
        pair = view.candidate.pair
        held = [(s, a.id) for s in SPEAKERS for a in pair.user(s).attributes]
        return (float(sum(key not in touched for key in held)), float(len(held))) if held else None


class TruePicked(_Evidence):
    """Precision of picking each user's attributes among as many true ones as false ones (up to four, drawn from other
    users of the sample): those picked are nearest to what the user says, as many as there are true ones. The
    paper asks people (78.5, 80.5, 76.6 % over its iterations, 4 true and 4 false); here similarity of sentence
    vectors picks, so the two are comparable between data sets, not with each other.
    """

    name = "picked_attributes"
    title = "true attributes picked among false"
    direction = "higher"
    source = "after the human test of arXiv 2312.10007, section 5"
    needs = frozenset(("embedder",))

    def figure(self, views: Sequence[View]) -> float | None:
        """None for fewer than 20 users who have a profile and, in other profiles, enough false attributes."""
        users = [
            (view, speaker)
            for view in views
            for speaker in SPEAKERS
            if view.dialogue.profile(speaker) and view.dialogue.said_by(speaker)
        ]
        if len(users) < LEAST_USERS:
            return None
        picked = total = asked = 0
        for place, (view, speaker) in enumerate(users):
            near = _nearness(view, speaker, range(len(view.attributes)))
            own = [i for i, (s, _) in enumerate(view.attributes) if s == speaker][:DISTRACTORS]
            true = [near[i] for i in own]
            false = _false(users, place, len(own))
            if len(false) < len(own):
                continue
            ranked = sorted([(-score, 1) for score in false] + [(-score, 0) for score in true], reverse=False)
            # Of a true and a false one alike, the false one is taken: no luck by order.
            ranked.sort(key=lambda row: (row[0], -row[1]))
            picked += sum(1 for _, wrong in ranked[: len(own)] if not wrong)
            total += len(own)
            asked += 1
        return picked / total if asked >= LEAST_USERS else None


def _nearness(view: View, speaker: Speaker, attributes: Sequence[int]) -> dict[int, float]:
    said = [i for i, _ in view.dialogue.said_by(speaker)]
    near = view.attribute_vectors[list(attributes)] @ view.vectors[said].T
    return dict(zip(attributes, near.max(axis=1).tolist(), strict=True))


def _false(users: Sequence[tuple[View, Speaker]], place: int, count: int) -> list[float]:
    """Nearness of attributes of other users, none of whose texts stands in either profile here."""
    view, speaker = users[place]
    held = {text for _, text in view.attributes}
    stream = random.Random(f"{view.dialogue.id}/{speaker}/false")
    said = view.vectors[[i for i, _ in view.dialogue.said_by(speaker)]]
    found: list[float] = []
    for _ in range(20 * count):
        other, _ = users[stream.randrange(len(users))]
        index = stream.randrange(len(other.attributes))
        text = other.attributes[index][1]
        if text not in held:
            held.add(text)
            found.append(float(np.max(said @ other.attribute_vectors[index])))
        if len(found) == count:
            break
    return found
