"""The operator's pages: behind a login, safe from other sites, and true."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from newsletter.model.edition import Silence
from newsletter.model.mail import NewDelivery, Note
from newsletter.model.returns import Evidence
from newsletter.model.subscriber import Subscriber
from newsletter.tend import tend
from newsletter.web.doors import doors
from newsletter.web.operator import dashboard
from tests.support.website import FAST, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

PASSWORD = "correct horse battery staple"
HASH = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
PAGES = ["", "/runs", "/why", "/preview", "/readers", "/suppressions"]


@pytest.fixture
def office(tmp_path: Path, printed: Path) -> Iterator[Site]:
    made = open_site(tmp_path / "office", like=printed, settings=replace(FAST, operator_password=HASH))
    yield made
    made.store.close()


def logged_in(site: Site) -> tuple[TestClient, str]:
    """A browser with a session, and the token of its forms."""
    browser = site.client()
    answer = browser.post("/operator/login", data={"password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/operator")
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/operator").text)
    assert csrf
    return browser, csrf[1]


def test_nothing_of_the_operator_is_shown_without_a_login(office: Site) -> None:
    browser = office.client()
    paths = [door for door in doors() if door.path.startswith("/operator") and door.path != "/operator/login"]

    for door in paths:
        for method in door.methods:
            answer = browser.request(method, door.path, headers={"Cookie": "operator=forged"})
            assert (answer.status_code, "password" in answer.text) == (401, True), door.path
    assert len(paths) == 10


def test_without_a_password_in_the_configuration_there_is_no_operator(site: Site) -> None:
    browser = site.client()

    answers = [
        browser.get("/operator"),
        browser.get("/operator/login"),
        browser.post("/operator/login", data={"password": ""}),
    ]
    assert {(one.status_code, "set-cookie" in one.headers) for one in answers} == {(404, False)}


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites_and_ends(office: Site) -> None:
    browser, csrf = logged_in(office)
    cookie = office.client().post("/operator/login", data={"password": PASSWORD}).headers["set-cookie"]

    assert re.search(r"HttpOnly; Max-Age=43200; Path=/operator; SameSite=strict", cookie)
    assert {browser.get(f"/operator{page}").status_code for page in PAGES} == {200}
    office.clock.move(timedelta(hours=12))
    assert browser.get("/operator").status_code == 401
    browser, csrf = logged_in(office)
    assert browser.post("/operator/logout", data={"csrf": csrf}).status_code == 303
    assert browser.get("/operator").status_code == 401


def test_a_form_from_another_site_does_nothing(office: Site) -> None:
    browser, csrf = logged_in(office)

    for forged in ("", "x", csrf[:-1]):
        assert browser.post("/operator", data={"action": "pause", "csrf": forged}).status_code == 403
    assert "Pause sending" in browser.get("/operator").text


def test_guessing_the_password_is_locked_out_for_a_quarter_of_an_hour(office: Site) -> None:
    guesser = office.client("198.51.100.66")

    answers = [guesser.post("/operator/login", data={"password": str(n)}).status_code for n in range(6)]
    assert answers == [403] * 5 + [429]
    assert guesser.post("/operator/login", data={"password": PASSWORD}).status_code == 429
    assert office.client("203.0.113.1").post("/operator/login", data={"password": PASSWORD}).status_code == 303
    office.clock.move(timedelta(minutes=15))
    assert guesser.post("/operator/login", data={"password": PASSWORD}).status_code == 303


def test_the_dashboard_counts_readers_mails_and_runs(office: Site) -> None:
    press, now = office.press, office.clock.now()
    for n, status in enumerate(["active", "active", "left"]):
        press.subscribers.add(Subscriber(email=f"r{n}@example.org", status=status, confirmed_at=now))  # type: ignore[arg-type]
    press.ledger.queue([NewDelivery("digest", date(2025, 11, 21), 1, "{}", now + timedelta(hours=1))], at=now)
    run = press.runs.begin("run", date(2025, 11, 21), at=now)
    press.runs.note(run, [Note("warning", "arxiv", "stale since <Monday>")])
    browser, _ = logged_in(office)

    page = browser.get("/operator").text

    assert re.findall(r"<li><b>([\d,]+)</b><span>(\w+)</span>", page) == [
        ("2", "active"),
        ("1", "left"),
        ("1", "queued"),
    ]
    assert "<title>week of Mon 17 Nov: 3 joined</title>" in page
    assert "<title>Fri 21 Nov: 1 queued</title>" in page
    assert "arxiv: stale since &lt;Monday&gt;" in page
    assert "style=" not in page


def test_the_dashboard_shows_what_came_of_each_edition_and_how_many_readers_there_were(office: Site) -> None:
    press, friday = office.press, date(2025, 11, 21)
    people = [press.subscribers.add(Subscriber(email=f"r{n}@example.org")) for n in range(4)]
    leave = [f"/unsubscribe/{press.signer.sign('unsubscribe', one.id, 0)}" for one in people if one]
    now = office.clock.now()
    rows = [NewDelivery("digest", friday, one.id, "{}", now + timedelta(hours=1)) for one in people if one]
    press.ledger.queue(rows, at=now)
    tend(press)
    office.client().post(leave[0])
    signed = Evidence("a", "hard", "dsn", now, 2, "digest.2025-11-21.2", signed=True)
    assert press.returns is not None
    press.returns.keep([signed, replace(signed, key="b", what="complaint"), replace(signed, key="c", signed=False)])
    browser, _ = logged_in(office)
    assert "drawn once two days were counted" in browser.get("/operator").text
    browser.post("/operator/logout")
    office.clock.move(timedelta(days=1))
    tend(press)
    browser, _ = logged_in(office)

    page = browser.get("/operator").text

    table = re.search(r'<th scope="row">Fri 21 Nov</th>(.*?)</tr>', page)
    assert table
    names = re.findall(r'<th scope="col">(\w+)</th>', page)[1:]
    counts = dict(zip(names, re.findall(r"<td>(\d*)</td>", table[1]), strict=True))
    assert {name: many for name, many in counts.items() if many} == {
        "queued": "4",
        "left": "1",
        "bounced": "1",
        "complained": "1",
    }
    assert "<title>Fri 21 Nov: 1 complained</title>" in page
    assert 'aria-label="Active readers: from 4 to 2 in 24 hours"' in page


def test_plots_say_what_their_top_stands_for_and_the_table_has_no_empty_columns(office: Site) -> None:
    now = office.clock.now()
    people = (Subscriber(email=f"r{n}@example.org", confirmed_at=now) for n in range(1200))
    assert len(list(office.press.subscribers.add_many(people))) == 1200
    browser, _ = logged_in(office)

    page = browser.get("/operator").text

    assert '<p class="upright" aria-hidden="true"><span>1,200</span><span>0</span></p>' in page
    assert re.findall(r'<th scope="col">(\w+)</th>', page)[1:5] == ["sent", "left", "bounced", "complained"]


def test_a_ledger_that_takes_long_to_count_is_shown_as_it_was_known(
    office: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    press, now = office.press, office.clock.now()
    rows = [NewDelivery("digest", date(2025, 11, 21), 1, "{}", now + timedelta(hours=1))]
    press.ledger.queue(rows, at=now)
    with monkeypatch.context() as hurry:
        hurry.setattr(dashboard, "COUNTING", 0.0)
        browser, _ = logged_in(office)
        assert "Fri 21 Nov: 1 queued" not in browser.get("/operator").text
    assert "Fri 21 Nov: 1 queued" in browser.get("/operator").text

    monkeypatch.setattr(dashboard, "COUNTING", 0.0)
    office.clock.move(timedelta(minutes=5))

    assert "Fri 21 Nov: 1 queued" in browser.get("/operator").text


def test_pausing_keeps_every_mail_and_resuming_sends_it(office: Site) -> None:
    browser, csrf = logged_in(office)
    office.client().post("/subscribe", data={"email": "ada@example.org"})

    paused = browser.post("/operator", data={"action": "pause", "csrf": csrf})
    assert "Sending is paused since 2025-11-21 12:00 UTC" in paused.text
    assert office.send() == []
    browser.post("/operator", data={"action": "resume", "csrf": csrf})
    assert len(office.send()) == 1


def test_why_says_in_words_what_became_of_a_reader_s_day(office: Site) -> None:
    who = office.press.subscribers.add(Subscriber(email="ada@example.org", consent="web form v1"))
    assert who is not None
    day = date(2025, 11, 21)
    office.press.ledger.record_silences(
        [Silence(who.id, day, "paused", "The reader paused until 2025-12-01.")], at=office.clock.now()
    )
    browser, _ = logged_in(office)

    page = browser.get("/operator/why?email=ada@example.org&day=2025-11-21").text

    assert re.findall(r"<li>(.*?)</li>", page) == ["active; web form v1", "The reader paused until 2025-12-01."]


def test_the_preview_is_framed_where_nothing_in_it_can_act(office: Site) -> None:
    browser, _ = logged_in(office)

    page = browser.get("/operator/preview?email=&day=2025-11-21").text
    frame = browser.get("/operator/preview/frame?email=&day=2025-11-21")

    assert 'sandbox src="/operator/preview/frame?email=&amp;day=2025-11-21"' in page
    assert "sandbox" in frame.headers["content-security-policy"]
    assert "script" not in frame.headers["content-security-policy"]
    assert "Language models and reasoning" in frame.text
    assert "is not a subscriber" in browser.get("/operator/preview/frame?email=no@example.org").text


def test_a_list_is_imported_with_a_report_and_exported_without_formulas(office: Site) -> None:
    browser, csrf = logged_in(office)
    office.press.subscribers.suppress("gone@example.org", "asked", at=office.clock.now())
    rows = """email,name,topics
ada@example.org,"=HYPERLINK(""x"")",vision
nonsense,,
gone@example.org,,
b@example.org,,mars
"""

    report = browser.post(
        "/operator/import",
        data={"csrf": csrf, "source": "spring school"},
        files={"file": ("list.csv", rows.encode(), "text/csv")},
    ).text
    export = browser.get("/operator/export.csv")

    assert re.findall(r"<b>(\d+)</b><span>([\w ]+)</span>", report) == [
        ("1", "added"),
        ("0", "known already"),
        ("1", "suppressed"),
        ("2", "bad rows"),
    ]
    assert re.findall(r'<th scope="row">(\d+)</th>', report) == ["3", "5"]
    added = office.press.subscribers.by_email("ada@example.org")
    assert added is not None
    assert (added.topics, "spring school" in added.consent) == (("vision",), True)
    assert export.headers["content-disposition"] == 'attachment; filename="subscribers.csv"'
    assert "\"'=HYPERLINK" in export.text or "'=HYPERLINK" in export.text
    assert ",=HYPERLINK" not in export.text
    nothing = browser.post("/operator/import", data={"csrf": csrf}, files={"file": ("x.csv", b"", "text/csv")})
    assert (nothing.status_code, 'role="alert"' in nothing.text) == (400, True)


def test_an_address_is_suppressed_and_lifted_by_hand(office: Site) -> None:
    browser, csrf = logged_in(office)
    form = {"csrf": csrf, "email": "ada@example.org", "reason": "asked by phone"}

    shown = browser.post("/operator/suppressions", data={**form, "action": "suppress"}).text
    assert "asked by phone" in shown
    assert "ada@example.org" not in shown
    assert office.press.subscribers.suppressed(["ada@example.org"]) == {"ada@example.org"}
    browser.post("/operator/suppressions", data={**form, "action": "lift"})
    assert office.press.subscribers.suppressed(["ada@example.org"]) == frozenset()
    assert browser.post("/operator/suppressions", data={**form, "email": "x"}).status_code == 400
