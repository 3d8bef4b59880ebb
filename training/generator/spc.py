"""Takes from Synthetic-Persona-Chat (CSV, CC-BY 4.0) the conversations that are fit to learn from.

Run: ``python training/generator/spc.py SPC.csv OUT.jsonl``. Every row ends in OUT or is counted under one reason.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from pathlib import Path

import orjson

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.guards.courtesy import is_courtesy, leaves
from duologue.conversations.critic.guards.goodbyes import GoodbyesGuard
from duologue.conversations.critic.guards.utterance import check_utterance
from duologue.conversations.critic.guards.verbatim import copied
from duologue.prompts import as_data
from duologue.records import Attribute, Candidate, Pair, Profile, Speaker
from duologue.seeds.spc import CONVERSATION, PERSONAS_1, PERSONAS_2
from duologue.text import content_words, first_person, normalise, sentences, words

MOST_UTTERANCES = 16
FEWEST_UTTERANCES = 6
MOST_WORDS = 40
SAME_OPENING = 4
"""Most conversations that begin with the same words."""
SAME_UTTERANCE = 3
"""An utterance said so often in the conversations taken so far is worn out."""
LEAST_LEARNT = 0.5
"""Least share of a conversation's utterances that are worth learning."""

_LABEL = re.compile(r"^User ([12]):\s*(.*)$")
_FORBIDDEN = re.compile(r"[\[\](){}<>*#_|\\^~=@:]|\buser ?[12]\b|\bpersonas?\b|\bprofile\b", re.IGNORECASE)
_FILLER = re.compile(
    r"^(?:oh |wow |well |yeah |yes |ok |okay |cool |nice |i see |i agree |no |thanks |haha |and )*(?:me too|me neither|same here|i (?:\w+ )?(?:love|like|enjoy|am|do)\b.* too$|"
    r"i'?m (?:so |really |very )?(?:glad|sure|happy to hear|sorry to hear)|i bet\b|i know|i (?:totally )?agree|exactly|definitely|no problem|thank|you should|"
    r"i(?:'ll| will| might| may)\b.*(?:try|check|have to|keep)|(?:that|it|they|those)(?:'s| is|'re| are| sounds?| must be)? (?:all |both |really |so |very |pretty |quite |a |like a |like )*(?:\w+ )?(?:cool|great|good|nice|awesome|amazing|fun|interesting|delicious|wonderful|lovely|true|fantastic|job|hobby|choice|one)|"
    r"i(?:'ve| have) (?:always wanted|never|heard)|what about you|how about you|what do you like to do|i(?:'d| would) love to|you(?:'re| are) (?:right|welcome))"
)
_SMALL_TALK = re.compile(
    r"^(?:(?:hi|hello|hey|there|good|great|fine|well|morning|evening|thanks|thank|you|how|are|is|it|going|what|what's|up|"
    r"i'm|im|i|am|doing|pretty|nice|to|meet|and|my|name|name's|too|today|not|much|about|yourself|also|same|here|just|"
    r"hows|how's|your|day|so|far|very|really|pleasure|ok|okay)\s*)+$"
)
_SHARE = 0.5

_PLACEHOLDER = re.compile(r"[\[(][^\])]*[\])]")

Conversation = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""(attributes of user 1, of user 2, utterances)."""


def plain(text: str) -> str:
    """Return an utterance in the characters that the program's grammar lets a model write, closed by a mark."""
    text = as_data(text).replace("’", "'").replace("‘", "'").replace("…", "...")
    text = re.sub(r"[\"“”]", "", text).replace(";", ",")
    text = re.sub(r"\s*:\s*", ", ", text).strip()
    text = " ".join(text.split())
    return text if text[-1:] in (".", "!", "?") else text.rstrip(",-") + "."


def parse(cell: str) -> list[str] | None:
    """Return the utterances of a cell of alternating ``User 1:`` and ``User 2:`` lines, or None."""
    said = []
    for number, line in enumerate(line for line in cell.splitlines() if line.strip()):
        match = _LABEL.match(line.strip())
        if match is None or int(match.group(1)) != number % 2 + 1 or not match.group(2).strip():
            return None
        said.append(match.group(2).strip())
    return said


def trimmed(conversation: Conversation) -> Conversation:
    """Cut the greetings at the start and everything from the first goodbye on; the first to speak becomes user 1."""
    one, two, said = conversation
    start = 0
    while start < min(6, len(said)) and _SMALL_TALK.match(normalise(_PLACEHOLDER.sub("", said[start]))):
        start += 1
    parting = leaves(said)
    end = next((i for i in range(start, len(said)) if parting[i]), len(said))
    end = min(end, start + MOST_UTTERANCES)
    while end > start and is_courtesy(said[end - 1]) and len(words(said[end - 1])) < 8:
        end -= 1
    return (one, two, said[start:end]) if start % 2 == 0 else (two, one, said[start:end])


def problem(conversation: Conversation) -> str | None:
    """Say why a conversation is unfit on its own, or None."""
    one, two, said = conversation
    if len(said) < FEWEST_UTTERANCES:
        return "short"
    if any(_FORBIDDEN.search(u) for u in said):
        return "placeholder or symbols"
    pair = _pair(one, two)
    config = CriticConfig(guards=("format", "length", "placeholder", "assistant_voice", "repetition", "swap"))
    for i, text in enumerate(said):
        speaker: Speaker = 1 if i % 2 == 0 else 2
        if what := check_utterance(
            text, speaker=speaker, pair=pair, earlier=said[:i], config=config, max_words=MOST_WORDS
        ):
            return what.partition(":")[0]
    candidate = Candidate("k-train", pair, 1, 0, 0, said, "whole", "spc", "", 0)
    if not GoodbyesGuard(config).check(candidate).passed:
        return "goodbyes"
    if not speakers(conversation):
        return "no profile is touched"
    return None


def _pair(one: tuple[str, ...], two: tuple[str, ...]) -> Pair:
    first, second = (Profile.of(tuple(Attribute.of(a) for a in side), "given") for side in (one, two))
    return Pair("p-train", 0, first, second)


def speakers(conversation: Conversation) -> list[Speaker]:
    """Return the speakers who touch their own profile; only their side is worth learning."""
    one, two, said = conversation
    sides: tuple[tuple[Speaker, tuple[str, ...]], ...] = ((1, one), (2, two))
    return [speaker for speaker, side in sides if _touched(side, said[speaker - 1 :: 2])]


def _touched(attributes: tuple[str, ...], said: tuple[str, ...]) -> bool:
    """True when an own statement holds half of the content words of one attribute."""
    stated = [set(content_words(text)) for text in said if first_person(text)]
    for attribute in attributes:
        held = set(content_words(attribute))
        if held and any(len(held & own) >= _SHARE * len(held) for own in stated):
            return True
    return False


def dull(conversation: Conversation, index: int) -> bool:
    """True when an utterance teaches nothing good: all of it is filler, or it recites an attribute."""
    one, two, said = conversation
    text = said[index]
    if copied(text, _pair(one, two), 4):
        return True
    parts = [normalise(s) for s in sentences(text)]
    return all(_FILLER.match(p) or len(p.split()) < 3 or _SMALL_TALK.match(p) for p in parts)


Kept = tuple[Conversation, list[int], list[Speaker]]
"""A conversation, the indices of the utterances that are shown but not learnt, and the speakers to learn."""


def select(conversations: list[Conversation], reasons: Counter[str]) -> list[Kept]:
    """Keep fit conversations, with a cap on openings."""
    kept: list[Kept] = []
    openings: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for conversation in conversations:
        short = trimmed(conversation)
        if reason := problem(short):
            reasons[reason] += 1
            continue
        flat = [normalise(u) for u in short[2]]
        opening = " ".join(flat[0].split()[:6])
        silent = [i for i, u in enumerate(flat) if seen[u] >= SAME_UTTERANCE or dull(short, i)]
        if openings[opening] >= SAME_OPENING:
            reasons["opening"] += 1
        elif len(silent) > (1 - LEAST_LEARNT) * len(flat):
            reasons["mostly filler"] += 1
        else:
            openings[opening] += 1
            seen.update(set(flat))
            kept.append(((short[0], short[1], tuple(plain(u) for u in short[2])), silent, speakers(short)))
            reasons["kept"] += 1
    return kept


def main() -> None:
    """Read the CSV, write the kept conversations in the layout of ``examples.jsonl``, print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    reasons: Counter[str] = Counter()
    conversations: list[Conversation] = []
    with args.csv.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            said = parse(row[CONVERSATION])
            if said is None:
                reasons["format"] += 1
                continue
            sides = [tuple(a.strip() for a in row[c].splitlines() if a.strip()) for c in (PERSONAS_1, PERSONAS_2)]
            conversations.append((sides[0], sides[1], tuple(said)))
    kept = select(conversations, reasons)
    rows = [
        {"id": f"spc-{i:04}", "user_1": one, "user_2": two, "utterances": said, "silent": silent, "speakers": who}
        for i, ((one, two, said), silent, who) in enumerate(kept, start=1)
    ]
    args.out.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    for reason, count in reasons.most_common():
        print(f"{count:5} {reason}")


if __name__ == "__main__":
    main()
