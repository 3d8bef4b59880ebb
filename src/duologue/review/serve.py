"""Serving a review until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from duologue.errors import UsageError
from duologue.review.app import Review, make_app
from duologue.review.security import allowed_hosts

CONNECTIONS = 512
"""Most requests and connections at once; more are told to come back."""


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
    app = make_app(review, allowed_hosts(host))
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, proxy_headers=False, date_header=False,
        limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=10, timeout_keep_alive=20, h11_max_incomplete_event_size=32_768,
        http="h11", ws="none", lifespan="on",
    )  # fmt: skip
    server = _Server(config, ready)
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
