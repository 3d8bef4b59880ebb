"""Human likeness: how much of the persona shows, and how far a data set lies from a reference of human conversations.

Too much persona is as unlike people as too little, as Eval4Sim (arXiv 2603.02876) argues, so these have no better side
of their own: the nearer to the reference the better.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from duologue.evaluation.protocol import Described, Direction, Group
from duologue.evaluation.reference import act_shares, lengths, moments, root
from duologue.evaluation.sized import Sized
from duologue.evaluation.view import SPEAKERS, View
from duologue.models.protocol import Floats
from duologue.records import Speaker

PROFILES = 20
Array = npt.NDArray[np.float64]


class _Likeness(Described):
    group: Group = "likeness"
    direction: Direction = "human"


class PersonaRank(_Likeness):
    """Mean reciprocal rank of a user's own profile among 20 different ones (19 of other users of the sample), by how near
    its attributes come to what this user says: the mean over attributes of the greatest cosine to an utterance.
    """

    source = "after Eval4Sim (arXiv 2603.02876), adherence"
    needs = frozenset(("embedder",))
    unit = "score"

    def __init__(self, speaker: Speaker) -> None:
        self.name = f"persona_rank_user_{speaker}"
        self.title = f"own profile's rank (MRR), user {speaker}"
        self._speaker = speaker

    def figure(self, views: Sequence[View]) -> float | None:
        """None for fewer than 40 conversations with profiles, or 20 different profiles."""
        held = [v for v in views if v.dialogue.profile(self._speaker) and v.dialogue.said_by(self._speaker)]
        profiles: dict[tuple[str, ...], Floats] = {}
        for view in held:
            key = tuple(sorted(view.dialogue.profile(self._speaker)))
            if key not in profiles:
                profiles[key] = _own(view, self._speaker)
        if len(held) < 2 * PROFILES or len(profiles) < PROFILES:
            return None
        keys = list(profiles)
        total = 0.0
        for view in held:
            said = view.vectors[[i for i, _ in view.dialogue.said_by(self._speaker)]]
            stream = random.Random(f"{view.dialogue.id}/rank")
            mine = tuple(sorted(view.dialogue.profile(self._speaker)))
            others = [key for key in stream.sample(keys, PROFILES) if key != mine][: PROFILES - 1]
            scores = [float((profiles[key] @ said.T).max(axis=1).mean()) for key in (mine, *others)]
            total += 1.0 / (1 + sum(score >= scores[0] for score in scores[1:]))
        return total / len(held)


class Authorship(_Likeness):
    """How much more alike what one user says in two conversations is than what two users say: the mean cosine of the
    centred mean vectors of their utterances, same user less different users. Needs users who talk more than once.
    """

    name = "authorship"
    title = "one user's likeness over conversations"
    unit = "cosine"
    range = (-2.0, 2.0)
    source = "after Eval4Sim (arXiv 2603.02876), consistency"
    needs = frozenset(("embedder",))
    direction = "human"

    def figure(self, views: Sequence[View]) -> float | None:
        """None for fewer than ten users who stand in two conversations of the sample."""
        voices: dict[tuple[str, ...], list[Floats]] = {}
        everything: list[Floats] = []
        for view in views:
            for speaker in SPEAKERS:
                profile, said = view.dialogue.profile(speaker), view.dialogue.said_by(speaker)
                if profile and said:
                    voice = view.vectors[[i for i, _ in said]].mean(axis=0)
                    voices.setdefault(tuple(sorted(profile)), []).append(voice)
                    everything.append(voice)
        if sum(len(own) > 1 for own in voices.values()) < 10:
            return None
        centre = np.mean(everything, axis=0)
        same: list[float] = []
        firsts: list[Floats] = []
        for own in voices.values():
            unit = [(v - centre) / max(1e-9, float(np.linalg.norm(v - centre))) for v in own]
            firsts.append(unit[0])
            same += [float(a @ b) for i, a in enumerate(unit) for b in unit[i + 1 :]]
        stacked = np.stack(firsts)
        n = len(stacked)
        different = (float(np.square(stacked.sum(axis=0)).sum()) - n) / (n * (n - 1))
        return sum(same) / len(same) - different


class Frechet(Sized):
    """Frechet distance between the sentence vectors of the sample's utterances and those of the reference, both taken as
    normal distributions; 0 for the same distribution.
    """

    group: Group = "likeness"
    name = "frechet"
    title = "Frechet distance to the reference"
    unit = "score"
    range = (0.0, math.inf)
    direction = "lower"
    source = "Heusel et al. (2017); on sentence vectors as in Semeniuta et al. (2018)"
    needs = frozenset(("embedder",))
    counted = "utterances"
    least = 1000

    def __init__(self) -> None:
        super().__init__()
        self._root: Array | None = None

    def size(self, view: View) -> int:
        """Its utterances."""
        return len(view)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None without a reference, or for fewer than 500 utterances (the covariance needs more than dimensions)."""
        reference = views[0].roles.reference if views else None
        if reference is None or reference.mean is None or reference.covariance is None:
            return None
        if sum(map(len, views)) < 500:
            return None
        if self._root is None:
            self._root = root(reference.covariance)
        return frechet_from(*moments(views), reference.mean, reference.covariance, self._root)


class LengthDistance(_Likeness):
    """Wasserstein distance, in words, between the lengths of the sample's utterances and the reference's."""

    name = "length_distance"
    title = "distance of utterance lengths"
    unit = "words"
    range = (0.0, math.inf)
    direction = "lower"
    source = "Wasserstein distance of one dimension"

    def figure(self, views: Sequence[View]) -> float | None:
        """None without a reference."""
        reference = views[0].roles.reference if views else None
        return wasserstein(lengths(views), reference.lengths) if reference is not None else None


class ActDistance(_Likeness):
    """Jensen-Shannon distance (base 2) between the shares of dialogue acts in the sample and in the reference; acts by
    rule: greeting, goodbye, question, answer, agreement, statement about oneself, other statement.
    """

    name = "act_distance"
    title = "distance of dialogue acts"
    direction = "lower"
    unit = "score"
    source = "Lin (1991), Divergence measures based on the Shannon entropy"

    def figure(self, views: Sequence[View]) -> float | None:
        """None without a reference."""
        reference = views[0].roles.reference if views else None
        return jensen_shannon(act_shares(views), reference.acts) if reference is not None else None


def frechet(mean_1: Array, covariance_1: Array, mean_2: Array, covariance_2: Array) -> float:
    """Squared distance of the means plus the trace of C1 + C2 - 2 (C1 C2)^(1/2)."""
    return frechet_from(mean_1, covariance_1, mean_2, covariance_2, root(covariance_2))


def frechet_from(mean_1: Array, covariance_1: Array, mean_2: Array, covariance_2: Array, root_2: Array) -> float:
    """Like :func:`frechet`, with the symmetric root of ``covariance_2`` known."""
    # The trace of the root of C1 C2 is that of the symmetric root(C2) C1 root(C2).
    shared = np.linalg.eigvalsh(root_2 @ covariance_1 @ root_2)
    cross = float(np.sqrt(np.clip(shared, 0.0, None)).sum())
    gap = float(np.square(mean_1 - mean_2).sum())
    return max(0.0, gap + float(np.trace(covariance_1) + np.trace(covariance_2)) - 2.0 * cross)


def wasserstein(first: Sequence[float], second: Sequence[float]) -> float:
    """The mean distance between equal quantiles of two samples: the area between their distribution functions."""
    a, b = np.sort(np.asarray(first, dtype=np.float64)), np.sort(np.asarray(second, dtype=np.float64))
    places = np.sort(np.concatenate([a, b]))
    below_a = np.searchsorted(a, places[:-1], side="right") / len(a)
    below_b = np.searchsorted(b, places[:-1], side="right") / len(b)
    return float(np.sum(np.abs(below_a - below_b) * np.diff(places)))


def jensen_shannon(first: Sequence[float], second: Sequence[float]) -> float:
    """The distance (root of the divergence in bits) of two distributions, in [0, 1]."""
    p, q = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    middle = (p + q) / 2

    def relative(a: Array) -> float:
        held = a > 0
        return float(np.sum(a[held] * np.log2(a[held] / middle[held])))

    return math.sqrt(max(0.0, (relative(p) + relative(q)) / 2))


def _own(view: View, speaker: Speaker) -> Floats:
    rows = [i for i, (s, _) in enumerate(view.attributes) if s == speaker]
    return view.attribute_vectors[rows]
