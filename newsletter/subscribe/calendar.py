"""When a reader is due: her local day and hour, her cadence, with clock changes and missed days accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.model.edition import Silence
from newsletter.model.subscriber import Slot

if TYPE_CHECKING:
    from newsletter.model.subscriber import Cadence, Hours, Subscriber


_Standing = Literal["unconfirmed", "left", "suppressed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for a reader who chose nothing."""

    timezone: str = "UTC"
    send_hour: int = 8
    cadence: Cadence = "daily"
    expire_after: timedelta = timedelta(hours=20)


_STANDING: dict[str, tuple[_Standing, str]] = {
    "pending": ("unconfirmed", "has not confirmed the subscription"),
    "left": ("left", "has left the newsletter"),
    "bounced": ("suppressed", "is not written to: mail to the address came back"),
    "complained": ("suppressed", "is not written to: a mail was reported as spam"),
    "expired": ("unconfirmed", "did not confirm the subscription in time"),
}


def due(subscriber: Subscriber, asof: datetime, *, defaults: Defaults, last_day: date | None) -> Slot | Silence:
    """The slot that `asof` has reached last, unless it was used, or why there is none.

    `asof` is UTC; `last_day` is the day of her last issue. A slot is named by its own day: the day itself for daily
    and weekday readers, the Monday of the ISO week for weekly and the 1st for monthly ones. It stays open until her
    next one is reached: cron may come a day later, an outage may last until Monday. Slots before it are not made up
    for: the next issue holds their papers. Whoever came after a slot of an earlier day, week or month waits for the
    next. An issue is worth sending for `expire_after` from now, when it is cut.
    """
    zone = zone_of(subscriber, defaults)
    today = asof.astimezone(zone).date()
    if silence := _standing(subscriber, today):
        return silence
    hour = _hour(subscriber, defaults)
    current = slot_day(subscriber, today, defaults)
    for day in slot_days(_cadence(subscriber, defaults), today):
        at = local_instant(day, hour, zone)
        if asof < at:
            continue
        used = last_day is not None and last_day >= day
        if not used and (day == current or at >= _since(subscriber)):
            return Slot(day, at, asof + defaults.expire_after)
        break
    return _not_due(subscriber, asof, defaults, last_day)


def waits_for_own_hour(subscriber: Subscriber, slot: Slot, asof: datetime, *, defaults: Defaults) -> bool:
    """True when what is printed after the day of `slot`, which is open, is rather for her next hour than for now.

    So it is for daily and weekday readers; a week's or month's issue takes in all that came until it is made, as long
    as its week or month lasts.
    """
    if _cadence(subscriber, defaults) in {"daily", "weekdays"}:
        return True
    return slot_day(subscriber, asof.astimezone(zone_of(subscriber, defaults)).date(), defaults) != slot.day


def due_on(
    subscriber: Subscriber, day: date, *, now: datetime, defaults: Defaults, last_day: date | None
) -> Slot | Silence:
    """As `due`, at the end of local day `day` whatever the clock says: every reader's hour counts as reached.

    An issue of a day gone by is worth sending when a person asks for it: it expires counted from `now`.
    """
    if silence := _standing(subscriber, day):
        return silence
    named = slot_day(subscriber, day, defaults)
    if named is None:
        return _no_mail_day(subscriber, day)
    if last_day is not None and last_day >= named:
        return _had_it(subscriber, day, last_day)
    at = local_instant(named, _hour(subscriber, defaults), zone_of(subscriber, defaults))
    return Slot(named, at, max(at, now) + defaults.expire_after)


def slot_day(subscriber: Subscriber, day: date, defaults: Defaults) -> date | None:
    """The day that names the issue which `day` may bring; None: no issue is made on such a day."""
    cadence = _cadence(subscriber, defaults)
    found = slot_days(cadence, day)[0]
    return None if cadence == "weekdays" and found != day else found


def slot_days(cadence: Cadence, day: date) -> tuple[date, date]:
    """The last two days up to `day` that name an issue, the later one first."""
    if cadence == "weekly":
        monday = day - timedelta(days=day.weekday())
        return monday, monday - timedelta(days=7)
    if cadence == "monthly":
        first = day.replace(day=1)
        return first, (first - timedelta(days=1)).replace(day=1)
    if cadence == "weekdays":
        last = day - timedelta(days=max(0, day.weekday() - 4))
        return last, last - timedelta(days=3 if last.weekday() == 0 else 1)
    return day, day - timedelta(days=1)


def reached(hours: Hours, after: datetime, until: datetime, *, defaults: Defaults) -> datetime | None:
    """The first instant in (after, until] at which a slot of readers with these choices is reached (UTC), if any."""
    zone = _zone(hours.timezone or defaults.timezone, defaults.timezone)
    hour = defaults.send_hour if hours.send_hour is None else hours.send_hour
    cadence = hours.cadence or defaults.cadence
    day, last = after.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date()
    while day <= last:
        if slot_days(cadence, day)[0] == day and after < (at := local_instant(day, hour, zone)) <= until:
            return at
        day += timedelta(days=1)
    return None


def zone_of(subscriber: Subscriber, defaults: Defaults) -> ZoneInfo:
    """Her zone. One that this machine does not know counts as the newsletter's: a typo must not silence a reader."""
    return _zone(subscriber.timezone or defaults.timezone, defaults.timezone)


@lru_cache(maxsize=32768)  # a few days of every zone and hour
def local_instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a local clock first shows `hour` on `day`, or, in a gap, the first moment after it.

    PEP 495: in a gap, fold=0 uses the offset before the change, which lands after the gap by the gap's length; the
    gap's own end is what we want, found by stepping back to where the offset changes. In an overlap fold=0 is the
    first of the two.
    """
    naive = datetime.combine(day, time(hour))
    first = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == naive:
        return first
    return _gap_end(naive.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _gap_end(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant in (before, after] at which the zone's offset changes, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=1) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _standing(subscriber: Subscriber, day: date) -> Silence | None:
    if subscriber.status in _STANDING:
        code, text = _STANDING[subscriber.status]
        return Silence(subscriber.id, day, code, f"The reader {text}.")
    if subscriber.paused_until is not None and day < subscriber.paused_until:
        return Silence(subscriber.id, day, "paused", f"The reader paused until {subscriber.paused_until}.")
    return None


def _not_due(subscriber: Subscriber, asof: datetime, defaults: Defaults, last_day: date | None) -> Silence:
    """Why no slot is open: had already, still ahead, or not a day for mail."""
    zone = zone_of(subscriber, defaults)
    today = asof.astimezone(zone).date()
    day = slot_day(subscriber, today, defaults)
    if day is None:
        return _no_mail_day(subscriber, today)
    if last_day is not None and last_day >= day:
        return _had_it(subscriber, today, last_day)
    at = local_instant(day, _hour(subscriber, defaults), zone)
    clock = f"{at.astimezone(zone):%H:%M} {zone.key}"
    return Silence(subscriber.id, today, "not-due", f"The issue of {day} is due at {clock}, which is still ahead.")


def _had_it(subscriber: Subscriber, day: date, last_day: date) -> Silence:
    return Silence(subscriber.id, day, "already-cut", f"The reader's issue of {last_day} is made already.")


def _no_mail_day(subscriber: Subscriber, day: date) -> Silence:
    return Silence(subscriber.id, day, "not-due", f"The reader gets mail on weekdays, and {day} is a {day:%A}.")


def _cadence(subscriber: Subscriber, defaults: Defaults) -> Cadence:
    return subscriber.cadence or defaults.cadence


def _hour(subscriber: Subscriber, defaults: Defaults) -> int:
    return defaults.send_hour if subscriber.send_hour is None else subscriber.send_hour


def _since(subscriber: Subscriber) -> datetime:
    return subscriber.confirmed_at or subscriber.created_at or datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=1024)
def _zone(name: str, otherwise: str) -> ZoneInfo:
    for candidate in (name, otherwise):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder
            continue
    return ZoneInfo("UTC")
