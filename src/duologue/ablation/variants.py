"""The variants of a configuration, each with one part left out or turned round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from duologue.config.sections import Config
from duologue.conversations.critic.registry import asking
from duologue.errors import ModelError, UsageError
from duologue.training.extras import check_extra

FULL = "full"
"""The configuration as it is."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant."""

    name: str
    """For tables; ``without-NAME`` for a part left out."""
    what: str
    """In plain words."""
    config: Config


def variants(config: Config) -> list[Variant]:
    """All variants that differ from ``config``, the full one first; see :func:`left_out` for what is not among them.

    Levels 1 and 2: without expansion, without any query and without bootstrapped queries (where profiles are built of new
    attributes), the other one of commonality and random pairing. Level 3: without each filter and quality expert, without
    the guards, the other one of whole and turns, the other one of few-shot and fine-tuned, and each smaller number of
    iterations.
    """
    found = [Variant(FULL, "the configuration as it is", config)]
    for name, what, section, changes in _changes(config):
        part = getattr(config, section).model_copy(update=changes)
        found.append(Variant(name, what, config.model_copy(update={section: part})))
    return found


def left_out(config: Config) -> dict[str, str]:
    """By name, variants that this configuration or machine can't run, and why."""
    found: dict[str, str] = {}
    if config.loop.method == "few-shot" and (why := why_not_finetuned(config)):
        found["finetuned"] = why
    if config.profiles.source != "built":
        why = "profiles are given, so no attribute is written (profiles.source)"
        found |= dict.fromkeys(("without-expansion", "without-queries", "without-new-queries"), why)
    return found


def why_not_finetuned(config: Config) -> str:
    """What keeps the loop of this configuration from training an adapter; empty when nothing does."""
    if config.model.backend != "embedded":
        return f"adapters are trained for embedded models, and model.backend is {config.model.backend}"
    if config.model.adapter is not None:
        return "model.adapter is set, and the loop makes adapters of its own"
    if config.loop.iterations < 2:
        return "it needs at least 2 iterations (loop.iterations)"
    if config.critic.judge is None and (experts := asking(config.critic)):
        return f"the Critic's {experts[0]} would ask the model in training, and a new adapter would judge itself"
    held = round(config.pairing.pairs * config.splits.valid)
    if held < config.training.held_out:
        return f"{config.pairing.pairs} pairs hold out {held}, and trying an adapter needs {config.training.held_out}"
    try:
        check_extra()
    except ModelError as error:
        return str(error)
    return ""


def chosen(config: Config, names: Sequence[str]) -> list[Variant]:
    """The full configuration and the variants of these names; all without names. Raises UsageError for an unknown one."""
    everything = variants(config)
    if not names:
        return everything
    known = {variant.name: variant for variant in everything}
    unknown = [name for name in names if name not in known]
    if unknown and (why := left_out(config).get(unknown[0])):
        raise UsageError(f"--only: {unknown[0]} can't be run here: {why}")
    if unknown:
        raise UsageError(f"--only: there is no variant {unknown[0]!r}; variants: {', '.join(list(known)[1:])}")
    return [known[FULL], *(known[name] for name in dict.fromkeys(names) if name != FULL)]


def _changes(config: Config) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(name, what, section, changed fields)."""
    if config.profiles.source == "built" and config.expansion.enabled:
        yield "without-expansion", "profiles of seed attributes only", "expansion", {"enabled": False}
        if config.expansion.queries:
            yield "without-queries", "attributes written without any query", "expansion", {"queries": False}
        if config.expansion.queries and config.expansion.bootstrap_queries:
            changes: dict[str, Any] = {"bootstrap_queries": 0}
            yield "without-new-queries", "attributes for induced queries only", "expansion", changes
    other = "random" if config.pairing.policy != "random" else "commonality"
    yield f"{other}-pairing", f"users paired by {other}", "pairing", {"policy": other}
    critic = config.critic
    for name in critic.filters:
        left = tuple(f for f in critic.filters if f != name)
        yield f"without-{name}", f"without the filter {name}", "critic", {"filters": left}
    for name in critic.quality:
        left = tuple(q for q in critic.quality if q != name)
        rankers = tuple(r for r in critic.rankers if r != name)
        yield f"without-{name}", f"without the quality expert {name}", "critic", {"quality": left, "rankers": rankers}
    if critic.guards:
        yield "without-guards", "without any guard", "critic", {"guards": ()}
    mode = "whole" if config.generator.mode != "whole" else "turns"
    yield f"{mode}-generator", f"conversations written in mode {mode}", "generator", {"mode": mode}
    if config.loop.method != "few-shot":
        yield "few-shot", "winners fed back as examples", "loop", {"method": "few-shot"}
    elif not why_not_finetuned(config):
        yield "finetuned", "winners fed back as training data of an adapter", "loop", {"method": "finetune"}
    for n in range(1, config.loop.iterations):
        yield f"iterations-{n}", f"{n} of {config.loop.iterations} iterations", "loop", {"iterations": n}
