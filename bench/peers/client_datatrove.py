"""datatrove's InferenceRunner against an endpoint server: one rank, local executor; mode ``cache`` keeps its request cache.

Conversations are turns inside its rollout function. For a server on http://127.0.0.1 it posts through a socket of its
own that says ``Connection: close`` and reads to the end of the connection; a server that keeps it open hangs it.
"""

from __future__ import annotations

import json
from typing import Any

from bench.peers.harness import Task, history, main
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.writers import JsonlWriter


async def rollout(document: Document, generate: Any, turns: int) -> dict[str, Any]:
    """One conversation."""
    said: list[str] = []
    for _ in range(turns):
        said.append((await generate({"messages": history(int(document.id), said)})).text)
    return {"said": said}


def run(task: Task) -> int:
    """Documents in, JSON lines out; counts the utterances in the files."""
    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path="mock",
        endpoint_url=task.root,
        max_concurrent_generations=task.concurrency,
        max_concurrent_documents=task.concurrency,
        # Fail within seconds where the server can't be reached; the defaults wait 25 minutes, twice.
        server_ready_max_attempts=5,
        server_ready_delay_sec=1,
        server_start_max_retries=0,
    )
    out = task.folder / "out"
    cached = task.mode == "cache"
    name = "${rank}_${chunk_index}.jsonl" if cached else "${rank}.jsonl"
    runner = InferenceRunner(
        rollout,
        config,
        JsonlWriter(str(out), output_filename=name, compression=None),
        shared_context={"turns": task.turns},
        checkpoints_local_dir=str(task.folder / "cache") if cached else None,
        records_per_chunk=500,
    )
    documents = [Document(text=f"hi {i}", id=str(i)) for i in range(task.items)]
    LocalPipelineExecutor([documents, runner], logging_dir=str(task.folder / "log"), tasks=1).run()
    rows = [json.loads(line) for path in out.rglob("*.jsonl") for line in path.open()]
    return sum(bool(s) for row in rows for found in row["metadata"]["rollout_results"] for s in found["said"])


if __name__ == "__main__":
    main(run, "datatrove")
