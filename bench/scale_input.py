"""Distinct persona attributes in any number, by rules, from a file of real ones: the input of ``bench/users_scale.py``.

    python bench/scale_input.py --data personas_train.jsonl --count 100000 [--show 20]

A word of a real sentence that stands in one of the word classes below is a slot; another word of its class takes its
place ("i have three cats" gives "i have five cats", "i have three owls"). Sentences about doing something have one slot
more at their end, for an adjunct ("on weekends", "with my cousin"). First come the real sentences, then those with one
slot changed, then those with two, in an order shuffled by a fixed seed. No random strings, no language model. The sense
of a sentence can suffer ("my husband is a nurse" gives "my aunt is a plumber"), its grammar mostly does not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_WORDS = (
    "mother father sister brother cousin aunt uncle husband wife grandmother grandfather son daughter niece nephew boss"
    " neighbor roommate girlfriend boyfriend mom dad grandma stepfather",
    "parents children kids friends brothers sisters siblings cousins sons daughters grandparents grandchildren neighbors"
    " colleagues twins nieces nephews uncles aunts",
    "dog cat horse parrot rabbit hamster turtle goat snake lizard pony ferret canary goldfish donkey pig owl spider frog"
    " chicken tortoise",
    "dogs cats horses parrots rabbits hamsters turtles goats snakes lizards ponies ferrets canaries donkeys pigs owls"
    " spiders frogs chickens bees ducks animals birds clowns",
    "pizza sushi pasta steak chocolate cheese spaghetti tacos rice soup salad bread lasagna curry shrimp chicken fish"
    " meat eggs cake candy bacon burgers noodles pancakes fries vegetables mushrooms lobster popcorn",
    "coffee tea beer wine lemonade milk juice soda cider cocoa whiskey water vodka rum gin",
    "red blue green yellow purple pink black white brown orange silver golden gray blonde turquoise violet",
    "music jazz country metal rap rock classical techno blues folk reggae soul opera punk disco swing funk",
    "guitar piano violin drums flute cello trumpet banjo harp saxophone clarinet accordion ukulele bass",
    "football basketball soccer baseball tennis hockey golf volleyball rugby cricket chess poker badminton softball"
    " lacrosse handball",
    "reading cooking hiking swimming fishing painting dancing singing running gardening camping sewing knitting skiing"
    " surfing baking cycling sailing climbing shopping traveling writing drawing hunting boxing bowling kayaking"
    " photography yoga karate ballet",
    "read cook hike swim paint dance sing run ski surf bake sew draw write travel sail climb knit camp hunt cycle skate",
    "teacher nurse doctor lawyer baker chef librarian mechanic accountant carpenter plumber electrician farmer pilot"
    " barber florist painter singer dancer actor author writer artist driver waitress barista dentist veterinarian"
    " salesman designer student musician engineer cashier janitor butcher tailor photographer secretary firefighter",
    "florida texas california michigan ohio oregon nevada canada mexico japan ireland france italy spain germany brazil"
    " norway chicago london paris boston seattle denver kansas baltimore europe alaska maine egypt india china"
    " australia portugal hawaii vermont",
    "french italian english mexican spanish german chinese japanese greek irish portuguese russian korean american thai"
    " turkish polish swedish",
    "two three four five six seven eight nine ten eleven twelve several 2 3 4 5 6 7 8 9 10 12 15 18 20 30",
    "summer winter autumn spring fall",
    "monday tuesday wednesday thursday friday saturday sunday",
    "morning evening afternoon night",
    "house apartment cabin farm mansion trailer castle cottage barn condo boat loft",
    "school college church university hospital library office bank theater museum store gym restaurant bakery factory"
    " casino zoo warehouse airport bar",
    "beach lake park mountain forest ocean river desert city town island garden woods village",
    "books movies games videos novels comics stories magazines podcasts poems cartoons shows concerts museums recipes",
    "car truck motorcycle bicycle bike boat van scooter jeep convertible train bus",
    "cars trucks boats trains airplanes motorcycles bicycles coins stamps dolls shoes stones maps clocks tattoos boots"
    " glasses clothes jewelry",
    "love hate like enjoy prefer adore dislike miss",
    "tall short thin big small tiny huge old young",
    "week day month year weekend",
    "married divorced single engaged widowed retired unemployed",
)
CLASSES: tuple[tuple[str, ...], ...] = tuple(tuple(dict.fromkeys(words.split())) for words in _WORDS)
ADJUNCTS = (
    "on weekends",
    "in my spare time",
    "with my cousin",
    "with my best friend",
    "every morning",
    "every evening",
    "after work",
    "when it rains",
    "in the summer",
    "in the winter",
    "on vacation",
    "with my family",
    "to relax",
    "all the time",
    "once in a while",
    "more than anything",
    "since i was a child",
    "these days",
    "whenever i can",
    "late at night",
    "at home",
    "with my neighbors",
    "on sundays",
    "before breakfast",
    "when i am sad",
    "by myself",
    "with my old friends from school",
    "during the holidays",
)
_DOING = ("i like to", "i love to", "i enjoy", "i play", "i go", "i want to", "i like", "i love", "i eat", "i drink",
          "i watch", "i read", "i listen", "i cook", "i collect", "i spend", "i take", "i hate", "i work", "i write")  # fmt: skip
_CLASS_OF = {word: place for place, words in reversed(list(enumerate(CLASSES))) for word in words}
_END = -1
"""The slot behind the last word."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """One attribute, and how it came about."""

    text: str
    base: int
    """Place of the real sentence."""
    changes: tuple[tuple[str, str], ...] = ()
    """(old word, new word) of each changed slot; the old one is empty where an adjunct was added."""


def read_attributes(data: Path) -> list[str]:
    """The distinct attributes of a JSONL file of ``{"persona": [...]}``, in order."""
    found: dict[str, None] = {}
    for line in data.read_text(encoding="utf-8").splitlines():
        found.update(dict.fromkeys(json.loads(line)["persona"]))
    return list(found)


def expand(base: Sequence[str], count: int, seed: int = 0) -> list[Expanded]:
    """Return ``count`` attributes with distinct texts; a longer list begins with the shorter one.

    Raises ValueError when the rules do not give so many.
    """
    rng = random.Random(f"{seed}/scale_input")
    seen = set(base)
    out = [Expanded(text, place) for place, text in enumerate(base[:count])]
    slots = [_slots(text) for text in base]
    singles = [(place, change) for place, found in enumerate(slots) for slot in found for change in slot]
    rng.shuffle(singles)
    for source in (_ones(base, singles), _twos(base, slots, rng)):
        for one in source:
            if len(out) >= count:
                return out
            if one.text not in seen:
                seen.add(one.text)
                out.append(one)
    if len(out) < count:
        raise ValueError(f"the rules give {len(out):,} attributes from {len(base):,}, {count:,} are wanted")
    return out


Way = tuple[int, str, str]
"""A way to copy nearly: its number, the beginning that is replaced, and what by."""
WAYS: tuple[Way, ...] = tuple(
    (number, old, new)
    for number, (old, new) in enumerate(
        (
            ("i am ", "i'm "),
            ("i'm ", "i am "),
            ("i do not ", "i don't "),
            ("i don't ", "i do not "),
            ("i have ", "i've got "),
            ("i like ", "i really like "),
            ("i love ", "i really love "),
            ("i love ", "i just love "),
            ("my favorite ", "my favourite "),
        )
    )
)


def copied(texts: Sequence[str], seed: int = 0) -> tuple[list[int], list[Way | None], list[str]]:
    """Put copies among attributes: as many again as were given, every tenth a copy of one before it.

    Returns for each the row of ``texts`` it comes from, the way of a near copy (None: unchanged), and its text. Copies are
    exact and near in turn, exact as well where no near copy was found. A longer list begins with the shorter one.
    """
    rng = random.Random(f"{seed}/copies")
    fresh = iter(range(len(texts)))
    rows: list[int] = []
    ways: list[Way | None] = []
    out: list[str] = []
    seen: set[str] = set()
    for place in range(len(texts)):
        way: Way | None = None
        if place % 10 < 9:
            row = next(fresh)
            text = texts[row]
        else:
            row = rows[rng.randrange(place)]
            text = texts[row]
            for _ in range(20 * (place // 10 % 2)):
                row = rows[rng.randrange(place)]
                text = texts[row]
                fitting = [one for one in WAYS if text.startswith(one[1])]
                if fitting:
                    way = rng.choice(fitting)
                    text = way[2] + text[len(way[1]) :]
                    if text not in seen:
                        break
                    way, text = None, texts[row]
        seen.add(text)
        rows.append(row)
        ways.append(way)
        out.append(text)
    return rows, ways, out


Change = tuple[int, str]


def _ones(base: Sequence[str], singles: Sequence[tuple[int, Change]]) -> Iterator[Expanded]:
    for place, change in singles:
        yield Expanded(_changed(base[place], [change]), place, (_named(base[place], change),))


def _twos(base: Sequence[str], slots: Sequence[list[list[Change]]], rng: random.Random) -> Iterator[Expanded]:
    """All ways to change two slots, the sentences in turn, so that none fills the list alone."""

    def of(place: int) -> Iterator[Expanded]:
        ways = [
            (one, other)
            for left, right in itertools.combinations(slots[place], 2)
            for one, other in itertools.product(left, right)
        ]
        rng.shuffle(ways)
        text = base[place]
        for one, other in ways:
            yield Expanded(_changed(text, [one, other]), place, (_named(text, one), _named(text, other)))

    turns = [of(place) for place, found in enumerate(slots) if len(found) > 1]
    while turns:
        alive = []
        for turn in turns:
            # A few at a time bounds the memory that half-used generators hold.
            some = list(itertools.islice(turn, 200))
            yield from some
            if len(some) == 200:
                alive.append(turn)
        turns = alive


def _named(text: str, change: Change) -> tuple[str, str]:
    place, word = change
    return ("" if place == _END else text.split()[place].lower()), word


def _slots(text: str) -> list[list[Change]]:
    """The changes possible at each slot, at most three slots."""
    words = text.split()
    found = []
    for place, word in enumerate(words):
        kind = _CLASS_OF.get(word.lower())
        if kind is not None:
            found.append([(place, other) for other in CLASSES[kind] if other != word.lower()])
    found = found[:3]
    if text.startswith(_DOING) and not any(text.rstrip(".").endswith(a) for a in ADJUNCTS):
        found.append([(_END, adjunct) for adjunct in ADJUNCTS])
    return found


def _changed(text: str, changes: Sequence[Change]) -> str:
    words = text.split()
    stop = words[-1] if words[-1] in (".", "!") else ""
    if stop:
        words.pop()
    for place, word in changes:
        if place == _END:
            words.append(word)
        else:
            words[place] = word
    for place in range(len(words) - 1):
        if words[place] in ("a", "an"):
            words[place] = "an" if words[place + 1][0] in "aeiou" else "a"
    return " ".join([*words, stop]) if stop else " ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--show", type=int, default=20, help="print so many, evenly spaced")
    options = parser.parse_args()
    found = expand(read_attributes(options.data), options.count)
    for place in range(0, len(found), max(1, len(found) // options.show)):
        print(found[place].text)


if __name__ == "__main__":
    main()
