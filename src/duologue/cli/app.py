"""The command line: ``duologue COMMAND``. Exit codes: 0 done, 1 failure, 2 usage, 130 interrupted."""

from __future__ import annotations

import sys

import typer

from duologue import __version__
from duologue.cli import calls, export, init, items, models, run, show, stats
from duologue.errors import DuologueError

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
app.command("stats")(stats.stats)
app.command("show")(show.show)
app.command("items")(items.items)
app.command("calls")(calls.calls)
app.command("init")(init.init)
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
    try:
        app()
    except DuologueError as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"duologue: {message}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("duologue: interrupted; the same command goes on where it stopped\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
