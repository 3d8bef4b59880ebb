"""One conversation for the terminal: both profiles with the evidence for each attribute, the talk, and what is wrong.

Everything comes from outside and is printed through ``rich.text.Text``, never as markup, after ``printable`` has made
control characters harmless.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from duologue.records import Conversation, Evidence, Profile, Speaker, Verdict
from duologue.text import printable

COLOURS: dict[Speaker, str] = {1: "cyan", 2: "magenta"}
_MARKS = {"supported": "+", "contradicted": "!"}

Names = dict[tuple[Speaker, str], str]
"""What an attribute is called, by owner and id; both users may hold the same attribute."""


def render(conversation: Conversation, name: str = "") -> RenderableType:
    """The conversation as a panel, called ``name`` in place of its id, where there is one.

    Attributes are numbered 1a, 1b, ... and 2a, 2b, ...; behind an utterance ``+1a`` marks support and ``!1a`` a
    contradiction, red where it is wrong, and ``!3`` that it contradicts its speaker's utterance 3.
    """
    pair = conversation.candidate.pair
    names = _names(1, pair.user_1) | _names(2, pair.user_2)
    shown = surest(e for e in conversation.evidence if e.label in _MARKS)
    lines: list[RenderableType] = []
    lines += _profile(1, pair.user_1, names, shown)
    lines += _profile(2, pair.user_2, names, shown)
    by_utterance: dict[int, list[Evidence]] = defaultdict(list)
    for evidence in shown:
        by_utterance[evidence.utterance].append(evidence)
    talk = Table.grid(padding=(0, 1))
    talk.add_column(justify="right", no_wrap=True, style="dim")
    talk.add_column(no_wrap=True)
    talk.add_column()
    for index, utterance in enumerate(conversation.candidate.utterances):
        speaker: Speaker = 1 if index % 2 == 0 else 2
        who = Text(f"User {speaker}:", style=COLOURS[speaker])
        talk.add_row(str(index + 1), who, _utterance(utterance, by_utterance[index], names))
    lines.append(talk)
    wrong = [problem(e, names) for e in shown if e.against_self or e.swapped or e.label == "contradicted"]
    if wrong:
        lines += [Text(""), *(Text(line, style="bold red") for line in wrong)]
    quality = [f"{v.expert} {v.value:.2f}" for v in conversation.verdicts if v.kind in ("filter", "quality")]
    lines.append(Text(""))
    lines.append(Text("  ".join(quality), style="dim"))
    lines += [Text(_scores(v), style="dim") for v in conversation.verdicts if v.scores]
    heading = Text(f"{name or conversation.id}  iteration {conversation.candidate.iteration}  {pair.split}")
    return Panel(Group(*lines), title=heading, title_align="left")


def _names(speaker: Speaker, profile: Profile) -> Names:
    letters = zip("abcdefghijklmnopqrstuvwxyz", profile.attributes, strict=False)
    return {(speaker, attribute.id): f"{speaker}{letter}" for letter, attribute in letters}


def _profile(speaker: Speaker, profile: Profile, names: Names, shown: list[Evidence]) -> tuple[RenderableType, ...]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for attribute in profile.attributes:
        about = [e for e in shown if e.attribute == attribute.id and e.owner == speaker and not e.against_self]
        carried = [e for e in about if e.label == "supported" and not e.swapped]
        name = Text(f"  {names.get((speaker, attribute.id), '?')}", style=COLOURS[speaker] if carried else "dim")
        text = Text(printable(attribute.text), style="default" if carried else "dim")
        text.append(
            f"  in {_places(carried)}" if carried else "  not touched",
            style="green" if carried else "dim",
        )
        for found, words, style in (
            ([e for e in about if e.verbatim], "copied in", "yellow"),
            ([e for e in about if e.label == "contradicted"], "contradicted in", "bold red"),
            ([e for e in about if e.swapped], f"taken over by User {3 - speaker} in", "bold red"),
        ):
            if found:
                text.append(f"  {words} {_places(found)}", style=style)
        grid.add_row(name, text)
    return Text(f"User {speaker}", style=f"bold {COLOURS[speaker]}"), grid, Text("")


def _places(evidence: Iterable[Evidence]) -> str:
    return ", ".join(str(n) for n in sorted({e.utterance + 1 for e in evidence}))


def surest(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Of what several experts say of the same place, the entry with the highest score."""
    best: dict[tuple[object, ...], Evidence] = {}
    for entry in evidence:
        key = (entry.owner, entry.attribute, entry.utterance, entry.label, entry.other)
        if key not in best or entry.score > best[key].score:
            best[key] = entry
    return list(best.values())


def problem(entry: Evidence, names: Names) -> str:
    """A contradiction, swap or self-contradiction in words."""
    if entry.other is not None:
        return (
            f"self-contradiction: User {entry.owner}'s utterance {entry.utterance + 1} against their utterance "
            f"{entry.other + 1} ({entry.score:.2f})"
        )
    name = names.get((entry.owner, entry.attribute), "?")
    if entry.swapped:
        return f"swap: User {entry.speaker} takes over {name} in utterance {entry.utterance + 1} ({entry.score:.2f})"
    return f"contradiction: utterance {entry.utterance + 1} contradicts {name} ({entry.score:.2f})"


def _utterance(utterance: str, evidence: list[Evidence], names: Names) -> Text:
    text = Text(printable(utterance))
    for entry in evidence:
        style = "bold red" if entry.label == "contradicted" or entry.swapped else "bold green"
        about = names.get((entry.owner, entry.attribute), "?") if entry.other is None else str(entry.other + 1)
        text.append(f" {_MARKS[entry.label]}{about}", style=style)
    return text


def _scores(verdict: Verdict) -> str:
    said = "  ".join(f"{index}: {score:.2f}" for index, score in enumerate(verdict.scores, start=1))
    return f"{printable(verdict.expert)} by utterance  {said}"


def print_conversation(console: Console, conversation: Conversation, name: str = "") -> None:
    """Print one conversation; see :func:`render`."""
    console.print(render(conversation, name))
