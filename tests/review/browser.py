"""What the tests in a real browser share: Debian's Chromium, a review that is served, pages and keys."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

CHROMIUM = Path(os.environ.get("DUOLOGUE_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


class Served:
    """A review served by uvicorn in a thread."""

    def __init__(self, path: Path, *, token: str | None = None, plan: Any = None) -> None:
        import uvicorn

        from duologue.review.app import make_app, open_review
        from duologue.review.security import allowed_hosts
        from duologue.review.serve import bind

        self.review = open_review(path, token=token, who="rosa")
        self.study = self.review.studies.ensure(plan) if plan else None
        listening = bind("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            make_app(self.review, allowed_hosts("127.0.0.1")), log_level="error", access_log=False, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        while not (self._server.started and self.review.index.progress.ready):
            assert self._thread.is_alive(), "the server ended"
            assert not self.review.index.progress.error
            time.sleep(0.02)

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self.review.close()


def _is_problem(message: Any) -> bool:
    # htmx says so when a page is left while it asks for a part.
    return message.type == "error" and not message.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))


def page_of(browser: Any, **more: Any) -> Any:
    """A page of its own profile that fails the test on any script error or blocked resource."""
    page = browser.new_context(**more).new_page()
    page.set_default_timeout(30_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda message: page.problems.append(told(message)) if _is_problem(message) else None)
    return page


def told(message: Any) -> str:
    """What the browser's console says, and of which address."""
    return f"{message.text} {message.location.get('url', '')}".strip()


def plan_of(one: Path, other: Path, **more: Any) -> Any:
    from duologue.review.study.records import KINDS, Plan

    values: dict[str, Any] = {"kinds": KINDS, "items": 3, "per_item": 2, "annotators": ("ann", "bo"), "seed": 3, **more}
    return Plan(str(one), str(other), **values)


def answer_task(page: Any) -> None:
    """Answer the task on the page with the keyboard alone, and wait for the next page."""
    before = page.url
    kind = page.locator("h1").inner_text()
    if "machine" in kind:
        page.keyboard.press("2")
    elif "learn" in kind:
        page.keyboard.press("1")
        page.keyboard.press("3")
    else:
        for key in "45345":
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
