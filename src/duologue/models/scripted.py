"""Stand-ins for the small models, for tests: by rule, without weights, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from duologue.models.protocol import AGREEMENT, Floats, ToxicityRating
from duologue.text import content_words, is_question, stem, words

_LIKING = frozenset(map(stem, ["like", "love", "enjoy", "adore", "prefer"]))
_DISLIKING = frozenset(map(stem, ["hate", "dislike", "detest", "loathe", "despise"]))
_NEGATION_TEXT = (
    "not no never nobody nothing none cannot without neither nor "
    "dont doesnt didnt isnt arent wasnt werent havent hasnt hadnt cant wont wouldnt couldnt shouldnt"
)
_NEGATION = frozenset(_NEGATION_TEXT.split())
_TOXIC = frozenset(
    map(
        stem,
        [
            "stupid",
            "idiot",
            "moron",
            "dumb",
            "loser",
            "ugly",
            "disgusting",
            "kill",
            "damn",
            "shit",
            "bitch",
            "bastard",
            "fuck",
            "asshole",
        ],
    )
)
_AGREEING = frozenset(("yes", "yeah", "right", "exactly", "agreed", "true"))


class ScriptedEmbedder:
    """Hashed bags of content-word stems as unit vectors of 256 numbers: shared words mean similarity.

    Texts without content words are told apart by all their words.
    """

    name = "scripted"
    dimensions = 256

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return an array (len(texts), 256) of unit-length rows."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            # Each word once: "I really really like dogs" is not nearer to "really" than to "dogs".
            for word in sorted(set(content_words(text) or words(text) or [text])):
                digest = hashlib.blake2b(word.encode(errors="surrogatepass"), digest_size=8).digest()
                # Two places and signs per word keep different words near to orthogonal.
                for place, sign in ((digest[0], digest[1]), (digest[2], digest[3])):
                    vectors[row, place] += 1.0 if sign & 1 else -1.0
            norm = float(np.linalg.norm(vectors[row]))
            if norm > 0.0:
                vectors[row] /= norm
            else:
                vectors[row, 0] = 1.0
        return vectors


class ScriptedNli:
    """Inference by shared words.

    The hypothesis' content words are (nearly) all in the premise and both are affirmed or both denied: entailment.
    Both are about the same words, but one is denied ("not", "never", "hate" for "like"): contradiction. Anything
    else, and every question: neutral. The decided label has probability 0.9.
    """

    name = "scripted"

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return an array (len(pairs), 3) of probabilities: entailment, neutral, contradiction."""
        result = np.full((len(pairs), 3), 0.05, dtype=np.float32)
        for row, (premise, hypothesis) in enumerate(pairs):
            result[row, _label(premise, hypothesis)] = 0.9
        return result


def _label(premise: str, hypothesis: str) -> int:
    """0 entailment, 1 neutral, 2 contradiction."""
    if is_question(premise) or is_question(hypothesis):
        return 1
    said, claimed = _topics(premise), _topics(hypothesis)
    if not said or not claimed:
        return 1
    shared = len(said & claimed)
    if _denied(premise) == _denied(hypothesis):
        return 0 if shared / len(claimed) >= 0.75 else 1
    return 2 if shared / len(said | claimed) >= 0.6 or said <= claimed or claimed <= said else 1


def _topics(text: str) -> frozenset[str]:
    return frozenset(w for w in content_words(text) if not _negates(w)) - _LIKING - _DISLIKING


def _denied(text: str) -> bool:
    """True when an odd number of words turn the meaning round."""
    return sum(_negates(word) or stem(word) in _DISLIKING for word in words(text)) % 2 == 1


def _negates(word: str) -> bool:
    return word in _NEGATION or word.endswith("n't")


class ScriptedFit:
    """Fit by shared words.

    0.5, more for content words that context and response share (0.9 at most), 0.1 for a response that repeats the end
    of the context or holds no word.
    """

    name = "scripted"

    def score(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return an array (len(pairs),) of probabilities."""
        return np.array([_fit(context, response) for context, response in pairs], dtype=np.float32)


def _fit(context: str, response: str) -> float:
    before, said = words(context), words(response)
    if not said or before[-len(said) :] == said:
        return 0.1
    shared = len(frozenset(content_words(context)) & frozenset(content_words(response)))
    return 0.5 + 0.1 * min(shared, 4)


class ScriptedToxicity:
    """0.95 for a text with a word of a short list of insults, 0.9 for one that agrees with such a text, else 0.02."""

    name = "scripted"

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        """Return an array (len(texts),) of probabilities."""
        return np.array([rating.score for rating in self.rate(texts, before)], dtype=np.float32)

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        """Return a rating of each text; the kinds are insult and agreement."""
        return tuple(map(_toxicity, texts, before if before is not None else [""] * len(texts)))


def _toxicity(text: str, before: str) -> ToxicityRating:
    said, answered = words(text), words(before)
    insult = 0.95 if any(stem(word) in _TOXIC for word in said) else 0.02
    agrees = bool(said) and said[0] in _AGREEING and any(stem(word) in _TOXIC for word in answered)
    agreement = 0.9 if agrees else 0.02
    return ToxicityRating(
        max(insult, agreement),
        "insult" if insult >= agreement else AGREEMENT,
        (("insult", insult), (AGREEMENT, agreement)),
    )
