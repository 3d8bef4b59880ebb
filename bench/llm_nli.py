"""A language model as NLI model, where no other cross-encoder can be had: its label is one token, read with its probability.

    python bench/llm_nli.py [--model qwen2.5-coder-1.5b] [--pairs 400]

prints how well it tells contradictions from the rest on held-out pairs written for this project, beside the built-in
model on the same pairs. ``bench/generator.py --nli llm:qwen2.5-coder-1.5b`` measures conversations with it.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
import threading
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from critic_sets.common import balanced
from critic_sets.pairs import LABELS, held_out

from duologue.backends.make import make_backend
from duologue.backends.protocol import Backend, Message, Request, Sampling
from duologue.config.load import load_config
from duologue.models.nli import load_nli
from duologue.models.protocol import Floats, Nli

WORDS = ("True", "Unclear", "False")
"""The answers, in the order of an NLI model's labels; all three begin with different tokens."""
ASK = (
    "Two sentences are by the same person. If the first is true, is the second True, False or Unclear? "
    "False means that both can't be true. Answer with one word."
)
SHOWN = (
    ("i work as a nurse.", "i have a job in health care.", 0),
    ("i work as a nurse.", "i like to swim.", 1),
    ("i have never been abroad.", "last year i went to spain.", 2),
    ("my two dogs keep me busy.", "i have no pets.", 2),
    ("i love pizza.", "my sister bakes cakes.", 1),
    ("i grew up on a farm with my brothers.", "i am not an only child.", 0),
    ("i am thinking of buying a car.", "i love old cars.", 1),
    ("i can't stand meat.", "my favorite meal is steak.", 2),
)
ONE = Sampling(temperature=0.0, max_tokens=1)


class LlmNli:
    """Three-way NLI by the probabilities of a model's answers; pairs that were asked are remembered.

    ``predict`` returns (pairs, 3) in the order of the NLI protocol. What the model gives to other tokens than the three
    answers is left out and the rest made to sum to 1.
    """

    def __init__(self, backend: Backend, folder: tempfile.TemporaryDirectory[str] | None = None) -> None:
        self._backend = backend
        self._folder = folder
        self._known: dict[tuple[str, str], tuple[float, float, float]] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="llm-nli", daemon=True).start()
        self._wait(backend.start())

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See :class:`duologue.models.protocol.Nli`."""
        self._wait(self._fill([pair for pair in dict.fromkeys(pairs) if pair not in self._known]))
        return np.array([self._known[pair] for pair in pairs], dtype=np.float32).reshape(-1, 3)

    def close(self) -> None:
        """Free the model."""
        self._wait(self._backend.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._folder is not None:
            self._folder.cleanup()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _fill(self, pairs: Sequence[tuple[str, str]]) -> None:
        gate = asyncio.Semaphore(self._backend.features.slots or 8)

        async def one(pair: tuple[str, str]) -> None:
            async with gate:
                self._known[pair] = await self._ask(pair)

        await asyncio.gather(*(one(pair) for pair in pairs))

    async def _ask(self, pair: tuple[str, str]) -> tuple[float, float, float]:
        messages = [Message("system", ASK)]
        for first, second, label in SHOWN:
            messages += [Message("user", _shown(first, second)), Message("assistant", WORDS[label])]
        messages.append(Message("user", _shown(*pair)))
        answer = await self._backend.answer(
            Request("bench.nli", self._backend.model, tuple(messages), ONE, top_logprobs=20)
        )
        first_token = answer.logprobs[0] if answer.logprobs else None
        top = dict.fromkeys(WORDS, 1e-6)
        for token, logprob in first_token.top if first_token else ():
            for word in WORDS:
                if token.strip() and word.startswith(token.strip()):
                    top[word] += math.exp(logprob)
        total = sum(top.values())
        entails, neutral, contradicts = (top[word] / total for word in WORDS)
        return entails, neutral, contradicts


def _shown(first: str, second: str) -> str:
    return f"First: {' '.join(first.split())}\nSecond: {' '.join(second.split())}"


def load(name: str) -> LlmNli:
    """The registered model ``name``, or a ``.gguf`` file."""
    folder = tempfile.TemporaryDirectory()
    return LlmNli(make_backend(load_config(overrides={"model.name": name}), folder=Path(folder.name)), folder)


def figures(nli: Nli, pairs: Sequence[tuple[str, str]], truth: np.ndarray) -> str:
    """Accuracy, and of contradictions against the rest: balanced accuracy, and recall and false alarms from .9, .7 and .5 on."""
    found = nli.predict(pairs)
    weighed = balanced(found.argmax(1) == 2, truth == 2)(np.arange(len(truth)))
    told = f"accuracy {np.mean(found.argmax(1) == truth):.3f}  balanced {weighed:.3f}"
    for threshold in (0.9, 0.7, 0.5):
        sure = found[:, 2] >= threshold
        told += (
            f"  from {threshold} on: recall {sure[truth == 2].mean():.3f}, false alarms {sure[truth != 2].mean():.3f}"
        )
    return told


def main() -> None:
    """Sample, ask both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--pairs", type=int, default=400)
    args = parser.parse_args()
    rows = held_out()
    rows = random.Random(0).sample(rows, min(args.pairs, len(rows)))
    pairs = [(row["premise"], row["hypothesis"]) for row in rows]
    truth = np.array([LABELS.index(row["label"]) for row in rows])
    print(f"{len(rows)} held-out pairs")
    print("built-in   " + figures(load_nli("builtin"), pairs, truth))
    asked = load(args.model)
    print(f"{args.model}   " + figures(asked, pairs, truth))
    asked.close()


if __name__ == "__main__":
    main()
