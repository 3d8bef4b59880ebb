"""The owner's view of an evaluation: links, progress, results, and the files to take along."""

from __future__ import annotations

import math
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from duologue.review.app import Review, page
from duologue.review.security import owner_only
from duologue.review.study.records import ASPECTS, Study
from duologue.review.study.results import Agreement, Share, results
from duologue.review.study.take_out import csv_of, json_of
from duologue.review.view import shown_text


def share(value: Share, scale: float = 100.0, unit: str = " %") -> str:
    """A share with its interval, or a dash."""
    if math.isnan(value.value):
        return "-"
    digits = 1
    figure = f"{scale * value.value:.{digits}f}{unit}"
    if math.isnan(value.low):
        return figure
    return f"{figure} ({scale * value.low:.{digits}f} to {scale * value.high:.{digits}f})"


def figure(value: float | None) -> str:
    """A figure with two decimals, or a dash."""
    return "-" if value is None or math.isnan(value) else f"{value:.2f}"


def spanned(agreement: Agreement, measure: Literal["kappa", "alpha"]) -> str:
    """A measure of agreement with its interval, or a dash."""
    value, low, high = (getattr(agreement, measure + end) for end in ("", "_low", "_high"))
    return figure(value) if math.isnan(low) else f"{figure(value)} ({figure(low)} to {figure(high)})"


def _study(request: Request) -> Study:
    review: Review = request.app.state.review
    id_ = request.query_params.get("study") or review.studies.latest()
    if id_ is None:
        raise HTTPException(404, "there is no evaluation yet; start one with --annotators, see duologue review --help")
    return review.studies.study(id_)


async def show(request: Request) -> Response:
    """Everything on one page, live."""
    review: Review = request.app.state.review

    def look() -> Response:
        study = _study(request)
        trusted = request.query_params.get("trusted") == "1"
        found = results(study, trusted_only=trusted)
        base = str(request.base_url).rstrip("/")
        links = [(name, f"{base}/a/{token}") for name, token in review.studies.links(study.id)]
        return page(
            request, "results.html", study=study, found=found, trusted=trusted, links=links, share=share, figure=figure,
            spanned=spanned, aspects=ASPECTS, others=[id_ for id_, _ in review.studies.all() if id_ != study.id], text=shown_text,
            sets={"a": study.plan.source, "b": study.plan.against},
            counts={kind: sum(t.kind == kind and not t.gold for t in study.tasks.values()) for kind in study.plan.kinds},
        )  # fmt: skip

    return await run_in_threadpool(look)


async def as_json(request: Request) -> Response:
    """Everything as JSON."""
    body = await run_in_threadpool(lambda: json_of(_study(request)))
    return Response(
        body, media_type="application/json", headers={"Content-Disposition": 'attachment; filename="results.json"'}
    )


async def as_csv(request: Request) -> Response:
    """The answers as CSV."""
    body = await run_in_threadpool(lambda: csv_of(_study(request)))
    return Response(
        body,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="answers.csv"'},
    )


ROUTES = [
    Route("/results", owner_only(show)),
    Route("/download/results.json", owner_only(as_json)),
    Route("/download/answers.csv", owner_only(as_csv)),
]
