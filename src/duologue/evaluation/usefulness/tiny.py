"""A small recurrent generator with attention, trained from nothing. Imports torch: import it inside functions only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn

VOCABULARY = 2000
EMBEDDING = 96
HIDDEN = 192
DROPOUT = 0.2


class TinyGenerator:
    """One GRU layer whose states attend to all states before them; about 0.5 million weights.

    Attention lets an utterance take up words of the profile or of the utterance before, which a state alone forgets.
    """

    def __init__(self, vocabulary: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._embedding = nn.Embedding(vocabulary, EMBEDDING)
        self._rnn = nn.GRU(EMBEDDING, HIDDEN, batch_first=True)
        self._query = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self._join = nn.Linear(2 * HIDDEN, EMBEDDING)
        self._drop = nn.Dropout(DROPOUT)
        self._parts = nn.ModuleList([self._embedding, self._rnn, self._query, self._join, self._drop])

    def parameters(self) -> Iterator[Any]:
        """All weights."""
        return iter(self._parts.parameters())

    def train(self, mode: bool = True) -> None:
        """Switch dropout on or off."""
        self._parts.train(mode)

    def logits(self, ids: Any) -> Any:
        """(rows, tokens, vocabulary) from (rows, tokens); each place sees only those before it and itself."""
        embedded = self._drop(self._embedding(ids))
        states, _ = self._rnn(embedded)
        near = self._query(states) @ states.transpose(1, 2) / HIDDEN**0.5
        later = torch.ones(near.shape[-2:], dtype=torch.bool).triu(1)
        seen = torch.softmax(near.masked_fill(later, float("-inf")), dim=-1) @ states
        joined = torch.tanh(self._join(self._drop(torch.cat([states, seen], dim=-1))))
        # The same vectors read and write words: half the weights to learn.
        return joined @ self._embedding.weight.T


def make_tokenizer(texts: Sequence[str]) -> Any:
    """A byte-level BPE tokenizer of :data:`VOCABULARY` tokens, which can spell any text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    )
    return made
