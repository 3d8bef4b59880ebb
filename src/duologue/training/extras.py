"""The optional packages that training needs, and what this machine can compute with."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path

from duologue.errors import ModelError

NEEDED = ("torch", "transformers", "peft", "trl", "datasets", "accelerate", "gguf")
_BF16_FLAGS = frozenset(("avx512_bf16", "amx_bf16", "bf16"))


def check_extra() -> None:
    """Raises ModelError that names what is missing for training, and how to get it. Imports nothing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"training needs {', '.join(missing)}: pip install 'duologue[train]' (on a machine without a GPU take torch's "
            "CPU build first)"
        )


def cpu_has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """True when the processor computes in bfloat16; others emulate it, slower than float32."""
    if platform.system() == "Darwin":
        return False
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return bool(_BF16_FLAGS & set(flags.partition(":")[2].split()))
