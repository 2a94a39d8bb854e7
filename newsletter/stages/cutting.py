"""Stage three: each reader's issue is cut from the editions since her last one, and queued in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from newsletter.model.codec import issue_to_payload
from newsletter.model.edition import Issue, Silence
from newsletter.model.mail import NewDelivery, Note
from newsletter.model.subscriber import Slot
from newsletter.rank.cut import cut, lay_out
from newsletter.stages.lately import printings
from newsletter.stages.tasting import Tastes
from newsletter.subscribe.calendar import due, due_on, waits_for_own_hour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from newsletter.model.subscriber import Feedback, Subscriber
    from newsletter.press import Press
    from newsletter.rank.taste import Taste

NEVER_TWICE = timedelta(days=120)  # as for editions: what was mailed before is not mailed again
MADE_UP = timedelta(days=31)  # first issues that expired are made up for so far back
MADE_UP_LATER = timedelta(days=7)  # and those that expired when the next one was cut already
BLOCK = 1000  # readers cut and queued in one transaction
_RANGES = 64  # of edition days, each some thousand picks
_SHARED = 32_768  # issues, each some 13 picks: about 50 MB
FIRST_ISSUE = {"daily": 1, "weekdays": 1, "weekly": 7, "monthly": 31}  # days of editions in a first issue

_Key = tuple[tuple["date", "date"], "date", tuple[str, ...], int | None, frozenset[str], bool]


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of one block of readers."""

    issues: tuple[tuple[Subscriber, Slot, Issue], ...]
    silences: tuple[Silence, ...]
    queued: int = 0  # of the issues: fewer where somebody else cut at the same time, none in a dry run


def cut_all(
    press: Press, asof: datetime, *, day: date | None, dry_run: bool = False, patient: bool = False
) -> Iterator[Cut]:
    """Cut for every active reader who is due as at `asof` (for every one, when `day` is given), block by block.

    `patient`: somebody looks again before her next hour. A slot that is open since before an edition came out then
    leaves that edition to the next one: after a silent Sunday, Monday's edition comes at her hour and not when it is
    printed. Each block is queued before the next is cut, so a kill loses nothing: the next run cuts the rest.
    """
    if closed_note(press, day):
        return
    after = 0
    cutter = Cutter(press)
    if not dry_run:
        press.ledger.expire(now=press.clock.now())  # first: what nobody will get any more is still to be mailed
    while readers := press.subscribers.active(after_id=after, limit=BLOCK):
        after = readers[-1].id
        block = cut_block(press, readers, asof, day=day, patient=patient, cutter=cutter)
        if not dry_run:
            now = press.clock.now()
            rows = [cutter.row(*item) for item in block.issues]
            rows.sort(key=attrgetter("payload"))  # sent together, they are then written down in a few pages
            queued = press.ledger.queue(rows, at=now)
            block = replace(block, queued=queued)
            press.ledger.record_silences(
                [s for s in block.silences if s.code not in {"not-due", "already-cut"}], at=now
            )
        yield block


def closed_note(press: Press, day: date | None) -> tuple[Note, ...]:
    """Says why a day is not cut again: who had her issue is not known any more, and nobody is to have it twice."""
    closed = press.ledger.closed() if day is not None else None
    if closed is None or day is None or day > closed:
        return ()
    return (
        Note("info", "cut", f"nothing is cut for {day}: what was mailed up to {closed} is erased ([newsletter] keep)"),
    )


def cut_block(
    press: Press,
    readers: Sequence[Subscriber],
    asof: datetime,
    *,
    day: date | None,
    patient: bool = False,
    cutter: Cutter | None = None,
) -> Cut:
    """Issues and silences for some readers; nothing is written. `cutter` remembers from block to block."""
    cutter = cutter or Cutter(press)
    horizon = _horizon(asof, day)
    last_day = press.ledger.last_day("digest", [reader.id for reader in readers], until=horizon)
    issues: list[tuple[Subscriber, Slot, Issue]] = []
    silences: list[Silence] = []
    due_now: list[tuple[Subscriber, Slot]] = []
    now = press.clock.now()
    for reader in readers:
        slot = _slot(press, reader, asof, day, last_day.get(reader.id), now)
        if isinstance(slot, Slot):
            due_now.append((reader, slot))
        else:
            silences.append(slot)
    if due_now:
        untils = [_until(press, reader, slot, asof, day, patient=patient) for reader, slot in due_now]
        for (reader, slot), result in zip(due_now, cutter.cut(due_now, untils, horizon), strict=True):
            if isinstance(result, Issue):
                issues.append((reader, slot, result))
            else:
                silences.append(result)
    return Cut(tuple(issues), tuple(silences))


def _horizon(asof: datetime, day: date | None) -> date:
    """No reader's calendar is further on: issues of later days were made by a `--day` that looked ahead."""
    return day if day is not None else asof.date() + timedelta(days=1)


def _until(press: Press, reader: Subscriber, slot: Slot, asof: datetime, day: date | None, *, patient: bool) -> date:
    """The last edition day that her issue may take in."""
    if day is not None:
        return day
    if patient and waits_for_own_hour(reader, slot, asof, defaults=press.reader_defaults):
        return press.edition_day(slot.at)
    return press.edition_day(asof)


class Cutter:
    """What readers share while many issues are cut: editions, laid out once, and whole issues.

    Readers who chose the same, saw the same and said nothing get the same issue.
    """

    def __init__(self, press: Press) -> None:
        self._press = press
        self._read = lru_cache(maxsize=_RANGES)(press.editions.between)
        self._lay_out = lru_cache(maxsize=_RANGES)(lambda after, until: lay_out(self._read(after, until)))
        self._why = cache(lambda until: _no_edition(press, until))
        self._issues: dict[_Key, Issue | Silence] = {}
        self._tastes = Tastes(press)
        self._payloads: dict[int, tuple[Issue, str]] = {}  # by the identity of the issue's sections

    def cut(
        self, due_now: Sequence[tuple[Subscriber, Slot]], untils: Sequence[date], horizon: date
    ) -> Iterator[Issue | Silence]:
        """One result for each, in order; issues of days after `horizon` do not count as had."""
        press = self._press
        last_edition = press.ledger.last_edition([reader.id for reader, _ in due_now], until=horizon)
        new = [reader.id for reader, _ in due_now if reader.id not in last_edition]
        missed = dict(press.ledger.missed(last_edition, since=min(untils) - MADE_UP_LATER)) if last_edition else {}
        missed |= press.ledger.missed(new, since=min(untils) - MADE_UP) if new else {}
        ranges = [
            (_first(press, reader, until, last_edition.get(reader.id), missed.get(reader.id)), until)
            for (reader, _), until in zip(due_now, untils, strict=True)
        ]
        ids = [reader.id for (reader, _), given in zip(due_now, ranges, strict=True) if self._read(*given)]
        seen, said = press.ledger.seen(ids, since=min(untils) - NEVER_TWICE), press.subscribers.said(ids)
        tastes, had = self._tastes.each(ids, said), press.ledger.issues(ids)
        for (reader, slot), given in zip(due_now, ranges, strict=True):
            if self._read(*given):
                before, words = seen.get(reader.id, frozenset()), said.get(reader.id, ())
                explores = had.get(reader.id, 0) < press.rank_settings.exploring_issues
                yield self._one(reader, slot, given, before, words, next(tastes), explores=explores)
            else:
                yield Silence(reader.id, slot.day, "no-edition", self._why(given[1]))

    def row(self, reader: Subscriber, slot: Slot, issue: Issue) -> NewDelivery:
        """The issue as it is queued."""
        known = self._payloads.get(id(issue.sections))
        if known is None:
            if len(self._payloads) >= _SHARED:
                self._payloads.clear()
            known = self._payloads[id(issue.sections)] = (issue, issue_to_payload(issue))
        return NewDelivery("digest", slot.day, reader.id, known[1], slot.expires)

    def _one(
        self,
        reader: Subscriber,
        slot: Slot,
        given: tuple[date, date],
        seen: frozenset[str],
        said: tuple[Feedback, ...],
        taste: Taste | None,
        *,
        explores: bool,
    ) -> Issue | Silence:
        key = (given, slot.day, reader.topics, reader.per_topic, seen, explores)
        shared = None if said else self._issues.get(key)
        if shared is not None:
            return replace(shared, subscriber_id=reader.id)
        result = cut(
            reader,
            self._read(*given),
            day=slot.day,
            seen=seen,
            topics=self._press.config.topics,
            settings=self._press.rank_settings,
            feedback=said,
            taste=taste,
            models=None if taste is None else self._press.open_models(),
            issues_so_far=0 if explores else self._press.rank_settings.exploring_issues,
            field=self._lay_out(*given),
        )
        if not said:
            if len(self._issues) >= _SHARED:
                self._issues.clear()
            self._issues[key] = result
        return result


def _slot(
    press: Press, reader: Subscriber, asof: datetime, day: date | None, last_day: date | None, now: datetime
) -> Slot | Silence:
    if day is None:
        return due(reader, asof, defaults=press.reader_defaults, last_day=last_day)
    return due_on(reader, day, now=now, defaults=press.reader_defaults, last_day=last_day)


def _first(press: Press, reader: Subscriber, until: date, last: date | None, missed: date | None) -> date:
    """The day after which an issue's editions begin; with those of issues that expired on their way."""
    usual = last or until - timedelta(days=FIRST_ISSUE[reader.cadence or press.config.schedule.cadence])
    return usual if missed is None else min(usual, missed - timedelta(days=1))


def _no_edition(press: Press, until: date) -> str:
    """There is no edition since a reader's last issue: say what the last run said of it."""
    said = [
        note.text
        for run in printings(press.runs, limit=5, day=until)
        for note in run.notes
        if note.subject == "edition" and note.text.startswith("nothing printed")
    ]
    return said[0] if said else f"no edition was printed up to {until}"
