"""Circumstances of a life that two sentences can't both have: ages, livelihoods, homes, a husband or wife, being a woman or a man.

These are rules for choosing attributes of a profile, not for judging what somebody said: where two sentences would make a
reader stumble (two livelihoods, a widow's "my wife"), it costs nothing to draw another attribute. So they are less
timid than :mod:`duologue.facts.stated`, whose clashes count as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from duologue.facts.lexicon import CITIES, GROWN, JOBS, LEARNED, PLACES, STRENUOUS
from duologue.facts.numbers import figures
from duologue.facts.stated import Fact, clash, facts

OLDEST = 110
GROWN_UP, TRAINED, GRANDPARENT, RETIRED = 18, 21, 36, 45
"""Least ages for what grown-ups do, for learned professions, for grandchildren or grown children, and for having retired."""
PUPIL, KEPT, STRONG, WITH_PARENTS, WORKING = 20, 35, 70, 75, 82
"""Greatest ages of pupils, of those whose parents pay, in strenuous jobs, with parents who still work, and in any job."""

_I = r"(?:i am|i'm|im)"
_LEAD = r"(?:(?:a|an|the|also|just|now|currently|still|only|already|almost|nearly|about|over|turning|rather|proudly) )*"
_AGES = re.compile(
    rf"\b(?:{_I} {_LEAD}|(?<!when )(?<!before )(?<!until )i (?:just )?turned |i(?:'ll| will| am going to| am about to)(?: be| turn)? )"
    r"(\d{2})(?! ?(?:%|percent|feet|foot|pounds|lbs|minutes|miles|hours|weeks|months|days|inches|times|of|people|kids|dogs|cats|years (?!old)))\b"
    r"|\bi (?:celebrated|had) my (\d{2})(?:th|st|nd|rd) birthday\b"
)
_DECADE = re.compile(rf"\b{_I} (?:in|into|well into) my (?:late |early |mid ?)?(\d0)s\b")
_WORDS = {
    "twentieth": "20th", "thirtieth": "30th", "fortieth": "40th", "fiftieth": "50th", "sixtieth": "60th", "seventieth": "70th",
    "eightieth": "80th", "ninetieth": "90th", "twenties": "20s", "thirties": "30s", "forties": "40s", "fifties": "50s", "sixties": "60s",
    "seventies": "70s", "eighties": "80s", "nineties": "90s",
}  # fmt: skip
_SPELT = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")
_FOR_YEARS = re.compile(r"\bfor (?:over |more than |about |almost |nearly )?(\d{1,2}) years\b")
_MARRIED_FOR = re.compile(r"\bmarried (?:to \w+ )?(?:for )?(?:over |more than )?(\d{1,2}) years\b")
_GROWN = re.compile(
    rf"\bmy (?:\w+ )?(?:husband|wife|ex|ex-husband|ex-wife|fiance|fiancee|spouse|mortgage|divorce|clients|patients|pupils|employees)\b|\b{_I} (?:\w+ )?(?:married|divorced|widowed|engaged|a veteran)\b"
    r"|\bmy (?:own )?(?:restaurant|bakery|shop|business|company|firm|hotel|bar|cafe|practice)\b|\bi (?:own|run|bought) (?:a |an |the |my )?(?:\w+ ){0,2}(?:restaurant|bakery|shop|business|company|firm|hotel|bar|cafe|laundromat|house|farm)\b"
    r"|\b(?:i served|i fought|i was stationed|i was deployed) (?:\w+ )?(?:in|on|as|with|for)\b|\bi (?:drive|pilot|captain) (?:a |an |the )?(?:\w+ )?(?:bus|truck|lorry|taxi|cab|tram|train|ferry|ships?|planes?)\b"
)
_GROWN_CHILDREN = re.compile(
    r"\bmy (?:\w+ )?(?:children|kids|sons?|daughters?) (?:are|is) (?:all |both )?(?:grown|adults|in college|married)\b"
)
_RETIRED = re.compile(
    r"\b(?:retired|retiring|retirement|(?:a|my) pension|pensioner)\b(?! (?:teacher|nurse|parents?|father|mother|greyhounds?|racing))"
)
_NOT_YET = re.compile(
    r"\b(?:when i|until i|before i|want to|hope to|plan to|dream of|after i|look(?:ing)? forward to|(?:can't|cannot) wait to|save for|saving for|early retirement|my (?:\w+ )?(?:father|mother|dad|mom|husband|wife|parents?)(?:'s| is| was| who)?) (?:\w+ ){0,3}?retir"
)
_PUPIL = re.compile(
    rf"\b{_I} (?:\w+ ){{0,4}}?(?:in (?:high|middle|grade|elementary|primary|secondary) school|(?:high|middle) school(?:er| student| senior| junior)|\d{{1,2}}(?:th|st|nd|rd) grade(?!r? \w*teach)|a (?:high school )?(?:sophomore|freshman))"
    r"|\bmy (?:exam results|homeroom|prom|school bus)\b|\b(?:days|months|weeks) to graduation\b|\bmy (?:high|middle) school (?:team|band|play|teachers?|crush) (?:is|are|has|wins)\b|\b(?:after|my) homework\b|\bmy classmates\b|\bi (?!teach|coach)\w+ [^.]*\bafter school\b|\bcalled to the whiteboard\b"
)
_PARENTS = re.compile(
    r"\bmy (?:parents|mom|mother|dad|father) (?:still |both |now )?(?:own|owns|run|runs|work|works|teach|teaches|drive|drives|cook|cooks|make|makes|sell|sells|is a|are both)\b"
)
_KEPT = re.compile(r"\bmy (?:parents|mom|mother|dad|father) (?:still )?pays? (?:for )?my\b")
_BUSINESSES = "hotel|inn|shop|store|bakery|restaurant|cafe|bar|pub|farm|laundromat|company|business|firm|cemetery|truck stop|garage|gym|salon|school|clinic|pharmacy|vineyard|brewery|ranch|market stall|food truck"
_WORK = re.compile(
    r"\bi(?:'m| am)? (?:still |now |currently |also )?work(?:ing)? (?:\w+ )?(?:as|at|in|for|on)\b(?! (?:my|cars?|myself|it|them|that|this|time|weekends?|the weekends?|mondays?|saturdays?|sundays?|nights?|peace)\b)"
    r"|\b(?:for a living|for work)\b|\bmy (?:day )?job (?:is|as|at|in)\b|\bi have a job\b|\bi make my living\b"
    r"|\bi (?:drive|pilot|captain) (?:a |an |the )?(?:\w+ )?(?:bus|buses|taxi|cab|tram|train|trains|ferry|ships?|planes?|ambulance|tractor trailers?)\b|\bi drive a (?:truck|lorry) (?:across|for|all)\b"
    rf"|\bi (?!like|love|know|see|think|dream|hope|want|admire)\w+ (?:\w+ ){{0,4}}?as an? (?:\w+ )?(?:{'|'.join(sorted(JOBS, key=len, reverse=True))})\b|\bmy (?:shifts?|trade)\b|\b(?:before|after) (?:my |every |each |a )(?:\w+ )?shift\b"
    rf"|\bi (?:run|manage|own) (?:a |an |the |my )(?:\w+ ){{0,3}}?(?:{_BUSINESSES})\b|\bin my own (?:{_BUSINESSES})\b|\bi (?:\w+ )?work the (?:counter|door|register|floor|night shift)\b"
    r"|\bi (?:umpire|referee|dispatch|inspect|bartend|deliver|captain|manage)\b|\bi (?:write|make|build|test|design|clean|cook|drive|sing|fly|translate) (?:\w+ )?for (?:a|an|the) \w+$"
    r"|\bi guide (?:tourists|visitors)\b|\bi clean (?:\w+ )?(?:rooms?|houses|offices|pools)\b|\bi (?:write|test|sell) software\b"
    r"|\bi teach (?!my\b|myself\b|her\b|him\b|them\b|\w+ (?:on|every) )\w+|\bi (?:answer|take) (?:phones|calls)\b|\bi (?:make|sell|build|repair|restore|design|produce|grow) (?:\w+ ){1,4}(?:in|at|for) (?:a |an |the )?[a-z]+$"
)
_PAST_WORK = re.compile(
    r"\b(?:used to|i was|once|before retiring|years ago|as a (?:kid|child|teenager|boy|girl)|in college|want to|hope to|going to|dream|volunteer\w*|training to|studying to|learning|retired|former|formerly|lost my job)\b"
)
_NOT_A_JOB = re.compile(rf"\b{_I} (?:not|no|never)\b|\b(?:like|love|for|of) (?:\w+ )?$")
_JOB = re.compile(
    rf"\b{_I} {_LEAD}(?:\w+ ){{0,2}}?({'|'.join(sorted(JOBS, key=len, reverse=True))})\b(?!'s)(?! (?:at heart|in my free time|on weekends))"
)
_STAYS = re.compile(
    r"\b(?:i|we) (?:\w+ ){0,2}?(?:live|lives|work|rent|run|teach|drive|guide|clean|captain|study|sell|build|restore|repair|make|farm|moved|settled|have lived)\b[^.]*"
    r"|\bmy (?:home|house|flat|apartment|shop|farm|office) [^.]*|\bnever (?:left|been outside|set foot outside)[^.]*|\b(?:i am|i'm) a [^.]*"
)
_ELSEWHERE = re.compile(
    r"\b(?:from|born|raised|grew up|to visit|to see|to go|trip|vacation|holiday|honeymoon|summers?|someday|one day|want|hope|dream|used to|once|years ago|my (?:\w+ )?(?:sister|brother|mother|father|parents|son|daughter|fiance|fiancee|cousin|friend|family|grandmother|grandfather|husband|wife|boyfriend|girlfriend)s?)\b"
)
_PLACE = re.compile(
    rf"\b({'|'.join(sorted((p for names in PLACES.values() for p in names), key=len, reverse=True))})\b(?! (?:show|accent|food|cheese|shepherd))"
)
_WOMAN = re.compile(
    rf"\b{_I} (?:\w+ ){{0,3}}?an? (?:\w+ ){{0,2}}?(?:woman|girl|grandmother|grandma|mother|mom|nun|waitress|actress|stewardess|housewife|widow|wife)\b|\b{_I} (?:\w+ ){{0,2}}?pregnant\b|\bas a (?:girl|woman|mother|mom)\b|\bbecame a (?:grandmother|mother|mom)\b"
    r"|\bmy (?:pregnancy|menopause|girlhood)\b|\bmother of\b"
)
_MAN = re.compile(
    rf"\b{_I} (?:\w+ ){{0,3}}?an? (?:\w+ ){{0,2}}?(?:man|boy|guy|grandfather|grandpa|father|dad|monk|widower|househusband)\b|\bas a (?:boy|man|father|dad)\b|\bbecame a (?:grandfather|father|dad)\b"
    r"|\bmy (?:beard|boyhood|mustache|moustache)\b|\bfather of\b"
)
_HUSBAND, _WIFE = (re.compile(rf"\bmy (?:late |first |second |new )?{who}\b") for who in ("husband", "wife"))
_LOST = re.compile(
    r"\bmy (?:husband|wife)(?: (?:died|passed|has been dead|left me)|'s (?:death|funeral|grave))|\bmy late (?:husband|wife)\b|\b(?:widow|widower|widowed)\b|\bmy ex(?:-| )(?:husband|wife)\b"
)
_PARTNER = re.compile(
    r"\bmy (?:boyfriend|girlfriend|fiance|fiancee|husband|wife|spouse)\b(?!'s (?:death|funeral|grave))(?! (?:died|passed|left))"
)
_ALONE = re.compile(
    rf"\b{_I} (?:\w+ ){{0,3}}?(?:single|a bachelor)\b|\bi(?:'ve| have) never (?:been married|had a (?:girlfriend|boyfriend))\b"
)
_SIMPLE = {"child": GROWN_UP, "grandchild": GRANDPARENT, "spouse": GROWN_UP}


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
    text = _SPELT.sub(lambda m: _WORDS[m.group(0)], figures(sentence))
    stated = facts(sentence)
    job = _job(text, stated)
    youngest, oldest = _ages(text, stated, job)
    retired = bool(_RETIRED.search(text)) and not _NOT_YET.search(text)
    working = bool(job or (_WORK.search(text) and not _PAST_WORK.search(text)))
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
    if _PAST_WORK.search(text) or _NOT_A_JOB.search(text):
        return ""
    named = next((f.value for f in sorted(stated) if f.kind == "job" and f.value not in ("", "-")), "")
    found = _JOB.search(text)
    return named or (found.group(1) if found else "")


def _ages(text: str, stated: frozenset[Fact], job: str) -> tuple[int, int]:
    for match in _AGES.finditer(text):
        age = int(match.group(1) or match.group(2))
        if age >= 10:
            above = re.search(rf"\bover {age}\b", text) is not None
            return age - 1, OLDEST if above else age + 1
    if decade := _DECADE.search(text):
        return int(decade.group(1)), int(decade.group(1)) + 9
    least = [0, *(age for kind, age in _SIMPLE.items() if Fact(kind, "") in stated)]
    most = [OLDEST]
    if married := _MARRIED_FOR.search(text):
        least.append(GROWN_UP + int(married.group(1)))
    least += [int(m.group(1)) + 4 for m in _FOR_YEARS.finditer(text)]
    if _GROWN_CHILDREN.search(text):
        least.append(GRANDPARENT)
    if _GROWN.search(text):
        least.append(GROWN_UP)
    if _RETIRED.search(text) and not _NOT_YET.search(text):
        least.append(RETIRED)
    if job:
        least.append(TRAINED if job in LEARNED else GROWN_UP if job in GROWN else 15)
        most.append(STRONG if job in STRENUOUS else WORKING)
    if _PUPIL.search(text):
        most.append(PUPIL)
    if _KEPT.search(text):
        most.append(KEPT)
    if _PARENTS.search(text):
        most.append(WITH_PARENTS)
    return max(least), min(most)


def _where(text: str) -> tuple[str, tuple[str, str]]:
    """The country and the named place somebody lives or works in now."""
    if _ELSEWHERE.search(text):
        return "", ("", "")
    for told in _STAYS.finditer(text):
        if named := _PLACE.search(told.group(0)):
            name = named.group(1)
            level = next(level for level, names in PLACES.items() if name in names)
            country = name if level == "country" else "usa" if level == "state" else CITIES[name]
            return country, ("", "") if level == "country" else (level, name)
    return "", ("", "")


def _partner(text: str, stated: frozenset[Fact]) -> str:
    if _LOST.search(text):
        who = "husband" if _HUSBAND.search(text) else "wife" if _WIFE.search(text) else ""
        return f"{who} lost".strip() if " ex" not in text else ""
    if _ALONE.search(text) or Fact("spouse", "-") in stated:
        return "none"
    if _PARTNER.search(text):
        return "husband" if _HUSBAND.search(text) else "wife" if _WIFE.search(text) else "one"
    return "one" if Fact("spouse", "") in stated else ""


def _partners_exclude(one: str, other: str) -> bool:
    if one == "none":
        return other in ("one", "husband", "wife")
    if one.endswith("lost"):
        return other in ("one", "husband", "wife")
    return one == "husband" and other == "wife"


def _sex(text: str) -> str:
    woman, man = _WOMAN.search(text), _MAN.search(text)
    return "" if bool(woman) == bool(man) else "woman" if woman else "man"
