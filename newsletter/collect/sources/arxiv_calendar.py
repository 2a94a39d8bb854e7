"""When arXiv announces: which list days exist, and which submissions each of them holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
CUT_OFF = time(14, tzinfo=EASTERN)
ONE = timedelta(days=1)

# Evenings without a mailing (https://info.arxiv.org/help/availability.html). A convenience, never a truth: a list
# that is there is read on any day, and years that are not listed only cost a look at an empty list.
NO_MAILING = frozenset(
    date(2026, month, day)
    for month, day in ((1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31))
)


def is_list_day(day: date) -> bool:
    """Lists are dated by the morning after their announcement: Monday to Friday, Eastern time."""
    return day.weekday() < 5 and day - ONE not in NO_MAILING


def window(day: date) -> tuple[datetime, datetime] | None:
    """Submissions in [start, end), UTC, are on the list of this day; None: there is no list.

    Announced on Sunday to Thursday evenings is what came in before 14:00 Eastern of the last working day
    (https://info.arxiv.org/help/availability.html#announcement-schedule).
    """
    if not is_list_day(day):
        return None
    before = day - ONE
    while not is_list_day(before):
        before -= ONE
    return _end(before), _end(day)


def _end(day: date) -> datetime:
    last = day - ONE
    while last.weekday() >= 5:
        last -= ONE
    return datetime.combine(last, CUT_OFF).astimezone(UTC)


def list_day(submitted: datetime) -> date:
    """The list that a paper submitted at this moment is on, if nobody holds it back."""
    day = submitted.astimezone(EASTERN).date()
    while True:
        found = window(day)
        if found is not None and submitted < found[1]:
            return day
        day += ONE


def latest(asof: datetime) -> date:
    """The newest list day that can be out: the feed turns over at midnight, Eastern time."""
    day = asof.astimezone(EASTERN).date()
    while not is_list_day(day):
        day -= ONE
    return day
