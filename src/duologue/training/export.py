"""A trained adapter as a folder: ``adapter.gguf`` for the embedded backend, ``peft/`` for vLLM, ``meta.json`` for both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duologue import __version__
from duologue.models.files import sha256_of
from duologue.training.base import Base
from duologue.training.lora_gguf import shape_of, to_gguf_names, write_adapter
from duologue.training.options import Options
from duologue.training.whole import new_folder


def export_adapter(
    model: Any, tokenizer: Any, base: Base, options: Options, to: Path, facts: Mapping[str, Any], *, force: bool = False
) -> dict[str, Any]:
    """Write the folder ``to``, complete or not at all, and return what ``meta.json`` holds.

    ``model`` is a PEFT model. Without a GGUF file of the base, or where llama.cpp's names of its layers are not known,
    there is no ``adapter.gguf``. Raises UsageError where ``to`` is there and ``force`` is false, StoreError when the disk
    refuses.
    """
    with new_folder(to, force=force) as folder:
        peft = folder / "peft"
        model.save_pretrained(str(peft), safe_serialization=True)
        # PEFT's own card names folders of this machine.
        (peft / "README.md").unlink(missing_ok=True)
        _name_base(peft / "adapter_config.json", base.name)
        tokenizer.save_pretrained(str(peft))
        meta: dict[str, Any] = {
            "base": base.name,
            "base_sha256": base.identity,
            "base_licence": base.licence,
            "duologue": __version__,
            "rank": options.rank,
            "alpha": options.alpha,
            "what": options.what,
            **facts,
        }
        if base.gguf is not None and base.exports:
            from safetensors.numpy import load_file

            architecture, heads, kv_heads = shape_of(base.gguf)
            arrays = to_gguf_names(load_file(str(peft / "adapter_model.safetensors")), architecture, heads, kv_heads)
            file = folder / "adapter.gguf"
            write_adapter(
                file,
                arrays,
                architecture=architecture,
                alpha=options.alpha,
                base=base.identity,
                title=f"duologue {options.what} adapter for {base.name}",
                licence=base.licence,
            )
            meta["sha256"] = sha256_of(file)
        meta["peft_sha256"] = sha256_of(peft / "adapter_model.safetensors")
        (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
    return meta


def _name_base(path: Path, name: str) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = name
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")
