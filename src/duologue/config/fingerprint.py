"""One hash over what determines a data set, so that two runs can be told to be the same."""

from __future__ import annotations

import hashlib

import orjson

from duologue.config.sections import Config
from duologue.seeds.collect import Seeds

_NOT_IN_ANSWERS = {
    "engine": True,
    "budget": True,
    # What the seeds hold counts, not where they lie.
    "seeds": True,
    # Where and how fast the model answers, not which model it is.
    "model": {"base_url", "key_env", "slots", "threads"},
}


def fingerprint(config: Config, seeds: Seeds) -> str:
    """Return 64 hex digits of a SHA-256 over the configuration and the seeds' profiles, in order.

    Left out, as they change no answer: ``engine``, ``budget``, where the seeds lie, the endpoint's address and key
    variable, slots and threads.
    """
    values = config.model_dump(mode="json", exclude=_NOT_IN_ANSWERS)  # type: ignore[arg-type]
    content = [values, [list(profile) for profile in seeds.profiles]]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
