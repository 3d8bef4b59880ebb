"""Deciding by hand, and taking the decisions and the decided data set along."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import AsyncIterator, Iterator
from typing import cast

import orjson
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from duologue.export.jsonl import line_of
from duologue.review.app import Review, page
from duologue.review.file_source import can_look
from duologue.review.find import Query, named
from duologue.review.security import owner_only
from duologue.review.view import shown_text
from duologue.spreadsheets import defused
from duologue.store.codec import encode
from duologue.store.hand import Action, Decision, basis_of, fold

ACTIONS = ("accept", "reject", "edit", "choose", "restore", "clear")
SHOWN = 500
"""Decisions on one page; the files to take along have all."""


async def decide(request: Request) -> Response:
    """Record one decision, then show the conversation again."""
    review: Review = request.app.state.review
    n = request.path_params["n"]
    form = await review.gate.form(request, request.state.who)
    shown = await run_in_threadpool(review.source.conversation, review.index, n)
    action = form.get("action")
    if shown is None or action not in ACTIONS:
        raise HTTPException(400, "there is no such conversation or decision; go back to the list")
    winner = await run_in_threadpool(review.source.winner, shown)
    if winner is None:
        raise HTTPException(409, "the run has not decided about the pair yet; wait until it has")
    conversation = winner.conversation
    original = conversation.candidate.utterances
    if form.get("basis") != basis_of(original):
        raise HTTPException(409, "the conversation has changed since the page was made; reload it and decide again")
    if action != "choose" and shown.conversation.candidate.utterances != original:
        raise HTTPException(409, "this is not the pair's conversation; put it in its place first")
    stands = await run_in_threadpool(lambda: fold(review.decisions.of(conversation.id, original)).chosen)
    if not original and action != "choose" and stands is None:
        raise HTTPException(409, "no candidate of the pair won; accept one of them by hand first")
    chosen = None
    if action == "choose":
        name = str(form.get("candidate", ""))
        chosen = await run_in_threadpool(review.source.candidate, shown, name)
        if chosen is None or chosen.candidate.utterances == original:
            raise HTTPException(400, "there is no other whole candidate of this name; reload the page and choose again")
    # More fields than utterances can't be: the form has limits of its own.
    fields = [key for key in form if key.startswith("utterance-")]
    said = [str(form.get(f"utterance-{i}", "")) for i in range(len(fields))] if action == "edit" else None
    note = str(form.get("note", ""))
    await review.decisions.record(
        conversation.id, original, cast("Action", action), review.who, utterances=said, chosen=chosen, note=note
    )

    def mark() -> None:
        hand = fold(review.decisions.of(conversation.id, original)).mark
        rows = review.index.reader().execute(
            "SELECT n FROM rows WHERE name = ? AND stage = 'conversation'", (conversation.id,)
        )
        same = []
        for (other,) in rows.fetchall():
            found = review.source.conversation(review.index, other)
            if found is not None and found.conversation.candidate.utterances == original:
                same.append(other)
        review.index.set_hand(same, hand)

    await run_in_threadpool(mark)
    link = Query.of(request.query_params).link()
    if action == "choose":
        n = await run_in_threadpool(lambda: named(review.index.reader(), conversation.id)) or n
    return RedirectResponse(f"/row/{n}" + (f"?{link}" if link else ""), 303)


async def look_for_evidence(request: Request) -> Response:
    """Look for evidence in a conversation of a file that holds none, keep it with the index, and show it."""
    review: Review = request.app.state.review
    n = request.path_params["n"]
    await review.gate.form(request, request.state.who)

    def look() -> None:
        shown = review.source.conversation(review.index, n)
        if shown is None or review.source.is_run or not can_look(shown):
            raise HTTPException(
                400, "evidence can't be looked for here: it takes profiles, and speakers who take turns"
            )
        found = review.finder.find(shown.conversation.candidate)
        review.index.set_found(n, encode(found).decode())

    await run_in_threadpool(look)
    link = Query.of(request.query_params).link()
    return RedirectResponse(f"/row/{n}" + (f"?{link}" if link else ""), 303)


async def decisions(request: Request) -> Response:
    """The newest decisions first."""
    review: Review = request.app.state.review
    made, total = await run_in_threadpool(review.decisions.newest, SHOWN)
    rows = [
        (d, time.strftime("%Y-%m-%d %H:%M", time.gmtime(d.at)), shown_text(d.note), shown_text(d.who)) for d in made
    ]
    return page(request, "decisions.html", rows=rows, total=total)


async def decisions_json(request: Request) -> Response:
    """All decisions as JSON."""
    review: Review = request.app.state.review
    made = await run_in_threadpool(lambda: [_plain(d) for d in review.decisions.all()])
    return _download(orjson.dumps(made, option=orjson.OPT_INDENT_2), "application/json", "decisions.json")


async def decisions_csv(request: Request) -> Response:
    """All decisions as CSV, cells that a spreadsheet would compute defused."""
    review: Review = request.app.state.review

    def write() -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(("conversation", "basis", "action", "who", "at", "note", "utterances", "chosen"))
        for d in review.decisions.all():
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(d.at))
            cells = (d.conversation, d.basis, d.action, d.who, at, d.note, "\n".join(d.utterances or ()), _candidate(d))
            writer.writerow(map(defused, cells))
        return out.getvalue().encode()

    return _download(await run_in_threadpool(write), "text/csv; charset=utf-8", "decisions.csv")


async def data_set(request: Request) -> Response:
    """The data set as decided, as JSON lines: without what was rejected, with new texts and what was chosen."""
    review: Review = request.app.state.review

    def rows() -> Iterator[bytes]:
        for shown in review.source.conversations():
            row = line_of(shown.conversation)
            if shown.own is not None:
                row["id"], row["split"] = shown.own
            for utterance, speaker in zip(row["utterances"], shown.speakers, strict=True):
                utterance["speaker"] = speaker
            yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)

    def streamed() -> AsyncIterator[bytes]:
        return iterate_in_threadpool(rows())

    headers = {"Content-Disposition": 'attachment; filename="reviewed.jsonl"'}
    return StreamingResponse(streamed(), media_type="application/jsonl", headers=headers)


def _plain(d: Decision) -> dict[str, object]:
    return {
        "conversation": d.conversation, "basis": d.basis, "action": d.action, "who": d.who, "at": d.at, "note": d.note,
        "utterances": d.utterances, "chosen": _candidate(d) or None,
    }  # fmt: skip


def _candidate(d: Decision) -> str:
    return "" if d.chosen is None else d.chosen.candidate.id


def _download(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


ROUTES = [
    Route("/row/{n:number}/decide", owner_only(decide), methods=["POST"]),
    Route("/row/{n:number}/evidence", owner_only(look_for_evidence), methods=["POST"]),
    Route("/decisions", owner_only(decisions)),
    Route("/download/decisions.json", owner_only(decisions_json)),
    Route("/download/decisions.csv", owner_only(decisions_csv)),
    Route("/download/reviewed.jsonl", owner_only(data_set)),
]
