"""One hash over what determines a data set, so that two runs can be told to be the same."""

from __future__ import annotations

import hashlib

import orjson

from duologue.config.sections import Config
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


def fingerprint(config: Config, seeds: Seeds) -> str:
    """Return 64 hex digits of a SHA-256 over the configuration and the seeds' profiles, in order.

    Left out, as they change no answer: ``engine``, ``executor``, ``budget``, where the seeds lie, the endpoint's address and key
    variable, slots and threads, and ``training`` where the run trains nothing. Raises ModelError when ``model.adapter`` is not there.
    """
    values = config.model_dump(mode="json", exclude=_NOT_IN_ANSWERS)  # type: ignore[arg-type]
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
        if judge.adapter is not None:
            values["critic"]["judge"]["adapter"] = sha256_of(adapter_file(judge.adapter))
    if config.loop.method == "few-shot":
        del values["loop"]["method"], values["training"]
    elif not config.training.non_commercial:
        del values["training"]["non_commercial"]
    content = [values, [list(profile) for profile in seeds.profiles]]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
