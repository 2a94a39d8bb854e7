"""Every web page as a picture, 320 and 1200 pixels wide, light and dark: `python -m tests.support.screens FOLDER`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from newsletter.model.edition import Card, Edition, Part, Pick, Pool, Score
from newsletter.model.mail import Note
from newsletter.model.paper import Listing, Paper, Reading
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages.cutting import cut_all
from newsletter.web.app import create_app
from tests.support.browsing import ARGUMENTS, CHROMIUM, serving
from tests.support.website import FAST, LAST, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from playwright.sync_api import Browser, BrowserContext

WIDTHS, SCHEMES = (320, 1200), ("light", "dark")
PASSWORD = "a password for pictures"
READER, WAITING = "ada@example.org", "waiting@example.org"
PAPER = "2511.12609"
WORST = date(2025, 11, 28)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7*7 }} </textarea></title>\u202egnp.exe '
WORST_PAPERS = (
    Paper(
        id="2511.90001",
        title=HOSTILE + "x" * 300,
        abstract=HOSTILE * 4,
        authors=(HOSTILE, "y" * 200),
        organization="z" * 120,
        url="https://example.org/" + "a" * 300,
        categories=("cs." + "Q" * 60,),
    ),
    Paper(
        id="2511.90002",
        title="نماذج اللغة الكبيرة والتعلم العميق: دراسة في الترجمة الآلية",
        abstract="تبحث هذه الورقة في نماذج اللغة. " * 12,
        authors=("محمد بن موسى الخوارزمي", "עדה לאבלייס", "Ada Lovelace"),
        url="https://example.org/rtl",
    ),
    Paper(
        id="2511.90003",
        title="A title that goes on and on, as titles do when four groups with four advisers each want their own "
        "method, data set, benchmark and acronym to be named in the first line of what they hope will be read",
        abstract="One sentence without an end " + "and another clause " * 90,
        authors=tuple(f"Author {n}-Hyphenated Longfamilyname" for n in range(40)),
        url="https://example.org/long",
    ),
    Paper(id="2511.90004", title="", url="javascript:alert(1)"),
    Paper(id="2511.90005", title="大規模言語モデルの多言語語彙について", abstract="本論文では語彙を調べる。" * 20),
    Paper(id="2511.90006", title=r"On $\mathcal{O}(n\log n)$ attention with $\alpha$-entmax 🙂", withdrawn=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(f"{take(arguments.folder, only=arguments.only)} pictures in {arguments.folder}\n")


def take(folder: Path, *, only: str = "") -> int:
    """Write `NAME-WIDTH-SCHEME.png` for each page; how many."""
    from playwright.sync_api import sync_playwright

    done = 0
    with tempfile.TemporaryDirectory() as name, sync_playwright() as machine:
        browser = machine.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for site, pages in scenes(Path(name)):
            with serving(site.app) as base:
                wanted = {page: path for page, path in pages.items() if only in page}
                done += sum(shoot(browser, base, wanted, folder) for _ in [0] if wanted)
            site.store.close()
        browser.close()
    return done


def shoot(browser: Browser, base: str, pages: dict[str, str], folder: Path) -> int:
    done = 0
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme=scheme,  # type: ignore[arg-type] # playwright wants the literal
                device_scale_factor=1,
            )
            if any(path.startswith("/operator") for path in pages.values()):
                log_in(context, base)
            page = context.new_page()
            for name, path in pages.items():
                method, _, address = path.rpartition(" ")
                if method:
                    page.goto(base + "/subscribe")
                    page.evaluate(
                        "p => {const f = document.createElement('form'); f.method='post'; f.action=p;"
                        " document.body.append(f); f.submit()}",
                        address,
                    )
                    page.wait_for_load_state()
                else:
                    page.goto(base + address)
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True, animations="disabled")
                done += 1
            context.close()
    return done


def log_in(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    page.goto(f"{base}/operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.close()


def scenes(folder: Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """Sites one after another, and which pages of each are worth a picture: name to path, `POST ` before it posts."""
    yield _week(folder / "week")
    yield _worst(folder / "worst")
    bare = open_site(folder / "bare", printed=False)
    yield bare, {"empty-home": "/", "empty-archive": "/archive", "empty-topic": "/topic/vision"}
    closed = open_site(folder / "closed", settings=replace(FAST, in_total=(0, timedelta(hours=1))))
    yield closed, {"error-429": "POST /link"}
    closed = open_site(folder / "full")
    app = create_app(closed.press, limits=_Full(), records=closed.store.records, settings=FAST)  # type: ignore[arg-type]
    yield replace(closed, app=app), {"error-503": "POST /link"}


class _Full:
    """Limits on a database that is locked."""

    def take(self, *_: object, **__: object) -> None:
        from newsletter.errors import BusyError

        raise BusyError("It is locked.", cure="Wait.")


def _week(folder: Path) -> tuple[Site, dict[str, str]]:
    site = open_site(folder, settings=replace(FAST, operator_password=PasswordHasher().hash(PASSWORD)))
    who, waiting = _people(site)
    press = site.press
    press.subscribers.say(Feedback(who.id, PAPER, "save", site.clock.now()))
    press.subscribers.say(Feedback(who.id, "", "mute", site.clock.now(), "robotics"))
    run = press.runs.begin("run", LAST, at=site.clock.now())
    press.runs.note(run, [Note("info", "collect", "62 papers, 12 new"), Note("warning", "github", "did not answer")])
    press.runs.finish(run, "partial", at=site.clock.now())
    for _ in cut_all(press, site.clock.now(), day=site.clock.now().date()):
        pass
    site.send()
    press.subscribers.suppress("gone@example.org", "asked by letter", at=site.clock.now())
    token = {kind: press.signer.sign(kind, who.id, 0) for kind in ("preferences", "unsubscribe", "feedback")}  # type: ignore[arg-type]
    confirm = press.signer.sign("confirm", waiting.id, 0)
    pages = {
        "home": "/",
        "trend": "/?by=trend",
        "day-empty": "/day/2025-11-22",
        "week": "/week/2025-W47",
        "month": "/month/2025-11",
        "month-empty": "/month/2024-01",
        "topic": "/topic/language-models",
        "paper": f"/paper/{PAPER}",
        "search": "/search?q=reasoning&from=2025-11-01",
        "search-none": "/search?q=xylophone+zebra",
        "search-blank": "/search",
        "search-wrong": "/search?q=x&from=yesterday",
        "archive": "/archive",
        "subscribe": "/subscribe",
        "subscribe-wrong": "POST /subscribe",
        "link": "/link",
        "confirm": f"/confirm/{confirm}",
        "preferences": f"/preferences/{token['preferences']}",
        "saved": f"/preferences/{token['preferences']}/saved",
        "unsubscribe": f"/unsubscribe/{token['unsubscribe']}",
        "feedback": f"/feedback/{token['feedback']}?paper={PAPER}&choice=less",
        "feedback-topic": f"/feedback/{token['feedback']}?topic=vision&choice=mute",
        "error-404": "/nothing/here",
        "error-link": "/confirm/forged",
        "operator": "/operator",
        "operator-readers": f"/operator/readers?email={READER}",
        "operator-runs": "/operator/runs",
        "operator-why": f"/operator/why?email={READER}&day={site.clock.now().date()}",
        "operator-preview": f"/operator/preview?email={READER}&day={LAST}",
        "operator-suppressions": "/operator/suppressions",
    }
    return site, pages


def _people(site: Site) -> tuple[Subscriber, Subscriber]:
    now = site.clock.now()
    who = site.press.subscribers.add(Subscriber(email=READER, consent="sign-up page", confirmed_at=now))
    waiting = site.press.subscribers.add(Subscriber(email=WAITING, status="pending"))
    for n in range(40):
        at = now - timedelta(days=2 * n)
        site.press.subscribers.add(Subscriber(email=f"r{n}@example.org", confirmed_at=at, created_at=at))
    site.press.subscribers.remove("r3@example.org", at=now)
    assert who is not None
    assert waiting is not None
    return who, waiting


def _worst(folder: Path) -> tuple[Site, dict[str, str]]:
    """An edition of papers that no page was made for."""
    site = open_site(folder)
    now = site.clock.now()
    print_worst(site, WORST_PAPERS)
    who = site.press.subscribers.add(Subscriber(email="x" * 60 + "@" + "long." * 20 + "example.org"))
    assert who is not None
    for paper in WORST_PAPERS:
        site.press.subscribers.say(Feedback(who.id, paper.id, "save", now))
    token = site.press.signer.sign("preferences", who.id, 0)
    pages = {"worst-day": f"/day/{WORST}", "worst-search": "/search?q=script", "worst-month": "/month/2025-11"}
    pages |= {f"worst-paper-{n}": f"/paper/{paper.id}" for n, paper in enumerate(WORST_PAPERS, 1)}
    pages |= {"worst-saved": f"/preferences/{token}/saved", "worst-preferences": f"/preferences/{token}"}
    return site, pages


def print_worst(site: Site, papers: Iterable[Paper]) -> None:
    """Keep these papers and print an edition of them for `WORST`."""
    now, papers = site.clock.now(), tuple(papers)
    site.press.papers.keep(
        papers,
        [Listing(one.id, "arxiv", WORST, "new", now) for one in papers],
        [
            Reading(one.id, "huggingface.upvotes", float(n * n), now + timedelta(hours=n))
            for one in papers
            for n in range(9)
        ],
        [],
        at=now,
    )
    score = Score((Part("votes", 1.0, HOSTILE), Part("words", -0.25, "w" * 200)))
    picks = tuple(Pick(one.id, "vision", WORST, n, score, HOSTILE) for n, one in enumerate(papers, 1))
    cards = tuple(Card(one, WORST, 1_234_567, 12, 98_765) for one in papers)
    pool = Pool("vision", "Computer vision", len(papers), picks)
    site.press.editions.print(Edition(WORST, now, (pool,), cards, notes=("A note. " + HOSTILE,)))


if __name__ == "__main__":
    main()
