"""APScheduler as a heartbeat: the database knows what is due, the scheduler remembers nothing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.press import quiet
from newsletter.publish import collect, follow, print_and_send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.config import Config
    from newsletter.press import Press, Watch

BEAT = timedelta(minutes=1)


def beat(press: Press, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False) -> None:
    """One heartbeat: do what is due now. Two at once, or none for a day, do no harm."""
    now = press.clock.now()
    if collect_is_due(press, now):
        collect(press, watch=watch)
    if stop():
        return
    if print_is_due(press, now):
        print_and_send(press, watch=watch, stop=stop)
    else:
        follow(press, watch=watch, stop=stop)


def collect_is_due(press: Press, now: datetime) -> bool:
    """True when the last collecting began longer ago than `[schedule] collect_every`."""
    last = _collected(press)
    return not last or max(last) + press.config.schedule.collect_every <= now


def print_is_due(press: Press, now: datetime) -> bool:
    """From the newsletter's own send hour on, while the day has no edition; readers who are due earlier wait for it."""
    day = press.edition_day(now)
    if press.editions.get(day) is not None:
        return False
    zone = ZoneInfo(press.config.newsletter.timezone)
    if now < datetime.combine(day, time(press.config.schedule.send_hour), zone):
        return False
    tried = press.runs.last(limit=1, command="print", day=day)
    return not tried or tried[0].started_at < max(_collected(press), default=now)


def _collected(press: Press) -> list[datetime]:
    return [run.started_at for command in ("collect", "run") for run in press.runs.last(limit=1, command=command)]


@contextmanager
def heartbeat(config: Config, pulse: Callable[[], None]) -> Iterator[None]:
    """Call `pulse` every minute in one background thread; a pulse that takes longer is not doubled.

    The traps of APScheduler 3 (facts: one second of misfire grace, job stores that lose runs) do not matter here:
    a missed beat is caught up by the next one, since what is due stands in the database.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(timezone=config.newsletter.timezone)
    scheduler.add_job(
        pulse,
        "interval",
        seconds=BEAT.total_seconds(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=43_200,
        next_run_time=datetime.now(ZoneInfo(config.newsletter.timezone)),
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
