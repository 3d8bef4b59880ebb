"""The toxicity model that ships with duologue: three small models and a logistic regression over them, in plain numpy.

A BiLSTM over word vectors, trained on Jigsaw's toxic comments, reads an utterance and the one before it, each by itself;
linear models over hashed words and letters read both together. The last layer weighs what they say, and agreement by
the toxicity of what was said before. ``training/toxicity`` makes it, ``weights/toxicity/card.md`` describes it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from duologue.errors import ModelError
from duologue.models.files import sha256_of
from duologue.models.onnx import Remembering, VectorCache
from duologue.models.protocol import Floats, ToxicityRating
from duologue.models.toxicity_text import BEFORE_WORDS, ids_of, pieces_of, windows_of, words_of

Words = tuple[str, ...]
CACHE_SIZE = 100_000
"""Utterances, each after another, whose logits are kept."""
BATCH = 64
"""Texts, of similar length, that the BiLSTM reads at once."""
TOGETHER = 1024
"""Utterances whose words are looked for among each other."""
_SPLITS = ("threat", "identity", "obscene")
"""Kinds into which an offence falls by what the utterance says by itself; an insult or other stays ``offence``."""
_LEAST = -4.0
"""Below every output of the BiLSTM: what stands for padding."""


class BuiltinToxicity(Remembering):
    """The model of the folder with ``model.npz`` and ``meta.json``, the shipped one by default.

    ``score`` is calibrated so that 0.5 is where an utterance counts as toxic. The kinds are offence and agreement; an
    offence is called threat, identity (hate for a group) or obscene where that stands out. A rating does not depend on
    what is rated with it, but for float rounding. Of an utterance of more than 64 words, the rating is that of its worst
    64 in a row; of the one before it, only the words at its end are read. Thread-safe. Raises ModelError when the folder
    is incomplete or damaged.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._net = _Network(folder or builtin_folder())
        self._cache: VectorCache[tuple[str, str]] = VectorCache(CACHE_SIZE)
        self.name = f"builtin-{self._net.version}"

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        """Return an array (len(texts),) of probabilities in [0, 1]; from 0.5 on an utterance counts as toxic."""
        return _sigmoid(self._logits(texts, before)[:, 0])

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        """Like :meth:`score`, with the likeliest kind and the score of each kind."""
        return tuple(self._rating(_sigmoid(row)) for row in self._logits(texts, before))

    def _rating(self, scores: Floats) -> ToxicityRating:
        score, *rest = scores.tolist()
        kinds = dict(zip(self._net.kinds, rest, strict=False))
        manners = dict(zip(self._net.manners, rest[len(kinds) :], strict=True))
        category = max(kinds, key=lambda kind: kinds[kind])
        splits = {name: min(kinds["offence"], manners[name]) for name in _SPLITS}
        if category == "offence":
            name = max(_SPLITS, key=lambda split: manners[split])
            if manners[name] >= max(0.5, manners["insult"]):
                category = name
        return ToxicityRating(score, category, (*kinds.items(), *splits.items()))

    def _logits(self, texts: Sequence[str], before: Sequence[str] | None) -> Floats:
        """(texts, kinds and manners)."""
        keys = list(zip(texts, before if before is not None else [""] * len(texts), strict=True))
        known = self._cache.get(keys)
        missing = [pair for pair in dict.fromkeys(keys) if pair not in known]
        for start in range(0, len(missing), TOGETHER):
            part = missing[start : start + TOGETHER]
            fresh = {pair: row.copy() for pair, row in zip(part, self._net(part), strict=True)}
            self._cache.put(fresh)
            known.update(fresh)
        width = 1 + len(self._net.kinds) + len(self._net.manners)
        return np.stack([known[pair] for pair in keys]) if keys else np.zeros((0, width), dtype=np.float32)


class _Network:
    """The weights, and what they make of a batch."""

    def __init__(self, folder: Path) -> None:
        meta, held = _read(folder)
        self.version = str(meta["version"])
        self.kinds: tuple[str, ...] = tuple(meta["kinds"])
        self.manners: tuple[str, ...] = tuple(meta["manners"])
        self._reader = Reader(held)
        self._pieces = held["linear"] * held["linear.scale"].astype(np.float32)
        self._constants = held["linear.constants"]
        self._weight, self._bias = held["stack.weight"], held["stack.bias"]

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Calibrated logits: overall, then of each kind, then of each manner; those of the worst window of a text."""
        texts: list[list[str]] = []
        befores: list[list[str]] = []
        ends = []
        for text, before in pairs:
            windows = windows_of(text)
            texts += windows
            befores += [words_of(before, last=True, most=BEFORE_WORDS)] * len(windows)
            ends.append(len(texts))
        steps = range(0, len(texts), BATCH)
        # In a conversation most texts come twice: once as what is said, once as what was said before.
        different = sorted(dict.fromkeys(map(tuple, (*texts, *befores))), key=len)
        read: dict[Words, Floats] = {}
        for i in range(0, len(different), BATCH):
            part = different[i : i + BATCH]
            read.update(zip(part, self._reader(part), strict=True))
        found = np.concatenate([self._run(texts[i : i + BATCH], befores[i : i + BATCH], read) for i in steps])
        return np.stack([max(rows, key=lambda row: float(row[0])) for rows in np.split(found, ends[:-1])])

    def _run(self, texts: Sequence[list[str]], befores: Sequence[list[str]], read: Mapping[Words, Floats]) -> Floats:
        """The logits of each text after the one before it, (texts, kinds and manners)."""
        linear = np.empty((len(texts), self._pieces.shape[1]), dtype=np.float32)
        for row, (words, ahead) in enumerate(zip(texts, befores, strict=True)):
            own = pieces_of(words)
            linear[row] = self._pieces[own + pieces_of(ahead, "b:")].sum(axis=0) / np.sqrt(max(1, len(own)))
        manners, earlier = (np.stack([read[tuple(words)] for words in side]) for side in (texts, befores))
        found = joined(linear + self._constants, manners, earlier) @ self._weight + self._bias
        logits: Floats = np.concatenate([found, manners], axis=1).astype(np.float32)
        return logits


class Reader:
    """The BiLSTM: what a text is by itself. ``held``: the arrays of model.npz. ``training/toxicity`` uses it too."""

    def __init__(self, held: Mapping[str, npt.NDArray[Any]]) -> None:
        words = held["vocabulary"].tobytes().decode().split("\n")
        self._vocabulary = {word: n for n, word in enumerate(words) if n}
        self._words = held["words"] * held["words.scale"].astype(np.float32)[:, None]
        self._held = {name: value.astype(np.float32) for name, value in held.items() if value.dtype == np.float16}

    def __call__(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Return the logits of the manners (texts, 6) for texts split by :func:`words_of`."""
        w = self._held
        seen = self._read([ids_of(words, self._vocabulary) for words in texts])
        hidden = np.maximum(seen @ w["manner_hidden.weight"] + w["manner_hidden.bias"], 0)
        logits: Floats = hidden @ w["manners.weight"] + w["manners.bias"]
        return logits

    def _read(self, rows: Sequence[Sequence[int]]) -> Floats:
        """(rows, 100): the greatest output of the BiLSTM over the words."""
        lengths = np.array([len(row) for row in rows])
        forth = np.zeros((len(rows), lengths.max()), dtype=np.int64)
        back = np.zeros_like(forth)
        for i, row in enumerate(rows):
            forth[i, : len(row)], back[i, : len(row)] = row, row[::-1]
        return np.concatenate([self._pass(forth, lengths, ""), self._pass(back, lengths, "_reverse")], axis=1)

    def _pass(self, ids: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], side: str) -> Floats:
        kernel, recurrent = self._held[f"lstm.input{side}"], self._held[f"lstm.state{side}"]
        entered = self._words[ids] @ kernel + self._held[f"lstm.bias{side}"]
        units = recurrent.shape[0]
        state = np.zeros((len(ids), units), dtype=np.float32)
        cell = np.zeros_like(state)
        best = np.full_like(state, _LEAST)
        for step in range(ids.shape[1]):
            gates = entered[:, step] + state @ recurrent
            let, keep, out = (_sigmoid(gates[:, k * units : (k + 1) * units]) for k in (0, 1, 3))
            cell = keep * cell + let * np.tanh(gates[:, 2 * units : 3 * units])
            state = out * np.tanh(cell)
            best = np.where((step < lengths)[:, None], np.maximum(best, state), best)
        return best


def joined(linear: Floats, manners: Floats, earlier: Floats) -> Floats:
    """Return what the last layer reads, (texts, 20): all logits, and some again as far as the text before is toxic.

    ``linear``: (texts, 3) overall, offence, agreement; ``manners``, ``earlier``: (texts, 6) of the text and of the one
    before it.
    """
    gate = _sigmoid(earlier[:, :1])
    features: Floats = np.concatenate([linear, manners, earlier, gate, linear * gate, manners[:, :1] * gate], axis=1)
    return features


def _sigmoid(values: Floats) -> Floats:
    # By tanh, which does not overflow.
    rates: Floats = 0.5 + 0.5 * np.tanh(0.5 * values)
    return rates


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return the meta file and the arrays of a complete, undamaged folder."""
    model, about = folder / "model.npz", folder / "meta.json"
    for path in (model, about):
        if not path.is_file():
            raise ModelError(f"toxicity model: {path} is missing; install duologue anew")
    try:
        meta = json.loads(about.read_text(encoding="utf-8"))
        if sha256_of(model) != meta["sha256"]:
            raise ModelError(
                f"toxicity model: {model} is damaged or another file (its SHA-256 is not that of meta.json) and was not "
                "loaded; install duologue anew"
            )
        with np.load(model, allow_pickle=False) as file:
            return meta, {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"toxicity model: {folder} can't be read ({type(error).__name__}); install duologue anew"
        ) from error


def builtin_folder() -> Path:
    """The folder of the model that ships with duologue."""
    return Path(str(resources.files("duologue"))) / "weights" / "toxicity"
