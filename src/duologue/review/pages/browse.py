"""Browsing: the run in figures, the list with its filters, one conversation, any other item."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from duologue.review.app import Review, page
from duologue.review.file_source import FileSource, can_look
from duologue.review.find import COUNTED, STAGES, Query, default_iteration, find, last_iteration, named, neighbours
from duologue.review.overview import overview
from duologue.review.run_source import RunSource
from duologue.review.security import owner_only
from duologue.review.source import Shown
from duologue.review.view import contender_views, shown_text, talk_of, verdict_views, votes_of
from duologue.store.hand import basis_of, fold


def _review(request: Request) -> Review:
    review: Review = request.app.state.review
    return review


async def home(request: Request) -> Response:
    """The run in figures; of a file, the list."""
    review = _review(request)
    if not review.source.is_run:
        return RedirectResponse("/list", 307)
    figures, state = await run_in_threadpool(lambda: (overview(review.index), review.source.state()))
    return page(request, "overview.html", figures=figures, state=state)


async def listing(request: Request) -> Response:
    """One page of rows."""
    review, query = _review(request), Query.of(request.query_params)

    def look() -> Response:
        connection = review.index.reader()
        found = find(connection, query)
        experts = connection.execute("SELECT name, kind FROM experts ORDER BY kind, name").fetchall()
        iterations = list(range(last_iteration(connection) + 1))
        return page(
            request, "list.html", query=query, found=found, stages=STAGES if review.source.is_run else STAGES[:1],
            experts=experts, iterations=iterations, counted=COUNTED,
            iteration=query.iteration if query.iteration is not None else default_iteration(connection, query.stage),
            text=shown_text, state=review.source.state(),
            unreadable=review.source.unreadable(review.index) if isinstance(review.source, FileSource) else None,
        )  # fmt: skip

    return await run_in_threadpool(look)


async def row(request: Request) -> Response:
    """One conversation or candidate with its evidence, or what is stored of another item."""
    review, n, query = _review(request), request.path_params["n"], Query.of(request.query_params)

    def look() -> Response:
        shown = review.source.conversation(review.index, n)
        before, after = neighbours(review.index.reader(), query, n)
        moves = {"before": before, "after": after, "link": query.link(), "n": n}
        if shown is None:
            fields = review.source.item(n, review.index) if isinstance(review.source, RunSource) else ()
            if not fields:
                raise HTTPException(404, "there is no such row; go back to the list")
            return page(request, "item.html", fields=[(k, shown_text(v)) for k, v in fields], **moves)
        # Decisions are about the run's own winner; another candidate can only be put in its place.
        winner = review.source.winner(shown)
        original = shown.conversation.candidate.utterances
        is_winner = winner is not None and winner.conversation.candidate.utterances == original
        decisions = review.decisions.of(shown.conversation.id, original) if is_winner else ()
        hand = fold(decisions)
        none_won = winner is not None and not winner.conversation.candidate.utterances
        taken_in = none_won and fold(review.decisions.of(shown.conversation.id, ())).chosen is not None
        chosen = hand.chosen
        if chosen is not None:
            speakers = tuple(i % 2 + 1 for i in range(len(chosen.candidate.utterances)))
            shown = Shown(chosen, shown.iteration, "accepted", "", "", speakers)
        conversation = shown.conversation
        contenders = contender_views(review.source.contenders(shown))
        return page(
            request, "conversation.html", shown=shown, conversation=conversation, talk=talk_of(shown, hand),
            verdicts=verdict_views(conversation.verdicts), votes=votes_of(review.source.comparisons(shown), conversation),
            contenders=contenders, choosable=any(c.utterances for c in contenders), hand=hand, decisions=decisions,
            none_won=none_won, taken_in=taken_in,
            basis=basis_of(winner.conversation.candidate.utterances if winner else original), is_winner=is_winner,
            winner=winner, reason=shown_text(shown.reason), text=shown_text,
            editable=hand.utterances or conversation.candidate.utterances,
            can_look=not review.source.is_run and can_look(shown), **moves,
        )  # fmt: skip

    return await run_in_threadpool(look)


async def by_name(request: Request) -> Response:
    """The row of a conversation's id, for addresses that last."""
    name = request.path_params["name"]
    found = await run_in_threadpool(lambda: named(_review(request).index.reader(), name))
    if found is None:
        raise HTTPException(404, f"there is no conversation {quote(name)[:100]}")
    return RedirectResponse(f"/row/{found}", 303)


ROUTES = [
    Route("/", owner_only(home)),
    Route("/list", owner_only(listing)),
    Route("/row/{n:number}", owner_only(row)),
    Route("/c/{name:path}", owner_only(by_name)),
]
