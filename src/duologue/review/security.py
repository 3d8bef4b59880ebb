"""What keeps the page to those it is for: hosts, tokens, CSRF, size limits and headers.

Text from data sets never becomes markup: templates escape everything, there is no inline script or style, and the
content security policy forbids both.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY = 512 * 1024
"""Most bytes of a request's body."""
FIELDS = 400
"""Most fields of a form."""
ADDRESS = 8 * 1024
"""Most bytes of a path with its query."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers then hide the origin of our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host in _LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str) -> frozenset[str] | None:
    """The Host headers that are served when listening on ``host``; None for any, where it listens on all addresses."""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return None
    return _LOOPBACK | {host.lower()} if is_loopback(host) else frozenset((host.lower(),))


class Shield:
    """ASGI middleware, outermost: checks the host, the address's and the body's size; sets headers."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        static = scope["path"].startswith("/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    out[name] = value
                if not static:
                    out["Cache-Control"] = "no-store"
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, with_headers)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY:
                raise HTTPException(413, "the request is too large")
            return message

        await self._app(scope, counted, with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if self._hosts is not None and host_of(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("this address is not served here; use the one that duologue printed", 400)
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > ADDRESS:
            return PlainTextResponse("the address is too long", 414)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY:
            return PlainTextResponse("the request is too large", 413)
        if scope["method"] == "POST":
            origin = headers.get("origin")
            # "null" comes from pages that hide where they are, which ours are not.
            if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
                return PlainTextResponse("the form came from another site", 403)
        return None


def host_of(header: str) -> str:
    """The host in a Host header, without its port, in lower case."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may see the owner's pages, and which forms are ours."""

    secret: str
    token: str | None
    """What the owner must show once; None where everyone who reaches the page is the owner."""

    @property
    def of_annotators(self) -> Gate:
        """For forms of annotators, who have nothing but their links: what it signs outlasts the owner's token."""
        return Gate(self.secret, None)

    @property
    def cookie(self) -> str:
        """The cookie's name; cookies of one host are shared by all its ports."""
        return "duologue_" + hashlib.sha256(self.secret.encode()).hexdigest()[:8]

    def sign(self, *parts: str) -> str:
        """A signature over the parts, 43 characters."""
        key = hashlib.sha256(f"{self.secret}|{self.token or ''}".encode()).digest()
        return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:43]

    def new_cookie(self) -> str:
        """A cookie's value for the owner."""
        name = secrets.token_urlsafe(16)
        return f"{name}.{self.sign('owner', name)}"

    def owner(self, request: Request) -> str | None:
        """Who the request's cookie says it is, or None when it is not the owner's."""
        name, _, signature = request.cookies.get(self.cookie, "").partition(".")
        return name if name and _same(signature, self.sign("owner", name)) else None

    def admits(self, token: str) -> bool:
        """Whether ``token`` is the owner's."""
        return self.token is not None and _same(token, self.token)

    def csrf(self, who: str) -> str:
        """The token of a form for ``who``."""
        return self.sign("csrf", who)

    async def form(self, request: Request, who: str) -> FormData:
        """The fields of a form of ours. Raises HTTPException 403 where its token is missing or another's."""
        form = await request.form(max_files=0, max_fields=FIELDS, max_part_size=BODY)
        given = form.get("csrf")
        if not isinstance(given, str) or not _same(given, self.csrf(who)):
            raise HTTPException(403, "the form is too old or came from elsewhere; reload the page and send it again")
        return form


def _same(given: str, ours: str) -> bool:
    # Of texts, compare_digest takes ASCII alone.
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())


Handler = Callable[[Request], Awaitable[Response]]


def owner_only(handler: Handler) -> Handler:
    """Let only the owner in. Where no token is asked for, a first visit makes the visitor the owner."""

    async def checked(request: Request) -> Response:
        gate: Gate = request.app.state.review.gate
        name = gate.owner(request)
        fresh = ""
        if name is None:
            if gate.token is not None:
                raise HTTPException(401, "this page needs the address that duologue printed, with its token")
            if request.method not in ("GET", "HEAD"):
                raise HTTPException(403, "reload the page and send the form again")
            fresh = gate.new_cookie()
            name = fresh.partition(".")[0]
        request.state.who = name
        response = await handler(request)
        if fresh:
            give_cookie(response, gate, fresh)
        return response

    return checked


def give_cookie(response: Response, gate: Gate, value: str) -> None:
    """Set the owner's cookie."""
    response.set_cookie(gate.cookie, value, httponly=True, samesite="lax", max_age=30 * 24 * 3600)


async def enter(request: Request) -> Response:
    """The printed address: takes the token out of it and gives a cookie instead."""
    gate: Gate = request.app.state.review.gate
    if not gate.admits(request.query_params.get("token", "")):
        raise HTTPException(401, "the token is wrong; use the address that duologue printed")
    response = RedirectResponse("/", 303)
    give_cookie(response, gate, gate.new_cookie())
    return response
