"""Make first-person NLI pairs from the rule files: python pairs.py --n 60000 --out pairs.jsonl"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import rules
import surface

LABELS = ("entailment", "neutral", "contradiction")
# Topics in one family may bear on one another, so no neutral pair is made across them by chance.
FAMILIES = [
    "trait health money age person1 person2 person3 famous politics pol friends work",
    "work work2 work3 workhours workfeel wfh edu edu2 school money kinwork age age2 mil dream vol subject skill health2 health3",
    "pet petname animal food2 fear diet allergy",
    "diet food food2 drink alcohol cook act smoke",
    "kids kids3 likekids livewith gender preg marital marital2 kin kinfeel kindead sib twin adopt age age2 kinwork friends person1 dream",
    "place travel origin placekind beach nation lang home livewith weather",
    "religion church",
    "vehicle license money own home health2",
    "act gym books cook games sport sport2 music instr skill watch health health2 health3 workfeel fear person1 person2 person3 sleep season vol beach weather collect lang",
]
Pair = tuple[str, str, str, str]  # premise, hypothesis, label, recipe


class Maker:
    """Draws pairs for a wanted label."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.slots, self.groups = rng, rules.read_slots(), rules.read_groups()
        self.fillers = rules.read_fillers()
        self.names = list(self.groups)
        self.weights = [0.4 if g.topic == "trait" else 2.0 if g.slots else 1.0 for g in self.groups.values()]
        self.families = [set(f.split()) for f in FAMILIES]

    def group(self) -> rules.Group:
        """A random group; those with slots have more to say."""
        return self.groups[self.rng.choices(self.names, self.weights)[0]]

    def say(self, group: rules.Group, marks: str, binding: rules.Binding) -> str | None:
        """A sentence of the group whose mark is one of ``marks``."""
        lines = [(m, t) for m in marks for t in group.lines.get(m, [])]
        if not lines:
            return None
        mark = self.rng.choice(sorted({m for m, _ in lines}))
        template = self.rng.choice([t for m, t in lines if m == mark])
        return rules.fill(template, binding, group, self.slots, self.rng)

    def far(self, a: str, b: str) -> bool:
        """True when two topics do not bear on one another."""
        if a[1:].isdigit() or b[1:].isdigit():  # mixed topics of more.txt: may bear on anything
            return False
        return a != b and not any(a in f and b in f for f in self.families)

    def other(self, group: rules.Group, binding: rules.Binding) -> rules.Binding | None:
        """The binding with another, unrelated value in the deciding slot, where there is one."""
        key = group.last
        if key is None:
            return None
        slot = self.slots[group.slots[key]]
        values = [v for v in slot.values if not slot.related(v, binding[key])]
        return {**binding, key: self.rng.choice(values)} if values else None

    def above(self, group: rules.Group, binding: rules.Binding) -> rules.Binding | None:
        """A binding with a more general value, where there is one."""
        if "x" not in group.slots:
            return None
        up = self.slots[group.slots["x"]].ancestors(binding["x"])
        return {**binding, "x": self.rng.choice(up)} if up else None

    def linked(self, group: rules.Group, binding: rules.Binding, mark: str) -> tuple[rules.Group, rules.Binding] | None:
        """A linked group with the shared slots bound alike."""
        names = group.lines.get(mark)
        if not names:
            return None
        target = self.groups[self.rng.choice(names)]
        shared = {k: binding[k] for k, s in target.slots.items() if group.slots.get(k) == s}
        return target, {**rules.bind(target, self.slots, self.rng), **shared}

    def unrelated(self, *topics: str) -> str | None:
        """An assertion or question of a topic far from the given ones."""
        for _ in range(20):
            group = self.group()
            if all(self.far(group.topic, t) for t in topics):
                return self.say(group, "-~-~%?", rules.bind(group, self.slots, self.rng))
        return None

    # --- recipes; each gives (premise, hypothesis) or None ---

    def entail(self, g: rules.Group, b: rules.Binding) -> tuple[str, str | None, str | None]:
        """Premise and hypothesis of an entailment."""
        recipe = self.rng.choices(
            ["same", "chatty", "weaker", "not", "strong-not", "general", "not-special", "exclusive-not", "link"],
            [4, 5, 2, 1.5, 2, 2, 0.7, 0.4, 2],
        )[0]
        up = self.above(g, b)
        low, high = (b, up) if g.mono == "up" else (up, b)
        if recipe == "same":
            return recipe, self.say(g, "-", b), self.say(g, "-", b)
        if recipe == "chatty":
            return recipe, self.say(g, "~", b), self.say(g, "-", b)
        if recipe == "weaker":
            return recipe, self.say(g, "-~", b), self.say(g, "^", b)
        if recipe == "not":
            return recipe, self.say(g, "!", b), self.say(g, "!", b)
        if recipe == "strong-not":
            return recipe, self.say(g, "%", b), self.say(g, "!", b)
        if recipe == "general" and low and high and g.mono != "none":
            return recipe, self.say(g, "-~", low), self.say(g, "-", high)
        if recipe == "not-special" and low and high and g.mono != "none":
            return recipe, self.say(g, "!", high), self.say(g, "!", low)
        if recipe == "exclusive-not" and g.excl and (different := self.other(g, b)):
            return recipe, self.say(g, "-~", b), self.say(g, "!", different)
        link = self.linked(g, b, ">") if recipe == "link" else None
        return (recipe, self.say(g, "-~", b), self.say(link[0], "-", link[1])) if link else (recipe, None, None)

    def contradict(self, g: rules.Group, b: rules.Binding) -> tuple[str, str | None, str | None]:
        """Two sentences that cannot both hold, in either order."""
        recipe = self.rng.choices(["negation", "contrary", "exclusive", "general-not", "link"], [4, 5, 6, 1.5, 3])[0]
        one = two = None
        if recipe == "negation":
            one, two = self.say(g, "--~", b), self.say(g, "!", b)
        elif recipe == "contrary":
            one, two = self.say(g, "-~", b), self.say(g, "%", b)
        elif recipe == "exclusive" and g.excl and (different := self.other(g, b)):
            one, two = self.say(g, "-~", b), self.say(g, "-~", different)
        elif recipe == "general-not" and g.mono != "none" and (up := self.above(g, b)):
            low, high = (b, up) if g.mono == "up" else (up, b)
            one, two = self.say(g, "-~", low), self.say(g, "!" if g.mono == "down" else "!%", high)
        elif recipe == "link" and (link := self.linked(g, b, "#")):
            one, two = self.say(g, "-~", b), self.say(link[0], "-~", link[1])
        return (recipe, one, two) if self.rng.random() < 0.5 else (recipe, two, one)

    def neutral(self, g: rules.Group, b: rules.Binding) -> tuple[str, str | None, str | None]:
        """Neither follows from nor excludes."""
        recipe = self.rng.choices(
            [
                "open",
                "open-hyp",
                "special",
                "other-value",
                "weak",
                "more",
                "weak-not",
                "link",
                "back",
                "far",
                "you",
                "he",
                "he-not",
            ],
            [5, 1.5, 2, 2, 1, 1.5, 0.7, 2, 0.7, 3, 2.5, 2, 1],
        )[0]
        one = two = None
        up = self.above(g, b)
        if recipe == "open":
            one, two = self.say(g, "?", b), self.say(g, "--!", b)
        elif recipe == "open-hyp":
            one, two = self.say(g, "-~!", b), self.say(g, "?", b)
        elif recipe == "special" and up and g.mono != "none":
            low, high = (b, up) if g.mono == "up" else (up, b)
            one, two = self.say(g, "-", high), self.say(g, self.rng.choice("-!"), low)
        elif recipe == "other-value" and not (g.excl or g.single) and (different := self.other(g, b)):
            one, two = self.say(g, "-~", b), self.say(g, "--!", different)
        elif recipe == "weak":
            one, two = self.say(g, "^", b), self.say(g, "-!", b)
        elif recipe == "more":
            one, two = self.say(g, "-", b), self.say(g, "~", b)
        elif recipe == "weak-not" and not g.name.startswith(("like", "hate")):
            one, two = self.say(g, "!", b), self.say(g, "%", b)
        elif recipe in ("link", "back") and (link := self.linked(g, b, "/" if recipe == "link" else ">")):
            one, two = self.say(g, "-~", b), self.say(link[0], "-", link[1])
            one, two = (one, two) if recipe == "link" else (two, self.say(g, "-", b))
        elif recipe == "far":
            one, two = self.unrelated(g.topic), self.say(g, "-~!%", b)
        elif recipe == "you":
            said = self.say(g, "-", b)
            one, two = said and surface.second(said, self.rng), self.say(g, "-!", b)
        elif recipe in ("he", "he-not"):
            said = self.say(g, "-" if recipe == "he" else "!", b)
            one = said and surface.third(said, self.rng.choice(self.slots["kin"].values))
            two = self.say(g, "-!", b)
            if self.rng.random() < 0.3:
                one, two = two, one
        return recipe, one, two

    def pair(self, label: str) -> Pair | None:
        """One pair of the wanted label, or None where the draw did not fit."""
        g = self.group()
        b = rules.bind(g, self.slots, self.rng)
        make = {"entailment": self.entail, "neutral": self.neutral, "contradiction": self.contradict}[label]
        recipe, one, two = make(g, b)
        if not one or not two:
            return None
        if label != "neutral" and self.rng.random() < 0.08:
            kins = self.slots["kin"].values
            kin = self.rng.choice(kins)
            same = self.rng.random() < 0.7
            he = (
                surface.third(one, kin),
                surface.third(two, kin if same else self.rng.choice([k for k in kins if k != kin])),
            )
            if he[0] and he[1]:
                (one, two), recipe = he, "he-he"  # type: ignore[assignment]
                label = label if same else "neutral"
        if one == two and self.rng.random() > 0.3:
            return None
        if self.rng.random() < 0.35:
            extra = self.unrelated(g.topic) if self.rng.random() < 0.4 else None
            one = surface.chat(one, [extra] if extra else self.fillers, self.rng)
        if self.rng.random() < 0.12 and recipe != "open-hyp":
            two = surface.chat(two, self.fillers, self.rng)
        return surface.style(one, self.rng), surface.style(two, self.rng), label, f"{g.name}/{recipe}"

    def stream(self, n: int) -> Iterator[Pair]:
        """``n`` distinct pairs, labels in equal parts."""
        seen: set[tuple[str, str]] = set()
        while len(seen) < n:
            made = self.pair(LABELS[len(seen) % 3])
            if made and made[:2] not in seen:
                seen.add(made[:2])
                yield made


def main() -> None:
    """Command line."""
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--n", type=int, default=60000)
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--out", type=Path, required=True)
    args = ap.parse_args()
    counts: Counter[str] = Counter()
    with args.out.open("w", encoding="utf-8") as f:
        for premise, hypothesis, label, recipe in Maker(random.Random(args.seed)).stream(args.n):
            counts[label] += 1
            f.write(
                json.dumps(
                    {"set": "rules", "premise": premise, "hypothesis": hypothesis, "label": label, "recipe": recipe}
                )
                + "\n"
            )
    print(dict(counts))


if __name__ == "__main__":
    main()
