"""The stages put together: seeds in, a finished data set in a run folder out.

This module wires roles to stages and holds no logic of its own; each stage stands in the folder of its level.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from duologue.backends.protocol import Caller, Features, Sampling
from duologue.config.sections import Config, SamplingConfig
from duologue.conversations.critic.critic import Critic
from duologue.conversations.critic.protocol import CriticContext
from duologue.conversations.examples import shipped_examples
from duologue.conversations.finetune import Trainer
from duologue.conversations.generator.protocol import GeneratorContext
from duologue.conversations.generator.registry import make_generator
from duologue.conversations.loop import Loop
from duologue.conversations.pool import Pool
from duologue.errors import ImpossibleRequest
from duologue.executors.protocol import Executor
from duologue.models.protocol import Embedder, Nli, Toxicity
from duologue.pairing.earlier import Earlier
from duologue.pairing.match import Pairs, pair_users, users_needed
from duologue.pairing.policies import make_policy
from duologue.records import Attribute, Profile
from duologue.seeds import Seeds
from duologue.store.protocol import Ledger, Memory
from duologue.users.expansion import Expansion, categorise, expand
from duologue.users.profiles import build_profiles, given_profiles
from duologue.vectors.kept import KeptVectors


@dataclass(frozen=True, slots=True)
class Roles:
    """Everything a run needs besides its configuration and its seeds."""

    caller: Caller
    embedder: Embedder
    nli: Nli
    toxicity: Toxicity
    ledger: Ledger
    memory: Memory
    judge: Caller | None = None
    """The language model that experts ask; ``caller`` without one."""
    trainer: Trainer | None = None
    """Makes adapters, where ``loop.method`` asks for finetuning."""
    executor: Executor | None = None
    """Where pairs are worked on; this process without one."""


async def make_users(seeds: Seeds, config: Config, roles: Roles) -> tuple[Profile, ...]:
    """Level 1: expand the seed attributes and build profiles, or take the profiles as given."""
    attributes = tuple(Attribute.of(text) for text in dict.fromkeys(t for p in seeds.profiles for t in p))
    if config.profiles.source == "given":
        expansion = await _categories(attributes, config, roles)
        return await asyncio.to_thread(
            given_profiles,
            seeds.profiles,
            {a.text: a for a in expansion.attributes},
            config=config.profiles,
            embedder=roles.embedder,
            nli=roles.nli,
            ledger=roles.ledger,
        )
    if config.expansion.enabled:
        expansion = await expand(
            attributes,
            config=config.expansion,
            caller=roles.caller,
            embedder=roles.embedder,
            nli=roles.nli,
            ledger=roles.ledger,
            sampling=sampling(config.model.sampling),
            seed=config.seed,
        )
    else:
        expansion = await _categories(attributes, config, roles)
    count = config.profiles.count or users_needed(config.pairing)
    return await asyncio.to_thread(
        build_profiles,
        expansion,
        count=count,
        config=config.profiles,
        embedder=roles.embedder,
        nli=roles.nli,
        ledger=roles.ledger,
        seed=config.seed,
    )


async def _categories(attributes: tuple[Attribute, ...], config: Config, roles: Roles) -> Expansion:
    return await asyncio.to_thread(
        categorise, attributes, config=config.expansion, embedder=roles.embedder, ledger=roles.ledger
    )


def make_pairs(profiles: Sequence[Profile], config: Config, roles: Roles, earlier: Earlier | None = None) -> Pairs:
    """Level 2: pair users who have something in common, with each other or with ``earlier`` ones."""
    return pair_users(
        profiles,
        config=config.pairing,
        embedder=roles.embedder,
        ledger=roles.ledger,
        splits=config.splits,
        seed=config.seed,
        earlier=earlier,
    )


def make_loop(config: Config, roles: Roles) -> Loop:
    """Level 3: the Generator and the Critic, in the loop. Raises ConfigError when an expert or mode is unknown."""
    generator = make_generator(
        config.generator.mode,
        GeneratorContext(
            caller=roles.caller,
            config=config.generator,
            sampling=sampling(config.generator.sampling or config.model.sampling),
            critic=config.critic,
            embedder=roles.embedder,
            nli=roles.nli,
        ),
    )
    critic = Critic.from_config(
        CriticContext(
            config.critic, roles.embedder, roles.nli, roles.toxicity, roles.judge or roles.caller, config.seed
        ),
        max_words=config.generator.max_utterance_words,
    )
    return Loop(
        generator,
        critic,
        config=config,
        embedder=roles.embedder,
        ledger=roles.ledger,
        memory=roles.memory,
        pairs_in_flight=pairs_in_flight(roles.caller.features, config),
        trainer=roles.trainer,
        executor=roles.executor,
    )


async def run_stages(
    seeds: Seeds,
    config: Config,
    roles: Roles,
    *,
    earlier: Earlier | None = None,
    known: Callable[[tuple[Profile, ...]], tuple[Profile, ...]] = lambda profiles: profiles,
) -> None:
    """All three levels. What they made is in the ledger.

    For a further version of a data set ``earlier`` are its users, and ``known`` puts the new profiles' attributes into
    its categories.
    """
    # Made first, so that a wrong name in the configuration costs no model call.
    loop = make_loop(config, roles)
    make_policy(config.pairing.policy, config.pairing)
    if config.pairing.fallback:
        make_policy(config.pairing.fallback, config.pairing, "fallback")
    # Three stages ask about the same attributes; their vectors go when the conversations begin.
    of_users = replace(roles, embedder=KeptVectors(roles.embedder))
    profiles = await asyncio.to_thread(known, await make_users(seeds, config, of_users))
    pairs = await asyncio.to_thread(make_pairs, profiles, config, of_users, earlier)
    del of_users
    if not pairs:
        raise ImpossibleRequest("there is no pair to talk: give more profiles or lower pairing.min_commonalities")
    await roles.ledger.flush()
    await loop.run(pairs, Pool(shipped_examples()))


def pairs_in_flight(features: Features, config: Config) -> int:
    """How many pairs are worked on at once, so that every slot or connection has something to do.

    With fixed slots no more candidates than slots are alive, or each would push another's prefix out of the cache.
    """
    calls = features.slots if features.slots is not None else 2 * config.engine.concurrency
    return max(1, -(-calls // config.generator.candidates))


def sampling(config: SamplingConfig) -> Sampling:
    """The configuration's sampling as a request carries it."""
    return Sampling(
        temperature=config.temperature,
        top_k=config.top_k,
        top_p=config.top_p,
        min_p=config.min_p,
        repeat_penalty=config.repeat_penalty,
    )
