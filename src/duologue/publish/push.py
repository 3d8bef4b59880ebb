"""Sending a published folder to the Hugging Face hub. Broken off, the same call goes on: what is there is not sent again.

The card, the checksums and the marker go last, in one commit with the deletion of what an earlier version left. So until
then the hub's checksums are the earlier version's, and say which files were its own; no other file is ever deleted.
"""

from __future__ import annotations

import glob
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from duologue.errors import DuologueError, UsageError
from duologue.publish.card import FILE_NAME as CARD
from duologue.publish.checksums import FILE_NAME as SUMS
from duologue.publish.checksums import read_sums
from duologue.publish.folder import MARKER, check_whole, read_marker

_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
_LAST = (CARD, SUMS, MARKER)
"""What says that the data set is there in full."""


class Hub(Protocol):
    """What is needed of ``huggingface_hub.HfApi``; tests pass their own."""

    def create_repo(self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool) -> object:
        """Make the repository if it is not there."""
        ...

    def list_repo_files(self, repo_id: str, *, repo_type: str) -> list[str]:
        """Paths of its files."""
        ...

    @property
    def hf_hub_download(self) -> Callable[..., Any]:
        """Fetch one file into ``local_dir``."""
        ...

    @property
    def upload_folder(self) -> Callable[..., Any]:
        """Send a folder in one commit, or several where it is large."""
        ...


def check_id(repo: str) -> None:
    """Raise UsageError unless ``repo`` has the form OWNER/NAME."""
    if not _ID.match(repo) or len(repo) > 120:
        raise UsageError(f"--push: {repo[:60]!r} is no data set id; write OWNER/NAME")


def connect(token_file: Path | None = None) -> Hub:
    """The hub's client, with the token of the file, else of HF_TOKEN or the hub's own login.

    Raises UsageError when there is no token or ``huggingface_hub`` is not installed. The token is never shown.
    """
    try:
        from huggingface_hub import HfApi, get_token
    except ImportError as error:
        raise UsageError("--push needs huggingface-hub; install it with: pip install 'duologue[hub]'") from error
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--token-file: {token_file} can't be read; give a text file that holds the token"
            ) from error
    else:
        token = get_token() or ""
    if not token:
        raise UsageError(
            "--push needs a token of the hub: set HF_TOKEN, give --token-file, or log in with: hf auth login"
        )
    return HfApi(token=token)


def push(folder: Path, repo: str, hub: Hub, *, private: bool = False) -> str:
    """Send ``folder`` to the data set ``repo``; return where it is.

    Of the folder, its card and the files that its SHA256SUMS lists are sent, and nothing else. It is checked against
    its SHA256SUMS first. A repository that holds files and no data set of duologue is left
    alone. In one that holds a data set, files that its SHA256SUMS lists and this one lacks are deleted; others stay.
    Raises UsageError for a foreign repository or folder, and DuologueError, in one line, when the hub refuses or the
    upload breaks off.
    """
    check_id(repo)
    marker = read_marker(folder)
    if marker is None:
        raise UsageError(f"{folder} was not made by duologue publish; publish the run to a new folder first")
    check_whole(folder)
    _call(repo, lambda: hub.create_repo(repo, repo_type="dataset", private=private, exist_ok=True))
    there = set(_call(repo, lambda: hub.list_repo_files(repo, repo_type="dataset")) or ()) - {".gitattributes"}
    own = {*read_sums(folder), *_LAST}
    # An upload that broke off leaves a part of what is sent now, but none of what goes last.
    foreign = sorted((there & {CARD, SUMS}) | (there - own))
    if foreign and MARKER not in there:
        raise UsageError(
            f"--push: {repo} holds other files ({foreign[0][:80]}) and no data set of duologue; name a new data set, or "
            "move them away first"
        )
    stale = sorted((there - own) & _listed(repo, hub, there))
    common = {"repo_id": repo, "folder_path": str(folder), "repo_type": "dataset"}
    common["commit_message"] = f"Data set by {marker['made_by']}"
    # What the sums don't list, such as notes or a review that lies in the folder, is nobody else's business.
    listed = [glob.escape(name) for name in read_sums(folder)]
    _call(repo, lambda: hub.upload_folder(**common, allow_patterns=listed, ignore_patterns=list(_LAST)))
    last: dict[str, Any] = {"allow_patterns": list(_LAST)}
    if stale:
        # The hub reads them as patterns.
        last["delete_patterns"] = [glob.escape(name) for name in stale]
    _call(repo, lambda: hub.upload_folder(**common, **last))
    return f"https://huggingface.co/datasets/{repo}"


def _listed(repo: str, hub: Hub, there: set[str]) -> set[str]:
    """The files that the data set which the repository holds lists as its own."""
    if not {MARKER, SUMS} <= there:
        return set()
    with tempfile.TemporaryDirectory() as folder:
        _call(repo, lambda: hub.hf_hub_download(repo, SUMS, repo_type="dataset", local_dir=folder))
        return set(read_sums(Path(folder)))


def _call(repo: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except DuologueError:
        raise
    except Exception as error:  # the client raises its own, HTTP's and the network's
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise UsageError(
                f"--push: the hub refuses {repo} ({status}); check the token, its rights and the name"
            ) from error
        cause = re.sub(r"\bhf_\w+", "[token]", " ".join(str(error).split()))[:200] or type(error).__name__
        raise DuologueError(
            f"the upload to {repo} broke off ({cause}); run the same command again and it goes on"
        ) from error
