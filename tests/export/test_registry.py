"""Tests of finding formats by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from duologue.errors import UsageError
from duologue.export import format_names, get_format, registry
from duologue.export.jsonl import JsonlFormat

OURS = ["spc", "jsonl", "parquet", "evidence", "chat", "preference", "convai2", "inference"]


def test_ours() -> None:
    assert format_names()[:8] == OURS
    for name in OURS:
        assert get_format(name).name == name


def test_unknown() -> None:
    with pytest.raises(UsageError, match="there is no export format 'xml'; formats: spc, jsonl, parquet, evidence"):
        get_format("xml")


def test_plug_ins_are_found_and_cant_take_our_names(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint("mine", "duologue.export.jsonl:JsonlFormat", registry.GROUP),
        EntryPoint("spc", "duologue.export.jsonl:JsonlFormat", registry.GROUP),
        EntryPoint("bad", "duologue.nothing:X", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    assert format_names() == [*OURS, "bad", "mine"]
    assert isinstance(get_format("mine"), JsonlFormat)
    assert get_format("spc").name == "spc"
    with pytest.raises(UsageError, match="can't be loaded: ModuleNotFoundError"):
        get_format("bad")
