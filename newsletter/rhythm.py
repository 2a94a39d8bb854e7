"""When to collect and when to print the day's edition: decided from what the store knows, without doing anything."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from newsletter.model.mail import Note
from newsletter.subscribe.calendar import local_instant, reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from newsletter.model.mail import Run
    from newsletter.model.subscriber import Hours
    from newsletter.press import Press

LEAD = timedelta(minutes=20)  # printing begins so long before the first reader is due
PATIENCE = timedelta(minutes=20)  # and waits so long after that for a list that is not whole, at most
ASK_AGAIN = timedelta(minutes=10)  # between two looks at the sources while the edition waits
RHYTHM = (timedelta(minutes=5), timedelta(hours=13))  # between runs that cron makes, at least and at most
TRY_AGAIN = timedelta(minutes=2)  # after a printing that failed or was killed
BUSY = timedelta(minutes=30)  # a collecting of another process is waited for so long: gather's deadline, twice
_TICK = timedelta(microseconds=1)
_NOT_WHOLE = ("stale since", "; missing: ")  # in a source's warning: it answered, but its list is late or has gaps


@dataclass(frozen=True, slots=True)
class Plan:
    """The times of one edition, UTC: printing begins, the first reader is due, no list is waited for any longer."""

    day: date
    begin: datetime
    first: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Printing:
    """`go`: print now. `wait`: soon, `notes` say for what. `no`: printed, too early, or nothing new was collected."""

    verdict: Literal["go", "wait", "no"]
    notes: tuple[Note, ...] = ()


def plan(press: Press, day: date, hours: Iterable[Hours]) -> Plan:
    """An edition is printed before the first reader is due on its day, and by the newsletter's own hour at the latest.

    `day` is a day of the newsletter's zone. A reader who is due at its very beginning has her issue some minutes late.
    """
    zone = ZoneInfo(press.config.newsletter.timezone)
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    first = local_instant(day, press.config.schedule.send_hour, zone)
    for one in hours:
        at = reached(one, midnight - _TICK, first, defaults=press.reader_defaults)
        first = first if at is None else min(first, at)
    return Plan(day, max(midnight, first - LEAD), first, first + PATIENCE)


def collect_is_due(press: Press, now: datetime, planned: Plan | None = None) -> bool:
    """Every `[schedule] collect_every`; once more before an edition is printed, and often while it waits for a list.

    `planned` is the plan of an edition that is not printed yet.
    """
    last = last_collecting(press)
    if last is None:
        return True
    if last.outcome == "running" and last.started_at <= now < last.started_at + BUSY:
        return False
    if last.started_at + press.config.schedule.collect_every <= now:
        return True
    if planned is None or now < planned.begin:
        return False
    if last.started_at < planned.begin:
        return True
    return now < planned.until and last.started_at + ASK_AGAIN <= now and bool(missing(press, planned, now))


def printing(press: Press, now: datetime, planned: Plan) -> Printing:
    """What to do about an edition that is not printed yet."""
    if now < planned.begin:
        return Printing("no")
    last = last_collecting(press)
    if last is None:  # a newsletter in its first minute: nothing is there to print, and nothing is late
        return Printing("wait", (Note("info", "edition", "the sources are asked for the first time"),))
    asking = last.outcome == "running" and now < last.started_at + BUSY
    tried = next(iter(press.runs.last(limit=1, command="print", day=planned.day)), None)
    if tried is not None and tried.outcome in {"failed", "died"}:
        ended = tried.finished_at or tried.started_at
        if ended <= now < ended + TRY_AGAIN:
            text = f"printing {planned.day} failed at {ended:%H:%M} UTC and is tried again"
            return Printing("wait" if now < planned.until else "no", (Note("info", "edition", text),))
    elif tried and not asking and tried.started_at >= (last.finished_at or last.started_at):
        return Printing("no")
    lacking = missing(press, planned, now)
    names = ", ".join(lacking)
    if lacking and (now < planned.until or asking):
        text = f"the edition of {planned.day} waits for {names} until {planned.until:%H:%M} UTC at most"
        return Printing("wait", (Note("info", "edition", text),))
    notes = [Note("warning", "edition", f"not waited for any longer: {name}: {why}") for name, why in lacking.items()]
    return Printing("go", tuple(notes))


def missing(press: Press, planned: Plan, now: datetime) -> Mapping[str, str]:
    """What is not whole of the lists that the edition is made from, by source, each with the reason."""
    last = last_collecting(press)
    if last is None:
        return {"the sources": "they were never asked"}
    if last.outcome == "running" and now < last.started_at + BUSY:
        return {"the sources": f"they are being asked since {last.started_at:%H:%M} UTC"}
    if last.started_at < planned.begin:
        return {"the sources": f"they were not asked since {last.started_at:%H:%M} UTC"}
    if not any(note.subject in {*press.source_names, "papers"} for note in last.notes):
        return {"the sources": f"asking them ended early: {last.outcome}"}
    return {
        note.subject: note.text
        for note in last.notes
        if note.subject in press.source_names
        and (note.level == "error" or (note.level == "warning" and any(words in note.text for words in _NOT_WHOLE)))
    }


def rhythm(press: Press, now: datetime) -> timedelta | None:
    """How long after `now` cron calls `newsletter run` again; None when nobody can tell.

    It is known by the last runs: three gaps of some minutes to half a day each. Whoever calls once a day, by hand, or
    for the first time has no rhythm, and gets at once what there is.
    """
    times = [run.started_at for run in press.runs.last(limit=5, command="run") if run.started_at <= now]
    gaps = [later - earlier for later, earlier in itertools.pairwise(times)]
    return max(gaps) if len(gaps) >= 3 and all(RHYTHM[0] <= gap <= RHYTHM[1] for gap in gaps) else None


def printed_later(press: Press, day: date, now: datetime, period: timedelta) -> Note | None:
    """Why `newsletter run`, which comes again after `period`, need not print the edition of `day` yet, or None.

    Cron that calls once an hour would else print at midnight, before the day's lists are out.
    """
    if press.editions.get(day) is not None:
        return None
    first = plan(press, day, press.subscribers.hours()).first
    if now + period + LEAD > first:
        return None
    return Note(
        "info", "edition", f"{day} is printed by a later run, before the first reader is due at {first:%H:%M} UTC"
    )


def tend_is_due(press: Press, now: datetime) -> bool:
    """Once an hour where mail comes back to a mailbox, else once a day."""
    last = press.runs.last(limit=1, command="tend")
    span = timedelta(hours=1) if press.mailboxes else timedelta(days=1)
    return not last or not last[0].started_at <= now < last[0].started_at + span


def last_collecting(press: Press) -> Run | None:
    """The newest run that asked the sources, running or not."""
    found = [run for command in ("collect", "run") for run in press.runs.last(limit=1, command=command)]
    return max(found, key=lambda run: run.started_at, default=None)
