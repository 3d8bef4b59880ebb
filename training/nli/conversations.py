"""Rows from conversations with profiles: true neutrals, weak entailments, denials, and responses that fit or do not.

Conversations: those written by hand for this project (``../generator/handwritten_*.jsonl``, the shipped examples) and
Synthetic-Persona-Chat's validation part (CC-BY 4.0). The labels of the NLI rows are weak: they follow from who said
what beside whose profile, and from the words in common.
"""

from __future__ import annotations

import csv
import json
import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = (
    *sorted((ROOT / "training" / "generator").glob("handwritten_*.jsonl")),
    ROOT / "src" / "duologue" / "data" / "examples.jsonl",
)
MARKED = tuple(sorted((ROOT / "training" / "generator").glob("marked_draws*.jsonl")))
Row = tuple[str, str, tuple[int, ...]]
CARRIES = 0.75
"""Share of an attribute's content words from which a plain statement of its speaker counts as carrying it."""
_LABEL = re.compile(r"^User [12]:\s*(.*)$")
_SYMBOLS = re.compile(r"[\[\](){}<>*#_|]|\buser ?[12]\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_DENIED = re.compile(r"n't\b|\b(?:not|no|never|none|nothing|nobody|hate|hardly|without|neither|nor|can ?not)\b")
_SELF = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|me|mine|we|our)\b")
_WISH = re.compile(r"\b(?:you|your|if|wish|would|want|maybe|could|should|used to|hope|might)\b|'d\b")
_STOP_TEXT = (
    "a an the i i'm i've my me am is are was were be been have has had do does did to of in on at for with and or but it "
    "that this so very really just too also as from by not no you your he she they we our his her their its im s m ve t "
    "like love enjoy get got go going lot"
)
_STOP = frozenset(_STOP_TEXT.split())
# Plain statement -> its denials. Only forms whose denial excludes the statement.
_DENIALS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"^i(?: am|'m) (?!not\b)(.+)$", ("I am not {0}", "I'm not {0}", "I am not {0}, never was")),
    (
        r"^i (?:like|love|enjoy|adore) (.+)$",
        ("I hate {0}", "I can't stand {0}", "I don't like {0} at all", "I dislike {0}"),
    ),
    (r"^my favou?rite \w+(?: to \w+)? (?:is|are) (.+)$", ("I can't stand {0}", "I hate {0}", "I have never liked {0}")),
    (r"^i hate (.+)$", ("I love {0}", "I really like {0}", "{0}? I can't get enough of it")),
    (
        r"^i have (?:a |an |two |three |four |five |some |many )(.+)$",
        ("I don't have any {0}", "I have no {0}", "I never had {0}"),
    ),
    (
        r"^i (work|live|play|drive|speak|own|collect|eat|drink|write|read|teach|study|cook|swim|run|sing|paint|travel|sell|wear)\b(.*)$",
        ("I don't {0}{1}", "I do not {0}{1}", "I never {0}{1}"),
    ),
    (r"^i can (?!not)(.+)$", ("I can't {0}", "I cannot {0}", "I have no idea how to {0}")),
    (
        r"^my (mother|mom|father|dad|brother|sister|wife|husband|son|daughter|parents?|grandmother|grandfather) (is|are|was|were) (?!not)(.+)$",
        ("My {0} {1} not {2}", "My {0} {1} never {2}"),
    ),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two profiles and what was said, user 1 first."""

    profiles: tuple[tuple[str, ...], tuple[str, ...]]
    utterances: tuple[str, ...]
    ours: bool


def key(text: str) -> str:
    """A text without case and marks, to compare by."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def words(text: str) -> set[str]:
    """Content words, cut to six letters in place of stemming."""
    return {w[:6] for w in re.findall(r"[a-z0-9']+", text.lower()) if w not in _STOP}


def sentences(text: str) -> list[str]:
    """The sentences of an utterance."""
    return [s.strip() for s in _SENTENCE.findall(text) if re.search(r"\w", s)]


def read_ours() -> list[Conversation]:
    """The conversations written for this project."""
    rows = [json.loads(line) for path in OURS for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Conversation((tuple(r["user_1"]), tuple(r["user_2"])), tuple(r["utterances"]), True) for r in rows]


def read_spc(path: Path) -> list[Conversation]:
    """Synthetic-Persona-Chat's conversations with alternating speakers; an utterance with placeholders is left empty."""
    out = []
    with path.open(encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            said = []
            for number, line in enumerate(x for x in row["Best Generated Conversation"].splitlines() if x.strip()):
                match = _LABEL.match(line.strip())
                if match is None or line.strip()[5] != "12"[number % 2]:
                    break
                said.append("" if _SYMBOLS.search(match.group(1)) else match.group(1).strip())
            one, two = (tuple(a.strip() for a in row[f"user {n} personas"].splitlines() if a.strip()) for n in (1, 2))
            out.append(Conversation((one, two), tuple(said), False))
    return out


def denial(attribute: str, rng: random.Random) -> str | None:
    """A sentence that denies a plain statement, or None where no form fits."""
    text = attribute.strip().rstrip(".!").strip()
    if _DENIED.search(text.lower()) or re.search(
        r"\b(?:but|and|because|only|all|every|always|usually|so)\b", text.lower()
    ):
        return None
    for pattern, forms in _DENIALS:
        if match := re.match(pattern, text, re.IGNORECASE):
            return rng.choice(forms).format(*match.groups()) + "."
    return None


def overlap(text: str, attribute: str) -> float:
    """Share of the attribute's content words that the text holds."""
    held = words(attribute)
    return len(held & words(text)) / len(held) if held else 0.0


def nli_rows(
    conversations: list[Conversation], pool: list[str], rng: random.Random, left_out: frozenset[str] = frozenset()
) -> dict[str, list[Row]]:
    """Weakly labelled rows by recipe; ``left_out`` holds the keys of attributes that are kept for measuring.

    far: a statement and somebody else's attribute without a word in common (neutral; about one in fifty bears on the
    other by chance). question: a question to the other and an attribute with a word in common (neutral). own: a
    statement and an attribute of its speaker (entailment when a plain statement holds nearly all its words, else
    anything but contradiction). denied: a statement that carries an attribute, beside its denial (contradiction).
    """
    rows: dict[str, list[Row]] = {"far": [], "question": [], "own": [], "denied": []}
    pool = [a for a in pool if key(a) not in left_out]
    for talk in conversations:
        for i, utterance in enumerate(talk.utterances):
            parts = sentences(utterance)
            asks = [s for s in parts if s.endswith("?")]
            states = " ".join(s for s in parts if not s.endswith("?"))
            own, others = ([a for a in talk.profiles[side] if key(a) not in left_out] for side in (i % 2, 1 - i % 2))
            for ask in asks[:1]:
                near = [a for a in own + others if words(ask) & words(a)]
                if near and re.search(r"\byou", ask.lower()) and not _SELF.search(ask.lower()):
                    rows["question"].append((ask, rng.choice(near), (1,)))
            other = rng.choice(pool)
            if rng.random() < 0.9 or not asks:
                said = utterance if rng.random() < 0.3 else states
                if len(said.split()) >= 4 and not words(said) & words(other):
                    rows["far"].append((said, other, (1,)))
            low = states.lower()
            if len(low.split()) < 4:
                continue
            plain = _SELF.search(low) and not _WISH.search(low)
            for a in own:
                same = bool(_DENIED.search(low)) == bool(_DENIED.search(a.lower()))
                if plain and same and overlap(states, a) >= CARRIES:
                    rows["own"].append((states, a, (0,)))
                    if not _DENIED.search(low) and (no := denial(a, rng)):
                        rows["denied"].append((states, no, (2,)) if rng.random() < 0.7 else (no, states, (2,)))
                elif talk.ours:
                    rows["own"].append((states, a, (0, 1)))
    return rows


def context(history: list[str] | tuple[str, ...]) -> str:
    """What the fit head reads before the response, as ``duologue.models.nli.fit_context`` makes it."""
    return " ".join(" ".join(u for u in history[-2:] if u).split()[-60:])


def marked_rows(paths: tuple[Path, ...] = MARKED, every: int = 8) -> list[tuple[str, str, float]]:
    """(context, response, 0 to 1): draws of the Generator by the marks a reader gave them, the reply written there as 1.

    Openings, which follow from nothing, are left out, and one talk of ``every`` is held out, as in ``draws.py``.
    """
    rows = []
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for row in map(json.loads, lines):
        if row["said"] and zlib.crc32(row["talk"].encode()) % every:
            before = context(row["said"])
            rows += [(before, d, (mark - 1) / 4) for d, mark in zip(row["draws"], row["marks"], strict=True)]
            rows.append((before, row["reply"], 1.0))
    return rows


def fit_rows(conversations: list[Conversation], rng: random.Random, spoilt: int = 2) -> list[tuple[str, str, float]]:
    """(context, response, 1 or 0): what was said next, and ``spoilt`` other responses each.

    Spoilt: the response of another conversation, one of those chosen for words in common with the context or the true
    response, another turn of this conversation, or (seldom) the utterance before again.
    """
    talks = [t for t in conversations if len(t.utterances) >= 4]
    everything = [u for t in talks for u in t.utterances if len(u.split()) >= 4]
    held = [words(u) for u in everything]
    rows = []
    for talk in talks:
        said = talk.utterances
        for i in range(1, len(said)):
            if len(said[i].split()) < 4 or not said[i - 1]:
                continue
            before = context(said[max(0, i - 2) : i])
            rows.append((before, said[i], 1.0))
            for _ in range(spoilt):
                draw = rng.random()
                wrong = rng.choice(everything)
                if draw < 0.3:
                    others = [
                        u for j, u in enumerate(said) if abs(i - j) > 1 and (i - j) % 2 == 0 and len(u.split()) >= 4
                    ]
                    wrong = rng.choice(others) if others else wrong
                elif draw < 0.36:
                    wrong = said[i - 1]
                elif draw < 0.75:
                    near = words(before) | words(said[i])
                    drawn = rng.sample(range(len(everything)), 24)
                    wrong = everything[max(drawn, key=lambda j: len(held[j] & near) / (2 + len(held[j])))]
                if key(wrong) != key(said[i]):
                    rows.append((before, wrong, 0.0))
    return rows
