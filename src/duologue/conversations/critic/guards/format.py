"""Guard ``format``: the conversation is two speakers' plain, whole utterances and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Candidate, Verdict
from duologue.text import words

_LABEL_ANYWHERE = re.compile(r"\b(?:user|speaker|person|persona)\s*#?\s*[12]\b[\s*_\])]*[:\uff1a>]", re.IGNORECASE)
_LABEL_AT_START = re.compile(
    r"(?:^|[.!?\"]\s+)[\s\"'*_(\[]*(?:user|speaker|assistant|human|bot|ai|system|narrator|[ABQ]|[PU][12])[*_\])]*\s?[:\uff1a](?!\w)"
)
_LABEL_CASELESS = re.compile(
    r"^[\s\"'*_(\[]*(?:user|speaker|assistant|human|bot|system|narrator)[*_\])]*\s?[:\uff1a]", re.IGNORECASE
)
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_MARKUP = re.compile(
    r"</?[a-z][a-z0-9]*(?:\s[^<>]{0,200})?/?>|\*\*[^*]{1,200}\*\*|__[^_]{1,200}__|```|^\s*#{1,6}\s|^\s*[-*\u2022]\s+\w|\]\(\w+:|^\s*[{\[]\s*[\"{\[]|&(?:amp|lt|gt|quot|nbsp|#\d+);"
)
_PHRASE = r"\*[a-z'-]+(?: [a-z'-]+){0,3}[.!]?\*"
_DIRECTION = re.compile(rf"^{_PHRASE}(?!\S)|(?<!\S){_PHRASE}$")
_MOJIBAKE = re.compile("\ufffd|\u00e2\u20ac|\u00c3[\u0080-\u00bf\u2018-\u203a]")
_RUN = re.compile(r"(\S)\1{11,}|\S{41,}")
_CUT_OFF = re.compile(r"(?:[,;:(\[{&/+=\u2013\u2014]|\s-|\w-)$")
_WHOLE = re.compile(r"(?:^|\s)[:;=]['-]?[(\[{/]+$|\w\+{1,2}$")
"""What ends so without being cut off: a sad face, C++, an A+."""
_DANGLING = frozenset(
    (
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "because",
        "my",
        "your",
        "our",
        "their",
        "its",
        "i'm",
        "i've",
        "i'd",
        "i'll",
        "you're",
        "we're",
    )
)
_PLAIN = frozenset(".,!?'\"-:;()/&%$#+=*@~^<>\u2019\u2018\u201c\u201d\u2026\u2013\u2014")


class FormatGuard:
    """Passes conversations of at least two plain utterances: no role labels, control characters, stage directions in stars, markup or garble.

    An utterance that stops in mid-sentence (at a comma, or at a word such as "the") is refused too. Where both
    profiles are in Latin letters, so must the utterances be.
    """

    name = "format"

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names each utterance that is out of form."""
        return guard_verdict(self.name, self._found(candidate))

    def _found(self, candidate: Candidate) -> Iterable[tuple[int, str]]:
        if len(candidate.utterances) < 2:
            yield -1, f"{len(candidate.utterances)} utterance(s), and both users must speak"
        pair = candidate.pair
        latin = is_latin(a.text for a in (*pair.user_1.attributes, *pair.user_2.attributes))
        for index, text in enumerate(candidate.utterances):
            if what := malformed(text, latin=latin):
                yield index, what


def malformed(text: str, *, latin: bool = True) -> str | None:
    """Say what is out of form in one utterance, or None. ``latin``: it must be written in Latin letters."""
    bare = text.strip()
    if not bare:
        return "it is empty"
    if _CONTROL.search(text):
        return "it holds a line break or a control character"
    if label := role_label(text):
        return f"it holds the role label {quote(label)}"
    if direction := stage_direction(bare):
        return f"it holds the stage direction {quote(direction)}"
    if markup := _MARKUP.search(text):
        return f"it holds markup: {quote(markup.group(0))}"
    if garble := _garbled(bare, latin):
        return garble
    if cut_off(bare):
        return f"it is cut off: {quote(bare[-40:])}"
    return None


def cut_off(text: str) -> bool:
    """True when ``text`` stops at a mark or a word that something must follow."""
    bare = text.strip()
    if not bare or _WHOLE.search(bare):
        return False
    return _CUT_OFF.search(bare) is not None or _last_word(bare) in _DANGLING


def role_label(text: str) -> str | None:
    """Return the role label (such as ``User 2:``) inside an utterance, or None."""
    match = _LABEL_ANYWHERE.search(text) or _LABEL_AT_START.search(text) or _LABEL_CASELESS.search(text)
    return match.group(0).strip() if match else None


def stage_direction(text: str) -> str | None:
    """The stage direction in stars, such as ``*smiles*``, that an utterance begins or ends with, or None.

    That is up to four words in small letters. One in square brackets the guard ``placeholder`` finds.
    """
    found = _DIRECTION.search(text)
    return found.group(0) if found else None


def is_latin(texts: Iterable[str]) -> bool:
    """True when at least 9 of 10 letters are Latin, or there are none."""
    share = _foreign(" ".join(texts))
    return share <= 0.1


def _garbled(text: str, latin: bool) -> str | None:
    if not any(c.isalnum() for c in text):
        return f"it has no words: {quote(text)}"
    if _MOJIBAKE.search(text):
        return "it holds wrongly decoded characters"
    if run := _RUN.search(text):
        return f"it is garbled: {quote(run.group(0), 30)}"
    strange = len(text) - len(text.translate(_NOT_PLAIN)) if text.isascii() else sum(map(_is_strange, text))
    if strange > 2 and strange > 0.25 * len(text):
        return f"it is mostly symbols: {quote(text)}"
    if latin and _foreign(text) > 0.1:
        return "it changes to another script"
    return None


def _is_strange(char: str) -> bool:
    return not (char.isalnum() or char.isspace() or char in _PLAIN or unicodedata.category(char)[0] == "M")


_NOT_PLAIN = {code: None for code in range(128) if _is_strange(chr(code))}


def _foreign(text: str) -> float:
    if text.isascii():
        return 0.0
    letters = [c for c in text if c.isalpha()]
    return sum(c > "\u024f" and not "\u1e00" <= c <= "\u1eff" for c in letters) / max(1, len(letters))


def _last_word(text: str) -> str:
    if not text[-1].isalpha():
        return ""
    said = words(text)
    return said[-1] if said else ""
