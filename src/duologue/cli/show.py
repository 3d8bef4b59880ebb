"""``duologue show``: page through the conversations of a run."""

from __future__ import annotations

import itertools
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
    id_: Annotated[str | None, typer.Option("--id", help="Only the conversation whose id begins so.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show at most so many.")] = None,
    pager: Annotated[bool, typer.Option(help="Page on a terminal.")] = True,
) -> None:
    """Print conversations, each attribute with the utterances that carry it."""
    console = Console()
    with RunReader(run) as reader:
        conversations = (c for c in reader.conversations() if id_ is None or c.id.startswith(id_))
        first = next(conversations, None)
        if first is None:
            raise UsageError(
                f"{run} has no conversation whose id begins with {id_}"
                if id_
                else f"{run} has no finished conversation yet"
            )
        wanted = itertools.islice(itertools.chain([first], conversations), limit)
        if pager and console.is_terminal:
            with console.pager(styles=True):
                for conversation in wanted:
                    _print(console, reader, conversation)
        else:
            for conversation in wanted:
                _print(console, reader, conversation)


def _print(console: Console, reader: RunReader, conversation: Conversation) -> None:
    """The conversation, and below it why the tournament chose it."""
    print_conversation(console, conversation)
    candidate = conversation.candidate
    for item in reader.items("conversation", iteration=candidate.iteration, item=candidate.pair.id):
        if item.reason:
            console.print(Text(f"chosen: {printable(item.reason)}", style="dim"))
