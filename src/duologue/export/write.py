"""Writing a data set to a file: complete or not at all, and never over another file unasked."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from duologue.errors import StoreError, UsageError
from duologue.export.contests import contests
from duologue.export.evidence import EvidenceFormat
from duologue.export.judged import judged
from duologue.export.protocol import ContestFormat, Format
from duologue.export.registry import get_format
from duologue.export.splits import SPLITS
from duologue.records import Conversation
from duologue.store.reading import RunReader

_FORCE = "name another file, or allow replacing it with --force"


def export_rows(
    rows: Iterable[Conversation], format_: str | Format, to: Path, *, force: bool = False, split: str | None = None
) -> int:
    """Write ``rows``, in the given order, to the file ``to``; return how many were written.

    ``format_`` is a format or its name; ``split`` keeps one of train, valid and test. The file appears under its name
    only when it is complete; missing parent folders are made. Raises :class:`UsageError` for an unknown format or
    split, for a format that needs a whole run, where ``to`` is a folder, or where it exists and ``force`` is false;
    :class:`StoreError` when it can't be written.
    """
    chosen = get_format(format_) if isinstance(format_, str) else format_
    if isinstance(chosen, ContestFormat):
        raise UsageError(f"the format {chosen.name} needs the candidates that lost; export it from a run folder")
    _check_split(split)
    kept = (r for r in rows if split is None or r.candidate.pair.split == split)
    return write_file(lambda path: chosen.write(kept, path), to, force=force)


def export_run(
    reader: RunReader,
    format_: str | Format,
    to: Path,
    *,
    force: bool = False,
    split: str | None = None,
    rejected: bool = False,
) -> int:
    """Write the data set of a run; see :func:`export_rows`. Formats that need the run's other candidates work too.

    ``rejected`` takes the evidence of rejected candidates as well; it is for the format evidence alone. Raises
    :class:`UsageError` for another.
    """
    chosen = get_format(format_) if isinstance(format_, str) else format_
    if rejected:
        evidence = chosen
        if not isinstance(evidence, EvidenceFormat):
            raise UsageError(
                f"--rejected: is for the format {EvidenceFormat.name} alone; leave it out for {chosen.name}"
            )
        _check_split(split)
        every = (row for row in judged(reader) if split is None or row[0].candidate.pair.split == split)
        return write_file(lambda path: evidence.write_judged(every, path), to, force=force)
    if not isinstance(chosen, ContestFormat):
        return export_rows(reader.conversations(), chosen, to, force=force, split=split)
    _check_split(split)
    kept = (c for c in contests(reader) if split is None or c.chosen.candidate.pair.split == split)
    return write_file(lambda path: chosen.write_contests(kept, path), to, force=force)


def write_file(write: Callable[[Path], int], to: Path, *, force: bool = False, mend: str = _FORCE) -> int:
    """Let ``write`` make a new file, which appears as ``to`` when it is complete; return what it returns.

    ``mend`` says what to do where ``to`` exists and ``force`` is false.
    """
    if to.is_dir():
        raise UsageError(f"{to} is a folder; name a file in it")
    if to.exists() and not to.is_file():
        raise UsageError(f"{to} is not a regular file; name another")
    if not force and os.path.lexists(to):
        raise UsageError(_exists(to, mend))
    temporary = to.parent / f".{to.name[:100]}.{secrets.token_hex(4)}.part"
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        count = write(temporary)
        _sync(temporary)
        _publish(temporary, to, force, mend)
    except OSError as error:
        raise StoreError(
            f"{to} can't be written: {error.strerror or error}; check the path, its rights and the space"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return count


def _check_split(split: str | None) -> None:
    if split is not None and split not in SPLITS:
        raise UsageError(f"there is no split {split!r}; splits: {', '.join(SPLITS)}")


def _publish(temporary: Path, to: Path, force: bool, mend: str) -> None:
    if force:
        temporary.replace(to)
        return
    try:
        # Unlike a rename, a link fails when another process has made the file meanwhile.
        os.link(temporary, to)
    except FileExistsError as error:
        raise UsageError(_exists(to, mend)) from error
    except OSError:
        # Some file systems know no links.
        if os.path.lexists(to):
            raise UsageError(_exists(to, mend)) from None
        temporary.replace(to)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _exists(to: Path, mend: str) -> str:
    return f"{to} exists already; {mend}"
