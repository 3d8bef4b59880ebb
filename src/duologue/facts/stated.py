"""Facts of exclusive categories that a first-person sentence states, read by rule: job, age, family, pets, diet, home.

Two facts of one category whose values exclude each other clash ("I have no kids." - "My son is ten."). The rules prefer
silence to a wrong fact; what they do not know is left to inference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from duologue.facts.lexicon import JOBS, MEAT, PETS, PLACES, SAME_JOB, WORKPLACES
from duologue.facts.numbers import figures
from duologue.text import is_question, stem

_NOT = r"(?:not |never |no longer |don't |do not |dont |doesn't |didn't |haven't |have not |have never |can't |cannot |can not |couldn't )"
_FILL = (
    r"(?:(?!(?:no|not|never|none|any|zero|without|for|of|with|to|in|at|from|on|about|like|than|who|that|is|are|was|were|has|have|had|gets?|got|keeps?|owns|loves?|likes?"
    r"|wants?|wanted|hates?|walks|bought|adopted|raises|breeds|always|wished|taught|met|seen|watched|coached|hot|favorite|dream|stuffed|toy|mom|mother|mum|dad|father"
    r"|parents?|sisters?|brothers?|sons?|daughters?|kids?|children|aunts?|uncles?|cousins?|nieces?|nephews?|husband|wife|boyfriend|girlfriend|partner|roommates?"
    r"|friends?|neighbou?rs?|boss|bosses|teachers?|landlord|coworkers?|colleagues?|grandma|grandpa|grandmother|grandfather|family)\b)\w+ )"
)
"""A word between "my" or "I have" and what one has, which may neither deny it nor give it to somebody else."""
_SOME = r"(?:(?:got|like|about|around|my own|a couple of|a few|lots of|a lot of|plenty of) )?"
_I_AM = r"\b(?:i am|i'm|im)\b(?: (?:a|an|the|also|just|now|currently|really|still|actually|only|about|almost|nearly|already|both))*"
_JOB = re.compile(
    rf"(?:{_I_AM}(?: \w+)?|\bi work(?:ed)? as (?:a |an |the )?(?:\w+ )?|\bmy job is (?:a |an |being a )?|\bi(?:'ve| have) been (?:a |an )(?:\w+ )?) ?"
    rf"\b({'|'.join(sorted(JOBS, key=len, reverse=True))})\b(?!'s)"
)
_NO_SUCH = re.compile(_NOT + r"|\bno \w")
_NO_JOB = re.compile(
    r"\b(?:i am|i'm|im) (?:currently |now )?(?:unemployed|retired|jobless|out of work|between jobs)\b|\bi (?:do not|don't|dont) (?:have a job|work (?:anymore|at the moment|right now)|work$)"
    r"|\bi (?:lost|quit) my job\b|\bi(?:'ve| have) been out of work\b|\bi(?:'ve| have) never (?:worked|had a job)\b"
)
_FORMER = re.compile(
    r"\b(?:used to|was|were|retired|former|formerly|once|years ago|when i|until|before|want to|going to|studying|learning|training|someday|dream)\b"
)
_WORKPLACE = re.compile(
    rf"\b(?:i work|i'm working|i am working|i have a job|my job is) (?:\w+ )?(?:in|at|for) (?:a|an|the|my)?(?: \w+)? ?\b({'|'.join(sorted(WORKPLACES, key=len, reverse=True))})\b"
)
_AGE = re.compile(
    r"(?<!until )(?<!when )(?<!since )(?<!before )(?<!if )\b(?:i am|i'm|im|i just turned|i turned|i turn) (?:only |already |now |just |almost |nearly )?(\d{1,2})\b(?! ?(?:%|percent|feet|foot|pounds|lbs|minutes|miles|hours|weeks|months|days|inches|and a half feet|times|of|people|kids|dogs|cats))"
)
_NO_CHILD = re.compile(
    r"\bi (?:do not|don't|dont) have (?:any )?(?:kids|children|a child)\b|\bi(?: have|'ve got|'ve) no (?:kids|children|daughters or sons)\b|\bi(?: have|'ve)? never had (?:any )?(?:kids|children)\b|\bi am childless\b"
)
_CHILD = re.compile(
    rf"\b(?:my {_FILL}?(?:son|sons|daughter|daughters|kids|children|toddler|toddlers|twins)|i have {_SOME}{_FILL}{{0,3}}(?:son|sons|daughter|daughters|kid|kids|children|toddlers|twins|twin boys|twin girls)|i've (?:got )?{_SOME}{_FILL}{{0,3}}(?:sons?|daughters?|kids|children)|i(?: have|'ve got|'ve) (?:a |an |one |\d+ )(?:\w+ year old |little |baby |small |young |teenage )(?:girls?|boys?)(?! (?:in|on|at|dogs?|cats?|pupp\w+|kittens?|horses?|scouts?)\b))\b"
)
_NO_SIBLING = re.compile(
    r"\b(?:i am|i'm|im|as) (?:an )?only child\b|\bi(?: have|'ve got|'ve) no (?:siblings|brothers or sisters|sisters or brothers)\b|\bi (?:do not|don't|dont) have (?:any )?(?:siblings|brothers or sisters|sisters or brothers)\b|\bi(?: have)? never had (?:any )?(?:siblings|brothers or sisters)\b"
)
_SIBLING = re.compile(
    rf"\bmy {_FILL}{{0,2}}(?:brother|sister|siblings|brothers|sisters)\b(?! in law)|\bi(?: have|'ve got|'ve) {_SOME}{_FILL}{{0,2}}(?:brothers?|sisters?|siblings)\b(?! in law)"
)
_NO_GRANDCHILD = re.compile(
    r"\bi (?:do not|don't|dont) have (?:any )?(?:grandchildren|grandkids)\b|\bi(?: have|'ve got|'ve) no (?:grandchildren|grandkids)\b"
)
_GRANDCHILD = re.compile(
    rf"\bmy {_FILL}{{0,2}}(?:grandchildren|grandkids|grandson|grandsons|granddaughter|granddaughters)\b|\bi(?: have|'ve got|'ve) {_SOME}{_FILL}{{0,2}}(?:grandchildren|grandkids|grandsons?|granddaughters?)\b"
)
_ONE_SEX = re.compile(r"\bi only have (sons|boys|daughters|girls|brothers|sisters)\b")
_OTHERS = {
    "sons": "daughter",
    "boys": "daughter",
    "daughters": "son",
    "girls": "son",
    "brothers": "sister",
    "sisters": "brother",
}
_OF_SEX = re.compile(rf"\bmy {_FILL}{{0,2}}?(son|boy|daughter|girl|brother|sister)s?\b(?! in law)")
_NONE_OF = re.compile(
    r"\bi(?:(?: have|'ve got|'ve) no| (?:do not|don't|dont) have (?:any|a)) (son|boy|daughter|girl|brother|sister)s?\b(?! (?:or|and|in law))"
)
_SINGLE = re.compile(
    r"\b(?:i am|i'm|im) (?:still |currently |also )?(?:single|unmarried|not married|divorced)\b|\bi(?:'ve| have) never been married\b|\bi (?:just )?got divorced\b"
    r"|\bi (?:do not|don't|dont) have (?:a )?(?:wife|husband|boyfriend|girlfriend|partner)\b"
)
_PAIRED = re.compile(
    r"\bmy (?:husband|wife|fiance|fiancee|spouse)\b(?! (?:died|passed|left))|\b(?:i am|i'm|im|we are|we're) (?:happily |now |also )?(?:married|engaged)\b|\bi(?: have|'ve got|'ve) (?:a |an )(?:\w+ )?(?:wife|husband)\b"
    r"|\bi(?:'ve| have) been married\b"
)
_NO_PETS = re.compile(
    r"\bi (?:do not|don't|dont) (?:have|keep|own) (?:any )?(?:pets|animals|a pet)\b|\bi(?: have|'ve) no pets\b|\bi(?:'ve| have) never had (?:a pet|any pets|pets)\b"
)
_KEEPS = rf"(?:\bmy {_FILL}{{0,2}}|\bi (?:have|own|keep|adopted|got) (?:a |an |the |some |\d+ )?{_SOME}{_FILL}{{0,2}}|\bi've got (?:a |an |\d+ )?{_SOME}{_FILL}{{0,2}})"
_NO_PET = r" (?:breed|breeds|shelter|groom\w+|walker|walking|park|food|train\w+|business|person|lover|show|video|toy|costume|shirt|tattoo|sitter|sitting|tags?|house)\b"
"""What makes of an animal's name that of something else."""
_VEGETARIAN = re.compile(
    r"\b(?:i am|i'm|im|being) (?:a |an )?(?:strict |also )?(?:vegetarian|vegan)\b|\bi (?:do not|don't|dont|never) eat (?:any )?(?:meat|animals)\b|\bi have been (?:a )?(?:vegetarian|vegan)\b"
)
_EATS = re.compile(
    rf"\b(?:i (?:only |mostly |still |also |really )?(?:love|like|eat|enjoy|ate|had|grilled|ordered|could eat|always eat|usually eat)|my favorite (?:food|meal|dish) is|i'm (?:eating|having|grilling)|i am (?:eating|having|grilling)) (?:\w+ ){{0,3}}({'|'.join(sorted(MEAT))})\b"
)
_NO_DRIVING = re.compile(
    r"\bi (?:do not|don't|dont|can not|can't|cannot|never) drive\b|\bi (?:never learned|do not know|don't know) (?:how )?to drive\b|\bi (?:do not|don't|dont) (?:have|own) a (?:car|driver's license|license)\b"
)
_DRIVES = re.compile(
    r"\bi (?:drive|drove|just drove|parked)\b(?! (?:everyone|them|him|her|people|my \w+ crazy))|\bmy (?:\w+ )?(?:car|truck|van|pickup|suv)\b"
)
_ALONE = re.compile(r"\bi live (?:all )?(?:alone|by myself|on my own)\b")
_TOGETHER = re.compile(
    r"\bi(?: still)? live (?:\w+ )?with (?:my|two|three|a|some|his|her)\b|\bi share (?:a|an|my) (?:house|apartment|flat) with\b"
)
_LIVES = re.compile(
    rf"\b(?:i|we) (?:still |now |currently )?live (?:here )?(?:\w+ ){{0,4}}?in (?:\w+ )?({'|'.join(sorted((p for names in PLACES.values() for p in names), key=len, reverse=True))})\b|\b(?:home|here) in ({'|'.join(sorted((p for names in PLACES.values() for p in names), key=len, reverse=True))})\b"
)
_FROM = re.compile(
    rf"\b(?:i am|i'm|im|i come|i came) (?:originally )?from ({'|'.join(sorted((p for names in PLACES.values() for p in names), key=len, reverse=True))})\b"
    rf"|\bi (?:was born|grew up|was raised|was born and raised) in ({'|'.join(sorted((p for names in PLACES.values() for p in names), key=len, reverse=True))})\b"
)
_NUMBER = re.compile(
    r"\b(?:i have|i've got|i've|i own|i got|i am the \w+ of) (?:an? )?(\d+) (?:\w+ )?(dogs|cats|kids|children|sons|daughters|brothers|sisters|siblings|grandchildren|boys|girls|horses|jobs|cars|chickens|nieces|nephews)\b"
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
    if not _FORMER.search(text):
        yield from (Fact("job", m.group(1)) for m in _JOB.finditer(text) if not _NO_SUCH.search(m.group(0)))
        yield from (Fact("workplace", m.group(1)) for m in _WORKPLACE.finditer(text))
    if _NO_JOB.search(text):
        yield Fact("job", "-")
        yield Fact("workplace", "-")
    yield from (Fact("age", m.group(1)) for m in _AGE.finditer(text))
    for kind, absent, present in (
        ("child", _NO_CHILD, _CHILD),
        ("sibling", _NO_SIBLING, _SIBLING),
        ("grandchild", _NO_GRANDCHILD, _GRANDCHILD),
        ("spouse", _SINGLE, _PAIRED),
        ("driving", _NO_DRIVING, _DRIVES),
        ("company", _ALONE, _TOGETHER),
        ("meat", _VEGETARIAN, _EATS),
    ):
        if absent.search(text):
            yield Fact(kind, "-")
        elif present.search(text) and not (kind == "meat" and re.search(_NOT, text)):
            yield Fact(kind, "")
    if only := _ONE_SEX.search(text):
        yield Fact(_OTHERS[only.group(1)], "-")
    for pattern, value in ((_OF_SEX, ""), (_NONE_OF, "-")):
        for match in pattern.finditer(text):
            yield Fact({"boy": "son", "girl": "daughter"}.get(match.group(1), match.group(1)), value)
    yield from _pets(text)
    yield from _places(text)
    yield from (Fact(f"number of {stem(m.group(2))}", m.group(1)) for m in _NUMBER.finditer(text))


def _pets(text: str) -> Iterator[Fact]:
    if _NO_PETS.search(text):
        yield Fact("pet", "-")
    for kind, names in PETS.items():
        named = "|".join(sorted(names))
        if re.search(
            rf"\bi (?:{_NOT.strip('(?:)')}) ?(?:have|had|own|owned) (?:a |an |any )?(?:{named})\b|\bi(?:'ve| have) never (?:had|owned) (?:a |any )?(?:{named})\b|\bi(?: have|'ve got|'ve| own| keep) no (?:{named})\b(?!{_NO_PET})",
            text,
        ):
            yield Fact(f"pet {kind}", "-")
        elif re.search(rf"{_KEEPS}(?:{named})\b(?!{_NO_PET})", text) and not re.search(_NOT, text):
            yield Fact("pet", "")
            yield Fact(f"pet {kind}", "")


def _places(text: str) -> Iterator[Fact]:
    if _FORMER.search(text.replace("was born", "").replace("was raised", "")):
        return
    for name, pattern in (("home", _LIVES), ("origin", _FROM)):
        for match in pattern.finditer(text):
            place = next(g for g in match.groups() if g)
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
