"""Rows and small folders that the tests of training share."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from duologue.backends.protocol import Message
from duologue.training.extras import NEEDED
from duologue.training.rows import Lesson, Part, Preference

MISSING = [name for name in NEEDED if find_spec(name) is None]


@pytest.fixture(scope="session")
def extra() -> None:
    """Skips a test where the packages of the extra ``train`` are missing."""
    if MISSING:
        pytest.skip(f"needs the extra train: pip install 'duologue[train]' ({', '.join(MISSING)} missing)")


def _lesson(number: int, part: Part = "train") -> Lesson:
    messages = (
        Message("system", "You are here."),
        Message("user", "Say something."),
        Message("assistant", "Hi a b"),
        Message("user", f"{number}?"),
        Message("assistant", "Yes, a cat."),
    )
    return Lesson(f"r{number}", "turns", part, messages, (2, 4))


def _preference(number: int, part: Part = "train") -> Preference:
    prompt = (Message("system", "You are here."), Message("user", f"{number}?"))
    good = (Message("assistant", "Yes."), Message("user", "Oh"), Message("assistant", "A cat."))
    bad = (Message("assistant", "No."), Message("user", "So"), Message("assistant", "A dog."))
    return Preference(f"p{number}", "turns", part, prompt, good, bad, "swap")


@pytest.fixture(scope="session")
def lessons() -> list[Lesson]:
    """Ten to learn from, two held out."""
    return [_lesson(i, "train" if i < 10 else "valid") for i in range(12)]


@pytest.fixture(scope="session")
def preferences() -> list[Preference]:
    """Eight to learn from, two held out."""
    return [_preference(i, "train" if i < 8 else "valid") for i in range(10)]
