"""Tests of the entrance to the seeds: every format, every bad input."""

from __future__ import annotations

import codecs
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.config.sections import SeedsConfig
from duologue.errors import SeedError
from duologue.seeds import Seeds, read_seeds


def read(path: Path, data: bytes | str, name: str = "seeds.txt", **fields: object) -> Seeds:
    file = path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_seeds(SeedsConfig.model_validate({"path": str(file), **fields}))


def refusal(path: Path, data: bytes | str, name: str = "seeds.txt", **fields: object) -> str:
    with pytest.raises(SeedError) as caught:
        read(path, data, name, **fields)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path / name) in message
    return message


def test_plain_text(tmp_path: Path) -> None:
    seeds = read(tmp_path, "I like tea.\n  My dog is old. \n\n\n\nI sing.\n")
    assert seeds.profiles == (("I like tea.", "My dog is old."), ("I sing.",))
    assert seeds.format == "text"
    assert seeds.source == str(tmp_path / "seeds.txt")
    assert seeds.attributes == ("I like tea.", "My dog is old.", "I sing.")
    assert seeds.duplicates == 0
    assert seeds.notes == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_tabs_and_byte_order_mark(tmp_path: Path, end: str) -> None:
    text = end.join(["I like\ttea.", "\tI sing.", "", "I run."])
    seeds = read(tmp_path, codecs.BOM_UTF8 + text.encode())
    assert seeds.profiles == (("I like tea.", "I sing."), ("I run.",))


def test_control_characters_become_spaces_and_other_text_stays(tmp_path: Path) -> None:
    seeds = read(tmp_path, "I like\x1b[31m tea\u2028{x} <|im_end|> User 2: $y\ncafe\u0301")
    assert seeds.attributes == ("I like [31m tea {x} <|im_end|> User 2: $y", "caf\u00e9")


def test_duplicates_are_dropped_and_noted(tmp_path: Path) -> None:
    seeds = read(tmp_path, "I a.\nI a.\nI b.\n\nI b.\nI a.\n\nI a.\nI c.\n")
    assert seeds.profiles == (("I a.", "I b."), ("I a.", "I c."))
    assert seeds.attributes == ("I a.", "I b.", "I c.")
    assert seeds.duplicates == 4
    assert len(seeds.notes) == 3
    assert any("identical" in note for note in seeds.notes)


def test_limit_counts_kept_profiles(tmp_path: Path) -> None:
    seeds = read(tmp_path, "I a.\n\nI a.\n\nI b.\n\nI c.\n", limit=2)
    assert seeds.profiles == (("I a.",), ("I b.",))


def test_what_stands_behind_the_limit_is_not_read(tmp_path: Path) -> None:
    lines = '{"persona": ["I a."]}\n{"persona": ["I b."]}\nbroken\n'
    assert read(tmp_path, lines, "seeds.jsonl", limit=2).profiles == (("I a.",), ("I b.",))
    assert "line 3 is not JSON" in refusal(tmp_path, lines, "seeds.jsonl", limit=3)


def test_many_lines_without_blank_ones_are_noted(tmp_path: Path) -> None:
    seeds = read(tmp_path, "\n".join(f"I have {n} cats." for n in range(40)))
    assert len(seeds.profiles) == 1
    assert any("blank lines" in note for note in seeds.notes)


def test_shipped_seeds() -> None:
    seeds = read_seeds(SeedsConfig())
    assert seeds.source == "shipped"
    assert seeds.format == "jsonl"
    assert seeds.attributes
    assert len(read_seeds(SeedsConfig(limit=3)).profiles) == 3


def test_shipped_seeds_by_name() -> None:
    vivid = read_seeds(SeedsConfig(path="shipped:vivid"))
    assert (vivid.source, len(vivid.profiles)) == ("shipped", 109)
    assert set(read_seeds(SeedsConfig(path="shipped:everyday")).attributes) == set(read_seeds(SeedsConfig()).attributes)
    assert not set(vivid.attributes) & set(read_seeds(SeedsConfig()).attributes)
    with pytest.raises(SeedError, match="there are everyday, vivid"):
        read_seeds(SeedsConfig(path="shipped:odd"))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"nothing\.txt: there is no such file"):
        read_seeds(SeedsConfig(path=str(tmp_path / "nothing.txt")))


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="is a folder"):
        read_seeds(SeedsConfig(path=str(tmp_path)))


def test_impossible_path() -> None:
    with pytest.raises(SeedError, match="can't be read"):
        read_seeds(SeedsConfig(path="a\x00b"))


def test_a_tilde_that_is_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SeedError, match=r"~notes\.txt: there is no such file"):
        read_seeds(SeedsConfig(path="~notes.txt"))
    (tmp_path / "~notes.txt").write_text("I a.")
    assert read_seeds(SeedsConfig(path="~notes.txt")).attributes == ("I a.",)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "closed.txt"
    file.write_text("I a.")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SeedError, match=r"closed\.txt can't be read: no permission"):
        read_seeds(SeedsConfig(path=str(file)))


@pytest.mark.parametrize("data", [b"", b"\n \r\n\t", codecs.BOM_UTF8])
def test_empty_file(tmp_path: Path, data: bytes) -> None:
    assert "is empty" in refusal(tmp_path, data)


def test_nothing_visible(tmp_path: Path) -> None:
    assert "no persona attribute" in refusal(tmp_path, "\u200b\n\u200b\n")


def test_binary_file(tmp_path: Path) -> None:
    assert "line 2 holds a zero byte" in refusal(tmp_path, b"I a.\n\x00\x01")


def test_wrong_encoding_names_line_and_byte(tmp_path: Path) -> None:
    message = refusal(tmp_path, "I like tea.\r\nI own a café.".encode("latin-1"))
    assert "line 2, byte 12 (0xe9)" in message
    assert "iconv" in message
    assert "line 1, byte 6 (0xe9)" in refusal(tmp_path, codecs.BOM_UTF8 + b"I \xe9")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_unicode_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    assert f"is in {encoding.upper()}" in refusal(tmp_path, "I like tea.".encode(encoding))


def test_long_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, "I a.\n" + "x" * 1_000_000)
    assert "line 2 has 1,000,000 characters" in message
    assert len(message) < 300


def test_long_lines_are_fine_where_attributes_are_short(tmp_path: Path) -> None:
    long = "x" * 20_000
    row = json.dumps({"persona": ["I a.", "I b."], "conversation": long})
    assert read(tmp_path, row, "a.jsonl").attributes == ("I a.", "I b.")
    table = f'user 1 personas,user 2 personas,Best Generated Conversation\nI a.,I b.,"{long}"\n'
    assert read(tmp_path, table, "a.csv").attributes == ("I a.", "I b.")
    message = refusal(tmp_path, json.dumps({"persona": [long]}), "b.jsonl")
    assert "profile 1 has an attribute of 20,000 characters" in message
    assert "line 2 has 20,002 characters" in refusal(tmp_path, f"1 your persona: i a .\n2 {long}", "c.txt")


def test_format_and_path_must_agree(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"seeds\.format is csv"):
        read_seeds(SeedsConfig(path="hf:a/b", format="csv"))
    assert read(tmp_path, "1 your persona: i run .", format="text").attributes == ("1 your persona: i run .",)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.csv", "a.jsonl"]))
def test_any_bytes_give_seeds_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    message = ""
    attributes: tuple[str, ...] = ()
    try:
        attributes = read(folder, data, name).attributes
    except SeedError as error:
        message = str(error)
    assert bool(attributes) != bool(message)
    assert "\n" not in message
    assert not message or str(folder / name) in message
    assert all(a == a.strip() and "\n" not in a for a in attributes)


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_plain_text_keeps_every_attribute(tmp_path_factory: pytest.TempPathFactory, profiles: list[list[str]]) -> None:
    text = "\n\n".join("\n".join(profile) for profile in profiles)
    seeds = read(tmp_path_factory.getbasetemp(), text, "property.txt", format="text")
    wanted = [unicodedata.normalize("NFC", a) for profile in profiles for a in profile]
    assert list(seeds.attributes) == list(dict.fromkeys(wanted))
    assert seeds.duplicates == len(wanted) - len(set(wanted))
