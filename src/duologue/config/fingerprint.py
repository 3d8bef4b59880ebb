"""One hash over what determines a data set, so that two runs can be told to be the same."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import orjson

from duologue.config.sections import Config, ModelConfig, PerspectiveConfig
from duologue.models.adapters import adapter_file
from duologue.models.files import sha256_of
from duologue.seeds.collect import Seeds

_NOT_IN_ANSWERS = {
    "engine": True,
    "executor": True,
    "budget": True,
    # What the seeds hold counts, not where they lie.
    "seeds": True,
    # Where and how fast the model answers, not which model it is.
    "model": {"base_url", "key_env", "slots", "threads"},
}
_PACE = {"key_env", "requests_per_second", "timeout", "retries"}
"""Fields of ``small_models.perspective`` that change no answer."""


def fingerprint(config: Config, seeds: Seeds) -> str:
    """Return 64 hex digits of a SHA-256 over the configuration and the seeds' profiles, in order.

    Left out, as they change no answer: ``engine``, ``executor``, ``budget``, where the seeds lie, the endpoint's address and key
    variable, slots and threads, how fast and with which key Perspective is asked, and ``training`` where the run trains nothing.
    A .gguf file counts by its name and bytes. Raises ModelError when ``model.adapter`` is not there.
    """
    values = config.model_dump(mode="json", exclude=_NOT_IN_ANSWERS)  # type: ignore[arg-type]
    values["model"]["name"] = _weights(config.model)
    # The defaults in their place instead of nothing, so that folders made before go on.
    values["small_models"]["perspective"] |= PerspectiveConfig.model_validate({}).model_dump(include=_PACE)
    if config.model.adapter is not None:
        # The adapter's bytes count, not where they lie: another one in its place is another configuration.
        values["model"]["adapter"] = sha256_of(adapter_file(config.model.adapter))
    else:
        # Only where there is one, so that folders made before adapters existed go on.
        del values["model"]["adapter"]
    if config.expansion.queries:
        # Likewise for folders made before there was another way.
        del values["expansion"]["queries"]
    if config.expansion.clustering == "auto":
        del values["expansion"]["clustering"]
    judge = config.critic.judge
    if judge is None:
        del values["critic"]["judge"]
    else:
        for name in _NOT_IN_ANSWERS["model"]:  # type: ignore[attr-defined]
            del values["critic"]["judge"][name]
        values["critic"]["judge"]["name"] = _weights(judge)
        if judge.adapter is not None:
            values["critic"]["judge"]["adapter"] = sha256_of(adapter_file(judge.adapter))
    if config.loop.method == "few-shot":
        del values["loop"]["method"], values["training"]
    elif not config.training.non_commercial:
        del values["training"]["non_commercial"]
    content = [values, [list(profile) for profile in seeds.profiles]]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _weights(model: ModelConfig) -> str:
    """The model's name; of a .gguf file, which another may replace, its own name and its SHA-256."""
    if model.backend != "embedded" or not model.name.endswith(".gguf"):
        return model.name
    try:
        path = Path(model.name).expanduser().resolve()
        status = path.stat()
        # Calls are logged under the file's name as well.
        return f"{Path(model.name).stem}@{_hashed(path, status.st_size, status.st_mtime_ns)}"
    except (OSError, RuntimeError, ValueError):
        # Whoever loads it says what is wrong.
        return model.name


@lru_cache(maxsize=8)
def _hashed(path: Path, size: int, changed: int) -> str:
    """The file's SHA-256, once for each state of it: an ablation asks for every variant, and files have gigabytes."""
    return sha256_of(path)
