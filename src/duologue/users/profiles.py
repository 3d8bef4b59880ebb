"""Level 1b, user profiles: consistent, non-redundant, unique sets of attributes (paper, section 3.2)."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from duologue.config.sections import ProfilesConfig
from duologue.errors import ImpossibleRequest
from duologue.models.protocol import Embedder, Nli
from duologue.records import Attribute, Outcome, Profile, make_id
from duologue.store.protocol import Ledger
from duologue.text import normalise
from duologue.users.balance import NO_GROUPS, Balance, large_groups
from duologue.users.consistency import BATCH, Consistency
from duologue.users.expansion import Expansion

WAVE = 64
"""Profiles drawn before inference is asked about all of them at once; fixed, because the results depend on it."""
MANY = 20_000
MANY_WAVE = 1024
"""The same where so many profiles are wanted: refused members are few at last, and so are the batches of small waves."""
NOTED = 4096
"""Given profiles that inference is asked about at once, so that its questions about all of them need no memory."""
ROUNDS = 12
"""Times the refused members of a profile are drawn anew before it is abandoned."""
TRIES = 2_000
"""Attributes of equal use looked at for one place in a profile, before those used once more. Of more attributes than that, or
for ``MANY`` profiles, large categories are drawn from apart; below, what is drawn depends on it that they are not."""


@dataclass(slots=True)
class _Draft:
    """A profile being drawn."""

    number: int
    size: int
    rng: random.Random
    rows: list[int] = field(default_factory=list)
    banned: set[int] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    example: str = ""
    rounds: int = 0

    def note(self) -> str:
        """What was refused on the way, in one line."""
        counts = ", ".join(f"{by} {n}" for by, n in sorted(self.refusals.items()))
        return "; ".join(part for part in (f"refused on the way: {counts}" if counts else "", self.example) if part)


def build_profiles(
    expansion: Expansion,
    *,
    count: int,
    config: ProfilesConfig,
    embedder: Embedder,
    nli: Nli,
    ledger: Ledger,
    seed: int,
) -> tuple[Profile, ...]:
    """Draw ``count`` unique profiles of ``config.size`` attributes, each attribute used about equally often.

    An attribute of a category already there, too similar to, of another life than (``config.one_life``), entailed by or
    contradicting a member (both directions), or entailed or contradicted by earlier members joined, is refused and another drawn. Each profile, finished or abandoned, is one item
    of stage ``profile`` whose reason sums up the refusals. Raises :class:`ImpossibleRequest` when ``count`` profiles
    can't be made.
    """
    attributes = expansion.attributes
    low, _ = config.size_range
    _refuse_impossible(attributes, count, config)
    ledger.begin("profile", count)
    wave = WAVE if count < MANY else MANY_WAVE
    checks = Consistency(attributes, config, embedder, nli, BATCH * wave // WAVE)
    balance = Balance(len(attributes), _large_categories(attributes, count, config))
    made: dict[str, Profile] = {}
    blocked: Counter[str] = Counter()
    number, most = 0, 4 * count + wave
    while len(made) < count and number < most:
        size = min(wave, count - len(made), most - number)
        drafts = [_draft(number + i, config, seed) for i in range(size)]
        number += size
        _fill(drafts, checks, balance)
        for draft in drafts:
            profile = Profile.of(tuple(attributes[row] for row in draft.rows))
            blocked += draft.refusals
            problem = _problem(draft, low, profile, made)
            if problem is None:
                made[profile.id] = profile
                ledger.record(Outcome("profile", profile.id, "accepted", reason=draft.note(), data=profile))
                continue
            for row in draft.rows:
                balance.give_back(row)
            blocked[problem] += 1
            item = make_id("u", "abandoned", str(draft.number))
            texts = [a.text for a in profile.attributes]
            ledger.record(
                Outcome("profile", item, "rejected", by=problem, reason=draft.note(), data={"attributes": texts})
            )
    if len(made) < count:
        why = ", ".join(f"{by} {n}" for by, n in blocked.most_common(4))
        raise ImpossibleRequest(
            f"only {len(made)} of {count} profiles could be made from {len(attributes)} attributes (refusals: {why}): "
            "ask for fewer pairs or profiles (profiles.count), smaller ones (profiles.size), or give more seeds"
        )
    return tuple(made.values())


def given_profiles(
    profiles: Sequence[Sequence[str]],
    attributes: Mapping[str, Attribute],
    *,
    config: ProfilesConfig,
    embedder: Embedder,
    nli: Nli,
    ledger: Ledger,
) -> tuple[Profile, ...]:
    """Return the given profiles as they are, without empty ones and repetitions.

    ``attributes`` maps texts to attributes, for their categories. A sentence that a profile repeats in the same words is
    kept once. An inconsistent profile is kept, because it was asked for, and its row's reason says what contradicts what.
    Each profile is one item of stage ``profile``. Raises :class:`ImpossibleRequest` when fewer than two are left.
    """
    ledger.begin("profile", len(profiles))
    by_words = {normalise(a.text): a for a in attributes.values()}
    kept: dict[str, Profile] = {}
    for place, texts in enumerate(profiles):
        profile = Profile.of(_members(texts, attributes, by_words), "given")
        item = make_id("u", "given", str(place))
        if not profile.attributes:
            ledger.record(Outcome("profile", item, "rejected", by="empty", reason="no attribute in it"))
        elif profile.id in kept:
            reason = f"the same attributes as {profile.id}"
            ledger.record(Outcome("profile", item, "rejected", by="duplicate", reason=reason, data=profile))
        else:
            kept[profile.id] = profile
    if len(kept) < 2:
        raise ImpossibleRequest(
            f"a conversation needs two different profiles, the seeds give {len(kept)}: add profiles, or build them from "
            "attributes (profiles.source: built)"
        )
    for profile, note in zip(kept.values(), _notes(list(kept.values()), config, embedder, nli), strict=True):
        ledger.record(Outcome("profile", profile.id, "accepted", reason=note, data=profile))
    return tuple(kept.values())


def _draft(number: int, config: ProfilesConfig, seed: int) -> _Draft:
    rng = random.Random(f"{seed}/profiles/{number}")
    return _Draft(number, rng.randint(*config.size_range), rng)


def _fill(drafts: Sequence[_Draft], checks: Consistency, balance: Balance) -> None:
    """Draw members for all drafts; redraw what inference refuses until nothing is refused or the rounds are used up."""
    todo = list(drafts)
    while todo:
        for draft in todo:
            _draw_members(draft, checks, balance)
        found = checks.conflicts([draft.rows for draft in todo])
        again = []
        for draft, conflicts in zip(todo, found, strict=True):
            for conflict in conflicts:
                draft.rows.remove(conflict.row)
                draft.banned.add(conflict.row)
                draft.refusals[conflict.by] += 1
                draft.example = conflict.reason
                balance.give_back(conflict.row)
            draft.rounds += 1
            if conflicts and draft.rounds < ROUNDS:
                again.append(draft)
        todo = again


def _draw_members(draft: _Draft, checks: Consistency, balance: Balance) -> None:
    def fits(row: int) -> bool:
        if row in draft.rows or row in draft.banned:
            return False
        by = checks.clash(draft.rows, row)
        if by is not None:
            draft.refusals[by] += 1
        return by is None

    while len(draft.rows) < draft.size:
        # A large category that is there already is left out at once, not member by member.
        row = balance.draw(draft.rng, fits, TRIES, {balance.groups[row] for row in draft.rows} - {0})
        if row is None:
            return
        draft.rows.append(row)


def _large_categories(attributes: Sequence[Attribute], count: int, config: ProfilesConfig) -> Sequence[int]:
    """The groups of :class:`Balance`: categories so large that their attributes can't be used as often as the others.

    That begins where a category's share is that of one place in a profile; half of it is taken, for the safe side.
    """
    if not config.distinct_categories or (len(attributes) <= TRIES and count < MANY):
        return NO_GROUPS
    return large_groups([a.category for a in attributes], 0.5 / config.size_range[1])


def _problem(draft: _Draft, low: int, profile: Profile, made: Mapping[str, Profile]) -> str | None:
    if len(draft.rows) < low:
        return "incomplete"
    return "duplicate" if profile.id in made else None


def _refuse_impossible(attributes: Sequence[Attribute], count: int, config: ProfilesConfig) -> None:
    low, high = config.size_range
    n = len(attributes)
    if n < low:
        raise ImpossibleRequest(
            f"a profile needs {low} attributes and there are {n}: lower profiles.size, give more seeds or raise expansion.target"
        )
    categories = len({a.category or a.id for a in attributes})
    if config.distinct_categories and categories < low:
        raise ImpossibleRequest(
            f"a profile needs {low} attributes of different categories and there are {categories} categories: lower "
            "profiles.size or expansion.cluster_distance, give more varied seeds, or set profiles.distinct_categories to false"
        )
    most = sum(math.comb(n, size) for size in range(low, min(high, n) + 1))
    if most < count:
        raise ImpossibleRequest(
            f"{n} attributes make at most {most} different profiles of {low if low == high else f'{low} to {high}'}, "
            f"{count} are wanted: ask for fewer (profiles.count, pairing.pairs) or give more seeds"
        )


def _members(
    texts: Sequence[str], attributes: Mapping[str, Attribute], by_words: Mapping[str, Attribute]
) -> tuple[Attribute, ...]:
    members: dict[str, Attribute] = {}
    for text in texts:
        bare = normalise(text)
        if not bare or bare in members:
            continue
        exact, near = attributes.get(text), by_words.get(bare)
        members[bare] = exact or Attribute.of(text.strip(), category=near.category if near else "")
    return tuple(members.values())


def _notes(profiles: Sequence[Profile], config: ProfilesConfig, embedder: Embedder, nli: Nli) -> list[str]:
    """One line per profile on what contradicts what in it, empty where nothing does."""
    rows: dict[str, int] = {}
    attributes: list[Attribute] = []
    for profile in profiles:
        for attribute in profile.attributes:
            if rows.setdefault(attribute.id, len(attributes)) == len(attributes):
                attributes.append(attribute)
    checks = Consistency(attributes, config, embedder, nli)
    notes = []
    for start in range(0, len(profiles), NOTED):
        groups = [[rows[a.id] for a in profile.attributes] for profile in profiles[start : start + NOTED]]
        # Pair by pair only: a note is not worth an inference over the joined members of every given profile.
        for conflicts in checks.conflicts(groups, set_level=False):
            wrong = [c.reason for c in conflicts if c.by == "contradiction"]
            notes.append(f"kept as given, though {'; '.join(wrong)}" if wrong else "")
    return notes
