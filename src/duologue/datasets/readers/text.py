"""Opening text line by line: what the readers of text formats share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duologue.datasets.problems import BadRow
from duologue.errors import UsageError

MAX_LINE = 16 * 2**20
"""Most bytes or characters of one line that are held."""


@contextmanager
def opened(source: str) -> Iterator[Iterator[str]]:
    """The lines of a file of UTF-8 text, with or without byte order mark, with their line ends.

    Bytes that are not UTF-8 become U+FFFD; lines of more than :data:`MAX_LINE` characters come in pieces. Raises
    UsageError when the file can't be opened or read.
    """
    try:
        with Path(source).open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield iter(lambda: file.readline(MAX_LINE), "")
    except FileNotFoundError as error:
        raise UsageError(f"{source}: there is no such file or folder; check the path") from error
    except OSError as error:
        raise UsageError(f"{source} can't be read: {error.strerror or error}; check its permissions") from error


def raw_lines(source: str) -> Iterator[bytes | BadRow]:
    """The lines of a file as bytes without line ends, a line that is too long as the problem it is."""
    try:
        with Path(source).open("rb") as file:
            while line := file.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE and not line.endswith(b"\n"):
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_LINE)
                    yield BadRow(f"a line of more than {MAX_LINE // 2**20} MiB")
                else:
                    yield line.rstrip(b"\r\n")
    except FileNotFoundError as error:
        raise UsageError(f"{source}: there is no such file or folder; check the path") from error
    except OSError as error:
        raise UsageError(f"{source} can't be read: {error.strerror or error}; check its permissions") from error
