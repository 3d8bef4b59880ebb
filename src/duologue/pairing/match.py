"""Level 2, user pairing: who talks to whom (paper, section 3.3)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from duologue.config.sections import PairingConfig, SplitsConfig
from duologue.errors import ImpossibleRequest
from duologue.export.splits import SPLITS, Split, assign_splits, split_users
from duologue.models.protocol import Embedder, Floats
from duologue.pairing.alike import Alike
from duologue.pairing.commonality import shared_attributes
from duologue.pairing.earlier import Earlier
from duologue.pairing.embedding import mean_vectors
from duologue.pairing.policies import make_policy
from duologue.pairing.protocol import Edge, EdgeTable, PairingPolicy
from duologue.records import Outcome, Pair, Profile, make_id
from duologue.store.protocol import Ledger

PARTNERS = 32
"""Best partners asked of a policy for each free user, beside those it has met; fixed, because results depend on it."""


_MATCH = np.dtype([("i", np.int32), ("j", np.int32), ("score", np.float64), ("rank", np.int8)])
"""Two users by their places, and who found them: 0 the asked policy, 1 the fallback."""
_EDGE = np.dtype([("loss", np.float64), ("tie", np.float64), ("i", np.int32), ("j", np.int32)])
"""What may become a match; the smallest ``loss``, that is the negative score, first."""
_LOOK = 65_536
"""Edges from which the taken users are sorted out at once."""


class Pairs(Sequence[Pair]):
    """The pairs of a run in their order, each made when it is looked at.

    Users are kept, pairs are not: a run holds a few bytes for each of its pairs.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        matches: npt.NDArray[np.void],
        policies: Sequence[str],
        splits: Sequence[Split],
        seed: int,
        first: int = 0,
    ) -> None:
        """``first`` is the index of the first pair."""
        self._first = first
        self._profiles = profiles
        self._matches = matches
        self._policies = policies
        self._splits = bytes(SPLITS.index(split) for split in splits)
        self._seed = seed

    def __len__(self) -> int:
        return len(self._matches)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Pair, ...]: ...
    def __getitem__(self, index: int | slice) -> Pair | tuple[Pair, ...]:
        places = range(len(self))[index]
        return self._make(places) if isinstance(places, int) else tuple(self._make(place) for place in places)

    @property
    def users(self) -> frozenset[int]:
        """The places of the profiles that stand in a pair."""
        return frozenset(self._matches["i"].tolist()) | frozenset(self._matches["j"].tolist())

    def _make(self, index: int) -> Pair:
        i, j, score, rank = self._matches[index].item()
        first, second = sorted((self._profiles[i], self._profiles[j]), key=lambda p: p.id)
        if random.Random(f"{self._seed}/pairing/{first.id}/{second.id}").random() < 0.5:
            first, second = second, first
        return Pair(
            make_id("p", first.id, second.id),
            self._first + index,
            first,
            second,
            self._policies[rank],
            score,
            shared_attributes(first, second),
            SPLITS[self._splits[index]],
        )


def users_needed(config: PairingConfig) -> int:
    """Return how many profiles ``config.pairs`` pairs take.

    With several pairs per user, some profiles to spare are counted in: greedy matching inside splits leaves a few
    users short of their most.
    """
    k = config.pairs_per_user
    tight = max(2, -(-2 * config.pairs // k))
    return tight if k == 1 else max(tight + len(SPLITS) * k, 2 * len(SPLITS) + k)


def pair_users(
    profiles: Sequence[Profile],
    *,
    config: PairingConfig,
    embedder: Embedder,
    ledger: Ledger,
    splits: SplitsConfig,
    seed: int,
    earlier: Earlier | None = None,
) -> Pairs:
    """Return ``config.pairs`` pairs, the strongest first, each with its split.

    Pairs are taken greedily by score, ties broken by ``seed``; no one meets itself or the same user twice, and each user
    stands in at most ``config.pairs_per_user`` pairs. What ``config.policy`` can't find, ``config.fallback`` does. No
    user crosses a split: with one pair per user pairs are split afterwards, else users first, and pairs are found inside
    a split. With ``earlier``, its users may be met as well: they keep their splits, whoever meets them joins theirs, and
    in every pair at least one user is new. Two users who are nearly the same (``config.max_alike``) meet only when nobody else
    is left: persona collections hold many copies, and a talk with oneself tells little. Items of stage ``pair``: each pair, and each user left without one. Raises :class:`ImpossibleRequest` when
    fewer pairs are found than asked, :class:`ConfigError` when there is no such policy.
    """
    names = [config.policy] + ([config.fallback] if config.fallback and config.fallback != config.policy else [])
    policies = [make_policy(name, config, field) for name, field in zip(names, ("policy", "fallback"), strict=False)]
    earlier = earlier or Earlier()
    n, k, old = len(profiles), config.pairs_per_user, len(earlier.users)
    refuse_impossible(n, old, config)
    everybody = [*earlier.users, *profiles]
    matcher = _Matcher(everybody, policies, config, embedder, seed, old)
    if k == 1:
        matcher.match(range(len(everybody)), config.pairs)
        matcher.match(range(len(everybody)), config.pairs - matcher.found, alike=True)
        ordered = matcher.ordered()
        of_pairs = _of_pairs([(everybody[m["i"]].id, everybody[m["j"]].id) for m in ordered], earlier, splits, seed)
    else:
        of_users = {**split_users([p.id for p in profiles], splits, seed), **earlier.splits}
        pools = {split: [i for i, p in enumerate(everybody) if of_users[p.id] == split] for split in SPLITS}
        quotas = _quotas(config.pairs, {split: len(pool) for split, pool in pools.items()})
        for split, pool in pools.items():
            matcher.match(pool, quotas[split])
        for alike in (False, True):
            for pool in pools.values():
                matcher.match(pool, config.pairs - matcher.found, alike=alike)
        ordered = matcher.ordered()
        of_pairs = [of_users[everybody[i].id] for i in ordered["i"]]
    if len(ordered) < config.pairs:
        raise ImpossibleRequest(_too_few(len(ordered), len(everybody), config))
    pairs = Pairs(everybody, ordered, [policy.name for policy in policies], of_pairs, seed, earlier.pairs)
    _record(pairs, everybody, old, ledger)
    return pairs


def refuse_impossible(n: int, old: int, config: PairingConfig) -> None:
    """Raise :class:`ImpossibleRequest` when ``n`` new profiles, beside ``old`` ones, can't make the pairs that are wanted."""
    k = config.pairs_per_user
    most = n * min(k, n - 1) // 2 if not old else n * min(k, n - 1 + old)
    if most < config.pairs:
        raise ImpossibleRequest(
            f"{n} {'new ' if old else ''}profiles make at most {most} pairs where each takes part in at most {k}, and "
            f"{config.pairs} are asked for: lower pairing.pairs, raise pairing.pairs_per_user, or give more profiles"
        )


def _of_pairs(pairs: Sequence[tuple[str, str]], earlier: Earlier, splits: SplitsConfig, seed: int) -> list[Split]:
    """Splits where each user stands in one new pair: an earlier user's own, the others by share."""
    fixed: list[Split | None] = [earlier.splits.get(one) or earlier.splits.get(other) for one, other in pairs]
    free = iter(assign_splits([pair for pair, split in zip(pairs, fixed, strict=True) if split is None], splits, seed))
    return [next(free) if split is None else split for split in fixed]


class _Matcher:
    """Takes pairs greedily and keeps count of who has met whom."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        policies: Sequence[PairingPolicy],
        config: PairingConfig,
        embedder: Embedder,
        seed: int,
        old: int = 0,
    ) -> None:
        """The first ``old`` of the profiles never meet each other."""
        self.found = 0
        self._old = old
        self._matches = np.zeros(config.pairs, dtype=_MATCH)
        self._profiles = profiles
        self._policies = policies
        self._most = config.pairs_per_user
        self._embedder = embedder
        self._rng = random.Random(f"{seed}/pairing")
        self._met: set[int] = set()
        """Two users' places as one number."""
        self._alike = Alike(profiles, config.max_alike)
        self._any = False
        """Whether users who are nearly the same may meet: only when there is nobody else."""
        self._spared = False
        """Whether two users did not meet because they are nearly the same."""
        self._uses = [0] * len(profiles)
        self._free = np.full(len(profiles), config.pairs_per_user > 0)
        self._vectors: Floats | None = None

    def match(self, pool: Sequence[int], quota: int, *, alike: bool = False) -> None:
        """Find up to ``quota`` more pairs among the users of ``pool``, by each policy in turn."""
        self._any, self._spared = alike, False
        goal = self.found + quota
        for rank, policy in enumerate(self._policies):
            while self.found < goal:
                free = [i for i in pool if self._uses[i] < self._most]
                # Who has no free partner left in its list gets a new list, of those still free.
                if len(free) < 2 or not self._take(policy, rank, free, goal):
                    break
        if self._spared:
            self._match_mixed(pool, goal)

    def _match_mixed(self, pool: Sequence[int], goal: int) -> None:
        """Look for pairs inside small random groups, where a policy names everybody.

        Of somebody with many copies the best partners are the copies alone, and others who are free are not named.
        """
        for rank, policy in enumerate(self._policies):
            before = -1
            while before < self.found < goal:
                before = self.found
                free = [i for i in pool if self._uses[i] < self._most]
                self._rng.shuffle(free)
                for start in range(0, len(free) - 1, PARTNERS):
                    self._take(policy, rank, sorted(free[start : start + PARTNERS]), goal)

    def ordered(self) -> npt.NDArray[np.void]:
        """All pairs found: those of the asked policy first, the strongest first."""
        found = self._matches[: self.found]
        return found[np.lexsort((-found["score"], found["rank"]))]

    def _take(self, policy: PairingPolicy, rank: int, free: Sequence[int], goal: int) -> bool:
        users = [self._profiles[i] for i in free]
        # Rows of an array, because there are some dozens of edges for each user.
        offered = policy.edges(users, self._rows(free), PARTNERS + self._most, self._rng)
        edges = self._columns(offered, free) if isinstance(offered, EdgeTable) else self._each(offered, free)
        before = self.found
        order = np.lexsort((edges["j"], edges["i"], edges["tie"], edges["loss"]))
        for start in range(0, len(order), _LOOK):
            some = edges[order[start : start + _LOOK]]
            # Most edges name someone who is taken by now: those go before the loop, which is slow.
            for loss, _, i, j in some[self._free[some["i"]] & self._free[some["j"]]].tolist():
                if self.found == goal:
                    return self.found > before
                self._match(i, j, -loss, rank)
        return self.found > before

    def _match(self, i: int, j: int, score: float, rank: int) -> None:
        low, high = min(i, j), max(i, j)
        key = low * len(self._profiles) + high
        if i != j and high >= self._old and key not in self._met and max(self._uses[i], self._uses[j]) < self._most:
            if not self._any and self._alike(low, high):
                self._spared = True
                return
            self._met.add(key)
            for user in (i, j):
                self._uses[user] += 1
                self._free[user] = self._uses[user] < self._most
            self._matches[self.found] = (low, high, score, rank)
            self.found += 1

    def _each(self, offered: Iterable[Edge], free: Sequence[int]) -> npt.NDArray[np.void]:
        ties = ((-edge.score, self._rng.random(), free[edge.i], free[edge.j]) for edge in offered)
        return np.fromiter(ties, dtype=_EDGE)

    def _columns(self, offered: EdgeTable, free: Sequence[int]) -> npt.NDArray[np.void]:
        edges = np.empty(len(offered), dtype=_EDGE)
        place = np.array(free, dtype=np.int32)
        edges["loss"] = -offered.score
        edges["tie"] = np.random.default_rng(self._rng.getrandbits(64)).random(len(offered))
        edges["i"], edges["j"] = place[offered.i], place[offered.j]
        return edges

    def _rows(self, free: Sequence[int]) -> Callable[[], Floats]:
        def rows() -> Floats:
            if self._vectors is None:
                self._vectors = mean_vectors(self._profiles, self._embedder)
            if len(free) == len(self._profiles):
                return self._vectors
            chosen: Floats = self._vectors[list(free)]
            return chosen

        return rows


def _quotas(pairs: int, users: dict[Split, int]) -> dict[Split, int]:
    """Share ``pairs`` among the splits by their numbers of users, by largest remainder."""
    total = sum(users.values())
    exact = {split: pairs * count / total for split, count in users.items()}
    quotas = {split: int(share) for split, share in exact.items()}
    by_remainder = sorted(SPLITS, key=lambda s: quotas[s] - exact[s])
    for split in by_remainder[: pairs - sum(quotas.values())]:
        quotas[split] += 1
    return quotas


def _too_few(found: int, n: int, config: PairingConfig) -> str:
    floor = {
        "commonality": f" (pairing.min_commonalities {config.min_commonalities})",
        "embedding": f" (pairing.min_similarity {config.min_similarity:g})",
    }.get(config.policy, "")
    fallback = f" and fallback {config.fallback}" if config.fallback else ", without a fallback"
    return (
        f"only {found} of {config.pairs} pairs were found among {n} profiles by {config.policy}{floor}{fallback}: lower "
        "pairing.pairs or that floor, set pairing.fallback to random, or give more profiles"
    )


def _record(pairs: Pairs, profiles: Sequence[Profile], old: int, ledger: Ledger) -> None:
    paired = pairs.users
    alone = [profile for place, profile in enumerate(profiles) if place >= old and place not in paired]
    ledger.begin("pair", len(pairs) + len(alone))
    for pair in pairs:
        ledger.record(Outcome("pair", pair.id, "accepted", by=pair.policy, data=pair))
    reason = f"all {len(pairs)} pairs asked for were found without this user"
    for profile in alone:
        ledger.record(Outcome("pair", profile.id, "rejected", by="matching", reason=reason))
