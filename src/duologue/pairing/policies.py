"""Finds a pairing policy by name: the built-in ones, then installed plug-ins."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from duologue.config.sections import PairingConfig
from duologue.errors import ConfigError
from duologue.pairing.commonality import Commonality
from duologue.pairing.embedding import EmbeddingSimilarity
from duologue.pairing.protocol import ENTRY_POINTS, PairingPolicy
from duologue.pairing.random_policy import RandomPairing

_BUILT_IN: dict[str, Callable[[PairingConfig], PairingPolicy]] = {
    "commonality": lambda config: Commonality(config.min_commonalities),
    "embedding": lambda config: EmbeddingSimilarity(config.min_similarity),
    "random": lambda config: RandomPairing(),
}


def policy_names() -> list[str]:
    """Names of all policies at hand, built-in ones first."""
    return [*_BUILT_IN, *sorted({e.name for e in entry_points(group=ENTRY_POINTS)} - set(_BUILT_IN))]


def make_policy(name: str, config: PairingConfig, field: str = "policy") -> PairingPolicy:
    """Return the policy called ``name``, which ``pairing.FIELD`` asks for. Raises :class:`ConfigError` when there is none or a plug-in does not load."""
    if name in _BUILT_IN:
        return _BUILT_IN[name](config)
    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            policy: PairingPolicy = point.load()(config)
        except Exception as error:
            raise ConfigError(f"pairing policy {name!r} ({point.value}) can't be loaded: {error}") from error
        return policy
    raise ConfigError(f"pairing.{field}: no policy is named {name!r}; there are {', '.join(policy_names())}")
