"""Tests of opening a data set: which format it is in, and what becomes of rows that can't be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from duologue.datasets import Dialogue, Problem, open_dataset, reader_names, registry
from duologue.datasets.problems import KEPT, Problems
from duologue.datasets.protocol import Look
from duologue.datasets.records import Provenance, Utterance
from duologue.errors import UsageError
from duologue.export import export_run
from duologue.store.reading import RunReader

GOOD = '{"user_1": ["I a."], "user_2": ["I b."], "utterances": ["Hi.", "Ho."]}\n'


def test_every_format_is_recognised_and_holds_the_same(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    run = make_run(tmp_path / "run", 6)
    sources = {"run": run}
    with RunReader(run) as reader:
        for name in ("jsonl", "parquet", "spc", "convai2"):
            # No suffix tells the format: the content does.
            sources[name] = tmp_path / f"file-{name}"
            assert export_run(reader, name, sources[name]) == 6
    found = {}
    for name, source in sources.items():
        data = open_dataset(source)
        assert data.format == name
        found[name] = list(data)
        assert data.problems.total == 0
        assert [d.provenance.row for d in found[name]] == [1, 2, 3, 4, 5, 6]
        assert list(data) == found[name]
    for name in sources:
        content = [(d.user_1, d.user_2, d.utterances) for d in found[name]]
        assert content == [(d.user_1, d.user_2, d.utterances) for d in found["run"]]
    for name in ("jsonl", "parquet"):
        assert [(d.id, d.split) for d in found[name]] == [(d.id, d.split) for d in found["run"]]
    assert open_dataset(run / "run.sqlite").format == "run"


def test_bad_rows_are_counted_and_named(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(GOOD + "no\n\n[1]\n" + GOOD + '{"user_1": "I \x1b[2J"}\n' + "no\n" * 30, encoding="utf-8")
    data = open_dataset(file)
    assert [d.provenance.row for d in data] == [1, 4]
    assert data.problems.by_what == {"not JSON": 32, "not a JSON object": 1}
    assert str(data.problems.first[0]) == 'row 2: not JSON: "no"'
    assert len(data.problems.first) == KEPT
    assert data.problems.lines()[0] == "32 rows left out: not JSON (row 2)"
    assert not any("\x1b" in str(problem) for problem in data.problems.first)


def test_nothing_readable_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"text": 1}\n' * 3)
    with pytest.raises(UsageError, match=r"not one of its 3 rows can be read as jsonl \(row 1: no known layout"):
        list(open_dataset(file))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"Hello.\n", "tells no format; name one of hub, run"),
        (b"\0\1\2", "no format"),
    ],
)
def test_what_is_no_data_set(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=told):
        open_dataset(file)


def test_missing_and_foreign_places(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file or folder"):
        open_dataset(tmp_path / "nothing")
    for name in reader_names():
        with pytest.raises(Exception, match=r"no such|no run|names no data set|is a folder") as caught:
            list(open_dataset(tmp_path / "nothing", name))
        assert isinstance(caught.value, Exception)
        assert "\n" not in str(caught.value)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="a folder without a run"):
        open_dataset(tmp_path / "folder")
    with pytest.raises(UsageError, match="there is no data set format 'docx'"):
        open_dataset(tmp_path, "docx")
    with pytest.raises(UsageError, match="can't be read"):
        open_dataset("x\0y")


class Mine:
    """A reader of another package."""

    name = "mine"

    def recognises(self, look: Look) -> bool:
        return look.head.startswith(b"MINE")

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        yield Problem(1, "odd")
        yield Dialogue("d", (), (), (Utterance(1, "Hi."),), "", Provenance(source, self.name, 2))


def test_plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint("mine", f"{__name__}:Mine", registry.GROUP),
        EntryPoint("spc", f"{__name__}:Mine", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Mine)
    assert reader_names()[-1] == "mine"
    file = tmp_path / "x"
    file.write_bytes(b"MINE")
    data = open_dataset(file)
    assert [d.id for d in data] == ["d"]
    assert data.problems.lines() == ["1 row left out: odd (row 1)"]


def test_a_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [EntryPoint("bad", "duologue.nothing:X", registry.GROUP)]
    )
    with pytest.raises(UsageError, match=r"'bad' .* can't be loaded: ModuleNotFoundError"):
        registry.get_reader("bad")


def test_problems_hold_only_the_first() -> None:
    problems = Problems()
    for row in range(1, 1001):
        problems.add(Problem(row, f"kind {row % 2}"))
    assert problems.total == 1000
    assert problems.lines() == ["500 rows left out: kind 1 (row 1)", "500 rows left out: kind 0 (row 2)"]
