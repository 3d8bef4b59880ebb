"""What is there to train with."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.errors import ModelError
from duologue.training import extras


@pytest.mark.parametrize(("flags", "has"), [("sse avx2", False), ("avx2 avx512_bf16", True), ("amx_bf16", True)])
def test_bfloat16_is_read_from_the_flags(tmp_path: Path, flags: str, has: bool) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor : 0\nflags\t\t: fpu {flags}\n")
    assert extras.cpu_has_bfloat16(path) is has
    assert extras.cpu_has_bfloat16(tmp_path / "none") is False


def test_missing_packages_are_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "NEEDED", ("orjson", "no_such_package_here"))
    with pytest.raises(ModelError, match=r"no_such_package_here: pip install 'duologue\[train\]'") as caught:
        extras.check_extra()
    assert "orjson" not in str(caught.value)
