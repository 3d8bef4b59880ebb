"""Reading a short answer with the question before it: "Do you have kids?" - "No." states "I do not have kids."."""

from __future__ import annotations

import re

from duologue.facts.numbers import figures
from duologue.text import is_question, normalise, sentences

_LEAD = r"^(?:(?:oh|well|haha|ha|hmm|um|uh|why|aw|wow|no way|actually) )*"
_YES = re.compile(
    _LEAD
    + r"(?:yes|yeah|yep|yup|ya|yea|sure|of course|absolutely|definitely|certainly|indeed|exactly|totally|very much|all the time|every day|a little|a bit)\b"
    r"(?! (?:not|n't))"
)
_NO = re.compile(
    _LEAD + r"(?:no|nope|nah|not really|not at all|not yet|not anymore|not me|not right now|never|neither)\b"
)
_SHORT_YES = re.compile(_LEAD + r"i (?:do|am|have|did|can|was|sure do|really do|do indeed)$")
_SHORT_NO = re.compile(
    _LEAD
    + r"i(?: (?:don't|do not|am not|haven't|have not|can't|cannot|can not|didn't|did not|never do|never have)|'m not)$"
)
_SAME = re.compile(
    _LEAD
    + r"(?:(?:yes|yeah) )?(?:me too|me as well|same here|same|likewise|so do i|so am i|so have i|i do too|i am too|i'm too|i have too|"
    r"i do as well|i also do|me neither|neither do i|neither am i|neither have i|nor do i)\b"
)
_ASKED = re.compile(
    r"\b(do|did|are|were|have|can|could) you (?:guys |all |ever |still |also |even |actually |really |by any chance )*(.+)$"
)
_TAIL = re.compile(r"(?: too| also| as well| or not| or something| then| yourself| at all| by the way)+$")
_STATED = {
    "do": ("I", "I do not"),
    "did": ("I did", "I did not"),
    "are": ("I am", "I am not"),
    "were": ("I was", "I was not"),
    "have": ("I have", "I have not"),
    "can": ("I can", "I can not"),
    "could": ("I could", "I could not"),
}
_TURNED = {
    "you": "me",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "any": "",
    "my": "your",
    "me": "you",
    "ever": "",
}
_OPEN = (
    (re.compile(r"\bhow old are you\b"), "I am {} years old."),
    (re.compile(r"\bhow many (.+?) do you have\b"), "I have {0} {1}."),
    (re.compile(r"\bwhat(?:'s| is| are) your ((?:\w+ ){0,3}\w+)$"), "My {1} is {0}."),
    (re.compile(r"\bwhat do you do(?: for (?:a )?(?:living|work))?$|\bwhat(?:'s| is) your (?:job|profession)$"), "I work as {}."),
    (re.compile(r"\bwhere (?:do|are) you (?:live|living)\b"), "I live in {}."),
    (re.compile(r"\bwhere are you from\b"), "I am from {}."),
    (re.compile(r"\bwhere do you work\b"), "I work at {}."),
)  # fmt: skip
_OWN_SUBJECT = re.compile(r"\b(?:i|i'm|im|i've|i'd|we|my|mine|he|she|they|you)\b")
_NO_NEWS = re.compile(
    r"^(?:hi|hey|hello|great|good|fine|awesome|cool|nice|wow|oh|ok|okay|congrats|congratulations|doing|pretty|thanks|thank|sorry|that's|that|sounds|it's|it|this|why|"
    r"well|haha|lol|maybe|same|me)\b"
)
_SMALL_TALK = re.compile(
    r"\bhow(?:'s| are| is| have| has| did| about)\b(?! old)|\bwhat about\b|\bwhat's (?:up|new|going)\b"
)
_FRAGMENT = 8
"""Most words of an answer to an open question that is read as one."""


def last_question(utterance: str) -> str | None:
    """The last question of an utterance, or None when neither of its last two sentences asks."""
    return next((s for s in reversed(sentences(utterance)[-2:]) if is_question(s)), None)


def stated(question: str, answer: str) -> str | None:
    """What the sentence ``answer`` states as a reply to ``question``, as one first-person text; None when nothing.

    A yes or no to "do/are/have/can you ..." turns the question round. A short answer without a subject of its own is
    put into the words of some common open questions ("My favorite food is pizza.") and read behind others.
    """
    asked = normalise(question)
    # "I do, every day" is a yes as "I do" is; "I am 4" is none.
    first = normalise(re.split(r"[,;]|\s-\s", answer, maxsplit=1)[0])
    if not first or not asked:
        return None
    yes = _YES.match(first) or _SHORT_YES.match(first)
    no = _NO.match(first) or _SHORT_NO.match(first)
    found = _ASKED.search(asked)
    if yes or no:
        if not found or _open(asked[: found.start()]):
            return None
        turned = (_TURNED.get(w, w) for w in _TAIL.sub("", found.group(2)).split())
        return f"{_STATED[found.group(1)][1 if no else 0]} {' '.join(filter(None, turned))}."
    return _filled(question, asked, answer)


def _filled(question: str, asked: str, answer: str) -> str | None:
    flat = normalise(answer)
    if not _open(asked) or len(flat.split()) > _FRAGMENT or _OWN_SUBJECT.search(flat):
        return None
    if _NO_NEWS.match(flat) or _SMALL_TALK.search(asked):
        return None
    whole = re.search(r"\b(?:is|are|was|were)\b", flat) is not None
    for pattern, form in _OPEN:
        if not whole and (found := pattern.search(asked)):
            if "how" in pattern.pattern and not re.match(r"(?:only |just |about |almost )?\d+\b", figures(answer)):
                return None
            return form.format(answer.strip(" .!"), *found.groups())
    return f"{question} {answer}" if re.search(r"\byour?\b", asked) else None


def same(sentence: str) -> bool:
    """True for "me too", "so do I" and the like: the speaker states what the partner just did."""
    return _SAME.match(normalise(sentence)) is not None


def _open(question: str) -> bool:
    """Whether a question word stands in it."""
    return re.search(r"\b(?:what|what's|where|who|when|why|how|which|whose)\b", question) is not None
