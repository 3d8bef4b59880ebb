"""The package as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import duologue

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "numpy", "pydantic", "onnxruntime", "xllamacpp", "pyarrow", "datasets", "aiohttp", "sklearn", "rich")


def test_import_loads_nothing_heavy() -> None:
    code = f"import duologue, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", duologue.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(duologue, name)
    assert name == "__version__" or value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = duologue.nonsense


@pytest.mark.skipif(not (ROOT / "tools").is_dir(), reason="needs the source tree")
def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_module_is_longer_than_500_lines() -> None:
    long = [f.name for f in (ROOT / "src").rglob("*.py") if len(f.read_text(encoding="utf-8").splitlines()) > 500]
    assert long == []


def test_stages_know_nothing_of_storage_transport_or_screens() -> None:
    barred = (
        "duologue.cli",
        "duologue.report",
        "duologue.backends.endpoint",
        "duologue.backends.embedded",
        "duologue.store.database",
        "duologue.engine.engine",
    )
    found = [
        (path.name, name)
        for level in ("users", "pairing", "conversations")
        for path in (ROOT / "src" / "duologue" / level).rglob("*.py")
        for name in barred
        if name in path.read_text(encoding="utf-8")
    ]
    assert found == []
