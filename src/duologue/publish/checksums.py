"""SHA256SUMS: writing it, and finding what no longer fits. ``sha256sum -c SHA256SUMS`` reads it too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

FILE_NAME = "SHA256SUMS"
_BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """64 hex digits over the file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the sums of the named files (with forward slashes, below ``folder``), sorted by name."""
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in sorted(names)]
    (folder / FILE_NAME).write_text("".join(lines), encoding="utf-8")


def read_sums(folder: Path) -> dict[str, str]:
    """Sums by name; empty when there is no such file or it is not one."""
    try:
        text = (folder / FILE_NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in text.splitlines():
        digest, mark, name = line.partition("  ")
        if not mark or len(digest) != 64 or name.startswith("/") or ".." in name.split("/"):
            return {}
        found[name] = digest
    return found


def changed(folder: Path) -> list[str]:
    """Names of listed files that are there with other bytes, sorted."""
    return sorted(
        name
        for name, digest in read_sums(folder).items()
        if (folder / name).is_file() and sha256_of(folder / name) != digest
    )
