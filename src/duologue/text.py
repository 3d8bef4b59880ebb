"""Small text tools that every stage shares: words, sentences, comparison, and safe printing.

Nothing here needs a model. The rules are English, as the data is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u02bc": "'", "`": "'"})
_NOT_WORD = re.compile(r"[^\w\s']|_")
_APOSTROPHE = re.compile(r"(?<!\w)'|'(?!\w)")
_SENTENCE_END = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|approx|no|mt|u\.s|u\.k|a\.m|p\.m|e\.g|i\.e)|(?:^|\s)[B-HJ-Z])\.$",
    re.IGNORECASE,
)
_FIRST_PERSON = frozenset(("i", "im", "ive", "id", "my", "me", "mine", "myself", "we", "our", "ours", "us"))
_QUESTION_START = re.compile(
    r"^(?:what|who|whom|whose|which|when|where|why|how|do|does|did|are|is|was|were|can|could|will|would|should|have|has)\s"
    r"(?:\w+\s)?(?:you|your|yours)\b"
)
_HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by can
    could did do does doing don't down during each few for from further had has have having he her here hers him his how
    i i'd i'll i'm i've if in into is it it's its just let me mine more most my myself no nor not now of off on once only
    or other our ours out over own really same she should so some such than that that's the their theirs them then there
    these they they're this those through to too under until up us very was we we're were what when where which while who
    whom why will with would yes you you're your yours yourself lot lots much many get got
    """.split()
)
"""Words that carry no content of their own, in the form that :func:`normalise` gives them."""


def normalise(text: str) -> str:
    """Return ``text`` for comparison: NFKC, lower case, straight apostrophes inside words, no other punctuation.

    Words are parted by single spaces. ``normalise(normalise(x)) == normalise(x)`` holds.
    """
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    text = unicodedata.normalize("NFKC", text.casefold()).translate(_QUOTES)
    text = _APOSTROPHE.sub(" ", _NOT_WORD.sub(" ", text))
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """Return the words of ``text`` in order, normalised; "don't" is one word."""
    return normalise(text).split()


def content_words(text: str) -> list[str]:
    """Return the stems of the words that carry content, in order, repeats included.

    "I am painting my dogs" gives ["paint", "dog"].
    """
    return [stem(w) for w in words(text) if w not in STOP_WORDS]


def stem(word: str) -> str:
    """Strip a light English suffix: plural, possessive, -ing, -ed, -er of agents stays.

    It only has to map forms of one word to one key; the key need not be a word.
    """
    word = word.removesuffix("'s").removesuffix("n't") if "'" in word else word
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= 3 and re.search("[aeiouy]", base):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz"
            word = base[:-1] if doubled else base
            break
    if len(word) > 3 and word.endswith("ied"):
        word = word[:-2]
    if len(word) > 3 and word.endswith("i"):
        word = word[:-1] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def sentences(text: str) -> list[str]:
    """Split ``text`` into sentences, end marks kept. Line breaks end a sentence too.

    Titles, initials and decimal points ("Dr. Lee", "J. Smith", "3.5") do not end one.
    """
    return [s for line in text.splitlines() for s in _split_line(line)]


def _split_line(line: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(line):
        if match.group(0) == "." and match.end() < len(line.rstrip()) and _ABBREVIATION.search(line[start : match.end()]):
            continue
        if piece := line[start : match.end()].strip():
            yield piece
        start = match.end()
    if piece := line[start:].strip():
        yield piece


def printable(text: str) -> str:
    """Return ``text`` safe to print on a terminal.

    Control characters, escape sequences' first bytes, bidirectional overrides, zero-width characters and lone
    surrogates are shown as ``\\x1b``-like escapes; tabs and newlines stay.
    """
    return _HARMFUL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group(0))
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def is_question(text: str) -> bool:
    """True when ``text`` ends with a question mark, or opens like a question to "you" ("what do you ...")."""
    bare = text.rstrip().rstrip("\"'\u201d\u2019)]* ")
    return bare.endswith(("?", "\uff1f", "?!")) or _QUESTION_START.match(normalise(text)) is not None


def first_person(text: str) -> bool:
    """True when ``text`` holds I, me, my, mine, myself, we, us, our or a contraction such as I'm as a word."""
    return any(w.partition("'")[0] in _FIRST_PERSON for w in words(text))
