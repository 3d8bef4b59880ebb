"""The command line: ``duologue COMMAND``. Exit codes: 0 done, 1 failure, 2 usage, 130 interrupted."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, NoReturn

import typer

from duologue import __version__
from duologue.cli import (
    ablate,
    calls,
    diff,
    evaluate,
    export,
    extend,
    init,
    items,
    models,
    publish,
    review,
    run,
    show,
    stats,
    train,
)
from duologue.errors import DuologueError
from duologue.text import printable

# Typer may bring its own copy of click, so the class is taken from what Typer exports.
_ClickUsageError: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="duologue",
    help="Make faithful persona-based conversational data sets from seed persona sentences.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("export")(export.export)
app.command("publish", short_help="Write a data set folder for the Hugging Face hub.")(publish.publish)
app.command("extend", short_help="Let new seeds, users and conversations join a data set.")(extend.extend)
app.command("diff", short_help="Compare two versions of a data set.")(diff.diff)
app.command("versions", short_help="List the versions of a run folder.")(diff.versions)
app.command("evaluate", short_help="Measure any data set, and others beside it.")(evaluate.evaluate)
app.command("review", short_help="Browse, decide by hand and evaluate blind, in a local web page.")(review.review)
app.command("train", short_help="Train an adapter on what a run's Critic chose.")(train.train)
app.command("ablate", short_help="Show what each part of the system is worth.")(ablate.ablate)
app.command("stats", short_help="Print what became of every item, in figures.")(stats.stats)
app.command("show", short_help="Print conversations with their evidence.")(show.show)
app.command("items", short_help="Print what became of single items, and why.")(items.items)
app.command("calls", short_help="Print the log of model calls, in figures.")(calls.calls)
app.command("init", short_help="Write a commented configuration file.")(init.init)
app.add_typer(models.app, name="models", help="List and fetch the embedded models.")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"duologue {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def main() -> None:
    """Entry point: every expected error becomes one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows its number; that is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(prog_name="duologue", standalone_mode=False)
        sys.stdout.flush()
    except DuologueError as error:
        _fail(str(error), error.exit_code)
    except _ClickUsageError as error:
        _fail_usage(error)
    except typer.Abort:
        _fail("given up", 1)
    except KeyboardInterrupt:
        _fail("interrupted; the same command goes on where it stopped", 130)
    except OSError as error:
        # Most often the output itself: a full disk, a closed pipe.
        _drop_output()
        what = f"{error.filename}: " if error.filename else "the output can't be written: "
        _fail(f"{what}{error.strerror or error}; make room or name another place, then run the command again", 1)
    if code == 130:
        _fail("interrupted; the same command goes on where it stopped", 130)
    sys.exit(code)


def _fail(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"duologue: {printable(' '.join(message.split()))}\n")
    sys.exit(code)


def _fail_usage(error: Any) -> NoReturn:
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        sys.exit(error.exit_code)
    command = error.ctx.command_path if error.ctx else "duologue"
    _fail(f"{error.format_message().rstrip('.')}; see {command} --help", error.exit_code)


def _drop_output() -> None:
    """Keep the interpreter from failing once more when it flushes what can't be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    main()
