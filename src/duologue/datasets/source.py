"""From a source to dialogues: which format it is in, and one pass after another over it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from duologue.datasets.problems import Problems
from duologue.datasets.protocol import Look, Reader
from duologue.datasets.readers.run import run_folder
from duologue.datasets.records import Dialogue, Problem
from duologue.datasets.registry import all_readers, get_reader, reader_names
from duologue.errors import UsageError
from duologue.seeds.hub import PREFIX

_HEAD = 64 * 1024
_LINES = 20
_LISTED = 200


class DataSet:
    """A data set that can be gone through again and again. Each pass reads it anew and holds few rows at a time."""

    def __init__(self, source: str, reader: Reader) -> None:
        self.source = source
        self.format = reader.name
        self.problems = Problems()
        """What the latest pass could not read; complete when the pass is."""
        self.reader = reader

    def __iter__(self) -> Iterator[Dialogue]:
        """Yield the dialogues in order. Rows that can't be read are counted in ``problems``.

        Raises UsageError when the source can't be read, or not one row of it.
        """
        problems = self.problems = Problems()
        readable = False
        for item in self.reader.read(self.source):
            if isinstance(item, Problem):
                problems.add(item)
            else:
                readable = True
                if item.irregular:
                    problems.note(item.provenance.row, item.irregular)
                yield item
        if not readable:
            if problems.total:
                raise UsageError(
                    f"{self.source}: not one of its {problems.total} rows can be read as {self.format} "
                    f"({problems.first[0]}); check the file, or name its format"
                )
            raise UsageError(f"{self.source} holds no conversation; give a data set with at least one")


def open_dataset(source: str | Path, format_name: str = "auto") -> DataSet:
    """Return the data set at ``source``: a run folder, a file, a folder of Parquet files, or ``hf:ID[:SPLIT]``.

    ``format_name`` is one of :func:`reader_names`, or ``auto`` to go by the content. Nothing but the beginning is
    read yet. Raises UsageError, in one line, when there is no such source or format, or the content tells no format.
    """
    name = str(source)
    if format_name != "auto":
        return DataSet(name, get_reader(format_name))
    look = look_at(name)
    for reader in all_readers():
        if reader.recognises(look):
            return DataSet(name, reader)
    if look.path is not None and look.path.is_dir():
        raise UsageError(f"{name}: is a folder without a run and without Parquet files; name a file in it")
    if not look.head.strip():
        raise UsageError(f"{name} is empty; give a data set with at least one conversation")
    raise UsageError(f"{name}: its content tells no format; name one of {', '.join(reader_names())}")


def located(source: str | Path) -> str:
    """What names a source whatever the way it is written: a hub id as it is, of a path where it leads."""
    name = str(source)
    if name.startswith(PREFIX):
        return name
    try:
        return str(run_folder(Path(name).resolve()))
    except (OSError, RuntimeError, ValueError):
        # A path that leads nowhere names itself; whoever opens it says what is wrong.
        return name


def look_at(source: str) -> Look:
    """Take a first look at a source. Raises UsageError when there is no such file or folder, or it can't be read."""
    path = Path(source)
    if source.startswith(PREFIX):
        return Look(source, None)
    try:
        if path.is_dir():
            return Look(source, path, names=tuple(_names(path)))
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise UsageError(f"{source}: there is no such file or folder; check the path") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{source[:200]} can't be read: {getattr(error, 'strerror', None) or error}") from error
    text = "" if b"\0" in head else head.decode("utf-8-sig", "replace")
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    return Look(source, path, head, tuple(lines[:_LINES]))


def _names(folder: Path) -> list[str]:
    """What stands in a folder and one level below; not all of a very large one."""
    found: list[str] = []
    for path in sorted(folder.iterdir()):
        found.append(path.name)
        if path.is_dir():
            found += [f"{path.name}/{inner.name}" for inner in islice(sorted(path.iterdir()), _LISTED)]
    return found
