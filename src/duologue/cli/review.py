"""``duologue review``: a local page to browse a run or data set, decide by hand, and evaluate blind with people."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import stat
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duologue.errors import UsageError
from duologue.text import printable

if TYPE_CHECKING:
    from duologue.review.app import Review
    from duologue.review.study.records import Plan

_EXTRA = "duologue review needs the extra review; install it with: pip install 'duologue[review]'"
_SHORTEST = 16
"""Fewest characters of the owner's token."""


def review(
    path: Annotated[Path, typer.Argument(help="A run folder, or a data set file.")],
    against: Annotated[
        str, typer.Option("--against", help="A second data set, to evaluate PATH against: a file, run folder or hf:ID.")
    ] = "",
    annotators: Annotated[
        str,
        typer.Option("--annotators", help="Names, separated by commas: start a blind evaluation with their own links."),
    ] = "",
    per_item: Annotated[int, typer.Option("--per-item", min=0, help="Annotators of each task; else up to three.")] = 0,
    items: Annotated[int, typer.Option("--items", min=1, help="Tasks of each kind.")] = 20,
    tasks: Annotated[
        str, typer.Option("--tasks", help="detection, faithfulness, quality; else all that the data sets allow.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Draws the tasks and their order.")] = 0,
    results: Annotated[
        Path | None,
        typer.Option("--results", help="Write the newest evaluation's results to a .json or .csv file, and end."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Listen here; other machines can reach it unless it is loopback.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the owner's token; made when it is not there.")
    ] = None,
    who: Annotated[str, typer.Option("--who", help="Under which name to record decisions; else the login.")] = "",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Browse a run or data set in a local web page, decide by hand, and let people evaluate it blind.

    Only this machine can reach the page unless --host says otherwise. With another host, or with annotators, the
    owner's pages need the token in the printed address. Ctrl-C ends it; nothing that was confirmed is lost.
    """
    try:
        from duologue.review.app import open_review
        from duologue.review.security import is_loopback
        from duologue.review.serve import bind, serve
        from duologue.review.study.store import read_studies
        from duologue.review.study.take_out import write_results
    except ImportError as error:
        raise UsageError(_EXTRA) from error
    if results is not None:
        from duologue.review.database import place_of

        studies = read_studies(place_of(path))
        if not studies:
            raise UsageError(f"{path}: nothing was evaluated yet; start with --annotators")
        typer.echo(f"{write_results(studies[0], results)} answers written to {results}")
        return
    if not host.strip():
        raise UsageError("--host: is empty; name an address, or 0.0.0.0 for all that this machine has")
    plan = _plan(str(path), against, annotators, per_item, items, tasks, seed)
    needs_token = plan is not None or token_file is not None or not is_loopback(host)
    token = _token(token_file) if needs_token else None
    opened = open_review(path, token=token, who=who or _login())
    try:
        study = opened.studies.ensure(plan, lambda note: typer.echo(printable(f"Note: {note}"))) if plan else None
        if study is None and token is None and opened.studies.latest():
            # Annotators of an evaluation that goes on reach the same address as the owner.
            opened.gate = type(opened.gate)(opened.gate.secret, _token(None))
            study = opened.studies.latest()
        listening = bind(host, port)
        address = _address(host, listening.getsockname()[1])
        owner = address + (f"/enter?token={opened.gate.token}" if opened.gate.token else "/")

        def ready() -> None:
            _announce(opened, address, owner, study)
            if browser and is_loopback(host):
                with suppress(webbrowser.Error):
                    webbrowser.open(owner)

        with suppress(KeyboardInterrupt):
            serve(opened, listening, host, ready)
        typer.echo(f"Ended. Decisions and answers are in {printable(str(opened.database.path))}")
    finally:
        opened.close()


def _announce(opened: Review, address: str, owner: str, study: str | None) -> None:
    typer.echo(f"Review of {printable(opened.source.name)}: {owner}")
    if study is not None:
        for name, token in opened.studies.links(study):
            typer.echo(f"  annotator {printable(name)}: {address}/a/{token}")
    typer.echo("Ctrl-C ends it.")


def _plan(source: str, against: str, annotators: str, per_item: int, items: int, tasks: str, seed: int) -> Plan | None:
    from duologue.review.study.records import KINDS, Plan

    names = tuple(name.strip() for name in annotators.split(",") if name.strip())
    if not names:
        if against or tasks or per_item:
            raise UsageError("--against, --tasks, --per-item: an evaluation needs --annotators as well")
        return None
    if any(len(name) > 100 for name in names):
        raise UsageError("--annotators: a name has at most 100 characters")
    wanted = [kind.strip() for kind in tasks.split(",") if kind.strip()]
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        raise UsageError(f"--tasks: there is no task {unknown[0]!r}; tasks: {', '.join(KINDS)}")
    kinds = tuple(k for k in KINDS if (k in wanted if wanted else against or k != "detection"))
    return Plan(source, against, kinds, items, per_item or min(3, len(names)), names, seed)


def _token(file: Path | None) -> str:
    """The owner's token: from the file, else made, and written there when it is not there."""
    made = secrets.token_urlsafe(24)
    if file is None:
        return made
    try:
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise UsageError(
                    f"--token-file {file}: others can read it; take that right away with: chmod 600"
                ) from None
            token = file.read_text(encoding="utf-8").strip()
            if len(token) < _SHORTEST or not token.isascii() or not token.isprintable() or set(token) & set(" &#+%?/"):
                raise UsageError(
                    f"--token-file {file}: a token is at least {_SHORTEST} letters and digits; delete the file to get one made"
                ) from None
            return token
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(made + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {file}: can't be used ({error}); name another") from error
    return made


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "owner"


def _address(host: str, port: int) -> str:
    """Where the page is reached; of all of a machine's addresses, by its name."""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
