"""NeMo Data Designer: one LLM text column; a conversation is a chain of columns that see the earlier ones."""

from __future__ import annotations

import data_designer.config as dd
from bench.peers.harness import Task, main
from data_designer.interface import DataDesigner


def run(task: Task) -> int:
    """One row a conversation; one buffer for all rows, so that no row group waits for another."""
    provider = dd.ModelProvider(name="mock", endpoint=task.base, provider_type="openai", api_key="none")
    model = dd.ModelConfig(
        alias="writer",
        model="mock",
        provider="mock",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=task.concurrency),
    )
    designer = DataDesigner(artifact_path=str(task.folder / "out"), model_providers=[provider])
    designer.set_run_config(dd.RunConfig(buffer_size=task.items, otel_metrics_port=None))
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    topics = dd.CategorySamplerParams(values=["hiking", "dogs", "cooking"])
    builder.add_column(
        dd.SamplerColumnConfig(name="topic", sampler_type=dd.SamplerType.CATEGORY, params=topics),
    )
    names = [f"turn{i}" for i in range(task.turns)]
    for i, name in enumerate(names):
        earlier = " ".join("{{ " + n + " }}" for n in names[:i])
        builder.add_column(
            dd.LLMTextColumnConfig(name=name, model_alias="writer", prompt=f"hi {{{{ topic }}}} {earlier}")
        )
    table = designer.create(builder, num_records=task.items, dataset_name="bench").load_dataset()
    return int(sum((table[name].astype(str).str.len() > 0).sum() for name in names))


if __name__ == "__main__":
    main(run, "data-designer")
