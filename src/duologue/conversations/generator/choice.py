"""Which of several draws of an utterance is said: a small, explainable score, no language model.

A small model's draws differ more than a large one's, so choosing among them helps it most. The score adds up what a
good reply has (its writer was sure of it, it is near what was just said, it resembles the other draws, the planned
attribute comes out in it, or without plans any that has not come out yet) and takes off what a bad one has, length among
it. It asks what the Critic will ask: does it contradict the speaker's profile or words, does it take over what the partner said of
themselves, does it say again what was said. It also takes off for big facts that no profile holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duologue.conversations.critic.evidence.cells import Inference, cells
from duologue.conversations.critic.evidence.heads import Heads, shipped_heads
from duologue.conversations.critic.evidence.own_words import claim_pairs
from duologue.conversations.critic.evidence.readings import Reading, readings
from duologue.conversations.critic.evidence.reversal import reverses
from duologue.conversations.critic.evidence.swaps import swap_features
from duologue.conversations.critic.evidence.wording import claims
from duologue.conversations.generator.plan import SHARE, asks, carries
from duologue.facts.stated import facts
from duologue.models.protocol import Embedder, Floats, Nli
from duologue.records import Attribute, Pair, Speaker
from duologue.text import content_words, is_question, normalise, sentences

SURENESS, FITTING, AGREEMENT, PLANNED, OPEN = 6.0, 0.5, 1.5, 1.5, 0.4
CONTRADICTION, SWAP, REPETITION, INVENTION, LENGTH, ENDING = 3.0, 2.0, 1.5, 0.7, 1.2, 0.6
"""Weights of the parts; a self-contradiction weighs as one of the profile. An open attribute, which nothing planned here, is
worth less than fitting and agreement, so that none is dragged in. Sureness, fitting, agreement and length were weighed on
draws that were marked by reading (``training/generator/marked_draws*.jsonl``, see BENCHMARKS.md)."""
LONG = 40
"""Words from which more cost nothing further."""
ENOUGH = 0.5
"""Similarity to the last utterance from which more adds nothing, for a reply that only echoes is no better."""
ALIKE = 0.7
"""Similarity to an earlier utterance from which a draw counts as saying it again."""
TAKEN = 0.75
"""Similarity of a claim to a claim of the partner's from which it takes that over."""

SLIP = 0.2
"""Probability from which a draw counts as a slip. The Critic refuses from 0.5 on, but here a false alarm costs a draw only."""
REVERSED = 0.3
"""Probability that a draw contradicts what it turns round by its words."""
SHARED = 0.5
"""Similarity of the partner's claim to the speaker's own profile from which "me too" is true."""
SAME_OPENING = 0.6
"""How much of a repetition it is to begin with the two words an earlier utterance began with."""
SENTENCE = 4
"""Fewest words of a sentence that is not to be said again, by either speaker."""
ECHO = re.compile(
    r"^\W*(me,? (too|neither|either)|same( here)?\b|so (do|am|have|did|was|would|can) i\b"
    r"|(neither|nor) (do|am|have|did|was|would|can) i\b|i (do|am|have|did|was|would|can),? too\b|likewise)",
    re.IGNORECASE,
)
"""Openings that claim for oneself what the partner just said."""
ANSWER = re.compile(
    r"^\W*((i am|i'm) (doing|sorry|glad|(so |very |also )*(good|fine|great|well)\b)|i (know|agree|see)\b|thank|noted\b|really\b|yes\b|no\b|sure\b"
    r"|that( is|'s|'ll| will| sounds)|you('re| are| should)\b|me,? (too|neither)|same here|(so|neither|nor) (do|am) i\b)"
    r"|\b(thanks for asking|glad (to hear|that you|you)|too[.!]*$)",
    re.IGNORECASE,
)
"""First words that answer somebody, so that they begin no conversation."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the draws stand."""

    pair: Pair
    said: tuple[str, ...]
    """Both speakers' utterances so far, in order."""
    planned: str | None = None
    """The attribute that was to come out."""
    last: bool = False
    """Whether the conversation ends with this utterance."""
    open: tuple[str, ...] = ()
    """Where utterances are not planned: the speaker's attributes that have not come out."""

    @property
    def speaker(self) -> Speaker:
        """Who speaks."""
        return 1 if len(self.said) % 2 == 0 else 2


@dataclass(frozen=True, slots=True)
class Scored:
    """A draw with its parts, each in [0, 1], and their weighted sum."""

    text: str
    sureness: float = 0.0
    """See :data:`Sure`; 0 where it is not known."""
    fitting: float = 0.0
    agreement: float = 0.0
    """Mean similarity to the other distinct draws, 1 where there is none: what all draws say the model is surer of."""
    planned: float = 0.0
    opened: float = 0.0
    contradiction: float = 0.0
    swap: float = 0.0
    repetition: float = 0.0
    invention: float = 0.0
    length: float = 0.0
    ending: float = 0.0

    @property
    def slips(self) -> bool:
        """Whether it may be a contradiction or a swap, so that another draw is worth its cost."""
        return max(self.contradiction, self.swap) >= SLIP

    @property
    def rank(self) -> tuple[bool, float]:
        """Orders draws: all that do not slip before those that do, then by total."""
        return not self.slips, self.total

    @property
    def total(self) -> float:
        """Higher is better."""
        return (
            SURENESS * self.sureness
            + FITTING * self.fitting
            + AGREEMENT * self.agreement
            + PLANNED * self.planned
            + OPEN * self.opened
            - CONTRADICTION * self.contradiction
            - SWAP * self.swap
            - REPETITION * self.repetition
            - INVENTION * self.invention
            - LENGTH * self.length
            - ENDING * self.ending
        )


Sure = Mapping[str, float]
"""By draw: how likely its writer held its tokens, their geometric mean, in (0, 1]. Of all parts it tells most about marks."""


def sureness(logprobs: Sequence[float]) -> float:
    """The value of :data:`Sure` for the log probabilities of a draw's tokens; 0 for none."""
    return math.exp(min(0.0, math.fsum(logprobs) / len(logprobs))) if logprobs else 0.0


def score_draws(
    draws: Sequence[str], situation: Situation, *, embedder: Embedder, nli: Nli, sure: Sure | None = None
) -> list[Scored]:
    """Score each draw. Some 10 inference pairs a draw."""
    judge = _Judge(situation, embedder, nli)
    return [judge(scored) for scored in _at_best(draws, situation, embedder, sure or {})]


Judged = dict[str, tuple[float, float]]
"""By draw: the probabilities by inference that it contradicts its speaker, and that it takes over what is the partner's."""


def choose(
    draws: Sequence[str],
    situation: Situation,
    *,
    embedder: Embedder,
    nli: Nli,
    sure: Sure | None = None,
    judged: Judged | None = None,
) -> Scored:
    """Return the draw of :func:`score_draws` that ranks highest, the first of equals; ``draws`` holds at least one.

    Inference only ever takes off, so draws that can't reach the best one found so far are not asked about. ``judged`` keeps
    what inference said between the choices of one utterance.
    """
    judge = _Judge(situation, embedder, nli, judged)
    hopes = _at_best(draws, situation, embedder, sure or {})
    best: tuple[tuple[bool, float], int, Scored] | None = None
    for index in sorted(range(len(hopes)), key=lambda i: hopes[i].rank, reverse=True):
        if best is not None and hopes[index].rank < best[0]:
            break
        found = judge(hopes[index])
        if best is None or (found.rank, -index) > best[:2]:
            best = (found.rank, -index, found)
    assert best is not None
    return best[2]


def _at_best(draws: Sequence[str], situation: Situation, embedder: Embedder, sure: Sure) -> list[Scored]:
    """Scores of draws by words and vectors: no inference."""
    said = situation.said
    vectors = embedder.embed([*draws, *said])
    new, earlier = vectors[: len(draws)], vectors[len(draws) :]
    follows, agreeing = _fitting(draws, new, earlier, said), _agreeing(new)
    before = frozenset(sentence for text in said for sentence in _flat(text))
    return [
        Scored(
            text=draw,
            sureness=sure.get(draw, 0.0),
            fitting=follows[index],
            agreement=agreeing[index],
            planned=_came_out(draw, situation.planned),
            opened=max((_came_out(draw, attribute) for attribute in situation.open), default=0.0),
            contradiction=REVERSED * _turns_round(draw, situation),
            swap=_takes_over(draw, situation, embedder),
            repetition=max(
                max(0.0, _most(earlier @ new[index]) - ALIKE) / (1.0 - ALIKE),
                _opens_alike(draw, said),
                float(not before.isdisjoint(_flat(draw))),
            ),
            invention=_invents(readings((*said, draw), len(said)), situation),
            length=min(1.0, len(draw.split()) / LONG),
            ending=float(situation.last and asks(draw)),
        )
        for index, draw in enumerate(draws)
    ]


class _Judge:
    """Adds to a score what inference says of the draw beside both profiles and its speaker's own words."""

    def __init__(self, situation: Situation, embedder: Embedder, nli: Nli, known: Judged | None = None) -> None:
        self._situation = situation
        self._known: Judged = {} if known is None else known
        self._embedder = embedder
        self._inference = Inference(nli)
        self._heads = shipped_heads()
        said = situation.said
        self._own = [r for i in range(len(said) % 2, len(said), 2) for r in readings(said, i)]

    def __call__(self, scored: Scored) -> Scored:
        if scored.text not in self._known:
            self._known[scored.text] = self._asked(scored.text)
        denied, swapped = self._known[scored.text]
        return replace(scored, contradiction=max(denied, scored.contradiction), swap=max(swapped, scored.swap))

    def _asked(self, text: str) -> tuple[float, float]:
        said = self._situation.said
        told = readings((*said, text), len(said))
        denied, swapped = _beside_profiles(told, self._situation, self._embedder, self._inference, self._heads)
        return max(denied, _denies_self(self._own, told, self._embedder, self._inference, self._heads)), swapped


def _fitting(draws: Sequence[str], new: Floats, earlier: Floats, said: Sequence[str]) -> list[float]:
    if not said:
        return [float(not ANSWER.search(draw)) for draw in draws]
    return [min(ENOUGH, max(0.0, float(earlier[-1] @ vector))) / ENOUGH for vector in new]


def _agreeing(vectors: Floats) -> list[float]:
    """Mean similarity of each draw to the others, at least 0; 1 for a draw that stands alone."""
    if len(vectors) == 1:
        return [1.0]
    alike = vectors @ vectors.T
    means = (alike.sum(axis=1) - alike.diagonal()) / (len(vectors) - 1)
    return [max(0.0, float(mean)) for mean in means]


def _came_out(draw: str, planned: str | None) -> float:
    """1 when the attribute came out, its share of words before that, below one half; 0 without one."""
    if planned is None:
        return 0.0
    if carries(draw, planned):
        return 1.0
    held = set(content_words(planned))
    told = " ".join(s for s in sentences(draw) if not is_question(s))
    return min(SHARE, len(held & set(content_words(told))) / max(1, len(held)))


def _beside_profiles(
    told: Sequence[Reading], situation: Situation, embedder: Embedder, inference: Inference, heads: Heads
) -> tuple[float, float]:
    """Probabilities that a draw contradicts the speaker's profile, and that it takes over the partner's."""
    speakers: tuple[Speaker, Speaker] = (1, 2)
    attributes: list[tuple[Speaker, Attribute]] = [(s, a) for s in speakers for a in situation.pair.user(s).attributes]
    found = cells(attributes, told, embedder, inference)
    shares = heads.cell.probabilities([c.features for c in found])
    own = [i for i, cell in enumerate(found) if cell.owner == cell.speaker]
    supported = shares[:, heads.cell.classes.index("supported")].tolist()
    swaps = swap_features(found, supported, attributes, embedder)
    sure = heads.swap.probabilities([features for _, features in swaps])
    return (
        _most(shares[own, heads.cell.classes.index("contradicted")]),
        _most(sure[:, heads.swap.classes.index("swap")]),
    )


def _denies_self(
    own: Sequence[Reading], told: Sequence[Reading], embedder: Embedder, inference: Inference, heads: Heads
) -> float:
    here = {r.text for r in told}
    pairs = [p for p in claim_pairs([*own, *told], embedder, inference) if p.second.text in here]
    shares = heads.own.probabilities([p.features for p in pairs])
    return _most(shares[:, heads.own.classes.index("contradicted")])


def _turns_round(draw: str, situation: Situation) -> bool:
    held = [a.text for a in situation.pair.user(situation.speaker).attributes]
    own = situation.said[len(situation.said) % 2 :: 2]
    return any(reverses(draw, text) for text in (*held, *own))


def _takes_over(draw: str, situation: Situation, embedder: Embedder) -> float:
    """1 for a claim that nearly repeats one of the partner's and is no nearer to the speaker's own profile.

    "Me too" is such a claim too, unless the profile holds something like what the partner just said.
    """
    partner = situation.said[1 - len(situation.said) % 2 :: 2] if situation.said else ()
    theirs = [s for text in partner for s in sentences(text) if claims(s)]
    mine = [s for s in sentences(draw) if claims(s)]
    held = [a.text for a in situation.pair.user(situation.speaker).attributes]
    just_said = [s for s in sentences(partner[-1]) if claims(s)] if partner and ECHO.match(draw) else []
    if just_said:
        vectors = embedder.embed([*just_said, *held])
        if _most(vectors[: len(just_said)] @ vectors[len(just_said) :].T) < SHARED:
            return 1.0
    if not theirs or not mine:
        return 0.0
    vectors = embedder.embed([*mine, *theirs, *held])
    new = vectors[: len(mine)]
    taken = (new @ vectors[len(mine) : len(mine) + len(theirs)].T).max(axis=1)
    known = (new @ vectors[len(mine) + len(theirs) :].T).max(axis=1) if held else np.zeros(len(mine))
    return float(bool(((taken >= TAKEN) & (taken > known)).any()))


def _opens_alike(draw: str, said: Sequence[str]) -> float:
    first = draw.lower().split()[:2]
    return SAME_OPENING if any(text.lower().split()[:2] == first for text in said) else 0.0


def _flat(text: str) -> frozenset[str]:
    """The longer sentences of a text, without marks and capitals."""
    return frozenset(sentence for sentence in map(normalise, sentences(text)) if len(sentence.split()) >= SENTENCE)


def _invents(told: Sequence[Reading], situation: Situation) -> float:
    """1 for a fact of an exclusive category (job, age, family, pets, home) that neither profile nor own words hold."""
    known = {f.kind for a in situation.pair.user(situation.speaker).attributes for f in facts(a.text)}
    own = situation.said[len(situation.said) % 2 :: 2]
    known |= {f.kind for text in own for s in sentences(text) for f in facts(s)}
    # To have none of something is no invention, and neither is a meal.
    new = {f for r in told for f in facts(r.text) if f.kind not in known and f.kind != "meat" and f.value != "-"}
    return float(bool(new))


def _most(values: Floats) -> float:
    return max(0.0, float(values.max())) if values.size else 0.0
