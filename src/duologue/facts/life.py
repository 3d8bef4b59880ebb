"""Circumstances of a life that two sentences can't both have: ages, livelihoods, homes, a husband or wife, being a woman or a man.

These are rules for choosing attributes of a profile, not for judging what somebody said: where two sentences would make a
reader stumble (two livelihoods, a widow's "my wife"), it costs nothing to draw another attribute. So they are less
timid than :mod:`duologue.facts.stated`, whose clashes count as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from duologue.facts import life_patterns as patterns
from duologue.facts.lexicon import CITIES, GROWN, LEARNED, PLACES, STRENUOUS
from duologue.facts.numbers import figures
from duologue.facts.stated import Fact, clash, facts
from duologue.facts.stated_patterns import PARTED

OLDEST = 110
GROWN_UP, TRAINED, GRANDPARENT, RETIRED = 18, 21, 36, 45
"""Least ages for what grown-ups do, for learned professions, for grandchildren or grown children, and for having retired."""
PUPIL, KEPT, STRONG, WITH_PARENTS, WORKING = 20, 35, 70, 75, 82
"""Greatest ages of pupils, of those whose parents pay, in strenuous jobs, with parents who still work, and in any job."""

_SIMPLE = {"child": GROWN_UP, "grandchild": GRANDPARENT, "spouse": GROWN_UP, "partner": GROWN_UP}


@dataclass(frozen=True, slots=True)
class Life:
    """What one sentence tells of its speaker's life; ages in years."""

    youngest: int = 0
    oldest: int = OLDEST
    work: str = ""
    """``job``: tells a livelihood; ``none``: retired or without one."""
    country: str = ""
    place: tuple[str, str] = ("", "")
    """Level (state, city) and name, where one is named."""
    partner: str = ""
    """``one``, ``none``, ``husband``, ``wife``, ``husband lost``, ``wife lost`` or ``lost``."""
    sex: str = ""
    """``woman`` or ``man``."""
    facts: frozenset[Fact] = frozenset()


def life(sentence: str) -> Life:
    """Read the circumstances that a first-person sentence tells of."""
    text = patterns.SPELT.sub(lambda m: patterns.WORDS[m.group(0)], figures(sentence))
    stated = facts(sentence)
    job = _job(text, stated)
    youngest, oldest = _ages(text, stated, job)
    retired = bool(patterns.RETIRED.search(text)) and not patterns.NOT_YET.search(text)
    working = bool(job or (patterns.WORK.search(text) and not patterns.PAST_WORK.search(text)))
    work = "none" if retired or Fact("job", "-") in stated else "job" if working else ""
    return Life(youngest, oldest, work, *_where(text), _partner(text, stated), _sex(text), stated)


def exclude(first: Life, second: Life) -> str:
    """Name the circumstance that keeps two sentences from being true of one person; empty when nothing does.

    One of ``age``, ``work``, ``place``, ``partner``, ``sex``, ``fact`` (as :func:`duologue.facts.stated.clash` finds it).
    """
    if max(first.youngest, second.youngest) > min(first.oldest, second.oldest):
        return "age"
    if first.work and second.work and not first.work == second.work == "none":
        return "work"
    if first.country and second.country and first.country != second.country:
        return "place"
    if first.place[0] and first.place[0] == second.place[0] and first.place != second.place:
        return "place"
    if _partners_exclude(first.partner, second.partner) or _partners_exclude(second.partner, first.partner):
        return "partner"
    if first.sex and second.sex and first.sex != second.sex:
        return "sex"
    return "fact" if clash(first.facts, second.facts) else ""


def _job(text: str, stated: frozenset[Fact]) -> str:
    if patterns.PAST_WORK.search(text) or patterns.NOT_A_JOB.search(text):
        return ""
    named = next((f.value for f in sorted(stated) if f.kind == "job" and f.value not in ("", "-")), "")
    found = patterns.JOB.search(text)
    return named or (found.group(1) if found else "")


def _ages(text: str, stated: frozenset[Fact], job: str) -> tuple[int, int]:
    for match in patterns.AGES.finditer(text):
        age = int(match.group(1) or match.group(2))
        if age >= 10:
            above = re.search(rf"\bover {age}\b", text) is not None
            return age - 1, OLDEST if above else age + 1
    if decade := patterns.DECADE.search(text):
        return int(decade.group(1)), int(decade.group(1)) + 9
    least = [0, *(age for kind, age in _SIMPLE.items() if Fact(kind, "") in stated)]
    most = [OLDEST]
    if married := patterns.MARRIED_FOR.search(text):
        least.append(GROWN_UP + int(married.group(1)))
    least += [int(m.group(1) or m.group(2)) + 4 for m in patterns.FOR_YEARS.finditer(text)]
    if patterns.GROWN_CHILDREN.search(text):
        least.append(GRANDPARENT)
    if patterns.GROWN.search(text):
        least.append(GROWN_UP)
    if patterns.RETIRED.search(text) and not patterns.NOT_YET.search(text):
        least.append(RETIRED)
    if job:
        least.append(TRAINED if job in LEARNED else GROWN_UP if job in GROWN else 15)
        most.append(STRONG if job in STRENUOUS else WORKING)
    if patterns.PUPIL.search(text):
        most.append(PUPIL)
    if patterns.KEPT.search(text):
        most.append(KEPT)
    if patterns.PARENTS.search(text):
        most.append(WITH_PARENTS)
    # Nobody is as old as that: the rules misread something, so they say nothing.
    return (max(least), min(most)) if max(least) <= min(most) else (0, OLDEST)


def _where(text: str) -> tuple[str, tuple[str, str]]:
    """The country and the named place somebody lives or works in now."""
    if patterns.ELSEWHERE.search(text):
        return "", ("", "")
    for stays, place in patterns.STAYS:
        for told in stays.finditer(text):
            if named := place.search(told.group(0)):
                name, rest = named.group(1), told.group(0)[named.end() :]
                after = patterns.STATE_AFTER.match(rest) if name in CITIES else None
                return _place(name, after.group(1) if after else "")
    return "", ("", "")


def _place(name: str, after: str) -> tuple[str, tuple[str, str]]:
    """Country, level and name of a place; ``after`` is the state or country named after a city."""
    if after in PLACES["state"] or name in PLACES["state"]:
        return "usa", ("state", after or name)
    if name in CITIES:
        return after or CITIES[name], ("city", name)
    return name, ("", "")


def _partner(text: str, stated: frozenset[Fact]) -> str:
    if patterns.LOST.search(text):
        who = "husband" if patterns.HUSBAND.search(text) else "wife" if patterns.WIFE.search(text) else ""
        return f"{who} lost".strip() if " ex" not in text else ""
    if patterns.ALONE.search(text) or Fact("partner", "-") in stated:
        return "none"
    if patterns.PARTNER.search(text):
        who = "husband" if patterns.HUSBAND.search(text) else "wife" if patterns.WIFE.search(text) else ""
        parted = Fact("spouse", "-") in stated or PARTED.search(text)
        return "" if who and parted else who or "one"
    return "one" if Fact("partner", "") in stated else ""


def _partners_exclude(one: str, other: str) -> bool:
    if one == "none":
        return other in ("one", "husband", "wife")
    if one.endswith("lost"):
        return other in ("one", "husband", "wife")
    return one == "husband" and other == "wife"


def _sex(text: str) -> str:
    woman, man = patterns.WOMAN.search(text), patterns.MAN.search(text)
    return "" if bool(woman) == bool(man) else "woman" if woman else "man"
