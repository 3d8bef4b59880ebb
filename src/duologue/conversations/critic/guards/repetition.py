"""Guard ``repetition``: nobody says the same thing twice, echoes the partner or loops inside an utterance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from duologue.conversations.critic.guards.courtesy import is_courtesy
from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Candidate, Verdict
from duologue.text import is_question, normalise, sentences, words

NEAR = 0.8
"""Share of the longer utterance's words at which two utterances count as the same."""
_NEAR_WORDS = 5
_ECHO_WORDS = 4
_AGREEING = frozenset(["too", "also", "well", "as", "same", "really", "so", "me"])
_LOOP = re.compile(r"\b(\w[\w' ]{2,60}?)(?: \1\b){2,}")
_SONG = re.compile(r"^(\w+)(?: \1){2,4}$")


class RepetitionGuard:
    """Refuses repeats and near-repeats of any earlier utterance, echoes of the utterance before, and loops.

    One- and two-word answers ("Yes.") may be said twice, but not a third time. Near-repeats share at least 0.8 of the
    longer one's words and have at least 5; greetings and goodbyes may be near, but not the same.
    """

    name = "repetition"

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names what was said before and where."""
        said = candidate.utterances
        found: Iterable[tuple[int, str]] = ((i, r) for i, u in enumerate(said) if (r := repeats(u, said[:i])))
        return guard_verdict(self.name, found)


def repeats(text: str, earlier: Sequence[str]) -> str | None:
    """Say what ``text`` repeats of the utterances before it (in order, both speakers'), or None."""
    if loop := _loops(text):
        return f"it loops: {quote(loop)}"
    flat = normalise(text)
    mine = flat.split()
    before = [normalise(e) for e in earlier]
    times = before.count(flat)
    if mine and times >= (2 if len(mine) <= 2 else 1):
        return f"it repeats utterance {before.index(flat) + 1}"
    courteous = is_courtesy(text)
    if len(mine) >= _NEAR_WORDS and not courteous:
        for index, other in enumerate(before):
            theirs = other.split()
            if len(theirs) >= _NEAR_WORDS and overlap(mine, theirs) >= NEAR:
                return f"it nearly repeats utterance {index + 1}"
    if earlier and (echo := _echo(text, earlier[-1])):
        return f"it echoes the partner: {quote(echo)}"
    return None


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Words in common, repeats counted, as a share of the longer of the two; 0 when both are empty."""
    common = sum((Counter(one) & Counter(other)).values())
    return common / max(len(one), len(other), 1)


def _echo(text: str, before: str) -> str | None:
    theirs = [_statement(s) for s in sentences(before) if not is_question(s)]
    for sentence in sentences(text):
        if is_question(sentence) or is_courtesy(sentence):
            continue
        mine = _statement(sentence)
        if len(mine) >= _ECHO_WORDS and any(len(t) >= _ECHO_WORDS and overlap(mine, t) >= NEAR for t in theirs):
            return sentence
    return None


def _statement(sentence: str) -> list[str]:
    return [w for w in words(sentence) if w not in _AGREEING]


def _loops(text: str) -> str | None:
    said = words(text)
    if len(said) < 6:
        return None
    parts = [normalise(s) for s in sentences(text)]
    for part, times in Counter(parts).items():
        if times > 1 and len(part.split()) >= 4 and not is_courtesy(part):
            return part
    triples = Counter(zip(said, said[1:], said[2:], strict=False))
    triple, times = triples.most_common(1)[0]
    if len(set(triple)) > 1 and (times >= 4 or (times >= 3 and times * 3 >= 0.6 * len(said))):
        return " ".join(triple)
    match = _LOOP.search(" ".join(said)[:2000])
    if match and (" " in match.group(1) or not _SONG.search(match.group(0))):
        return match.group(1)
    if len(said) >= 24 and len(set(said)) / len(said) < 0.35:
        return " ".join(said[:8])
    return None
