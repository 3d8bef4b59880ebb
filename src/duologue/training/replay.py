"""The Generator's prompts for a conversation that is known: the Generator itself, answered from the conversation.

So a training set holds the prompts that the Generator sends, whichever Generator that is, and stays so when prompts
change. Each utterance counts as drawn once, with its note; one that was drawn again without stands after the note here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from duologue.backends.protocol import Answer, Features, Message, Request, Sampling
from duologue.config.sections import Config
from duologue.conversations.examples import Example
from duologue.conversations.generator.parse import clean_utterance
from duologue.conversations.generator.protocol import GeneratorContext, Refused, Task
from duologue.conversations.generator.registry import make_generator
from duologue.conversations.generator.render import transcript
from duologue.errors import ItemFailed
from duologue.models.protocol import Embedder, Nli
from duologue.prompts import as_data
from duologue.records import Pair

NAMES = ("User 1", "User 2")


@dataclass(frozen=True, slots=True)
class Side:
    """What one call, or the calls of one speaker, came to: the last prompt and what was answered to it."""

    name: str
    """1 or 2 for a speaker, empty for the whole conversation."""
    messages: tuple[Message, ...]
    """Ends with the assistant's answer; what the assistant says before it are the speaker's earlier utterances."""
    own: tuple[int, ...]
    """Places of what the Generator wrote."""


@dataclass(frozen=True, slots=True)
class Said:
    """A candidate of a run: what it says and which one it is, for the Generator's plan depends on that."""

    pair: Pair
    utterances: tuple[str, ...]
    iteration: int
    attempt: int
    sample: int
    seed: int
    length: tuple[int, int] = (0, 0)
    """Fewest and most utterances that it was asked for; (0, 0) where that is not known, or no longer holds."""

    @property
    def asked(self) -> int:
        """The number of utterances that its prompt asked for; as many as it has where that is not known."""
        return self._task().target if any(self.length) else len(self.utterances)

    def task(self, examples: tuple[Example, ...], least: int = 0) -> Task:
        """The Generator's task, for at least so many utterances."""
        count = max(self.asked, least)
        return replace(self._task(), examples=examples, length=(count, count))

    def _task(self) -> Task:
        return Task(self.pair, self.iteration, self.attempt, self.sample, (), self.length, self.seed)


class _Known:
    """A Caller that answers with what is known, and keeps what it was asked."""

    model = "known"
    features = Features()

    def __init__(self, mode: str, utterances: Sequence[str]) -> None:
        self._whole = mode == "whole"
        self._utterances = utterances
        self.asked: list[tuple[Message, ...]] = []

    async def call(self, request: Request) -> Answer:
        """The next utterance, or all of them. Raises ItemFailed when there are no more."""
        if len(self.asked) >= (1 if self._whole else len(self._utterances)):
            raise ItemFailed("the conversation has no more utterances")
        text = transcript(self._utterances, NAMES) if self._whole else self._utterances[len(self.asked)]
        self.asked.append(request.messages)
        return Answer(text)


@dataclass(frozen=True, slots=True)
class Replayer:
    """Asks the Generator of ``config`` for its prompts. The small models are asked only by Generators that need them."""

    config: Config
    embedder: Embedder
    nli: Nli

    async def sides(
        self, mode: str, made: Said, examples: tuple[Example, ...], *, most: int | None = None
    ) -> tuple[Side, ...]:
        """The prompts of one conversation: one side a speaker in ``turns`` mode, else one in all.

        ``most`` utterances are looked at in ``turns`` mode. Empty when the Generator can't be brought to say it. Raises
        ConfigError for an unknown mode.
        """
        utterances = made.utterances
        caller = _Known(mode, utterances)
        context = GeneratorContext(
            caller=caller,
            # One draw each, and no guard: it was judged already.
            config=self.config.generator.model_copy(update={"turn_choices": 1, "turn_retries": 0}),
            sampling=Sampling(),
            critic=self.config.critic.model_copy(update={"guards": ()}),
            embedder=self.embedder,
            nli=self.nli,
        )
        # Turns are written until there are as many as were asked for; what people made shorter or longer is said all the same.
        task = made.task(examples, 0 if mode == "whole" else len(utterances))
        try:
            await make_generator(mode, context).generate(task)
        except (ItemFailed, Refused):
            if mode == "whole" or len(caller.asked) < len(utterances):
                return ()
        if mode == "whole":
            said = Message("assistant", transcript(utterances, NAMES))
            return tuple(Side("", (*asked, said), (len(asked),)) for asked in caller.asked[:1])
        asked = caller.asked[:most]
        return tuple(_side(number, asked, utterances) for number in (1, 2) if number <= len(asked))


def _side(number: int, asked: Sequence[tuple[Message, ...]], utterances: Sequence[str]) -> Side:
    """The last prompt of a speaker holds all that it said before, as the first prompt shows where that begins."""
    turns = range(number - 1, len(asked), 2)
    last = turns[-1]
    start = len(asked[turns[0]])
    messages = (*asked[last], Message("assistant", as_data(clean_utterance(utterances[last]))))
    own = tuple(i for i, m in enumerate(messages) if i >= start and m.role == "assistant")
    return Side(str(number), messages, own)
