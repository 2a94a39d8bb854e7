"""APScheduler as an alarm clock: the database knows what is due, the scheduler remembers nothing."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from newsletter.press import quiet
from newsletter.publish import collect, cut_due, post, print_and_cut, send_queued
from newsletter.rhythm import collect_is_due, plan, printing, tend_is_due
from newsletter.stages.alarming import alarm
from newsletter.stages.clocks import went_back
from newsletter.subscribe.calendar import reached
from newsletter.tend import tend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from newsletter.model.subscriber import Hours
    from newsletter.press import Press, Watch
    from newsletter.rhythm import Plan
    from newsletter.running import Report

BEAT = timedelta(minutes=1)  # between two looks at what the clock has made due
MAIL = timedelta(seconds=5)  # between two looks at the queue: a confirmation should not take a minute
COUNT = timedelta(minutes=1)  # between two counts of what readers chose
LOOK = timedelta(hours=1)  # every reader is looked at so often, whatever the hints say
GRACE = 20.0  # seconds that what is under way may take to end well
REST = (timedelta(minutes=1), timedelta(minutes=15))  # after a drain in trouble: at first, and at most


class Heart:
    """Does what is due, beat by beat. Two hearts, a dead one or one that was away for days do no harm.

    What it remembers are hints that save work: losing them costs one look at every reader, nothing else.
    """

    def __init__(self, press: Press, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False) -> None:
        self._press = press
        self._watch = watch
        self._stop = stop
        self.queued = threading.Event()  # something was cut: whoever calls `mail` need not wait for the next time
        self._mailing = threading.Lock()  # one drain at a time, so that [delivery] rate and connections hold
        self._counting = threading.Lock()
        self._printed: date | None = None
        self._choice: Mapping[Hours, int] = {}
        self._counted: datetime | None = None
        self._plan: Plan | None = None
        self._hours: Mapping[Hours, int] = {}  # as they were at the last look
        self._looked: datetime | None = None
        self._rest_until: datetime | None = None
        self._rest = timedelta(0)
        self._since = press.clock.now()  # whoever was not there could print nothing
        self._alarmed: datetime | None = None
        self._said = ""

    def beat(self) -> None:
        """Collect, print, cut and send what is due now. A beat with nothing to do leaves no trace."""
        self.collect()
        self.deliver()
        self.mail()
        self.post()

    def collect(self) -> None:
        """Ask the sources when it is time. May take minutes, and may go on beside the others."""
        if went_back(self._press) is None and collect_is_due(
            self._press, self._press.clock.now(), self._planned(self._choices())
        ):
            collect(self._press, watch=self._watch, stop=self._stop)

    def deliver(self) -> None:
        """Print and cut what is due now. Sends nothing: a drain may take hours, and goes on beside this."""
        if self._stop():
            return
        if (error := went_back(self._press)) is not None:
            self._alarm(None)
            raise error
        hours = self._choices()
        planned = self._planned(hours)
        self._alarm(planned)
        if (planned is None or not self._print(planned, hours)) and self._look_is_due(hours):
            now = self._press.clock.now()
            self._queued(cut_due(self._press, watch=self._watch, stop=self._stop))
            if not self._stop():
                self._note_look(now, hours)

    def mail(self) -> None:
        """Send what is queued by now: issues, what web pages queue, and retries; again and again what comes meanwhile.

        What is queued while a drain is under way is that drain's.
        """
        if not self._mailing.acquire(blocking=False):
            return
        try:
            self.queued.clear()
            now = self._press.clock.now()
            if self._rest_until is None or now >= self._rest_until or now < self._rest_until - REST[1]:
                report = send_queued(self._press, watch=self._watch, stop=self._stop)
                if report is not None:
                    self._note_trouble(report)
        finally:
            self._mailing.release()

    def post(self) -> None:
        """Post to channels what is due there. Beside the mail: a chat that keeps silent must not hold it up."""
        if not self._stop():
            post(self._press, watch=self._watch, stop=self._stop)

    def _alarm(self, planned: Plan | None) -> None:
        """Once an hour: is there something that the operator should know?"""
        now = self._press.clock.now()
        if self._alarmed is None or not self._alarmed <= now < self._alarmed + LOOK:
            self._alarmed = now
            for note in alarm(self._press, None if planned is None else max(planned.until, self._since)):
                self._watch(note)

    def tend(self) -> None:
        """Keep the house in order when it is time. Beside the beat: a slow mailbox must not keep readers waiting."""
        if tend_is_due(self._press, self._press.clock.now()):
            tend(self._press, watch=self._watch)

    def _choices(self) -> Mapping[Hours, int]:
        """What readers chose, counted anew every minute: with 100,000 readers that is a tenth of a second."""
        now = self._press.clock.now()
        with self._counting:
            if self._counted is None or not self._counted <= now < self._counted + COUNT:
                self._counted, self._choice, self._plan = now, self._press.subscribers.hours(), None
            return self._choice

    def _planned(self, hours: Mapping[Hours, int]) -> Plan | None:
        """The times of today's edition; None when it is printed."""
        press = self._press
        day = press.edition_day(press.clock.now())
        if self._printed != day and press.editions.get(day) is not None:
            self._printed, self._looked = day, None  # somebody else printed it: readers may wait for it
        if self._printed == day:
            return None
        with self._counting:
            if self._plan is None or self._plan.day != day:
                self._plan = plan(press, day, hours)
            return self._plan

    def _print(self, planned: Plan, hours: Mapping[Hours, int]) -> bool:
        """True when the edition was printed or is waited for: then no issue is cut without it."""
        press = self._press
        now = press.clock.now()
        decided = printing(press, now, planned)
        if decided.verdict == "no":
            return False
        if decided.verdict == "wait":
            for note in decided.notes:
                if note.text != self._said:
                    self._watch(note)
                self._said = note.text
            return True
        report = print_and_cut(press, notes=decided.notes, watch=self._watch, stop=self._stop)
        self._note_look(now, hours)
        self._printed = planned.day if report.edition is not None else None
        self._queued(report)
        return True

    def _queued(self, report: Report | None) -> None:
        """New issues wait for no rest that an earlier drain has earned."""
        if report is not None and report.cut:
            self._rest_until = None
            self.queued.set()

    def _note_look(self, at: datetime, hours: Mapping[Hours, int]) -> None:
        self._looked, self._hours = at, hours

    def _note_trouble(self, report: Report) -> None:
        """A mail server in trouble is tried again later each time, not at every beat."""
        if any(note.level == "error" and note.subject == "send" for note in report.notes):
            self._rest = min(max(REST[0], 2 * self._rest), REST[1])
            self._rest_until = self._press.clock.now() + self._rest
        else:
            self._rest, self._rest_until = timedelta(0), None

    def _look_is_due(self, hours: Mapping[Hours, int]) -> bool:
        """True when somebody may have become due since the last look: by the clock, or because she came or chose."""
        now, looked = self._press.clock.now(), self._looked
        if looked is None or not looked <= now < looked + LOOK:
            return True
        if any(many > self._hours.get(one, 0) for one, many in hours.items()):
            return True
        return any(reached(one, looked, now, defaults=self._press.reader_defaults) is not None for one in hours)


def beat(press: Press, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False) -> None:
    """One heartbeat without a memory: do what is due now."""
    heart = Heart(press, watch=watch, stop=stop)
    heart.beat()
    if not stop():
        heart.tend()


@dataclass(frozen=True, slots=True)
class Pulse:
    """Something to do again and again; at the end it has `grace` seconds to come to an end of its own."""

    name: str
    every: timedelta
    act: Callable[[], None]
    grace: float = GRACE
    bell: threading.Event = field(default_factory=threading.Event)  # may be rung between two times as well


@contextmanager
def heartbeat(pulses: Sequence[Pulse], *, stop: threading.Event) -> Iterator[None]:
    """Each pulse has a thread of its own, which the alarm clock wakes; one that takes longer is not doubled.

    The traps of APScheduler 3 do not matter here (one second of misfire grace, job stores that lose runs, an hour
    that comes twice): a missed alarm is made up for by the next one, since what is due stands in the database.
    When `stop` is set, what is under way has some seconds to end; what takes longer is left behind.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(timezone="UTC")
    threads = []
    bells = []
    for pulse in pulses:
        bell = pulse.bell
        bell.set()  # the first one at once
        bells.append(bell)
        threads.append(threading.Thread(target=_beat_on, args=(pulse.act, bell, stop), name=pulse.name, daemon=True))
        seconds = pulse.every.total_seconds()
        scheduler.add_job(bell.set, "interval", seconds=seconds, coalesce=True, misfire_grace_time=None)
    for thread in threads:
        thread.start()
    scheduler.start()
    try:
        yield
    finally:
        stop.set()
        scheduler.shutdown(wait=False)
        for bell in bells:
            bell.set()
        asked = monotonic()
        for thread, pulse in zip(threads, pulses, strict=True):
            thread.join(max(0.0, asked + pulse.grace - monotonic()))


def _beat_on(act: Callable[[], None], bell: threading.Event, stop: threading.Event) -> None:
    while bell.wait() and not stop.is_set():
        bell.clear()
        act()
