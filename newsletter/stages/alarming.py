"""A mail to the operator when a day was missed or something is broken: through the ledger, at most one a day."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from newsletter.health import STALE, Health, judge, missed_days, silent_sources
from newsletter.model.mail import NewDelivery, Note
from newsletter.model.subscriber import Subscriber
from newsletter.stages.clocks import went_back
from newsletter.stages.quiet_days import why_quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from newsletter.model.channel import Entry
    from newsletter.model.mail import Run
    from newsletter.press import Press

RUNS = 200  # some days of an hourly rhythm
GRACE = timedelta(hours=1)  # after the moment at which an edition is not waited for any longer
CONSENT = "the operator of this newsletter"


def health_of(press: Press) -> Health:
    """How it goes, as far as the database knows."""
    now = press.clock.now()
    return judge(
        press.runs.last(limit=RUNS),
        now=now,
        collect_every=press.config.schedule.collect_every,
        sources=press.source_names,
        next_due=press.ledger.next_due(now=now),
    )


def watched(press: Press) -> dict[str, Any]:
    """The numbers that alerts are made from (`web.metrics.Meters.watch`): health, sources, runs, edition, posts."""
    now = press.clock.now()
    runs = press.runs.last(limit=RUNS)
    silent = silent_sources(runs, press.source_names)
    days = press.editions.days()
    newest = press.editions.get(days[-1]) if days else None
    last: dict[str, float] = {}
    for run in runs:
        last.setdefault(run.command, run.started_at.timestamp())
    book = press.channel_ledger
    posts = book.latest([one.name for one in press.config.channels], now=now, limit=7) if book else ()
    return {
        "health": ("ok", "late", "broken").index(health_of(press).state),
        "sources": {name: name not in silent for name in sorted(press.source_names)},
        "runs": last,
        "edition": newest.printed_at.timestamp() if newest else 0.0,
        "posts": Counter((one.channel, one.state) for one in posts),
    }


def alarm(press: Press, due_until: datetime | None = None) -> tuple[Note, ...]:
    """Queue a mail to `[newsletter] operator` if there is a reason; the ledger keeps it to one a day.

    `due_until`: when today's edition should have been out at the latest, if it is not (None: it is, or need not be).
    """
    address = parseaddr(press.config.newsletter.operator)[1]
    if not address:
        return ()
    now = press.clock.now()
    today = press.edition_day(now)
    runs = press.runs.last(limit=RUNS)
    reasons = _reasons(press, runs, today, now, due_until)
    reader = _operator(press, address) if reasons else None
    if not reasons or reader is None:
        return ()
    lines = [*reasons, *_said(runs, today), f"`newsletter why --day {today}` and `newsletter status` say more."]
    payload = {"subject": f"{press.config.newsletter.name}: {reasons[0]}"[:200], "text": "\n".join(lines)}
    row = NewDelivery("notice", today, reader.id, json.dumps(payload, ensure_ascii=False), now + timedelta(days=2))
    if not press.ledger.queue([row], at=now):
        return ()
    return (Note("warning", "operator", f"told the operator: {reasons[0]}"),)


def _reasons(
    press: Press, runs: Sequence[Run], today: date, now: datetime, due_until: datetime | None
) -> tuple[str, ...]:
    """What the operator should know, most important first; empty: nothing."""
    clock = went_back(press)
    found = [] if clock is None else [clock.what.removesuffix(".")]
    found += [f"nothing ran on {day}" for day in missed_days(runs, press.editions.days()[-10:], today=today)]
    if due_until is not None and now > due_until + GRACE and not why_quiet(today):
        found.append(f"there is no edition of {today}")
    found += [
        f"{name} has given no answer since {since:%Y-%m-%d %H:%M} UTC: {said}"
        for name, (since, said) in sorted(silent_sources(runs, press.source_names).items())
        if now - since > STALE
    ]
    found += _refused_posts(press, now)
    findings = health_of(press).findings
    return (*found, *(one.text for one in findings if one.state == "broken" and one.subject not in press.source_names))


def _refused_posts(press: Press, now: datetime) -> tuple[str, ...]:
    """Channels whose last post was refused: their address is gone, and nobody hears of it there."""
    names = [one.name for one in press.config.channels]
    if not names or press.channel_ledger is None:
        return ()
    last: dict[str, Entry] = {}
    for one in press.channel_ledger.latest(names, now=now, limit=3):
        last.setdefault(one.channel, one)
    return tuple(
        f"channel {name} refused the edition of {last[name].day}: {reply.text if (reply := last[name].reply) else ''}"
        for name in names
        if name in last and last[name].state == "refused"
    )


def _said(runs: Sequence[Run], today: date) -> tuple[str, ...]:
    """Why the day looks as it does: what its runs said of the edition, and their warnings, each once."""
    told = [
        f"{note.subject}: {note.text}"
        for run in reversed(runs)
        if run.day == today
        for note in run.notes
        if note.level != "info" or note.subject == "edition"
    ]
    return tuple(dict.fromkeys(told))[-12:]


def _operator(press: Press, address: str) -> Subscriber | None:
    """The operator's row: the one that she has as a reader, or one that gets nothing but these mails.

    It waits for a confirmation that nobody asks for, and has no date of birth, so that it is never cleared away.
    """
    if press.subscribers.suppressed([address]):
        return None
    known = press.subscribers.by_email(address)
    return known or press.subscribers.add(Subscriber(email=address, status="pending", consent=CONSENT))
