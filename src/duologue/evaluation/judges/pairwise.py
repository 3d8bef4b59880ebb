"""Judge ``pairwise``: which of two conversations is better, one of each data set, shown in both orders."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from duologue.backends.protocol import Caller
from duologue.conversations.critic.experts.judging import FORMS, ask, probabilities, transcript_text
from duologue.conversations.critic.experts.quality_judge import OPTIONS
from duologue.errors import ItemFailed
from duologue.evaluation.bootstrap import Sums, interval
from duologue.evaluation.records import PairwiseReport
from duologue.evaluation.view import View
from duologue.prompts import as_data, load

QUESTIONS: Mapping[str, str] = {
    "better": "Which one is the better conversation between two people who get to know each other?",
    "human": "Which one is more likely to have been written by two real people?",
}
"""The second is the paper's human test (section 5.2), asked of a model."""
_MARGIN = 0.1
"""A smaller lead in probability is no preference, as for the Critic's judges."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two conversations to be compared."""

    first: View
    second: View
    same_users: bool


@dataclass(frozen=True, slots=True)
class Preference:
    """What the judge said of one match. Shares are in [0, 1]; a tie counts half."""

    ours_first: float
    """Of the first data set's conversation, when it was shown first."""
    ours_second: float
    """Of it, when it was shown second."""

    @property
    def outcome(self) -> int:
        """1 when both orders prefer the first data set, -1 when both prefer the other, else 0."""
        said = {_side(self.ours_first), _side(self.ours_second)}
        return said.pop() if len(said) == 1 else 0

    @property
    def flipped(self) -> bool:
        """Whether the two orders name different conversations."""
        return _side(self.ours_first) * _side(self.ours_second) < 0

    @property
    def to_the_first_shown(self) -> float:
        """The share that went to whichever was shown first; 0.5 without position bias."""
        return (self.ours_first + 1.0 - self.ours_second) / 2.0


def matches(first: Sequence[View], second: Sequence[View], most: int, seed: int) -> list[Match]:
    """At most ``most`` pairs of conversations, those of the same two users before others, each conversation once."""
    of_users: dict[bytes, View] = {}
    for view in second:
        of_users.setdefault(view.cluster, view)
    shared = [Match(view, of_users[view.cluster], True) for view in _once(first) if view.cluster in of_users]
    shared.sort(key=lambda m: hashlib.blake2b(b"%d" % seed + m.first.cluster, digest_size=8).digest())
    shared = shared[:most]
    taken = {id(v) for m in shared for v in (m.first, m.second)}
    others = zip((v for v in first if id(v) not in taken), (v for v in second if id(v) not in taken), strict=False)
    return [*shared, *(Match(one, other, False) for one, other in others)][:most]


def _once(views: Iterable[View]) -> list[View]:
    """The first view of each pair of users."""
    return list({view.cluster: view for view in reversed(list(views))}.values())[::-1]


class PairwiseJudge:
    """Asks about matches, two calls a question."""

    name = "pairwise"

    def __init__(self, caller: Caller, *, seed: int) -> None:
        self._caller = caller
        self._seed = seed
        self._prompt = load("judge_quality")

    async def compare(self, match: Match, question: str) -> Preference:
        """Ask in both orders. Raises ItemFailed when an answer can't be had or read."""
        one, other = (transcript_text(v.candidate.utterances) for v in (match.first, match.second))
        forward, backward = await asyncio.gather(self._ask(one, other, question), self._ask(other, one, question))
        return Preference(forward, 1.0 - backward)

    async def _ask(self, first: str, second: str, question: str) -> float:
        """The share of the conversation shown first."""
        messages = self._prompt.messages(first=first, second=second, question=QUESTIONS[question], form=FORMS[False])
        options = ("A", "B", "Tie")
        answer = await ask(self._caller, "judge.pairwise", messages, options=options, seed=self._seed)
        said = probabilities(answer, OPTIONS)
        if not said:
            raise ItemFailed(f"the answer {as_data(answer.text)[:60]!r} is no verdict")
        return said["first"] + said["tie"] / 2.0


def summary(
    names: tuple[str, str], question: str, asked: Sequence[tuple[Match, Preference | None]], seed: int
) -> PairwiseReport:
    """Wins, ties and losses of the first data set, its lead and the position bias; a None is a match that failed."""
    sums = Sums(("win", "loss", "place", "flip"), seed)
    for match, said in asked:
        if said is not None:
            values = (said.outcome > 0, said.outcome < 0, said.to_the_first_shown, said.flipped)
            sums.add(match.first.cluster, [(float(value), 1.0) for value in values])
    made = sums.estimates([(0.0, 1.0)] * 4)
    win, loss, place, flip = (made[name] for name in ("win", "loss", "place", "flip"))
    held = [(match, said) for match, said in asked if said is not None]
    lead = low = high = bias = bias_low = bias_high = None
    if win is not None and loss is not None and place is not None:
        lead, bias = win.value - loss.value, place.value
        # Matches of few pairs of users tell nothing of chance.
        if win.replicates is not None and loss.replicates is not None:
            low, high = (float(x) for x in np.clip(interval(np.asarray(win.replicates - loss.replicates)), -1.0, 1.0))
            bias_low, bias_high = place.low, place.high
    return PairwiseReport(
        first=names[0],
        second=names[1],
        question=question,
        asked=QUESTIONS[question],
        n=len(held),
        same_users=sum(match.same_users for match, _ in held),
        failed=len(asked) - len(held),
        wins=sum(said.outcome > 0 for _, said in held),
        ties=sum(said.outcome == 0 for _, said in held),
        losses=sum(said.outcome < 0 for _, said in held),
        lead=lead,
        low=low,
        high=high,
        first_shown=bias,
        first_shown_low=bias_low,
        first_shown_high=bias_high,
        flipped=flip.value if flip is not None else None,
    )


def _side(share: float) -> int:
    lead = 2.0 * share - 1.0
    return 0 if abs(lead) < _MARGIN else 1 if lead > 0 else -1
