"""One conversation for the terminal: both profiles with the utterances that carry each attribute, then the talk.

Everything comes from outside and is printed through ``rich.text.Text``, never as markup, after ``printable`` has made
control characters harmless.
"""

from __future__ import annotations

from collections import defaultdict

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from duologue.records import Conversation, Evidence, Profile, Speaker
from duologue.text import printable

COLOURS: dict[Speaker, str] = {1: "cyan", 2: "magenta"}
_MARKS = {"supported": "+", "contradicted": "!"}

Names = dict[tuple[Speaker, str], str]
"""What an attribute is called, by owner and id; both users may hold the same attribute."""


def render(conversation: Conversation) -> RenderableType:
    """The conversation as a panel. Attributes are numbered 1a, 1b, ... and 2a, 2b, ...; ``+1a`` marks support."""
    pair = conversation.candidate.pair
    names = _names(1, pair.user_1) | _names(2, pair.user_2)
    shown = [e for e in conversation.evidence if e.label in _MARKS]
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
        name = Text(f"User {speaker}:", style=COLOURS[speaker])
        talk.add_row(str(index + 1), name, _utterance(utterance, by_utterance[index], names))
    lines.append(talk)
    quality = [f"{v.expert} {v.value:.2f}" for v in conversation.verdicts if v.kind in ("filter", "quality")]
    lines.append(Text(""))
    lines.append(Text("  ".join(quality), style="dim"))
    heading = Text(f"{conversation.id}  iteration {conversation.candidate.iteration}  {pair.split}")
    return Panel(Group(*lines), title=heading, title_align="left")


def _names(speaker: Speaker, profile: Profile) -> Names:
    letters = zip("abcdefghijklmnopqrstuvwxyz", profile.attributes, strict=False)
    return {(speaker, attribute.id): f"{speaker}{letter}" for letter, attribute in letters}


def _profile(speaker: Speaker, profile: Profile, names: Names, shown: list[Evidence]) -> tuple[RenderableType, ...]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for attribute in profile.attributes:
        carried = sorted(
            {
                e.utterance + 1
                for e in shown
                if e.attribute == attribute.id and e.owner == speaker and e.label == "supported" and not e.swapped
            }
        )
        name = Text(f"  {names.get((speaker, attribute.id), '?')}", style=COLOURS[speaker] if carried else "dim")
        text = Text(printable(attribute.text), style="default" if carried else "dim")
        text.append(
            f"  in {', '.join(map(str, carried))}" if carried else "  not touched",
            style="green" if carried else "dim",
        )
        grid.add_row(name, text)
    return Text(f"User {speaker}", style=f"bold {COLOURS[speaker]}"), grid, Text("")


def _utterance(utterance: str, evidence: list[Evidence], names: Names) -> Text:
    text = Text(printable(utterance))
    for entry in evidence:
        style = "bold red" if entry.label == "contradicted" or entry.swapped else "bold green"
        text.append(f" {_MARKS[entry.label]}{names.get((entry.owner, entry.attribute), '?')}", style=style)
    return text


def print_conversation(console: Console, conversation: Conversation) -> None:
    """Print one conversation."""
    console.print(render(conversation))
