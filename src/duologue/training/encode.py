"""From chat messages to token ids and a mask of what is learnt, in the way the embedded backend makes its prompts.

The tokenizer's chat template is rendered with a mark in place of each message. The template's parts are tokenised with
special tokens live, the messages' texts without, so that no text inside a message can become a special token, and so that
the model learns on the very ids that it will be shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from duologue.backends.protocol import Message
from duologue.errors import ModelError
from duologue.training.rows import Lesson, Preference

IGNORED = -100
"""The label of a token that is not learnt."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids, and for each whether it is learnt."""

    ids: list[int]
    learn: list[bool]

    @property
    def labels(self) -> list[int]:
        """The ids where they are learnt, else :data:`IGNORED`."""
        return [i if wanted else IGNORED for i, wanted in zip(self.ids, self.learn, strict=True)]


@dataclass(slots=True)
class Encoder:
    """Encodes with a tokenizer of transformers that has a chat template. Raises ModelError when it has none."""

    tokenizer: Any
    _nonce: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        if not getattr(self.tokenizer, "chat_template", None):
            raise ModelError("the base model has no chat template, so it can't take messages; choose an instruct model")

    def encode(self, messages: Sequence[Message], learn: Collection[int]) -> Encoded:
        """Ids of the whole chat; learnt are the texts of the messages at the places ``learn`` and the token that ends each.

        Raises ModelError when the template refuses the sequence of roles.
        """
        wanted = frozenset(learn)
        parts = self._skeleton(tuple(m.role for m in messages))
        ids = self._start(parts[0])
        mask = [False] * len(ids)
        for place, (message, part) in enumerate(zip(messages, parts[1:], strict=True)):
            text, after = self._tokens(message.content, False), self._tokens(part, True)
            learnt = place in wanted
            ends = self._end(after) if learnt else 0
            ids += text + after
            mask += [learnt] * len(text) + [True] * ends + [False] * (len(after) - ends)
        return Encoded(ids, mask)

    def lesson(self, row: Lesson) -> Encoded:
        """A supervised row."""
        return self.encode(row.messages, row.learn)

    def preference(self, row: Preference) -> tuple[Encoded, Encoded]:
        """A preference row: prompt and chosen, prompt and rejected; learnt is what the assistant says in the answers."""
        return self._answered(row.prompt, row.chosen), self._answered(row.prompt, row.rejected)

    def _answered(self, prompt: Sequence[Message], answer: Sequence[Message]) -> Encoded:
        own = [len(prompt) + i for i, m in enumerate(answer) if m.role == "assistant"]
        return self.encode((*prompt, *answer), own)

    def _skeleton(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        marks = [f"@{self._nonce}.{i}@" for i in range(len(roles))]
        chat = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
        try:
            rest = str(self.tokenizer.apply_chat_template(chat, tokenize=False))
        except Exception as error:
            raise ModelError(f"the base model's chat template refuses the roles {', '.join(roles)}: {error}") from error
        parts = []
        for mark in marks:
            part, found, rest = rest.partition(mark)
            if not found:
                raise ModelError(f"the base model's chat template drops a message from the roles {', '.join(roles)}")
            parts.append(part)
        return (*parts, rest)

    def _start(self, part: str) -> list[int]:
        ids = self._tokens(part, True)
        begin = getattr(self.tokenizer, "bos_token_id", None)
        if getattr(self.tokenizer, "add_bos_token", False) and begin is not None and ids[:1] != [begin]:
            ids = [begin, *ids]
        return ids

    def _end(self, after: Sequence[int]) -> int:
        """How many tokens of the template end an answer: up to and with the first special one."""
        special = self._special()
        return next((i + 1 for i, token in enumerate(after) if token in special), 0)

    def _special(self) -> frozenset[int]:
        added = getattr(self.tokenizer, "added_tokens_decoder", {})
        return frozenset(self.tokenizer.all_special_ids) | {i for i, token in added.items() if token.special}

    def _tokens(self, text: str, special: bool) -> list[int]:
        return list(_tokens(self.tokenizer, text, special)) if text else []


@lru_cache(maxsize=65536)
def _tokens(tokenizer: Any, text: str, special: bool) -> tuple[int, ...]:
    return tuple(tokenizer.encode(text, add_special_tokens=False, split_special_tokens=not special))
