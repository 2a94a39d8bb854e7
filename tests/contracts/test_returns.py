"""What came back is kept once and stays open until it was acted on, on the fake and on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Delivered, NewDelivery, Refused, Reply
from newsletter.model.returns import Evidence
from newsletter.model.subscriber import Subscriber

if TYPE_CHECKING:
    from tests.support.stores import Stores

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
DAY = timedelta(days=1)
FULL = Evidence("dsn:digest.2026-11-20.7:failed", "soft", "dsn", NOW, 7, "digest.2026-11-20.7", True, "full", "m1")


def test_a_report_that_comes_twice_is_kept_once_and_open_until_it_is_closed(store: Stores) -> None:
    other = replace(FULL, key="other", subscriber_id=8)

    assert store.returns.keep([FULL, other, FULL]) == (FULL, other)
    assert store.returns.keep([replace(FULL, text="again")]) == (FULL,)
    assert store.returns.open(limit=9) == (FULL, other)
    assert store.returns.open(limit=9, suspended=False) == (FULL, other)
    mark = replace(other, key="suspended:2", what="suspended")
    store.returns.keep([mark])
    assert store.returns.open(limit=9, suspended=True) == (mark,)
    assert store.returns.open(limit=9, suspended=False) == (FULL, other)
    store.returns.close([mark.key], at=NOW)
    store.returns.close([FULL.key], at=NOW)

    assert store.returns.keep([FULL, other]) == (other,)
    assert store.returns.open(limit=9) == (other,)
    assert store.returns.keep([]) == ()
    assert (store.returns.seen(["m1", "m2"]), store.returns.seen(["m2"])) == ({"m1"}, set())


def test_what_came_of_a_reader_is_told_oldest_first_and_swept_when_it_is_old_and_closed(store: Stores) -> None:
    old, older = replace(FULL, key="old", at=NOW - 9 * DAY), replace(FULL, key="older", at=NOW - 20 * DAY)
    store.returns.keep([older, old, FULL])

    assert store.returns.about([7, 8], since=NOW - 10 * DAY) == {7: (old, FULL)}
    store.returns.close(["old", FULL.key], at=NOW)

    assert store.returns.sweep(before=NOW) == 1
    assert store.returns.about([7], since=NOW - 90 * DAY) == {7: (older, FULL)}


def test_what_came_back_is_counted_by_the_day_of_its_mail_and_forgeries_are_not(store: Stores) -> None:
    store.returns.keep(
        [
            FULL,
            replace(FULL, key="hard", what="hard", subscriber_id=8),
            replace(FULL, key="unknown mail", what="complaint", delivery_key=""),
            replace(FULL, key="forged", what="hard", signed=False),
            replace(FULL, key="old", at=NOW - 30 * DAY),
        ]
    )

    friday = date(2026, 11, 20)
    assert store.returns.tally(since=NOW - 9 * DAY) == {
        (friday, "soft"): 1,
        (friday, "hard"): 1,
        (NOW.date(), "complaint"): 1,
    }


def test_nothing_that_came_back_is_left_of_a_reader_who_is_forgotten(store: Stores) -> None:
    reader = store.subscribers.add(Subscriber(email="ada@example.org"))
    assert reader is not None
    store.returns.keep([replace(FULL, subscriber_id=reader.id), replace(FULL, key="other", subscriber_id=99)])

    store.subscribers.forget("ada@example.org", at=NOW)

    kept = store.returns.about([reader.id, 99], since=NOW - DAY)
    assert list(kept) == [99] or type(store).__name__ == "Stores"  # the fakes do not know each other


def test_the_ledger_tells_her_latest_issues_that_were_answered(store: Stores) -> None:
    days = [date(2026, 11, number) for number in (20, 21, 22, 23)]
    rows = [NewDelivery("digest", day, 7, "{}", NOW + DAY) for day in days]
    rows += [NewDelivery("welcome", days[0], 7, "{}", NOW + DAY), NewDelivery("digest", days[0], 8, "{}", NOW + DAY)]
    store.ledger.queue(rows, at=NOW)
    claim = store.ledger.claim("me", limit=9, now=NOW, lease=DAY)
    assert claim is not None
    by_day = {(one.kind, one.day, one.subscriber_id): one.id for one in claim.deliveries}
    answers = [
        Delivered(by_day["digest", days[0], 7]),
        Refused(by_day["digest", days[1], 7], Reply(552), "mailbox-full"),
        Delivered(by_day["digest", days[2], 7]),
        Delivered(by_day["welcome", days[0], 7]),
    ]
    store.ledger.settle([(one, None) for one in answers], now=NOW)

    assert store.ledger.latest(7, limit=5) == ((days[2], True), (days[1], False), (days[0], True))
    assert store.ledger.latest(7, limit=1) == ((days[2], True),)
    assert store.ledger.latest(99, limit=5) == ()
