"""Tests of decisions by hand on the pages: rows of their own, edits, other candidates, what exports make of them."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.review.pages import post, rows_listed

from duologue.export import export_run
from duologue.review.database import place_of
from duologue.store.reading import RunReader

Serve = Callable[..., Any]


def test_decisions_are_rows_and_can_be_taken_along(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 3)
    client, review = serve_review(run)

    def decide(name: str, **more: str) -> Any:
        page = client.get(f"/c/{name}")
        fields = {"csrf": field(page.text, "csrf"), "basis": field(page.text, "basis"), **more}
        return client.post(f"{page.url.path}/decide", data=fields)

    assert "rejected by hand" in decide("c-000000000000", action="reject", note="=dull").text
    texts = {f"utterance-{i}": f"New {i}" for i in range(8)}
    html = decide("c-000000000001", action="edit", **texts).text
    assert "New 3" in html
    assert "Before the edit" in html
    assert decide("c-000000000001", action="edit", **{**texts, "utterance-2": "  "}).status_code == 400
    assert decide("c-000000000001", action="explode").status_code == 400
    assert decide("c-000000000001", action="reject", basis="0" * 16).status_code == 409
    decide("c-000000000002", action="accept")
    decide("c-000000000002", action="clear")
    assert rows_listed(client, "hand=any") == 2
    assert rows_listed(client, "hand=rejected") == 1
    assert "edited by hand" in client.get("/list").text
    log = orjson.loads(client.get("/download/decisions.json").content)
    assert [(d["action"], d["who"]) for d in log] == [
        ("reject", "rosa"),
        ("edit", "rosa"),
        ("accept", "rosa"),
        ("clear", "rosa"),
    ]
    assert "'=dull" in client.get("/download/decisions.csv").text
    assert "=dull" in client.get("/decisions").text
    rows = [orjson.loads(line) for line in client.get("/download/reviewed.jsonl").text.splitlines()]
    assert [(r["id"], r["hand"]) for r in rows] == [("c-000000000001", "edited"), ("c-000000000002", "")]
    with RunReader(run) as reader:
        assert next(c.candidate.utterances[0] for c in reader.conversations()) == "New 0"
    review.close()
    # A new index knows of them as well.
    (run / "review-index.sqlite").unlink()
    client, _ = serve_review(run)
    assert rows_listed(client, "hand=any") == 2


@pytest.mark.parametrize("kind", ["run", "file"])
def test_the_list_follows_the_decisions_that_it_missed(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    data = write_run(tmp_path / "run", 4, lost=(3,))
    with RunReader(data) as reader:
        talks = {c.id: c.candidate.utterances for c in reader.conversations()}
        lost = next(c for i in reader.items("candidate", status="rejected") if (c := reader.judged(i)) is not None)
    if kind == "file":
        data = tmp_path / "data.jsonl"
        with RunReader(tmp_path / "run") as reader:
            export_run(reader, "jsonl", data)
    client, review = serve_review(data)
    assert rows_listed(client, "hand=any") == 0
    # As if the review had been killed after the commit and before the list was told.
    record = review.decisions.record
    asyncio.run(record("c-000000000000", talks["c-000000000000"], "reject", "rosa"))
    asyncio.run(record("c-000000000001", talks["c-000000000001"], "accept", "rosa"))
    asyncio.run(record("c-000000000002", ("Another text.",), "reject", "rosa"))
    if kind == "run":
        asyncio.run(record("c-000000000003", (), "choose", "rosa", chosen=lost))
    review.close()
    client, review = serve_review(data)
    chosen = int(kind == "run")
    assert rows_listed(client, "hand=any") == 2 + chosen
    counts = [rows_listed(client, f"hand={mark}") for mark in ("rejected", "accepted", "chosen")]
    assert counts == [1, 1, chosen]
    asyncio.run(review.decisions.record("c-000000000001", talks["c-000000000001"], "clear", "rosa"))
    review.close()
    client, review = serve_review(data)
    assert rows_listed(client, "hand=accepted") == 0
    review.close()
    # Decisions that can't be read are moved away, as the message says.
    place_of(data).rename(tmp_path / "away.sqlite")
    client, _ = serve_review(data)
    assert rows_listed(client, "hand=any") == 0


def test_the_page_of_decisions_says_how_many_it_does_not_show(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.review.pages import decide

    monkeypatch.setattr(decide, "SHOWN", 2)
    client, review = serve_review(write_run(tmp_path / "run", 1))
    for number in range(3):
        asyncio.run(review.decisions.record("c-000000000000", ("Hi.",), "accept", "rosa", note=f"note {number}"))
        html = client.get("/decisions").text
        assert ("The newest 2 of 3" in html) == (number == 2)
    assert [f"note {n}" in html for n in range(3)] == [False, True, True]
    assert html.index("note 2") < html.index("note 1")
    assert "note 0" in client.get("/download/decisions.csv").text


def test_an_edit_leaves_untouched_utterances_exactly_as_they_were(
    serve_review: Serve,
    write_run: Callable[..., Path],
    field: Callable[[str, str], str],
    hostile: tuple[str, ...],
    tmp_path: Path,
) -> None:
    client, _review = serve_review(write_run(tmp_path / "run", 1, said=hostile))
    page = client.get("/c/c-000000000000")
    areas = re.findall(r'<textarea name="(utterance-\d+)"[^>]*>\n(.*?)</textarea>', page.text, re.S)
    # What a browser sends: its own line ends.
    sent = {name: unescape(text).replace("\r\n", "\n").replace("\n", "\r\n") for name, text in areas}
    assert len(sent) == len(hostile)
    sent["utterance-0"] = "Changed"
    fields = {"csrf": field(page.text, "csrf"), "basis": field(page.text, "basis"), "action": "edit", **sent}
    assert client.post(f"{page.url.path}/decide", data=fields).status_code == 200
    with RunReader(tmp_path / "run") as reader:
        edited = next(reader.conversations()).candidate.utterances
        original = next(reader.conversations(by_hand=False)).candidate.utterances
    assert edited == ("Changed", *original[1:])


def test_another_candidate_is_put_in_the_winners_place_and_exports_hold_it(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    from duologue.export import export_run

    run = write_run(tmp_path / "run", 3)
    client, _ = serve_review(run)
    with RunReader(run) as reader:
        before = {c.id: c for c in reader.conversations()}
    page = client.get("/c/c-000000000001")
    names = re.findall(r'name="candidate" value="([^"]+)"', page.text)
    # Of six candidates, all but the run's own choice.
    assert len(names) == len(set(names)) == 5
    assert before["c-000000000001"].candidate.id not in names
    loser = names[-1]
    after = post(client, page, "decide", field, action="choose", candidate=loser)
    assert "In the place" in after.text or "in the place" in after.text
    assert "chosen by hand" in after.text
    assert "Candidate 2 ends here." in after.text.partition("Decide by hand")[0]
    assert rows_listed(client, "hand=chosen") == 1
    for wrong in ("k-nothing", before["c-000000000001"].candidate.id, before["c-000000000000"].candidate.id, ""):
        assert post(client, page, "decide", field, action="choose", candidate=wrong).status_code == 400
    with RunReader(run) as reader:
        found = {c.id: c for c in reader.conversations()}
        assert export_run(reader, "preference", tmp_path / "preference.jsonl") > 0
        assert export_run(reader, "jsonl", tmp_path / "out.jsonl") == 3
    one = found["c-000000000001"]
    assert (one.candidate.id, one.hand, one.candidate.utterances[-1]) == (loser, "chosen", "Candidate 2 ends here.")
    assert one.candidate.pair == before["c-000000000001"].candidate.pair
    assert [v.expert for v in one.verdicts] == ["faithfulness"]
    # It has other turns than the winner; the download has it and all that come after.
    assert len(one.candidate.utterances) != len(before[one.id].candidate.utterances)
    assert client.get("/download/reviewed.jsonl").content == (tmp_path / "out.jsonl").read_bytes()
    assert {k: v for k, v in found.items() if k != one.id} == {k: v for k, v in before.items() if k != one.id}
    rows = list(map(orjson.loads, (tmp_path / "preference.jsonl").read_bytes().splitlines()))
    (pair,) = [r for r in rows if r["conversation"] == one.id]
    assert (pair["by"], pair["chosen"][0]["content"].splitlines()[-1]) == ("hand", "User 2: Candidate 2 ends here.")
    # An edit is of what stands there now; going back restores the run's own.
    texts = {f"utterance-{i}": f"New {i}" for i in range(len(one.candidate.utterances))}
    assert "edited by hand" in post(client, after, "decide", field, action="edit", **texts).text
    with RunReader(run) as reader:
        edited = next(c for c in reader.conversations() if c.id == one.id)
    assert (edited.candidate.id, edited.hand, edited.candidate.utterances[0]) == (loser, "edited", "New 0")
    post(client, after, "decide", field, action="restore")
    with RunReader(run) as reader:
        assert {c.id: c for c in reader.conversations()} == before
    log = orjson.loads(client.get("/download/decisions.json").content)
    assert [(d["action"], d["chosen"]) for d in log] == [("choose", loser), ("edit", None), ("restore", None)]
    # On the page of a candidate that lost there is nothing to accept, but it can be put in the winner's place.
    link = re.search(r'href="(/row/\d+)[^"]*"', client.get("/list?stage=candidate&iteration=1&status=rejected").text)
    assert link
    lost = client.get(link.group(1))
    assert 'value="accept"' not in lost.text
    assert post(client, lost, "decide", field, action="accept").status_code == 409
    name = field(lost.text, "candidate")
    back = post(client, lost, "decide", field, action="choose", candidate=name)
    assert "chosen by hand" in back.text
    assert back.url.path != lost.url.path


def test_decisions_of_the_first_schema_are_kept(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 2)
    with RunReader(run) as reader:
        said = next(reader.conversations()).candidate.utterances
    _, review = serve_review(run)
    asyncio.run(review.decisions.record("c-000000000000", said, "reject", "rosa"))
    review.close()
    old = sqlite3.connect(run / "review.sqlite")
    old.executescript(
        "ALTER TABLE decisions RENAME TO new; DROP INDEX decisions_of; CREATE TABLE decisions (id INTEGER PRIMARY KEY,"
        " conversation TEXT NOT NULL, basis TEXT NOT NULL, action TEXT NOT NULL CHECK (action IN ('accept', 'reject',"
        " 'edit', 'restore', 'clear')), utterances TEXT, note TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL);"
        " CREATE INDEX decisions_of ON decisions (conversation, basis, id); INSERT INTO decisions SELECT id, conversation,"
        " basis, action, utterances, note, who, at FROM new; DROP TABLE new; PRAGMA user_version = 1;"
    )
    old.close()
    with RunReader(run) as reader:
        assert [c.id for c in reader.conversations()] == ["c-000000000001"]
    _, review = serve_review(run)
    assert [(d.action, d.who, d.chosen) for d in review.decisions.all()] == [("reject", "rosa", None)]
    asyncio.run(review.decisions.record("c-000000000000", said, "clear", "rosa"))
    with RunReader(run) as reader:
        assert len(list(reader.conversations())) == 2


def test_a_candidate_of_a_pair_without_a_winner_is_accepted_by_hand_and_exports_hold_it(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    from duologue.export import export_run

    run = write_run(tmp_path / "run", 4, lost=(1,))
    client, _ = serve_review(run)
    with RunReader(run) as reader:
        before = list(reader.conversations())
        assert [c.id[-1] for c in before] == ["0", "2", "3"]
        asked = tuple(reader.revision().config["generator"]["utterances"])
    overview = client.get("/").text
    assert "/list?stage=conversation&amp;iteration=0&amp;status=failed" in overview
    page = client.get("/c/c-000000000001")
    assert "No candidate of the pair won." in page.text
    assert "no candidate of 3 survived: faithfulness 3" in page.text
    assert 'value="accept"' not in page.text
    # The profiles are there, and every whole candidate of both iterations can be accepted, with what the Critic said.
    assert "I grow vegetables on an allotment." in page.text
    assert page.text.count("utterance 2 contradicts an attribute (0)") >= 2
    names = re.findall(r'name="candidate" value="([^"]+)"', page.text)
    assert len(names) == len(set(names)) == 4
    assert page.text.count("Accept this one by hand") == 4
    for action in ("accept", "reject", "edit", "restore", "clear"):
        assert post(client, page, "decide", field, action=action).status_code == 409
    assert post(client, page, "decide", field, action="choose", candidate="k-nothing").status_code == 400
    assert not list(orjson.loads(client.get("/download/decisions.json").content))

    after = post(client, page, "decide", field, action="choose", candidate=names[-1], note="fine with me")
    assert "chosen by hand" in after.text
    assert "Refused candidate 1 of iteration 2." in after.text.partition("Decide by hand")[0]
    assert 'value="reject"' in after.text
    assert rows_listed(client, "hand=chosen") == 1
    with RunReader(run) as reader:
        found = list(reader.conversations())
        assert [c.id[-1] for c in found] == ["0", "1", "2", "3"]
        assert [c for c in found if c.id != found[1].id] == before
        assert list(reader.conversations(by_hand=False)) == before
        for name in ("jsonl", "chat", "spc", "parquet"):
            assert export_run(reader, name, tmp_path / name) == 4
        assert export_run(reader, "preference", tmp_path / "preference") > 0
    one = found[1]
    assert (one.candidate.id, one.hand, one.candidate.utterances[-1]) == (
        names[-1],
        "chosen",
        "Refused candidate 1 of iteration 2.",
    )
    assert (one.candidate.pair.index, one.candidate.pair.split) == (1, "valid")
    assert [(v.expert, v.passed) for v in one.verdicts] == [("faithfulness", False)]
    assert one.candidate.length == asked
    assert client.get("/download/reviewed.jsonl").content == (tmp_path / "jsonl").read_bytes()
    # Nobody set it against another, so it is no preference.
    assert one.id not in (tmp_path / "preference").read_text()
    log = orjson.loads(client.get("/download/decisions.json").content)
    assert [(d["conversation"], d["action"], d["who"], d["chosen"], d["note"]) for d in log] == [
        (one.id, "choose", "rosa", names[-1], "fine with me")
    ]
    # Another of its candidates says so, and can take its place.
    link = re.search(
        r'href="(/row/\d+)[^"]*"', client.get("/list?stage=candidate&iteration=1&by=faithfulness&text=refused").text
    )
    assert link
    other = client.get(link.group(1))
    assert "Exports leave the pair out" not in other.text
    assert "the pair's conversation" in other.text
    # Then it is like any other conversation: edited, rejected, and put back.
    texts = {f"utterance-{i}": f"New {i}" for i in range(len(one.candidate.utterances))}
    assert "edited by hand" in post(client, after, "decide", field, action="edit", **texts).text
    with RunReader(run) as reader:
        assert [(c.hand, c.candidate.utterances[0]) for c in reader.conversations()][1] == ("edited", "New 0")
    post(client, after, "decide", field, action="reject")
    with RunReader(run) as reader:
        assert list(reader.conversations()) == before
    post(client, after, "decide", field, action="clear")
    left = post(client, after, "decide", field, action="restore")
    assert "No candidate of the pair won." in left.text
    with RunReader(run) as reader:
        assert list(reader.conversations()) == before
    assert rows_listed(client, "hand=any") == 0


def test_a_pair_is_decided_by_hand_only_until_the_run_goes_on_and_one_wins(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 2, lost=(1,), state="running")
    client, _ = serve_review(run)
    page = client.get("/c/c-000000000001")
    name = re.findall(r'name="candidate" value="([^"]+)"', page.text)[0]
    post(client, page, "decide", field, action="choose", candidate=name)
    with RunReader(run) as reader:
        assert [c.candidate.id for c in reader.conversations()][1] == name
        won = next(iter(reader.conversations(2))).candidate
    connection = sqlite3.connect(run / "run.sqlite")
    made = connection.execute("SELECT data FROM items WHERE stage = 'conversation' AND iteration = 2 AND position = 0")
    data = made.fetchone()[0].replace("p-000000000000", "p-000000000001").replace('"index":0', '"index":1')
    connection.execute(
        "UPDATE items SET status = 'accepted', data = ?, position = 1"
        " WHERE stage = 'conversation' AND iteration = 2 AND item = 'p-000000000001'",
        (data,),
    )
    connection.commit()
    connection.close()
    with RunReader(run) as reader:
        assert [(c.hand, c.candidate.utterances == won.utterances) for c in reader.conversations()] == [("", True)] * 2
