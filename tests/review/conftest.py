"""A small run with every kind of evidence, and what tests of the pages need."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.review.browser import ARGUMENTS, CHROMIUM, Served

HOSTILE = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '"><svg onload=window.pwned=1>',
    "</textarea><script>window.pwned=1</script>",
    "</p></li></ol><h1>Owned</h1>",
    "' onmouseover='window.pwned=1' x='",
    '<a href="javascript:window.pwned=1">click</a>',
    "{{ 7001 * 13 }}{% raw %}<b>{{ csrf }}</b>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "<!-- <script> --> ]]> <![CDATA[",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<style>body { display: none }</style>",
    '<div hx-post="/row/1/decide" hx-trigger="load" data-hx-get="/list"></div>',
    "<meta http-equiv='refresh' content='0;url=//evil.example'>",
    "<form action='//evil.example'><input name=csrf>",
    "\u202egnirts desrever\u202c \u200b\u2066hidden\u2069",
    "line one\r\nline two\ttab \x00 \x1b[31mred\x07",
    '=HYPERLINK("http://evil.example";"click")',
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "👩‍👩‍👧 \u0645\u0631\u062d\u0628\u0627 ﷽ Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
    "x" * 3000,
)
"""Texts that must never be more than text."""

TALK = (
    "Hi! I just got back from the allotment, my tomatoes are finally turning red. How is your week?",
    "Lovely! Busy, the night shift at the hospital was long. I am on the ward for premature babies.",
    "That sounds demanding. I could not do it, I faint when I see a needle. What keeps you going?",
    "My brass band, mostly. We rehearse on Thursdays, and I have played the trombone since school.",
    "A trombone! My two beagles would howl along. Do you have any pets yourself?",
    "No, I never wanted any. I do grow tomatoes on the balcony, though, like you.",
    "Then come by on Sunday, I will swap you a basket for a tune.",
    "Deal. I will bring the trombone, you keep the beagles calm.",
)
ONE = (
    "I grow vegetables on an allotment.",
    "I have two beagles.",
    "I am afraid of needles.",
    "My sister lives in Oslo.",
)
TWO = (
    "I work as a nurse on a neonatal ward.",
    "I play the trombone in a brass band.",
    "I have a parrot called Rio.",
)


VARIED = (
    "I love thrillers.",
    "My father drives a tram.",
    "I swim in the lake every morning.",
    "I collect old maps.",
    "I am learning Finnish.",
    "My favourite season is autumn.",
)
"""One user 2's fourth attribute each, so that there are others' attributes to draw from."""


def _write_run(
    folder: Path,
    pairs: int = 8,
    *,
    said: tuple[str, ...] = TALK,
    persona: str = "",
    state: str = "finished",
    lost: tuple[int, ...] = (),
) -> Path:
    """Write a run of two iterations: three candidates a pair and iteration, comparisons, verdicts with evidence.

    Of the pairs numbered ``lost`` every candidate was refused; the last one was given up before it was whole.
    """
    from duologue.config.load import load_config
    from duologue.conversations.generator.protocol import Task
    from duologue.records import (
        Attribute,
        Candidate,
        Comparison,
        Conversation,
        Evidence,
        Outcome,
        Pair,
        Profile,
        Verdict,
    )
    from duologue.store import revisions
    from duologue.store.database import Database
    from duologue.store.ledger import SqlLedger

    chosen = load_config(overrides={"generator.candidates": 3, "loop.iterations": 2})

    async def write() -> None:
        database = Database(folder)
        revision = await revisions.begin(database, "e" * 64, chosen.model_dump(mode="json"))
        ledger = SqlLedger(database, revision)
        for index in range(pairs):
            mark = f" {persona}" if persona else ""
            one = Profile.of(tuple(Attribute.of(t + mark) for t in ONE))
            two = Profile.of(
                tuple(
                    Attribute.of(t + mark) for t in (*TWO, VARIED[index % len(VARIED)], f"My locker is number {index}.")
                )
            )
            for a in (*one.attributes, *two.attributes):
                ledger.record(Outcome("attribute", a.id, "accepted", data=a))
            for user in (one, two):
                ledger.record(Outcome("profile", user.id, "accepted", data=user))
            pair = Pair(f"p-{index:012x}", index, one, two, "random", split=("train", "valid", "test")[index % 3])
            ledger.record(Outcome("pair", pair.id, "accepted", data=pair))
            final: Conversation | None = None
            for iteration in (1, 2):
                names = [Task(pair, iteration, 0, s, (), (0, 0), 0).id for s in range(3)]
                if index in lost:
                    for s, name in enumerate(names):
                        why = f"utterance 2 contradicts an attribute ({s})"
                        talk = (*said[:3], f"Refused candidate {s} of iteration {iteration}.")
                        ledger.judged(name, (Verdict("faithfulness", "filter", 0.2, False, why, (), (1,)),))
                        data = {"pair": pair.id, "attempt": 0, "sample": s, **({} if s == 2 else {
                            "utterances": talk, "mode": "turns", "model": "scripted", "prompt_hash": "abc"})}  # fmt: skip
                        ledger.record(Outcome("candidate", name, "rejected", "faithfulness", why, iteration, data))
                    why = "no candidate of 3 survived: faithfulness 3"
                    ledger.record(Outcome("conversation", pair.id, "failed", "critic", why, iteration))
                    continue
                talk = (*said[:-1], f"{said[-1]} ({index}.{iteration})")
                winner = Candidate(names[0], pair, iteration, 0, 0, talk, "turns", "scripted", "abc", 0, (4, 12))
                a1, a2 = one.attributes, two.attributes
                found = (
                    Evidence(1, a1[0].id, 0, "supported", 0.97),
                    Evidence(1, a1[2].id, 2, "supported", 0.93),
                    Evidence(1, a1[1].id, 4, "supported", 0.95),
                    Evidence(2, a2[0].id, 1, "supported", 0.96),
                    Evidence(2, a2[1].id, 3, "supported", 0.99),
                    Evidence(2, a2[2].id, 5, "contradicted", 0.91),
                    Evidence(1, a1[0].id, 5, "supported", 0.88),
                )
                verdicts = (
                    Verdict("format", "guard", 1.0, True),
                    Verdict("faithfulness", "filter", 0.62, True, "5 of 8 attributes voiced", found),
                    Verdict("depth", "quality", 0.5 + 0.05 * (index % 8), True),
                    Verdict("coherency", "quality", 0.7 + 0.1 * iteration, True),
                )
                row = {"pair": pair.id, "attempt": 0, "mode": "turns", "model": "scripted", "prompt_hash": "abc"}
                for s, (status, by, why) in enumerate((
                    ("accepted", "tournament", "won 1 of 1 duels and 4 of 6 votes (coherency 2/2, depth 2/4)"),
                    ("rejected", "tournament", f"lost to {names[0]}: 2 of 6 votes in their duel; 0 of 1 duels won"),
                    ("rejected", "faithfulness", "utterance 2 contradicts an attribute"),
                )):  # fmt: skip
                    texts = talk if s == 0 else (*talk[:3], f"Candidate {s} ends here.")
                    ledger.judged(names[s], verdicts if s == 0 else (
                        Verdict("faithfulness", "filter", 0.2, s == 1, why if s == 2 else "", (), (1,) if s == 2 else ()),
                    ))  # fmt: skip
                    data = {**row, "sample": s, "utterances": texts}
                    ledger.record(Outcome("candidate", names[s], status, by, why, iteration, data))  # type: ignore[arg-type]
                ledger.compared(pair.id, iteration, (
                    Comparison("depth", names[0], names[1], "first", "asks on"), Comparison("coherency", names[0], names[1], "tie"),
                ))  # fmt: skip
                final = Conversation(winner, verdicts, 0.67)
                why = "won 1 of 1 duels and 4 of 6 votes (coherency 2/2, depth 2/4)"
                ledger.record(Outcome("conversation", pair.id, "accepted", "tournament", why, iteration, final))
            if state != "running" and final is None:
                ledger.record(
                    Outcome("conversation", pair.id, "failed", "critic", "no candidate of 3 survived: faithfulness 3")
                )
            elif state != "running":
                ledger.record(Outcome("conversation", pair.id, "accepted", "iteration 2", "won 1 of 1 duels", 0, final))
        await ledger.flush()
        if state != "running":
            await revisions.end(database, revision, state)  # type: ignore[arg-type]
        database.close()

    # In a thread of its own: Playwright keeps an event loop in the main one.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(lambda: asyncio.run(write())).result()
    return folder


@pytest.fixture(scope="session")
def write_run() -> Callable[..., Path]:
    """Writes a run folder; see :func:`_write_run`."""
    return _write_run


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Texts that must never be more than text."""
    return HOSTILE


@pytest.fixture
def serve_review() -> Iterator[Callable[..., object]]:
    """Opens a review and returns (TestClient, Review); closes both."""
    from starlette.testclient import TestClient

    from duologue.review.app import make_app, open_review

    opened: list[object] = []

    def start(path: Path, *, token: str | None = None, hosts: frozenset[str] = frozenset(("testserver",))) -> object:
        review = open_review(path, token=token, who="rosa")
        opened.append(review)
        review.keeper.once()
        return TestClient(make_app(review, hosts, watch=False), raise_server_exceptions=False), review

    yield start
    for review in opened:
        review.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def field() -> Callable[[str, str], str]:
    """The value of a hidden field of a page."""

    def find(html: str, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', html)
        assert found, f"no field {name}"
        return found.group(1)

    return find


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests of this file."""
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright: pip install playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"the browser tests need Chromium at {CHROMIUM}: apt-get install chromium")
    with api.sync_playwright() as playwright:
        try:
            made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        except api.Error as error:
            pytest.skip(f"Chromium does not start here: {str(error).splitlines()[0]}")
        yield made
        made.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves reviews and closes them."""
    served: list[Served] = []

    def start(path: Path, **more: Any) -> Served:
        served.append(Served(path, **more))
        return served[-1]

    yield start
    for one in served:
        one.close()
