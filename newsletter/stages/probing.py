"""Readers who are suspended: the issue after the suspension is the probe, and its fate decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.model.mail import Note
from newsletter.model.returns import Evidence
from newsletter.returns.decide import LAST_ISSUES, REMEMBERED, probe_stands

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.press import Press

_AT_ONCE = 100_000


def probe(press: Press) -> tuple[Note, ...]:
    """Close the suspensions whose probe was taken; a probe that came back was acted on when it did."""
    if press.returns is None:
        return ()
    now = press.clock.now()
    held = press.returns.open(limit=_AT_ONCE, suspended=True)
    readers = press.subscribers.get({one.subscriber_id for one in held})
    notes, waiting = [], 0
    for one in held:
        reader = readers.get(one.subscriber_id)
        if reader is None or reader.status != "active":
            press.returns.close([one.key], at=now)
        elif _stood(press, one, now):
            notes.append(Note("info", f"reader:{one.subscriber_id}", "her probe was taken: she is on the list again"))
        else:
            waiting += 1
    if waiting:
        notes.append(Note("info", "probes", f"{waiting} suspended: each gets one issue after a week, as a probe"))
    return tuple(notes)


def _stood(press: Press, suspended: Evidence, now: datetime) -> bool:
    """Write down the acceptance of a probe that stood, and end the suspension."""
    assert press.returns is not None
    number = suspended.subscriber_id
    history = press.returns.about([number], since=now - REMEMBERED).get(number, ())
    issues = press.ledger.latest(number, limit=LAST_ISSUES)
    day = probe_stands(suspended, history, issues, now.date())
    if day is None:
        return False
    key = f"digest.{day.isoformat()}.{number}"
    mark = Evidence(f"probe:{key}", "accepted", "tend", now, number, key, signed=True, text="the probe was taken")
    press.returns.keep([mark])
    press.returns.close([mark.key, suspended.key], at=now)
    return True
