"""MiniLM as a cross-encoder with two heads (inference, fit), and the tokenizer that goes with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

LABELS = ("entailment", "neutral", "contradiction")
HIDDEN, HEADS, LAYERS, INNER, VOCAB, POSITIONS = 384, 12, 6, 1536, 30522, 512
EPS = 1e-12


class Layer(nn.Module):
    """One transformer block of BERT (norm after each residual)."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(HIDDEN, HIDDEN) for _ in range(3))
        self.out, self.norm1 = nn.Linear(HIDDEN, HIDDEN), nn.LayerNorm(HIDDEN, EPS)
        self.up, self.down, self.norm2 = nn.Linear(HIDDEN, INNER), nn.Linear(INNER, HIDDEN), nn.LayerNorm(HIDDEN, EPS)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """``bias`` is added to the attention scores and hides padding."""
        batch, length, _ = x.shape

        def split(t: Tensor) -> Tensor:
            return t.view(batch, length, HEADS, HIDDEN // HEADS).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / (HIDDEN // HEADS) ** 0.5 + bias
        mixed = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(batch, length, HIDDEN)
        x = self.norm1(x + self.drop(self.out(mixed)))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


class CrossEncoder(nn.Module):
    """Two texts in one sequence; inference logits in the order of ``LABELS``, and how well the second follows the first."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.words, self.positions, self.types = (
            nn.Embedding(VOCAB, HIDDEN),
            nn.Embedding(POSITIONS, HIDDEN),
            nn.Embedding(2, HIDDEN),
        )
        self.norm, self.drop = nn.LayerNorm(HIDDEN, EPS), nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.dense, self.classify = nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, len(LABELS))
        self.fit_dense, self.fit = nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, 1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of shape (batch, 3) for premise and hypothesis, and (batch, 1) for context and response."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.drop(self.norm(self.words(input_ids) + self.positions(places) + self.types(token_type_ids)))
        mask = attention_mask.to(x.dtype)
        bias = (1.0 - mask)[:, None, None, :] * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        both = torch.cat([x[:, 0], mean], -1)
        logits = self.classify(self.drop(torch.tanh(self.dense(both))))
        return logits, self.fit(self.drop(torch.tanh(self.fit_dense(both))))

    def embed(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Unit vectors (batch, 384): the mean over the tokens, which is a sentence embedding before any training."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.norm(self.words(input_ids) + self.positions(places) + self.types(token_type_ids))
        mask = attention_mask.to(x.dtype)
        for layer in self.layers:
            x = layer(x, (1.0 - mask)[:, None, None, :] * -10000.0)
        return F.normalize((x * mask[:, :, None]).sum(1), dim=-1)


def from_minilm(folder: Path, dropout: float = 0.0) -> CrossEncoder:
    """A cross-encoder whose body is all-MiniLM-L6-v2 and whose head is new."""
    model, source = CrossEncoder(dropout), load_file(str(folder / "model.safetensors"))
    source = {k.removeprefix("bert."): v for k, v in source.items()}
    names = {
        "words": "embeddings.word_embeddings",
        "positions": "embeddings.position_embeddings",
        "types": "embeddings.token_type_embeddings",
        "norm": "embeddings.LayerNorm",
    }
    parts = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "out": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for i in range(LAYERS):
        names |= {f"layers.{i}.{ours}": f"encoder.layer.{i}.{theirs}" for ours, theirs in parts.items()}
    state = model.state_dict()
    for key in state:
        module, kind = key.rsplit(".", 1)
        if module in names:
            state[key] = source[f"{names[module]}.{kind}"].float()
    model.load_state_dict(state)
    return model


def from_onnx(path: Path, minilm: Path, dropout: float = 0.0) -> CrossEncoder:
    """The model of an exported graph, its weights as near as int8 kept them; a head the graph lacks is new.

    Goes on from shipped weights where the run that made them is gone. Reads the graphs of ``export.py`` and those of
    onnxruntime's dynamic quantisation (version 0.2), whose word embeddings were MiniLM's own.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    held = {t.name: numpy_helper.to_array(t).astype(np.float32) for t in graph.initializer}
    dense = {n.removesuffix(".float"): v for n, v in _floats(held).items()}
    model = from_minilm(minilm, dropout)
    state = model.state_dict()
    linear = [
        f"layers.{i}.{part}.weight" for i in range(LAYERS) for part in ("query", "key", "value", "out", "up", "down")
    ]
    stored = sorted((n for n in dense if n.startswith("onnx::MatMul")), key=lambda n: int(n.rsplit("_", 1)[1]))
    named = dict(zip(linear, stored, strict=True)) | {n: n for n in dense if n in state}
    for ours, theirs in named.items():
        value = dense[theirs]
        if ours in linear or (value.shape != tuple(state[ours].shape) and value.T.shape == tuple(state[ours].shape)):
            value = value.T  # stored as (inputs, outputs)
        state[ours][: len(value)] = torch.from_numpy(value.copy())
    for name, value in held.items():
        if name in state:
            state[name][: len(value)] = torch.from_numpy(value.copy())
    model.load_state_dict(state)
    return model


def _floats(held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The int8 matrices of a graph as float, by the name of the weight."""
    out = {}
    for name, value in held.items():
        if name.endswith("_quantized") and name != "words.weight_quantized":
            base = name.removesuffix("_quantized")
            out[base] = (value - held[f"{base}_zero_point"]) * held[f"{base}_scale"]
        elif name == "words.int8":
            out["words.weight"] = value * held["words.scale"]
        elif name.endswith(".int8"):
            base, scale = name.removesuffix(".int8"), held[name.removesuffix(".int8") + ".scale"]
            # One scale an output: the rows of a Gemm's matrix, the columns of a MatMul's.
            out[base] = value * scale if base.startswith("onnx::") else value * scale[:, None]
    return out


def load_tokenizer(path: Path, max_length: int) -> Tokenizer:
    """The tokenizer with truncation set and padding off (``encode`` pads to the batch)."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_length=max_length)
    tokenizer.no_padding()
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> dict[str, np.ndarray]:
    """Padded int64 arrays for a batch of pairs."""
    made = tokenizer.encode_batch(pairs)
    width = max(len(e.ids) for e in made)
    out = {k: np.zeros((len(made), width), np.int64) for k in ("input_ids", "attention_mask", "token_type_ids")}
    for i, e in enumerate(made):
        n = len(e.ids)
        out["input_ids"][i, :n], out["attention_mask"][i, :n], out["token_type_ids"][i, :n] = e.ids, 1, e.type_ids
    return out
