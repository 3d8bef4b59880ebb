"""Tests of what keeps the page to those it is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duologue.review.security import BODY, POLICY, allowed_hosts, host_of, is_loopback

Serve = Callable[..., Any]
TOKEN = "a-long-token-of-the-owner"


def test_headers_and_hosts(serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path) -> None:
    client, _ = serve_review(write_run(tmp_path / "run", 1), hosts=allowed_hosts("127.0.0.1"))
    assert client.get("/").status_code == 400
    answer = client.get("/", headers={"host": "localhost:8765"})
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/", headers={"host": "127.0.0.1.evil.example"}).status_code == 400
    assert client.get("/", headers={"host": "evil@localhost"}).status_code in (200, 400)
    assert client.get("/", headers={"host": "[::1]:80"}).status_code == 200
    assert client.get("/static/app.js", headers={"host": "localhost"}).status_code == 200
    assert client.get("/static/%2e%2e%2fapp.py", headers={"host": "localhost"}).status_code == 404
    assert client.get("/static/../app.py", headers={"host": "localhost"}).status_code == 404
    # Nothing in a page is inline: the policy would block it.
    assert not re.search(r"<style|\sstyle=|<script>|\son\w+=", answer.text)


@pytest.mark.parametrize(("host", "inside"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.8.8", True),
                                              ("0.0.0.0", False), ("192.168.1.4", False), ("box.local", False)])  # fmt: skip
def test_loopback(host: str, inside: bool) -> None:
    assert is_loopback(host) is inside


def test_host_headers() -> None:
    assert host_of("LOCALHOST:80") == "localhost"
    assert host_of("[::1]:80") == "::1"
    assert host_of("[bad") == ""
    assert allowed_hosts("0.0.0.0") is None
    assert allowed_hosts("box.local") == frozenset(("box.local",))


def test_limits(serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path) -> None:
    client, _ = serve_review(write_run(tmp_path / "run", 1))
    client.get("/")
    assert client.get("/list?text=" + "x" * 9000).status_code == 414
    assert client.post("/row/1/decide", content=b"x" * (BODY + 1)).status_code == 413

    def endless() -> Any:
        for _ in range(BODY // 65536 + 2):
            yield b"a" * 65536

    # Without a length, what comes is counted.
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/row/1/decide", content=endless(), headers=form).status_code == 413
    many = {f"f{i}": "x" for i in range(2000)}
    assert client.post("/row/1/decide", data=many).status_code in (400, 413)
    assert client.put("/row/1/decide").status_code == 405


def test_odd_addresses_and_cookies_are_refused_in_order(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    client, review = serve_review(write_run(tmp_path / "run", 1), token=TOKEN)
    client.get("/enter", params={"token": TOKEN})
    for number in ("9" * 16, "9" * 20, "9" * 5000):
        assert client.get(f"/row/{number}").status_code == 404
        assert client.post(f"/row/{number}/decide").status_code == 404
    assert client.get("/row/" + "9" * 15).status_code == 404
    client.cookies.clear()
    cookie = f"{review.gate.cookie}=name.\xe9".encode("latin-1")
    assert client.get("/", headers=[(b"cookie", cookie)]).status_code == 401


def test_an_error_of_ours_has_the_headers_too(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, review = serve_review(write_run(tmp_path / "run", 1))

    def broken() -> str:
        raise RuntimeError("oh")

    monkeypatch.setattr(review.source, "state", broken)
    answer = client.get("/list")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"


def test_forms_need_their_token_and_their_own_site(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    client, review = serve_review(write_run(tmp_path / "run", 1))
    page = client.get("/c/c-000000000000")
    good = {"csrf": field(page.text, "csrf"), "basis": field(page.text, "basis"), "action": "reject"}
    address = f"{page.url.path}/decide"
    for wrong in ({}, {"csrf": ""}, {"csrf": "0" * 43}, {"csrf": "é"}):
        assert client.post(address, data={**good, "csrf": "", **wrong}).status_code == 403
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        assert client.post(address, data=good, headers={"origin": origin}).status_code == 403
    cookie = client.cookies.get(review.gate.cookie)
    assert cookie
    client.cookies.clear()
    assert client.post(address, data=good).status_code == 403
    client.cookies.set(review.gate.cookie, "someone." + cookie.partition(".")[2])
    assert client.post(address, data=good).status_code == 403
    assert list(review.decisions.all()) == []
    client.cookies.clear()
    client.cookies.set(review.gate.cookie, cookie)
    assert client.post(address, data=good, headers={"origin": "http://testserver"}).status_code == 200


def test_with_a_token_nothing_of_the_owner_is_open(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    client, review = serve_review(write_run(tmp_path / "run", 1), token=TOKEN)
    paths = ("/", "/list", "/row/1", "/c/c-000000000000", "/decisions", "/results", "/download/decisions.json",
             "/download/decisions.csv", "/download/reviewed.jsonl", "/download/results.json", "/download/answers.csv")  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert "trombone" not in answer.text
    assert client.post("/row/1/decide", data={"action": "reject"}).status_code == 401
    for wrong in ("", "x", TOKEN + "x", "é"):
        assert client.get("/enter", params={"token": wrong}).status_code == 401
    entered = client.get("/enter", params={"token": TOKEN}, follow_redirects=False)
    assert entered.headers["location"] == "/"
    assert "httponly" in entered.headers["set-cookie"].lower()
    assert client.get("/list").status_code == 200
    # A cookie made under another token is worth nothing.
    review.gate = type(review.gate)(review.gate.secret, "another-token-of-the-owner")
    assert client.get("/list").status_code == 401
