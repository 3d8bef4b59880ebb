"""The patterns by which :mod:`duologue.facts.life` reads circumstances, for text as :func:`duologue.facts.numbers.figures` gives it."""

from __future__ import annotations

import re

from duologue.facts.lexicon import JOBS, LEISURELY, PLACES
from duologue.facts.stated_patterns import NAMES, OCCUPATION, OF_NO_AGE, OF_NO_TIME, either

_I = r"(?:i am|i'm|im)"
_LEAD = r"(?:(?:a|an|the|also|just|now|currently|still|only|already|almost|nearly|about|over|turning|rather|proudly) )*"
AGES = re.compile(
    rf"{OF_NO_TIME}\b(?:{_I} {_LEAD}|(?<!day )(?<!year )i (?:just )?turned |i(?:'ll| will| am going to| am about to)(?: be| turn)? )(\d{{2}})\b{OF_NO_AGE}"
    r"|\bi (?:celebrated|had) my (\d{2})(?:th|st|nd|rd) birthday\b"
)
DECADE = re.compile(rf"\b{_I} (?:in|into|well into) my (?:late |early |mid ?)?(\d0)s\b")
WORDS = {
    "twentieth": "20th", "thirtieth": "30th", "fortieth": "40th", "fiftieth": "50th", "sixtieth": "60th", "seventieth": "70th",
    "eightieth": "80th", "ninetieth": "90th", "twenties": "20s", "thirties": "30s", "forties": "40s", "fifties": "50s", "sixties": "60s",
    "seventies": "70s", "eighties": "80s", "nineties": "90s",
}  # fmt: skip
SPELT = re.compile(rf"\b(?:{'|'.join(WORDS)})\b")
_OURS = r"\b(?:i|we)(?:'ve|'m| have| had| was| were| am| are)? (?:(?!(?:he|she|they|who|which|whose|has|have|is|are|was|were|that stood|it lasted|it only lasted|will|want|plan|hope|would|going)\b)[\w']+ ){0,8}?"
"""From "I" or "we" to a few words on, with nobody else having or being something between."""
_SPAN = r"(?:over |more than |about |almost |nearly )?(\d{1,2}) years\b"
FOR_YEARS = re.compile(rf"{_OURS}for {_SPAN}|^(?:yes )?for {_SPAN}(?= (?:now )?(?:i|we|i've|we've)\b)")
MARRIED_FOR = re.compile(rf"{_OURS}married (?:to (?:\w+ ){{1,3}})?(?:for )?{_SPAN}")
GROWN = re.compile(
    rf"\bmy (?:\w+ )?(?:husband|wife|ex|ex-husband|ex-wife|fiance|fiancee|spouse|mortgage|divorce|clients|patients|pupils|employees)\b|\b{_I} (?:\w+ )?(?:married|divorced|widowed|engaged|a veteran)\b|\bi(?:'ve| have) been married\b"
    r"|\bmy (?:own )?(?:restaurant|bakery|shop|business|company|firm|hotel|bar|cafe|practice)\b|\bi (?:own|run|bought) (?:a |an |the |my )?(?:\w+ ){0,2}(?:restaurant|bakery|shop|business|company|firm|hotel|bar|cafe|laundromat|house|farm)\b"
    r"|\b(?:i served|i fought|i was stationed|i was deployed) (?:\w+ )?(?:in|on|as|with|for)\b|\bi (?:drive|pilot|captain) (?:a |an |the )?(?:\w+ )?(?:bus|truck|lorry|taxi|cab|tram|train|ferry|ships?|planes?)\b"
)
GROWN_CHILDREN = re.compile(
    r"\bmy (?:\w+ )?(?:children|kids|sons?|daughters?) (?:are|is) (?:all |both )?(?:grown|adults|in college|married)\b"
)
RETIRED = re.compile(
    r"\b(?:retired|retiring|retirement|(?:a|my) pension|pensioner)\b(?! (?:teacher|nurse|parents?|father|mother|greyhounds?|racing))"
)
NOT_YET = re.compile(
    r"\b(?:when i|until i|before i|want to|hope to|plan to|dream of|after i|look(?:ing)? forward to|(?:can't|cannot) wait to|save for|saving for|early retirement|my (?:\w+ )?(?:father|mother|dad|mom|husband|wife|parents?)(?:'s| is| was| who)?) (?:\w+ ){0,3}?retir"
)
PUPIL = re.compile(
    rf"\b{_I} (?:\w+ ){{0,4}}?(?:in (?:high|middle|grade|elementary|primary|secondary) school|(?:high|middle) school(?:er| student| senior| junior)|\d{{1,2}}(?:th|st|nd|rd) grade(?!r? \w*teach)|a (?:high school )?(?:sophomore|freshman))"
    r"|\bmy (?:exam results|homeroom|prom|school bus)\b|\b(?:days|months|weeks) to graduation\b|\bmy (?:high|middle) school (?:team|band|play|teachers?|crush) (?:is|are|has|wins)\b|\b(?:after|my) homework\b|\bmy classmates\b|\bi (?!teach|coach)(?:\w+ ){1,8}?after school\b|\bcalled to the whiteboard\b"
)
PARENTS = re.compile(
    r"\bmy (?:parents|mom|mother|dad|father) (?:still |both |now )?(?:own|owns|run|runs|work|works|teach|teaches|drive|drives|cook|cooks|make|makes|sell|sells|is a|are both)\b"
)
KEPT = re.compile(r"\bmy (?:parents|mom|mother|dad|father) (?:still )?pays? (?:for )?my\b")
_THEY = "he|she|they|you|who|my (?:mother|father|mom|mum|dad|parents?|brothers?|sisters?|sons?|daughters?|husband|wife|boyfriend|girlfriend|friends?|cousins?|uncle|aunt)"
_AT_HOME = "(?:attic|backyard|balcony|basement|bathtub|birthdays?|breakfast|charity|christmas|church|dinner|family|friends|fun|garden|greenhouse|holidays|home|house|kids|kitchen|lunch|pots|windowsill|yard)"
_SEASONS = "(?:spring|summer|fall|autumn|winter|mornings?|evenings?|weekends?)"
_BUSINESSES = "hotel|inn|shop|store|bakery|restaurant|cafe|bar|pub|farm|laundromat|company|business|firm|cemetery|truck stop|garage|gym|salon|school|clinic|pharmacy|vineyard|brewery|ranch|market stall|food truck"
WORK = re.compile(
    r"\bi(?:'m| am)? (?:still |now |currently |also )?work(?:ing)? (?:(?!(?:out|hard|best|better|well)\b)\w+ )?(?:as|at|in|for|on)\b(?! (?:my|cars?|myself|it|them|that|this|time|weekends?|the weekends?|mondays?|saturdays?|sundays?|nights?|peace)\b)"
    rf"|\b(?:i|we)(?:'m)? (?:(?!(?:{_THEY}|don't|not|looking|searching)\b)\w+ ){{1,8}}?for (?:a living\b|work(?=$| (?:every|and|but|so)\b))|^\w+ing (?:\w+ ){{0,5}}?for a living\b|(?<!quit )(?<!lost )(?<!left )\bmy (?:day )?job (?:is|as|at|in)\b|\bi have a job\b(?! interview)|\bi make my living\b"
    r"|\bi (?:drive|pilot|captain) (?:a |an |the )?(?:\w+ )?(?:bus|buses|taxi|cab|tram|train|trains|ferry|ships?|planes?|ambulance|tractor trailers?)\b|\bi drive a (?:truck|lorry) (?:across|for|all)\b"
    rf"|\bi (?!like|love|know|see|think|dream|hope|want|admire|(?:dress|dressed|went|go|pretend|pose|was)\b)\w+ (?:\w+ ){{0,4}}?as an? (?:\w+ )?(?:{either(JOBS)})\b|\bmy (?:shifts?|trade)\b|\b(?:before|after) (?:my |every |each |a )(?:\w+ )?shift\b"
    rf"|\bi (?:run|manage|own) (?:a |an |the |my )(?:\w+ ){{0,3}}?(?:{_BUSINESSES})\b|\bin my own (?:{_BUSINESSES})\b|\bi (?:\w+ )?work the (?:counter|door|register|floor|night shift)\b"
    r"|\bi (?:umpire|referee|dispatch|inspect|bartend|deliver|captain|manage(?! (?:to|my|with|without|well|fine|it|on|just|somehow|stress|anger|pain)\b))\b|\bi (?:write|make|build|test|design|clean|cook|drive|sing|fly|translate) (?:\w+ )?for (?:a|an|the) \w+$"
    r"|\bi guide (?:tourists|visitors)\b|\bi clean (?:\w+ )?(?:rooms?|houses|offices|pools)\b|\bi (?:write|test|sell) software\b"
    r"|\bi teach (?!my\b|myself\b|her\b|him\b|them\b|\w+ (?:on|every) )\w+|\bi (?:answer|take) (?:phones|calls)\b|"
    rf"\bi (?:sell|build|repair|restore) (?:\w+ ){{1,4}}?(?:in|at|for) (?:a |an |the )?(?!{_AT_HOME}$)[a-z]+$|\bi (?:make|design|produce|grow) (?:\w+ ){{1,4}}?(?:in|at|for) (?:a |an |the )?(?!{_AT_HOME}$|{_SEASONS}$)[a-z]+$"
    rf"|\b{_I} an? (?:\w+ ){{1,2}}(?:tech|technician|assistant|helper|aide)\b"
)
PAST_WORK = re.compile(
    r"\b(?:used to|i was|i worked as|once|before retiring|years ago|as a (?:kid|child|teenager|boy|girl)|in college|want to|hope to|going to|dream|volunteer\w*|training to|studying to|learning|retired|former|formerly|lost my job)\b"
)
NOT_A_JOB = re.compile(rf"\b{_I} (?:not|no|never)\b")
_BESIDE = r"to|with|for|of|by|in|from|like|than|on|at|about|near|not|no|never|every|dating|seeing|marrying|who|whose|my|your|his|her|son|daughter"
"""Between "I am" and a word, these give the word to somebody else or deny it."""
JOB = re.compile(
    rf"(?<!when )(?<!until )(?<!if )\b(?:{_I} {_LEAD}|i(?:'ve| have) been an? )(?:(?!(?:{either(LEISURELY)}|{_BESIDE}|home (?:cook|baker|chef|barista))\b)\w+ ){{0,2}}?{OCCUPATION}(?! on weekends\b)"
)
_NAMED = rf"(?<!new )(?<!little )\b({NAMES})\b(?! (?:show|accent|food|cheese|shepherd|sandwich\w*|dinner|burgers?|bacon|dolls?|cowboys|fans?|style)\b)"
PLACE = re.compile(_NAMED)
PLACED = re.compile(
    rf"\b(?:in|at|near|around|outside|across|through|over|home|home is|(?:resident|citizen|child) of) (?:(?!an?\b)\w+ ){{0,2}}?{_NAMED}"
)
"""A place that somebody is in; without such a word it may be that of a thing ("a turkey sandwich", "a Dallas fan")."""
STATE_AFTER = re.compile(rf" ({either((*PLACES['state'], *PLACES['country']))})\b")
"""The state or country right after a city's name: there are several of that name."""
STAYS = (
    (
        re.compile(
            r"\b(?:i|we) (?:\w+ ){0,2}?(?:live(?! (?:to|for|off|like|through)\b)|lives|rent|moved|settled|have lived)\b.*|\bnever (?:left|been outside|set foot outside).*"
        ),
        PLACE,
    ),
    (
        re.compile(
            r"\b(?:i|we) (?:\w+ ){0,2}?(?:work|run|teach|drive|guide|clean|captain|study|sell|build|restore|repair|make|farm)\b.*"
            r"|\bmy (?:home|house|flat|apartment|shop|farm|office) .*|\b(?:i am|i'm) an? .*"
        ),
        PLACED,
    ),
)
"""What tells where somebody lives or works, and what names the place in it."""
ELSEWHERE = re.compile(
    r"\b(?:from|born|raised|grew up|to visit|to see|to go|trip|vacation|holiday|honeymoon|summers?|someday|one day|want|hope|plan to|wish|dream|used to|once|years ago|my (?:\w+ )?(?:sister|brother|mother|father|parents|son|daughter|fiance|fiancee|cousin|friend|family|grandmother|grandfather|husband|wife|boyfriend|girlfriend)s?)\b"
)
_BEING = (
    rf"\b{_I} (?:(?:also|just|now|still|really|only|currently|honestly|already|quite|more|more of|such|\d+ and|(?:proud|happy|glad|going|about) to (?:be|become)) ){{0,2}}(?:(?:an?|the) \w+ and )?(?:an?|the)"
    rf" (?:(?!(?:{_BESIDE})\b)\w+ ){{0,2}}?"
)
_AS_A = (
    r"(?:^|\b(?:i|me|my) (?:(?!(?:she|he|her|his|they|dress|dressed|disguised|see|saw|known)\b)[\w']+ ){0,10}?)as a "
)
_NOT_ONE = r"\b(?!'s)(?! (?:scouts?|friends?|dad|mom|band|figure|hen|eater|jokes?)\b)"
WOMAN = re.compile(
    rf"{_BEING}(?:woman|girl|grandmother|grandma|mother|mom|nun|waitress|actress|stewardess|housewife|widow|wife){_NOT_ONE}"
    rf"|\b{_I} (?:(?!(?:her|getting|making|with|my|wife|girlfriend)\b)\w+ ){{0,2}}?pregnant\b(?! (?:wife|girlfriend|wom[ae]n|teens?)\b)"
    rf"|{_AS_A}(?:girl|woman|mother|mom){_NOT_ONE}|\b(?:i|and) (?:just |recently |have )?(?:only )?(?:became|become) a (?:grandmother|mother|mom)\b|\bmy (?:pregnancy|menopause|girlhood)\b"
    r"|^(?:proud |single )?mother of (?:\d|an?\b|twins|triplets|my)"
)
MAN = re.compile(
    rf"{_BEING}(?:man|boy|guy|grandfather|grandpa|father|dad|monk|widower|househusband){_NOT_ONE}"
    rf"|{_AS_A}(?:boy|man|father|dad){_NOT_ONE}|\b(?:i|and) (?:just |recently |have )?(?:only )?(?:became|become) a (?:grandfather|father|dad)\b|\bmy (?:beard|boyhood|mustache|moustache)\b"
    r"|^(?:proud |single )?father of (?:\d|an?\b|twins|triplets|my)"
)
HUSBAND, WIFE = (re.compile(rf"\bmy (?:late |first |second |new )?{who}\b") for who in ("husband", "wife"))
LOST = re.compile(
    r"\bmy (?:husband|wife)(?: (?:died|passed|has been dead|left me)|'s (?:death|funeral|grave))|\bmy late (?:husband|wife)\b|\b(?:widow|widower|widowed)\b|\bmy ex(?:-| )(?:husband|wife)\b"
)
PARTNER = re.compile(
    r"\bmy (?:boyfriend|girlfriend|fiance|fiancee|husband|wife|spouse)\b(?!'s (?:death|funeral|grave))(?! (?:died|passed|left))"
)
ALONE = re.compile(
    rf"\b{_I} (?:(?!(?:{_BESIDE}|nearly|almost)\b)\w+ ){{0,3}}?(?:single\b(?! (?:handed\w*|minded|file|malt|morning|day|night|person|time|week|most|best|biggest|greatest)\b)|a bachelor\b(?!'s)(?! party))"
    r"|\bi(?:'ve| have) never had a (?:girlfriend|boyfriend)\b"
)
