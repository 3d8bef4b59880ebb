"""From the configuration to a backend."""

from __future__ import annotations

from pathlib import Path

from duologue.backends.protocol import Backend
from duologue.config.sections import Config
from duologue.errors import ConfigError, ModelError, UsageError
from duologue.models.fetch import OnProgress

JUDGE_LOG = "llama-judge.log"
"""llama.cpp's log of the judge's model, beside that of the one that writes."""


def check_model(config: Config) -> None:
    """Refuse a model that can't be, before anything is written. Raises ConfigError, UsageError or ModelError."""
    model = config.model
    if model.adapter is not None:
        from duologue.models.adapters import adapter_file

        if model.backend != "embedded":
            raise ConfigError(
                "model.adapter: is for the embedded backend; an endpoint serves its adapters by model.name"
            )
        adapter_file(model.adapter)
    if model.backend == "endpoint":
        if model.base_url is None:
            raise ConfigError("model.base_url: the endpoint's address is needed, such as http://localhost:8000/v1")
        if model.name == "default":
            raise ConfigError("model.name: name the endpoint's model, such as --model my-model")
    elif model.backend == "embedded" and model.name.endswith(".gguf"):
        if not Path(model.name).expanduser().is_file():
            raise ModelError(
                f"{model.name}: there is no such file; give a .gguf file or a name of `duologue models list`"
            )
    elif model.backend == "embedded":
        from duologue.models.registry import find

        if find(model.name).kind != "llm":
            raise ConfigError(f"model.name: {model.name} is no language model; see `duologue models list`")


def judge_config(config: Config) -> Config | None:
    """``config`` with ``critic.judge`` for its model, checked; None where the model that writes judges.

    Raises ConfigError, UsageError or ModelError as :func:`check_model` does.
    """
    if config.critic.judge is None:
        return None
    chosen = config.model_copy(update={"model": config.critic.judge})
    try:
        check_model(chosen)
    except UsageError as error:
        raise ConfigError(f"critic.judge: {error}") from error
    return chosen


def make_backend(config: Config, *, folder: Path, on_pull: OnProgress | None = None, log: str = "llama.log") -> Backend:
    """Return the backend that ``config.model`` names, not started yet. ``log`` is the name of llama.cpp's log.

    An embedded model that is not on this machine is fetched first. Raises ConfigError for a name that is none, and
    ModelError when the model can't be had.
    """
    check_model(config)
    model = config.model
    if model.backend == "scripted":
        from duologue.backends.scripted import ScriptedBackend

        return ScriptedBackend(seed=config.seed)
    if model.backend == "endpoint":
        from duologue.backends.endpoint import EndpointBackend

        assert model.base_url is not None
        return EndpointBackend(
            model.base_url,
            model.name,
            model.key_env,
            config.engine,
            json_schema=model.json_schema,
            extra_body=model.extra_body,
        )
    path, name, digest = weights(model.name, on_pull)
    if model.adapter is not None:
        path, digest = with_adapter(path, name, digest, model.adapter)
    from duologue.backends.embedded import EmbeddedBackend

    return EmbeddedBackend(
        path, name=name, sha256=digest, slots=model.slots, threads=model.threads, log_path=folder / log
    )


def with_adapter(path: Path, name: str, digest: str, adapter: str) -> tuple[Path, str]:
    """(file, hash) of the weights at ``path`` with a trained adapter merged in; the adapter's hash is part of the hash.

    The merged file stands beside the adapter, or with the fetched models where that can't be written. Raises ModelError when the adapter is damaged or for another model.
    """
    from duologue.models.adapters import trained_adapter
    from duologue.models.files import joint_hash, sha256_of
    from duologue.models.merge import merged_file
    from duologue.models.registry import model_dir

    file = trained_adapter(adapter, digest)
    changed = sha256_of(file)
    merged = merged_file(path, file, name, changed, file.parent, model_dir())
    return merged, joint_hash(digest, changed)


def weights(name: str, on_pull: OnProgress | None) -> tuple[Path, str, str]:
    """(file, name, hash) of a registered model or a .gguf file; a shipped adapter is merged in, and part of the hash.

    A registered model that is not here is fetched. Raises UsageError for an unknown name, ModelError when it can't be had.
    """
    from duologue.models.files import joint_hash, sha256_of

    if name.endswith(".gguf"):
        path = Path(name).expanduser()
        return path, path.stem, sha256_of(path)
    from duologue.models.adapters import packaged_adapter
    from duologue.models.fetch import ensure
    from duologue.models.merge import merged_file
    from duologue.models.registry import find

    entry = find(name)
    base = entry.files[0].sha256
    if entry.adapter is None:
        return ensure(entry, on_progress=on_pull), entry.name, base
    adapter = packaged_adapter(entry.adapter, base)
    changed = sha256_of(adapter)
    path = merged_file(ensure(entry, on_progress=on_pull), adapter, entry.name, changed)
    return path, entry.name, joint_hash(base, changed)
