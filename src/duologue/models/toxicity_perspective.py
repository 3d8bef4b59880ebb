"""Toxicity by an endpoint that speaks the Perspective API (``comments:analyze``), wherever it stands.

The exchange: ``POST BASE_URL/v1alpha1/comments:analyze?key=KEY`` with the comment's text and the attributes asked for;
the answer holds a summary score in [0, 1] per attribute.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import quote, urlunsplit

import numpy as np
import orjson

from duologue.backends.endpoint import Secret, read_key, split_address
from duologue.backends.endpoint_errors import one_line, provider_message, retry_after
from duologue.config.sections import PerspectiveConfig
from duologue.errors import ConfigError, ItemFailed, RunStopped, UsageError
from duologue.models.protocol import Floats, ToxicityRating

PUBLIC_HOST = "commentanalyzer.googleapis.com"
"""Asks for a key always; other servers only where the user gives one."""
OVERALL = ("TOXICITY", "SEVERE_TOXICITY")
"""Attributes that say how toxic a text is, but not in which way."""
CACHE_SIZE = 100_000
LONGEST_WAIT = 120.0
"""Seconds; a server that asks for more is out of quota."""
_PAUSE = 1.0
_STEP = 0.2
"""Seconds after which a waiting thread looks whether the run is to end."""
_BUSY = (429, 500, 502, 503, 504)


class PerspectiveToxicity:
    """The greatest of the scores of ``config.attributes``; each is kept, and the greatest specific one is the kind.

    Texts are asked one by one, each once, at most ``config.requests_per_second`` over all threads; a refusal for
    overload is waited out as long as the server asks. What was said before is not sent: the API does not weigh it.
    The key stands in the environment variable ``config.key_env`` or in the owner-only file that ``<key_env>_FILE``
    names, and shows in no message. Redirects are not followed, certificates always verified, proxies of the
    environment used. Thread-safe. Raises ConfigError for an address that can't be used, UsageError for a missing or
    unsafe key.
    """

    name = "perspective"

    def __init__(
        self,
        config: PerspectiveConfig,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._config = config
        parts = split_address(config.base_url, "small_models.perspective.base_url", like="https://host")
        if parts.username or parts.password or parts.query:
            raise ConfigError(
                "small_models.perspective.base_url: holds a password or a query; put the key into the variable "
                f"{config.key_env}"
            )
        self._key: Secret = read_key(config.key_env, os.environ if environ is None else environ)
        if not self._key.reveal() and parts.hostname == PUBLIC_HOST:
            raise UsageError(
                f"no key for {parts.hostname}: set the environment variable {config.key_env}, or {config.key_env}_FILE to "
                "a file with the key"
            )
        self._where = f"{parts.scheme}://{parts.netloc}"
        path = parts.path.rstrip("/").removesuffix("/v1alpha1") + "/v1alpha1/comments:analyze"
        query = f"key={quote(self._key.reveal(), safe='')}" if self._key.reveal() else ""
        self._address = Secret(urlunsplit((parts.scheme, parts.netloc, path, query, "")))
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._clock, self._sleep = clock, sleep
        self._turn = threading.Lock()
        self._next = 0.0
        self._cache: dict[str, ToxicityRating] = {}
        self.check: Callable[[], None] = lambda: None
        """Raises RunStopped when the run is to end; asked while waiting."""

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        """Return an array (len(texts),) of scores in [0, 1]; see :meth:`rate` for what it raises."""
        return np.array([rating.score for rating in self.rate(texts)], dtype=np.float32)

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        """Ask for the texts not asked for yet.

        Raises RunStopped when the key is refused, the address leads nowhere or the quota is used up, ItemFailed when
        the server can't rate a text or fails again and again.
        """
        return tuple(self._rate(text) for text in texts)

    def _rate(self, text: str) -> ToxicityRating:
        if not text.strip():
            return ToxicityRating(0.0, "")
        known = self._cache.get(text)
        if known is None:
            known = self._ask(text)
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            self._cache[text] = known
        return known

    def _ask(self, text: str) -> ToxicityRating:
        body = orjson.dumps(
            {
                # A lone surrogate has no UTF-8 form.
                "comment": {"text": text.encode("utf-8", "replace").decode()},
                "languages": ["en"],
                "requestedAttributes": {attribute: {} for attribute in self._config.attributes},
                "doNotStore": True,
            }
        )
        failures = 0
        while True:
            self._wait_turn()
            status, headers, raw = self._post(body)
            if status == 200:
                return self._rating(raw)
            said = provider_message(raw, self._key.reveal())[0] if raw else ""
            message = f"{self._where} answered {status}" + (f": {said}" if said else "")
            if status and status not in _BUSY:
                if status == 400:
                    raise ItemFailed(message)
                hint = "check the key" if status in (401, 403) else "check small_models.perspective.base_url"
                raise RunStopped(f"{message}; {hint}")
            failures += 1
            asked = retry_after(headers) or 0.0
            if asked > LONGEST_WAIT:
                raise RunStopped(f"{message}; it asks to wait {asked:.0f} s, so go on later")
            if failures > self._config.retries:
                raise ItemFailed(f"{message}, {failures} times" if status else said_of(self._where, raw, failures))
            self._hold_back(max(asked, _PAUSE * 2.0 ** (failures - 1)))

    def _rating(self, raw: bytes) -> ToxicityRating:
        try:
            found: Any = orjson.loads(raw)["attributeScores"]
            scores = tuple(
                (name.lower(), min(1.0, max(0.0, float(found[name]["summaryScore"]["value"]))))
                for name in self._config.attributes
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ItemFailed(
                f"{self._where}: the answer lacks a score ({type(error).__name__}: {one_line(str(error), self._key.reveal())})"
            ) from None
        kinds = [pair for pair in scores if pair[0].upper() not in OVERALL]
        kind = max(kinds, key=lambda pair: pair[1])[0] if kinds else ""
        return ToxicityRating(max(score for _, score in scores), kind, scores)

    def _wait_turn(self) -> None:
        """Wait until the rate allows a request, and take the turn."""
        while True:
            self.check()
            with self._turn:
                wait = self._next - self._clock()
                if wait <= 0:
                    self._next = self._clock() + 1.0 / self._config.requests_per_second
                    return
            self._sleep(min(wait, _STEP))

    def _hold_back(self, seconds: float) -> None:
        """Let no thread ask for so many seconds."""
        with self._turn:
            self._next = max(self._next, self._clock() + seconds)

    def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """(status, headers, body); status 0 and the cause as body when there was no answer."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self._address.reveal(),
            data=body,
            headers={"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "duologue"},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=self._config.timeout) as response:
                return response.status, cast("Mapping[str, str]", response.headers), response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, cast("Mapping[str, str]", error.headers), _said(error)
        except (OSError, HTTPException) as error:
            cause = getattr(error, "reason", error)
            return 0, {}, one_line(str(cause) or type(error).__name__, self._key.reveal()).encode()


def said_of(where: str, cause: bytes, failures: int) -> str:
    """The message for a server that can't be reached."""
    return f"{where}: no answer in {failures} tries ({cause.decode()}); is the server running?"


def _said(error: urllib.error.HTTPError) -> bytes:
    """The body of a refusal, or nothing where it was cut off: the status says enough."""
    try:
        return error.read()
    except (OSError, HTTPException):
        return b""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The address holds the key, which must not reach another server."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None
