"""What people say when they greet or part: needed by the guards on goodbyes and on repetition."""

from __future__ import annotations

import re
from functools import lru_cache

from duologue.conversations.critic.guards.phrases import Phrases
from duologue.text import normalise, sentences, words

_KIND = r"(?:good|great|nice|lovely|wonderful|fun|pleasure|glad|fantastic|awesome|pleasant|fab|blessed|safe|amazing|beautiful|fabulous)"
_MUST = r"(?:gotta|got to|have to|need to|should|must|better)"
_OTHERS = r"(?:you|they|he|she|it|people|everybody|everyone|who|kids|dogs?|cats?)"
_HINTS = (
    "bye", "farewell", "ttyl", "night", "ciao", "so long", "see you", "see ya", "talk", "speak", "chat", "catch you", "catch ya",
    "have a", "enjoy", "have fun with", "take care", "next time", "good luck with", "conversation", "meeting", "to meet", "to know",
    "gotta", "got to", "have to", "need to", "should", "must", "better",
)  # fmt: skip
LEAVE = Phrases(
    (
        r"\b(?:good ?bye|bye|bye bye|farewell|ttyl|good ?night|ciao|so long)\b",
        r"\bsee (?:you|ya) (?:later|soon|around|then|there|tomorrow|next|again|tonight|on)\b|^see (?:you|ya)$",
        r"\b(?:talk|speak|chat) (?:to|with) (?:you|ya) (?:later|soon|again|tomorrow|next|another)\b|\btalk (?:later|soon)\b|\bcatch (?:you|ya) later\b",
        rf"\bhave (?:a|an) (?:very |really )?{_KIND} (?:day|night|evening|weekend|afternoon|morning|one|trip|rest|week|time)\b",
        r"\b(?:enjoy|have fun with) (?:the rest of )?your (?:day|night|evening|weekend|afternoon|morning|week)\b",
        r"\btake care\b(?!\sof\b)|\buntil next time\b|\bgood luck with (?:everything|it all)\b",
        rf"\b{_KIND} (?:talking|chatting|speaking|chat|conversation|meeting) (?:to|with)? ?(?:you|ya)\b",
        rf"\b{_KIND} (?:it was )?to (?:talk|chat|speak) (?:to|with) you\b",
        rf"\b(?:it was|was|it has been|it's been) (?:so |very |really )?{_KIND} (?:to meet|meeting|to get to know|getting to know|to talk|to chat) ?(?:to |with )?you\b",
        # "You have to run to stay fit" is no leave.
        rf"^(?!.*\b{_OTHERS}(?:'ve|'d|'ll)? (?:(?!i\b)\w+ ){{0,2}}{_MUST}\b).*\b{_MUST} (?:probably )?(?:go|run|leave|head (?:out|off|home)|get going|get back|be going)(?: now| soon)?(?:$|\sbut\b|\sso\b|\sbefore\b)",
    ),
    _HINTS,
    # They are looked for in normalised text.
    re.NOFLAG,
)
_YOU_TOO = re.compile(
    r"^(?:(?:oh|ok|okay|thanks?|thank you|yes|and|same to|well|so much|very much|haha) )*(?:you (?:too|as well|also)|same to you|likewise)\b"
)
_GREETING = re.compile(
    rf"\b(?:hi|hello|hey|hiya|good (?:morning|evening|afternoon)|how are you|how's it going|what's up|{_KIND} to meet you|{_KIND} meeting you|thanks?|thank you|you're welcome)\b"
)


def takes_leave(text: str, *, after_leave: bool = False) -> bool:
    """True when the utterance says goodbye. ``after_leave``: the utterance before it did, so "you too" counts."""
    if after_leave and _YOU_TOO.match(normalise(text)) and len(words(text)) <= 6:
        return True
    return _leaving(text)


@lru_cache(maxsize=4096)
def _leaving(text: str) -> bool:
    return any(LEAVE.first(normalise(s)) is not None for s in sentences(text) if not s.rstrip().endswith("?"))


def leaves(utterances: tuple[str, ...]) -> list[bool]:
    """Say of each utterance whether it takes leave."""
    said: list[bool] = []
    for text in utterances:
        said.append(takes_leave(text, after_leave=bool(said) and said[-1]))
    return said


def is_courtesy(text: str) -> bool:
    """True when ``text`` is a short greeting, thanks or goodbye, which people naturally echo."""
    flat = normalise(text)
    return len(flat.split()) <= 14 and (LEAVE.first(flat) is not None or _GREETING.search(flat) is not None)
