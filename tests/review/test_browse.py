"""Tests of browsing: filters, pages, one conversation, live runs, files, hostile texts."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from tests.review.pages import post, rows_listed

from duologue.errors import UsageError
from duologue.records import Pair, Profile
from duologue.review.app import open_review
from duologue.store.reading import RunReader

Serve = Callable[..., Any]


def _names(html: str) -> list[str]:
    return re.findall(r'<span class="mono">([^<]+)</span>', html)


def test_filters_search_and_pages(serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path) -> None:
    client, _ = serve_review(write_run(tmp_path / "run", 60))
    first = client.get("/list").text
    assert len(_names(first)) == 50
    assert _names(first)[:2] == ["c-000000000000", "c-000000000001"]
    assert "Next" in first
    assert _names(client.get("/list?page=2").text) == [f"c-{i:012x}" for i in range(50, 60)]
    assert rows_listed(client, "") == 60
    assert rows_listed(client, "iteration=1") == 60
    assert rows_listed(client, "stage=candidate&iteration=1") == 180
    assert rows_listed(client, "stage=candidate&iteration=1&status=rejected") == 120
    assert rows_listed(client, "stage=candidate&iteration=2&status=rejected&by=faithfulness") == 60
    assert rows_listed(client, "stage=pair") == 60
    assert rows_listed(client, "text=trombone") == 60
    assert rows_listed(client, "text=tromb") == 60
    assert rows_listed(client, "text=beagles+zebra") == 0
    assert rows_listed(client, "attribute=Number+7") == 1
    assert rows_listed(client, "attribute=trombone&text=tomatoes") == 60
    assert rows_listed(client, "attribute=tomatoes") == 0
    assert rows_listed(client, "text=%22%27+OR+1=1%3B--") == 0
    assert rows_listed(client, "expert=depth&low=0.79&high=0.9") == 14
    assert rows_listed(client, "low=0.79") == 28
    assert rows_listed(client, "expert=faithfulness&verdict=refused") == 0
    assert rows_listed(client, "stage=candidate&iteration=1&expert=faithfulness&verdict=refused") == 60
    assert rows_listed(client, "expert=no-such") == 0
    # Without an expert, a verdict is that of any.
    assert rows_listed(client, "stage=candidate&iteration=1&verdict=refused") == 60
    assert rows_listed(client, "stage=candidate&iteration=1&verdict=refused&text=candidate") == 60
    assert rows_listed(client, "verdict=refused") == 0
    assert rows_listed(client, "verdict=passed") == 60
    assert rows_listed(client, "page=99999999999&iteration=x&low=nan&status=y&stage=z") == 60


def test_links_keep_the_whole_query() -> None:
    from duologue.review.find import Query

    for values in ({"low": "1", "high": "1.0"}, {"iteration": "1", "page": "3"}, {"verdict": "refused", "low": "0"}):
        query = Query.of(values)
        assert Query.of(dict(parse_qsl(query.link()))) == query
    assert Query.of({"page": "1"}).link() == Query.of({}).link()


def test_a_conversation_shows_evidence_both_ways_and_why_it_won(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    client, _ = serve_review(write_run(tmp_path / "run", 3))
    answer = client.get("/c/c-000000000001")
    html = answer.text
    assert answer.status_code == 200
    assert 'id="a1-0" tabindex="0" data-links="u-0:supported u-5:swapped"' in html
    assert 'id="a2-2" tabindex="0" data-links="u-5:contradicted"' in html
    assert 'id="u-5" tabindex="0" data-links="a1-0:swapped a2-2:contradicted"' in html
    assert 'data-links=""' in html
    for words in ("contradicts 2c", "takes over 1a", "swapped in 6", "not touched", "won 1 of 1 duels", "asks on",
                  "All 6 candidates", "rejected by faithfulness", "utterance 2 contradicts an attribute", "objected to"):  # fmt: skip
        assert words in html, words
    assert html.count('<article class="contender winner">') == 1
    candidate = re.search(
        r'href="(/row/\d+[^"]*)"', client.get("/list?stage=candidate&iteration=1&status=rejected").text
    )
    assert candidate
    assert "Candidate 1 ends here." in client.get(unescape(candidate.group(1))).text
    pair = re.search(r'href="(/row/\d+[^"]*)"', client.get("/list?stage=pair").text)
    assert pair
    assert "I have two beagles." in unescape(client.get(unescape(pair.group(1))).text)
    assert client.get("/row/99999").status_code == 404
    assert client.get("/c/none").status_code == 404


def test_the_overview_counts_what_the_run_counts(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    client, _ = serve_review(write_run(tmp_path / "run", 5))
    html = client.get("/").text
    with RunReader(tmp_path / "run") as reader:
        rejected = sum(
            c.n for c in reader.counts() if c.stage == "candidate" and c.status == "rejected" and c.iteration == 1
        )
    assert html.count("<svg") == 3
    assert f'by=faithfulness">faithfulness</a> {rejected // 2}' in html
    assert '<text class="value"' in html
    assert ">30</text>" in html  # candidates in the funnel
    assert 'class="pill finished"' in html


def test_a_run_that_goes_on_is_followed(serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 3, state="running")
    client, review = serve_review(run)
    assert rows_listed(client, "") == 3
    review.source.changed()
    assert not review.source.changed()
    # Another process adds a row, and replaces the newest one, whose number SQLite then gives again.
    with sqlite3.connect(run / "run.sqlite") as other:
        columns = 'revision, stage, iteration, ?, status, "by", reason, data, ?, seq, pass'
        query = (
            f"INSERT INTO items SELECT {columns} FROM items WHERE stage = 'conversation' AND iteration = 2 AND item = ?"
        )
        other.execute(query, ("p-00000000000a", 10, "p-000000000000"))
    other.close()
    assert review.source.changed()
    assert review.source.fill(review.index, whole=False) == 1
    assert rows_listed(client, "") == 4
    with sqlite3.connect(run / "run.sqlite") as other:
        other.execute("UPDATE items SET pass = 2 WHERE item = 'p-00000000000a'")
    other.close()
    assert review.source.fill(review.index, whole=False) == 1
    assert rows_listed(client, "") == 4
    with sqlite3.connect(run / "run.sqlite") as other:
        other.execute("DELETE FROM items WHERE item = 'p-00000000000a'")
    other.close()
    review.source.fill(review.index, whole=True)
    assert rows_listed(client, "") == 3
    assert rows_listed(client, "text=trombone") == 3


def test_what_a_resumed_run_records_anew_is_shown_once(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 3, state="running")
    client, review = serve_review(run)
    stages = ("stage=pair", "stage=candidate&iteration=1", "stage=conversation&iteration=2", "text=trombone")
    before = [rows_listed(client, query) for query in stages]
    with sqlite3.connect(run / "run.sqlite") as other:
        columns = 'revision, stage, iteration, item, status, "by", reason, data, position, seq'
        other.execute(f"INSERT OR REPLACE INTO items SELECT {columns}, pass + 1 FROM items ORDER BY rowid")
    other.close()
    assert review.source.fill(review.index, whole=False) > 20
    assert [rows_listed(client, query) for query in stages] == before


def test_an_id_of_a_running_run_leads_to_the_pairs_conversation(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    client, _ = serve_review(write_run(tmp_path / "run", 2, state="running"))
    page = client.get("/c/c-000000000001")
    assert "This is not" not in page.text
    assert 'value="accept"' in page.text
    assert "(1.2)" in page.text.partition("Decide by hand")[0]
    name = re.findall(r'name="candidate" value="([^"]+)"', page.text)[0]
    after = post(client, page, "decide", field, action="choose", candidate=name)
    assert after.url.path == page.url.path
    assert "chosen by hand" in after.text


def test_the_index_is_kept_and_made_anew_for_another_source(write_run: Callable[..., Path], tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 3)
    review = open_review(run)
    review.keeper.once()
    rows = review.index.progress.done
    review.close()
    review = open_review(run)
    assert review.source.fill(review.index, whole=True) == 0
    assert review.index.progress.done == rows
    review.close()
    (run / "review-index.sqlite").write_bytes(b"damaged" * 500)
    for suffix in ("-wal", "-shm"):
        (run / f"review-index.sqlite{suffix}").unlink(missing_ok=True)
    review = open_review(run)
    assert review.source.fill(review.index, whole=True) == rows
    review.close()


def test_hostile_texts_are_escaped_everywhere(
    serve_review: Serve, write_run: Callable[..., Path], hostile: tuple[str, ...], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 4, said=hostile, persona=hostile[0])
    client, _ = serve_review(run)
    for address in (
        "/",
        "/list",
        "/list?text=%3Cscript%3E&attribute=%22%3E%3Cscript%3E&by=%3Cscript%3E",
        "/c/c-000000000000",
        "/row/1",
        "/c/<script>x",
    ):
        html = client.get(address).text
        tags = set(re.findall(r"<(\w+)", html))
        assert not tags & {"iframe", "img", "math", "style", "base", "object", "embed", "link2", "b2"}, (address, tags)
        assert re.findall(r"<script[^>]*>", html) in (
            [],
            ['<script src="/static/htmx.min.js" defer>', '<script src="/static/app.js" defer>'],
        )
        assert "onerror='" not in html
        assert not re.search(r"<[^>]*\son\w+=", html)
        assert "javascript:" not in re.sub(r">[^<]*<", "><", html)
        assert "\u202e" not in html.partition("<textarea")[0]
        assert "91013" not in html, "a template in a text was evaluated"


def test_a_file_is_browsed_too(
    serve_review: Serve, write_run: Callable[..., Path], field: Callable[[str, str], str], tmp_path: Path
) -> None:
    data = tmp_path / "data.jsonl"
    rows = [
        {"id": f"row {i}/x", "user_1": ["I sing."], "user_2": [f"I dance {i}."],
         "utterances": [{"speaker": 2, "text": f"Hi {i}"}, {"speaker": 2, "text": "You there?"}, {"speaker": 1, "text": "Yes"}]}
        for i in range(3)
    ]  # fmt: skip
    data.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    client, review = serve_review(data)
    assert client.get("/").url.path == "/list"
    assert rows_listed(client, "attribute=dance+2") == 1
    page = client.get("/c/c-row%200/x")
    assert [m.group(1) for m in re.finditer(r'<li class="(u\d)" id="u-', page.text)] == ["u2", "u2", "u1"]
    fields = {"csrf": field(page.text, "csrf"), "basis": field(page.text, "basis"), "action": "reject"}
    assert "rejected by hand" in client.post(f"{page.url.path}/decide", data=fields).text
    kept = [orjson.loads(line) for line in client.get("/download/reviewed.jsonl").text.splitlines()]
    assert [[u["speaker"] for u in r["utterances"]] for r in kept] == [[2, 2, 1], [2, 2, 1]]
    # Under the file's own ids, so that they can be joined; it has no splits.
    assert [(r["id"], r["split"]) for r in kept] == [("row 1/x", ""), ("row 2/x", "")]
    review.close()
    data.write_bytes(orjson.dumps(rows[0]))
    client, _ = serve_review(data)
    assert rows_listed(client, "") == 1
    assert (tmp_path / "data.jsonl.review.sqlite").is_file()


def test_what_is_no_run_or_data_set_is_one_line(tmp_path: Path) -> None:
    from duologue.errors import UsageError

    with pytest.raises(UsageError, match="no such file"):
        open_review(tmp_path / "none")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_native_file_shows_its_evidence_and_keeps_it(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    from duologue.export import export_run

    if kind == "parquet":
        pytest.importorskip("pyarrow")
    data = tmp_path / f"data.{kind}"
    with RunReader(write_run(tmp_path / "run", 3)) as reader:
        export_run(reader, kind, data)
        export_run(reader, "jsonl", tmp_path / "same.jsonl")
    client, _ = serve_review(data)
    html = client.get("/c/c-000000000001").text
    assert 'id="a1-0" tabindex="0" data-links="u-0:supported u-5:swapped"' in html
    assert 'id="u-5" tabindex="0" data-links="a1-0:swapped a2-2:contradicted"' in html
    for words in ("contradicts 2c", "takes over 1a", "not touched", "5 of 8 attributes voiced"):
        assert words in html, words
    assert "holds no evidence" not in html
    assert rows_listed(client, "expert=depth&low=0.52&high=0.56") == 1
    # Taken along as decided, nothing of a row is lost.
    assert client.get("/download/reviewed.jsonl").content == (tmp_path / "same.jsonl").read_bytes()


def test_of_many_reasons_the_first_are_shown_and_the_others_counted() -> None:
    from duologue.records import Comparison
    from duologue.review.view import votes_of
    from duologue.store.hand import nobody

    made = [Comparison("depth", "", f"k-{n}", "first", f"reason {n}") for n in range(8)]
    pair = Pair("p-1", 0, Profile.of(()), Profile.of(()))
    ((name, won, tied, lost, reasons),) = votes_of(made, nobody(pair))
    assert (name, won, tied, lost) == ("depth", 8, 0, 0)
    assert reasons == (*(f"reason {n}" for n in range(5)), "and 3 more")


def test_rows_of_a_file_that_can_not_be_read_are_told(serve_review: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    good = orjson.dumps({"id": "one", "user_1": ["I sing."], "user_2": ["I dance."], "utterances": ["Hi.", "Hello."]})
    bad = [b"<script>broken</script>"] * 30
    data.write_bytes(b"\n".join([good, b"[1, 2]", *bad, good.replace(b"one", b"two")]))
    client, review = serve_review(data)
    assert rows_listed(client, "") == 2
    html = client.get("/list").text
    assert "31 rows of data.jsonl can't be read and stand in no list" in html
    told = html.partition('id="unreadable"')[2].partition('id="found"')[0]
    assert "30: not JSON" in told
    assert "1: not a JSON object" in told
    assert [int(n) for n in re.findall(r'<th scope="row" class="num">(\d+)</th>', told)] == list(range(2, 22))
    assert "The first 20 of them." in told
    assert "&lt;script&gt;broken" in told
    review.close()
    # Kept with the index, and found again when it is filled from where it stopped.
    client, _ = serve_review(data)
    assert "31 rows of data.jsonl" in client.get("/list").text


def test_a_file_of_which_all_can_be_read_tells_of_none_and_one_of_nothing_says_why(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    data = tmp_path / "data.jsonl"
    good = orjson.dumps({"user_1": ["I sing."], "user_2": ["I dance."], "utterances": ["Hi.", "Hello."]})
    data.write_bytes(good)
    client, _ = serve_review(data)
    assert "can't be read" not in client.get("/list").text
    assert 'id="unreadable"' not in serve_review(write_run(tmp_path / "run", 1))[0].get("/list").text
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b'{"utterances": []}')
    review = open_review(bad)
    with pytest.raises(UsageError, match="not one of its 1 rows"):
        review.keeper.once()
    assert review.source.unreadable(review.index).total == 1  # type: ignore[attr-defined]
    review.close()


def test_a_folder_is_indexed_anew_only_when_its_files_change(write_run: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from duologue.export import export_run
    from duologue.review.source import open_source

    data = tmp_path / "owls" / "data"
    data.mkdir(parents=True)
    with RunReader(write_run(tmp_path / "run", 3)) as reader:
        export_run(reader, "parquet", data / "train.parquet")
    before = open_source(data.parent).source
    (data.parent / "notes.txt").write_text("mine")
    assert open_source(data.parent).source == before
    # A change inside the inner folder leaves the outer one's time as it is.
    os.utime(data / "train.parquet", (1, 1))
    assert open_source(data.parent).source != before


def test_evidence_is_looked_for_on_demand_where_a_file_holds_none(
    serve_review: Serve, field: Callable[[str, str], str], tmp_path: Path
) -> None:
    from duologue.review.finding import Finder

    data = tmp_path / "data.jsonl"
    said = ["I bake bread every day.", "Nice! I have two brown dogs.", "I bake bread in a small shop.", "Oh, lovely."]
    rows = [
        {"id": "one", "user_1": ["I bake bread in a small shop."], "user_2": ["I have two brown dogs."], "utterances": said},
        {"id": "two", "user_1": ["I sing."], "user_2": ["I dance."],
         "utterances": [{"speaker": 2, "text": "Hi"}, {"speaker": 2, "text": "You there?"}, {"speaker": 1, "text": "Yes"}]},
    ]  # fmt: skip
    data.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    client, review = serve_review(data)
    review.finder = Finder("scripted", "scripted")
    page = client.get("/c/c-one")
    assert "holds no evidence" in page.text
    assert "chip supported" not in page.text
    assert "not touched" not in page.text
    assert client.post(f"{page.url.path}/evidence", data={"csrf": "wrong"}).status_code == 403
    after = post(client, page, "evidence", field)
    assert after.status_code == 200
    assert "holds no evidence" not in after.text
    assert 'data-links="a1-0:supported"' in after.text
    # It is kept with the index.
    assert 'data-links="a1-0:supported"' in client.get("/c/c-one").text
    other = client.get("/c/c-two")
    assert "take turns" in other.text
    assert post(client, other, "evidence", field).status_code == 400


@pytest.mark.parametrize("few", [0, 10_000])
def test_neighbours_follow_the_list_of_every_query(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    from duologue.review import find as module
    from duologue.review.find import Query, find, neighbours

    # Whatever is looked up first, the answer is the same.
    monkeypatch.setattr(module, "_FEW", few)
    _, review = serve_review(write_run(tmp_path / "run", 60))
    connection = review.index.reader()
    for values in (
        {},
        {"text": "trombone"},
        {"attribute": "locker number"},
        {"attribute": "Number", "text": "tomatoes", "low": "0.79"},
        {"expert": "depth", "low": "0.6", "high": "0.7"},
        {"text": "bring", "expert": "depth", "verdict": "passed"},
        {"stage": "candidate", "iteration": "1", "status": "rejected", "text": "candidate"},
        {"text": "trombone", "status": "failed"},
        {"attribute": "zebra"},
    ):
        query = Query.of(values)
        listed = [r.n for p in (1, 2, 3) for r in find(connection, Query.of({**values, "page": str(p)})).rows]
        assert listed == sorted(listed)
        for place, n in enumerate(listed):
            expected = listed[place - 1] if place else None, listed[place + 1] if place + 1 < len(listed) else None
            if len(listed) < 150 or place < 149:
                assert neighbours(connection, query, n) == expected
    assert neighbours(connection, Query.of({"text": "zebra"}), 5) == (None, None)


def test_the_funnel_and_the_charts_hold_the_runs_figures(
    serve_review: Serve, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 5)
    client, _ = serve_review(run)
    html = client.get("/").text
    with RunReader(run) as reader:
        accepted = {
            stage: sum(c.n for c in reader.counts() if (c.stage, c.status) == (stage, "accepted"))
            for stage in ("attribute", "profile", "pair")
        }
        conversations = len(list(reader.conversations()))
    funnel = html.partition('aria-label="Funnel of the run: ')[2].partition("</svg>")[0]
    labels = re.findall(r'class="label"[^>]*>([^<]+)<', funnel)
    values = re.findall(r'class="value"[^>]*>([^<]+)<', funnel)
    assert dict(zip(labels, map(int, values), strict=True)) == {
        "attributes": accepted["attribute"],
        "profiles": accepted["profile"],
        "pairs": accepted["pair"],
        "candidates": 30,
        "conversations": conversations,
    }
    shares = html.partition('aria-label="Share by iteration: ')[2].partition("</svg>")[0]
    # Of three candidates an iteration, faithfulness refuses one.
    assert "candidates that passed every guard and filter, iteration 1: 0.67" in shares
    assert "pairs with a conversation, iteration 2: 1.00" in shares
    means = html.partition('aria-label="Mean score by iteration: ')[2].partition("</svg>")[0]
    assert "coherency, iteration 1: 0.80" in means
    assert "coherency, iteration 2: 0.90" in means
    # The same for those who hear the page.
    assert f'pairs {accepted["pair"]}, candidates 30, conversations {conversations}"' in funnel
    assert "passed every guard and filter 0.67 in 1, 0.67 in 2; pairs with a conversation 1.00 in 1" in shares
    assert means.startswith('coherency 0.80 in 1, 0.90 in 2; depth 0.60 in 1, 0.60 in 2"')


def test_the_overview_and_list_follow_a_run_by_themselves(
    write_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.testclient import TestClient

    from duologue.review import keeper
    from duologue.review.app import make_app

    monkeypatch.setattr(keeper, "PAUSE", 0.02)
    run = write_run(tmp_path / "run", 3, state="running")
    review = open_review(run)
    try:
        with TestClient(make_app(review, frozenset(("testserver",)))) as client:
            _until(lambda: 'class="pill running"' in client.get("/").text and ">18</text>" in client.get("/").text)
            assert 'hx-trigger="every 3s"' in client.get("/").text
            assert 'hx-trigger="every 5s"' in client.get("/list").text
            with sqlite3.connect(run / "run.sqlite") as other:
                columns = 'revision, stage, iteration, ?, status, "by", reason, data, position, seq, pass'
                query = f"INSERT INTO items SELECT {columns} FROM items WHERE stage = 'candidate' LIMIT 1"
                other.execute(query, ("k-new",))
            other.close()
            _until(lambda: ">19</text>" in client.get("/").text)
            with sqlite3.connect(run / "run.sqlite") as other:
                other.execute("UPDATE revisions SET state = 'finished'")
            other.close()
            _until(lambda: 'class="pill finished"' in client.get("/").text)
            assert "every 3s" not in client.get("/").text
            assert "every 5s" not in client.get("/list").text
    finally:
        review.close()


def _until(true: Callable[[], bool]) -> None:
    """Wait, and fail only after far longer than it can take."""
    for _ in range(1500):
        if true():
            return
        time.sleep(0.02)
    pytest.fail("it never came")
