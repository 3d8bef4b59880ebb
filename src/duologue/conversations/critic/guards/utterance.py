"""The guards that can judge one utterance as it is drawn, for the turn-by-turn Generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.guards.assistant_voice import assistant_phrase
from duologue.conversations.critic.guards.format import is_latin, malformed
from duologue.conversations.critic.guards.length import too_long
from duologue.conversations.critic.guards.placeholder import placeholder
from duologue.conversations.critic.guards.prompt_leak import leak
from duologue.conversations.critic.guards.repetition import repeats
from duologue.conversations.critic.guards.swap import swapped
from duologue.conversations.critic.guards.verbatim import copied
from duologue.conversations.critic.guards.verdicts import quote
from duologue.records import Pair, Speaker


def check_utterance(
    text: str,
    *,
    speaker: Speaker,
    pair: Pair,
    earlier: Sequence[str],
    config: CriticConfig,
    max_words: int | None = None,
) -> str | None:
    """Return ``guard: what is wrong`` for the first guard of ``config.guards`` that refuses ``text``, or None.

    ``earlier`` holds both speakers' utterances so far, in order. ``max_words`` is the most words of an utterance, None
    for no limit. Guards that need the whole conversation (goodbyes, the number of utterances) and guards from
    plug-ins are left to the Critic.
    """
    attributes = (*pair.user_1.attributes, *pair.user_2.attributes)
    checks: dict[str, Callable[[], str | None]] = {
        "format": lambda: malformed(text, latin=is_latin(a.text for a in attributes)),
        "length": lambda: too_long(text, max_words),
        "placeholder": lambda: _named("the placeholder", placeholder(text)),
        "prompt_leak": lambda: _named("prompt text", leak(text)),
        "assistant_voice": lambda: _named("assistant voice", assistant_phrase(text)),
        "repetition": lambda: repeats(text, earlier),
        "verbatim": lambda: copied(text, pair, config.verbatim_words),
        "swap": lambda: swapped(text, speaker, pair, earlier),
    }
    for name in config.guards:
        if name in checks and (what := checks[name]()):
            return f"{name}: {what}"
    return None


def _named(kind: str, found: str | None) -> str | None:
    return f"{kind} {quote(found)}" if found else None
