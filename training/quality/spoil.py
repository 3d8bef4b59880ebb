"""Ways to spoil a good conversation, each aimed at one aspect or more; the worse, the larger ``share``.

Every function takes a talk's utterances, a share in (0, 1], a random generator and utterances from elsewhere, and
returns the spoiled utterances, speakers still alternating.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from duologue.text import is_question, sentences

Said = tuple[str, ...]
Spoiler = Callable[[Said, float, np.random.Generator, Sequence[str]], Said]
GENERIC = (
    "Ok.", "Cool.", "I see.", "That is nice.", "I don't know.", "Yes.", "No.", "Not much.", "Me too.", "Maybe.",
    "Good for you.", "I am fine.", "Nothing.", "Oh ok.", "Yeah.", "Alright.", "Sure.", "I like it.", "I do.", "Not really.",
    "That's good.", "Nice.", "Same here.", "If you say so.", "Hm.", "It's ok.", "I guess so.", "Oh.", "I think so.", "Fine.",
)  # fmt: skip
GRUMBLES = (
    "I told you that already.", "What?", "That has nothing to do with what I asked.", "You keep saying the same thing.",
    "You didn't answer my question.", "That makes no sense at all.", "Are you even reading what I write?", "Huh?",
    "You just asked me that.", "I already said I don't.", "Why do you keep asking?", "Sorry, what are you talking about?",
    "Are you a robot?", "This is getting boring.", "I don't get what you mean.", "You are confusing me.", "We went over this.",
    "Did you not hear me?", "Forget it.", "Never mind.", "That was my question to you.", "You said the opposite before.",
    "Stop repeating yourself.", "What a strange answer.", "I don't think you are listening.", "Ok, whatever.",
)  # fmt: skip
HELLOS = ("Hi, how are you?", "Hello there.", "Hey! How are you doing today?", "Hi.", "Hello, nice to meet you.")
_FEWEST = 4


def _some(count: int, share: float, rng: np.random.Generator, first: int = 1) -> list[int]:
    """Indices from ``first`` on, at least one."""
    among = np.arange(first, count)
    most = max(1, round(share * len(among)))
    return sorted(int(i) for i in rng.choice(among, min(most, len(among)), replace=False))


def _own(said: Said, share: float, rng: np.random.Generator) -> list[int]:
    """Some of one speaker's later utterances, twice as dense, for it is the one speaker who spoils it."""
    speaker = int(rng.integers(2))
    among = [i for i in range(2, len(said)) if i % 2 == speaker]
    most = min(len(among), max(1, round(share * len(among) * 1.5)))
    return sorted(int(i) for i in rng.choice(among, most, replace=False))


def _replaced(said: Said, new: Mapping[int, str]) -> Said:
    return tuple(new.get(i, u) for i, u in enumerate(said))


def shuffle(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """Some utterances trade places with others of the same speaker."""
    result = list(said)
    for speaker in (0, 1):
        places = [i for i in _some(len(said), min(1.0, share * 1.5), rng, 0) if i % 2 == speaker]
        for to, origin in zip(places, places[1:] + places[:1], strict=True):
            result[to] = said[origin]
    return tuple(result)


def elsewhere(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """Some utterances come from other talks."""
    return _replaced(said, {i: str(rng.choice(other)) for i in _some(len(said), share, rng)})


def dodge(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """Replies to questions come from other talks."""
    asked = [i for i in range(1, len(said)) if is_question(said[i - 1])]
    kept = [i for i in asked if rng.random() < share * 1.5] or asked[:1]
    return _replaced(said, {i: str(rng.choice(other)) for i in kept})


def again(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker says earlier utterances again."""
    return _replaced(said, {i: said[int(rng.choice(np.arange(i % 2, i, 2)))] for i in _own(said, share, rng)})


def stock(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker falls back on one sentence, often as an addition."""
    places = _own(said, share, rng)
    line = sentences(said[places[0] % 2])[-1:] or [said[0]]
    return _replaced(said, {i: f"{sentences(said[i])[0]} {line[0]}" if rng.random() < 0.4 else line[0] for i in places})


def parrot(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker repeats what the partner just said."""
    return _replaced(said, {i: said[i - 1] for i in _own(said, share, rng)})


def stammer(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker says sentences twice."""
    return _replaced(said, {i: f"{sentences(said[i])[0]} {sentences(said[i])[0]}" for i in _own(said, share, rng)})


def ask_again(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker asks one question over and over, in place of saying something."""
    places = _own(said, share, rng)
    asked = [s for u in said[places[0] % 2 :: 2] for s in sentences(u) if is_question(s)]
    line = asked[0] if asked else "What do you do for a living?"
    return _replaced(said, {i: line if rng.random() < 0.7 else f"{sentences(said[i])[0]} {line}" for i in places})


def generic(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker has nothing to say."""
    return _replaced(said, {i: str(rng.choice(GENERIC)) for i in _own(said, share, rng)})


def clip(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker breaks off after two to four words."""
    return _replaced(said, {i: " ".join(said[i].split()[: int(rng.integers(2, 5))]) for i in _own(said, share, rng)})


def break_off(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """The talk ends early."""
    return said[: max(_FEWEST, round(len(said) * (1.0 - 0.9 * share)))]


def grumble(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker is annoyed with the other's answers."""
    return _replaced(said, {i: str(rng.choice(GRUMBLES)) for i in _own(said, 0.6 * share, rng)})


def one_sided(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """One speaker stops asking and says less and less."""
    new = {}
    for i in _own(said, share, rng):
        told = [s for s in sentences(said[i]) if not is_question(s)]
        new[i] = " ".join(told[0].split()[:5]) if told else str(rng.choice(GENERIC))
    return _replaced(said, new)


def restart(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """The talk begins anew in its middle."""
    places = _some(len(said), 0.4 * share, rng, min(_FEWEST, len(said) - 1))
    return _replaced(said, {i: str(rng.choice(HELLOS)) for i in places})


def bad_company(said: Said, share: float, rng: np.random.Generator, other: Sequence[str]) -> Said:
    """What happens when a poor chatbot talks to a person: it repeats itself or says what comes to hand, the person is
    brief, then annoyed, and leaves early."""
    mixed = said
    for way in (rng.choice([again, stock, elsewhere, ask_again, stammer]), rng.choice([generic, one_sided, grumble])):
        mixed = way(mixed, share, rng, other)
    return break_off(mixed, share * float(rng.random()), rng, other)


SPOILERS: Mapping[str, tuple[Spoiler, tuple[str, ...]]] = {
    "shuffle": (shuffle, ("coherency",)),
    "elsewhere": (elsewhere, ("coherency",)),
    "dodge": (dodge, ("coherency",)),
    "restart": (restart, ("coherency",)),
    "again": (again, ("diversity", "depth")),
    "stock": (stock, ("diversity", "depth")),
    "parrot": (parrot, ("diversity", "likable")),
    "stammer": (stammer, ("diversity",)),
    "ask again": (ask_again, ("diversity", "likable")),
    "generic": (generic, ("depth", "diversity", "likable")),
    "clip": (clip, ("depth",)),
    "break off": (break_off, ("depth",)),
    "grumble": (grumble, ("likable",)),
    "one-sided": (one_sided, ("likable", "depth")),
    "bad company": (bad_company, ("depth", "likable")),
}
"""By name: how, and which aspects it is to lower. All of them lower the overall score."""
SHARES = (0.15, 0.35, 0.7)
