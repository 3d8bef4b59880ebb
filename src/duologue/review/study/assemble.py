"""Assembling the tasks of a study from one or two data sets. Everything follows from the plan, its seed and the data."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from duologue.datasets import Dialogue, open_dataset
from duologue.errors import UsageError
from duologue.records import Conversation, make_id
from duologue.review.study import gold
from duologue.review.study.distractors import distractors, unrelated
from duologue.review.study.records import Kind, Plan, Task
from duologue.review.view import shown_text
from duologue.store.database import FILE_NAME
from duologue.store.reading import RunReader

_POOL = 400
"""Dialogues kept beyond those needed, from which distractors come."""
_GOLD_EVERY = 8
"""One gold question for so many tasks of a kind, at least one."""
_LONGEST = 400
"""Most utterances of a dialogue that is shown."""


def assemble(plan: Plan, tell: Callable[[str], None] = lambda _: None) -> list[Task]:
    """The tasks of a plan. ``tell`` is called with what is left out. Raises UsageError where the data sets don't give them."""
    if not plan.kinds:
        raise UsageError("--tasks: name at least one of detection, faithfulness, quality")
    if "detection" in plan.kinds and not plan.against:
        raise UsageError("--tasks detection: needs a second data set; name it with --against")
    a = _sample(plan.source, plan.items + _POOL, f"{plan.seed}/a", tell)
    b = _sample(plan.against, plan.items + _POOL, f"{plan.seed}/b", tell) if plan.against else []
    facts = _run_facts(plan.source, {d.id for d in a})
    makers: Mapping[Kind, Callable[[], Iterator[Task]]] = {
        "detection": lambda: _detection(plan, a, b),
        "faithfulness": lambda: _faithfulness(plan, a, b, facts),
        "quality": lambda: _quality(plan, a, b, facts),
    }
    tasks = []
    for kind in plan.kinds:
        made = list(makers[kind]())
        real = sum(not task.gold for task in made)
        if real < plan.items:
            tell(f"{kind}: {real} tasks in place of {plan.items}, for there are no more conversations")
        tasks += made
    return tasks


def _sample(source: str, size: int, stream: str, tell: Callable[[str], None]) -> list[Dialogue]:
    """A random sample of the dialogues, in random order; the data set is read once and never held as a whole."""
    rng = random.Random(stream)
    kept: list[Dialogue] = []
    seen = unfit = 0
    data = open_dataset(source)
    for dialogue in data:
        if not 2 <= len(dialogue.utterances) <= _LONGEST:
            unfit += 1
            continue
        seen += 1
        if len(kept) < size:
            kept.append(dialogue)
        elif (place := rng.randrange(seen)) < size:
            kept[place] = dialogue
    for line in data.problems.lines():
        tell(f"{source}: {line}")
    if unfit:
        tell(f"{source}: {unfit} left out of the tasks, for they have fewer than 2 or more than {_LONGEST} utterances")
    rng.shuffle(kept)
    return kept


def _run_facts(source: str, ids: set[str]) -> dict[str, Conversation]:
    """What a run's Critic said of the sampled conversations; nothing for other data sets."""
    folder = Path(source)
    folder = folder.parent if folder.name == FILE_NAME else folder
    if not (folder / FILE_NAME).is_file():
        return {}
    with RunReader(folder) as reader:
        return {c.id: c for c in reader.conversations() if c.id in ids}


def _talk(dialogue: Dialogue) -> gold.Talk:
    return [[u.speaker, shown_text(u.text)] for u in dialogue.utterances]


def _words(*talks: gold.Talk) -> int:
    return sum(len(text.split()) for talk in talks for _, text in talk)


def _golds(items: int) -> int:
    return max(1, math.ceil(items / _GOLD_EVERY))


def _beside_gold(items: int, there: int) -> int:
    """How many of ``there`` conversations, at most ``items``, are for tasks so that the gold has others."""
    most = min(items, there - 1)
    while most > 0 and most + _golds(most) > there:
        most -= 1
    return max(0, most)


def _sides(n: int, rng: random.Random) -> list[str]:
    """Sides in random order, each as often as the other, but for one where ``n`` is odd."""
    sides = [("first", "second")[i % 2] for i in range(n)]
    rng.shuffle(sides)
    return sides


def _task(
    plan: Plan, kind: Kind, number: int, shown: dict[str, Any], hidden: dict[str, Any], words: int, is_gold: bool
) -> Task:
    name = make_id("t", str(plan.seed), kind, "gold" if is_gold else "", str(number))
    return Task(name, kind, is_gold, shown, hidden, words)


def _detection(plan: Plan, a: list[Dialogue], b: list[Dialogue]) -> Iterator[Task]:
    # Whoever sees a conversation opposite a plain machine knows where it comes from.
    n = min(len(a), _beside_gold(plan.items, len(b)))
    if not n:
        raise UsageError(
            "--tasks detection: needs a conversation of two utterances in the data set, and two in that of --against"
        )
    rng = random.Random(f"{plan.seed}/detection")
    for number, (one, other, side) in enumerate(zip(a[:n], b[:n], _sides(n, rng), strict=True)):
        talks = {side: _talk(one), "second" if side == "first" else "first": _talk(other)}
        hidden = {"synthetic": side, "a": one.id, "b": other.id}
        yield _task(plan, "detection", number, dict(talks), hidden, _words(*talks.values()), False)
    golds = _golds(n)
    for side, number, dialogue in zip(_sides(golds, rng), range(golds), b[-golds:], strict=True):
        # Of the machine's nothing is left but how long it is.
        real, length = _talk(dialogue), _talk(rng.choice(b))
        talks = {side: gold.plain_machine(length, rng), "second" if side == "first" else "first": real}
        yield _task(plan, "detection", number, dict(talks), {"answer": side}, _words(*talks.values()), True)


def _both(plan: Plan, a: list[Dialogue], b: list[Dialogue]) -> list[tuple[str, Dialogue]]:
    """(set, dialogue) to be judged one by one, half of each set where there are two."""
    half = (plan.items + 1) // 2 if b else plan.items
    chosen = [("a", d) for d in a[:half]] + [("b", d) for d in b[: plan.items - half]]
    random.Random(f"{plan.seed}/both").shuffle(chosen)
    return chosen


def _faithfulness(
    plan: Plan, a: list[Dialogue], b: list[Dialogue], facts: Mapping[str, Conversation]
) -> Iterator[Task]:
    def usable(dialogues: list[Dialogue]) -> list[Dialogue]:
        # Those with four attributes first; the order stays random within both groups.
        with_profiles = [d for d in dialogues if d.user_1 and d.user_2]
        return sorted(with_profiles, key=lambda d: min(len(d.user_1), len(d.user_2), 4), reverse=True)

    a, b = usable(a), usable(b)
    if not a:
        raise UsageError(f"--tasks faithfulness: {plan.source} has no profiles; leave this task out")
    pools = {
        name: sorted({t for d in dialogues[:_POOL] for t in (*d.user_1, *d.user_2)})
        for name, dialogues in (("a", a), ("b", b))
    }
    # Gold says aloud what is true of its speaker, so it is made from conversations of no other task.
    half = (plan.items + 1) // 2 if b else plan.items
    kept = _beside_gold(half, len(a)) or 1
    telling = a[kept:][-_golds(plan.items) :]
    for is_gold, chosen in ((False, _both(plan, a[:kept], b)), (True, [("a", d) for d in telling])):
        for number, (name, dialogue) in enumerate(chosen):
            rng = random.Random(f"{plan.seed}/faithfulness/{is_gold}/{number}")
            speaker = 1 if number % 2 == 0 else 2
            own = list(dialogue.user_1 if speaker == 1 else dialogue.user_2)
            partner = dialogue.user_2 if speaker == 1 else dialogue.user_1
            true = rng.sample(own, min(4, len(own)))
            if is_gold:
                # As many as in any other task, so that nobody can count which is which.
                wrong = [("random", text) for text in unrelated(own, pools[name], 4, rng, partner)]
            else:
                wrong = distractors(own, partner, pools[name], rng)
            options = [("true", text) for text in true] + wrong
            rng.shuffle(options)
            talk = _talk(dialogue)
            hidden: dict[str, Any] = {
                "set": name,
                "conversation": dialogue.id,
                "options": [kind for kind, _ in options],
            }
            if is_gold:
                told = true[: max(1, min(2, sum(turn[0] == speaker for turn in talk)))]
                talk = gold.telling(talk, speaker, told)
                hidden["answer"] = [i for i, (_, text) in enumerate(options) if text in told]
                hidden["never"] = [i for i, (kind, _) in enumerate(options) if kind != "true"]
            elif name == "a" and dialogue.id in facts:
                carried = _carried(facts[dialogue.id], speaker)
                hidden["carried"] = [carried.get(text) if kind == "true" else None for kind, text in options]
                hidden["experts"] = _values(facts[dialogue.id], "filter")
            shown = {"talk": talk, "speaker": speaker, "options": [shown_text(text) for _, text in options]}
            words = _words(talk) + sum(len(text.split()) for _, text in options)
            yield _task(plan, "faithfulness", number, shown, hidden, words, is_gold)


def _values(conversation: Conversation, kind: str) -> dict[str, float]:
    """What the run's experts of a kind gave, by name."""
    return {v.expert: v.value for v in conversation.verdicts if v.kind == kind and math.isfinite(v.value)}


def _carried(conversation: Conversation, speaker: int) -> dict[str, bool]:
    """By attribute text: whether the run's evidence says that the speaker voices it; empty where it has no evidence."""
    if not conversation.evidence:
        return {}
    voiced = {
        e.attribute
        for e in conversation.evidence
        if e.owner == e.speaker == speaker and e.label == "supported" and not e.against_self
    }
    return {a.text: a.id in voiced for a in conversation.candidate.pair.user(1 if speaker == 1 else 2).attributes}


def _quality(plan: Plan, a: list[Dialogue], b: list[Dialogue], facts: Mapping[str, Conversation]) -> Iterator[Task]:
    if not a:
        raise UsageError(f"--tasks quality: {plan.source} has no conversation of two utterances; give another data set")
    # Nobody is to rate what they have seen stuck, so gold is made from conversations of no other task.
    half = (plan.items + 1) // 2 if b else plan.items
    kept = _beside_gold(half, len(a)) or 1
    for number, (name, dialogue) in enumerate(_both(plan, a[:kept], b)):
        talk = _talk(dialogue)
        # Two runs over the same seeds give their conversations the same ids.
        found = facts.get(dialogue.id) if name == "a" else None
        hidden = {
            "set": name,
            "conversation": dialogue.id,
            "experts": _values(found, "quality") if found else {},
        }
        yield _task(plan, "quality", number, {"talk": talk}, hidden, _words(talk), False)
    for number, dialogue in enumerate(a[kept:][-_golds(plan.items) :]):
        talk = gold.stuck(_talk(dialogue))
        yield _task(
            plan, "quality", number, {"talk": talk}, {"answer": {"diversity": 2, "depth": 2}}, _words(talk), True
        )
