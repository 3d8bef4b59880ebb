"""What the ONNX models share: loading, batches of texts of similar length, a bounded cache. All of it is thread-safe."""

from __future__ import annotations

import copy
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from duologue.errors import ModelError
from duologue.models.protocol import Floats

if TYPE_CHECKING:
    from tokenizers import Encoding

BATCH_ROWS = 32
BATCH_TOKENS = 128
"""Most rows, and most tokens with padding, that go through a graph at once.

No fewer texts a second than with 2,048 tokens, and of the few dozen pairs that one conversation asks all cores get some."""

CHUNK = 4096
"""Texts tokenised at once; bounds memory."""

Key = TypeVar("Key", bound=Hashable)


class OnnxText:
    """An ONNX graph over token ids (``input_ids``, ``attention_mask``, ``token_type_ids`` where it has them).

    A text's result does not depend on the texts that come with it (but for float rounding, about 1e-6), nor on the
    number of cores: each batch runs on one core, several batches at once, and a graph that quantises its activations by
    what is in the batch gets its texts one by one. int8 weights that the graph multiplies as float are turned into
    float once, at loading.

    ``max_tokens``: longer texts are cut, pairs at their longer member. ``threads``: cores used; None is all.
    ``outputs``: the names of the graph's outputs in its order. Raises ModelError when the runtime is not installed or a
    file can't be loaded.
    """

    def __init__(self, model: Path, tokenizer: Path, max_tokens: int, threads: int | None = None) -> None:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelError(
                f"the embedded models need {error.name or 'onnxruntime'}, which is not installed: "
                "pip install 'duologue[embedded]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        # Names of operators stand in the file as they are.
        held = model.read_bytes()
        self._alone = b"DynamicQuantize" in held
        if b"DequantizeLinear" in held and b"QuantizeLinear" not in held:
            options.add_session_config_entry("session.disable_quant_qdq", "1")
        del held
        # onnxruntime and tokenizers raise bare Exceptions of their own for a bad file.
        try:
            self._session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{model} can't be loaded: {_first_line(error)}; fetch or make it anew") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:
            raise ModelError(f"{tokenizer} can't be loaded: {_first_line(error)}; fetch or make it anew") from error
        self._workers = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="duologue-onnx")
        padding = self._tokenizer.padding
        self._pad = int(padding["pad_id"]) if padding else 0
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._inputs = [node.name for node in self._session.get_inputs()]
        self.outputs = tuple(str(node.name) for node in self._session.get_outputs())
        unknown = set(self._inputs) - {"input_ids", "attention_mask", "token_type_ids"}
        if unknown:
            raise ModelError(f"{model} asks for inputs that duologue does not know: {', '.join(sorted(unknown))}")

    def run(
        self, texts: Sequence[str] | Sequence[tuple[str, str]], output: str | None = None
    ) -> Iterator[tuple[list[int], Floats, Floats]]:
        """Yield (rows, output, mask) per batch.

        ``rows`` are indices into ``texts``; ``output`` is the graph's output of that name, or its first one,
        (len(rows), ...); ``mask`` is (len(rows), tokens), 1 where a token stands and 0 for padding.
        """
        wanted = output or self.outputs[0]
        for start in range(0, len(texts), CHUNK):
            encodings = self._tokenizer.encode_batch(list(texts[start : start + CHUNK]))
            groups = list(batches([len(encoding.ids) for encoding in encodings], 1 if self._alone else BATCH_ROWS))
            work = partial(self._run, encodings, wanted)
            results = map(work, groups) if len(groups) == 1 else self._workers.map(work, groups)
            for rows, (values, mask) in zip(groups, results, strict=True):
                yield [start + row for row in rows], values, mask

    def _run(self, encodings: Sequence[Encoding], wanted: str, rows: Sequence[int]) -> tuple[Floats, Floats]:
        feed = self._feed([encodings[row] for row in rows])
        (values,) = self._session.run([wanted], {name: feed[name] for name in self._inputs})
        return np.asarray(values, dtype=np.float32), feed["attention_mask"].astype(np.float32)

    def _feed(self, encodings: Sequence[Encoding]) -> dict[str, npt.NDArray[np.int64]]:
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        ids = np.full(shape, self._pad, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        kinds = np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            ids[row, :length] = encoding.ids
            mask[row, :length] = 1
            kinds[row, :length] = encoding.type_ids
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}


def batches(lengths: Sequence[int], rows: int = BATCH_ROWS) -> Iterator[list[int]]:
    """Group indices so that each group's texts are of similar length, at most ``rows`` and ``BATCH_TOKENS``.

    Every index comes exactly once; a text longer than ``BATCH_TOKENS`` stands alone.
    """
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if group and (len(group) == rows or (len(group) + 1) * lengths[index] > BATCH_TOKENS):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


class VectorCache(Generic[Key]):
    """The latest ``size`` vectors by key; the one unused for longest goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[Key, Floats] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, keys: Sequence[Key]) -> dict[Key, Floats]:
        """Return those of the vectors that are held."""
        found: dict[Key, Floats] = {}
        with self._lock:
            for key in keys:
                vector = self._held.get(key)
                if vector is not None:
                    self._held.move_to_end(key)
                    found[key] = vector
        return found

    def put(self, vectors: dict[Key, Floats]) -> None:
        """Hold these vectors, at the cost of the oldest."""
        with self._lock:
            self._held.update(vectors)
            while len(self._held) > self._size:
                self._held.popitem(last=False)

    def empty(self) -> VectorCache[Key]:
        """A cache of the same size that holds nothing yet."""
        return VectorCache(self._size)


class Remembering:
    """A model that keeps what it computed in ``_cache``."""

    _cache: VectorCache[Any]

    def twin(self) -> Self:
        """The same model with a memory of its own, empty at first; nothing is loaded again."""
        twin = copy.copy(self)
        twin._cache = self._cache.empty()
        return twin
