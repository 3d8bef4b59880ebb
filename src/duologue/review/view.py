"""A conversation as the page shows it: attributes and utterances that point at each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Literal

from duologue.records import Comparison, Conversation, Evidence, Verdict
from duologue.report.conversation import surest
from duologue.review.source import Contender, Shown
from duologue.store.codec import clean
from duologue.store.hand import Hand
from duologue.text import printable

Kind = Literal["supported", "contradicted", "swapped"]
JOINER = "\u200d"


def shown_text(text: str) -> str:
    """``text`` for a page: control, bidirectional and invisible characters become visible escapes; emoji stay whole."""
    return JOINER.join(printable(part) for part in clean(text).replace("\r\n", "\n").split(JOINER))


@dataclass(frozen=True, slots=True)
class Mark:
    """One end of a piece of evidence."""

    kind: Kind
    target: str
    """The element it points at."""
    words: str
    """What it says, such as "supports 1a"."""
    place: str
    """Only the place, such as "1a" or "utterance 3"."""
    percent: int
    """Probability, in 0..100."""


@dataclass(frozen=True, slots=True)
class AttributeView:
    """One attribute with the utterances that bear on it."""

    key: str
    name: str
    text: str
    marks: tuple[Mark, ...]

    @property
    def links(self) -> str:
        """For the script: ``target:kind`` of each mark."""
        return " ".join(f"{m.target}:{m.kind}" for m in self.marks)


@dataclass(frozen=True, slots=True)
class UtteranceView:
    """One utterance with what it says of attributes."""

    key: str
    number: int
    speaker: int
    text: str
    original: str
    """As the run has it, where it was edited; else empty."""
    marks: tuple[Mark, ...]

    @property
    def links(self) -> str:
        """For the script: ``target:kind`` of each mark."""
        return " ".join(f"{m.target}:{m.kind}" for m in self.marks)


@dataclass(frozen=True, slots=True)
class Talk:
    """Both profiles and the talk."""

    profiles: tuple[tuple[AttributeView, ...], tuple[AttributeView, ...]]
    utterances: tuple[UtteranceView, ...]


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One expert's verdict in texts."""

    expert: str
    kind: str
    value: str
    passed: bool
    reason: str


def talk_of(shown: Shown, hand: Hand | None = None, prefix: str = "") -> Talk:
    """The view of a conversation. ``hand`` gives the edited text; ``prefix`` keeps the keys of several talks apart."""
    conversation = shown.conversation
    pair = conversation.candidate.pair
    said = conversation.candidate.utterances
    edited = hand.utterances if hand and hand.utterances and len(hand.utterances) == len(said) else said
    names = {
        (owner, a.id): (f"{prefix}a{owner}-{i}", f"{owner}{ascii_lowercase[i % 26]}{i // 26 or ''}")
        for owner in (1, 2)
        for i, a in enumerate(pair.user(1 if owner == 1 else 2).attributes)
    }
    changed = {i for i, (a, b) in enumerate(zip(said, edited, strict=True)) if a != b}
    evidence = [
        e for e in _findings(conversation.evidence, len(said)) if e.utterance not in changed and e.other not in changed
    ]
    profiles = tuple(
        tuple(
            AttributeView(
                *names[(owner, a.id)],
                shown_text(a.text),
                tuple(
                    _of_attribute(e, prefix)
                    for e in evidence
                    if e.owner == owner and e.attribute == a.id and e.other is None
                ),
            )
            for a in pair.user(1 if owner == 1 else 2).attributes
        )
        for owner in (1, 2)
    )
    utterances = tuple(
        UtteranceView(
            f"{prefix}u-{i}", i + 1, shown.speakers[i], shown_text(text),
            shown_text(said[i]) if i in changed else "",
            tuple(m for e in evidence if e.utterance == i for m in _of_utterance(e, names, prefix)),
        )
        for i, text in enumerate(edited)
    )  # fmt: skip
    return Talk((profiles[0], profiles[1]), utterances)


def _findings(evidence: Iterable[Evidence], length: int) -> list[Evidence]:
    """What is worth showing, by place."""
    found = [e for e in surest(evidence) if e.label != "neutral" and 0 <= e.utterance < length]
    return sorted(found, key=lambda e: (e.utterance, e.owner, e.attribute))


def kind_of(evidence: Evidence) -> Kind:
    """Under which of the three colours a finding falls."""
    if evidence.swapped:
        return "swapped"
    return "contradicted" if evidence.label == "contradicted" else "supported"


def _percent(evidence: Evidence) -> int:
    return 0 if math.isnan(evidence.score) else round(100 * min(max(evidence.score, 0.0), 1.0))


def _of_attribute(e: Evidence, prefix: str) -> Mark:
    kind = kind_of(e)
    verb = "copied" if e.verbatim and kind == "supported" else kind
    return Mark(
        kind, f"{prefix}u-{e.utterance}", f"{verb} in {e.utterance + 1}", f"utterance {e.utterance + 1}", _percent(e)
    )


def _of_utterance(e: Evidence, names: dict[tuple[int, str], tuple[str, str]], prefix: str) -> Iterable[Mark]:
    if e.other is not None:
        yield Mark(
            "contradicted",
            f"{prefix}u-{e.other}",
            f"contradicts own utterance {e.other + 1}",
            str(e.other + 1),
            _percent(e),
        )
        return
    key, name = names.get((e.owner, e.attribute), ("", ""))
    if key:
        kind = kind_of(e)
        verb = {
            "supported": "copies" if e.verbatim else "supports",
            "contradicted": "contradicts",
            "swapped": "takes over",
        }
        yield Mark(kind, key, f"{verb[kind]} {name}", name, _percent(e))


def verdict_views(verdicts: Iterable[Verdict]) -> tuple[VerdictView, ...]:
    """Verdicts, guards that passed without remark left out, filters first."""
    order = {"filter": 0, "quality": 1, "guard": 2}
    kept = [v for v in verdicts if v.kind != "guard" or not v.passed or v.reason]
    return tuple(
        VerdictView(
            shown_text(v.expert),
            v.kind,
            "-" if math.isnan(v.value) else f"{v.value:.2f}",
            v.passed,
            shown_text(v.reason),
        )
        for v in sorted(kept, key=lambda v: order[v.kind])
    )


@dataclass(frozen=True, slots=True)
class ContenderView:
    """One candidate beside the others."""

    id: str
    heading: str
    status: str
    by: str
    reason: str
    winner: bool
    stands: bool
    """Whether the run chose it for the data set."""
    utterances: tuple[tuple[int, str, bool], ...]
    """Speaker, text, and whether a verdict speaks of it."""
    verdicts: tuple[VerdictView, ...]


def contender_views(contenders: Sequence[Contender]) -> tuple[ContenderView, ...]:
    """The candidates of a pair, the winner first."""
    views = []
    for c in sorted(contenders, key=lambda c: not c.winner):
        blamed = {i for v in c.verdicts if not v.passed for i in v.utterances}
        heading = f"Iteration {c.iteration}, attempt {c.attempt + 1}, candidate {c.sample + 1}"
        said = tuple((i % 2 + 1, shown_text(text), i in blamed) for i, text in enumerate(c.utterances))
        views.append(
            ContenderView(
                c.id,
                heading,
                c.status,
                shown_text(c.by),
                shown_text(c.reason),
                c.winner,
                c.stands,
                said,
                verdict_views(c.verdicts),
            )
        )
    return tuple(views)


def votes_of(
    comparisons: Sequence[Comparison], conversation: Conversation
) -> tuple[tuple[str, int, int, int, tuple[str, ...]], ...]:
    """By expert: comparisons that the winner won, tied and lost, and the reasons given, of which the first five."""
    winner = conversation.candidate.id
    found: dict[str, list[int]] = {}
    reasons: dict[str, list[str]] = {}
    for c in comparisons:
        if winner not in (c.first, c.second):
            continue
        row = found.setdefault(c.expert, [0, 0, 0])
        chosen = {"first": c.first, "second": c.second}.get(c.winner)
        row[1 if chosen is None else 0 if chosen == winner else 2] += 1
        if c.reason:
            reasons.setdefault(c.expert, []).append(shown_text(c.reason))
    return tuple(
        (shown_text(name), won, tied, lost, _first(reasons.get(name, []))) for name, (won, tied, lost) in found.items()
    )


def _first(reasons: Sequence[str], most: int = 5) -> tuple[str, ...]:
    more = len(reasons) - most
    return (*reasons[:most], *([f"and {more} more"] if more > 0 else []))
