"""A fast OpenAI-compatible mock on loopback, with latency, heavy tails, errors and bad answers on demand.

    python bench/mock_server.py [PORT] [DELAY_SECONDS]      (port 0 takes a free one; the port is printed)

POST /v1/chat/completions   waits, then answers with a fixed sentence
POST /mode                  {"delay", "tail_share", "tail", "error_share", "error_status", "retry_after", "bad_share"}
GET  /stats                 calls, errors, bad, peak, connections, rate, window (first arrival to last answer, seconds),
                            tail (seconds of it since nine tenths of the peak were last in flight)
POST /reset                 zeroes the counts; {"seed"} begins another random stream, 0 by default

What becomes of a call depends on the stream and on how many came before it, so a repeat of its own wants its own seed.
``error_status`` may be a list, whose statuses take turns; ``retry_after`` goes with 429 and 503.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import Any

TEXT = "Hello there! I love hiking and I have two dogs. What do you do for fun?"


class State:
    """The mode and the counts of one server."""

    def __init__(self, delay: float) -> None:
        self.mode: dict[str, Any] = {
            "delay": delay, "tail_share": 0.0, "tail": 1.0, "error_share": 0.0, "error_status": 500,
            "retry_after": None, "bad_share": 0.0,
        }  # fmt: skip
        self.connections = 0
        self.in_flight = 0
        self.reset()

    def reset(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.calls = self.errors = self.bad = 0
        self.peak = 0
        self.first = self.last = self.full = 0.0

    def stats(self) -> dict[str, Any]:
        window = self.last - self.first
        return {
            "calls": self.calls, "errors": self.errors, "bad": self.bad, "peak": self.peak, "in_flight": self.in_flight,
            "connections": self.connections, "window": window, "rate": self.calls / window if window > 0 else 0.0,
            "tail": self.last - self.full,
        }  # fmt: skip


class Server(asyncio.Protocol):
    """One keep-alive connection; requests on it come one after the other."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.buffer = b""
        self.last = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.state.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            # Some clients read to the end of the connection and wait for ever if it is kept open.
            self.last = b"connection: close" in head
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            self.handle(head.split(b" ", 2)[1], body)

    def handle(self, path: bytes, body: bytes) -> None:
        state = self.state
        if path.endswith(b"/chat/completions"):
            mode, rng = state.mode, state.random
            now = time.perf_counter()
            state.first = state.first or now
            state.in_flight += 1
            state.peak = max(state.peak, state.in_flight)
            if state.in_flight >= 0.9 * state.peak:
                state.full = now
            delay = mode["tail"] if rng.random() < mode["tail_share"] else mode["delay"]
            fate = rng.random()
            error = fate < mode["error_share"]
            bad = not error and fate < mode["error_share"] + mode["bad_share"]
            asyncio.get_running_loop().call_later(delay, self.complete, body, error, bad)
        elif path.startswith(b"/stats"):
            self.send(200, json.dumps(state.stats()).encode())
        elif path.startswith(b"/reset"):
            state.reset(json.loads(body or b"{}").get("seed", 0))
            self.send(200, b"{}")
        elif path.startswith(b"/mode"):
            state.mode.update(json.loads(body or b"{}"))
            self.send(200, json.dumps(state.mode).encode())
        elif path.endswith(b"/models"):
            self.send(200, b'{"object":"list","data":[{"id":"mock","object":"model"}]}')
        else:
            self.send(404, b'{"error":{"message":"no such path"}}')

    def complete(self, body: bytes, error: bool, bad: bool) -> None:
        state = self.state
        state.in_flight -= 1
        state.calls += 1
        state.last = time.perf_counter()
        if error:
            state.errors += 1
            message = {"error": {"message": "mock failure", "type": "server_error", "code": None}}
            statuses = state.mode["error_status"]
            status = statuses if isinstance(statuses, int) else statuses[state.errors % len(statuses)]
            after = state.mode["retry_after"] if status in (429, 503) else None
            self.send(status, json.dumps(message).encode(), after)
            return
        answer = completion(json.loads(body))
        if bad:
            state.bad += 1
            answer = (answer[: len(answer) // 2], b'{"choices":[]}', b"<html>busy</html>")[state.bad % 3]
        self.send(200, answer)

    def send(self, status: int, body: bytes, retry_after: float | None = None) -> None:
        if self.transport is None:
            return
        extra = b"" if retry_after is None else b"retry-after: %d\r\n" % retry_after
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n%s"
            % (status, b"OK" if status == 200 else b"Error", extra, len(body), body)
        )
        if self.last:
            self.transport.close()


def completion(request: dict[str, Any]) -> bytes:
    """The body of a good answer."""
    content = TEXT
    if request.get("response_format", {}).get("type") in ("json_schema", "json_object"):
        content = json.dumps({"text": TEXT})
    message = {"role": "assistant", "content": content}
    return json.dumps(
        {
            "id": "chatcmpl-1", "object": "chat.completion", "created": int(time.time()), "model": "mock",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40},
        }
    ).encode()  # fmt: skip


async def serve(port: int, delay: float) -> None:
    """Serve until killed, at most an hour."""
    state = State(delay)
    server = await asyncio.get_running_loop().create_server(lambda: Server(state), "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(
        serve(int(sys.argv[1]) if len(sys.argv) > 1 else 18080, float(sys.argv[2]) if len(sys.argv) > 2 else 0.05)
    )
