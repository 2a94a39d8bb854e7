"""A reader's own page: choices, pause, a new address, her data, being forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages.cutting import cut_all
from newsletter.web.signup import CONSENT_TEXTS
from tests.support.website import link_in, open_site

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from newsletter.model.edition import Issue
    from tests.support.website import Site

OLD, NEW = "old@example.org", "new@example.org"


def reader(site: Site, email: str = OLD, **more: object) -> Subscriber:
    added = site.press.subscribers.add(replace(Subscriber(email=email), **more))  # type: ignore[arg-type]
    assert added is not None
    return added


def now(site: Site, email: str = OLD) -> Subscriber:
    found = site.press.subscribers.by_email(email)
    assert found is not None
    return found


def page_of(site: Site, who: Subscriber) -> tuple[TestClient, str]:
    return site.client(), f"/preferences/{site.press.signer.sign('preferences', who.id, who.generation)}"


def test_choices_are_saved_and_one_that_is_not_offered_changes_nothing_and_is_named(site: Site) -> None:
    who = reader(site)
    browser, path = page_of(site, who)
    form = {
        "action": "save",
        "topics": ["vision", "robotics"],
        "cadence": "weekly",
        "send_hour": "17",
        "timezone": "Asia/Tokyo",
        "locale": "de",
        "per_topic": "3",
        "text_only": "yes",
    }

    answer = browser.post(path, data=form)

    assert "Your choices are saved" in answer.text
    saved = replace(
        who,
        topics=("vision", "robotics"),
        cadence="weekly",
        send_hour=17,
        timezone="Asia/Tokyo",
        locale="de",
        per_topic=3,
        text_only=True,
    )
    assert now(site) == saved
    wrong = {
        "topics": ("nonsense", "This topic is not offered here."),
        "cadence": ("hourly", "Choose how often from the list."),
        "send_hour": ("99", "Choose an hour from 0 to 23."),
        "timezone": ("Berlin", "This time zone is not known here."),
        "locale": ("xx", "Choose a language from the list."),
        "per_topic": ("²", "Choose from 1 to 20 papers a topic."),
    }
    for name, (value, told) in wrong.items():
        refused = browser.post(path, data=form | {name: value})
        assert (refused.status_code, told in refused.text) == (400, True), name
    assert browser.post(path, data={}).status_code == 400
    assert now(site) == saved


def test_a_pause_holds_until_its_day_and_can_be_ended(site: Site) -> None:
    who = reader(site)
    browser, path = page_of(site, who)

    refused = [
        browser.post(path, data={"action": "pause", "until": day}).status_code
        for day in ["", "2025-11-21", "2030-01-01", "soon"]
    ]
    paused = browser.post(path, data={"action": "pause", "until": "2025-12-24"})

    assert (refused, paused.status_code, now(site).paused_until) == ([400] * 4, 200, date(2025, 12, 24))
    assert "No mail until Wednesday, 24 December 2025" in paused.text
    browser.post(path, data={"action": "resume"})
    assert now(site).paused_until is None


def test_after_a_pause_one_issue_brings_what_was_missed_and_nothing_comes_meanwhile(
    tmp_path: Path, printed: Path
) -> None:
    site = open_site(tmp_path / "site", like=printed, at=datetime(2025, 11, 18, 9, tzinfo=UTC))
    who = reader(site, cadence="daily", send_hour=8)

    def issues() -> list[Issue]:
        return [one for block in cut_all(site.press, site.clock.now(), day=None) for _, _, one in block.issues]

    (first,) = issues()
    site.send()
    browser, path = page_of(site, who)
    browser.post(path, data={"action": "pause", "until": "2025-11-21"})
    meanwhile = []
    for _ in range(2):
        site.clock.move(timedelta(days=1))
        meanwhile += issues()
    site.clock.move(timedelta(days=1))
    (back,) = issues()
    again = issues()
    site.store.close()

    assert (meanwhile, again) == ([], [])
    assert back.editions == (date(2025, 11, 19), date(2025, 11, 20), date(2025, 11, 21))
    days = {pick.day for section in back.sections for pick in section.picks}
    assert days & {date(2025, 11, 19), date(2025, 11, 20)}  # the best of what was missed
    assert not set(back.paper_ids) & set(first.paper_ids)


def test_a_new_address_takes_over_history_and_choices_once_it_is_confirmed(site: Site) -> None:
    who = reader(site, topics=("vision",))
    site.press.subscribers.say(Feedback(who.id, "2511.12609", "save", site.clock.now()))
    browser, path = page_of(site, who)

    asked = browser.post(path, data={"action": "address", "email": "NEW@Example.org"})

    assert "Look into the inbox of NEW@example.org" in asked.text
    (mail,) = site.send()
    assert "To: NEW@example.org" in mail
    assert now(site) == who
    confirm = link_in(mail, "confirm")
    assert "instead of old@example.org" in browser.get(confirm).text

    answers = [browser.post(confirm).status_code for _ in range(2)]

    assert answers == [200, 200]
    moved = now(site, "new@example.org")
    assert (moved.id, moved.topics, moved.status, moved.generation) == (who.id, ("vision",), "active", 1)
    assert site.press.subscribers.by_email(OLD) is None
    assert len(site.press.subscribers.said([who.id])[who.id]) == 1
    assert browser.get(path).status_code == 404  # links in mails to the old address are revoked


def test_a_new_address_that_is_confirmed_after_its_reader_left_subscribes_nobody(site: Site) -> None:
    who = reader(site)
    browser, path = page_of(site, who)
    browser.post(path, data={"action": "address", "email": "new@example.org"})
    confirm = link_in(site.send()[0], "confirm")
    browser.post(path, data={"action": "leave"})

    assert (browser.get(confirm).status_code, browser.post(confirm).status_code) == (404, 404)
    assert (now(site).status, now(site, "new@example.org").status) == ("left", "pending")

    signed = browser.post("/subscribe", data={"email": "new@example.org"})
    site.clock.move(timedelta(hours=25))
    browser.post("/subscribe", data={"email": "new@example.org"})
    (again,) = [mail for mail in site.send() if "To: new@example.org" in mail]
    assert (signed.status_code, browser.post(link_in(again, "confirm")).status_code) == (200, 200)
    assert now(site, "new@example.org").status == "active"


def test_a_new_address_that_is_known_or_suppressed_is_answered_the_same(site: Site) -> None:
    who = reader(site)
    reader(site, "other@example.org")
    site.press.subscribers.suppress("gone@example.org", "asked", at=site.clock.now())
    browser, path = page_of(site, who)

    pages = [
        browser.post(path, data={"action": "address", "email": one}).text.replace(one, "X")
        for one in ["other@example.org", "gone@example.org", "fresh@example.org"]
    ]

    assert len(set(pages)) == 1
    kinds = sorted(line for mail in site.send() for line in mail.splitlines() if line.startswith("To: "))
    assert kinds == ["To: fresh@example.org", "To: other@example.org"]
    assert now(site) == who


def test_a_reader_sees_all_that_is_stored_about_her(site: Site) -> None:
    who = reader(site, consent="web form v1", topics=("vision",))
    site.press.subscribers.say(Feedback(who.id, "2511.12609", "more", site.clock.now()))
    browser, path = page_of(site, who)

    answer = browser.get(f"{path}/data")

    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert json.loads(answer.text) == {
        "subscriber": {"id": who.id, "email": OLD, "status": "active", "topics": ["vision"], "consent": "web form v1"},
        "consent_texts": {"web form v1": list(CONSENT_TEXTS["web form v1"])},
        "feedback": [
            {"subscriber_id": who.id, "paper_id": "2511.12609", "verb": "more", "at": "2025-11-21T12:00:00+00:00"}
        ],
        "papers_mailed": [],
        "last_digest": None,
        "digests_answered": [],
        "returned_mail": [],
        "brought": [],
    }


def test_being_forgotten_takes_a_tick_and_leaves_a_hash_alone(site: Site) -> None:
    who = reader(site)
    browser, path = page_of(site, who)

    assert browser.post(path, data={"action": "forget"}).status_code == 400
    done = browser.post(path, data={"action": "forget", "sure": "yes"})

    assert "Everything about you is erased" in done.text
    assert site.press.subscribers.by_email(OLD) is None
    assert [reason for _, reason, _ in site.press.subscribers.suppressions()] == ["forgotten"]
    leave = f"/unsubscribe/{site.press.signer.sign('unsubscribe', who.id, 0)}"
    assert (browser.get(path).status_code, browser.post(leave).status_code) == (404, 200)


def test_leaving_and_coming_back_from_the_page(site: Site) -> None:
    who = reader(site)
    browser, path = page_of(site, who)

    assert "Goodbye" in browser.post(path, data={"action": "leave"}).text
    assert now(site).status == "left"
    assert "Come back" in browser.get(path).text
    (goodbye,) = site.send()
    assert "Subject: You have left" in goodbye
    assert "Come back" in browser.get(link_in(goodbye, "preferences")).text
    browser.post(path, data={"action": "back"})
    assert now(site).status == "pending"
    assert link_in(site.send()[0], "confirm")


def test_an_unknown_action_changes_nothing(site: Site) -> None:
    who = reader(site)
    browser, path = page_of(site, who)

    assert browser.post(path, data={"action": "promote"}).status_code == 400
    assert now(site) == who
