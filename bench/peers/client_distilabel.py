"""distilabel: a pipeline of one ChatGeneration step; a conversation is a chain of them, each in a process of its own.

``input_batch_size`` is what bounds the calls in flight.
"""

from __future__ import annotations

import logging
from typing import Any

from bench.peers.harness import Task, history, main
from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import ChatGeneration


class Turn(ChatGeneration):  # type: ignore[misc]
    """A turn of a conversation, whose history is the column ``messages``."""

    def load(self) -> None:
        """As it is, without a line of log for each request, which it silences for older HTTP clients itself."""
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        super().load()

    @property
    def outputs(self) -> list[str]:
        """The longer history."""
        return ["messages", "model_name"]

    def format_output(self, output: str | None, input: dict[str, Any] | None = None) -> dict[str, Any]:  # noqa: A002
        """The history with the new utterance at its end, in the roles of the next turn."""
        before = (input or {}).get("messages", [])
        said = [message["content"] for message in before[1:]] + [output or ""]
        item = int(before[0]["content"].split()[1])
        return {"messages": history(item, said)}


def run(task: Task) -> int:
    """Rows in, rows out, nothing cached from earlier runs."""
    with Pipeline(name="bench", cache_dir=str(task.folder / "cache")) as pipeline:
        data = [{"messages": history(i, [])} for i in range(task.items)]
        step: Any = LoadDataFromDicts(name="load", data=data, batch_size=task.concurrency)
        for i in range(task.turns):
            model = OpenAILLM(model="mock", base_url=task.base, api_key="none")
            following = Turn(name=f"turn{i}", llm=model, input_batch_size=task.concurrency)
            step >> following
            step = following
    found = pipeline.run(use_cache=False)["default"]["train"]
    return sum(bool(message["content"]) for row in found for message in row["messages"][1:])


if __name__ == "__main__":
    main(run, "distilabel")
