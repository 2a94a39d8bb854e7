"""The pages in a real browser: a reader's whole life without JavaScript, and what a tool for accessibility finds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.edition import Card, Edition, Part, Pick, Pool, Score
from newsletter.model.paper import Paper
from newsletter.model.subscriber import Subscriber
from newsletter.stages.cutting import cut_all
from tests.support.browsing import ARGUMENTS, CHROMIUM, serving
from tests.support.screens import WORST, WORST_PAPERS, print_worst
from tests.support.website import FAST, Site, link_in, open_site
from tests.web.test_operator import HASH, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed on this machine"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # playwright's own
]
READER = "ada@example.org"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as machine:
        browser = machine.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def paper(tmp_path: Path, printed: Path) -> Iterator[tuple[Site, str]]:
    """A printed week, served."""
    site = open_site(tmp_path / "served", like=printed, settings=replace(FAST, operator_password=HASH))
    with serving(site.app) as base:
        yield site, base
    site.store.close()


def now(site: Site) -> Subscriber:
    found = site.press.subscribers.by_email(READER)
    assert found is not None
    return found


def test_the_whole_life_of_a_reader_without_javascript(chromium: Browser, paper: tuple[Site, str]) -> None:
    site, base = paper
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(base) else route.abort())

    sign_up_and_confirm(site, base, page)
    digest = receive_a_digest(site)
    vote_and_save(site, base, page, digest)
    choose_and_pause(site, base, page, digest)
    leave_and_come_back(site, base, page, digest)

    page.get_by_role("link", name="Choose topics, days and hour").click()
    page.get_by_label("Erase my address").check()
    page.get_by_role("button", name="Erase everything").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Everything about you is erased"
    assert site.press.subscribers.by_email(READER) is None
    context.close()


def sign_up_and_confirm(site: Site, base: str, page: Page) -> None:
    page.goto(base)
    page.get_by_label("Your email address").fill(READER)
    page.get_by_text("Choose topics, days and hour").click()
    page.get_by_role("checkbox", name="Computer vision").check()
    site.clock.move(timedelta(seconds=9))
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Look into your inbox"
    (mail,) = site.send()
    page.goto(base + link_in(mail, "confirm"))
    assert now(site).status == "pending"
    page.get_by_role("button", name="Yes, subscribe me").click()
    assert page.get_by_role("heading", level=1).inner_text() == "You are in"
    assert (now(site).status, now(site).topics) == ("active", ("vision",))
    assert len(site.send()) == 1


def receive_a_digest(site: Site) -> str:
    today = site.clock.now().date()
    blocks = list(cut_all(site.press, site.clock.now(), day=today))
    assert [len(block.issues) for block in blocks] == [1], blocks
    (digest,) = site.send()
    return digest


def vote_and_save(site: Site, base: str, page: Page, digest: str) -> None:
    vote = re.search(r"http://localhost:8000(/feedback/\S+choice=more)", digest)
    assert vote
    page.goto(base + vote[1])
    assert page.get_by_label("More like this").is_checked()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Undo").click()
    page.goto(base + vote[1].replace("choice=more", "choice=save"))
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="Your saved papers").click()
    assert page.get_by_role("article").count() == 1
    assert page.request.get(f"{page.url}?format=bib").text().startswith("@misc{")


def choose_and_pause(site: Site, base: str, page: Page, digest: str) -> None:
    page.goto(base + link_in(digest, "preferences"))
    page.get_by_role("checkbox", name="Robotics").check()
    page.get_by_label("How often").select_option("weekly")
    page.get_by_role("button", name="Save").click()
    assert (now(site).topics, now(site).cadence) == (("vision", "robotics"), "weekly")
    page.get_by_label("How often").select_option("daily")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("No mail until").fill("2025-11-24")
    page.get_by_role("button", name="Pause").click()
    assert "No mail until Monday, 24 November 2025" in page.inner_text("main")
    roll_up = days_go_by(site, 3)
    assert [title in roll_up for title in ("A paper of 22", "A paper of 23", "A paper of 24")] == [True] * 3
    page.goto(base + link_in(roll_up, "preferences"))
    page.get_by_label("No mail until").fill("2025-12-24")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume now").click()
    assert now(site).paused_until is None
    stored = page.request.get(base + link_in(digest, "preferences") + "/data").json()
    assert stored["subscriber"]["email"] == READER
    assert len(stored["papers_mailed"]) > 0


def days_go_by(site: Site, count: int) -> str:
    """An edition is printed on each of them, and only after the last one there is a mail: this one."""
    mails: list[str] = []
    for _ in range(count):
        assert mails == []
        site.clock.move(timedelta(days=1))
        day = site.clock.now().date()
        one = Paper(id=f"2511.999{day.day}", title=f"A paper of {day.day}", abstract="Pictures are drawn.")
        pick = Pick(one.id, "vision", day, 1, Score((Part("words", 1.0),)), "Says “pictures”.")
        pool = Pool("vision", "Computer vision", 3, (pick,))
        site.press.papers.keep([one], [], [], [], at=site.clock.now())
        site.press.editions.print(Edition(day, site.clock.now(), (pool,), (Card(one, day),)))
        list(cut_all(site.press, site.clock.now(), day=day))
        mails += site.send()
    (mail,) = mails
    return mail


def leave_and_come_back(site: Site, base: str, page: Page, digest: str) -> None:
    leave = base + link_in(digest, "unsubscribe")
    answer = page.request.post(leave, form={"List-Unsubscribe": "One-Click"}, max_redirects=0)
    assert (answer.status, now(site).status) == (200, "left")
    (goodbye,) = site.send()
    page.goto(base + link_in(goodbye, "preferences"))
    page.get_by_role("button", name="Mail me a link to come back").click()
    (mail,) = site.send()
    page.goto(base + link_in(mail, "confirm"))
    page.get_by_role("button", name="Yes, subscribe me").click()
    assert now(site).status == "active"


def every_page(site: Site) -> dict[str, str]:
    who = site.press.subscribers.by_email(READER) or site.press.subscribers.add(Subscriber(email=READER))
    waiting = site.press.subscribers.add(Subscriber(email="w@example.org", status="pending"))
    assert who is not None
    assert waiting is not None
    token = {kind: site.press.signer.sign(kind, who.id, 0) for kind in ("preferences", "unsubscribe", "feedback")}  # type: ignore[arg-type]
    paper_id = "2511.12609"
    return {
        "home": "/",
        "trend": "/?by=trend",
        "empty": "/day/2025-11-15",
        "week": "/week/2025-W47",
        "topic": "/topic/vision",
        "paper": f"/paper/{paper_id}",
        "search": "/search?q=reasoning",
        "archive": "/archive",
        "subscribe": "/subscribe",
        "link": "/link",
        "confirm": f"/confirm/{site.press.signer.sign('confirm', waiting.id, 0)}",
        "preferences": f"/preferences/{token['preferences']}",
        "unsubscribe": f"/unsubscribe/{token['unsubscribe']}",
        "feedback": f"/feedback/{token['feedback']}?paper={paper_id}&choice=save",
        "lost": "/confirm/forged",
    }


def test_no_page_is_wider_than_320_pixels_and_axe_finds_nothing_serious(
    chromium: Browser, paper: tuple[Site, str]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    site, base = paper
    for scheme in ("light", "dark"):
        context = chromium.new_context(viewport={"width": 320, "height": 800}, color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        wrong = {}
        paths = every_page(site) if scheme == "light" else {"home": "/", "search": "/search?q=reasoning"}
        for name, path in paths.items():
            page.goto(base + path)
            width = page.evaluate("document.documentElement.scrollWidth")
            violations = Axe().run(page).response["violations"]
            serious = [
                (one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in ("serious", "critical")
            ]
            if width > 320 or serious:
                wrong[name] = (width, serious)
        assert wrong == {}
        context.close()


def test_papers_that_no_page_was_made_for_run_nothing_and_break_no_layout(
    chromium: Browser, paper: tuple[Site, str]
) -> None:
    site, base = paper
    print_worst(site, WORST_PAPERS)
    context = chromium.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: heard.append(str(error)))
    foreign = "[...document.scripts].filter(one => !one.src.includes('/static/zone.')).length"
    wrong = {}
    paths = [f"/day/{WORST}", f"/day/{WORST}?by=trend", "/month/2025-11", "/topic/vision", "/search?q=script"]
    for path in [*paths, *(f"/paper/{one.id}" for one in WORST_PAPERS)]:
        page.goto(base + path)
        nodes = page.evaluate(f"{foreign} + document.querySelectorAll('main img, main iframe, main textarea').length")
        if nodes or page.evaluate("document.documentElement.scrollWidth") > 320:
            wrong[path] = nodes
    arabic = page.locator("h1")
    page.goto(f"{base}/paper/{WORST_PAPERS[1].id}")

    assert (wrong, heard) == ({}, [])
    assert arabic.evaluate("one => getComputedStyle(one).direction") == "rtl"
    context.close()


def test_the_operator_s_pages_work_without_javascript_and_pass_axe(chromium: Browser, paper: tuple[Site, str]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    site, base = paper
    site.press.subscribers.add(Subscriber(email=READER, confirmed_at=site.clock.now()))
    context = chromium.new_context(viewport={"width": 1200, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{base}/operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    wrong = {}
    for name in ("", "/readers", "/runs", "/why", "/preview?email=&day=2025-11-21", "/suppressions"):
        page.goto(f"{base}/operator{name}")
        violations = Axe().run(page).response["violations"]
        if serious := [one["id"] for one in violations if one["impact"] in ("serious", "critical")]:
            wrong[name] = serious

    assert wrong == {}
    page.goto(f"{base}/operator")
    page.get_by_role("button", name="Pause sending").click()
    assert "Sending is paused since" in page.inner_text("main")
    context.close()
