"""The patterns by which :mod:`duologue.facts.stated` reads facts, for text as :func:`duologue.facts.numbers.figures` gives it.

Repeats are bounded or take whole words, so that text of any kind is read in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from duologue.facts.lexicon import FOLLOWERS, JOBS, LEISURELY, MEAT, MEATLESS, NO_PET, PEOPLE, PETS, PLACES, WORKPLACES


def either(words: Iterable[str]) -> str:
    """The words as alternatives of a pattern, longest first."""
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def _read(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


NOT = re.compile(r"\b(?:not|never|no longer|don't|dont|doesn't|didn't|haven't|can't|cannot|can not|couldn't) ")
NO_SUCH = re.compile(NOT.pattern + r"|\bno \w")
FORMER = re.compile(
    r"\b(?:used to|was|were|retired|former|formerly|once|years ago|when i|until|before|want to|going to|studying|learning|training|someday|dream|trying to become|wish i|if i)\b"
)
GONE = re.compile(
    r"\b(?:died|dead|passed|put down|put to sleep|ran away|gave away|lost my|miss(?:ing)? my \w+$|(?<!get )(?<!getting )(?<!got )used to|rest in peace|as a (?:kid|child)|growing up|when i was)\b"
)
PARTED = re.compile(
    r"\b(?:divorced|divorcing|separated|widow|widower|widowed|(?:lost|miss|buried|mourn) my (?:husband|wife)|rest (?:him|her))\b"
)

_DO_NOT = r"(?:do not|don't|dont)"
_I_AM = r"(?:i am|i'm|im)"
_I_HAVE = r"i(?: have|'ve got|'ve)"
_OTHERS = (
    "mom|mother|mum|dad|father|parents?|sisters?|brothers?|sons?|daughters?|kids?|children|aunts?|uncles?|cousins?|nieces?|nephews?|husband|wife|boyfriend"
    "|girlfriend|partner|roommates?|friends?|neighbou?rs?|boss|bosses|teachers?|landlord|coworkers?|colleagues?|grandma|grandpa|grandmother|grandfather|family"
    "|his|her|their|your"
)
_FILL = (
    r"(?:(?!(?:no|not|never|none|any|zero|without|for|of|with|to|in|at|from|on|by|into|about|like|than|who|that|is|are|was|were|has|have|had|gets?|got|keeps?|owns|loves?|likes?"
    r"|wants?|wanted|hates?|walks|bought|adopted|raises|breeds|always|wished|taught|met|seen|watched|coached|hot|fav|favorite|dream|stuffed|toy|fur|furry|half|step|soul|fraternity|sorority|band|near|next|close|beside|behind|above|below|across|outside|under"
    rf"|{_OTHERS})\b)\w+ )"
)
"""A word between "my" or "I have" and what one has, which may neither deny it nor give it to somebody else."""
_SOME = r"(?:(?:got|like|about|around|my own|a couple of|a few|lots of|a lot of|plenty of) )?"
_OLD = r"(?:(?:an? |one )?\d+ (?:year|month|week)s? old )?"
_LIKENED = r"(?<!like )(?<!as )"
"""Not before "my kids" where something is likened to them."""

# Work.

_FIELD = r"(?:(?:high|middle|elementary|grade|primary|secondary|nursery|special) (?:school|ed|education)|\w+ grade|(?:\w+ )?(?:store|shop)|stand up|full time|part time) "
_GAP = rf"(?:(?:{_FIELD})?(?!(?:{either(LEISURELY)})\b|home (?:cook|baker|chef|barista)\b|(?:army|combat|marine|military|navy|war) vet\b)\w+ |{_FIELD})?"
"""What may stand between the article and an occupation: one word, or a known phrase."""
OCCUPATION = (
    rf"({either(JOBS)})\b(?!'s)(?! (?:who|who's) fan\b)(?! of (?:character|honor|that|this)\b)(?! (?:at heart|for fun|as a hobby|in my (?:free|spare) time|in training|tech)\b)"
    rf"(?! (?:(?!(?:and|but|with|who|in|for|at|so|because|i|a|an|is|my)\b)\w+ ){{0,2}}(?:{either(FOLLOWERS)})\b)"
)
"""An occupation (the first group) that what follows leaves one."""
_ALSO = r"(?: (?:also|just|now|currently|really|still|actually|only|both))*"
JOB = _read(
    rf"\b{_I_AM}{_ALSO} (?:(?:an?|the) {_GAP}|(?:chief|computer|head|lead|senior|store) )?{OCCUPATION}",
    rf"\bi work as (?:an? |the )?{_GAP}{OCCUPATION}",
    rf"\bmy job is (?:an? |being an? )?{OCCUPATION}",
    rf"\bi(?:'ve| have) been an? {_GAP}{OCCUPATION}(?=(?: (?:mom|mum|dad|here))? (?:for|since|all my|my whole|at|in|too long|\d+ years)\b)",
)
NO_JOB = _read(
    rf"(?<!when )(?<!until )(?<!once )(?<!if )(?<!after )\b{_I_AM} (?:currently |now )?(?:unemployed|jobless|between jobs|out of work(?! (?:at|by|early|late|for the)\b)"
    r"|retired(?! (?:from|army|military|navy|marines?|air force)\b)(?!(?: \w+){0,3} (?:work|working|teach|drive|run)\b))",
    rf"\bi {_DO_NOT} have a job(?! (?:like|that|where|which|as|in|at)\b)|\bi {_DO_NOT} work(?:$| (?:anymore|any more|at the moment|right now)\b)",
    r"\bi (?:quit|lost) my job(?=$| (?:today|yesterday|this|last (?:week|month)|recently)\b)|(?<!when )(?<!after )(?<!before )\bi lost my job (?!to\b|once\b|when\b|\w+ years\b|and (?:became|started|opened|found))",
    r"\bi(?:'ve| have) been out of work\b|\bi(?:'ve| have) never (?:worked|had a job)(?=$| (?:in my|a day|yet|and|but)\b)",
)
WORKPLACE = _read(
    rf"\b(?:i work|i'm working|i am working|i have a job|my job is) (?:\w+ )?(?:in|at|for) (?:a|an|the|my)?(?: \w+)? ?\b({either(WORKPLACES)})\b"
)

# Age.

OF_NO_AGE = (
    r"(?!')(?! ?(?:\d(?!\d? \w+ ago)|%|(?:percent|half|feet|foot|ft|inch|tall|kg|kilos?|lbs?|cm|stone|hundred|thousand|million|hour|weeks?|months?|th|st|nd|rd|something|ish|or|to|for|of|people|credits)\b))"
    r"(?! years?\b(?! (?:old(?! than|'s)|of age|young)\b))(?! (?!(?:years|always|is|was|has|this|yes|as)\b)\w+s\b)"
)
"""After a number: it is no age but a height, a weight, a span or a count of something."""
OF_NO_TIME = r"(?<!until )(?<!till )(?<!when )(?<!since )(?<!before )(?<!after )(?<!if )(?<!like )(?<!time )(?<!once )(?<!think )(?<!thinks )(?<!say )(?<!says )(?<!wish )(?<!while )"
"""Before "I am" and a number: it is no age but one of the past, the future or of somebody's fancy."""
AGE = _read(
    rf"{OF_NO_TIME}\b(?:{_I_AM} (?:only |already |now |just )?|(?<!day )(?<!year )(?<!summer )i (?:just )?turned (?!\d+ and (?:left|moved|got|went|joined|enlisted|married)\b))(\d{{2}}|\d(?=$| years? old\b))\b{OF_NO_AGE}(?! (?:when|years? ago)\b)",
    rf"{OF_NO_TIME}\b{_I_AM} an? (\d{{1,2}}) years? old\b(?!'s)(?! (?:at heart|in an?|inside|trapped|stuck|teacher|class)\b)",
)

# Family.

_KIDS = r"(?:sons?|daughters?|kids|children|toddlers?|twins)\b(?!'s (?:books?|stor\w+|ward|hospital|choir|clothes|menu|meal))(?! (?:books?|stor(?:y|ies)|(?:in|from) (?:my |the )?class|in my school|on my (?:team|bus))\b)"
_PARENT = r"(?:mother|father|mom|mum|mommy|dad|daddy|parent)\b(?!'s)(?! (?:to be|hen|figure|in law|christmas|jokes?|jeans|bod|and pop)\b)"
_OF_PETS = (
    rf"(?! (?:of|to) (?:(?!and\b)\w+ ){{0,2}}(?:{either(w for names in PETS.values() for w in names)}|fur|plants)\b)"
)
_KIND_OF_PARENT = r"(?:(?:single|proud|working|new|young|older|old|good|busy|tired|happy|loving|devoted|full time|first time|stay at home|divorced|married|homeschooling) ){0,2}"
CALLED_CHILD = re.compile(
    rf"\b(?:they|pets?|animals?|plants?|students?|pupils|job|{either(w for names in PETS.values() for w in names)})(?: \w+){{0,2}}? (?:are|is) (?:(?:like|all|just|also) )?my (?:\w+ )?(?:{_KIDS})"
)
"""Somebody calls an animal, a pupil or a work a child ("My dogs are my kids")."""
NO_CHILD = _read(
    rf"\bi {_DO_NOT} have (?:any )?(?:kids|children|a child)\b",
    rf"\b{_I_HAVE} no (?:kids|children|daughters or sons)\b|\bi(?: have|'ve)? never had (?:any )?(?:kids|children)\b|\b{_I_AM} childless\b",
)
CHILD = _read(
    rf"{_LIKENED}\bmy {_OLD}{_FILL}?{_KIDS}",
    rf"\bi(?: have|'ve(?: got)?) {_SOME}{_OLD}{_FILL}{{0,3}}(?:{_KIDS}|kid\b(?! (?:sister|brother|cousin)s?\b)|twin (?:boys|girls)\b)",
    rf"\b{_I_HAVE} (?:a |an |one |\d+ )(?:\w+ year old |little |baby |small |young |teenage )(?:girls?|boys?)\b(?! (?:in|on|at|dogs?|cats?|pupp\w+|kittens?|horses?|scouts?)\b)",
    r"\bwe(?: have|'ve got|'ve) (?:an? |one |\d+ )(?:(?:little|small|young|grown|adult|teenage|beautiful|wonderful) )?(?:sons?|daughters?|kids?|children|boys and|girls and)\b(?! (?:in|on|at|who|that|from|here|for|to|coming|today)\b)",
    rf"\b{_I_AM}(?: also| just| now)? (?:an?|the) {_KIND_OF_PARENT}{_PARENT}{_OF_PETS}",
)
NO_SIBLING = _read(
    r"\b(?:i am|i'm|im|as) (?:an )?only child\b",
    rf"\b{_I_HAVE} no (?:siblings|brothers or sisters|sisters or brothers)\b",
    rf"\bi {_DO_NOT} have (?:any )?(?:siblings|brothers or sisters|sisters or brothers)\b|\bi(?: have)? never had (?:any )?(?:siblings|brothers or sisters)\b",
)
_SIBLINGS = r"(?:brothers?|sisters?|siblings)\b(?! (?:in law|in arms|city|cities|school|company|store)\b)"
SIBLING = _read(
    rf"{_LIKENED}\bmy {_OLD}{_FILL}{{0,2}}{_SIBLINGS}", rf"\b{_I_HAVE} {_SOME}{_OLD}{_FILL}{{0,2}}{_SIBLINGS}"
)
_GRANDKIDS = r"(?:grandchildren|grandkids|grandsons?|granddaughters?)\b"
NO_GRANDCHILD = _read(
    rf"\bi {_DO_NOT} have (?:any )?(?:grandchildren|grandkids)\b|\b{_I_HAVE} no (?:grandchildren|grandkids)\b"
)
GRANDCHILD = _read(
    rf"{_LIKENED}\bmy {_OLD}{_FILL}{{0,2}}{_GRANDKIDS}",
    rf"\b{_I_HAVE} {_SOME}{_OLD}{_FILL}{{0,2}}{_GRANDKIDS}",
    rf"\b(?:{_I_AM}|i (?:just |recently )?became)(?: also| just| now)? (?:an?|the) {_KIND_OF_PARENT}(?:grandmother|grandfather|grandma|grandpa|grandparent)\b(?!'s)(?! (?:figure|clock)\b){_OF_PETS}",
)
ONE_SEX = re.compile(r"\bi only have (sons|boys|daughters|girls|brothers|sisters)\b")
OF_SEX = re.compile(
    rf"{_LIKENED}\bmy {_OLD}{_FILL}{{0,2}}?(son|boy|daughter|girl|brother|sister)s?\b(?! (?:in law|in arms|city|cities|school|company|store|friends?|scouts?)\b)"
)
NONE_OF = re.compile(
    rf"\bi(?:(?: have|'ve got|'ve) no| {_DO_NOT} have (?:any|a)) (son|boy|daughter|girl|brother|sister)s?\b(?! (?:or|and|in law|friends?|scouts?|band)\b)"
)
UNMARRIED = _read(
    rf"\b{_I_AM} (?:still |currently |also )?(?:unmarried|not married|divorced)\b(?! from\b)(?! \w+ (?:now |happily )?(?:re)?married\b)",
    rf"\bi(?:'ve| have) never been married\b|\bi (?:just|recently) got divorced\b|\bi got divorced(?=$| (?:last|this)\b)|\bi {_DO_NOT} have (?:a )?(?:wife|husband)\b|\b{_I_HAVE} no (?:wife|husband)\b",
)
SINGLE = _read(
    rf"\b{_I_AM} (?:still |currently |also )?single\b(?! (?:handed|minded|file)\w*)",
    rf"\bi {_DO_NOT} have (?:a )?(?:boyfriend|girlfriend|partner)\b(?! (?:for|in|to|on)\b)",
)
MARRIED = _read(
    r"\bmy (?:husband|wife|spouse)\b(?!'s (?:death|funeral|grave|ashes))(?! (?:died|passed|left|walked out|to be)\b)",
    rf"\b(?:{_I_AM}|we are|we're) (?:happily |now |also )?married\b(?! to (?:my|the) (?:job|work|career|music|art|sea|outdoors|games?|land|road|books?)\b)|\b{_I_HAVE} an? (?:(?!no|future|late|first)\w+ )?(?:wife|husband)\b",
    r"\bi(?:'ve| have) been (?:happily )?married(?= (?:for|to|since|over|almost|nearly|about|a long time|a while|\d+ (?!times)))",
)
ENGAGED = _read(
    r"\bmy (?:fiance|fiancee)\b",
    rf"\b(?:{_I_AM}|we are|we're) (?:happily |now |also )?engaged\b(?! (?:in|with|by|on|at (?!the moment))\b)",
)
ALONE = re.compile(r"\bi live (?:all )?(?:alone|by myself|on my own)\b(?! with my\b)")
TOGETHER = re.compile(
    rf"\b(?:i(?: still| currently| also)? live (?:\w+ )?with|i share (?:an?|my) (?:\w+ )?(?:house|apartment|flat|room) with) (?:my |an? |some |his |her |our |the |\d+ )?{_FILL}{{0,3}}(?:{either(PEOPLE)})\b(?!'s)"
)

# Animals and meals.

NO_PETS = _read(
    rf"\bi {_DO_NOT} (?:have|keep|own) (?:any )?(?:(?:pets|animals)\b(?! (?:at work|in the|that|who)\b)|a pet\b(?! (?!(?:and|but|so|because|yet|anymore|of|at|right|or|since|i|now|my)\b)\w))",
    rf"\b{_I_HAVE} no pets\b|\bi(?:'ve| have) never had (?:a pet|any pets|pets)\b(?! (?:peeve|name|that|who|like)\b)",
)
_KEEPS = (
    rf"(?:\bmy (?!little pony){_OLD}{_FILL}{{0,2}}|\bi (?:have|own|keep|adopted|got) (?!\w+ed |(?:ridden|fed|lost|drawn|held|written|over) )(?:a |an |the |some |\d+ )?{_SOME}{_OLD}{_FILL}{{0,2}}"
    rf"|\bi've got (?:a |an |\d+ )?{_SOME}{_OLD}{_FILL}{{0,2}})"
)
_OWN = rf"(?! (?:{either(NO_PET)}|in (?:this|that|the) (?:fight|race)|like reflexes)\b)"
_KEEPS_NO = (
    rf"(?:\bi (?:{_DO_NOT}|never|no longer|can not|can't|cannot) (?:have|own|keep|had|owned) (?:a |an |any )?|\bi(?:'ve| have) never (?:had|owned) (?:a |any )?"
    r"|\bi(?: have|'ve got|'ve| own| keep) no )"
)
PET = {
    kind: (
        re.compile(
            rf"{_KEEPS_NO}(?:{either(names)})\b{_OWN}(?! (?:that|who|like|this|named|die|as|until|before|when|growing)\b)"
        ),
        re.compile(rf"{_KEEPS}(?:{either(names)})\b{_OWN}"),
    )
    for kind, names in PETS.items()
}
"""For each kind of animal: that somebody has none, that somebody has one."""
NO_MEAT = _read(
    rf"\b(?:{_I_AM}|being) (?:a |an )?(?:strict |also )?(?:vegetarian|vegan)\b(?! (?:chef|cook|food|restaurant|on|until|for an?)\b)",
    rf"\bi (?:{_DO_NOT}|never) (?:eat|touch) (?:any )?(?:meat|animals)\b(?! (?:on|every|for|during|before|after|that|often|much|unless|when|while|alone|raw|pies?|today|tonight|in the|with|very)\b)",
    r"\bi (?:eat|touch) no meat\b(?! (?:on|for|during|before|today|tonight)\b)|\bi have been (?:a )?(?:vegetarian|vegan)\b",
)
_TASTE = rf"(?:(?!my (?:\w+ )?(?:chicken|turkey|lamb)\b|(?:{either(MEATLESS)})\b)\w+ )"
EATS_MEAT = _read(
    rf"\b(?:i (?:only |mostly |still |also |really )?(?!(?:love|like|enjoy) turkey\b)(?:love|like|eat|enjoy|ate|had|grilled|ordered|could eat|always eat|usually eat)|my favorite (?:food|meal|dish) is|{_I_AM} (?:eating|having|grilling))"
    rf" {_TASTE}{{0,3}}(?:{either(MEAT)})\b(?! (?:farm|farms|farming|coop|coops|house|breeds?|substitutes?|alternatives?|wool|that laid|who|named|as a pet)\b)"
)

# Driving.

NO_DRIVING = _read(
    rf"\bi (?:{_DO_NOT}|can not|can't|cannot|never) drive(?: a car)?(?=$| (?:and|but)\b(?! (?:text|drink|talk|eat|phone))| (?:i|so (?:i|it|my|the|we)|anymore|any more|at all|yet|now)\b(?! (?:at|in|after|on|when|to|during|with|that|alone)\b))",
    rf"\bi (?:never learned|do not know|{_DO_NOT} know) (?:how )?to drive\b(?! (?:an?(?! car(?:$| (?:and|but|so)\b))|the|my (?!son|wife|husband|daughter|mom|dad)|his|her|it|that|this|stick|manual|in|on|at|with|like|well|properly|fast|trucks)\b)",
    rf"\bi {_DO_NOT} (?:have|own) a (?:driver's |driving )?license\b(?! (?:plate|to|for)\b)",
)
NO_CAR = re.compile(
    rf"\bi {_DO_NOT} (?:have|own) a car\b(?! (?:payment|loan|seat|key|wash|alarm|radio|that|with|like|to|for|big|right now|today|at the moment)\b)"
)
_NO_CAR = r"(?:an? |my |the )?(?:\w+ )?(?:motorcycle|moped|scooter|bike|boat|cart|go kart|tractor(?! trailer)|forklift|sled|carriage|wagon|bargain)s?\b"
_CARS = r"(?:car|suv|jeep|convertible|minivan|van|pickup|sedan|volvo|honda|toyota|prius|tesla|bmw|mercedes|chevy|volkswagen|mustang|fiat|porsche|ferrari)"
_MY_CAR = (
    rf"(?<!sold )(?<!stole )(?<!wrecked )(?<!totaled )(?<!crashed )\bmy (?!(?:first|last|next|future|forever|ideal|rental|model|own|food) ){_FILL}{{0,2}}(?:car|truck|van|pickup|suv)\b(?!'s)"
    r"(?! (?:company|companies|brand|maker|collection|dealer|sick\w*|magazine|was|died|got (?:stolen|totaled|towed))\b)"
)
DRIVES = _read(
    rf"(?<!if )(?<!wish )(?<!before )(?<!until )\bi (?:drive|drove|just drove|parked)\b(?! (?:everyone|everybody|them|him|her|people|myself|my \w+ (?:crazy|nuts|mad|insane|up)|{_NO_CAR}))",
    _MY_CAR,
)
HAS_CAR = _read(rf"\bi drive (?:an?|my) (?:(?!delivery|company|school|patrol|police)\w+ ){{0,3}}?{_CARS}\b", _MY_CAR)
"""Who drives a bus or a delivery van need not have a car."""

# Homes.

NAMES = either(place for names in PLACES.values() for place in names)
OTHER_PLACE = r"new|little|west(?= virginia)"
"""What before the name of a place makes it that of another ("New England", "Little Italy")."""
_NAMED = rf"({NAMES})\b(?!'s)(?! (?:d c|dc|street|avenue|road|square|county|park|hall|hotel|farm|style)\b)"
_ON_THE_WAY = r"(?:(?!(?:to|for|i|we|you|he|she|they|my (?:dreams|memories|head)|like|not|never|off|far|through|when|while|until|vicariously|of|from|who|than)\b)\w+ )"
LIVES = _read(
    rf"\b(?:i|we) (?:still |now |currently )?live (?:here )?{_ON_THE_WAY}{{0,4}}?in (?:(?!(?:{OTHER_PLACE}|my)\b)\w+ )?{_NAMED}",
    rf"\b(?:(?:my|our) home|here) in {_NAMED}",
)
ORIGINS = {
    "origin": re.compile(rf"\b(?:{_I_AM}|i come) (?:originally )?from {_NAMED}"),
    "born": re.compile(rf"\bi was born (?:and raised )?in {_NAMED}"),
    "raised": re.compile(rf"\bi (?:grew up|was raised|was born and raised) in {_NAMED}"),
}
"""Where somebody comes from, in three ways that need not agree."""
NUMBER = re.compile(
    r"\b(?:i have|i've got|i've|i own|i got) (?:an? )?(\d+) (?:\w+ )?(dogs|cats|kids|children|sons|daughters|brothers|sisters|siblings|grandchildren|boys|girls|horses|jobs|cars|chickens|nieces|nephews)\b"
)
