"""Tests of serving: connections that don't get on are ended, those that do are not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from duologue.review.app import open_review
from duologue.review.serve import bind, make_server


@pytest.fixture
def port(write_run: Callable[..., Path], tmp_path: Path) -> Iterator[int]:
    """A review whose patience is half a second."""
    review = open_review(write_run(tmp_path / "run", 1))
    listening, there = bind("127.0.0.1", 0), threading.Event()
    server = make_server(review, "127.0.0.1", there.set, patience=0.5)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert there.wait(60)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(60)
    review.close()


def _said(connection: socket.socket) -> bytes:
    """All that is said until the other side hangs up."""
    said = b""
    try:
        while part := connection.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /list HTTP/1.1\r\nHost: local",
        b"POST /row/1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\naction=",
    ],
)
def test_who_does_not_get_on_is_hung_up_on(port: int, begun: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(begun)
        assert b"200 OK" not in _said(connection)


def test_a_second_request_that_stops_is_hung_up_on_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        connection.sendall(b"GET /list HTTP/1.1\r\n")
        assert b"<!doctype" not in _said(connection)


def test_a_request_in_pieces_is_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for piece in (b"GET /list HT", b"TP/1.1\r\nHost: local", b"host\r\nConnection: close\r\n\r\n"):
            connection.sendall(piece)
        assert _said(connection).startswith(b"HTTP/1.1 200 OK")
