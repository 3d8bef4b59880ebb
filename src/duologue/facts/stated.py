"""Facts of exclusive categories that a first-person sentence states, read by rule: job, age, family, pets, diet, home.

Two facts of one category whose values exclude each other clash ("I have no kids." - "My son is ten."). The rules prefer
silence to a wrong fact; what they do not know is left to inference.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from duologue.facts import stated_patterns as patterns
from duologue.facts.lexicon import PLACES, SAME_JOB
from duologue.facts.numbers import figures
from duologue.text import is_question, stem

_OTHERS = {
    "sons": "daughter",
    "boys": "daughter",
    "daughters": "son",
    "girls": "son",
    "brothers": "sister",
    "sisters": "brother",
}
_HAS = (
    ("child", patterns.NO_CHILD, patterns.CHILD),
    ("sibling", patterns.NO_SIBLING, patterns.SIBLING),
    ("grandchild", patterns.NO_GRANDCHILD, patterns.GRANDCHILD),
    ("driving", patterns.NO_DRIVING, patterns.DRIVES),
    ("car", patterns.NO_CAR, patterns.HAS_CAR),
    ("company", patterns.ALONE, patterns.TOGETHER),
)


class Fact(NamedTuple):
    """One fact: its category, and a value; ``""`` stands for "has one", ``"-"`` for "has none"."""

    kind: str
    value: str


@lru_cache(maxsize=8192)
def facts(sentence: str) -> frozenset[Fact]:
    """The facts that a first-person sentence states of its speaker; none for a question."""
    return frozenset() if is_question(sentence) else frozenset(_facts(figures(sentence)))


def clash(first: frozenset[Fact], second: frozenset[Fact]) -> bool:
    """True when a fact of one excludes a fact of the other."""
    return any(_exclude(a, b) for a in first for b in second if a.kind == b.kind)


def shared(first: frozenset[Fact], second: frozenset[Fact]) -> bool:
    """True when both state a fact of the same category."""
    return bool({f.kind for f in first} & {f.kind for f in second})


def _facts(text: str) -> Iterator[Fact]:
    yield from _work(text)
    if " ago" not in text:
        yield from (Fact("age", m.group(1) or m.group(2)) for m in patterns.AGE.finditer(text))
    called = patterns.CALLED_CHILD.search(text)
    for kind, absent, present in _HAS:
        if absent.search(text):
            yield Fact(kind, "-")
        elif present.search(text) and not (kind == "child" and called):
            yield Fact(kind, "")
    if not called:
        yield from _sexes(text)
    yield from _marriage(text)
    yield from _meals(text)
    yield from _pets(text)
    yield from _places(text)
    yield from (Fact(f"number of {stem(m.group(2))}", m.group(1)) for m in patterns.NUMBER.finditer(text))


def _work(text: str) -> Iterator[Fact]:
    if not patterns.FORMER.search(text):
        yield from (Fact("job", next(filter(None, m.groups()))) for m in patterns.JOB.finditer(text))
        yield from (Fact("workplace", m.group(1)) for m in patterns.WORKPLACE.finditer(text))
    if patterns.NO_JOB.search(text):
        yield Fact("job", "-")
        yield Fact("workplace", "-")


def _sexes(text: str) -> Iterator[Fact]:
    if only := patterns.ONE_SEX.search(text):
        yield Fact(_OTHERS[only.group(1)], "-")
    for pattern, value in ((patterns.OF_SEX, ""), (patterns.NONE_OF, "-")):
        for match in pattern.finditer(text):
            yield Fact({"boy": "son", "girl": "daughter"}.get(match.group(1), match.group(1)), value)


def _marriage(text: str) -> Iterator[Fact]:
    """Those engaged are not married, those unmarried may well love somebody: two categories."""
    if patterns.SINGLE.search(text):
        yield from (Fact("spouse", "-"), Fact("partner", "-"))
    elif patterns.UNMARRIED.search(text):
        yield Fact("spouse", "-")
    elif patterns.PARTED.search(text):
        return
    elif patterns.MARRIED.search(text):
        yield from (Fact("spouse", ""), Fact("partner", ""))
    elif patterns.ENGAGED.search(text):
        yield Fact("partner", "")


def _meals(text: str) -> Iterator[Fact]:
    if patterns.NO_MEAT.search(text):
        yield Fact("meat", "-")
    elif patterns.EATS_MEAT.search(text) and not patterns.NO_SUCH.search(text) and not patterns.FORMER.search(text):
        yield Fact("meat", "")


def _pets(text: str) -> Iterator[Fact]:
    if patterns.NO_PETS.search(text):
        yield Fact("pet", "-")
    silent = patterns.NOT.search(text) or patterns.GONE.search(text)
    for kind, (absent, present) in patterns.PET.items():
        if absent.search(text):
            yield Fact(f"pet {kind}", "-")
        elif not silent and present.search(text):
            yield Fact("pet", "")
            yield Fact(f"pet {kind}", "")


def _places(text: str) -> Iterator[Fact]:
    if patterns.FORMER.search(text.replace("was born", "").replace("was raised", "")):
        return
    for name, pattern in (("home", patterns.LIVES), *patterns.ORIGINS.items()):
        for match in pattern.finditer(text):
            place = next(filter(None, match.groups()))
            level = next(level for level, names in PLACES.items() if place in names)
            yield Fact(f"{name} {level}", place)


def _exclude(a: Fact, b: Fact) -> bool:
    if a.value == b.value:
        return False
    if "-" in (a.value, b.value):
        return True
    if "" in (a.value, b.value):
        return False
    if a.kind == "job":
        return (
            a.value not in b.value
            and b.value not in a.value
            and not any(a.value in g and b.value in g for g in SAME_JOB)
        )
    return True
