"""THE MISSION: collect, rank, cut, send; safe to run twice, at once and after a crash."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.model.mail import Note
from newsletter.press import quiet
from newsletter.rhythm import plan, printed_later, rhythm
from newsletter.running import Log, Report, outcome_of, running
from newsletter.stages.alarming import alarm
from newsletter.stages.clocks import went_back
from newsletter.stages.collecting import collect as collect_stage
from newsletter.stages.cutting import closed_note, cut_all
from newsletter.stages.dispatching import dispatch, nowhere
from newsletter.stages.posting import post_due, posts_owed
from newsletter.stages.printing import print_day
from newsletter.stages.switch import paused
from newsletter.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from newsletter.model.edition import Edition, Issue, Silence
    from newsletter.press import Press, Watch
    from newsletter.send.tally import Tally
    from newsletter.stages.cutting import Cut
    from newsletter.stages.dispatching import Dispatch


def moment(press: Press, day: date | None) -> datetime:
    """The time a command acts as: now, or the end of `day` in the newsletter's zone."""
    if day is None:
        return press.clock.now()
    zone = ZoneInfo(press.config.newsletter.timezone)
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(seconds=1)


def _acting(press: Press, day: date | None) -> datetime:
    """As `moment`. AttentionError when the clock went back: without a day, the clock decides whom to mail."""
    if day is None and (error := went_back(press)) is not None:
        raise error
    return moment(press, day)


def collect(
    press: Press, day: date | None = None, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False
) -> Report:
    """Ask the sources and signals; keep papers and readings."""
    asof = _acting(press, day)
    with running(press, "collect", press.edition_day(asof), watch) as log:
        log.add(*collect_stage(press, asof, stop=stop))
        log.outcome = "partial" if stop() else outcome_of(log, "collect")
        return Report("collect", press.edition_day(asof), log.outcome, tuple(log.notes))


def send(
    press: Press,
    day: date | None = None,
    *,
    dry_run: bool = False,
    watch: Watch = quiet,
    progress: Callable[[Tally], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Cut and dispatch what is due, from the editions that are printed."""
    asof = _acting(press, day)
    today = press.edition_day(asof)
    if dry_run:
        return _dry_run(press, asof, day)
    with running(press, "send", today, watch) as log:
        log.add(*closed_note(press, day))
        return _cut_and_send(press, log, "send", asof, cut_all(press, asof, day=day), None, progress, stop)


def print_and_cut(
    press: Press,
    *,
    notes: Sequence[Note] = (),
    watch: Watch = quiet,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Print today's edition if there is something to print, then cut and queue: a heartbeat's main work.

    `notes` say beforehand what the caller knows of the edition. What is queued is for `send_queued`.
    """
    asof = _acting(press, None)
    today = press.edition_day(asof)
    with running(press, "print", today, watch) as log:
        edition, said = print_day(press, today, asof)
        log.add(*notes, *said)
        counted = _cut(log, cut_all(press, asof, day=None, patient=True), stop)
        return _report(log, "print", today, edition, counted)


def cut_due(press: Press, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False) -> Report | None:
    """Cut and queue for whoever is due; None, and no trace in the run ledger, when nobody is."""
    now = press.clock.now()
    blocks = cut_all(press, now, day=None, patient=True)
    first = next((block for block in blocks if block.queued or stop()), None)
    if first is None or not first.queued:
        return None
    today = press.edition_day(now)
    with running(press, "cut", today, watch) as log:
        return _report(log, "cut", today, None, _cut(log, chain([first], blocks), stop))


def send_queued(press: Press, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False) -> Report | None:
    """Dispatch what is queued; None, and no trace in the run ledger, when nothing is due."""
    now = press.clock.now()
    when = press.ledger.next_due(now=now) if paused(press.records, now=now) is None else None
    if when is None or when > now:
        return None
    today = press.edition_day(now)
    with running(press, "send", today, watch) as log:
        return _send(log, "send", today, None, _Counted(), None, stop)


def post(press: Press, *, watch: Watch = quiet, stop: Callable[[], bool] = lambda: False) -> Report | None:
    """Post to channels what is due there; None, and no trace in the run ledger, when nothing is."""
    now = press.clock.now()
    if not posts_owed(press, now) or paused(press.records, now=now) is not None:
        return None
    today = press.edition_day(now)
    with running(press, "post", today, watch) as log:
        log.add(*post_due(press, now, stop=stop))
        return Report("post", today, log.outcome, tuple(log.notes))


def run(
    press: Press,
    day: date | None = None,
    *,
    watch: Watch = quiet,
    progress: Callable[[Tally], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """The whole day. Each stage is idempotent, so a second run does only what the first left undone."""
    asof = _acting(press, day)
    today = press.edition_day(asof)
    with running(press, "run", today, watch) as log:
        log.add(*collect_stage(press, asof, stop=stop))
        if stop():  # no edition is printed from half of the sources
            log.add(Note("info", "run", "stopped on request; what was collected is kept"))
            log.outcome = "partial"
            return Report("run", today, log.outcome, tuple(log.notes))
        period = rhythm(press, asof) if day is None else None
        later = printed_later(press, today, asof, period) if period else None
        edition, notes = (None, (later,)) if later else print_day(press, today, asof)
        log.add(*notes)
        if day is None and press.config.newsletter.operator:
            log.add(*alarm(press, _overdue(press, today, asof, period) if edition is None and later is None else None))
        log.add(*closed_note(press, day))
        blocks = cut_all(press, asof, day=day, patient=period is not None)
        return _cut_and_send(press, log, "run", asof, blocks, edition, progress, stop)


def _overdue(press: Press, today: date, asof: datetime, period: timedelta | None) -> datetime:
    """When today's edition should have been out; for a run that comes once a day: before it."""
    return plan(press, today, press.subscribers.hours()).until if period else asof - timedelta(days=1)


def _cut_and_send(
    press: Press,
    log: Log,
    command: str,
    asof: datetime,
    blocks: Iterable[Cut],
    edition: Edition | None,
    progress: Callable[[Tally], None] | None,
    stop: Callable[[], bool],
) -> Report:
    counted = _cut(log, blocks, stop)
    if counted.cut and command == "run":
        log.add(*nowhere(press))
    return _send(log, command, press.edition_day(asof), edition, counted, progress, stop, channels_at=asof)


@dataclass(slots=True)
class _Counted:
    """What was cut."""

    cut: int = 0
    silent: Counter[str] = field(default_factory=Counter)
    examples: list[Silence] = field(default_factory=list)


@traced("cut")
def _cut(log: Log, blocks: Iterable[Cut], stop: Callable[[], bool]) -> _Counted:
    done = _Counted()
    for block in blocks:
        done.cut += block.queued
        done.silent.update(silence.code for silence in block.silences)
        done.examples += block.silences[: 20 - len(done.examples)]
        if stop():
            break
    log.add(Note("info", "cut", _cut_words(done.cut, done.silent)))
    return done


def _send(
    log: Log,
    command: str,
    day: date,
    edition: Edition | None,
    counted: _Counted,
    progress: Callable[[Tally], None] | None,
    stop: Callable[[], bool],
    *,
    channels_at: datetime | None = None,
) -> Report:
    sent = dispatch(log.press, stop=stop, on_progress=progress)
    log.add(*sent.notes)
    if channels_at is not None:
        log.add(*post_due(log.press, channels_at, stop=stop))
    return _report(log, command, day, edition, counted, sent)


def _report(
    log: Log, command: str, day: date, edition: Edition | None, counted: _Counted, sent: Dispatch | None = None
) -> Report:
    log.outcome = outcome_of(log, command, sent)
    return Report(
        command,
        day,
        log.outcome,
        tuple(log.notes),
        edition=edition,
        cut=counted.cut,
        silences=tuple(counted.examples),
        silent=dict(counted.silent),
        tally=None if sent is None else sent.tally,
    )


def _size(issue: Issue) -> str:
    papers, topics = len(issue.paper_ids), len(issue.sections)
    return f"{papers} paper{'s' * (papers != 1)} in {topics} topic{'s' * (topics != 1)}"


def _dry_run(press: Press, asof: datetime, day: date | None) -> Report:
    cut, silent, notes = 0, Counter[str](), list[Note]()
    for block in cut_all(press, asof, day=day, dry_run=True):
        cut += len(block.issues)
        silent.update(silence.code for silence in block.silences)
        notes += [Note("info", reader.email, _size(issue)) for reader, _, issue in block.issues]
        notes += [Note("info", f"reader {silence.subscriber_id}", silence.text) for silence in block.silences]
    notes.append(Note("info", "cut", f"would be cut: {_cut_words(cut, silent)}; nothing was written or sent"))
    return Report("send", press.edition_day(asof), "done", tuple(notes), cut=cut, silent=dict(silent))


_SILENT = {"not-due": "not due yet", "already-cut": "cut before", "no-edition": "without an edition"}


def _cut_words(cut: int, silent: Counter[str]) -> str:
    words = [f"{cut} issue{'s' * (cut != 1)}"]
    words += [f"{count} {_SILENT.get(code, code)}" for code, count in sorted(silent.items())]
    return ", ".join(words)
