from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from duologue.publish import Options, publish

LEFT = {".git/HEAD": "main", ".git/objects/ab/cd": "a commit", ".cache/hub/x": "x", ".gitattributes": "*.parquet"}
ANEW = Options(version="2.0.0", replace=True)


def cloned(run: Path, to: Path) -> None:
    """A data set in a folder in which the hub's tools left something."""
    publish(run, to, Options())
    for name, text in LEFT.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_text(text)


def held(to: Path) -> dict[str, str]:
    """What is there of it."""
    return {name: (to / name).read_text() for name in LEFT if (to / name).is_file()}


class Ended(BaseException):
    """The process is no more."""


def end_at(monkeypatch: pytest.MonkeyPatch, step: int, *, killed: bool) -> None:
    """End the process in place of one of the renames by which the folders change places; ``killed`` cleans nothing up."""
    rename, steps = Path.rename, iter(range(99))

    def counted(self: Path, target: Path) -> Path:
        if {self.suffix, self.parent.suffix, target.suffix} & {".part", ".old"}:
            now = next(steps)
            if now == step or (killed and now > step):
                raise Ended
        return rename(self, target)

    def removed(*_: object, **__: object) -> None:
        raise Ended

    monkeypatch.setattr(Path, "rename", counted)
    if killed:
        monkeypatch.setattr(shutil, "rmtree", removed)


def test_a_clones_history_survives_a_new_version(run: Path, tmp_path: Path) -> None:
    to = tmp_path / "owls"
    cloned(run, to)
    assert not publish(run, to, ANEW).again
    assert held(to) == LEFT
    assert list(tmp_path.iterdir()) == [to]


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("killed", [False, True])
def test_a_clones_history_survives_an_end_half_way(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, killed: bool
) -> None:
    to = tmp_path / "owls"
    cloned(run, to)
    with monkeypatch.context() as patched:
        end_at(patched, step, killed=killed)
        with pytest.raises(Ended):
            publish(run, to, ANEW)
    # Each file is in one of the two places.
    assert sorted(name for name in LEFT for _ in tmp_path.glob(f"*/{name}")) == sorted(LEFT)
    publish(run, to, ANEW)
    assert held(to) == LEFT
    assert publish(run, to, Options(version="2.0.0")).again
    assert not list(tmp_path.glob(".*.old"))


def test_a_history_that_has_begun_anew_is_kept_beside_the_older_one(run: Path, tmp_path: Path) -> None:
    to, old = tmp_path / "owls", tmp_path / ".owls.0123abcd.old"
    cloned(run, to)
    (old / ".git").mkdir(parents=True)
    (old / ".git" / "HEAD").write_text("older")
    publish(run, to, ANEW)
    assert held(to) == LEFT
    assert (old / ".git" / "HEAD").read_text() == "older"
