"""When a mail that was put off is tried again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.mail import Deferred, Reply
from newsletter.send.retry import SCHEDULE, not_before, pause
from tests.send.ledger import NOW, delivery

BUSY = Reply(451, "4.3.0", "try again")


def test_the_pauses_grow_as_the_operator_wrote_them_and_end_at_half_an_hour() -> None:
    wanted = [*SCHEDULE, timedelta(minutes=30), timedelta(minutes=30)]
    for attempt, step in enumerate(wanted, start=1):
        got = pause(Deferred(7, BUSY), delivery(7, attempt=attempt), schedule=SCHEDULE)
        assert step * 0.8 <= got <= step * 1.2


def test_the_same_row_waits_the_same_time_at_every_run_and_rows_are_spread() -> None:
    pauses = [pause(Deferred(n, BUSY), delivery(n), schedule=SCHEDULE) for n in range(200)]
    assert pauses == [pause(Deferred(n, BUSY), delivery(n), schedule=SCHEDULE) for n in range(200)]
    assert len(set(pauses)) > 190


def test_a_greylisted_mail_waits_five_minutes_at_least() -> None:
    reply = Reply(450, "4.7.1", "greylisted")
    assert pause(Deferred(1, reply), delivery(1), schedule=SCHEDULE) >= timedelta(minutes=5)


def test_a_full_mailbox_is_left_alone_for_an_hour() -> None:
    reply = Reply(452, "4.2.2", "mailbox full")
    assert pause(Deferred(1, reply), delivery(1), schedule=SCHEDULE) >= timedelta(hours=1)


def test_the_servers_own_hint_beats_the_schedule() -> None:
    got = pause(Deferred(1, BUSY, retry_after=120), delivery(1), schedule=SCHEDULE)
    assert timedelta(seconds=120) <= got <= timedelta(seconds=126)


def test_a_schedule_of_the_operator_replaces_the_default() -> None:
    got = pause(Deferred(1, BUSY), delivery(1, attempt=9), schedule=(timedelta(hours=2),))
    assert timedelta(hours=1.6) <= got <= timedelta(hours=2.4)


@given(st.integers(1, 10**9), st.integers(1, 500), st.floats(0, 10**7), st.floats(-1, 50))
def test_a_retry_never_comes_after_the_row_has_expired(number: int, attempt: int, hint: float, hours: float) -> None:
    row = delivery(number, attempt=attempt, hours=hours)
    at = not_before(Deferred(number, BUSY, retry_after=hint), row, now=NOW, schedule=SCHEDULE)
    assert at is None or NOW + timedelta(seconds=10) <= at < row.expires_at
