"""The BiLSTM of tox-block 0.1.2 (MIT), trained on Jigsaw's toxic comments (CC0), as the arrays that ship.

Only arrays and the list of words are read of the package; its pickle may name no class but plain containers.
"""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np

WORDS = 20_000


class _Shell:
    """Stands in for the package's classes: holds their attributes."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        plain = {"OrderedDict": collections.OrderedDict, "defaultdict": collections.defaultdict, "int": int}
        if module in ("collections", "builtins") and name in plain:
            return plain[name]
        if name in ("TokenSequencer", "Tokenizer"):
            return type(name, (_Shell,), {})
        raise pickle.UnpicklingError(f"{module}.{name}")


def vocabulary(folder: Path) -> list[str]:
    """The words by number; number 0 is none."""
    with (folder / "encoder_0.1.2.pkl").open("rb") as file:
        index = _Reader(file).load().tokenizer.word_index
    names = [""] * WORDS
    for word, number in index.items():
        if number < WORDS:
            names[number] = word.replace("\n", " ")
    return names


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """Words as int8 with a scale a word, the rest as float16."""
    held: dict[str, np.ndarray] = {}
    with h5py.File(folder / "lstm_model_0.1.2.h5") as file:
        file["model_weights"].visititems(
            lambda name, value: held.__setitem__(name, np.array(value)) if isinstance(value, h5py.Dataset) else None
        )

    def find(*parts: str) -> np.ndarray:
        (name,) = [n for n in held if all(part in n for part in parts)]
        return held[name]

    words = find("embeddings")
    scale = (np.abs(words).max(1).clip(1e-6) / 127).astype(np.float16)
    found = {
        "vocabulary": np.frombuffer("\n".join(vocabulary(folder)).encode(), dtype=np.uint8),
        "words": np.rint(words / scale.astype(np.float32).clip(1e-7)[:, None]).clip(-127, 127).astype(np.int8),
        "words.scale": scale,
    }
    for side, suffix in (("forward", ""), ("backward", "_reverse")):
        found[f"lstm.input{suffix}"] = find(side, "/kernel").astype(np.float16)
        found[f"lstm.state{suffix}"] = find(side, "recurrent").astype(np.float16)
        found[f"lstm.bias{suffix}"] = find(side, "bias").astype(np.float16)
    for name, layer in (("manner_hidden", "dense/"), ("manners", "dense_1/")):
        found[f"{name}.weight"] = find(layer, "kernel").astype(np.float16)
        found[f"{name}.bias"] = find(layer, "bias").astype(np.float16)
    return found
