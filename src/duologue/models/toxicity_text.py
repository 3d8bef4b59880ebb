"""What the built-in toxicity model reads of a text: words of its vocabulary, and hashed pieces of words."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

TEXT_WORDS = 64
"""Most words of an utterance that are read at once."""
BEFORE_WORDS = 48
"""Most words of the utterance before it, from its end."""
PIECES = 1 << 16
"""Buckets of the hashed pieces; bucket 0 is never hit."""
LONGEST_WORD = 24
LONGEST_TEXT = 4000
"""Characters that :func:`words_of` looks at."""
_TURN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_SPACE = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n\r', " "))


def words_of(text: str, *, last: bool = False, most: int = TEXT_WORDS) -> list[str]:
    """Return the lower-case words, without punctuation but for apostrophes: the first ``most``, or the last ones."""
    words = _split(text[-LONGEST_TEXT:] if last else text[:LONGEST_TEXT])
    return words[-most:] if last else words[:most]


def windows_of(text: str) -> list[list[str]]:
    """Return all words of the text, as ``words_of`` splits them, in runs of at most ``TEXT_WORDS``.

    There is at least one run; each begins half a run after the one before it, so that what stands together is read
    together somewhere.
    """
    words = _split(text)
    starts = range(0, max(1, len(words) - TEXT_WORDS // 2), TEXT_WORDS // 2)
    return [words[start : start + TEXT_WORDS] for start in starts]


def _split(text: str) -> list[str]:
    # Compatibility forms (full-width or mathematical letters) read like the plain ones. Lone surrogates pass.
    plain = unicodedata.normalize("NFKC", text).translate(_TURN).lower().translate(_SPACE).split()
    return [word[:LONGEST_WORD] for word in plain]


def ids_of(words: Sequence[str], vocabulary: Mapping[str, int]) -> list[int]:
    """Return the numbers of the words that the vocabulary holds, between two zeros."""
    return [0, *(found for word in words if (found := vocabulary.get(word))), 0]


def pieces_of(words: list[str], prefix: str = "") -> list[int]:
    """Return the buckets, each once and in order, of words, pairs of words, and 3 to 5 letters within a word.

    ``prefix`` sets the pieces of the utterance before apart from those of the utterance itself.
    """
    found: list[str] = [f"w{word}" for word in words]
    found += [f"p{one} {two}" for one, two in pairwise(words)]
    if not prefix:
        for word in words:
            edged = f"<{word}>"
            found += [f"c{edged[i : i + n]}" for n in (3, 4, 5) for i in range(len(edged) - n + 1)]
    return sorted({1 + zlib.crc32((prefix + piece).encode("utf-8", "replace")) % (PIECES - 1) for piece in found})
