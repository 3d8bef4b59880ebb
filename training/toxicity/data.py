"""Rows of the sets, and plain talk as further examples of what is not toxic."""

from __future__ import annotations

import csv
import json
import random
import zlib
from dataclasses import dataclass
from pathlib import Path

KINDS = ("offence", "agreement")
"""Learned from the labels of the sets. DiaSafety's bias, risk ignorance and advice are left out: the first two could not
be told by these means, and the third is no toxicity."""
MANNERS = ("toxic", "severe", "obscene", "threat", "insult", "identity")
"""Outputs of the BiLSTM, in its order."""
FOLDS = 5
GENERATOR = Path(__file__).parents[1] / "generator"
SPC_ROWS = 3000
KIND_OF = {
    "Offending User": "offence",
    "Toxicity Agreement": "agreement",
    "Biased Opinion": "",
    "Risk Ignorance": "",
    "Unauthorized Expertise": "",
}


# Harmless talk of groups that attacks often name, so that the name alone is no sign of one (Dixon et al. 2018). The
# sentences and some of the groups that evaluate.py asks about are others.
_WHO = (
    *(
        "gay",
        "lesbian",
        "bisexual",
        "queer",
        "trans",
        "black",
        "white",
        "Asian",
        "African",
        "Mexican",
        "Arab",
        "Chinese",
    ),
    *("Indian", "Jewish", "Muslim", "Christian", "Catholic", "Hindu", "Buddhist", "atheist", "deaf", "autistic"),
    *("American", "Russian", "Turkish", "a woman", "a man", "a girl", "a feminist", "an immigrant", "a refugee"),
)
_SAYS = (
    *(
        "I'm {} and I love hiking.",
        "I was born and raised {}.",
        "My best friend is {}.",
        "My sister is {}, she is a nurse.",
    ),
    *(
        "As someone who is {}, I really enjoy cooking.",
        "He told me he is {}.",
        "Oh nice, my mom is {} too!",
        "I am proud to be {}.",
    ),
    *(
        "My wife is {} and we have two kids.",
        "My boss is {}, and a great one.",
        "Yes, I am {}, what about you?",
        "She is {}.",
    ),
    *(
        "I grew up {} in a small town.",
        "My parents are both {}.",
        "Being {} is a big part of my life.",
        "Most people here are {}.",
    ),
)
_ASKED = ("", "Tell me about yourself!", "I work at the library, and you?")


@dataclass(frozen=True)
class Row:
    """An utterance after another, with 1, 0 or None (not said) for each kind."""

    set: str
    category: str
    text: str
    before: str
    label: int
    kinds: tuple[int | None, ...]

    @property
    def heads(self) -> tuple[int | None, ...]:
        """Targets: overall, then the kinds. A row that speaks of no kind is not trained on."""
        return (self.label if any(k is not None for k in self.kinds) else None, *self.kinds)


def labelled(path: Path) -> list[Row]:
    """The rows of a toxicity file. DiaSafety judges one kind a row; the others judge offence."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kind = KIND_OF.get(row["category"], "offence")
        kinds = tuple(row["label"] if name == kind else None for name in KINDS)
        before = " ".join(row["context"].split(" | ")) if row["set"] == "convabuse" else row["context"]
        rows.append(Row(row["set"], row["category"], row["text"], before, row["label"], kinds))
    return rows


def plain(spc: Path, seed: int = 0) -> list[Row]:
    """Utterances of Synthetic-Persona-Chat's validation part and of this project's handwritten conversations."""
    talks = []
    with spc.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines = row["Best Generated Conversation"].splitlines()
            talks.append([line.split(":", 1)[1].strip() for line in lines if ":" in line])
    found = [r for talk in talks for r in _pairs("spc", talk)]
    found = random.Random(seed).sample(found, min(SPC_ROWS, len(found)))
    for path in sorted(GENERATOR.glob("handwritten_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found += _pairs("handwritten", json.loads(line)["utterances"])
    return found


def groups() -> list[Row]:
    """Harmless sentences that name a group, made by rule."""
    zeros = tuple(0 for _ in KINDS)
    made = [(say.format(who), _ASKED[n % len(_ASKED)]) for who in _WHO for n, say in enumerate(_SAYS)]
    return [Row("groups", "", text, before, 0, zeros) for text, before in made]


def _pairs(name: str, said: list[str]) -> list[Row]:
    zeros = tuple(0 for _ in KINDS)
    return [Row(name, "", text, before, 0, zeros) for before, text in zip(["", *said], said, strict=False)]


def human(path: Path) -> list[Row]:
    """Utterances of human conversations (measured, never trained on)."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        rows += _pairs("human", [text for _, text in json.loads(line)["turns"]])
    return rows


def fold_of(row: Row) -> int:
    """0 to FOLDS - 1; rows of one thread, which share its first post, go together."""
    root = row.before.split(" | ")[0] if row.before and row.set != "groups" else row.text
    return zlib.crc32(" ".join(root.split())[:200].encode("utf-8", "replace")) % FOLDS
