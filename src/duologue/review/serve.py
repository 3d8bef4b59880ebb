"""Serving a review until it is interrupted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from duologue.errors import UsageError
from duologue.review.app import Review, make_app
from duologue.review.security import allowed_hosts

CONNECTIONS = 512
"""Most requests and connections at once; more are told to come back."""
PATIENCE = 60.0
"""Seconds in which a request must have arrived as a whole, with the slowest phone's connection in mind."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; ``port`` 0 takes a free one. Raises UsageError where that can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends answers at once instead of waiting for acknowledgements.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(CONNECTIONS)
    except (OSError, OverflowError) as error:
        made.close()
        raise UsageError(
            f"--host {host} --port {port}: can't listen there ({error}); choose another, or --port 0"
        ) from error
    return made


def serve(review: Review, listening: socket.socket, host: str, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished. ``ready`` is called when pages can be asked for."""
    make_server(review, host, ready).run(sockets=[listening])


def make_server(review: Review, host: str, ready: Callable[[], None], patience: float = PATIENCE) -> uvicorn.Server:
    """The server of a review. ``patience``: seconds in which a request must have arrived as a whole."""

    def protocol(*args: Any, **more: Any) -> H11Protocol:
        return Impatient(*args, patience=patience, **more)

    config = uvicorn.Config(
        make_app(review, allowed_hosts(host)), log_level="error", access_log=False, server_header=False,
        proxy_headers=False, date_header=False, limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=10,
        timeout_keep_alive=20, h11_max_incomplete_event_size=32_768, http=cast("Any", protocol), ws="none", lifespan="on",
    )  # fmt: skip
    return _Server(config, ready)


class Impatient(H11Protocol):
    """HTTP that hangs up on whoever doesn't get on with a request, so that idle connections can't take all the places."""

    def __init__(self, *args: Any, patience: float, **more: Any) -> None:
        super().__init__(*args, **more)
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self._patience, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Take what came; the time runs from the request's first byte to its last."""
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(self._patience, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._stop()
        super().connection_lost(exc)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
