"""The application: what is open while a review is served, and its routes."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from duologue.errors import DuologueError, StoreError, UsageError
from duologue.review.database import ReviewDatabase, place_of
from duologue.review.decisions import Decisions
from duologue.review.finding import Finder
from duologue.review.index import Index
from duologue.review.keeper import Keeper
from duologue.review.security import Gate, Shield, enter
from duologue.review.source import Source, open_source
from duologue.review.study.store import StudyStore
from duologue.store.hand import FILE_NAME

INDEX_NAME = "review-index.sqlite"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(slots=True)
class Review:
    """All that the pages use. Close it."""

    source: Source
    index: Index
    database: ReviewDatabase
    decisions: Decisions
    studies: StudyStore
    keeper: Keeper
    gate: Gate
    who: str
    """Under which name decisions are recorded."""
    finder: Finder = field(default_factory=Finder)

    def close(self) -> None:
        """End the background work and close the files."""
        self.keeper.stop()
        self.index.close()
        self.source.close()
        self.database.close()


def open_review(path: Path, *, token: str | None = None, who: str = "owner") -> Review:
    """Open a run folder or data set file for review. Raises UsageError or StoreError, in one line."""
    source = open_source(path)
    database = ReviewDatabase(place_of(path))
    try:
        secret = database.secret("secret")
        index = Index(_index_place(database.path), source.source)
    except BaseException:
        database.close()
        source.close()
        raise
    return Review(
        source, index, database, Decisions(database), StudyStore(database), Keeper(index, source), Gate(secret, token), who
    )  # fmt: skip


def _index_place(review: Path) -> Path:
    return review.with_name(review.name.removesuffix(FILE_NAME) + INDEX_NAME)


@cache
def templates() -> Environment:
    """The templates; everything is escaped."""
    made = Environment(
        loader=PackageLoader("duologue.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["thousands"] = lambda value: f"{value:,}"
    made.filters["percent"] = lambda value: f"{100 * value:.0f} %"
    return made


def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """Render a template for the owner."""
    review: Review = request.app.state.review
    who = getattr(request.state, "who", "")
    values |= {
        "source": review.source,
        "progress": review.index.progress,
        "csrf": review.gate.csrf(who) if who else "",
        "path": request.url.path,
        "has_study": bool(review.studies.latest()),
    }
    return HTMLResponse(templates().get_template(name).render(values), status)


async def static(request: Request) -> Response:
    """One of our own static files."""
    name = request.path_params["name"]
    known: Mapping[str, bytes] = _static_files()
    if name not in known:
        raise HTTPException(404, "there is no such file")
    headers = {"Cache-Control": "max-age=3600"}
    return Response(known[name], media_type=_TYPES[name[name.rindex(".") :]], headers=headers)


@cache
def _static_files() -> Mapping[str, bytes]:
    folder = files("duologue.review") / "static"
    return {
        f.name: f.read_bytes() for f in folder.iterdir() if "." in f.name and f.name[f.name.rindex(".") :] in _TYPES
    }


async def _problem(request: Request, error: Exception) -> Response:
    status, words = 500, "something went wrong; see the terminal"
    if isinstance(error, HTTPException):
        status, words = error.status_code, error.detail
    elif isinstance(error, UsageError):
        status, words = 400, str(error)
    elif isinstance(error, StoreError | sqlite3.Error):
        status, words = 503, str(error)
    elif isinstance(error, DuologueError):
        status, words = 400, str(error)
    html = templates().get_template("problem.html").render(status=status, words=words)
    return HTMLResponse(html, status)


def make_app(review: Review, hosts: frozenset[str] | None, *, watch: bool = True) -> Starlette:
    """The ASGI application. ``hosts`` as in :class:`Shield`; ``watch`` starts the background work with the server."""
    from duologue.review.pages import annotate, browse, decide, results

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if watch:
            review.keeper.start()
        yield

    app = Starlette(
        routes=[
            Route("/static/{name}", static),
            Route("/enter", enter),
            *browse.ROUTES,
            *decide.ROUTES,
            *results.ROUTES,
            *annotate.ROUTES,
        ],
        exception_handlers={HTTPException: _problem, DuologueError: _problem, sqlite3.Error: _problem},
        lifespan=lifespan,
    )
    app.state.review = review
    # Around all of it: Starlette's own middleware for errors would lie outside of one that it is given.
    app.middleware_stack = Shield(app.build_middleware_stack(), hosts)
    return app
