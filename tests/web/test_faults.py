"""When something below breaks, a reader is told to try again, and nothing is half done."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from time import monotonic, sleep
from typing import TYPE_CHECKING

from newsletter.errors import BusyError, StoreError
from newsletter.web.app import create_app
from tests.support.browsing import serving
from tests.support.website import FAST, link_in, open_site

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pytest

    from newsletter.model.subscriber import Subscriber
    from newsletter.ports import Subscribers
    from newsletter.press import Press
    from tests.support.website import Site


def test_while_another_process_writes_pages_are_read_and_forms_are_told_to_come_again(
    tmp_path: Path, printed: Path
) -> None:
    site = open_site(tmp_path / "locked", like=printed, busy=0.1)
    browser = site.client()
    with closing(sqlite3.connect(site.folder / "subscribers.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        pages = {browser.get(path).status_code for path in ("/", "/search?q=robot", "/paper/2511.12609", "/feed.atom")}
        form = browser.post("/subscribe", data={"email": "ada@example.org"})
        program = browser.post("/api/v1/subscriptions", json={"email": "ada@example.org"})
        other.execute("ROLLBACK")

    assert pages == {200}
    assert (form.status_code, form.headers["retry-after"], program.status_code) == (503, "5", 503)
    assert program.headers["content-type"] == "application/problem+json"
    assert site.press.subscribers.counts() == {}
    assert browser.post("/subscribe", data={"email": "ada@example.org"}).status_code == 200
    assert len(site.send()) == 1
    site.store.close()


def test_leaving_that_could_not_be_stored_is_not_said_to_be_done(tmp_path: Path, collected: Path) -> None:
    site = open_site(tmp_path / "locked", like=collected, busy=0.1)
    site.client().post("/subscribe", data={"email": "ada@example.org"})
    site.client().post(link_in(site.send()[0], "confirm"))
    leave = link_in(site.send()[0], "unsubscribe")
    with closing(sqlite3.connect(site.folder / "subscribers.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        busy = site.client().post(leave, data={"List-Unsubscribe": "One-Click"})
        other.execute("ROLLBACK")
    again = site.client().post(leave, data={"List-Unsubscribe": "One-Click"})
    who = site.press.subscribers.by_email("ada@example.org")
    site.store.close()

    assert (busy.status_code, again.status_code) == (503, 200)
    assert who is not None
    assert who.status == "left"


def test_forms_that_wait_for_a_locked_database_do_not_keep_pages_from_being_read(tmp_path: Path, printed: Path) -> None:
    site = open_site(tmp_path / "locked", like=printed, busy=2.0)

    def ask(method: str, path: str) -> tuple[int, float]:
        line, start = HTTPConnection("127.0.0.1", port, timeout=30), monotonic()
        line.request(method, path, "email=ada%40example.org" if method == "POST" else None)
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer.status, monotonic() - start

    with (
        serving(site.app) as base,
        closing(sqlite3.connect(site.folder / "subscribers.db", isolation_level=None)) as other,
    ):
        port = int(base.rpartition(":")[2])
        ask("GET", "/")
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(60) as pool:
            forms = [pool.submit(ask, "POST", "/subscribe") for _ in range(50)]
            sleep(0.3)
            status, took = ask("GET", "/")
            other.execute("ROLLBACK")
            answers = {form.result()[0] for form in forms}
    site.store.close()

    assert (status, took < 1.5) == (200, True)
    assert answers <= {200, 429, 503}


def test_a_form_behind_many_others_is_told_to_come_again_and_not_kept_waiting(tmp_path: Path, printed: Path) -> None:
    hurried = replace(FAST, queue_time_limit=timedelta(milliseconds=200))
    site = open_site(tmp_path / "locked", like=printed, busy=4.0, settings=hurried)

    def post(_: int) -> tuple[int, str | None, float]:
        line, start = HTTPConnection("127.0.0.1", port, timeout=30), monotonic()
        line.request("POST", "/subscribe", "email=ada%40example.org")
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer.status, answer.headers["Retry-After"], monotonic() - start

    with (
        serving(site.app) as base,
        closing(sqlite3.connect(site.folder / "subscribers.db", isolation_level=None)) as other,
        ThreadPoolExecutor(12) as pool,
    ):
        port = int(base.rpartition(":")[2])
        other.execute("BEGIN IMMEDIATE")
        answers = list(pool.map(post, range(12)))
        other.execute("ROLLBACK")
    site.store.close()

    quick = sorted((status, again) for status, again, took in answers if took < 2)
    assert quick == [(503, "5")] * 4  # eight wait for the database itself
    assert {status for status, _, _ in answers} == {503}


class BusyOnce:
    """A table of subscribers that is locked at the first addition."""

    def __init__(self, real: Subscribers) -> None:
        self._real = real
        self._failed = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        if not self._failed:
            self._failed = True
            raise BusyError("locked", cure="Run it again.")
        return self._real.add(subscriber)


def test_a_sign_up_that_was_told_to_come_again_gets_its_mail_at_the_second_try(site: Site) -> None:
    press = replace(site.press, subscribers=BusyOnce(site.press.subscribers))  # type: ignore[arg-type] # it delegates
    app = create_app(press, limits=site.store.limits, records=site.store.records, settings=FAST)
    browser = replace(site, app=app).client()

    answers = [browser.post("/subscribe", data={"email": "ada@example.org"}).status_code for _ in range(3)]

    assert answers == [503, 200, 200]
    assert len(site.send()) == 1


class FullDisk:
    """Limits on a disk that is full."""

    def take(self, asks: object, *, now: datetime) -> int | None:
        raise StoreError("the disk is full", cure="Free some space.")

    def left(self, key: str, limit: int, *, now: datetime) -> int:
        return 0

    def clear(self, key: str) -> None:
        pass


def test_a_full_disk_is_an_apology_and_no_secret(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(site.press, limits=FullDisk(), records=site.store.records, settings=FAST)
    broken = replace(site, app=app)

    answer = broken.client().post("/subscribe", data={"email": "ada@example.org"})

    assert answer.status_code == 503
    assert "disk" not in answer.text
    assert "the disk is full" in caplog.text
    assert broken.client().get("/").status_code == 200


def test_a_template_that_an_operator_broke_is_a_plain_apology(tmp_path: Path, collected: Path) -> None:
    own = tmp_path / "own" / "web"
    own.mkdir(parents=True)
    (own / "base.html.j2").write_text("{{ nonsense }}", "utf-8")
    site = open_site(tmp_path / "site", like=collected)
    press: Press = replace(
        site.press,
        config=replace(site.press.config, newsletter=replace(site.press.config.newsletter, templates=str(own.parent))),
    )
    app = create_app(press, limits=site.store.limits, records=site.store.records, settings=FAST)
    browser = replace(site, app=app).client()
    browser._transport.raise_server_exceptions = False  # type: ignore[attr-defined] # what a real server does

    answer = browser.get("/")
    site.store.close()

    assert (answer.status_code, answer.text) == (500, "Something went wrong on our side. It has been noted.")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_an_operator_s_own_template_replaces_one_page(tmp_path: Path, collected: Path) -> None:
    own = tmp_path / "own" / "web"
    own.mkdir(parents=True)
    (own / "archive.html.j2").write_text("{{ newsletter_name }}: {{ cycler.__init__.__globals__ }}", "utf-8")
    (own / "link.html.j2").write_text("<p>ours</p>", "utf-8")
    site = open_site(tmp_path / "site", like=collected)
    config = replace(site.press.config, newsletter=replace(site.press.config.newsletter, templates=str(own.parent)))
    app = create_app(
        replace(site.press, config=config), limits=site.store.limits, records=site.store.records, settings=FAST
    )
    browser = replace(site, app=app).client()
    browser._transport.raise_server_exceptions = False  # type: ignore[attr-defined] # what a real server does

    pages = [browser.get(path) for path in ("/link", "/", "/archive")]
    site.store.close()

    assert [page.status_code for page in pages] == [200, 200, 500]  # the sandbox keeps the last one in
    assert pages[0].text == "<p>ours</p>"


def test_whoever_asks_for_metrics_again_and_again_has_the_ledger_counted_four_times_a_minute(site: Site) -> None:
    def queued() -> str:
        return next(
            (line for line in site.client().get("/metrics").text.splitlines() if 'deliveries{state="queued"}' in line),
            "none",
        )

    before = queued()
    site.client().post("/subscribe", data={"email": "ada@example.org"})
    soon = queued()
    site.clock.move(timedelta(seconds=15))

    assert (before, soon, queued()) == (
        "none",
        "none",
        'newsletter_deliveries{state="queued"} 1.0',
    )
