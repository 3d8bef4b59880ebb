"""Files from the Hugging Face hub, over plain HTTPS, continued where a download was cut off."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from duologue.models.files import BLOCK, disk, sha256_of, sync
from duologue.models.registry import FileEntry, HubFile
from duologue.models.sources import Report, SourceError, short

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
RETRY_PAUSE = 1.0
"""Seconds before a cut download is taken up again; doubles with each attempt that brings nothing."""
ATTEMPTS = 3
"""Attempts in a row that may bring nothing once a download has begun."""


class _CutOffError(Exception):
    """The connection ended early; trying again may help."""


class _HttpConnection(http.client.HTTPConnection):
    """Fails fast when there is nobody, but is patient once connected."""

    def connect(self) -> None:
        self.timeout = CONNECT_TIMEOUT
        super().connect()
        self.sock.settimeout(READ_TIMEOUT)


class _HttpsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        self.timeout = CONNECT_TIMEOUT
        super().connect()
        self.sock.settimeout(READ_TIMEOUT)


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpConnection, req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpsConnection, req, context=ssl.create_default_context())


def hub_url(source: HubFile) -> str:
    """The file's address; ``HF_ENDPOINT`` names another hub."""
    base = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or "https://huggingface.co"
    if not base.startswith(("https://", "http://")):
        raise SourceError("HF_ENDPOINT is no http(s) address")
    path = "/".join(urllib.parse.quote(piece) for piece in (source.repo, "resolve", source.revision, source.path))
    return f"{base}/{path}"


def fetch_from_hub(source: HubFile, file: FileEntry, folder: Path, report: Report) -> Path:
    """Fetch one file from the hub into ``folder`` and return the path of a verified temporary file.

    An earlier ``.part`` file is continued. Raises SourceError when the hub can't deliver the pinned bytes, ModelError
    when the folder can't be written.
    """
    url = hub_url(source)
    part = folder / f"{file.name}.part"
    fresh = False
    received = False
    idle = 0
    while True:
        have = _size(part)
        if have == file.size:
            with disk(folder):
                right = sha256_of(part) == file.sha256
            if right:
                return part
        if have >= file.size:
            with disk(folder):
                part.unlink()
            if have == file.size and fresh:
                raise SourceError("what it sent has a wrong SHA-256")
            have = 0
        fresh = fresh or have == 0
        try:
            _stream(url, part, have, file.size, report)
        except _CutOffError as error:
            grew = _size(part) > have
            received = received or grew
            idle = 0 if grew else idle + 1
            if not received or idle >= ATTEMPTS:
                raise SourceError(str(error)) from error
            time.sleep(RETRY_PAUSE * 2**idle)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _stream(url: str, part: Path, have: int, size: int, report: Report) -> None:
    """Append what is missing to ``part``; starts over where the server can't continue."""
    headers = {"User-Agent": "duologue", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    opener = urllib.request.build_opener(_HttpHandler(), _HttpsHandler())
    with contextlib.ExitStack() as stack:
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - hub_url lets only http(s) through
            response = stack.enter_context(opener.open(request))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and have:
                with disk(part.parent):
                    part.unlink()
                return
            raise SourceError(f"answered {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _CutOffError(_network_cause(error)) from error
        if response.status == 206:
            start, total = _content_range(response.headers.get("Content-Range", ""))
        else:
            start, total = 0, _number(response.headers.get("Content-Length"))
        if start not in (0, have):
            raise SourceError("continued the download at another place than asked")
        if total not in (None, size):
            raise SourceError(f"has another version of the file ({total} bytes, not {size})")
        with disk(part.parent):
            out = stack.enter_context(part.open("ab" if start else "wb"))
        done = start
        report(done, size)
        while done < size:
            try:
                block = response.read1(BLOCK)
            except (OSError, http.client.HTTPException) as error:
                raise _CutOffError(_network_cause(error)) from error
            if not block:
                raise _CutOffError(f"the connection ended after {done} of {size} bytes")
            with disk(part.parent):
                out.write(block[: size - done])
            done = min(size, done + len(block))
            report(done, size)
        with disk(part.parent):
            sync(out)


def _content_range(value: str) -> tuple[int, int | None]:
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", value.strip())
    if match is None:
        raise SourceError("sent a partial answer without saying which part")
    return int(match[1]), _number(match[2])


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _network_cause(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return f"not reachable ({reason.strerror})"
    return f"not reachable ({short(str(reason) or type(reason).__name__)})"
