"""Putting a LoRA adapter into its base model, once, so that it costs nothing at every token.

llama.cpp can add an adapter while it runs, but for a small model the many small extra products halve its speed. The
merged file is made on this machine from two verified files and kept beside the base model; it is never downloaded.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import numpy as np

from duologue.errors import ModelError
from duologue.models.files import disk, sha256_of, sync, verified, write_note


def merged_file(
    base: Path,
    adapter: Path,
    name: str,
    adapter_sha256: str,
    folder: Path | None = None,
    spare: Path | None = None,
) -> Path:
    """Return the file that holds ``base`` with ``adapter`` merged in; make it when it is not there.

    It stands in ``folder``, else beside ``base``, or in ``spare`` where that can't be written, and is named after ``name``
    and the adapter's hash, so another adapter is another file.
    Raises ModelError when the files don't fit together, the disk is full, or the ``gguf`` package is missing.
    """
    path = (folder or base.parent) / f"{name}-{adapter_sha256[:12]}.gguf"
    note = path.with_name(path.name + ".merged")
    if path.is_file() and note.is_file():
        digest, _, size = note.read_text(encoding="ascii").partition(" ")
        if size.isdigit() and verified(path, digest, int(size)) == "right":
            return path
    if spare is not None and not os.access(path.parent, os.W_OK):
        return merged_file(base, adapter, name, adapter_sha256, spare)
    with disk(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        # No mkstemp: others who share the folder are to read it.
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            merge(base, adapter, part)
            with part.open("rb+") as written:
                sync(written)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        digest = sha256_of(path)
        write_note(path, digest)
        note.write_text(f"{digest} {path.stat().st_size}", encoding="ascii")
    return path


def merge(base: Path, adapter: Path, to: Path) -> None:
    """Write ``base`` plus ``adapter`` to ``to``. Changed matrices become Q8_0, the rest keeps its type.

    W' = W + alpha / rank * B A, with W dequantised. Raises ModelError when the adapter names a matrix that the base
    does not have or of another shape.
    """
    try:
        from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, dequantize, quantize
    except ImportError as error:
        raise ModelError("merging an adapter needs gguf: pip install 'duologue[embedded]'") from error
    model, low_rank = GGUFReader(base), GGUFReader(adapter)
    halves = {t.name: dequantize(t.data, t.tensor_type).astype(np.float32) for t in low_rank.tensors}
    targets = {name.removesuffix(".lora_a") for name in halves if name.endswith(".lora_a")}
    missing = targets - {t.name for t in model.tensors}
    if missing:
        raise ModelError(f"{adapter}: is for another model than {base.name} (there is no {sorted(missing)[0]})")
    alpha = float(low_rank.fields["adapter.lora.alpha"].contents())
    writer = GGUFWriter(to, str(model.fields["general.architecture"].contents()))
    for key, field in model.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            inner = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=inner)
    for tensor in model.tensors:
        if tensor.name not in targets:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        down, up = halves[f"{tensor.name}.lora_a"], halves[f"{tensor.name}.lora_b"]
        weights = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if weights.shape != (up.shape[0], down.shape[1]):
            raise ModelError(f"{adapter}: is for another model than {base.name} ({tensor.name} has another shape)")
        changed = weights + (alpha / down.shape[0]) * (up @ down)
        kind = GGMLQuantizationType.Q8_0
        writer.add_tensor(tensor.name, quantize(changed, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
