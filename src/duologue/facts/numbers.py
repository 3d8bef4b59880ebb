"""Numbers in words as figures."""

from __future__ import annotations

from functools import lru_cache

from duologue.text import normalise

_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_UNCOUNTED = frozenset(("one", "zero"))


@lru_cache(maxsize=8192)
def figures(text: str) -> str:
    """``text`` normalised, with numbers from 2 to 99 as figures ("thirty-four" is 34)."""
    found: list[str] = []
    tens = 0
    for word in normalise(text).split():
        unit = _NUMBERS.get(word, "")
        if tens and unit and 0 < int(unit) < 10:
            found[-1] = str(tens + int(unit))
            tens = 0
            continue
        tens = _TENS.get(word, 0)
        found.append(str(tens) if tens else unit if unit and word not in _UNCOUNTED else word)
    return " ".join(found)
