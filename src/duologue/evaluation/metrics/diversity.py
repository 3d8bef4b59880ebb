"""Diversity and collapse: how often a data set repeats itself, in words, utterances and openings."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from duologue.evaluation.near import Signer, near_duplicates
from duologue.evaluation.ngrams import distinct, self_bleu
from duologue.evaluation.protocol import Described, Group, Ratio
from duologue.evaluation.sized import Sized
from duologue.evaluation.view import View

TOKENS = 40_000
"""Most words that distinct-n is taken of."""
COMPRESSED = 200_000
"""Most characters that are compressed."""
BLEU_UTTERANCES = 1_000


class _Diverse(Described):
    group: Group = "diversity"


class _Sized(Sized):
    group: Group = "diversity"


class RepeatsWithin(_Diverse):
    """Share of conversations in which an utterance comes twice, letter case and outer blanks aside."""

    name = "repeats_within"
    title = "that repeat an utterance"

    def measure(self, view: View) -> Ratio:
        """1 when one comes twice."""
        said = [text.strip().lower() for text in view.texts]
        return float(len(set(said)) < len(said)), 1.0


class Duplicates(_Diverse):
    """Share of conversations that say the same as an earlier one in the data set, word for word, whoever says it and
    whatever the profiles.
    """

    name = "duplicates"
    title = "exact duplicates of another"

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def measure(self, view: View) -> Ratio:
        """1 for each conversation after the first of its kind. Keeps 8 bytes a conversation."""
        again = view.fingerprint in self._seen
        self._seen.add(view.fingerprint)
        return float(again), 1.0


class NearDuplicates(_Diverse):
    """Share of conversations that are nearly the same as an earlier one of the data set: at least 0.8 of their runs of
    three words in common, by MinHash signatures (they err by 0.05).
    """

    name = "near_duplicates"
    title = "near-duplicates of another"
    source = "Broder (1997), MinHash; datasketch"

    def __init__(self) -> None:
        self.signer = Signer()

    def add(self, view: View) -> None:
        """Sign it."""
        self.signer.add(view)

    def found(self) -> Sequence[float]:
        """1 for each near-duplicate of an earlier one."""
        return [float(alike) for alike in near_duplicates(self.signer.signatures())]


class Leakage(_Diverse):
    """Share of conversations that are nearly the same as one of another data set of the report or of the reference
    (near-duplicates as above): what has leaked from one into the other. The rounds of a run are not compared with it.
    """

    name = "leakage"
    title = "near-duplicates of other data sets"
    source = "Broder (1997), MinHash; datasketch"
    resampled = False

    def figure(self, views: Sequence[View]) -> float | None:
        """None: it is measured when data sets are compared."""
        return None


class _Distinct(_Sized):
    direction = "higher"
    source = "Li et al. (2016), A Diversity-Promoting Objective Function"
    counted = "words"
    least = 1000
    most = TOKENS
    n: int

    def size(self, view: View) -> int:
        """Its words."""
        return sum(map(len, view.words))

    def part(self, views: Sequence[View], most: float) -> float | None:
        """Different n-grams among all; None for fewer than 500 words."""
        words = tokens(views, int(most))
        return distinct(words, self.n) if len(words) >= 500 else None


class Distinct1(_Distinct):
    """Different words as a share of all, over up to 40,000 words of the sample."""

    name = "distinct_1"
    title = "distinct-1"
    n = 1


class Distinct2(_Distinct):
    """Different pairs of neighbouring words as a share of all, over up to 40,000 words of the sample."""

    name = "distinct_2"
    title = "distinct-2"
    n = 2


class Distinct3(_Distinct):
    """Different runs of three words as a share of all, over up to 40,000 words of the sample."""

    name = "distinct_3"
    title = "distinct-3"
    n = 3


class SelfBleu(_Sized):
    """Mean BLEU-4 (NLTK's smoothing 1) of each of up to 1,000 utterances of at least four words of the sample with the
    others as references.
    """

    name = "self_bleu"
    title = "self-BLEU"
    source = "Zhu et al. (2018), Texygen"
    counted = "utterances of 4 words"
    least = 100
    most = BLEU_UTTERANCES

    def size(self, view: View) -> int:
        """Its utterances of at least four words."""
        return sum(len(words) >= 4 for words in view.words)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """Of the utterances in order; None for fewer than 50."""
        said = [words for view in views for words in view.words if len(words) >= 4][: int(most)]
        return self_bleu(said) if len(said) >= 50 else None


class Compression(_Sized):
    """Bytes of up to 200,000 characters of the sample over their bytes after zlib at level 9: the higher, the more
    repetition.
    """

    name = "compression_ratio"
    title = "compression ratio"
    unit = "ratio"
    range = (0.0, math.inf)
    source = "Shaib et al. (2024), Standardizing the Measurement of Text Diversity"
    counted = "characters"
    least = 5_000
    most = COMPRESSED

    def size(self, view: View) -> int:
        """Its characters, line breaks between utterances counted."""
        return sum(len(text) + 1 for text in view.texts)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than 2,500 characters."""
        text = "\n".join(text for view in views for text in view.texts)[: int(most)]
        if len(text) < 2_500:
            return None
        data = text.encode("utf-8", "replace")
        return len(data) / len(zlib.compress(data, 9))


class DistinctUtterances(_Sized):
    """Different utterances as a share of all in the sample, letter case and outer blanks aside."""

    name = "distinct_utterances"
    title = "distinct utterances"
    direction = "higher"
    counted = "utterances"
    least = 50

    def size(self, view: View) -> int:
        """Its utterances."""
        return len(view)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for no utterance."""
        said = (text.strip().lower() for view in views for text in view.texts)
        return _different(said if most == math.inf else islice(said, int(most)))


class _Ends(_Sized):
    direction = "higher"
    at: Callable[[View], str]

    def ends(self, views: Sequence[View]) -> list[str]:
        """The opening or closing of each conversation."""
        return [type(self).at(view) for view in views]


def _opening(view: View) -> str:
    return view.texts[0].strip().lower()


def _closing(view: View) -> str:
    return view.texts[-1].strip().lower()


class DistinctOpenings(_Ends):
    """Different first utterances as a share of all in the sample, letter case and outer blanks aside."""

    name = "distinct_openings"
    title = "distinct openings"
    at = staticmethod(_opening)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for no conversation."""
        return _different(self.ends(views))


class DistinctClosings(_Ends):
    """Different last utterances as a share of all in the sample, letter case and outer blanks aside."""

    name = "distinct_closings"
    title = "distinct closings"
    at = staticmethod(_closing)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for no conversation."""
        return _different(self.ends(views))


class OpeningEntropy(_Ends):
    """Shannon entropy of the first utterances as a share of the greatest possible (all different)."""

    name = "opening_entropy"
    title = "entropy of openings"
    at = staticmethod(_opening)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than two conversations."""
        return evenness(self.ends(views))


class ClosingEntropy(_Ends):
    """Shannon entropy of the last utterances as a share of the greatest possible (all different)."""

    name = "closing_entropy"
    title = "entropy of closings"
    at = staticmethod(_closing)

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None for fewer than two conversations."""
        return evenness(self.ends(views))


class RepeatsAcross(_Sized):
    """Share of utterances of at least five words that another conversation of the sample holds too. Where data sets are
    compared, to within one conversation as many utterances of each are read.
    """

    name = "repeats_across"
    title = "utterances found in another conversation"
    counted = "utterances of 5 words"
    least = 50

    def size(self, view: View) -> int:
        """Its different utterances of at least five words."""
        return len(_longer(view))

    def part(self, views: Sequence[View], most: float) -> float | None:
        """None where there are no such utterances."""
        held = Counter(flat for view in views for flat in _longer(view))
        total = sum(held.values())
        return sum(n for n in held.values() if n > 1) / total if total else None


def _longer(view: View) -> set[str]:
    return {flat for flat in view.flat if flat.count(" ") >= 4}


def tokens(views: Iterable[View], most: int) -> list[str]:
    """The first ``most`` words of the views, in order."""
    found: list[str] = []
    for view in views:
        for words in view.words:
            found.extend(words)
        if len(found) >= most:
            return found[:most]
    return found


def evenness(items: Sequence[str]) -> float | None:
    """Entropy over its maximum, in [0, 1]; None for fewer than two items."""
    if len(items) < 2:
        return None
    counts = Counter(items).values()
    return -sum(n / len(items) * math.log(n / len(items)) for n in counts) / math.log(len(items)) + 0.0


def _different(items: Iterable[str]) -> float | None:
    counts = Counter(items)
    total = counts.total()
    return len(counts) / total if total else None
