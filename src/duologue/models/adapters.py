"""The LoRA adapters that come with duologue: found, and checked before anyone loads them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from duologue.errors import ModelError
from duologue.models.files import sha256_of


def packaged_adapter(name: str, base_sha256: str) -> Path:
    """Return the path of ``adapter.gguf`` in the folder ``name`` under ``duologue/weights``.

    ``base_sha256`` is the hash of the model it will be put on. Raises ModelError as :func:`checked_adapter` does.
    """
    return checked_adapter(Path(str(resources.files("duologue"))) / "weights" / name, base_sha256)


def checked_adapter(folder: Path, base_sha256: str) -> Path:
    """Return the path of the folder's ``adapter.gguf`` after checking it against ``meta.json``.

    ``meta.json`` holds ``sha256`` (of the adapter) and ``base_sha256`` (of the only model it fits). Raises ModelError
    when a file is missing, the adapter's bytes are others, or it was trained for another model.
    """
    path = folder / "adapter.gguf"
    cure = "install duologue anew, or choose another model of `duologue models list`"
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        wanted, base = str(meta["sha256"]), str(meta["base_sha256"])
        found = sha256_of(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"adapter: {folder} has no readable adapter.gguf and meta.json; {cure}") from error
    if found != wanted:
        raise ModelError(
            f"adapter: {path} is damaged (its SHA-256 is not that of meta.json) and was not loaded; {cure}"
        )
    if base != base_sha256:
        raise ModelError(f"adapter: {path} was trained for another model and was not loaded; {cure}")
    return path
