"""Training a generator on next utterances and measuring what it makes of others. Torch is imported when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Protocol

from duologue.evaluation.usefulness.examples import Example

_IGNORED = -100


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """Which generator is trained for the perplexities, and on how much. The defaults take minutes on two cores."""

    model: str = "tiny"
    """``tiny``: a small recurrent one from nothing; ``none``: no perplexities; else a base model as for ``duologue train``:
    a name of ``duologue models list``, a .gguf file, a folder with a checkpoint or a hub id, all of whose weights are tuned."""
    train: int = 800
    """Most utterances that it is trained on."""
    test: int = 400
    """Most utterances that it is tried on."""
    epochs: int | None = None
    """Passes over them; None: 3 for tiny, 1 for others."""
    learning_rate: float | None = None
    """Peak rate; None: 3e-3 for tiny, 2e-5 for others."""
    batch: int | None = None
    """Utterances of a step; None: 32 for tiny, 4 for others."""
    tokens: int = 160
    """Longer prompts lose their first context and profile lines, longer utterances their ends."""

    def filled(self) -> GeneratorOptions:
        """With numbers in place of None."""
        tiny = self.model == "tiny"
        return replace(
            self,
            epochs=self.epochs or (3 if tiny else 1),
            learning_rate=self.learning_rate or (3e-3 if tiny else 2e-5),
            batch=self.batch or (32 if tiny else 4),
        )


class LanguageModel(Protocol):
    """What is trained."""

    def encode(self, text: str) -> list[int]:
        """Token ids, without marks of beginning or end."""
        ...

    def logits(self, ids: Any) -> Any:
        """(rows, tokens, vocabulary) from (rows, tokens)."""
        ...

    def parameters(self) -> Any:
        """All weights."""
        ...

    def train(self, mode: bool = True) -> None:
        """Switch between training and use."""
        ...


def missing(options: GeneratorOptions) -> str:
    """Why no generator can be trained; empty when one can."""
    if options.model == "none":
        return "no generator was asked for"
    names = ("torch", "tokenizers") if options.model == "tiny" else ("torch", "transformers", "gguf")
    absent = [name for name in names if find_spec(name) is None]
    if absent:
        return f"needs {', '.join(absent)}: pip install 'duologue[train]'"
    return ""


def make_model(options: GeneratorOptions, texts: Sequence[str], seed: int) -> Callable[[], LanguageModel]:
    """A function that gives the untrained model anew each time. ``texts`` are what the tiny one's tokens are made of.

    Raises UsageError and ModelError for a base model that can't be had.
    """
    if options.model == "tiny":
        from duologue.evaluation.usefulness.tiny import make_tokenizer

        tokenizer = make_tokenizer(texts)
        return lambda: _Tiny(tokenizer, seed)
    from duologue.training.base import find_base, load_model

    base = find_base(options.model)
    return lambda: _Pretrained(*load_model(base, bfloat16=False))


def train(model: LanguageModel, examples: Sequence[Example], options: GeneratorOptions, seed: int) -> None:
    """Train in place, on what is said: the context and the utterance, not the profile."""
    import torch

    options = options.filled()
    assert options.epochs is not None
    assert options.batch is not None
    assert options.learning_rate is not None
    rows = [_row(model, one, options.tokens, context=True) for one in examples]
    steps = options.epochs * -(-len(rows) // options.batch)
    weights = list(model.parameters())
    optimiser = torch.optim.AdamW(weights, lr=options.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, total_steps=steps, pct_start=0.1)
    order = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model.train()
    for _ in range(options.epochs):
        shuffled = torch.randperm(len(rows), generator=order).tolist()
        for start in range(0, len(shuffled), options.batch):
            ids, labels = _padded([rows[i] for i in shuffled[start : start + options.batch]])
            loss = _losses(model, ids, labels).sum() / (labels[:, 1:] != _IGNORED).sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
    model.train(False)


def fitted(model: LanguageModel, one: Example, options: GeneratorOptions) -> Example:
    """The example with as many words of its utterance as the tokens allow, at least one; whole where it fits."""
    most = options.tokens // 2
    if len(model.encode(one.target)) <= most:
        return one
    said = one.target.split()
    fit, beyond = 1, len(said)
    while beyond - fit > 1:
        middle = (fit + beyond) // 2
        if len(model.encode(f" {' '.join(said[:middle])}")) <= most:
            fit = middle
        else:
            beyond = middle
    return replace(one, target=f" {' '.join(said[:fit])}", words=fit)


def nats(model: LanguageModel, examples: Sequence[Example], options: GeneratorOptions) -> list[float]:
    """Negative log-likelihood of each example's utterance, in nats."""
    import torch

    rows = [_row(model, one, options.tokens, context=False) for one in examples]
    found: list[float] = []
    with torch.no_grad():
        for start in range(0, len(rows), 16):
            ids, labels = _padded(rows[start : start + 16])
            found += _losses(model, ids, labels).sum(dim=1).double().tolist()
    return found


Row = tuple[list[int], int]
"""Token ids, and from which place on they are to be predicted."""


def _row(model: LanguageModel, one: Example, most: int, *, context: bool) -> Row:
    profile, before = model.encode(one.profile), model.encode(one.context)
    target = model.encode(one.target)[: most // 2]
    prompt = (profile + before)[-(most - len(target)) :]
    start = len(prompt) - min(len(prompt), len(before)) if context else len(prompt)
    return prompt + target, max(1, start)


def _padded(rows: Sequence[Row]) -> tuple[Any, Any]:
    import torch

    width = max(len(ids) for ids, _ in rows)
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    labels = torch.full((len(rows), width), _IGNORED, dtype=torch.long)
    for place, (held, start) in enumerate(rows):
        ids[place, : len(held)] = torch.tensor(held)
        labels[place, start : len(held)] = torch.tensor(held[start:])
    return ids, labels


def _losses(model: LanguageModel, ids: Any, labels: Any) -> Any:
    """(rows, tokens - 1): negative log-likelihood of each token that counts, 0 elsewhere. Padding stands behind."""
    import torch

    logits = model.logits(ids)[:, :-1]
    return torch.nn.functional.cross_entropy(
        logits.transpose(1, 2).float(), labels[:, 1:], ignore_index=_IGNORED, reduction="none"
    )


class _Tiny:
    def __init__(self, tokenizer: Any, seed: int) -> None:
        from duologue.evaluation.usefulness.tiny import TinyGenerator

        self._tokenizer = tokenizer
        self._model = TinyGenerator(tokenizer.get_vocab_size(), seed)
        self.logits = self._model.logits
        self.parameters = self._model.parameters
        self.train = self._model.train

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids


class _Pretrained:
    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self.parameters = model.parameters

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def logits(self, ids: Any) -> Any:
        return self._model(input_ids=ids).logits

    def train(self, mode: bool = True) -> None:
        self._model.train(mode)
