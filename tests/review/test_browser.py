"""The pages in a real browser: Debian's Chromium through Playwright. Skipped where that can't be had.

``DUOLOGUE_SCREENSHOTS=FOLDER`` keeps the two pictures of the documentation.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.review.browser import Served, answer_task, page_of, plan_of

TOKEN = "owner-token-of-the-test"


def _rows(page: Any, n: int) -> None:
    """Wait until the list has ``n`` rows. Not in the page: its policy lets no text become a program, the browser's neither."""
    page.wait_for_selector(f".rows li:nth-child({n}):last-child")


def _keep(page: Any, name: str, **more: Any) -> None:
    folder = os.environ.get("DUOLOGUE_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / name), **more)


def test_browse_and_evidence(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    served = serve(write_run(tmp_path / "run", 60))
    page = page_of(browser, viewport={"width": 1180, "height": 900})
    page.goto(served.address)
    assert page.locator("h1").inner_text() == "run"
    assert page.locator("svg.chart").count() == 3
    page.click("text=Browse")
    assert page.locator(".rows li").count() == 50
    page.click("text=Next")
    page.wait_for_url(re.compile("page=2"))
    _rows(page, 10)
    # Searching while typing changes the list and the address, not the field that is typed into.
    page.keyboard.press("/")
    page.keyboard.type("bagpipes")
    page.wait_for_selector("text=Nothing matches")
    page.wait_for_url(re.compile("text=bagpipes"))
    assert page.evaluate("document.activeElement.name") == "text"
    page.go_back()
    _rows(page, 10)
    page.goto(f"{served.address}/list")
    # The keyboard alone: search, move, open.
    page.keyboard.press("/")
    page.keyboard.type("trombone")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("text=trombone"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/row/\d+"))
    assert page.locator("h1").inner_text() == "c-000000000001"
    # Pointing at an attribute lights up the utterances that bear on it, each in its own colour and with words.
    page.hover("#a1-0 .text")
    assert page.locator("#u-0").get_attribute("class") == "u1 lit supported"
    assert page.locator("#u-5").get_attribute("class") == "u2 lit swapped"
    assert page.locator(".talk .lit").count() == 2
    assert "takes over 1a" in page.locator("#u-5").inner_text()
    page.set_viewport_size({"width": 1000, "height": 1130})
    _keep(page, "review-conversation.png")
    page.hover("#a2-2 .text")
    assert page.locator("#u-5").get_attribute("class") == "u2 lit contradicted"
    # And the reverse, with the keyboard.
    page.focus("#u-5")
    assert page.locator("#a2-2").get_attribute("class") == "lit contradicted"
    assert page.locator("#a1-0").get_attribute("class") == "lit swapped"
    page.keyboard.press("Escape")
    assert page.locator(".lit").count() == 0
    assert page.locator(".contender").count() == 6
    assert page.locator(".contender.winner").count() == 1
    page.locator("main").focus()
    page.keyboard.press("r")
    page.wait_for_selector(".hand-rejected")
    assert "reject by rosa" in page.locator(".history").inner_text()
    page.keyboard.press("j")
    page.wait_for_selector("text=c-000000000002")
    assert page.problems == []


def test_an_edit_and_light_and_dark(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    served = serve(write_run(tmp_path / "run", 2))
    colours = set()
    for scheme in ("light", "dark"):
        page = page_of(browser, color_scheme=scheme, viewport={"width": 390, "height": 800})
        page.goto(f"{served.address}/c/c-000000000000")
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        # Nothing is wider than a phone.
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert _contrasts(page) == []
    page.click("text=Edit the utterances")
    page.fill("textarea[name=utterance-3]", "I play the trombone.")
    page.click("text=Save the edit")
    page.wait_for_selector(".hand-edited")
    assert "I play the trombone." in page.locator("#u-3 p").first.inner_text()
    assert "Before the edit" in page.locator("#u-3").inner_text()
    assert len(colours) == 2
    assert page.problems == []


def test_a_candidate_is_accepted_by_hand_where_none_won(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    served = serve(write_run(tmp_path / "run", 3, lost=(1,)))
    page = page_of(browser, viewport={"width": 1180, "height": 900})
    page.goto(served.address)
    # From the figures to the pair without a winner.
    page.locator("tr", has_text="data set").locator("a[href*='status=failed']").click()
    page.locator(".rows a").click()
    page.wait_for_selector("text=No candidate of the pair won.")
    assert page.locator(".talk").count() == 0
    assert _contrasts(page) == []
    page.locator(".contender", has_text="Refused candidate 1 of iteration 2.").locator("button").click()
    page.wait_for_selector(".hand-chosen")
    assert "Refused candidate 1 of iteration 2." in page.locator(".talk").inner_text()
    assert page.locator(".contender.winner").count() == 1
    page.click("text=Leave the pair out again")
    page.wait_for_selector("text=No candidate of the pair won.")
    assert page.problems == []


def _contrasts(page: Any) -> list[Any]:
    """Texts whose contrast with their ground is below 4.5 to 1 (WCAG 2, AA)."""
    found: list[Any] = page.evaluate("""() => {
      const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
      const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
        return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
      const bad = [];
      for (const e of document.querySelectorAll("main *, header *")) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || e.closest("svg") || !e.checkVisibility()) continue;
        let ground = e, colour = [0, 0, 0, 0];
        while (ground && colour[3] === 0) { colour = parse(getComputedStyle(ground).backgroundColor); ground = ground.parentElement; }
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(colour)].sort((x, y) => y - x);
        if ((a + .05) / (b + .05) < 4.5) bad.push([e.tagName, e.className, e.textContent.slice(0, 40), (a + .05) / (b + .05)]);
      }
      return bad;
    }""")
    return found


def test_what_was_chosen_is_kept_until_it_was_taken(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = write_run(tmp_path / "one", 20), write_run(tmp_path / "two", 20, persona="Yes.")
    served = serve(one, token=TOKEN, plan=plan_of(one, other))
    task = f"{served.address}/a/{dict(served.review.studies.links(served.study or ''))['ann']}/1"
    page = page_of(browser)
    page.goto(task)
    page.keyboard.press("2")
    # The server is away, or refuses.
    page.route(
        "**/*",
        lambda route: route.fulfill(status=503, body="busy") if route.request.method == "POST" else route.continue_(),
    )
    page.click("text=Confirm")
    page.wait_for_selector("text=busy")
    page.unroute("**/*")
    page.goto(task)
    assert page.locator(".choice input").nth(1).is_checked()
    answer_task(page)
    # Once it was taken, the answer on the server is what is shown.
    page.goto(task)
    assert page.locator("text=Confirm again").count() == 1
    assert page.evaluate("sessionStorage.length") == 0


def test_a_whole_session_with_a_reload_and_two_at_once(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = write_run(tmp_path / "one", 20), write_run(tmp_path / "two", 20, persona="Yes.")
    served = serve(one, token=TOKEN, plan=plan_of(one, other))
    links = dict(served.review.studies.links(served.study or ""))
    pages = {name: page_of(browser, viewport={"width": 1180, "height": 900}) for name in links}
    for name, page in pages.items():
        page.goto(f"{served.address}/a/{links[name]}")
        assert f"Hello, {name}" in page.locator("h1").inner_text()
        page.click("text=Start")
    seat = served.review.studies.seat(links["ann"])
    assert seat is not None
    total = seat.total
    # Both answer in turn; neither sees anything of the other, nor of the sides.
    for _ in range(5):
        for page in pages.values():
            assert not re.search(r"c-[0-9a-f]{12}|synthetic_side|gold|tmp|/one|/two", page.content())
            answer_task(page)
    ann = pages["ann"]
    ann.set_viewport_size({"width": 1080, "height": 900})
    _keep(ann, "review-annotation.png")
    # A reload in the middle: what was chosen but not confirmed is still there, what was confirmed is counted.
    box = ann.locator(".choice input").first
    ann.keyboard.press("1")
    assert box.is_checked()
    ann.reload()
    assert ann.locator(".choice input").first.is_checked()
    assert ann.locator("label[for=done]").inner_text() == f"5 of {total} answered"
    ann.goto(f"{served.address}/a/{links['ann']}")
    assert "Welcome back" in ann.locator("h1").inner_text()
    ann.keyboard.press("Enter")
    ann.wait_for_selector(".answer")
    while "Thank you" not in ann.locator("h1").inner_text():
        answer_task(ann) if not ann.locator(".choice input:checked").count() else (
            ann.click("text=Confirm"),
            ann.wait_for_load_state(),
        )
    study = served.review.studies.study(served.study or "")
    assert sum(a.annotator == "ann" for a in study.answers) == total
    assert sum(a.annotator == "bo" for a in study.answers) == 5
    stranger = page_of(browser)
    stranger.goto(f"{served.address}/results")
    assert "needs the address" in stranger.locator("main").inner_text()
    # A page of its own: what the browser says of the refusal may come late.
    owner = page_of(browser)
    owner.goto(f"{served.address}/enter?token={TOKEN}")
    owner.click("text=Evaluation")
    assert f"{total} of {total}" in owner.locator("main").inner_text()
    assert TOKEN not in owner.url
    assert [p.problems for p in (*pages.values(), owner)] == [[], [], []]


def test_hostile_text_stays_text(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], hostile: tuple[str, ...], tmp_path: Path
) -> None:
    one = write_run(tmp_path / "run", 6, said=hostile, persona=hostile[0])
    served = serve(one, plan=plan_of(one, one, kinds=("faithfulness", "quality"), annotators=("<b>x</b>", "bo")))
    page = page_of(browser)
    links = [link for _, link in served.review.studies.links(served.study or "")]
    addresses = ["/", "/list", "/c/c-000000000000", "/list?text=<script>", "/decisions", "/results", f"/a/{links[0]}"]
    addresses += [f"/a/{links[0]}/{n}" for n in range(1, 9)]
    for address in addresses:
        page.goto(served.address + address)
        page.wait_for_load_state()
        assert page.evaluate("window.pwned") is None, address
        assert (
            page.locator(
                "script:not([src]), iframe, main style, main meta, main form[action*=evil], img, [onerror]"
            ).count()
            == 0
        )
        assert page.locator("h1", has_text="Owned").count() == 0
        assert page.locator("b:has-text('{')").count() == 0
    page.goto(f"{served.address}/c/c-000000000000")
    shown = page.locator("#u-0 p").first.inner_text()
    assert shown == hostile[0]
    assert page.problems == []


def test_the_overview_follows_a_run_by_itself_and_scripts_are_ours_alone(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", 3, state="running")
    served = serve(run)
    page = page_of(browser)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.address)
    page.wait_for_selector(".pill.running")
    page.wait_for_selector("svg >> text=18")
    # What is on the page stays as it is, but for the part that is live.
    page.evaluate("document.querySelector('h1').dataset.old = '1'; document.querySelector('header').dataset.old = '1'")
    with sqlite3.connect(run / "run.sqlite") as other:
        columns = 'revision, stage, iteration, ?, status, "by", reason, data, position, seq, pass'
        other.execute(f"INSERT INTO items SELECT {columns} FROM items WHERE stage = 'candidate' LIMIT 1", ("k-new",))
        other.execute("UPDATE revisions SET state = 'finished'")
    other.close()
    page.wait_for_selector(".pill.finished")
    page.wait_for_selector("svg >> text=19")
    assert page.locator("header[data-old]").count() == 1
    assert page.locator("h1[data-old]").count() == 0
    assert {url.partition("/")[2].lstrip("/").partition("/")[0] for url in asked} == {
        served.address.removeprefix("http://")
    }
    assert page.evaluate("typeof htmx") == "object"
    assert page.problems == []


def test_every_page_on_a_phone_with_labels_and_contrast(
    browser: Any, serve: Callable[..., Served], write_run: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = write_run(tmp_path / "one", 12), write_run(tmp_path / "two", 12, persona="Yes.")
    served = serve(one, plan=plan_of(one, other))
    link = dict(served.review.studies.links(served.study or ""))["ann"]
    addresses = ["/", "/list", "/c/c-000000000001", "/decisions", "/results", f"/a/{link}"]
    addresses += [f"/a/{link}/{n}" for n in range(1, 10)]
    kinds = set()
    for scheme in ("light", "dark"):
        page = page_of(browser, color_scheme=scheme, viewport={"width": 390, "height": 800}, has_touch=True)
        for address in addresses:
            page.goto(served.address + address)
            kinds.add(page.locator("h1").inner_text())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
            assert _contrasts(page) == [], address
            # Whatever can be filled in or pressed has a name, and there is one h1 and one main part.
            assert page.evaluate(_UNNAMED) == [], address
            # Where single keys do something, they can be switched off.
            keyed = page.locator("[data-key], [data-scale], .rows a").count() > 0
            assert page.get_by_label("Keyboard shortcuts").count() == keyed, address
            assert not keyed or page.get_by_label("Keyboard shortcuts").is_visible(), address
            assert (page.locator("h1").count(), page.locator("main").count()) == (1, 1), address
            # Tab goes through the page as it is read.
            assert page.evaluate("[...document.querySelectorAll('[tabindex]')].every((e) => e.tabIndex <= 0)"), address
            page.keyboard.press("Tab")
            first = page.evaluate("document.activeElement.matches('.skip, .task *, .narrow *')")
            assert first, address
        assert page.problems == []
    assert len(kinds) > 7
    # A whole task by touch alone.
    before = f"{served.address}/a/{link}/1"
    page.goto(before)
    for group in page.locator("fieldset").all():
        group.locator(".choice").first.tap()
    page.tap(".answer button")
    page.wait_for_url(lambda url: url != before)
    assert page.problems == []


_UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, [tabindex='0']")]
  .filter((e) => e.checkVisibility() && !(e.labels && [...e.labels].some((l) => l.textContent.trim()))
    && !e.textContent.trim() && !e.getAttribute("aria-label"))
  .map((e) => e.outerHTML.slice(0, 80))"""
