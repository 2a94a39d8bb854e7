"""Stage three: each reader's issue is cut from the editions since her last one, and queued in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from newsletter.model.codec import issue_to_payload
from newsletter.model.edition import Issue, Silence
from newsletter.model.mail import NewDelivery
from newsletter.model.subscriber import Slot
from newsletter.rank.cut import cut
from newsletter.subscribe.calendar import due, due_on, waits_for_own_hour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press

NEVER_TWICE = timedelta(days=120)  # as for editions: what was mailed before is not mailed again
BLOCK = 1000  # readers cut and queued in one transaction
FIRST_ISSUE = {"daily": 1, "weekdays": 1, "weekly": 7, "monthly": 31}  # days of editions in a first issue


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of one block of readers."""

    issues: tuple[tuple[Subscriber, Slot, Issue], ...]
    silences: tuple[Silence, ...]


def cut_all(
    press: Press, asof: datetime, *, day: date | None, dry_run: bool = False, patient: bool = False
) -> Iterator[Cut]:
    """Cut for every active reader who is due as at `asof` (for every one, when `day` is given), block by block.

    `patient`: somebody looks again before her next hour. A slot that is open since before an edition came out then
    leaves that edition to the next one: after a silent Sunday, Monday's edition comes at her hour and not when it is
    printed. Each block is queued before the next is cut, so a kill loses nothing: the next run cuts the rest.
    """
    after = 0
    while readers := press.subscribers.active(after_id=after, limit=BLOCK):
        after = readers[-1].id
        block = cut_block(press, readers, asof, day=day, patient=patient)
        if not dry_run:
            now = press.clock.now()
            press.ledger.queue([_row(item) for item in block.issues], at=now)
            press.ledger.record_silences(
                [s for s in block.silences if s.code not in {"not-due", "already-cut"}], at=now
            )
        yield block


def cut_block(
    press: Press, readers: Sequence[Subscriber], asof: datetime, *, day: date | None, patient: bool = False
) -> Cut:
    """Issues and silences for some readers; nothing is written."""
    last_day = press.ledger.last_day("digest", [reader.id for reader in readers])
    issues: list[tuple[Subscriber, Slot, Issue]] = []
    silences: list[Silence] = []
    due_now: list[tuple[Subscriber, Slot]] = []
    for reader in readers:
        slot = _slot(press, reader, asof, day, last_day.get(reader.id))
        if isinstance(slot, Slot):
            due_now.append((reader, slot))
        else:
            silences.append(slot)
    if due_now:
        untils = [_until(press, reader, slot, asof, day, patient=patient) for reader, slot in due_now]
        for (reader, slot), result in zip(due_now, _cut_due(press, due_now, untils), strict=True):
            if isinstance(result, Issue):
                issues.append((reader, slot, result))
            else:
                silences.append(result)
    return Cut(tuple(issues), tuple(silences))


def _until(press: Press, reader: Subscriber, slot: Slot, asof: datetime, day: date | None, *, patient: bool) -> date:
    """The last edition day that her issue may take in."""
    if day is not None:
        return day
    if patient and waits_for_own_hour(reader, slot, asof, defaults=press.reader_defaults):
        return press.edition_day(slot.at)
    return press.edition_day(asof)


def _cut_due(
    press: Press, due_now: Sequence[tuple[Subscriber, Slot]], untils: Sequence[date]
) -> Iterator[Issue | Silence]:
    """One result for each, in order; editions are read once for all who start and end with the same day."""
    last_edition = press.ledger.last_edition([reader.id for reader, _ in due_now])
    read = cache(press.editions.between)
    why = cache(lambda until: _no_edition(press, until))
    printed = {
        reader.id: read(last_edition.get(reader.id) or _first(press, reader, until), until)
        for (reader, _), until in zip(due_now, untils, strict=True)
    }
    ids = [one for one, editions in printed.items() if editions]
    seen, said = press.ledger.seen(ids, since=min(untils) - NEVER_TWICE), press.subscribers.said(ids)
    for (reader, slot), until in zip(due_now, untils, strict=True):
        editions = printed[reader.id]
        if not editions:
            yield Silence(reader.id, slot.day, "no-edition", why(until))
            continue
        yield cut(
            reader,
            editions,
            day=slot.day,
            seen=seen.get(reader.id, frozenset()),
            topics=press.config.topics,
            settings=press.rank_settings,
            feedback=said.get(reader.id, ()),
        )


def _slot(press: Press, reader: Subscriber, asof: datetime, day: date | None, last_day: date | None) -> Slot | Silence:
    if day is None:
        return due(reader, asof, defaults=press.reader_defaults, last_day=last_day)
    return due_on(reader, day, now=press.clock.now(), defaults=press.reader_defaults, last_day=last_day)


def _row(item: tuple[Subscriber, Slot, Issue]) -> NewDelivery:
    reader, slot, issue = item
    return NewDelivery("digest", slot.day, reader.id, issue_to_payload(issue), slot.expires)


def _first(press: Press, reader: Subscriber, until: date) -> date:
    return until - timedelta(days=FIRST_ISSUE[reader.cadence or press.config.schedule.cadence])


def _no_edition(press: Press, until: date) -> str:
    """There is no edition since a reader's last issue: say what the last run said of it."""
    said = [
        note.text
        for run in press.runs.last(limit=5, day=until)
        for note in run.notes
        if note.subject == "edition" and note.text.startswith("nothing printed")
    ]
    return said[0] if said else f"no edition was printed up to {until}"
