"""Any OpenAI-compatible server: ``POST BASE_URL/chat/completions`` over one keep-alive aiohttp session."""

from __future__ import annotations

import base64
import ipaddress
import logging
import os
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

import orjson

from duologue.backends import endpoint_wire as wire
from duologue.backends.endpoint_errors import WastedCall, classify, one_line, provider_message
from duologue.backends.protocol import Answer, Features, Request
from duologue.config.sections import EngineConfig
from duologue.errors import CallError, ConfigError, UsageError

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

_log = logging.getLogger("duologue")
_ATTEMPTS_TO_AGREE = 12
"""Tries of one request while the server refuses optional fields, one after the other."""
LONGEST_BODY = 64 * 1024 * 1024
"""Bytes of a response beyond which it is no answer of a language model."""


class Secret:
    """A key that does not show itself in messages and tracebacks."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(...)" if self._value else "Secret(none)"

    def reveal(self) -> str:
        """The key itself."""
        return self._value


class EndpointBackend:
    """A :class:`duologue.backends.protocol.Backend` for OpenAI, vLLM, SGLang, llama-server, Ollama and their like.

    The key comes from the environment variable ``key_env``, or from the file that ``<key_env>_FILE`` names, which
    only its owner may read. A server on this machine or in a private network needs none. A schema is sent as
    ``response_format``; where the server refuses it, plain JSON mode and then nothing is tried, and the refusal is
    remembered, as it is for sampling fields that the server does not know or lets nobody set. Proxies of the environment are used.
    TLS certificates are always verified.
    """

    name = "endpoint"

    def __init__(
        self,
        base_url: str,
        model: str,
        key_env: str = "OPENAI_API_KEY",
        config: EngineConfig | None = None,
        *,
        json_schema: bool = True,
        extra_body: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """``extra_body`` is a JSON object whose fields go into every request; it is part of the model's name in keys.

        Raises ConfigError for an address that can't be used, UsageError for a missing or unsafe key.
        """
        self.model = f"{model} {extra_body}" if extra_body else model
        self._model = model
        self._extra: dict[str, object] = orjson.loads(extra_body) if extra_body else {}
        self.features = Features(json_schema=json_schema, logprobs=True, scoring=True)
        self._config = config or EngineConfig.model_validate({})
        parts = split_address(base_url, "model.base_url", like="https://host/v1")
        if parts.username or parts.password:
            raise ConfigError(f"model.base_url: holds a name or password; put the key into the variable {key_env}")
        self._address = urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/chat/completions", fragment=""))
        self._where = f"{parts.scheme}://{parts.netloc}"
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._key = read_key(key_env, environ or os.environ)
        if not self._key.reveal() and not _is_near(self._host):
            raise UsageError(
                f"no key for {self._where}: set the environment variable {key_env}, or {key_env}_FILE to a file with the key"
            )
        self._refused: frozenset[str] = frozenset()
        self._answered = False
        self._session: ClientSession | None = None
        self._url: URL | str = self._address
        self._proxy: str | None = None
        self._headers: dict[str, str] = {}
        self._proxy_headers: dict[str, str] = {}

    async def start(self) -> None:
        """Open the session. Nothing is sent. Raises ConfigError for an address that can't be used."""
        import aiohttp
        from yarl import URL

        config = self._config
        try:
            self._url = URL(self._address)
        except ValueError:
            raise ConfigError(f"model.base_url: {self._where!r} is no address like https://host/v1") from None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            headers={"Accept": "application/json", "User-Agent": "duologue"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=config.total_timeout, sock_connect=config.connect_timeout, sock_read=config.first_byte_timeout
            ),
        )
        # Not among the session's own headers: aiohttp would hand those to a proxy too, key and all.
        self._headers = {"Content-Type": "application/json"}
        if self._key.reveal():
            self._headers["Authorization"] = f"Bearer {self._key.reveal()}"
        # Looked up once: aiohttp's trust_env would do it for every request, and read a netrc file that could
        # replace the key.
        proxy = urllib.request.getproxies().get(self._scheme)
        if proxy and not urllib.request.proxy_bypass(self._host):
            address = URL(proxy if "://" in proxy else f"http://{proxy}")
            if address.user:
                login = base64.b64encode(f"{address.user}:{address.password or ''}".encode()).decode()
                # A proxy reads the request itself where it is not encrypted, else the CONNECT before it.
                target = self._headers if self._scheme == "http" else self._proxy_headers
                target["Proxy-Authorization"] = f"Basic {login}"
            self._proxy = str(address.with_user(None))

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def answer(self, request: Request) -> Answer:
        """See the Protocol. Raises CallError, classed as ``endpoint_errors`` says."""
        dropped: frozenset[str] = frozenset()
        for _ in range(_ATTEMPTS_TO_AGREE):
            ours = wire.body(request, self._model, self._refused | dropped)
            status, headers, raw = await self._post(orjson.dumps(ours | self._extra))
            if status == 200:
                self._answered = True
                key = self._key.reveal()
                # An echo of the key must not reach the log.
                raw = raw.replace(key.encode(), b"[key]") if key else raw
                answer = wire.answer(raw, request, where=self._where)
                self._leave_out(dropped)
                return answer
            if status not in (400, 422):
                break
            # What extra_body sets stays, so leaving ours out would change nothing.
            ours = {name: value for name, value in ours.items() if name not in self._extra}
            field = wire.refused_field(provider_message(raw)[0], ours)
            if field is None or field in dropped:
                break
            dropped |= {field}
        raise classify(status, headers, raw, where=self._where, key=self._key.reveal())

    def _leave_out(self, fields: frozenset[str]) -> None:
        """Send these fields no more: a request passed without them."""
        for field in sorted(fields - self._refused):
            if field in wire.CHANGES_SAMPLING:
                _log.warning("%s takes no %s for this model, so its own is used", self._where, field)
        self._refused |= fields

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        if self._session is None:
            raise CallError("stop", "the endpoint backend was not started")
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers=self._headers,
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
            ) as response:
                return response.status, response.headers, await self._read(response)
        except TimeoutError as error:
            # It took the call, so one prompt that it never ends is no outage; four at once are.
            raise CallError(
                "retry",
                f"{self._where}: no answer in time; raise engine.first_byte_timeout if it is only slow",
                status=504,
            ) from error
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            raise CallError("stop", f"{self._where}: no secure connection ({self._plain(error)})") from error
        except aiohttp.ClientHttpProxyError as error:
            # Not chained: this error carries the headers that were sent to the proxy.
            kind: Literal["stop", "retry"] = "stop" if error.status in (401, 403, 407) else "retry"
            raise CallError(
                kind, f"{self._where}: the proxy answered {error.status}; check the proxy variables"
            ) from None
        except aiohttp.ClientConnectorError as error:
            if not self._answered:
                raise CallError(
                    "stop", f"{self._where}: can't be reached ({self._plain(error)}); is the server running?"
                ) from error
            # It was there before, so it may be starting again.
            raise CallError("busy", f"{self._where}: can't be reached ({self._plain(error)})") from error
        except (aiohttp.ClientError, OSError) as error:
            raise CallError("retry", f"{self._where}: connection lost ({self._plain(error)})") from error

    async def _read(self, response: ClientResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > LONGEST_BODY:
                raise WastedCall(f"{self._where}: the answer has more than {LONGEST_BODY >> 20} MB")
            parts.append(part)
        return b"".join(parts)

    def _plain(self, error: Exception) -> str:
        return one_line(str(error) or type(error).__name__, self._key.reveal())


def split_address(address: str, field: str, *, like: str) -> SplitResult:
    """The parts of a web address. Raises ConfigError, which names ``field``, for one that can't be used."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        # Without what stands before the host, which may be a password.
        raise ConfigError(f"{field}: {address.rpartition('@')[2]!r} is no address like {like}")
    return parts


def read_key(name: str, environ: Mapping[str, str]) -> Secret:
    """The key in variable ``name``, or in the owner-only file that ``name_FILE`` names; empty when there is neither.

    Raises UsageError, which never shows the key, when the file can't be read or others may read it, and when the key
    holds anything but printable ASCII.
    """
    value = environ.get(name, "").strip()
    file = environ.get(f"{name}_FILE", "").strip()
    if not value and file:
        path = Path(file)
        try:
            if path.stat().st_mode & 0o077:
                raise UsageError(f"{path}: others may read this key file; run chmod 600 on it")
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{path}: the key file named by {name}_FILE can't be read") from None
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise UsageError(f"the key in {name} holds blanks or unprintable characters; copy it again")
    return Secret(value)


def _is_near(host: str) -> bool:
    """Whether a host is this machine or in a private network, where servers often ask for no key."""
    if (
        host == "localhost"
        or host.endswith((".localhost", ".local", ".internal"))
        or ("." not in host and ":" not in host)
    ):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback
