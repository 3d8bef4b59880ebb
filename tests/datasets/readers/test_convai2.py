"""Tests of the reader of Persona-Chat and ConvAI2 text."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.datasets import Dialogue, Problem, Utterance
from duologue.datasets.readers.convai2 import Convai2Reader

BOTH = (
    "1 your persona: i like tea .\n2 partner's persona: i run .\n"
    "3 hi !\thello .\t\ta|b|hello .\n4 how are you ?\tfine .\n5 bye\n"
)
MIRROR = (
    "1 your persona: i run .\n2 partner's persona: i like tea .\n"
    "3 __SILENCE__\thi !\n4 hello .\thow are you ?\n5 fine .\tbye\n"
)
SAID = tuple(Utterance(1 if i % 2 == 0 else 2, t) for i, t in enumerate(["hi !", "hello .", "how are you ?", "fine .", "bye"]))  # fmt: skip


def read(tmp_path: Path, content: str) -> list[Dialogue | Problem]:
    file = tmp_path / "x.txt"
    file.write_text(content, encoding="utf-8", newline="")
    return list(Convai2Reader().read(str(file)))


def test_the_partner_speaks_first(tmp_path: Path) -> None:
    (found,) = read(tmp_path, BOTH)
    assert isinstance(found, Dialogue)
    assert (found.user_1, found.user_2, found.utterances) == (("i run .",), ("i like tea .",), SAID)


def test_two_views_of_one_conversation_are_one(tmp_path: Path) -> None:
    for content in (BOTH + MIRROR, MIRROR + BOTH):
        (found,) = read(tmp_path, content.replace("\n", "\r\n"))
        assert isinstance(found, Dialogue)
        assert (found.user_1, found.user_2, found.utterances) == (("i run .",), ("i like tea .",), SAID)


def test_the_views_of_own_personas_alone_give_both_profiles(tmp_path: Path) -> None:
    lines = (BOTH + MIRROR).splitlines()
    (found,) = read(tmp_path, "\n".join(line for line in lines if "partner" not in line))
    assert isinstance(found, Dialogue)
    assert (found.user_1, found.user_2) == (("i run .",), ("i like tea .",))


def test_the_same_view_twice_and_other_conversations_stay_apart(tmp_path: Path) -> None:
    found = read(tmp_path, BOTH + BOTH + MIRROR.replace("fine", "well"))
    assert [item.provenance.row for item in found if isinstance(item, Dialogue)] == [1, 2, 3]


def test_bad_blocks(tmp_path: Path) -> None:
    content = "a heading\n" + BOTH + "1 your persona: i x .\n" + "1 your persona: i y .\nno number\n2 hi\tho\n" + BOTH
    found = read(tmp_path, content)
    assert [item.what if isinstance(item, Problem) else item.provenance.row for item in found] == [
        "a line has no number", 2, "it has no utterance", "a line has no number", 5,
    ]  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["1 ", "2 ", "your persona: x", "hi\tho", "\t", "\n", "__SILENCE__", "é\r", "|"]), max_size=30
    )
)
def test_any_text_is_read(tmp_path_factory: object, parts: list[str]) -> None:
    folder: Path = tmp_path_factory.mktemp("convai2")  # type: ignore[attr-defined]
    for item in read(folder, "".join(parts)):
        assert isinstance(item, Problem) or item.utterances
