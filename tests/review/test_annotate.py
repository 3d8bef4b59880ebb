"""Tests of the annotators' pages over HTTP: sessions, isolation, forms, and the owner's results."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from duologue.review.study.records import ASPECTS, KINDS, Plan

TOKEN = "a-long-token-of-the-owner"


@pytest.fixture
def study(
    serve_review: Callable[..., Any], write_run: Callable[..., Path], tmp_path: Path
) -> tuple[Any, Any, dict[str, str]]:
    """(client, review, links) of a small study."""
    one, other = write_run(tmp_path / "one", 10), write_run(tmp_path / "other", 10, persona="Sure.")
    client, review = serve_review(one, token=TOKEN)
    id_ = review.studies.ensure(Plan(str(one), str(other), KINDS, 2, 2, ("ann", "<b>bo</b>"), 1))
    return client, review, {name: f"/a/{token}" for name, token in review.studies.links(id_)}


def _fields(html: str, field: Callable[[str, str], str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"csrf": field(html, "csrf")}
    if 'name="choice"' in html:
        return {**fields, "choice": "second"}
    if 'name="pick"' in html:
        return {**fields, "pick": ["0", "2"]}
    return {**fields, **dict.fromkeys(ASPECTS, "4")}


def test_a_session_from_hello_to_thanks(
    study: tuple[Any, Any, dict[str, str]], field: Callable[[str, str], str]
) -> None:
    client, review, links = study
    link = links["<b>bo</b>"]
    hello = client.get(link)
    assert "Hello, &lt;b&gt;bo&lt;/b&gt;" in hello.text
    seen = 0
    page = client.get(f"{link}/1")
    total = int(re.search(r"0 of (\d+) answered", page.text).group(1))  # type: ignore[union-attr]
    while page.url.path != link:
        assert page.status_code == 200
        # Nothing of the sides, the sets, ids, gold or the other annotator.
        assert not re.search(r"c-[0-9a-f]{12}|t-[0-9a-f]{12}|\bgold\b|/one|/other|\bann\b", page.text)
        page = client.post(page.url.path, data=_fields(page.text, field))
        seen += 1
        if seen == 3:
            assert "Welcome back" in client.get(link).text
            page = client.get(re.search(r'href="([^"]+)" data-key="Enter"', client.get(link).text).group(1))  # type: ignore[union-attr]
    assert seen == total
    assert "Thank you" in page.text
    assert "Thank you" not in client.get(links["ann"]).text
    # Looking again shows what was answered, and it can be changed.
    again = client.get(f"{link}/1")
    assert "checked" in again.text
    assert "Confirm again" in again.text
    assert len(review.studies.study(review.studies.latest()).answers) == total


def test_what_is_missing_is_said_and_nothing_entered_is_lost(
    study: tuple[Any, Any, dict[str, str]], field: Callable[[str, str], str]
) -> None:
    client, review, links = study
    link = links["ann"]
    csrf = field(client.get(f"{link}/1").text, "csrf")
    assert "Choose first, second" in client.post(f"{link}/1", data={"csrf": csrf}).text
    for position in range(1, 12):
        page = client.get(f"{link}/{position}")
        if 'name="depth"' in page.text:
            answer = client.post(f"{link}/{position}", data={"csrf": csrf, "depth": "5"})
            assert answer.status_code == 400
            assert "coherency, consistency" in answer.text
            assert re.search(r'name="depth" value="5"[^>]*checked', answer.text)
        elif 'name="pick"' in page.text:
            answer = client.post(f"{link}/{position}", data={"csrf": csrf, "pick": ["1", "none"]})
            assert answer.status_code == 400
            assert re.search(r'name="pick" value="1"[^>]*checked', answer.text)
    assert review.studies.study(review.studies.latest()).answers == ()


def test_an_open_form_outlasts_a_restart_with_another_token_of_the_owner(
    study: tuple[Any, Any, dict[str, str]], field: Callable[[str, str], str]
) -> None:
    client, review, links = study
    link = links["ann"]
    page = client.get(f"{link}/1")
    assert "data-answered" not in page.text
    review.gate = type(review.gate)(review.gate.secret, "another-token-of-the-owner")
    assert client.post(f"{link}/1", data=_fields(page.text, field)).status_code == 200
    assert len(review.studies.study(review.studies.latest()).answers) == 1
    assert "data-answered" in client.get(f"{link}/1").text
    # The owner's own pages do need the new token.
    assert client.get("/results").status_code == 401


def test_links_are_one_annotators_own(study: tuple[Any, Any, dict[str, str]], field: Callable[[str, str], str]) -> None:
    client, review, links = study
    mine, other = links["ann"], links["<b>bo</b>"]
    page = client.get(f"{mine}/1")
    # A form of one is no form of another; nor are made-up links or positions anyone's.
    assert client.post(f"{other}/1", data=_fields(page.text, field)).status_code == 403
    assert client.post(f"{mine}/1", data={"choice": "first"}).status_code == 403
    for path in (
        "/a/",
        "/a/none",
        "/a/none/1",
        f"{mine[:-1]}",
        f"{mine}/0",
        f"{mine}/999",
        f"{mine}/-1",
        f"{mine}/x",
        "/a/%00",
    ):
        assert client.get(path).status_code == 404, path
    assert client.get("/results").status_code == 401
    assert client.get("/").status_code == 401
    assert review.studies.study(review.studies.latest()).answers == ()


def test_the_owner_sees_everything_live(
    study: tuple[Any, Any, dict[str, str]], field: Callable[[str, str], str]
) -> None:
    client, _, links = study
    client.get("/enter", params={"token": TOKEN})
    assert "0 of " in client.get("/results").text
    for link in links.values():
        page = client.get(f"{link}/1")
        while page.url.path != link:
            page = client.post(page.url.path, data=_fields(page.text, field))
    html = client.get("/results").text
    assert "&lt;b&gt;bo&lt;/b&gt;" in html
    assert "<b>bo</b>" not in html
    assert "doubtful" in html
    assert "Left out: ann" in client.get("/results?trusted=1").text
    for link in links.values():
        assert f"http://testserver{link}" in html
    assert client.get("/results?study=s-none").status_code == 400
    answers = client.get("/download/answers.csv").text.splitlines()
    assert len(answers) - 1 == len(orjson.loads(client.get("/download/results.json").content)["answers"])
    assert "loses" in html.lower()
    # Both pick the same sentences of the only conversation of each set, which is too few for an interval.
    assert html.count('<td class="num">1.00</td>') == 4
    # Both always say the second, so that chance can't be told from agreement.
    assert "kappa - of 2 items, Krippendorff's alpha -." in html


def test_the_page_shows_the_intervals_of_agreement(
    study: tuple[Any, Any, dict[str, str]], field: Callable[[str, str], str]
) -> None:
    client, review, links = study
    client.get("/enter", params={"token": TOKEN})
    for link in links.values():
        seat = review.studies.seat(link.removeprefix("/a/"))
        for position in range(1, seat.total + 1):
            fields = _fields(client.get(f"{link}/{position}").text, field)
            if "choice" in fields:
                hidden = review.studies.task(seat, position).hidden
                fields["choice"] = hidden.get("synthetic") or hidden["answer"]
            assert client.post(f"{link}/{position}", data=fields).status_code == 200
    said = "kappa 1.00 (0.34 to 1.00) of 2 items, Krippendorff's alpha 1.00 (0.34 to 1.00)."
    assert said in client.get("/results").text
    found = orjson.loads(client.get("/download/results.json").content)["results"]
    assert found["detection"]["agreement"]["alpha_low"] == pytest.approx(0.342, abs=5e-4)
    assert found["faithfulness"]["a"]["agreement"]["alpha_low"] is None
