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
    from newsletter.model.subscriber import Cadence, Subscriber


_Standing = Literal["unconfirmed", "left", "suppressed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for a reader who chose nothing."""

    timezone: str = "UTC"
    send_hour: int = 8
    cadence: Cadence = "daily"
    expire_after: timedelta = timedelta(hours=20)


_CAUGHT_UP = ("weekly", "monthly")
_STANDING: dict[str, tuple[_Standing, str]] = {
    "pending": ("unconfirmed", "has not confirmed the subscription"),
    "left": ("left", "has left the newsletter"),
    "bounced": ("suppressed", "is not written to: mail to the address came back"),
    "complained": ("suppressed", "is not written to: a mail was reported as spam"),
    "expired": ("unconfirmed", "did not confirm the subscription in time"),
}


def due(subscriber: Subscriber, asof: datetime, *, defaults: Defaults, last_day: date | None) -> Slot | Silence:
    """The slot that `asof` has reached and that was not used yet, or why there is none.

    `asof` is UTC; `last_day` is the day of her last issue. A slot is named by its own day: the day itself for daily
    and weekday readers, the Monday of the ISO week for weekly and the 1st for monthly ones. The last two are caught
    up on any later day of their week or month; a daily one until it expires, even past midnight. Slots of earlier
    periods are not made up for: the next issue holds their papers.
    """
    zone = zone_of(subscriber, defaults)
    today = asof.astimezone(zone).date()
    if silence := _standing(subscriber, today):
        return silence
    hour = _hour(subscriber, defaults)
    for day in _slot_days(subscriber, today, defaults):
        at = local_instant(day, hour, zone)
        if asof < at or (last_day is not None and last_day >= day):
            continue
        expires = at + defaults.expire_after
        if asof < expires and (day == today or at >= _since(subscriber)):
            return Slot(day, at, expires)
        if _cadence(subscriber, defaults) in _CAUGHT_UP:
            return Slot(day, at, asof + defaults.expire_after)
    return _not_due(subscriber, asof, defaults, last_day)


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
    found = next(iter(_slot_days(subscriber, day, defaults)), None)
    return found if found == day or _cadence(subscriber, defaults) in _CAUGHT_UP else None


def zone_of(subscriber: Subscriber, defaults: Defaults) -> ZoneInfo:
    """Her zone. One that this machine does not know counts as the newsletter's: a typo must not silence a reader."""
    return _zone(subscriber.timezone or defaults.timezone, defaults.timezone)


@lru_cache(maxsize=4096)
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


def _slot_days(subscriber: Subscriber, today: date, defaults: Defaults) -> tuple[date, ...]:
    """The days whose slots may still be open on `today`, latest first."""
    match _cadence(subscriber, defaults):
        case "weekly":
            return (today - timedelta(days=today.weekday()),)
        case "monthly":
            return (today.replace(day=1),)
        case "weekdays":
            return tuple(day for day in (today, today - timedelta(days=1)) if day.weekday() < 5)
    return (today, today - timedelta(days=1))


def _not_due(subscriber: Subscriber, asof: datetime, defaults: Defaults, last_day: date | None) -> Silence:
    """Why no slot is open: had already, still ahead, run out, or not a day for mail."""
    zone = zone_of(subscriber, defaults)
    today = asof.astimezone(zone).date()
    day = slot_day(subscriber, today, defaults)
    if day is None:
        return _no_mail_day(subscriber, today)
    if last_day is not None and last_day >= day:
        return _had_it(subscriber, today, last_day)
    at = local_instant(day, _hour(subscriber, defaults), zone)
    clock = f"{at.astimezone(zone):%H:%M} {zone.key}"
    if asof < at:
        return Silence(subscriber.id, today, "not-due", f"The issue of {day} is due at {clock}, which is still ahead.")
    text = f"The issue of {day} was due at {clock} and not made in time; the next one holds its papers."
    return Silence(subscriber.id, today, "not-due", text)


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
