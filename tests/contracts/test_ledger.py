"""The contract of the ledger: who has which mail, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.edition import Silence
from newsletter.model.mail import (
    Deferred,
    Delivered,
    Delivery,
    Dropped,
    NewDelivery,
    Refused,
    Reply,
    Standing,
    Uncertain,
)

if TYPE_CHECKING:
    from newsletter.model.mail import Claim
    from newsletter.ports import Ledger
    from tests.support.stores import Stores

DAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
EXPIRES = NOW + timedelta(hours=20)
LEASE = timedelta(minutes=5)
LATER = NOW + LEASE


def new(reader: int, *, kind: str = "digest", day: date = DAY, payload: str = "{}") -> NewDelivery:
    return NewDelivery(kind, day, reader, payload, EXPIRES)  # type: ignore[arg-type]


def queue(ledger: Ledger, readers: int) -> None:
    assert ledger.queue([new(reader) for reader in range(1, readers + 1)], at=NOW) == readers


def claim(ledger: Ledger, limit: int = 100, now: datetime = NOW, owner: str = "a") -> Claim:
    found = ledger.claim(owner, limit=limit, now=now, lease=LEASE)
    assert found is not None
    return found


def readers(claimed: Claim | None) -> list[int]:
    return [] if claimed is None else [one.subscriber_id for one in claimed.deliveries]


def nothing(ledger: Ledger, now: datetime = NOW) -> bool:
    return ledger.claim("z", limit=9, now=now, lease=LEASE) is None


def stand(ledger: Ledger, reader: int, now: datetime = NOW) -> Standing:
    found = ledger.standing(kind="digest", day=DAY, subscriber_id=reader, now=now)
    assert found is not None
    return found


def test_a_reader_gets_one_mail_of_a_kind_a_day_however_often_it_is_queued(store: Stores) -> None:
    assert store.ledger.queue([new(1), new(2), new(1)], at=NOW) == 2
    assert store.ledger.queue([new(2, payload='{"other": 1}'), new(3)], at=LATER) == 1
    assert store.ledger.queue([new(1, kind="welcome"), new(1, day=DAY + timedelta(days=1))], at=NOW) == 2

    found = claim(store.ledger)

    assert [(one.kind, one.day, one.subscriber_id, one.payload, one.created_at) for one in found.deliveries] == [
        ("welcome", DAY, 1, "{}", NOW),
        ("digest", DAY, 1, "{}", NOW),
        ("digest", DAY, 2, "{}", NOW),
        ("digest", DAY, 3, "{}", LATER),
        ("digest", DAY + timedelta(days=1), 1, "{}", NOW),
    ]
    assert found.deliveries[1] == Delivery(found.deliveries[1].id, "digest", DAY, 1, "{}", NOW, EXPIRES, 1)


def test_nobody_else_gets_what_a_worker_holds_until_its_lease_runs_out(store: Stores) -> None:
    queue(store.ledger, 5)
    first = claim(store.ledger, 2, owner="a")
    second = claim(store.ledger, 9, owner="b")

    assert (readers(first), readers(second)) == ([1, 2], [3, 4, 5])
    assert first.until == NOW + LEASE
    assert nothing(store.ledger)

    store.ledger.settle([(Delivered(first.deliveries[0].id), None)], now=NOW)
    third = claim(store.ledger, 2, now=LATER, owner="c")
    fourth = claim(store.ledger, 2, now=LATER, owner="d")

    assert (readers(third), readers(fourth)) == ([2, 3], [4, 5])
    assert third.deliveries[0].attempt == 1
    assert nothing(store.ledger, LATER)


def test_a_renewed_lease_holds_longer_and_a_lost_one_is_not_renewed(store: Stores) -> None:
    queue(store.ledger, 3)
    held = claim(store.ledger)

    assert store.ledger.renew(held, until=LATER + LEASE)
    assert nothing(store.ledger, LATER)
    taken = claim(store.ledger, 1, now=LATER + LEASE, owner="b")
    assert readers(taken) == [1]
    assert not store.ledger.renew(held, until=LATER + 9 * LEASE)
    store.ledger.release(held)
    assert readers(claim(store.ledger, now=LATER + LEASE, owner="b")) == [2, 3]
    assert store.ledger.renew(taken, until=LATER + 9 * LEASE)


def test_what_is_given_back_is_due_at_once_but_for_what_has_an_answer(store: Stores) -> None:
    queue(store.ledger, 4)
    held = claim(store.ledger)
    one, two, three, _ = (each.id for each in held.deliveries)
    store.ledger.start([one, three], now=NOW)
    store.ledger.settle([(Delivered(one), None), (Deferred(two, Reply(450)), LATER)], now=NOW)
    store.ledger.release(held)

    assert store.ledger.counts(now=NOW) == {"sent": 1, "deferred": 1, "queued": 2}
    assert readers(claim(store.ledger, owner="b")) == [3, 4]


def test_a_deferred_mail_comes_back_when_it_is_due_with_its_attempts_counted(store: Stores) -> None:
    queue(store.ledger, 2)
    held = claim(store.ledger)
    one, two = (each.id for each in held.deliveries)
    store.ledger.settle(
        [
            (Deferred(one, Reply(450, "4.2.0", "greylisted")), LATER),
            (Deferred(two, Reply(0), charged=False), LATER),
        ],
        now=NOW,
    )
    store.ledger.release(held)

    assert stand(store.ledger, 1) == Standing(
        Delivery(one, "digest", DAY, 1, "{}", NOW, EXPIRES, 2),
        "deferred",
        1,
        Reply(450, "4.2.0", "greylisted"),
        NOW,
        LATER,
    )
    assert nothing(store.ledger)
    assert store.ledger.next_due(now=NOW) == LATER
    again = claim(store.ledger, now=LATER)
    assert [(each.subscriber_id, each.attempt) for each in again.deliveries] == [(1, 2), (2, 1)]
    assert stand(store.ledger, 1, LATER).state == "claimed"
    assert nothing(store.ledger, LATER)
    # The worker dies: the lease brings them back, not the retry that they waited for.
    assert readers(claim(store.ledger, now=LATER + LEASE)) == [1, 2]


def test_old_leases_come_before_retries_and_retries_before_fresh_rows(store: Stores) -> None:
    queue(store.ledger, 6)
    claim(store.ledger, 2, owner="dies")
    held = claim(store.ledger, 2, owner="b")
    three, four = (each.id for each in held.deliveries)
    store.ledger.settle([(Deferred(four, Reply(450)), NOW), (Deferred(three, Reply(450)), LATER)], now=NOW)
    store.ledger.release(held)

    assert readers(claim(store.ledger, 3, now=LATER)) == [1, 2, 4]
    assert readers(claim(store.ledger, 9, now=LATER)) == [3, 5, 6]


def kinds(claimed: Claim | None) -> list[tuple[str, int]]:
    return [] if claimed is None else [(one.kind, one.subscriber_id) for one in claimed.deliveries]


def test_a_confirmation_does_not_wait_for_the_issue_of_a_whole_list(store: Stores) -> None:
    ledger = store.ledger
    queue(ledger, 6)
    first = claim(ledger, 2)
    ledger.queue([new(7, kind="confirm"), new(8), new(9, kind="link")], at=NOW)

    notices = claim(ledger, 3, owner="b")
    assert kinds(notices) == [("confirm", 7), ("link", 9), ("digest", 3)]
    digests = claim(ledger, 9, owner="c")
    assert kinds(digests) == [("digest", 4), ("digest", 5), ("digest", 6), ("digest", 8)]
    assert nothing(ledger)

    # What one gives back is given out again, and nobody else's.
    ledger.release(digests)
    assert kinds(claim(ledger, 9, owner="d")) == kinds(digests)
    ledger.release(notices)
    assert ledger.next_due(now=NOW) == NOW
    assert sorted(kinds(claim(ledger, 9, owner="e"))) == sorted(kinds(notices))
    assert ledger.counts(now=NOW) == {"claimed": 9}
    ledger.settle([(Delivered(one.id), None) for one in (*first.deliveries, *notices.deliveries)], now=NOW)
    assert ledger.counts(now=LATER) == {"sent": 5, "queued": 4}


def test_the_retry_of_a_confirmation_goes_before_older_ones_of_digests(store: Stores) -> None:
    ledger = store.ledger
    queue(ledger, 4)
    ledger.queue([new(5, kind="confirm")], at=NOW)
    held = claim(ledger, 9)
    ledger.settle(
        [(Deferred(one.id, Reply(450)), LATER if one.kind == "confirm" else NOW) for one in held.deliveries], now=NOW
    )
    ledger.release(held)

    assert kinds(claim(ledger, 2, now=LATER)) == [("confirm", 5), ("digest", 1)]
    assert kinds(claim(ledger, 9, now=LATER)) == [("digest", 2), ("digest", 3), ("digest", 4)]


def test_rows_that_are_too_old_are_claimed_too_for_only_the_drain_may_drop_them(store: Stores) -> None:
    queue(store.ledger, 1)
    found = claim(store.ledger, now=EXPIRES + LEASE)

    store.ledger.settle([(Dropped(found.deliveries[0].id, "expired", "20 hours late"), None)], now=EXPIRES)

    assert stand(store.ledger, 1) == Standing(found.deliveries[0], "expired", 0, Reply(0, "", "20 hours late"), EXPIRES)


def test_an_answer_given_twice_or_too_late_changes_nothing(store: Stores) -> None:
    queue(store.ledger, 2)
    one, two = (each.id for each in claim(store.ledger).deliveries)
    answers = [(Delivered(one, Reply(250, "2.0.0", "ok")), None), (Refused(two, Reply(550), "address"), None)]
    store.ledger.settle(answers, now=NOW)
    store.ledger.settle(answers, now=LATER)
    store.ledger.settle([(Deferred(one, Reply(450)), LATER), (Uncertain(two, Reply(0)), None)], now=LATER)

    assert store.ledger.counts(now=LATER) == {"sent": 1, "refused": 1}
    assert stand(store.ledger, 1) == Standing(
        Delivery(one, "digest", DAY, 1, "{}", NOW, EXPIRES, 1), "sent", 1, Reply(250, "2.0.0", "ok"), NOW
    )
    assert nothing(store.ledger, LATER + LEASE)


def test_a_retry_that_is_noted_twice_is_charged_once(store: Stores) -> None:
    queue(store.ledger, 1)
    held = claim(store.ledger)
    later = (Deferred(held.deliveries[0].id, Reply(450)), LATER)
    store.ledger.settle([later, later], now=NOW)
    store.ledger.settle([later], now=NOW)
    store.ledger.release(held)

    assert [each.attempt for each in claim(store.ledger, now=LATER).deliveries] == [2]


def test_a_worker_that_dies_between_start_and_answer_leaves_doubt_and_no_resend_of_its_own(store: Stores) -> None:
    queue(store.ledger, 3)
    held = claim(store.ledger)
    one, two, _ = held.deliveries
    store.ledger.start([one.id, two.id], now=NOW)
    store.ledger.settle([(Delivered(one.id), None)], now=NOW)

    assert store.ledger.counts(now=NOW) == {"sent": 1, "sending": 1, "claimed": 1}
    assert store.ledger.uncertain_since(now=NOW) == ()
    assert store.ledger.counts(now=LATER) == {"sent": 1, "uncertain": 1, "queued": 1}
    assert store.ledger.uncertain_since(now=LATER) == (two,)
    assert readers(claim(store.ledger, now=LATER)) == [3]
    assert store.ledger.uncertain_since(now=LATER) == (two,)
    assert nothing(store.ledger, LATER + timedelta(seconds=1))


def test_an_unanswered_mail_is_sent_again_once_and_one_that_a_worker_died_on_each_time(store: Stores) -> None:
    queue(store.ledger, 3)
    held = claim(store.ledger)
    one, two, three = (each.id for each in held.deliveries)
    store.ledger.start([two], now=NOW)
    store.ledger.settle([(Uncertain(one, Reply(0, "", "no answer")), None), (Delivered(three), None)], now=NOW)
    assert [each.id for each in store.ledger.uncertain_since(now=LATER)] == [one, two]

    due = LATER + LEASE
    assert store.ledger.resend([one, two, three], now=LATER, not_before=due) == 2
    assert store.ledger.resend([one, two, three], now=LATER, not_before=due) == 0
    assert store.ledger.uncertain_since(now=LATER) == ()
    assert stand(store.ledger, 1, LATER) == Standing(
        Delivery(one, "digest", DAY, 1, "{}", NOW, EXPIRES, 2), "deferred", 1, Reply(0, "", "no answer"), NOW, due
    )
    assert nothing(store.ledger, LATER)

    again = claim(store.ledger, now=due)
    assert [(each.id, each.attempt) for each in again.deliveries] == [(one, 2), (two, 2)]
    store.ledger.settle([(Uncertain(one, Reply(0)), None)], now=due)
    store.ledger.start([two], now=due)
    assert store.ledger.counts(now=due + LEASE) == {"sent": 1, "uncertain": 2}
    assert [each.id for each in store.ledger.uncertain_since(now=due + LEASE)] == [two]
    assert store.ledger.resend([one, two], now=due + LEASE, not_before=due) == 1
    assert store.ledger.uncertain_since(now=due + LEASE) == ()
    assert [each.id for each in claim(store.ledger, now=due + LEASE).deliveries] == [two]


def test_what_is_left_to_a_person_waits_until_a_person_sends_it_again(store: Stores) -> None:
    queue(store.ledger, 2)
    one, two = (each.id for each in claim(store.ledger).deliveries)
    silent = Uncertain(one, Reply(0, "", "no answer"), final=True)
    store.ledger.settle([(silent, None), (Delivered(two), None)], now=NOW)

    assert store.ledger.uncertain_since(now=LATER) == ()
    assert store.ledger.resend([one, two], now=LATER, not_before=LATER) == 0
    assert [each.id for each in store.ledger.uncertain_since(now=LATER, every=True)] == [one]
    assert store.ledger.resend([one, two], now=LATER, not_before=LATER, every=True) == 1
    assert [(each.id, each.attempt) for each in claim(store.ledger, now=LATER + LEASE).deliveries] == [(one, 2)]


def test_a_late_answer_ends_the_doubt(store: Stores) -> None:
    queue(store.ledger, 3)
    one, two, three = (each.id for each in claim(store.ledger).deliveries)
    store.ledger.start([three], now=NOW)
    store.ledger.settle([(Uncertain(one, Reply(0)), None), (Uncertain(two, Reply(0)), None)], now=NOW)
    store.ledger.settle(
        [(Delivered(one), None), (Dropped(two, "cancelled"), None), (Delivered(three), None)], now=LATER
    )

    assert store.ledger.counts(now=LATER) == {"sent": 2, "cancelled": 1}
    assert store.ledger.uncertain_since(now=LATER) == ()


def test_a_stale_worker_s_retry_is_not_given_out_while_another_holds_the_row(store: Stores) -> None:
    queue(store.ledger, 1)
    stale = claim(store.ledger, owner="stale")
    fresh = claim(store.ledger, now=LATER, owner="fresh")
    store.ledger.settle([(Deferred(stale.deliveries[0].id, Reply(450)), LATER)], now=LATER)

    assert nothing(store.ledger, LATER)
    assert store.ledger.next_due(now=LATER) == LATER + LEASE
    store.ledger.settle([(Delivered(fresh.deliveries[0].id), None)], now=LATER)
    assert nothing(store.ledger, LATER + LEASE)
    assert store.ledger.next_due(now=LATER) is None
    assert store.ledger.counts(now=LATER) == {"sent": 1}


def test_the_operator_stops_a_day_and_what_is_on_its_way_is_told_as_it_went(store: Stores) -> None:
    queue(store.ledger, 4)
    held = claim(store.ledger, 3)
    one, two, three = (each.id for each in held.deliveries)
    store.ledger.settle([(Deferred(one, Reply(450)), LATER), (Uncertain(two, Reply(0)), None)], now=NOW)
    tomorrow = DAY + timedelta(days=1)
    store.ledger.queue([new(1, day=tomorrow)], at=NOW)

    assert store.ledger.cancel(day=DAY, now=NOW) == 1
    store.ledger.settle([(Delivered(three), None)], now=NOW)
    store.ledger.release(held)
    assert store.ledger.cancel(day=DAY, now=NOW) == 1
    assert store.ledger.cancel(day=DAY, now=NOW) == 0
    assert store.ledger.counts(day=DAY, now=LATER) == {"cancelled": 2, "uncertain": 1, "sent": 1}
    assert [(each.subscriber_id, each.day) for each in claim(store.ledger, now=LATER).deliveries] == [(1, tomorrow)]
    assert stand(store.ledger, 4).reply == Reply(0, "", "Stopped by the operator.")


def test_one_knows_when_there_is_something_to_do_next(store: Stores) -> None:
    assert store.ledger.next_due(now=NOW) is None
    queue(store.ledger, 2)
    assert store.ledger.next_due(now=NOW) == NOW
    held = claim(store.ledger)
    assert store.ledger.next_due(now=NOW) == LATER
    store.ledger.settle([(Delivered(each.id), None) for each in held.deliveries], now=NOW)
    assert store.ledger.next_due(now=NOW) is None
    store.ledger.release(held)
    assert store.ledger.next_due(now=NOW) is None


def test_counts_and_standings_are_of_one_day_or_of_all(store: Stores) -> None:
    tomorrow = DAY + timedelta(days=1)
    store.ledger.queue([new(1), new(2), new(1, day=tomorrow)], at=NOW)
    held = claim(store.ledger, 1)

    assert store.ledger.counts(now=NOW) == {"claimed": 1, "queued": 2}
    assert store.ledger.counts(day=tomorrow, now=NOW) == {"queued": 1}
    assert store.ledger.counts(day=tomorrow, kind="digest", now=NOW) == {"queued": 1}
    assert store.ledger.counts(day=tomorrow, kind="goodbye", now=NOW) == {}
    assert store.ledger.standings(day=DAY, states=["claimed"], limit=9, now=NOW) == (
        Standing(held.deliveries[0], "claimed", 0, None, None),
    )
    assert len(store.ledger.standings(day=DAY, states=["claimed", "queued"], limit=1, now=NOW)) == 1
    assert store.ledger.standing(kind="welcome", day=DAY, subscriber_id=1, now=NOW) is None


def payload(edition: str, *papers: str) -> str:
    picks = ",".join(f'["{paper}","{edition}","lm"]' for paper in papers)
    return f'{{"editions":["{edition}"],"sections":[["lm","Language models",0,[{picks}]]],"follow_ups":[]}}'


def test_what_a_reader_had_is_known_unless_it_never_came(store: Stores) -> None:
    days = [DAY + timedelta(days=n) for n in range(5)]
    store.ledger.queue(
        [new(1, day=day, payload=payload(str(day), f"p{n}", "q")) for n, day in enumerate(days)]
        + [new(2, day=DAY, payload=payload("2026-11-24", "p0")), new(3, kind="welcome"), new(4)],
        at=NOW,
    )
    ids = [each.id for each in claim(store.ledger, 6).deliveries if each.kind == "digest"]
    store.ledger.settle(
        [
            (Delivered(ids[0]), None),
            (Uncertain(ids[1], Reply(0)), None),
            (Refused(ids[2], Reply(554), "message"), None),
            (Dropped(ids[3], "expired"), None),
            (Dropped(ids[4], "suppressed"), None),
        ],
        now=NOW,
    )

    assert store.ledger.seen([1, 2, 3, 9]) == {1: frozenset({"p0", "p1", "q"}), 2: frozenset({"p0"})}
    assert store.ledger.seen([1, 2], since=days[1]) == {1: frozenset({"p1", "q"})}
    assert store.ledger.last_edition([1, 2, 3, 4, 9]) == {1: days[1], 2: date(2026, 11, 24)}
    assert store.ledger.missed([1, 2, 3, 9], since=days[0]) == {1: days[3]}
    assert store.ledger.missed([1], since=days[4]) == {}
    assert store.ledger.last_day("digest", [1, 2, 3, 9]) == {1: days[4], 2: DAY}
    assert store.ledger.last_day("welcome", [1, 3]) == {3: DAY}
    assert store.ledger.issues([1, 2, 3, 9]) == {1: 5, 2: 1}
    assert store.ledger.last_day("digest", [1, 2], until=days[0]) == {1: days[0], 2: DAY}
    assert store.ledger.last_edition([1, 2], until=days[0]) == {1: days[0], 2: date(2026, 11, 24)}


def test_an_issue_that_expired_is_made_anew_and_nothing_else_is(store: Stores) -> None:
    ledger = store.ledger
    queue(ledger, 4)
    ledger.queue([new(1, kind="confirm")], at=NOW)
    held = claim(ledger)
    ids = {each.subscriber_id: each.id for each in held.deliveries if each.kind == "digest"}
    ledger.settle([(Deferred(ids[1], Reply(451, "4.3.0", "later")), LATER)], now=NOW)
    ledger.release(held)
    again = claim(ledger, now=LATER)
    ledger.settle(
        [
            (Dropped(ids[1], "expired", "not sent in time"), None),
            (Dropped(ids[2], "cancelled"), None),
            (Delivered(ids[3]), None),
        ],
        now=LATER,
    )
    ledger.release(again)
    day_later, expires = NOW + timedelta(hours=24), EXPIRES + timedelta(hours=24)
    assert ledger.last_day("digest", [1, 2, 3]) == {2: DAY, 3: DAY}

    rows = [NewDelivery("digest", DAY, reader, '{"new": 1}', expires) for reader in (1, 2, 3, 4, 5)]
    assert ledger.queue(rows, at=day_later) == 2
    assert ledger.queue(rows, at=day_later) == 0

    assert ledger.last_day("digest", [1]) == {1: DAY}
    assert ledger.counts(now=day_later) == {"deferred": 1, "cancelled": 1, "sent": 1, "queued": 3}
    found = {(one.kind, one.subscriber_id): one for one in claim(ledger, now=day_later).deliveries}
    assert set(found) == {("digest", 1), ("digest", 4), ("digest", 5), ("confirm", 1)}
    assert found["digest", 1] == Delivery(ids[1], "digest", DAY, 1, '{"new": 1}', day_later, expires, 1)
    assert found["digest", 4].payload == "{}"
    ledger.settle([(Delivered(ids[1]), None)], now=day_later)
    assert stand(ledger, 1, day_later).state == "sent"


def test_a_day_without_mail_is_explained_and_the_last_word_counts(store: Stores) -> None:
    paused = Silence(7, DAY, "paused", "Paused until Monday.")
    store.ledger.record_silences([paused, Silence(8, DAY, "nothing-new", "Nothing new.")], at=NOW)
    store.ledger.record_silences([Silence(8, DAY, "left", "Left at noon.")], at=LATER)

    assert store.ledger.silences(day=DAY) == (paused, Silence(8, DAY, "left", "Left at noon."))
    assert store.ledger.silences(day=DAY, subscriber_id=7) == (paused,)
    assert store.ledger.silences(day=DAY + timedelta(days=1)) == ()


def test_who_got_an_issue_after_all_is_none_of_those_without_mail(store: Stores) -> None:
    """A run at 9 found no edition yet, or two runs were at work at once; an issue that expired is as good as none."""
    nothing = [Silence(reader, DAY, "nothing-new", "Nothing new.") for reader in (1, 2, 3)]
    store.ledger.queue([new(1), new(2)], at=NOW)
    store.ledger.record_silences(nothing, at=NOW)
    assert store.ledger.silences(day=DAY) == (nothing[2],)
    claimed = {one.subscriber_id: one.id for one in claim(store.ledger).deliveries}
    store.ledger.settle([(Delivered(claimed[1]), None), (Dropped(claimed[2], "expired", "too late"), None)], now=NOW)
    assert store.ledger.silences(day=DAY) == (nothing[1], nothing[2])
    assert store.ledger.silences(day=DAY, subscriber_id=1) == ()


def test_nothing_asked_is_nothing_done(store: Stores) -> None:
    assert store.ledger.queue([], at=NOW) == 0
    store.ledger.record_silences([], at=NOW)
    store.ledger.start([], now=NOW)
    store.ledger.settle([], now=NOW)
    assert store.ledger.resend([], now=NOW, not_before=NOW) == 0
    assert nothing(store.ledger)
    assert store.ledger.seen([]) == {}
    assert store.ledger.counts(now=NOW) == {}


def test_what_a_dead_worker_held_is_given_out_at_once_and_nobody_else_s(store: Stores) -> None:
    ledger = store.ledger
    queue(ledger, 3)
    claim(ledger, 1, owner="dead")
    claim(ledger, 1, owner="alive")

    assert ledger.holders(now=NOW) == ("alive", "dead")

    ledger.disown("dead", now=NOW)

    assert ledger.holders(now=NOW) == ("alive",)
    assert readers(ledger.claim("next", limit=9, now=NOW, lease=LEASE)) == [1, 3]


def test_what_is_too_old_ends_wherever_it_waits_but_for_what_a_worker_holds(store: Stores) -> None:
    ledger = store.ledger
    ledger.queue([new(1, kind="confirm")], at=NOW)
    queue(ledger, 6)
    held = claim(ledger, 3)  # the confirmation and two digests
    one, two = (each.id for each in held.deliveries[1:])
    ledger.settle([(Deferred(one, Reply(450)), LATER), (Delivered(two), None)], now=NOW)
    living = claim(ledger, 1, owner="b")
    late = max(each.expires_at for each in (*held.deliveries, *living.deliveries))
    assert ledger.expire(now=NOW) == 0
    ledger.release(held)
    assert ledger.renew(living, until=late + LEASE)

    assert ledger.expire(now=late) == 5
    assert ledger.expire(now=late) == 0
    assert ledger.counts(now=late) == {"expired": 5, "sent": 1, "claimed": 1}
    assert ledger.claim("c", limit=9, now=late, lease=LEASE) is None


@pytest.mark.parametrize("ending", ["cancel", "expire"])
def test_what_ended_while_its_worker_was_stopped_is_not_taken_up_again_when_it_wakes(
    store: Stores, ending: str
) -> None:
    ledger, late = store.ledger, EXPIRES + LEASE
    queue(ledger, 3)
    asleep = claim(ledger)
    left, *_ = (each.id for each in asleep.deliveries)  # before it was stopped
    assert (ledger.expire(now=late) if ending == "expire" else ledger.cancel(day=DAY, now=late)) == 3

    assert not ledger.renew(asleep, until=late + LEASE)
    ledger.settle([(Delivered(left, Reply(250, "2.0.0", "ok")), None)], now=late)
    assert ledger.counts(now=late) == {"sent": 1, "expired" if ending == "expire" else "cancelled": 2}
    assert nothing(ledger, late + LEASE)


@pytest.mark.parametrize("claimed_before", [True, False])
def test_what_expired_and_is_made_anew_is_given_out_once(store: Stores, claimed_before: bool) -> None:
    ledger = store.ledger
    queue(ledger, 3)
    if claimed_before:
        ledger.release(claim(ledger, 9))
    late = NOW + timedelta(days=30)
    assert ledger.expire(now=late) == 3
    again = [replace(new(n), expires_at=late + timedelta(days=1)) for n in (1, 2, 3)]
    assert ledger.queue(again, at=late) == 3

    first = claim(ledger, 2, now=late)
    other = claim(ledger, 9, now=late, owner="b")
    assert sorted(readers(first) + readers(other)) == [1, 2, 3]
    assert ledger.claim("c", limit=9, now=late, lease=LEASE) is None
    ledger.settle([(Delivered(one.id), None) for one in (*first.deliveries, *other.deliveries)], now=late)
    assert ledger.claim("c", limit=9, now=late + 2 * LEASE, lease=LEASE) is None
    assert ledger.counts(now=late) == {"sent": 3}


def test_the_retry_of_a_notice_in_a_dead_workers_lease_is_given_out_once(store: Stores) -> None:
    ledger = store.ledger
    queue(ledger, 5)
    ledger.queue([new(9, kind="confirm")], at=NOW)
    dead = claim(ledger, 9, owner="dies")
    ledger.settle([(Deferred(dead.deliveries[0].id, Reply(450)), NOW)], now=NOW)

    first = claim(ledger, 2, now=LATER)
    rest = [claim(ledger, 2, now=LATER, owner=name) for name in "bc"]
    taken = [pair for one in (first, *rest) for pair in kinds(one)]
    assert taken[0] == ("confirm", 9)
    assert sorted(taken) == [("confirm", 9), *(("digest", n) for n in range(1, 6))]
    assert ledger.claim("d", limit=9, now=LATER, lease=LEASE) is None


def test_what_ended_long_ago_is_erased_in_batches_and_stays_counted(store: Stores) -> None:
    ledger = store.ledger
    queue(ledger, 5)
    held = claim(ledger, 9)
    first, second, third, *_ = (one.id for one in held.deliveries)
    reply = Reply(450, "4.2.0", "later")
    ledger.settle([(Deferred(second, reply), NOW)], now=NOW)
    ledger.settle([(Delivered(first), None), (Delivered(second), None), (Uncertain(third, reply), None)], now=NOW)
    ledger.release(held)
    before = ledger.counts(now=LATER)
    assert ledger.closed() is None

    assert ledger.prune(before=NOW, limit=9) == 0
    assert [ledger.prune(before=LATER, limit=2) for _ in range(3)] == [2, 1, 0]

    assert ledger.counts(now=LATER) == before == {"sent": 2, "uncertain": 1, "queued": 2}
    assert ledger.counts(day=DAY, kind="digest", now=LATER) == before
    assert ledger.counts(day=DAY, kind="confirm", now=LATER) == {}
    assert ledger.closed() == DAY
    assert ledger.standing(kind="digest", day=DAY, subscriber_id=1, now=LATER) is None
    assert readers(claim(ledger, 9, now=LATER)) == [4, 5], "what has not ended stays"


def test_a_look_at_how_much_waits_is_never_too_low_and_ends_at_nothing(store: Stores) -> None:
    assert store.ledger.unclaimed() == 0
    queue(store.ledger, 5)
    assert store.ledger.unclaimed() == 5
    held = claim(store.ledger)
    store.ledger.settle([(Delivered(one.id), None) for one in held.deliveries], now=NOW)
    assert store.ledger.unclaimed() == 0


def test_an_issue_that_expires_after_the_next_one_was_cut_is_missed_until_its_edition_comes(store: Stores) -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    store.ledger.queue([new(1, day=day, payload=payload(str(day), f"p{n}")) for n, day in enumerate(days[:3])], at=NOW)
    first, second, third = (each.id for each in claim(store.ledger, 3).deliveries)
    store.ledger.settle(
        [(Delivered(first), None), (Dropped(second, "expired"), None), (Delivered(third), None)], now=NOW
    )

    assert store.ledger.last_edition([1]) == {1: days[2]}
    assert store.ledger.missed([1], since=days[0]) == {1: days[1]}

    both = f'{{"editions":["{days[1]}","{days[3]}"],"sections":[],"follow_ups":[]}}'
    store.ledger.queue([new(1, day=days[3], payload=both)], at=NOW)
    assert store.ledger.missed([1], since=days[0]) == {}, "it came with the next issue"
