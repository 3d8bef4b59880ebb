from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from duologue.config.sections import PerspectiveConfig
from duologue.errors import ConfigError, ItemFailed, RunStopped, UsageError
from duologue.models.toxicity import load_toxicity
from duologue.models.toxicity_perspective import PerspectiveToxicity

KEY = "k3y/with+signs"
VALUES = {"TOXICITY": 0.2, "SEVERE_TOXICITY": 0.05, "IDENTITY_ATTACK": 0.1, "INSULT": 0.15, "THREAT": 0.01}


def answer(scores: dict[str, Any]) -> dict[str, Any]:
    return {
        "attributeScores": {
            name: {"summaryScore": {"value": value, "type": "PROBABILITY"}} for name, value in scores.items()
        },
        "languages": ["en"],
    }


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A server that rates: an insult where the text holds "fool". ``replies`` come first: (status, headers, body)."""
    state = SimpleNamespace(requests=[], replies=[])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(SimpleNamespace(path=self.path, body=body))
            wanted = body["requestedAttributes"]
            values = {**VALUES, **({"TOXICITY": 0.91, "INSULT": 0.93} if "fool" in body["comment"]["text"] else {})}
            status, headers, reply = state.replies.pop(0) if state.replies else (200, {}, None)
            raw = json.dumps(answer({k: values[k] for k in wanted}) if reply is None else reply).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("no_proxy", "*")
    state.url = f"http://127.0.0.1:{listening.server_address[1]}"
    yield state
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def model_at(url: str, clock: Clock, key: str = KEY, **config: Any) -> PerspectiveToxicity:
    made = PerspectiveConfig(base_url=url, **config)
    return PerspectiveToxicity(made, environ={made.key_env: key}, clock=clock.time, sleep=clock.sleep)


def test_the_exchange(server: SimpleNamespace, clock: Clock) -> None:
    model = model_at(server.url, clock)
    mild, insult = model.rate(["Good morning.", "You fool!"], ["", "Good morning."])
    first = server.requests[0]
    parts = urlsplit(first.path)
    assert parts.path == "/v1alpha1/comments:analyze"
    assert parse_qs(parts.query) == {"key": [KEY]}
    assert first.body == {
        "comment": {"text": "Good morning."},
        "languages": ["en"],
        "requestedAttributes": {name: {} for name in VALUES},
        "doNotStore": True,
    }
    assert mild.score == 0.2
    assert (insult.score, insult.category, insult.agrees) == (0.93, "insult", False)
    assert dict(insult.attributes) == {
        "toxicity": 0.91,
        "severe_toxicity": 0.05,
        "identity_attack": 0.1,
        "insult": 0.93,
        "threat": 0.01,
    }


def test_scores_are_floats_in_order_and_each_text_is_asked_once(server: SimpleNamespace, clock: Clock) -> None:
    model = model_at(server.url, clock)
    scores = model.score(["You fool!", "Hello.", "You fool!", "  "])
    np.testing.assert_allclose(scores, [0.93, 0.2, 0.93, 0.0], rtol=1e-6)
    assert scores.dtype == np.float32
    assert len(server.requests) == 2
    assert model.score([]).shape == (0,)


def test_the_attributes_are_chosen_and_a_path_in_the_address_is_kept(server: SimpleNamespace, clock: Clock) -> None:
    for base in ("/gateway", "/gateway/v1alpha1/"):
        model = model_at(server.url + base, clock, attributes=("TOXICITY",))
        (rating,) = model.rate(["You fool!"])
        assert server.requests[-1].path.startswith("/gateway/v1alpha1/comments:analyze?")
        assert (rating.score, rating.category, rating.attributes) == (0.91, "", (("toxicity", 0.91),))


def test_the_rate_is_kept(server: SimpleNamespace, clock: Clock) -> None:
    model = model_at(server.url, clock, requests_per_second=4.0)
    model.score([f"Text {n}." for n in range(9)])
    assert clock.now - 100.0 == pytest.approx(8 / 4.0)
    assert len(server.requests) == 9


def test_the_rate_holds_over_all_threads(server: SimpleNamespace) -> None:
    lock, now = threading.Lock(), [0.0]

    def sleep(seconds: float) -> None:
        with lock:
            # At least a millisecond, for ever smaller steps would never get there.
            now[0] += max(seconds / 4, 1e-3)

    config = PerspectiveConfig(base_url=server.url, requests_per_second=2.0)
    model = PerspectiveToxicity(config, environ={config.key_env: KEY}, clock=lambda: now[0], sleep=sleep)
    threads = [threading.Thread(target=model.score, args=([f"Text {n} {m}." for m in range(3)],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 12
    assert now[0] >= 11 / 2.0


def test_a_busy_server_is_waited_for_as_long_as_it_asks(server: SimpleNamespace, clock: Clock) -> None:
    server.replies += [(429, {"Retry-After": "7"}, {"error": {"message": "quota"}}), (503, {}, {})]
    assert model_at(server.url, clock).score(["Hello."])[0] == pytest.approx(0.2)
    assert len(server.requests) == 3
    # 7 seconds as asked, then 2: the second failure without a time named.
    assert clock.now - 100.0 == pytest.approx(9.0)


def test_a_server_that_stays_busy_fails_the_text(server: SimpleNamespace, clock: Clock) -> None:
    server.replies += [(429, {}, {"error": {"message": "Quota exceeded"}})] * 3
    with pytest.raises(ItemFailed, match=r"answered 429: Quota exceeded, 3 times"):
        model_at(server.url, clock, retries=2).score(["Hello."])


def test_a_refusal_that_is_cut_off_is_tried_again(
    server: SimpleNamespace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies.append((503, {"Retry-After": "7"}, {"error": {"message": "busy"}}))

    def cut_off(self: HTTPError) -> bytes:
        raise IncompleteRead(b"{")

    monkeypatch.setattr(HTTPError, "read", cut_off, raising=False)
    assert model_at(server.url, clock).score(["Hello."])[0] == pytest.approx(0.2)
    assert clock.now - 100.0 == pytest.approx(7.0)


def test_a_spent_quota_ends_the_run(server: SimpleNamespace, clock: Clock) -> None:
    server.replies.append((429, {"Retry-After": "86400"}, {}))
    with pytest.raises(RunStopped, match="go on later"):
        model_at(server.url, clock).score(["Hello."])
    assert clock.slept == []


def test_a_text_that_cannot_be_rated_fails_alone(server: SimpleNamespace, clock: Clock) -> None:
    server.replies.append((400, {}, {"error": {"message": "Comment text too long."}}))
    model = model_at(server.url, clock)
    with pytest.raises(ItemFailed, match="too long"):
        model.score(["Hello."])
    assert model.score(["Hello."])[0] == pytest.approx(0.2)


@pytest.mark.parametrize(("status", "hint"), [(403, "check the key"), (404, "base_url"), (302, "base_url")])
def test_what_no_text_can_mend_ends_the_run_and_never_shows_the_key(
    server: SimpleNamespace, clock: Clock, status: int, hint: str
) -> None:
    server.replies.append((status, {"Location": "/elsewhere"}, {"error": {"message": f"bad key {KEY}"}}))
    with pytest.raises(RunStopped, match=hint) as caught:
        model_at(server.url, clock).score(["Hello."])
    assert KEY not in str(caught.value)
    assert "k3y%2F" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [{}, [], {"attributeScores": {"TOXICITY": {}}}, {"attributeScores": 3}])
def test_an_answer_without_scores_fails_the_text(server: SimpleNamespace, clock: Clock, reply: object) -> None:
    server.replies.append((200, {}, reply))
    with pytest.raises(ItemFailed, match="lacks a score"):
        model_at(server.url, clock).score(["Hello."])


def test_a_server_that_is_not_there(clock: Clock) -> None:
    with pytest.raises(ItemFailed, match=r"http://127\.0\.0\.1:9: no answer in 2 tries .*is the server running\?"):
        model_at("http://127.0.0.1:9", clock, retries=1).score(["Hello."])


def test_a_run_that_ends_is_not_kept_waiting(server: SimpleNamespace, clock: Clock) -> None:
    model = model_at(server.url, clock, requests_per_second=0.01)
    model.score(["First."])

    def check() -> None:
        if clock.now > 103.0:
            raise RunStopped("interrupted")

    model.check = check
    with pytest.raises(RunStopped, match="interrupted"):
        model.score(["Second."])
    assert clock.now < 104.0


def test_the_key_may_stand_in_a_file_of_its_owner(server: SimpleNamespace, clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    config = PerspectiveConfig(base_url=server.url)
    environ = {f"{config.key_env}_FILE": str(file)}
    PerspectiveToxicity(config, environ=environ, clock=clock.time, sleep=clock.sleep).score(["Hello."])
    assert parse_qs(urlsplit(server.requests[0].path).query) == {"key": [KEY]}
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        PerspectiveToxicity(config, environ=environ)


def test_a_server_of_ones_own_needs_no_key(server: SimpleNamespace, clock: Clock) -> None:
    assert model_at(server.url, clock, key="").score(["Hello."])[0] == pytest.approx(0.2)
    assert server.requests[0].path == "/v1alpha1/comments:analyze"


def test_the_public_server_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERSPECTIVE_API_KEY", raising=False)
    monkeypatch.delenv("PERSPECTIVE_API_KEY_FILE", raising=False)
    with pytest.raises(UsageError, match="PERSPECTIVE_API_KEY"):
        load_toxicity("perspective")


@pytest.mark.parametrize(
    "url", ["ftp://host", "host", "http://u:p@host", "http://host?key=abc", "http://[::1", "http://host:99999"]
)
def test_addresses_that_cannot_be_used(url: str, clock: Clock) -> None:
    with pytest.raises(ConfigError, match=r"small_models\.perspective\.base_url"):
        model_at(url, clock)


def test_a_lone_surrogate_can_be_sent(server: SimpleNamespace, clock: Clock) -> None:
    assert model_at(server.url, clock).score(["odd \ud800 text"])[0] == pytest.approx(0.2)
    assert server.requests[0].body["comment"]["text"] == "odd ? text"
