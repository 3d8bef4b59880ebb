"""Training rows from a run's own results: what the Critic chose, what it put below that, and what level 1 accepted.

Conversations of the split ``test`` are never used, and no attribute that one of its users holds is learnt. Those of
``valid`` measure, as do the attributes of its users; where there is none, a tenth of the others does, and no user stands on
both sides.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from duologue.backends.protocol import Message
from duologue.config.sections import Config, SplitsConfig
from duologue.conversations.examples import Example, shipped_examples
from duologue.conversations.pool import Pool
from duologue.errors import ConfigError, UsageError
from duologue.export.contests import Contest, contests
from duologue.export.splits import Split, assign_splits
from duologue.models.protocol import Embedder, Nli
from duologue.records import Conversation, Pair
from duologue.store.reading import RunReader
from duologue.text import normalise
from duologue.training.asked import Asked, asked_in
from duologue.training.replay import Replayer, Said, Side
from duologue.training.rows import Lesson, Part, Preference, What
from duologue.users.cleaning import clean

TASKS = ("turns", "whole", "query", "bootstrap_query", "attribute")
"""What rows can teach: the two modes of the Generator and the three steps of persona expansion."""
PURPOSES = {
    "expansion.query": "query",
    "expansion.bootstrap_query": "bootstrap_query",
    "expansion.attribute": "attribute",
}
HELD_OUT = 10
"""One answer of so many, and of pairs without a ``valid`` split, measures."""


@dataclass(slots=True)
class Collected:
    """The rows of a run, and what was left out, by reason."""

    lessons: list[Lesson] = field(default_factory=list)
    preferences: list[Preference] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    writers: set[str] = field(default_factory=set)
    """The language models whose words the rows hold."""


def run_config(reader: RunReader) -> Config:
    """The configuration of the run. Raises UsageError when this version can't read it."""
    try:
        return Config.model_validate(reader.revision().config)
    except ValueError as error:
        raise UsageError(
            f"{reader.folder}: its configuration is of another version of duologue; run it again with this one"
        ) from error


def tasks_of(config: Config, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The tasks to teach: those ``wanted``, else the run's own mode and what level 1 asked for.

    Raises UsageError for an unknown one.
    """
    unknown = [t for t in wanted if t not in TASKS]
    if unknown:
        raise UsageError(f"--tasks: there is no task {unknown[0]!r}; tasks: {', '.join(TASKS)}")
    return tuple(wanted) or (config.generator.mode, *PURPOSES.values())


async def collect(
    reader: RunReader,
    what: What,
    *,
    tasks: Sequence[str],
    embedder: Embedder,
    nli: Nli,
    asked: Asked | None = None,
    most_iteration: int | None = None,
) -> Collected:
    """Read the rows of a run. ``asked``: how prompts are to be, null for as the run has them.

    ``most_iteration`` looks at the iterations up to that one only, as the loop does while it goes on. Raises UsageError
    when a mode has no Generator.
    """
    config = run_config(reader)
    asked = asked or asked_in(config)
    generator = config.generator.model_copy(update={"plan": asked.plan, "examples": asked.examples})
    config = config.model_copy(update={"generator": generator})
    out = Collected()
    modes = [t for t in tasks if t not in PURPOSES.values()]
    replayer = Replayer(config, embedder, nli)
    shown = _shown(config)
    won = list(_winners(reader, most_iteration))
    parts = _parts([c.candidate.pair for c in won], out, config.seed)
    for mode in modes:
        try:
            if what == "sft":
                async for lesson in _lessons(won, mode, replayer, shown, parts, out):
                    out.lessons.append(lesson)
            else:
                async for preference in _preferences(reader, won, mode, replayer, shown, parts, out, most_iteration):
                    out.preferences.append(preference)
        except ConfigError as error:
            raise UsageError(f"--tasks: {error}") from error
    if what == "sft":
        kinds = {purpose: task for purpose, task in PURPOSES.items() if task in tasks}
        out.lessons += expansion_lessons(reader, kinds, _held(reader, parts), out.left_out)
    out.writers |= expansion_writers(reader)
    return out


def expansion_lessons(
    reader: RunReader, kinds: dict[str, str], held: Mapping[str, Split], left_out: Counter[str]
) -> Iterator[Lesson]:
    """Rows of query induction and bootstrapping, from the log: the prompt as it was sent, its answer if it was accepted.

    ``kinds`` maps purposes to tasks, ``held`` attributes (normalised) to the split of users that hold them: those of
    ``test`` are left out and counted, those of ``valid`` measure. What the prompt's own examples say is not learnt.
    """
    if not kinds:
        return
    accepted = _accepted(reader)
    seen: set[tuple[str, str]] = set()
    # In the order of their keys, for that in which they were answered is another each time.
    asked = sorted((call for call in reader.calls() if call["purpose"] in kinds), key=lambda call: str(call["key"]))
    for call in asked:
        task = kinds[call["purpose"]]
        text = clean(str(call["answer"]["text"]))
        key = (task, normalise(text))
        if key[1] not in accepted[task] or key in seen:
            continue
        seen.add(key)
        split = held.get(key[1]) if task == "attribute" else None
        if split == "test":
            left_out["attributes of users of the split test"] += 1
            continue
        part: Part = "valid" if split == "valid" else _part_of(text)
        shown = tuple(Message(m["role"], m["content"]) for m in call["request"]["messages"])
        yield Lesson(f"{task}-{call['key'][:12]}", task, part, (*shown, Message("assistant", text)), (len(shown),))


def _held(reader: RunReader, parts: Mapping[str, Part]) -> dict[str, Split]:
    """Attributes, normalised, that users outside ``train`` hold, with the split; ``test`` comes before ``valid``."""
    found: dict[str, Split] = {}
    for item in reader.items("pair", status="accepted"):
        pair = item.record(Pair)
        split: Split = "test" if pair.split == "test" else parts.get(pair.id, pair.split)
        if split == "train":
            continue
        for attribute in (*pair.user_1.attributes, *pair.user_2.attributes):
            text = normalise(attribute.text)
            if split == "test" or text not in found:
                found[text] = split
    return found


def expansion_writers(reader: RunReader) -> set[str]:
    """The models that wrote queries and attributes of this revision: profiles in prompts hold them, learnt or not."""
    if not any(total.purpose in PURPOSES for total in reader.call_totals()):
        return set()
    accepted = _accepted(reader)
    return {
        str(call["model"])
        for call in reader.calls()
        if (task := PURPOSES.get(call["purpose"])) and normalise(clean(str(call["answer"]["text"]))) in accepted[task]
    }


def _accepted(reader: RunReader) -> dict[str, set[str]]:
    """By task, what level 1 accepted, normalised."""
    accepted: dict[str, set[str]] = {"query": set(), "bootstrap_query": set(), "attribute": set()}
    for item in reader.items("query", status="accepted"):
        value = item.value() or {}
        task = "query" if value.get("origin") == "induced" else "bootstrap_query"
        accepted[task].add(normalise(str(value.get("query", ""))))
    for item in reader.items("attribute", status="accepted"):
        accepted["attribute"].add(normalise(str((item.value() or {}).get("text", ""))))
    return accepted


async def _lessons(
    won: Sequence[Conversation],
    mode: str,
    replayer: Replayer,
    shown: Callable[[Pair], tuple[Example, ...]],
    parts: dict[str, Part],
    out: Collected,
) -> AsyncIterator[Lesson]:
    for conversation in won:
        pair = conversation.candidate.pair
        part = parts.get(pair.id)
        if part is None:
            out.left_out["conversations of the split test"] += 1
            continue
        sides = await replayer.sides(mode, _said(conversation), shown(pair))
        if not sides:
            out.left_out[f"conversations that the Generator of mode {mode} would not say"] += 1
        else:
            out.writers.add(conversation.candidate.model)
        for side in sides:
            name = f"{conversation.id}-{mode}{'-' * bool(side.name)}{side.name}"
            yield Lesson(name, mode, part, side.messages, side.own)


async def _preferences(
    reader: RunReader,
    won: Sequence[Conversation],
    mode: str,
    replayer: Replayer,
    shown: Callable[[Pair], tuple[Example, ...]],
    parts: dict[str, Part],
    out: Collected,
    most: int | None,
) -> AsyncIterator[Preference]:
    length = run_config(reader).generator.utterances
    for contest in contests(reader, won):
        if most is not None and contest.iteration > most:
            continue
        pair = contest.chosen.candidate.pair
        part = parts.get(pair.id)
        if part is None:
            out.left_out["contests of the split test"] += 1
            continue
        lost = Said(pair, contest.utterances, contest.iteration, *contest.drawn, contest.chosen.candidate.seed, length)
        both = (_said(contest.chosen), lost)
        if mode == "whole" and both[0].asked != both[1].asked:
            # Each answers a prompt of its own, so neither is preferred as an answer to the other's.
            out.left_out["contests of conversations that were asked for other numbers of utterances"] += 1
            continue
        # Turns of one length, or the model would learn to prefer short or long ones.
        least = min(len(one.utterances) for one in both)
        better, worse = [await replayer.sides(mode, one, shown(pair), most=least) for one in both]
        if not better or not worse:
            out.left_out[f"contests of a conversation that the Generator of mode {mode} would not say"] += 1
            continue
        for first, second in zip(better, worse, strict=True):
            row = _preference(contest, mode, part, first, second)
            if row is None:
                out.left_out["contests whose two sides say the same"] += 1
            else:
                out.writers |= {contest.chosen.candidate.model, contest.model} - {""}
                yield row


def _preference(contest: Contest, mode: str, part: Part, better: Side, worse: Side) -> Preference | None:
    """The prompt is what both sides begin with, up to the first own message; None when both say the same.

    A second speaker answers another opening on each side, so there its chosen and rejected begin with the partner's words.
    """
    if [better.messages[i] for i in better.own] == [worse.messages[i] for i in worse.own]:
        return None
    start = 0
    most = min(better.own[0], worse.own[0])
    while start < most and better.messages[start] == worse.messages[start]:
        start += 1
    name = f"{contest.chosen.id}-{contest.rejected}-{mode}{'-' * bool(better.name)}{better.name}"
    prompt, chosen, rejected = better.messages[:start], better.messages[start:], worse.messages[start:]
    return Preference(name, mode, part, prompt, chosen, rejected, contest.by) if prompt else None


def _said(conversation: Conversation) -> Said:
    made = conversation.candidate
    # What people made of it is as long as they made it, whatever the model was asked for.
    length = (0, 0) if conversation.hand == "edited" else made.length
    return Said(made.pair, made.utterances, made.iteration, made.attempt, made.sample, made.seed, length)


def _winners(reader: RunReader, most: int | None) -> Iterator[Conversation]:
    if most is None:
        yield from reader.conversations()
        return
    newest: dict[str, Conversation] = {}
    for iteration in range(1, most + 1):
        for conversation in reader.conversations(iteration):
            newest[conversation.candidate.pair.id] = conversation
    yield from sorted(newest.values(), key=lambda c: c.candidate.pair.index)


def _shown(config: Config) -> Callable[[Pair], tuple[Example, ...]]:
    pool = Pool(shipped_examples())

    def draw(pair: Pair) -> tuple[Example, ...]:
        return pool.draw(config.generator.examples, iteration=1, index=pair.index, seed=config.seed)

    return draw


def _parts(pairs: Sequence[Pair], out: Collected, seed: int) -> dict[str, Part]:
    """Train or valid for each pair that may be used."""
    used = list({p.id: p for p in pairs if p.split != "test"}.values())
    if any(p.split == "valid" for p in used):
        return {p.id: "valid" if p.split == "valid" else "train" for p in used}
    shares = SplitsConfig(train=1 - 1 / HELD_OUT, valid=1 / HELD_OUT, test=0.0)
    drawn = assign_splits([(p.user_1.id, p.user_2.id) for p in used], shares, seed)
    parts: dict[str, Part] = {p.id: "valid" if s == "valid" else "train" for p, s in zip(used, drawn, strict=True)}
    if "valid" in parts.values():
        out.notes.append("no pair is of the split valid, so a tenth of the pairs measures instead")
    elif used:
        out.notes.append("there are too few pairs to hold some out, so nothing tells when training should stop")
    return parts


def _part_of(text: str) -> Part:
    return "valid" if zlib.crc32(text.encode(errors="surrogatepass")) % HELD_OUT == 0 else "train"
