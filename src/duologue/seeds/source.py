"""From a path to checked text: the part that all file formats share."""

from __future__ import annotations

import codecs
from pathlib import Path

from duologue.errors import SeedError
from duologue.text import printable

MAX_LINE = 10_000
"""Most characters of one attribute, and of one line where a line is an attribute."""
MAX_BYTES = 512 * 1024 * 1024
"""Largest seed file that is read."""
SHOWN = 60
"""Characters of foreign text that an error message shows."""

_OTHER_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def shorten(text: str) -> str:
    """Return ``text`` quoted, printable and on one line, cut to :data:`SHOWN` characters, for an error message."""
    shown = printable(text[: SHOWN + 1]).replace("\n", "\\n").replace("\t", "\\t")
    return f'"{shown[:SHOWN]}..."' if len(text) > SHOWN else f'"{shown}"'


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file (with or without byte order mark), line ends untouched.

    Raises :class:`SeedError` when there is no such file, it can't be read, is empty, is not text, or is in another
    encoding.
    """
    data = _read_bytes(path)
    for bom, name in _OTHER_BOMS:
        if data.startswith(bom):
            raise SeedError(
                f"{path} is in {name}; convert it to UTF-8, for example: iconv -f {name} -t UTF-8 {path.name} > utf8.txt"
            )
    if data.startswith(b"PAR1"):
        raise SeedError(f"{path} is a Parquet file; give the folder it lies in as hf:FOLDER")
    if (at := data.find(b"\0")) >= 0:
        raise SeedError(
            f"{path}: line {_line_of(data, at)} holds a zero byte, so this is not a text file; give text, JSONL or CSV"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # utf-8-sig reports positions after the mark.
        at = error.start + (3 if data.startswith(codecs.BOM_UTF8) else 0)
        start = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
        raise SeedError(
            f"{path}: line {_line_of(data, at)}, byte {at - start + 1} (0x{data[at]:02x}) is not UTF-8; "
            "convert the file, for example from Latin-1: iconv -f LATIN1 -t UTF-8"
        ) from error
    if not text.strip():
        raise SeedError(f"{path} is empty; give a file with at least one persona attribute")
    return text


def check_lines(text: str, source: str) -> None:
    """Raises :class:`SeedError` when a line has more than :data:`MAX_LINE` characters; for formats with an attribute a line."""
    for number, line in enumerate(split_lines(text), 1):
        if len(line) > MAX_LINE:
            raise SeedError(
                f"{source}: line {number} has {len(line):,} characters, more than {MAX_LINE:,}; one attribute is one sentence"
            )


def split_lines(text: str) -> list[str]:
    r"""Split at \n, \r\n and lone \r, and at nothing else (``str.splitlines`` also splits at U+2028 and others)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise SeedError(f"{path} is a folder; name a file in it, or give hf:{path} for a folder of data files")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise SeedError(
            f"{path}: there is no such file; check the path, or leave it out for the shipped seeds"
        ) from error
    except PermissionError as error:
        raise SeedError(f"{path} can't be read: no permission; allow reading it (chmod u+r)") from error
    except (OSError, ValueError) as error:
        raise SeedError(f"{shorten(str(path))} can't be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAX_BYTES:
        raise SeedError(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MiB; give a part of it")
    return data


def _line_of(data: bytes, at: int) -> int:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1
