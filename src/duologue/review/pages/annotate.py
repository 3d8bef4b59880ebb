"""What an annotator sees: their own tasks under their own link, and nothing that tells the sides, sets or others."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from duologue.errors import UsageError
from duologue.review.app import Review, templates
from duologue.review.study.answers import answer_of
from duologue.review.study.records import Task
from duologue.review.study.store import Seat

ASPECTS = (
    ("depth", "They go below the surface: ask on, explain, tell."),
    ("coherency", "Each utterance fits what was said before."),
    ("consistency", "Nobody contradicts themselves."),
    ("diversity", "Words and topics vary; nothing is repeated."),
    ("likable", "The speakers are pleasant to listen to."),
)
TEMPLATES = {
    "detection": "task-detection.html",
    "faithfulness": "task-faithfulness.html",
    "quality": "task-quality.html",
}


async def _seat(request: Request) -> tuple[Review, Seat]:
    review: Review = request.app.state.review
    seat = await run_in_threadpool(review.studies.seat, request.path_params["token"])
    if seat is None:
        raise HTTPException(404, "there is no such link; check that it was copied as a whole")
    return review, seat


def _who(seat: Seat) -> str:
    return f"annotator {seat.token}"


async def welcome(request: Request) -> Response:
    """Where the link leads: how it works, or on to where the annotator stopped, or thanks."""
    _, seat = await _seat(request)
    html = templates().get_template("welcome.html").render(seat=seat, base=f"/a/{seat.token}")
    return HTMLResponse(html)


async def task(request: Request) -> Response:
    """One task; a form that was sent is an answer."""
    review, seat = await _seat(request)
    position = request.path_params["position"]
    found = await run_in_threadpool(review.studies.task, seat, position)
    if found is None:
        raise HTTPException(404, "there is no such task; use your link to go on where you stopped")
    if request.method == "POST":
        form = await review.gate.of_annotators.form(request, _who(seat))
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        try:
            value = answer_of(found, fields)
        except UsageError as error:
            return _render(review, seat, position, found, _entered(fields), str(error))
        await review.studies.answer(seat, found, value)
        fresh = await run_in_threadpool(review.studies.seat, seat.token)
        following = fresh.after(position) if fresh else None
        return RedirectResponse(f"/a/{seat.token}" + (f"/{following}" if following else ""), 303)
    await review.studies.showing(seat, found)
    given = await run_in_threadpool(review.studies.given, seat, found)
    return _render(review, seat, position, found, given, "")


def _entered(fields: list[tuple[str, str]]) -> Any:
    """What was entered in a form that is shown again."""
    picks = [int(value) for name, value in fields if name == "pick" and value.isascii() and value.isdigit()]
    values: dict[str, Any] = {name: int(v) if v.isascii() and v.isdigit() and len(v) == 1 else v for name, v in fields}
    return {**values, "picks": picks}


def _render(review: Review, seat: Seat, position: int, found: Task, given: Any, problem: str) -> Response:
    html = templates().get_template(TEMPLATES[found.kind]).render(
        shown=found.shown, seat=seat, position=position, base=f"/a/{seat.token}", problem=problem,
        csrf=review.gate.of_annotators.csrf(_who(seat)), aspects=ASPECTS,
        choice=given if isinstance(given, str) else (given or {}).get("choice", "") if isinstance(given, dict) else "",
        picks=given if isinstance(given, list) else given.get("picks", []) if isinstance(given, dict) else [],
        none=given == [], ratings=given if isinstance(given, dict) else {}, following=seat.after(position),
    )  # fmt: skip
    return HTMLResponse(html, 400 if problem else 200)


ROUTES = [
    Route("/a/{token}", welcome),
    Route("/a/{token}/{position:number}", task, methods=["GET", "POST"]),
]
