"""Small text tools that every stage shares: words, sentences, comparison, and safe printing.

Nothing here needs a model. The rules are English, as the data is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u02bc": "'", "`": "'"}
)
# Lower case, and blanks for all that is neither letter, digit nor apostrophe.
_ASCII = str.maketrans({chr(i): chr(i).lower() if chr(i).isalnum() or chr(i) == "'" else " " for i in range(128)})
_SENTENCE_END = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|approx|mt|u\.s|u\.k|a\.m|p\.m|e\.g|i\.e)|(?:^|\s)[B-HJ-Z])\.$",
    re.IGNORECASE,
)
_FIRST_PERSON = frozenset(("i", "im", "ive", "my", "me", "mine", "myself", "we", "our", "ours"))
_AUXILIARY = "do|does|did|are|is|was|were|can|could|will|would|should|have|has|had"
_QUESTION_START = re.compile(
    rf"^(?:(?:what|who|whom|whose|which|when|where|why|how)\s(?:{_AUXILIARY})|{_AUXILIARY})\s(?:you|your|yours)\b"
)
# Stems such as "hat" in "hating": what a silent e follows, so that hat and hate stay apart.
_SHORT = re.compile(r"^[^aeiou]*[aeiouy][^aeiouwxy]$")
_HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

_STOP_TEXT = (
    "a about above after again all also am an and any are as at be because been before being below between both "
    "but by can could did do does doing don't down during each few for from further had has have having he her "
    "here hers him his how i i'd i'll i'm i've if in into is it it's its just let me mine more most my myself no "
    "nor not now of off on once only or other our ours out over own really same she should so some such than that "
    "that's the their theirs them then there these they they're this those through to too under until up us very "
    "was we we're were what when where which while who whom why will with would yes you you're your yours "
    "yourself lot lots much many get got"
)
STOP_WORDS = frozenset(_STOP_TEXT.split())
"""Words that carry no content of their own, in the form that :func:`normalise` gives them."""


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Return ``text`` for comparison: NFKC, lower case, straight apostrophes inside words, no other punctuation.

    Words are parted by single spaces. ``normalise(normalise(x)) == normalise(x)`` holds.
    """
    if text.isascii():
        text = text.translate(_ASCII)
    else:
        text = unicodedata.normalize("NFKC", text)
        text = unicodedata.normalize("NFKC", text.lower()).translate(_QUOTES)
        text = "".join(c if _in_word(c) else " " for c in text.lower())
    # A word needs a letter or digit; apostrophes at its edges are quotes.
    return " ".join(w for w in (w.strip("'") for w in text.split()) if any(map(str.isalnum, w)))


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "'" or (char > "\x7f" and unicodedata.category(char).startswith("M"))


def words(text: str) -> list[str]:
    """Return the words of ``text`` in order, normalised; "don't" is one word."""
    return normalise(text).split()


def content_words(text: str) -> list[str]:
    """Return the stems of the words that carry content, in order, repeats included.

    "I am painting my dogs" gives ["paint", "dog"].
    """
    return [stem(w) for w in words(text) if w not in STOP_WORDS]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Strip a light English suffix (plural, possessive, -ing, -ed) from one normalised word.

    It maps the common forms of one word to one key; the key need not be a word ("dances" gives "danc").
    """
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith(("ies", "ied")):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    elif not word.endswith("eed"):
        word = _without_participle(word)
    if len(word) > 3 and not _SHORT.match(word[:-1]):
        word = word.removesuffix("e")
    return word[:-1] + "y" if len(word) > 3 and word.endswith("i") else word


def _without_participle(word: str) -> str:
    for suffix in ("ing", "ed"):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= 3 and any(vowel in base for vowel in "aeiouy"):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz"
            if doubled:
                return base[:-1]
            return base + "e" if _SHORT.match(base) else base
    return word


def sentences(text: str) -> list[str]:
    """Split ``text`` into sentences, end marks kept. Line breaks end a sentence too.

    Titles, initials and decimal points ("Dr. Lee", "J. Smith", "3.5") do not end one.
    """
    return [s for line in text.splitlines() for s in _split_line(line)]


def _split_line(line: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(line):
        if (
            match.group(0) == "."
            and match.end() < len(line.rstrip())
            and (
                _ABBREVIATION.search(line[start : match.end()])
                # "No. 5" goes on, "No. I sing." does not.
                or (line[start : match.end()].lower().endswith("no.") and line[match.end() :].lstrip()[:1].isdigit())
            )
        ):
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
    bare = text.rstrip("\"'\u201d\u2019)]*! \t\r\n")
    return bare.endswith(("?", "\uff1f")) or _QUESTION_START.match(normalise(text)) is not None


def first_person(text: str) -> bool:
    """True when ``text`` holds I, me, my, mine, myself, we, our, ours or a contraction such as I'm as a word."""
    return any(w.partition("'")[0] in _FIRST_PERSON for w in words(text))
