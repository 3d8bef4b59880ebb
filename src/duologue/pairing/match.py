"""Level 2, user pairing: who talks to whom (paper, section 3.3)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from duologue.config.sections import PairingConfig, SplitsConfig
from duologue.errors import ImpossibleRequest
from duologue.export.splits import SPLITS, Split, assign_splits, split_users
from duologue.models.protocol import Embedder, Floats
from duologue.pairing.commonality import shared_attributes
from duologue.pairing.embedding import mean_vectors
from duologue.pairing.policies import make_policy
from duologue.pairing.protocol import PairingPolicy
from duologue.records import Outcome, Pair, Profile, make_id
from duologue.store.protocol import Ledger

PARTNERS = 32
"""Best partners asked of a policy for each free user, beside those it has met; fixed, because results depend on it."""


@dataclass(frozen=True, slots=True)
class _Match:
    i: int
    j: int
    policy: str
    score: float
    rank: int
    """0 for the asked policy, 1 for the fallback."""


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
) -> tuple[Pair, ...]:
    """Return ``config.pairs`` pairs, the strongest first, each with its split.

    Pairs are taken greedily by score, ties broken by ``seed``; no one meets itself or the same user twice, and each user
    stands in at most ``config.pairs_per_user`` pairs. What ``config.policy`` can't find, ``config.fallback`` does. No
    user crosses a split: with one pair per user pairs are split afterwards, else users first, and pairs are found inside
    a split. Items of stage ``pair``: each pair, and each user left without one. Raises :class:`ImpossibleRequest` when
    fewer pairs are found than asked, :class:`ConfigError` when there is no such policy.
    """
    names = [config.policy] + ([config.fallback] if config.fallback and config.fallback != config.policy else [])
    policies = [make_policy(name, config, field) for name, field in zip(names, ("policy", "fallback"), strict=False)]
    n, k = len(profiles), config.pairs_per_user
    if n * min(k, n - 1) // 2 < config.pairs:
        raise ImpossibleRequest(
            f"{config.pairs} pairs need at least {max(2, -(-2 * config.pairs // k))} profiles where each takes part in at "
            f"most {k}, and there are {n}: lower pairing.pairs, raise pairing.pairs_per_user, or give more profiles"
        )
    matcher = _Matcher(profiles, policies, config, embedder, seed)
    if k == 1:
        matcher.match(range(n), config.pairs)
        ordered = matcher.ordered()
        of_pairs = assign_splits([(profiles[m.i].id, profiles[m.j].id) for m in ordered], splits, seed)
    else:
        of_users = split_users([p.id for p in profiles], splits, seed)
        pools = {split: [i for i, p in enumerate(profiles) if of_users[p.id] == split] for split in SPLITS}
        quotas = _quotas(config.pairs, {split: len(pool) for split, pool in pools.items()})
        for split, pool in pools.items():
            matcher.match(pool, quotas[split])
        for pool in pools.values():
            matcher.match(pool, config.pairs - len(matcher.found))
        ordered = matcher.ordered()
        of_pairs = [of_users[profiles[m.i].id] for m in ordered]
    if len(ordered) < config.pairs:
        raise ImpossibleRequest(_too_few(len(ordered), n, config))
    pairs = tuple(
        _pair(index, match, profiles, split, seed)
        for index, (match, split) in enumerate(zip(ordered, of_pairs, strict=True))
    )
    _record(pairs, profiles, ledger)
    return pairs


class _Matcher:
    """Takes pairs greedily and keeps count of who has met whom."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        policies: Sequence[PairingPolicy],
        config: PairingConfig,
        embedder: Embedder,
        seed: int,
    ) -> None:
        self.found: list[_Match] = []
        self._profiles = profiles
        self._policies = policies
        self._most = config.pairs_per_user
        self._embedder = embedder
        self._rng = random.Random(f"{seed}/pairing")
        self._met: set[tuple[int, int]] = set()
        self._uses = [0] * len(profiles)
        self._vectors: Floats | None = None

    def match(self, pool: Sequence[int], quota: int) -> None:
        """Find up to ``quota`` more pairs among the users of ``pool``, by each policy in turn."""
        goal = len(self.found) + quota
        for rank, policy in enumerate(self._policies):
            while len(self.found) < goal:
                free = [i for i in pool if self._uses[i] < self._most]
                # Who has no free partner left in its list gets a new list, of those still free.
                if len(free) < 2 or not self._take(policy, rank, free, goal):
                    break

    def ordered(self) -> list[_Match]:
        """All pairs found: those of the asked policy first, the strongest first."""
        return sorted(self.found, key=lambda m: (m.rank, -m.score))

    def _take(self, policy: PairingPolicy, rank: int, free: Sequence[int], goal: int) -> bool:
        users = [self._profiles[i] for i in free]
        edges = [
            (-edge.score, self._rng.random(), free[edge.i], free[edge.j])
            for edge in policy.edges(users, self._rows(free), PARTNERS + self._most, self._rng)
        ]
        before = len(self.found)
        for negative, _, i, j in sorted(edges):
            if len(self.found) == goal:
                break
            key = (min(i, j), max(i, j))
            if i != j and key not in self._met and max(self._uses[i], self._uses[j]) < self._most:
                self._met.add(key)
                self._uses[i] += 1
                self._uses[j] += 1
                self.found.append(_Match(*key, policy.name, -negative, rank))
        return len(self.found) > before

    def _rows(self, free: Sequence[int]) -> Callable[[], Floats]:
        def rows() -> Floats:
            if self._vectors is None:
                self._vectors = mean_vectors(self._profiles, self._embedder)
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


def _pair(index: int, match: _Match, profiles: Sequence[Profile], split: Split, seed: int) -> Pair:
    users = sorted((profiles[match.i], profiles[match.j]), key=lambda p: p.id)
    if random.Random(f"{seed}/pairing/{users[0].id}/{users[1].id}").random() < 0.5:
        users.reverse()
    first, second = users
    pair = Pair(make_id("p", first.id, second.id), index, first, second, match.policy, match.score, split=split)
    return replace(pair, shared=shared_attributes(first, second))


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


def _record(pairs: Sequence[Pair], profiles: Sequence[Profile], ledger: Ledger) -> None:
    paired = {user.id for pair in pairs for user in (pair.user_1, pair.user_2)}
    alone = [profile for profile in profiles if profile.id not in paired]
    ledger.begin("pair", len(pairs) + len(alone))
    for pair in pairs:
        ledger.record(Outcome("pair", pair.id, "accepted", by=pair.policy, data=pair))
    reason = f"all {len(pairs)} pairs asked for were found without this user"
    for profile in alone:
        ledger.record(Outcome("pair", profile.id, "rejected", by="matching", reason=reason))
