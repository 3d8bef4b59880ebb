"""bespokelabs-curator: one LLM call over all prompts. Conversations in two ways:

``own``       its MultiTurnAgents, which holds one conversation; the user loops over them
``lockstep``  one call over all conversations for each turn, the history kept by us
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.peers.harness import Task, history, main

# Its token counter asks the network for a vocabulary that litellm ships.
litellm = find_spec("litellm")
if litellm is not None and litellm.origin is not None:
    places = Path(litellm.origin).parent.rglob("tokenizers")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(next(places, Path(litellm.origin).parent))

from bespokelabs import curator  # noqa: E402
from bespokelabs.curator.agent.agent import Agent, MultiTurnAgents  # noqa: E402


def settings(task: Task) -> dict[str, Any]:
    """Limits out of the way; everything else as it comes."""
    return {
        "base_url": task.base,
        "api_key": "none",
        "max_concurrent_requests": task.concurrency,
        "max_requests_per_minute": 10_000_000,
        "max_tokens_per_minute": 1_000_000_000,
    }


def rows(answer: Any) -> list[dict[str, Any]]:
    """The rows of an answer, in the order of the prompts."""
    return list(getattr(answer, "dataset", answer))


class Speaker(Agent):  # type: ignore[misc]
    """A side of its own conversations, with the history that it is given."""

    def prompt(self, text: Any) -> Any:
        """Messages."""
        found = text.get("conversation_history", []) if isinstance(text, dict) else text
        return found or [{"role": "user", "content": "hi"}]


def own(task: Task) -> int:
    """Conversations one after the other."""
    count = 0
    for item in range(task.items):
        sides = [
            Speaker(name=name, model_name="mock", backend="openai", backend_params=settings(task))
            for name in ("user 1", "user 2")
        ]
        answer = MultiTurnAgents(*sides, max_length=task.turns, seed_message=f"hi {item}")()
        # The seed message is a turn of its own in some versions; only what the model said counts.
        count += min(task.turns, len(rows(answer)))
    return count


def lockstep(task: Task) -> int:
    """All conversations turn by turn; ``turns`` 1 is the plain call."""
    said: list[list[str]] = [[] for _ in range(task.items)]
    for _ in range(task.turns):
        model = curator.LLM(model_name="mock", backend="openai", backend_params=settings(task))
        prompts = [history(item, turns) for item, turns in enumerate(said)]
        found = rows(model(prompts))
        if len(found) != len(said):
            return sum(map(len, said))
        for turns, row in zip(said, found, strict=True):
            turns.append(row["response"])
    return sum(bool(s) for turns in said for s in turns)


def run(task: Task) -> int:
    """Its cache of answers, on by default, starts empty."""
    os.environ["CURATOR_CACHE_DIR"] = str(task.folder / "cache")
    return own(task) if task.mode == "own" else lockstep(task)


if __name__ == "__main__":
    main(run, "bespokelabs-curator")
