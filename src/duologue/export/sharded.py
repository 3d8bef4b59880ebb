"""A data set as Parquet shards with a manifest, in a folder or any store that fsspec knows (``s3://``, ``gs://``, ...).

The manifest is written last and at once, so whoever reads by it sees a whole data set, the former or the new one. Shards
are named by their content, so a new data set never changes a file of the former; what the new one lacks is deleted after
the manifest has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from duologue.errors import StoreError, UsageError
from duologue.export.parquet import ParquetFormat
from duologue.records import Conversation

MANIFEST = "manifest.json"
ROWS = 10_000
"""Conversations of a shard."""
LAYOUT = "duologue-parquet-shards-1"
_SHARD = re.compile(r"part-[0-9]{5,}-[0-9a-f]{12}\.parquet")


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of a data set."""

    path: str
    """Below the manifest's folder."""
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a data set consists of."""

    shards: tuple[Shard, ...]
    about: Mapping[str, str]
    """Notes on the data set, such as its fingerprint."""

    @property
    def rows(self) -> int:
        """Conversations in all shards."""
        return sum(shard.rows for shard in self.shards)


class Folder:
    """A folder on this machine or in a store. Raises UsageError for an address that fsspec can't make anything of."""

    def __init__(self, address: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise UsageError("executor.storage needs fsspec; install it with: pip install 'duologue[ray]'") from error
        self.address = address
        try:
            self._store, root = url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"executor.storage: {address} can't be used ({error}); name a folder, or install the store's package"
            ) from error
        self._root = root.rstrip("/")
        self._local = "file" in _protocols(self._store)

    def put(self, name: str, file: Path) -> None:
        """Copy a file there; it appears when it is complete."""
        with self._errors(name):
            self._make()
            if not self._local:
                self._store.put_file(str(file), self._path(name))
                return
            part = self._path(f".{name}.{secrets.token_hex(4)}.part")
            try:
                self._store.put_file(str(file), part)
                Path(part).replace(self._path(name))
            finally:
                Path(part).unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file at once, over one that is there."""
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / name
            file.write_bytes(data)
            self.put(name, file)

    def read(self, name: str) -> bytes | None:
        """A file's content, or None where there is none."""
        with self._errors(name):
            self._store.invalidate_cache()
            try:
                data: bytes = self._store.cat_file(self._path(name))
            except FileNotFoundError:
                return None
            return data

    def size(self, name: str) -> int | None:
        """A file's size in bytes, or None where there is none."""
        with self._errors(name):
            self._store.invalidate_cache()
            try:
                return int(self._store.size(self._path(name)))
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        """Delete a file, where it is there."""
        with self._errors(name), contextlib.suppress(FileNotFoundError):
            self._store.rm_file(self._path(name))

    def _make(self) -> None:
        self._store.makedirs(self._root, exist_ok=True)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextlib.contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # A bucket that is not there is a FileNotFoundError; else each store raises errors of its own kind.
            said = " ".join(str(error).split())[:200]
            raise StoreError(
                f"{self.address}: {name} can't be read or written ({type(error).__name__}: {said}); check the address and its rights"
            ) from error


def write_shards(rows: Iterable[Conversation], address: str, about: Mapping[str, str], *, size: int = ROWS) -> Manifest:
    """Write ``rows`` in order as shards of ``size`` conversations, then the manifest; return it.

    ``about`` are notes for the manifest. The same rows give the same files. Raises UsageError without pyarrow or fsspec or
    where another kind of data set lies there, StoreError when something can't be written; then the manifest is the former.
    """
    folder = Folder(address)
    former = _read(folder)
    made: list[Shard] = []
    rest = iter(rows)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "shard.parquet"
        for first in rest:
            count = ParquetFormat().write(chain((first,), islice(rest, size - 1)), file)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            shard = Shard(f"part-{len(made):05d}-{digest[:12]}.parquet", count, file.stat().st_size, digest)
            if folder.size(shard.path) != shard.bytes:
                folder.put(shard.path, file)
            file.unlink()
            made.append(shard)
    manifest = Manifest(tuple(made), dict(about))
    folder.write(MANIFEST, _as_json(manifest))
    for shard in former.shards if former is not None else ():
        if shard.path not in {new.path for new in made}:
            folder.delete(shard.path)
    return manifest


def check_storage(address: str) -> None:
    """Refuse an address that :func:`write_shards` can't use, before a run spends hours. Raises as it does.

    A small file is written there and deleted again.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError("executor.storage needs pyarrow; install it with: pip install 'duologue[parquet]'") from error
    folder = Folder(address)
    _read(folder)
    probe = f"duologue-probe-{secrets.token_hex(4)}"
    folder.write(probe, b"written to see whether this can be written to; it may be deleted\n")
    folder.delete(probe)


def read_manifest(address: str) -> Manifest | None:
    """The manifest of a data set, or None where there is none. Raises as :func:`write_shards`."""
    return _read(Folder(address))


def _read(folder: Folder) -> Manifest | None:
    data = folder.read(MANIFEST)
    if data is None:
        return None
    try:
        values = json.loads(data)
        if values["layout"] != LAYOUT:
            raise ValueError(values["layout"])
        shards = tuple(Shard(**shard) for shard in values["shards"])
        # What a manifest names may be deleted, so it names nothing but shards.
        if other := [shard.path for shard in shards if not _SHARD.fullmatch(shard.path)]:
            raise ValueError(other[0])
        return Manifest(shards, values["about"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder.address}: holds a {MANIFEST} that is none of duologue's; choose another executor.storage"
        ) from error


def _as_json(manifest: Manifest) -> bytes:
    shards = [{"path": s.path, "rows": s.rows, "bytes": s.bytes, "sha256": s.sha256} for s in manifest.shards]
    values = {"layout": LAYOUT, "rows": manifest.rows, "about": dict(manifest.about), "shards": shards}
    return json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"


def _protocols(store: Any) -> tuple[str, ...]:
    return (store.protocol,) if isinstance(store.protocol, str) else tuple(store.protocol)
