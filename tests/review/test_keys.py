"""The switch of the single-key shortcuts, in a real browser. Skipped where that can't be had."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.review.browser import Served, answer_task, page_of, plan_of


def _switch_with_keys(page: Any) -> bool:
    """Go to the switch of the shortcuts by Tab alone and press Space; whether they are on now."""
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "keys-on":
            break
    page.keyboard.press("Space")
    assert page.locator("#keys-on:focus").count() == 1
    return bool(page.get_by_label("Keyboard shortcuts").is_checked())


def test_single_keys_can_be_switched_off_and_on(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = write_run(tmp_path / "one", 8), write_run(tmp_path / "two", 8, persona="Yes.")
    served = serve(one, plan=plan_of(one, other, kinds=("detection", "quality")))
    page = page_of(browser, viewport={"width": 1180, "height": 900})
    hints = page.locator("kbd:visible, .keys:visible")
    page.goto(f"{served.address}/list")
    page.keyboard.press("j")
    assert page.locator(".rows a:focus").count() == 1
    assert hints.count() > 0
    assert _switch_with_keys(page) is False
    # What is off stays off after a reload, when the list was renewed, and on every page.
    page.reload()
    assert not page.get_by_label("Keyboard shortcuts").is_checked()
    page.get_by_label("Words in utterances").press_sequentially("trombone")
    page.wait_for_url(re.compile("text=trombone"))
    page.locator("main").focus()
    for key in "/jk":
        page.keyboard.press(key)
        assert page.locator("main:focus").count() == 1, key
    assert hints.count() == 0
    page.locator(".rows a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/row/\d+"))
    row = page.url
    page.locator("main").focus()
    for key in "arejku":
        page.keyboard.press(key)
    assert page.locator("details[open]").count() == 0
    assert hints.count() == 0
    assert page.url == row
    # A decision would show on the page asked for anew.
    page.reload()
    assert page.locator(".hand-accepted, .hand-rejected").count() == 0
    task = f"{served.address}/a/{dict(served.review.studies.links(served.study or ''))['ann']}"
    page.goto(task)
    page.click("text=Start")
    page.wait_for_url(f"{task}/1")
    for key in "1234500":
        page.keyboard.press(key)
    assert page.locator(".choice input:checked").count() == 0
    assert hints.count() == 0
    # The browser's own keys: Tab to a choice, arrows change it, Enter sends.
    for group in page.locator("fieldset").all():
        group.locator("input").first.focus()
        page.keyboard.press("ArrowRight")
        assert group.locator("input").nth(1).is_checked()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{task}/2")
    assert _switch_with_keys(page) is True
    page.reload()
    assert hints.count() > 0
    answer_task(page)
    assert page.problems == []
    # A browser that keeps nothing: off until the page is left.
    page = page_of(browser)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied') } })")
    page.goto(f"{served.address}/list")
    assert _switch_with_keys(page) is False
    page.keyboard.press("j")
    assert page.locator(".rows a:focus").count() == 0
    page.reload()
    page.keyboard.press("j")
    assert page.locator(".rows a:focus").count() == 1
    assert page.problems == []
