"""Takes the wrapping off a one-line model answer: quotes, bullets, numbers and labels that small models add."""

from __future__ import annotations

import re
import unicodedata

_LABEL = re.compile(
    r"^(?:new |next |final |possible )?(?:question|query|answer|sentence|response|output|attribute|q|a)\s*\d*\s*[:\-\u2013]\s+",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[-*\u2022\u2013\u2014>#]+\s*|\(?\d{1,2}[.):]\s+)")
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__")
_PAIRS = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "`": "`", "*": "*", "\u00ab": "\u00bb"}


def clean(answer: str) -> str:
    """Return the first line of ``answer`` that holds anything, on one line, without wrapping; may be empty.

    Only marks around the sentence go; its words are never changed. ``clean(clean(x)) == clean(x)`` holds.
    """
    for line in answer.splitlines():
        text = _unwrap(line)
        if text:
            return text
    return ""


def _unwrap(line: str) -> str:
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in line)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cs"))
    previous = None
    while text != previous:
        previous = text
        text = " ".join(_EMPHASIS.sub("", text).split())
        text = _LABEL.sub("", _BULLET.sub("", text))
        if len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
            text = text[1:-1]
        elif text[:1] in ('"', "\u201c") and not any(q in text[1:] for q in ('"', "\u201d")):
            text = text[1:]
    return text
