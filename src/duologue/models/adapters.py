"""LoRA adapters, those that come with duologue and those that it trained: checked before anyone loads them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from duologue.errors import ModelError
from duologue.models.files import sha256_of

SHIPPED = "install duologue anew, or choose another model of `duologue models list`"
TRAINED = "train one for this model (`duologue train`), or choose the model that it was trained for"
BASE_KEY = "duologue.base"
"""Where an adapter's own metadata names its base model."""


def packaged_adapter(name: str, base_sha256: str) -> Path:
    """Return the path of ``adapter.gguf`` in the folder ``name`` under ``duologue/weights``.

    ``base_sha256`` is the hash of the model it will be put on. Raises ModelError as :func:`checked_adapter` does.
    """
    return checked_adapter(Path(str(resources.files("duologue"))) / "weights" / name, base_sha256)


def checked_adapter(folder: Path, base_sha256: str, cure: str = SHIPPED) -> Path:
    """Return the path of the folder's ``adapter.gguf`` after checking it against ``meta.json``.

    ``meta.json`` holds ``sha256`` (of the adapter) and ``base_sha256`` (of the only model it fits). Raises ModelError
    when a file is missing, the adapter's bytes are others, or it was trained for another model; ``cure`` ends the message.
    """
    path = folder / "adapter.gguf"
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


def adapter_file(path: str) -> Path:
    """The ``adapter.gguf`` that ``path`` names: itself, or the one in this folder. Raises ModelError when there is none."""
    found = Path(path).expanduser()
    found = found if found.suffix == ".gguf" else found / "adapter.gguf"
    if not found.is_file() and (found.parent / "peft").is_dir():
        raise ModelError(
            f"model.adapter: {path} holds a PEFT adapter alone; train it with --gguf FILE, the GGUF file of its base, for "
            "the embedded backend"
        )
    if not found.is_file():
        raise ModelError(f"model.adapter: {path} holds no adapter.gguf; give a folder that `duologue train` wrote")
    return found


def trained_adapter(path: str, base_identity: str) -> Path:
    """The adapter file that ``path`` names, checked: by ``meta.json`` beside it, or else by its own metadata.

    ``base_identity`` is what the embedded backend knows the base model by. Raises ModelError when the file is missing,
    damaged, or was trained for another model.
    """
    file = adapter_file(path)
    if (file.parent / "meta.json").is_file() and file.name == "adapter.gguf":
        return checked_adapter(file.parent, base_identity, TRAINED)
    try:
        from gguf import GGUFReader

        field = GGUFReader(file).fields.get(BASE_KEY)
    except ImportError as error:
        raise ModelError("reading an adapter needs gguf: pip install 'duologue[embedded]'") from error
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise ModelError(f"adapter: {file} is damaged or no GGUF file and was not loaded; {TRAINED}") from error
    if field is None:
        raise ModelError(
            f"adapter: {file} does not say which model it was trained for ({BASE_KEY}) and was not loaded; {TRAINED}"
        )
    if field.contents() != base_identity:
        raise ModelError(f"adapter: {file} was trained for another model and was not loaded; {TRAINED}")
    return file
