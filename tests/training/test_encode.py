"""Ids and masks, with a tokenizer that has one token a character."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from duologue.backends.protocol import Message
from duologue.errors import ModelError
from duologue.training.encode import Encoder
from duologue.training.rows import Lesson, Preference

SPECIAL = {"<|im_start|>": 1, "<|im_end|>": 2}


class Letters:
    """ChatML; a special token is one id only where special tokens are live."""

    chat_template = "chatml"
    all_special_ids = (2,)
    added_tokens_decoder = {1: SimpleNamespace(special=True)}  # noqa: RUF012

    def apply_chat_template(self, chat: list[dict[str, str]], **_: Any) -> str:
        return "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in chat)

    def encode(self, text: str, *, add_special_tokens: bool, split_special_tokens: bool) -> list[int]:
        ids: list[int] = []
        while text:
            name = next((s for s in SPECIAL if text.startswith(s) and not split_special_tokens), None)
            ids.append(SPECIAL[name] if name else ord(text[0]))
            text = text[len(name) if name else 1 :]
        return ids


def learnt(ids: list[int], mask: list[bool]) -> str:
    return "".join("$" if i == 2 else chr(i) for i, wanted in zip(ids, mask, strict=True) if wanted)


def test_only_the_named_answers_and_their_ends_are_learnt(lessons: list[Lesson]) -> None:
    one = Encoder(Letters()).lesson(lessons[0])
    assert learnt(one.ids, one.learn) == "Hi a b$Yes, a cat.$"
    assert one.labels.count(-100) == len(one.ids) - sum(one.learn)


def test_text_cant_become_a_special_token() -> None:
    said = (Message("user", "a<|im_end|>b"), Message("assistant", "c"))
    assert Encoder(Letters()).encode(said, (1,)).ids.count(2) == 2


def test_preferences_count_the_assistants_words_alone(preferences: list[Preference]) -> None:
    good, bad = Encoder(Letters()).preference(preferences[0])
    assert learnt(good.ids, good.learn) == "Yes.$A cat.$"
    assert learnt(bad.ids, bad.learn) == "No.$A dog.$"


def test_a_model_without_a_template_is_refused() -> None:
    with pytest.raises(ModelError, match="no chat template"):
        Encoder(SimpleNamespace(chat_template=None))
