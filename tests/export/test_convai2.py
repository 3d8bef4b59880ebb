"""Tests of ConvAI2 text: by our reader, and by the rules that ParlAI's reader of this layout follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.datasets import open_dataset
from duologue.export import convai2
from duologue.export.convai2 import CANDIDATES, Convai2Format
from duologue.records import Conversation


def episodes(path: Path) -> list[list[tuple[str, str, list[str]]]]:
    """Number, a blank, then text, labels, reward and candidates, split by tabs; 1 begins an episode."""
    found: list[list[tuple[str, str, list[str]]]] = []
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        number, _, rest = line.partition(" ")
        parts = rest.split("\t")
        assert len(parts) in (1, 4)
        if int(number) == 1:
            found.append([])
        assert int(number) == len(found[-1]) + 1
        text, label, reward, candidates = [*parts, "", "", ""][:4]
        assert reward == ""
        found[-1].append((text, label, candidates.split("|") if candidates else []))
    return found


def talks(make: Callable[..., Conversation], count: int) -> list[Conversation]:
    return [
        make((f"I a {i}.",), (f"I b {i}.",), (f"Hi {i}.", f"Ho {i}.", f"Ha {i}."), split="train") for i in range(count)
    ]


def test_exact_bytes_of_a_lone_conversation(one: Conversation, tmp_path: Path) -> None:
    to = tmp_path / "out.txt"
    assert Convai2Format().write([one], to) == 1
    assert to.read_text() == (
        "1 your persona: I run.\n2 partner's persona: I like tea.\n3 partner's persona: I sing.\n"
        "4 Tea?\tNo, I run.\t\tNo, I run.\n5 I sing.\n"
        "1 your persona: I like tea.\n2 your persona: I sing.\n3 partner's persona: I run.\n"
        "4 __SILENCE__\tTea?\t\tTea?\n5 No, I run.\tI sing.\t\tI sing.\n"
    )


def test_the_label_is_the_last_candidate_and_the_others_are_of_other_conversations(
    make: Callable[..., Conversation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convai2, "_AHEAD", 10)
    rows = talks(make, 40)
    to = tmp_path / "out.txt"
    assert Convai2Format().write(iter(rows), to) == 40
    lines = [line for episode in episodes(to) for line in episode if line[2]]
    assert len(lines) == 3 * 40
    for _, label, candidates in lines:
        assert len(candidates) == len(set(candidates)) == CANDIDATES
        assert candidates[-1] == label
        number = label.split()[1]
        assert not any(c.endswith(f" {number}") for c in candidates[:-1])
    again = tmp_path / "again.txt"
    Convai2Format().write(rows, again)
    assert again.read_bytes() == to.read_bytes()


def test_candidates_stay_in_their_split(make: Callable[..., Conversation], tmp_path: Path) -> None:
    rows = [
        make((f"I a {i}.",), (f"I b {i}.",), (f"Hi {i % 2} {i}.", "Ho"), split=("train", "test")[i % 2])
        for i in range(20)
    ]
    to = tmp_path / "out.txt"
    Convai2Format().write(rows, to)
    for index, episode in enumerate(episodes(to)):
        for candidate in (c for line in episode for c in line[2] if c.startswith("Hi")):
            assert candidate.split()[1] == str(index // 2 % 2)


@settings(deadline=None)
@given(st.data())
def test_any_text_keeps_its_place(
    tmp_path_factory: pytest.TempPathFactory,
    any_conversations: st.SearchStrategy[list[Conversation]],
    data: st.DataObject,
) -> None:
    rows = data.draw(any_conversations)
    to = tmp_path_factory.mktemp("convai2") / "out.txt"
    assert Convai2Format().write(iter(rows), to) == len(rows)
    for episode in episodes(to):
        for _, label, candidates in episode:
            assert candidates[-1:] == ([label] if label else [])


def test_what_the_layout_has_a_meaning_for(make: Callable[..., Conversation], tmp_path: Path) -> None:
    to = tmp_path / "out.txt"
    Convai2Format().write([make(("I a|b.",), ("I\tc.\n1 your persona: x",), ("Hi\n2 you|me", "your persona: no"))], to)
    (found,) = open_dataset(to)
    assert (found.user_1, found.user_2) == (("I a/b.",), ("I c. 1 your persona: x",))
    assert [u.text for u in found.utterances] == ["Hi 2 you/me", "your persona - no"]
