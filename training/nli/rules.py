"""Read the rule files: slot lists and meaning groups.

A group is one meaning P with slots. Its lines say how a sentence stands to P:
``-`` says P, ``~`` implies P (chatty, says more), ``^`` follows from P, ``!`` says not P,
``%`` implies not P, ``?`` uses the same words and leaves P open.
Links to other groups: ``> g`` (P entails g), ``# g`` (P excludes g), ``/ g`` (independent of g, same words).
Header flags: ``excl`` (two values of the last slot exclude one another), ``single`` (two values may or may not:
no pair is made), ``mono=down`` (P of the general value entails P of the special one), ``mono=none``.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

HERE = Path(__file__).parent / "rules"
MARKS = "-~^!%?>#/"
Binding = dict[str, str]


@dataclass
class Slot:
    """A list of values, their plurals and their more general values."""

    values: list[str] = field(default_factory=list)
    plurals: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)

    def ancestors(self, value: str) -> list[str]:
        """All values more general than ``value``, nearest first."""
        out: list[str] = []
        while value in self.parents:
            value = self.parents[value]
            out.append(value)
        return out

    def related(self, a: str, b: str) -> bool:
        """True when one value is the other or more general than it."""
        return a == b or a in self.ancestors(b) or b in self.ancestors(a)


@dataclass
class Group:
    """One meaning with its sentences and links."""

    name: str
    topic: str
    slots: dict[str, str]
    excl: bool = False
    single: bool = False
    mono: str = "up"
    lines: dict[str, list[str]] = field(default_factory=dict)

    @cached_property
    def last(self) -> str | None:
        """The slot whose values may exclude one another."""
        order = [k for k in ("k", "n", "x") if k in self.slots]
        return ("n" if self.name == "pets.n" else order[-1]) if order else None


def read_slots(path: Path = HERE / "slots.txt") -> dict[str, Slot]:
    """Parse the slot file."""
    out: dict[str, Slot] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or ":" not in line:
            continue
        name, items = line.split(":", 1)
        slot = out[name] = Slot()
        for item in items.split(","):
            word, _, parent = item.strip().partition("<")
            value, _, plural = word.partition("/")
            slot.values.append(value)
            slot.plurals[value] = plural or (value + ("es" if value.endswith(("s", "x", "ch", "sh")) else "s"))
            if parent:
                slot.parents[value] = parent
    return out


def read_groups(folder: Path = HERE) -> dict[str, Group]:
    """Parse every rule file but the slot and filler lists."""
    out: dict[str, Group] = {}
    for path in sorted(folder.glob("*.txt")):
        if path.stem in ("slots", "fillers"):
            continue
        group: Group | None = None
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("== "):
                name, *parts = line[3:].split()
                opts = dict(p.split("=", 1) for p in parts if "=" in p)
                group = Group(name, opts.pop("topic"), {}, "excl" in parts, "single" in parts, opts.pop("mono", "up"))
                group.slots = opts
                out[name] = group
            elif line[:1] in MARKS and line.strip() and group is not None:
                group.lines.setdefault(line[0], []).extend(s.strip() for s in line[2:].split(" | "))
    for group in out.values():
        for mark in ">#/":
            unknown = [g for g in group.lines.get(mark, []) if g not in out]
            if unknown:
                raise ValueError(f"{group.name}: unknown link {unknown}")
    return out


def read_fillers(path: Path = HERE / "fillers.txt") -> list[str]:
    """Chatty sentences that state nothing."""
    text = [x for x in path.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    return [s.strip() for s in " | ".join(text).split(" | ") if s.strip()]


def article(text: str) -> str:
    """Put ``a`` or ``an`` as the next letter asks."""
    return re.sub(r"\b([aA]) (?=[aeio]|u(?!ni|ku|s))", r"\1n ", text)


def fill(template: str, binding: Binding, group: Group, slots: dict[str, Slot], rng: random.Random) -> str:
    """Put the values of ``binding`` (and random ``{@slot}`` ones) into a template."""

    def put(match: re.Match[str]) -> str:
        key = match.group(1)
        if key.startswith("@"):
            return rng.choice(slots[key[1:]].values)
        prefix, key = ("a ", key[2:]) if key.startswith("a ") else ("", key)
        if key not in binding and key.endswith("s") and key[:-1] in binding:
            key = key[:-1]
            return slots[group.slots[key]].plurals[binding[key]]
        return prefix + binding[key]

    text = article(re.sub(r"\{([^}]+)\}", put, template))
    plural = slots[group.slots["x"]].plurals.get(binding["x"], "") if "x" in group.slots else ""
    if "{xs}" in template and plural.endswith("s"):
        for one, many in (("is", "are"), ("makes", "make"), ("isn't", "aren't")):
            text = text.replace(f"{plural} {one} ", f"{plural} {many} ")
    return text[0].upper() + text[1:]


def bind(group: Group, slots: dict[str, Slot], rng: random.Random) -> Binding:
    """Random values for every slot of a group."""
    return {k: rng.choice(slots[s].values) for k, s in group.slots.items()}
