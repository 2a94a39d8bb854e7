"""When a reader is due: her hour in her zone, whatever the clocks of the world do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.edition import Silence
from newsletter.model.subscriber import CADENCES, Hours, Slot, Subscriber
from newsletter.subscribe.calendar import Defaults, due, due_on, local_instant, reached

DEFAULTS = Defaults()
HOURS20 = timedelta(hours=20)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Casablanca",
)


def reader(**choices: object) -> Subscriber:
    return Subscriber(id=7, email="ada@example.org", **choices)  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "instant"),
    [
        ("Europe/Berlin", "2027-03-28", 2, "2027-03-28T01:00"),  # 02:00 does not exist: 03:00 summer time
        ("Europe/Berlin", "2027-10-31", 2, "2027-10-31T00:00"),  # 02:00 twice: the first
        ("America/New_York", "2027-11-07", 1, "2027-11-07T05:00"),
        ("Australia/Lord_Howe", "2027-10-03", 2, "2027-10-02T15:30"),  # half an hour is missing
        ("Australia/Lord_Howe", "2027-04-04", 1, "2027-04-03T14:00"),
        ("Asia/Kathmandu", "2027-01-01", 8, "2027-01-01T02:15"),
        ("Pacific/Chatham", "2027-01-01", 8, "2026-12-31T18:15"),
        ("Asia/Beirut", "2027-03-28", 0, "2027-03-27T22:00"),  # midnight does not exist
        ("Pacific/Apia", "2011-12-30", 8, "2011-12-30T10:00"),  # the whole day does not exist
        ("UTC", "2028-02-29", 8, "2028-02-29T08:00"),
    ],
)
def test_her_hour_is_found_in_every_zone_on_every_odd_day(zone: str, day: str, hour: int, instant: str) -> None:
    assert local_instant(date.fromisoformat(day), hour, ZoneInfo(zone)) == utc(instant)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0, 2, 8, 23])
def test_a_year_of_hourly_heartbeats_gives_each_local_day_exactly_one_issue(zone: str, hour: int) -> None:
    ada = reader(timezone=zone, send_hour=hour, created_at=utc("2026-01-01T00:00"))
    now, end, last, days = utc("2026-12-29T00:20"), utc("2028-01-02T00:00"), None, []
    while now < end:
        match due(ada, now, defaults=DEFAULTS, last_day=last):
            case Slot(day, at, expires):
                assert at <= now < expires
                assert not days or now - at < timedelta(hours=1), "an hourly heartbeat is never an hour late"
                days.append(day)
                last = day
        now += timedelta(hours=1)
    year = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [day for day in days if day.year == 2027] == year


def test_before_her_hour_she_is_not_due_and_is_told_when() -> None:
    ada = reader(timezone="Asia/Kathmandu", send_hour=7)
    assert due(ada, utc("2026-11-20T01:00"), defaults=DEFAULTS, last_day=date(2026, 11, 19)) == Silence(
        7,
        date(2026, 11, 20),
        "not-due",
        "The issue of 2026-11-20 is due at 07:00 Asia/Kathmandu, which is still ahead.",
    )
    assert due(ada, utc("2026-11-20T01:15"), defaults=DEFAULTS, last_day=date(2026, 11, 19)) == Slot(
        date(2026, 11, 20), utc("2026-11-20T01:15"), utc("2026-11-20T21:15")
    )


def test_a_day_is_used_once() -> None:
    assert due(reader(), utc("2026-11-20T09:00"), defaults=DEFAULTS, last_day=date(2026, 11, 20)) == Silence(
        7, date(2026, 11, 20), "already-cut", "The reader's issue of 2026-11-20 is made already."
    )


def test_a_slot_stays_open_until_her_next_one_and_its_issue_lives_from_the_cut() -> None:
    ada = reader(created_at=utc("2026-11-01T00:00"))
    had = date(2026, 11, 18)
    for now in ("2026-11-19T08:00", "2026-11-20T03:59", "2026-11-20T07:59"):
        slot = Slot(date(2026, 11, 19), utc("2026-11-19T08:00"), utc(now) + HOURS20)
        assert due(ada, utc(now), defaults=DEFAULTS, last_day=had) == slot
    next_one = Slot(date(2026, 11, 20), utc("2026-11-20T08:00"), utc("2026-11-21T04:00"))
    assert due(ada, utc("2026-11-20T08:00"), defaults=DEFAULTS, last_day=had) == next_one
    fresh = reader(created_at=utc("2026-11-20T01:00"))
    assert isinstance(due(fresh, utc("2026-11-20T02:00"), defaults=DEFAULTS, last_day=None), Silence)


@pytest.mark.parametrize(
    ("cadence", "days"),
    [
        ("daily", [date(2027, 1, 1) + timedelta(days=n) for n in range(364)]),
        ("weekdays", [day for n in range(364) if (day := date(2027, 1, 1) + timedelta(days=n)).weekday() < 5]),
        ("weekly", [date(2027, 1, 4) + timedelta(days=7 * n) for n in range(52)]),
        ("monthly", [date(2027, month, 1) for month in range(1, 13)]),
    ],
)
def test_one_cron_run_a_day_before_her_hour_gives_each_of_her_issues_a_day_later(
    cadence: str, days: list[date]
) -> None:
    ada = reader(cadence=cadence, timezone="Europe/Berlin", created_at=utc("2026-01-01T00:00"))
    cron, last, got = datetime(2027, 1, 1, 7, 5, tzinfo=ZoneInfo("Europe/Berlin")), date(2026, 12, 31), []
    while cron.year == 2027:
        now = cron.astimezone(UTC)
        match due(ada, now, defaults=DEFAULTS, last_day=last):
            case Slot(day, at, expires):
                assert timedelta(hours=22) <= now - at < timedelta(hours=25)
                assert expires == now + HOURS20
                got.append(day)
                last = day
        cron += timedelta(days=1)
    assert [day for day in got if day <= days[-1]] == days


def test_an_outage_of_days_is_made_up_for_with_one_issue() -> None:
    ada, now, last, got = reader(created_at=utc("2026-01-01T00:00")), utc("2026-11-20T07:30"), date(2026, 11, 14), []
    for _ in range(200):
        match due(ada, now, defaults=DEFAULTS, last_day=last):
            case Slot(day):
                got.append((day, now))
                last = day
        now += timedelta(minutes=10)
    assert got == [
        (date(2026, 11, 19), utc("2026-11-20T07:30")),
        (date(2026, 11, 20), utc("2026-11-20T08:00")),
        (date(2026, 11, 21), utc("2026-11-21T08:00")),
    ]


def test_fridays_issue_may_be_late_until_mondays_is_due() -> None:
    ada = reader(cadence="weekdays", created_at=utc("2026-11-01T00:00"))
    friday, had = date(2026, 11, 20), date(2026, 11, 19)
    for now in ("2026-11-20T08:00", "2026-11-21T12:00", "2026-11-22T23:00", "2026-11-23T07:59"):
        slot = Slot(friday, utc("2026-11-20T08:00"), utc(now) + HOURS20)
        assert due(ada, utc(now), defaults=DEFAULTS, last_day=had) == slot
    monday = due(ada, utc("2026-11-23T08:00"), defaults=DEFAULTS, last_day=had)
    assert monday == Slot(date(2026, 11, 23), utc("2026-11-23T08:00"), utc("2026-11-24T04:00"))
    newcomer = reader(cadence="weekdays", created_at=utc("2026-11-21T10:00"))
    assert due(newcomer, utc("2026-11-21T12:00"), defaults=DEFAULTS, last_day=None) == Silence(
        7, date(2026, 11, 21), "not-due", "The reader gets mail on weekdays, and 2026-11-21 is a Saturday."
    )


def test_weekday_readers_rest_at_the_weekend_of_their_own_zone() -> None:
    ada = reader(cadence="weekdays", timezone="Pacific/Apia")  # UTC+13: Saturday begins early
    friday, saturday = utc("2026-11-19T19:00"), utc("2026-11-20T19:00")
    assert due(ada, friday, defaults=DEFAULTS, last_day=date(2026, 11, 19)) == Slot(
        date(2026, 11, 20), friday, friday + HOURS20
    )
    assert due(ada, saturday, defaults=DEFAULTS, last_day=date(2026, 11, 20)) == Silence(
        7, date(2026, 11, 21), "not-due", "The reader gets mail on weekdays, and 2026-11-21 is a Saturday."
    )


def test_a_weekly_reader_gets_mondays_issue_and_catches_up_later_in_the_week() -> None:
    ada = reader(cadence="weekly")
    before, monday, thursday = utc("2026-11-16T07:59"), utc("2026-11-16T08:00"), utc("2026-11-19T13:00")
    had = date(2026, 11, 9)
    assert isinstance(due(ada, before, defaults=DEFAULTS, last_day=had), Silence)
    missed = Slot(had, utc("2026-11-09T08:00"), before + HOURS20)
    assert due(ada, before, defaults=DEFAULTS, last_day=date(2026, 11, 2)) == missed
    assert due(ada, monday, defaults=DEFAULTS, last_day=had) == Slot(date(2026, 11, 16), monday, monday + HOURS20)
    assert due(ada, thursday, defaults=DEFAULTS, last_day=had) == Slot(date(2026, 11, 16), monday, thursday + HOURS20)
    assert isinstance(due(ada, thursday, defaults=DEFAULTS, last_day=date(2026, 11, 16)), Silence)


def test_a_monthly_reader_gets_the_firsts_issue_and_catches_up_later_in_the_month() -> None:
    ada = reader(cadence="monthly", send_hour=0)
    first = utc("2026-11-01T00:00")
    assert due(ada, first, defaults=DEFAULTS, last_day=date(2026, 10, 1)) == Slot(first.date(), first, first + HOURS20)
    late = utc("2026-11-29T12:00")
    assert due(ada, late, defaults=DEFAULTS, last_day=None) == Slot(first.date(), first, late + HOURS20)
    assert isinstance(due(ada, late, defaults=DEFAULTS, last_day=date(2026, 11, 1)), Silence)


def test_a_daily_reader_who_turns_weekly_is_not_mailed_twice_in_the_week() -> None:
    assert isinstance(
        due(reader(cadence="weekly"), utc("2026-11-19T13:00"), defaults=DEFAULTS, last_day=date(2026, 11, 18)), Silence
    )


@pytest.mark.parametrize(
    ("choices", "code", "text"),
    [
        ({"status": "pending"}, "unconfirmed", "The reader has not confirmed the subscription."),
        ({"status": "left"}, "left", "The reader has left the newsletter."),
        ({"status": "bounced"}, "suppressed", "The reader is not written to: mail to the address came back."),
        ({"status": "complained"}, "suppressed", "The reader is not written to: a mail was reported as spam."),
        ({"status": "expired"}, "unconfirmed", "The reader did not confirm the subscription in time."),
        ({"paused_until": date(2026, 11, 21)}, "paused", "The reader paused until 2026-11-21."),
    ],
)
def test_who_may_not_be_written_to_is_never_due(choices: dict[str, object], code: str, text: str) -> None:
    now = utc("2026-11-20T09:00")
    silence = Silence(7, date(2026, 11, 20), code, text)  # type: ignore[arg-type]
    assert due(reader(**choices), now, defaults=DEFAULTS, last_day=None) == silence
    assert due_on(reader(**choices), date(2026, 11, 20), now=now, defaults=DEFAULTS, last_day=None) == silence


def test_a_pause_ends_on_its_day() -> None:
    ada = reader(paused_until=date(2026, 11, 20))
    assert isinstance(due(ada, utc("2026-11-20T09:00"), defaults=DEFAULTS, last_day=None), Slot)


def test_with_a_day_given_every_hour_counts_as_reached_and_the_mail_is_fresh() -> None:
    ada = reader(timezone="America/New_York", send_hour=23)
    now = utc("2026-11-25T12:00")
    assert due_on(ada, date(2026, 11, 20), now=now, defaults=DEFAULTS, last_day=None) == Slot(
        date(2026, 11, 20), utc("2026-11-21T04:00"), now + HOURS20
    )
    assert isinstance(due_on(ada, date(2026, 11, 20), now=now, defaults=DEFAULTS, last_day=date(2026, 11, 20)), Silence)
    weekdays = reader(cadence="weekdays")
    assert due_on(weekdays, date(2026, 11, 21), now=now, defaults=DEFAULTS, last_day=None) == Silence(
        7, date(2026, 11, 21), "not-due", "The reader gets mail on weekdays, and 2026-11-21 is a Saturday."
    )
    weekly = reader(cadence="weekly")
    assert due_on(weekly, date(2026, 11, 20), now=now, defaults=DEFAULTS, last_day=date(2026, 11, 9)) == Slot(
        date(2026, 11, 16), utc("2026-11-16T08:00"), now + HOURS20
    )


def test_the_next_time_that_anybody_with_the_same_choices_is_due_is_known_without_looking_at_readers() -> None:
    berlin = Hours("Europe/Berlin", 2, "weekdays")
    # Sunday's change of the clock is no slot of hers; on Monday it is summer time.
    assert reached(berlin, utc("2027-03-26T01:00"), utc("2027-03-29T00:00"), defaults=DEFAULTS) == utc(
        "2027-03-29T00:00"
    )
    assert reached(berlin, utc("2027-03-26T01:00"), utc("2027-03-28T23:59"), defaults=DEFAULTS) is None
    nobody_chose = Hours(None, None, None)
    assert reached(nobody_chose, utc("2027-01-01T08:00"), utc("2027-01-02T08:00"), defaults=DEFAULTS) == utc(
        "2027-01-02T08:00"
    )
    assert reached(
        Hours("Asia/Kathmandu", 8, "monthly"), utc("2027-01-01T03:00"), utc("2027-02-01T03:00"), defaults=DEFAULTS
    ) == utc("2027-02-01T02:15")


def test_a_zone_that_this_machine_does_not_know_counts_as_the_newsletters() -> None:
    for zone in ("Mars/Olympus", "Europe", "../etc"):
        slot = due(reader(timezone=zone), utc("2026-11-20T08:00"), defaults=DEFAULTS, last_day=None)
        assert slot == Slot(date(2026, 11, 20), utc("2026-11-20T08:00"), utc("2026-11-21T04:00"))


@given(
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.sampled_from(CADENCES),
    st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.integers(0, 40),
)
def test_a_slot_is_reached_unused_and_alive(zone: str, hour: int, cadence: str, now: datetime, ago: int) -> None:
    ada = reader(timezone=zone, send_hour=hour, cadence=cadence)
    last = now.date() - timedelta(days=ago)
    match due(ada, now, defaults=DEFAULTS, last_day=last):
        case Slot(day, at, expires):
            assert last < day <= at.astimezone(ZoneInfo(zone)).date()
            assert at <= now < expires
            assert due(ada, now, defaults=DEFAULTS, last_day=day) != Slot(day, at, expires)
        case Silence(who, day, code, text):
            assert (who, code in {"not-due", "already-cut"}) == (7, True)
            assert text.endswith(".")
