from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import DuologueError, UsageError
from duologue.publish import Options, publish
from duologue.publish.push import check_id, connect, push


class Hub:
    """A hub in memory: ``broken`` uploads fail after their first new file, as a lost connection does."""

    def __init__(self, files: dict[str, bytes] | None = None, broken: int = 0) -> None:
        self.files = dict(files or {})
        self.sent: list[str] = []
        self.broken = broken
        self.made: list[tuple[str, bool]] = []

    def create_repo(self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool) -> object:
        assert (repo_type, exist_ok) == ("dataset", True)
        self.made.append((repo_id, private))
        return None

    def list_repo_files(self, repo_id: str, *, repo_type: str) -> list[str]:
        return list(self.files)

    def hf_hub_download(self, repo_id: str, filename: str, *, repo_type: str, local_dir: str) -> str:
        (Path(local_dir) / filename).write_bytes(self.files[filename])
        return str(Path(local_dir) / filename)

    def upload_folder(
        self,
        *,
        folder_path: str,
        allow_patterns: list[str] | None = None,
        ignore_patterns: list[str] | None = None,
        delete_patterns: list[str] | None = None,
        **_: Any,
    ) -> None:
        def matches(name: str, patterns: list[str] | None) -> bool:
            return any(fnmatch(name, pattern) for pattern in patterns or ())

        for name in [n for n in self.files if matches(n, delete_patterns) and n != ".gitattributes"]:
            del self.files[name]
        root = Path(folder_path)
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            name, content = path.relative_to(root).as_posix(), path.read_bytes()
            if matches(name, ignore_patterns) or (allow_patterns and not matches(name, allow_patterns)):
                continue
            if self.files.get(name) == content:
                continue
            self.files[name] = content
            self.sent.append(name)
            if self.broken:
                self.broken -= 1
                raise ConnectionError("reset by peer, token hf_abcdefghijkl")


def of(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def earlier(*names: str) -> dict[str, bytes]:
    """A repository that holds an earlier version with these data files."""
    sums = "".join(f"{'0' * 64}  {name}\n" for name in (*names, "duologue.json"))
    held = {"duologue.json": b"{}", "README.md": b"old", "SHA256SUMS": sums.encode(), ".gitattributes": b"x"}
    return held | dict.fromkeys(names, b"old")


def test_everything_arrives_and_what_an_earlier_version_left_goes(published: Path) -> None:
    hub = Hub(earlier("data/old.parquet", "data/[a]*.parquet"))
    where = push(published, "me/owls", hub, private=True)
    assert where.endswith("/datasets/me/owls")
    assert hub.made == [("me/owls", True)]
    assert hub.files == of(published) | {".gitattributes": b"x"}


def test_what_is_not_of_the_data_set_is_not_sent(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "owls"
    publish(run, folder, Options())
    own = of(folder)
    for name in ("review.sqlite", ".env", "data/draft.parquet", "notes/README.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
    hub = Hub()
    push(folder, "me/owls", hub)
    assert hub.files == own


def test_files_that_no_version_listed_stay(published: Path) -> None:
    foreign = {"images/owl.png": b"png", "data/mine.parquet": b"mine", "data/a.parquet": b"a"}
    hub = Hub(earlier("data/old.parquet", "data/*.parquet") | foreign)
    push(published, "me/owls", hub)
    assert hub.files == of(published) | foreign | {".gitattributes": b"x"}


def test_nothing_is_deleted_where_the_list_is_damaged_or_missing(published: Path) -> None:
    for sums in ({"SHA256SUMS": b"nonsense"}, {}):
        hub = Hub({"duologue.json": b"{}", "data/old.parquet": b"old"} | sums)
        push(published, "me/owls", hub)
        assert hub.files == of(published) | {"data/old.parquet": b"old"}


@pytest.mark.parametrize("broken", [1, 4])
def test_a_new_version_that_broke_off_still_knows_what_was_the_old_ones(published: Path, broken: int) -> None:
    hub = Hub(earlier("data/old.parquet"), broken=broken)
    for _ in range(broken):
        with pytest.raises(DuologueError, match="broke off"):
            push(published, "me/owls", hub)
        assert hub.files["README.md"] == b"old"
        assert "data/old.parquet" in hub.files
    push(published, "me/owls", hub)
    assert hub.files == of(published) | {".gitattributes": b"x"}


def test_a_broken_upload_goes_on_where_it_stopped_and_the_token_is_not_shown(published: Path) -> None:
    hub = Hub(broken=2)
    for _ in range(2):
        with pytest.raises(DuologueError, match=r"broke off.*run the same command again") as caught:
            push(published, "me/owls", hub)
        assert "abcdefghijkl" not in str(caught.value)
    push(published, "me/owls", hub)
    assert len(hub.sent) == len(set(hub.sent)) == len(hub.files)


@pytest.mark.parametrize("name", ["model.safetensors", "README.md", "SHA256SUMS"])
def test_a_repository_with_other_files_is_left_alone(published: Path, name: str) -> None:
    hub = Hub({name: b"w"})
    with pytest.raises(UsageError, match="me/owls holds other files"):
        push(published, "me/owls", hub)
    assert hub.files == {name: b"w"}


@pytest.mark.parametrize("name", ["owls", "me/", "/owls", "me/owls/more", "a b/c", "../x/y"])
def test_ids(name: str) -> None:
    with pytest.raises(UsageError, match="write OWNER/NAME"):
        check_id(name)


def test_refusals_of_the_hub_are_told_apart(published: Path) -> None:
    class Refused(Exception):
        class response:  # noqa: N801
            status_code = 403

    hub = Hub()
    hub.create_repo = lambda *_, **__: (_ for _ in ()).throw(Refused("no"))  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"the hub refuses me/owls \(403\)"):
        push(published, "me/owls", hub)


def test_no_token_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="huggingface-hub is not installed")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(UsageError, match="--push needs a token of the hub"):
        connect()
    with pytest.raises(UsageError, match=r"--token-file: .* can't be read"):
        connect(tmp_path / "missing")


def test_a_foreign_folder_is_not_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="was not made by duologue publish"):
        push(tmp_path, "me/owls", Hub())
