"""The model that an adapter is trained on: GGUF weights, dequantised, or a checkpoint of the hub or on the disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duologue.backends.embedded import check_gguf
from duologue.backends.make import weights
from duologue.errors import ModelError, UsageError
from duologue.models.fetch import OnProgress
from duologue.models.files import sha256_of
from duologue.models.registry import find
from duologue.training.lora_gguf import KNOWN

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers inside the blocks that get a LoRA pair; llama.cpp knows all of them."""


@dataclass(frozen=True, slots=True)
class Base:
    """Where the base model lies and what is known of it; nothing is loaded yet."""

    name: str
    """A registered model's name, a file's stem, a hub id or a folder's name."""
    source: str
    """A file, folder or hub id that transformers loads."""
    gguf: Path | None
    """The GGUF file, for a model that has one: what the exported adapter fits."""
    identity: str
    """What the embedded backend knows the model by: 64 hex digits; empty without a GGUF file."""
    licence: str
    """Its weights' licence, empty when it is not stated."""
    architecture: str = ""
    """llama.cpp's name of the kind of model; empty without a GGUF file."""

    @property
    def exports(self) -> bool:
        """Whether an adapter for llama.cpp can be written."""
        return self.architecture in KNOWN


def find_base(name: str, *, gguf: Path | None = None, on_pull: OnProgress | None = None) -> Base:
    """Find the base ``name``: a model of ``duologue models list``, a .gguf file, a folder with a checkpoint, or a hub id.

    ``gguf`` names the GGUF file of a checkpoint's weights, for which an adapter can then be exported too. A registered
    model that is not here is fetched. Raises UsageError for a name that is none, ModelError when the model can't be had.
    """
    path = Path(name).expanduser()
    if path.is_dir() or ("/" in name and not name.endswith(".gguf")):
        if path.is_dir() and not (path / "config.json").is_file():
            raise UsageError(f"{name}: holds no checkpoint (config.json is missing)")
        identity = architecture = ""
        if gguf is not None:
            gguf = gguf.expanduser()
            if not gguf.is_file():
                raise UsageError(f"--gguf: {gguf}: there is no such file")
            identity, architecture = sha256_of(gguf), architecture_of(gguf)
        known = path.resolve().name if path.is_dir() else name
        return Base(known, name, gguf, identity, _licence(path, name), architecture)
    if gguf is not None:
        raise UsageError(f"--gguf: {name} is a GGUF model itself; the option is for checkpoints")
    if name.endswith(".gguf"):
        if not path.is_file():
            raise UsageError(f"{name}: there is no such file")
    elif find(name).kind != "llm":
        raise UsageError(f"{name}: is no language model; see `duologue models list`")
    file, known, identity = weights(name, on_pull)
    # All of it: what is merged into the base, such as a shipped adapter, has a licence of its own.
    licence = "" if name.endswith(".gguf") else find(name).licence
    architecture = architecture_of(file)
    licence = licence or _gguf_licence(file)
    return Base(known, str(file), file, identity, licence, architecture)


def weights_of(base: Base) -> str:
    """What the weights that are trained are known by: the same for the same bytes, wherever they lie.

    Of a hub id only the name. Raises ModelError when a folder can't be read.
    """
    if base.gguf is not None and str(base.gguf) == base.source:
        return base.identity
    folder = Path(base.source).expanduser()
    if not folder.is_dir():
        return f"{base.name} {base.identity}".strip()
    files = [p for p in sorted(folder.iterdir()) if p.name == "config.json" or p.suffix in (".safetensors", ".bin")]
    try:
        hashes = [f"{path.name} {sha256_of(path)}" for path in files]
    except OSError as error:
        raise ModelError(f"{folder}: can't be read ({error.strerror}); check its rights") from error
    return hashlib.sha256("\n".join([*hashes, base.identity]).encode()).hexdigest()


def known_of(name: str) -> tuple[str, str, str]:
    """(name, licence, architecture) of an embedded model, as far as they are known without fetching it; empty otherwise.

    Raises UsageError for an unknown name, ModelError for a file that is no GGUF model.
    """
    if not name.endswith(".gguf"):
        return find(name).name, find(name).licence, ""
    path = Path(name).expanduser()
    architecture = architecture_of(path)
    return path.stem, _gguf_licence(path), architecture


def architecture_of(path: Path) -> str:
    """A GGUF model's ``general.architecture``. Raises ModelError when the file is none."""
    check_gguf(path)
    return str(gguf_value(path, "general.architecture") or "")


def gguf_value(path: Path, key: str) -> Any:
    """A value of a GGUF file's metadata, None when it isn't there. Raises ModelError when it can't be read."""
    try:
        from gguf import GGUFReader

        field = GGUFReader(path).fields.get(key)
        return None if field is None else field.contents()
    except ImportError as error:
        raise ModelError("reading GGUF files needs gguf: pip install 'duologue[train]'") from error
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise ModelError(f"{path}: is damaged or no GGUF file; fetch it anew") from error


def load_model(base: Base, *, bfloat16: bool) -> tuple[Any, Any]:
    """Return (model, tokenizer) of transformers on the CPU. Raises ModelError when they can't be loaded."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    source, extra = base.source, {}
    if base.gguf is not None and str(base.gguf) == base.source:
        source, extra = str(base.gguf.parent), {"gguf_file": base.gguf.name}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **extra)
        model = AutoModelForCausalLM.from_pretrained(
            source, dtype=torch.bfloat16 if bfloat16 else torch.float32, **extra
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, NotImplementedError) as error:
        why = " ".join(str(error).split())[:200]
        raise ModelError(f"{base.name}: transformers can't load it ({why}); choose another base model") from error
    if extra:
        _plain(model)
    return model, tokenizer


def _plain(model: Any) -> None:
    """Take the mark of quantised weights off a model whose weights were dequantised: it refuses training and saving."""
    model.is_quantized = False
    for name in ("hf_quantizer", "quantization_method"):
        if hasattr(model, name):
            setattr(model, name, None)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def targets(model: Any) -> list[str]:
    """The names of :data:`TARGETS` that the model has. Raises ModelError when it has none."""
    found = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    wanted = [name for name in TARGETS if name in found]
    if not wanted:
        raise ModelError(
            f"{type(model).__name__}: has none of the layers {', '.join(TARGETS)}; choose another base model"
        )
    return wanted


def stated(licence: object, named: object) -> str:
    """The licence that a card or a file states: where it says ``other``, as the hub has for terms of a maker's own, ``named``."""
    said, name = (str(value or "").strip() for value in (licence, named))
    return name if name and said.lower() in ("", "other") else said


def _gguf_licence(path: Path) -> str:
    return stated(gguf_value(path, "general.license"), gguf_value(path, "general.license.name"))


def _licence(folder: Path, name: str) -> str:
    """What a checkpoint's model card states as its licence, on the disk or on the hub; empty where it says nothing."""
    if not folder.is_dir():
        try:
            from huggingface_hub import model_info

            card = model_info(name, timeout=10).card_data
        except Exception:
            # Without a network the model may still lie in the hub's cache; then its licence is said to be unknown.
            return ""
        return stated(card.get("license"), card.get("license_name")) if card is not None else ""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    head = text.removeprefix("---").partition("\n---")[0] if text.startswith("---") else ""
    lines = (line.partition(":") for line in head.splitlines())
    found = {key.strip(): value.strip().strip("'\"") for key, _, value in lines}
    return stated(found.get("license"), found.get("license_name"))
