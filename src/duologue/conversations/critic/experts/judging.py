"""Asking a language model for a short verdict, and reading what it says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from duologue.backends.protocol import Answer, Caller, Message, Request, Sampling
from duologue.prompts import as_data
from duologue.records import Candidate, Pair

_LABEL = re.compile(
    r"^(?:(?:the |my |final )*(?:verdict|answer|response|conversation|option)(?: is)?\W+)+", re.IGNORECASE
)
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:(?:it|this|that)(?: is|['\u2019]s) )?an? (?:clear |close )?([a-z]{2,})", re.IGNORECASE)
_AS_GOOD = re.compile(r"[\s*_\"']*(?:is|are) (?:about |just |nearly |roughly )?as \w+ as", re.IGNORECASE)
_LETTER_ENDS = re.compile(
    r"[\s*_\"')\]}]*(?:$|[.,:;!(\n\u2013\u2014-]|(?:is|because|since|wins|has|goes|hangs|stays)\b)", re.IGNORECASE
)
"""What may follow an option of one letter; before another word an A is an article."""
_ALTERNATIVES = 8
FORMS = {
    False: "Say that one word and nothing else.",
    True: "After that word give the reason in one sentence.",
}
"""What a judge's prompt says of the form of its answer, by whether reasons are wanted (``critic.reasons``)."""


async def ask(
    caller: Caller,
    purpose: str,
    messages: tuple[Message, ...],
    *,
    options: Sequence[str],
    seed: int,
    reason: bool = False,
) -> Answer:
    """Ask for one of ``options``, and with ``reason`` leave room for a sentence after it.

    The likeliest answer is taken. A grammar holds the answer to the options where the backend can; log probabilities
    are asked for where it has them. With both and no reason, one token is drawn and no more: it says all. Raises
    ItemFailed and RunStopped as the caller does.
    """
    features = caller.features
    most = 80 if reason else 1 if features.grammar and features.logprobs else 8
    choice = " | ".join(f'"{option}"' for option in options)
    tail = ' (". " [^\\n]{0,240})?' if reason else ""
    request = Request(
        purpose=purpose,
        model=caller.model,
        messages=messages,
        sampling=Sampling(temperature=0.0, max_tokens=most),
        seed=seed,
        grammar=f"root ::= ({choice}){tail}" if features.grammar else None,
        top_logprobs=_ALTERNATIVES if features.logprobs else 0,
    )
    return await caller.call(request)


def chosen(text: str, options: Mapping[str, str], *, cut: bool = False) -> str | None:
    """Read which option ``text`` begins with, or None.

    ``options`` maps lower-case words to options, such as ``{"yes": "yes", "unfaithful": "no"}``. Markup, quotes, JSON
    keys and "Verdict:" before the word are passed over; words further on are not looked at, for "there is no ..." is
    no "no". An option of one letter counts where no word follows that makes it an article; "a tie" is a tie, and so is "A is
    as good as B". ``cut`` says that the text may end within the word.
    """
    bare = _LABEL.sub("", text.lstrip(" \t\r\n\"'*_#>`{[(-:.").removeprefix("\u201c"))
    article = _ARTICLE.match(bare)
    if article is not None and (named := options.get(article.group(1).lower())) is not None:
        return named
    match = _WORD.search(bare)
    if match is None or match.start() > 4:
        return None
    if cut and match.end() == len(bare):
        return _option(match.group(0), options)
    rest = bare[match.end() :]
    if len(match.group(0)) == 1 and _AS_GOOD.match(rest):
        return options.get("tie")
    if len(match.group(0)) == 1 and not _LETTER_ENDS.match(rest):
        return None
    return options.get(match.group(0).lower())


def probabilities(answer: Answer, options: Mapping[str, str], *, least: float = 0.0) -> dict[str, float]:
    """Probability of each option, adding up to 1; empty when the answer can't be read, or all options together were less
    probable than ``least``: a grammar makes a model say one that it never meant.

    Where the answer has log probabilities, those of the first token that names an option are used, spread over the
    options among its alternatives. Else the option that the text begins with gets 1.
    """
    option = chosen(answer.text, options, cut=answer.finish == "length")
    if option is None:
        return {}
    for token in answer.logprobs:
        if _option(token.token, options) != option:
            continue
        found: dict[str, float] = {}
        for text, logprob in dict(((token.token, token.logprob), *token.top)).items():
            if (named := _option(text, options)) is not None:
                found[named] = found.get(named, 0.0) + math.exp(min(0.0, logprob))
        total = sum(found.values())
        if total < least:
            return {}
        if total > 0:
            return {option: found.get(option, 0.0) / total for option in dict.fromkeys(options.values())}
        break
    return {o: float(o == option) for o in dict.fromkeys(options.values())}


def explanation(answer: Answer) -> str:
    """What stands after the verdict, on one line; empty when nothing does."""
    _, _, rest = answer.text.strip().partition(" ")
    return as_data(rest).lstrip(".,:;-* ").strip()


def profiles_text(user_1: Sequence[str], user_2: Sequence[str]) -> str:
    """Both profiles as prompt text, every attribute on a line of its own."""
    return "\n".join(
        line
        for number, attributes in ((1, user_1), (2, user_2))
        for line in (f"Profile of User {number}:", *(f"- {as_data(a)}" for a in attributes))
    )


def transcript_text(utterances: Sequence[str]) -> str:
    """A conversation as prompt text, every utterance on a line of its own, with its number and speaker."""
    return "\n".join(f"{i + 1}. User {i % 2 + 1}: {as_data(u)}" for i, u in enumerate(utterances))


def shown(candidate: Candidate) -> str:
    """A candidate with its profiles as prompt text."""
    user_1, user_2 = texts(candidate.pair)
    return f"{profiles_text(user_1, user_2)}\nConversation:\n{transcript_text(candidate.utterances)}"


def texts(pair: Pair) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The attributes' texts of both users."""
    return tuple(a.text for a in pair.user_1.attributes), tuple(a.text for a in pair.user_2.attributes)


def _option(token: str, options: Mapping[str, str]) -> str | None:
    """The option that a token names; a token may be the beginning of a longer word ("unf" of "unfaithful")."""
    word = token.strip(" \t\r\n\"'*_.,:\u2581\u0120").lower()
    if word in options or not word:
        return options.get(word)
    meant = {option for key, option in options.items() if key.startswith(word)}
    return meant.pop() if len(meant) == 1 else None
