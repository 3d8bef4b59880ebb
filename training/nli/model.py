"""MiniLM as a three-way cross-encoder, and the tokenizer that goes with it."""

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
    """Premise and hypothesis in one sequence; logits in the order of ``LABELS``."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.words, self.positions, self.types = (
            nn.Embedding(VOCAB, HIDDEN),
            nn.Embedding(POSITIONS, HIDDEN),
            nn.Embedding(2, HIDDEN),
        )
        self.norm, self.drop = nn.LayerNorm(HIDDEN, EPS), nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.dense, self.classify = nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, len(LABELS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Logits of shape (batch, 3)."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.drop(self.norm(self.words(input_ids) + self.positions(places) + self.types(token_type_ids)))
        mask = attention_mask.to(x.dtype)
        bias = (1.0 - mask)[:, None, None, :] * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return self.classify(self.drop(torch.tanh(self.dense(torch.cat([x[:, 0], mean], -1)))))


def from_minilm(folder: Path, dropout: float = 0.1) -> CrossEncoder:
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
