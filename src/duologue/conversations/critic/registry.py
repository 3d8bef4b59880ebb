"""Guards, filters and quality experts by name, our own and those of third parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import entry_points
from typing import Any

from duologue.config.sections import CriticConfig
from duologue.conversations.critic.experts.coherency import Coherency
from duologue.conversations.critic.experts.consistency import Consistency
from duologue.conversations.critic.experts.depth import Depth
from duologue.conversations.critic.experts.diversity import Diversity
from duologue.conversations.critic.experts.faithfulness import FaithfulnessNli
from duologue.conversations.critic.experts.faithfulness_formal import FaithfulnessFormal
from duologue.conversations.critic.experts.faithfulness_judge import FaithfulnessJudge
from duologue.conversations.critic.experts.likable import Likable
from duologue.conversations.critic.experts.overall import Overall
from duologue.conversations.critic.experts.quality_judge import ASPECTS, QualityJudge
from duologue.conversations.critic.experts.toxicity import ToxicityExpert
from duologue.conversations.critic.experts.toxicity_judge import ToxicityJudge
from duologue.conversations.critic.guards.assistant_voice import AssistantVoiceGuard
from duologue.conversations.critic.guards.format import FormatGuard
from duologue.conversations.critic.guards.goodbyes import GoodbyesGuard
from duologue.conversations.critic.guards.length import LengthGuard
from duologue.conversations.critic.guards.placeholder import PlaceholderGuard
from duologue.conversations.critic.guards.prompt_leak import PromptLeakGuard
from duologue.conversations.critic.guards.repetition import RepetitionGuard
from duologue.conversations.critic.guards.swap import SwapGuard
from duologue.conversations.critic.guards.verbatim import VerbatimGuard
from duologue.conversations.critic.protocol import CriticContext, Filter, Guard, Quality, asks_model
from duologue.errors import ConfigError, DuologueError, in_one_line

GUARDS: Mapping[str, Callable[[CriticContext], Guard]] = {
    "format": lambda context: FormatGuard(),
    "length": lambda context: LengthGuard(),
    "placeholder": lambda context: PlaceholderGuard(),
    "prompt_leak": lambda context: PromptLeakGuard(),
    "assistant_voice": lambda context: AssistantVoiceGuard(),
    "repetition": lambda context: RepetitionGuard(),
    "goodbyes": lambda context: GoodbyesGuard(context.config),
    "verbatim": lambda context: VerbatimGuard(context.config),
    "swap": lambda context: SwapGuard(),
}
FILTERS: Mapping[str, Callable[[CriticContext], Filter]] = {
    "faithfulness": FaithfulnessNli,
    "faithfulness-formal": FaithfulnessFormal,
    "faithfulness-llm": FaithfulnessJudge,
    "toxicity": ToxicityExpert,
    "toxicity-llm": ToxicityJudge,
}
QUALITY: Mapping[str, Callable[[CriticContext], Quality]] = {
    "depth": Depth,
    "coherency": Coherency,
    "consistency": Consistency,
    "diversity": Diversity,
    "likable": Likable,
    "overall": Overall,
    **{f"{aspect}-llm": partial(QualityJudge, aspect=aspect) for aspect in ASPECTS},
}

ASKING = frozenset(
    ("faithfulness-formal", "faithfulness-llm", "toxicity-llm", *(f"{aspect}-llm" for aspect in ASPECTS))
)
"""Those of ours that ask a language model."""


def asking(config: CriticConfig) -> tuple[str, ...]:
    """The configured filters and quality experts of ours that ask a language model."""
    return tuple(name for name in dict.fromkeys((*config.filters, *config.quality)) if name in ASKING)


def build_guards(context: CriticContext, *, max_words: int | None = None) -> tuple[Guard, ...]:
    """Build ``config.guards`` in their order. ``max_words`` is the most words of an utterance, None for no limit.

    Raises ConfigError when a name is unknown or a plug-in can't be loaded.
    """
    ours = {**GUARDS, "length": lambda context: LengthGuard(max_words)}
    return tuple(_build("guards", context.config.guards, ours, context))


def build_filters(context: CriticContext) -> tuple[Filter, ...]:
    """Build ``config.filters`` in their order. Raises ConfigError as :func:`build_guards` does."""
    return tuple(_build("filters", context.config.filters, FILTERS, context))


def build_quality(context: CriticContext) -> tuple[Quality, ...]:
    """Build ``config.quality`` in their order. Raises ConfigError as :func:`build_guards` does."""
    return tuple(_build("quality", context.config.quality, QUALITY, context))


def build_rankers(context: CriticContext) -> tuple[Quality, ...]:
    """Build those of ``config.rankers`` that are not in ``config.quality``. Raises ConfigError as above, and for an
    expert that asks a language model."""
    names = [name for name in context.config.rankers if name not in context.config.quality]
    built: tuple[Quality, ...] = tuple(_build("quality", names, QUALITY, context, "rankers"))
    for expert in built:
        if asks_model(expert):
            raise ConfigError(f"critic.rankers: {expert.name!r} asks a language model; name only experts that don't")
    return built


def _build(
    kind: str, names: Sequence[str], ours: Mapping[str, Callable[..., Any]], context: CriticContext, field: str = ""
) -> list[Any]:
    plugins = {entry.name: entry for entry in entry_points(group=f"duologue.{kind}")}
    built: list[Any] = []
    for name in dict.fromkeys(names):
        if name in ours:
            built.append(ours[name](context))
        elif name in plugins:
            try:
                built.append(plugins[name].load()(context))
            except DuologueError:
                raise
            except Exception as error:
                raise ConfigError(
                    f"critic.{field or kind}: the plug-in {name!r} ({plugins[name].value}) can't be loaded: "
                    f"{in_one_line(error)}; mend it or leave it out"
                ) from error
        else:
            known = ", ".join([*ours, *sorted(set(plugins) - set(ours))])
            raise ConfigError(f"critic.{field or kind}: {name!r} is unknown; there are {known}")
    return built
