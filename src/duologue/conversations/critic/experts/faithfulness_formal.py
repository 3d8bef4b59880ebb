"""Filter ``faithfulness-formal``: after the paper's definition (section 2), from a language model's token probabilities.

A conversation D is faithful to a profile when P_M(attribute | D) >= P_M(attribute) for every attribute. M is the judge:
each attribute is scored as the sentence that sums up its owner, once after what the owner said and once after nothing.
Where the paper has the whole conversation as the condition, this has the owner's utterances and the questions that they
answer, for what the partner says of itself makes nothing of the owner's likelier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from duologue.backends.protocol import Answer, Message, Request, Sampling
from duologue.conversations.critic.evidence.answers import last_question
from duologue.conversations.critic.guards.verdicts import quote
from duologue.conversations.critic.protocol import CriticContext
from duologue.errors import ConfigError
from duologue.prompts import as_data, load
from duologue.records import Attribute, Candidate, Speaker, Verdict

_MOST_NAMED = 3
_SPEAKERS: tuple[Speaker, Speaker] = (1, 2)


@dataclass(frozen=True, slots=True)
class Gain:
    """How much likelier what its owner said makes one attribute."""

    owner: Speaker
    attribute: Attribute
    nats: float
    """log P(attribute | what the owner said) - log P(attribute), per token of the attribute."""


class FaithfulnessFormal:
    """Rejects when an attribute loses more than ``config.formal_margin`` nats per token by the conversation.

    The paper's inequality has no margin (0). What a conversation does not touch may lose a little probability all the
    same, for the talk turns to other things; the margin is for that. ``value`` is the mean gain over all attributes, in
    nats per token, and the reason ends with the gain of each one, in the order of the profiles. It needs a judge that scores given text (``features.scoring``): the embedded model, vLLM, or the
    scripted one. A server that turns out to give no such probabilities makes it abstain: value 0 and passed, with a
    reason that says so. Two calls an attribute, of which those without conversation are shared by the whole run.
    """

    name = "faithfulness-formal"
    asks_model = True

    def __init__(self, context: CriticContext) -> None:
        if not context.judge.features.scoring:
            raise ConfigError(
                f"critic.filters: {self.name} needs a model that gives the token probabilities of a given text, and "
                f"{context.judge.model} does not; use the embedded model or a vLLM endpoint, or leave it out"
            )
        self._judge = context.judge
        self._margin = context.config.formal_margin
        self._seed = context.seed
        self._with = load("score_attribute")
        self._without = load("score_attribute_alone")

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason names the attributes. Raises ItemFailed when the model can't be asked."""
        found = await self.gains(candidate)
        if found is None:
            return Verdict(self.name, "filter", 0.0, True, "abstained: the server gives no probabilities of given text")
        lost = sorted((g for g in found if g.nats < -self._margin), key=lambda g: g.nats)
        reasons = [
            f"User {g.owner}'s attribute {quote(g.attribute.text)} becomes less probable by the conversation "
            f"({g.nats:+.2f} nats a token)"
            for g in lost[:_MOST_NAMED]
        ]
        value = sum(g.nats for g in found) / len(found) if found else 0.0
        return Verdict(self.name, "filter", value, not reasons, "; ".join([*reasons, *each(found)]))

    async def gains(self, candidate: Candidate) -> tuple[Gain, ...] | None:
        """The gain of every attribute, in profile order; None when the server gives no probabilities."""
        alone = self._without.messages()
        held = [(s, a) for s in _SPEAKERS for a in candidate.pair.user(s).attributes]
        prompts = {s: self._with.messages(said=transcript(candidate, s)) for s in _SPEAKERS}
        answers = await asyncio.gather(
            *(self._score(prompts[s], a) for s, a in held), *(self._score(alone, a) for _, a in held)
        )
        found: list[Gain] = []
        for (owner, attribute), given, bare in zip(held, answers[: len(held)], answers[len(held) :], strict=True):
            if not given.logprobs or not bare.logprobs:
                return None
            found.append(Gain(owner, attribute, per_token(given) - per_token(bare)))
        return tuple(found)

    async def _score(self, messages: tuple[Message, ...], attribute: Attribute) -> Answer:
        request = Request(
            purpose="judge.formal",
            model=self._judge.model,
            messages=messages,
            sampling=Sampling(temperature=0.0, top_k=0, max_tokens=1),
            seed=self._seed,
            score=as_data(attribute.text),
        )
        return await self._judge.call(request)


def each(gains: Sequence[Gain]) -> tuple[str, ...]:
    """The gain of every attribute in words, one entry a user, in the order of the profile."""
    return tuple(
        f"User {speaker}'s attributes, nats a token: "
        + ", ".join(f"{g.nats:+.2f}" for g in gains if g.owner == speaker)
        for speaker in _SPEAKERS
        if any(g.owner == speaker for g in gains)
    )


def per_token(answer: Answer) -> float:
    """Mean log probability of the answer's tokens."""
    return sum(t.logprob for t in answer.logprobs) / len(answer.logprobs)


def transcript(candidate: Candidate, owner: Speaker) -> str:
    """What the owner said, as prompt text, one utterance a line, each after the question that it answers.

    Of the partner only these questions are shown: what the partner says of itself makes nothing of the owner's likelier.
    """
    lines = []
    for index, text in candidate.said_by(owner):
        question = last_question(candidate.utterances[index - 1]) if index else None
        asked = f"(asked: {as_data(question)}) " if question else ""
        lines.append(f"- {asked}{as_data(text)}")
    return "\n".join(lines)
