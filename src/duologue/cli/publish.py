"""``duologue publish``: a run as a data set folder for the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from duologue.publish import Options
from duologue.publish import publish as write_folder
from duologue.text import printable


def publish(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    to: Annotated[Path, typer.Option("--to", help="The folder to write: new, empty, or one that holds this data set.")],
    push: Annotated[str, typer.Option("--push", help="Send it to this data set of the hub, OWNER/NAME.")] = "",
    licence: Annotated[
        str, typer.Option("--licence", help="The data set's licence, as the hub writes it.")
    ] = "cc-by-4.0",
    seeds_licence: Annotated[
        str, typer.Option("--seeds-licence", help="The seeds' licence, or none; SOURCE=LICENCE,... for several.")
    ] = "",
    accept: Annotated[
        bool, typer.Option("--accept-licence-conflicts", help="Publish although licences conflict; the card says so.")
    ] = False,
    name: Annotated[str, typer.Option(help="The data set's title; else the folder's name.")] = "",
    author: Annotated[str, typer.Option(help="Who publishes it.")] = "",
    version: Annotated[str, typer.Option("--data-version", help="The data set's version.")] = "1.0.0",
    also: Annotated[
        list[str] | None, typer.Option("--also", help="A further format in a folder of its own; may be repeated.")
    ] = None,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="With --also spc: text as it is, also where a spreadsheet would run it as a formula."
        ),
    ] = False,
    private: Annotated[bool, typer.Option("--private", help="With --push: make the data set private.")] = False,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="With --push: file with the hub's token; else HF_TOKEN or its login."),
    ] = None,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Publish a run that has not finished.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write a data set of duologue anew; foreign files are never touched.")
    ] = False,
) -> None:
    """Write a folder that the hub shows properly: Parquet, card, Croissant metadata, checksums, configuration."""
    options = Options(
        licence=licence.strip().lower(),
        seeds_licence=seeds_licence.strip().lower(),
        name=name,
        author=author,
        version=version,
        also=tuple(also or ()),
        exact=exact,
        repo=push,
        accept_conflicts=accept,
        unfinished=unfinished,
        replace=replace,
    )
    hub = None
    if push:
        from duologue.publish import connect

        # Before anything is written: what is missing for the upload shows at once.
        hub = connect(token_file)
    done = write_folder(run, to, options)
    for note in done.notes:
        typer.echo(printable(f"Note: {note}"))
    state = "holds this already" if done.again else "written"
    typer.echo(f"{done.conversations} conversations, {state}: {to}")
    if hub is not None:
        from duologue.publish import push as send

        typer.echo(f"Sent to {send(to, push, hub, private=private)}")
