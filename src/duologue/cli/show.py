"""``duologue show``: page through the conversations of a run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from duologue.errors import UsageError
from duologue.records import Conversation
from duologue.report.conversation import print_conversation
from duologue.store.reading import RunReader
from duologue.text import printable


def show(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    id_: Annotated[
        str | None,
        typer.Option(
            "--id", help="Only the conversation (c-...) or candidate (k-...), rejected or not, whose id begins so."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show at most so many.")] = None,
    pager: Annotated[bool, typer.Option(help="Page on a terminal.")] = True,
) -> None:
    """Print conversations, each attribute with the utterances that carry it."""
    console = Console()
    with RunReader(run) as reader:
        candidates = id_ is not None and id_.startswith("k-")
        found = _candidates(reader, id_) if candidates and id_ else _conversations(reader, id_)
        first = next(found, None)
        if first is None:
            what = "candidate with a text" if candidates else "conversation"
            raise UsageError(
                f"{run} has no {what} whose id begins with {id_}" if id_ else f"{run} has no finished conversation yet"
            )
        wanted = itertools.islice(itertools.chain([first], found), limit)
        if pager and console.is_terminal:
            with console.pager(styles=True):
                for shown in wanted:
                    _print(console, *shown)
        else:
            for shown in wanted:
                _print(console, *shown)


def _conversations(reader: RunReader, id_: str | None) -> Iterator[tuple[Conversation, str, list[str]]]:
    """Conversations of the data set, each with its name and why the tournament, or that a person, chose it."""
    for conversation in reader.conversations():
        if id_ is None or conversation.id.startswith(id_):
            yield conversation, conversation.id, _why(reader, conversation)


def _why(reader: RunReader, conversation: Conversation) -> list[str]:
    # What the Critic said is of the run's own winner, not of what a person put in its place.
    if conversation.hand in ("chosen", "edited"):
        return [f"{conversation.hand} by hand"]
    candidate = conversation.candidate
    items = reader.items("conversation", iteration=candidate.iteration, item=candidate.pair.id)
    return [f"chosen: {item.reason}" for item in items if item.reason]


def _candidates(reader: RunReader, id_: str) -> Iterator[tuple[Conversation, str, list[str]]]:
    """Candidates that have a text, each with its name and what became of it."""
    for item in reader.items("candidate"):
        made = reader.judged(item) if item.item.startswith(id_) else None
        if made is not None:
            yield made, item.item, [f"{item.status} by {item.by}" + (f": {item.reason}" if item.reason else "")]


def _print(console: Console, conversation: Conversation, name: str, notes: list[str]) -> None:
    """The conversation, and below it the notes."""
    print_conversation(console, conversation, name)
    for note in notes:
        console.print(Text(printable(note), style="dim"))
