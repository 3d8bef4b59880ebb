"""Judge ``formal``: the paper's own definition of faithfulness, from a language model's token probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from duologue.backends.protocol import Caller
from duologue.conversations.critic.experts.faithfulness_formal import FaithfulnessFormal
from duologue.conversations.critic.protocol import CriticContext
from duologue.errors import ConfigError
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.judges.protocol import Judged, Unavailable
from duologue.evaluation.protocol import Group, Ratio
from duologue.evaluation.view import Roles, View
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli, ScriptedToxicity

PAPER = "arXiv 2312.10007, section 2, the definition of faithfulness"


class _Formal(Judged):
    group: Group = "faithfulness"
    direction = "higher"
    source = PAPER


class FormallyFaithful(_Formal):
    """Share of conversations D that are faithful by the formal definition, P(attribute | D) >= P(attribute) for every
    attribute of both profiles, where P is a language model's probability of the attribute as the sentence that sums up
    its owner after what the owner said, and after nothing. Attributes that D does not touch count as well.
    """

    name = "formal_faithful"
    title = "faithful by the formal definition"


class FormalAttributes(_Formal):
    """Share of attributes that their conversation makes no less probable, by the formal definition of faithfulness."""

    name = "formal_attributes"
    title = "attributes not made less probable"


class FormalGain(_Formal):
    """Mean of log P(attribute | conversation) - log P(attribute) over all attributes, in nats per token of the attribute."""

    name = "formal_gain"
    title = "gain in an attribute's probability"
    unit = "nats"
    range = (-inf, inf)
    source = "the size of what the paper's definition asks the sign of (arXiv 2312.10007, section 2)"


class Formal:
    """A :class:`duologue.evaluation.judges.protocol.Judge`; two calls an attribute, half of them shared by all."""

    name: Kind = "formal"
    parts: tuple[str, ...] = ("",)

    def __init__(self, caller: Caller, roles: Roles, *, seed: int) -> None:
        """Raises Unavailable when the model gives no probabilities of given text."""
        # The Critic's expert asks none of the small models; they only complete its context.
        context = CriticContext(roles.critic, ScriptedEmbedder(), ScriptedNli(), ScriptedToxicity(), caller, seed)
        try:
            self._expert = FaithfulnessFormal(context)
        except ConfigError as error:
            raise Unavailable(f"{caller.model} gives no token probabilities of given text") from error
        self._model = caller.model

    async def rate(self, view: View, part: str) -> Mapping[str, Ratio]:
        """See the Protocol. Raises Unavailable where the server turns out to give no probabilities of given text."""
        if not view.attributes:
            return {}
        found = await self._expert.gains(view.candidate)
        if found is None:
            raise Unavailable(f"{self._model} gives no token probabilities of given text")
        kept = sum(gain.nats >= 0.0 for gain in found)
        return {
            "formal_faithful": (float(kept == len(found)), 1.0),
            "formal_attributes": (float(kept), float(len(found))),
            "formal_gain": (sum(gain.nats for gain in found), float(len(found))),
        }


def metrics() -> Sequence[Judged]:
    """The metrics of this judge."""
    return (FormallyFaithful(), FormalAttributes(), FormalGain())
