"""Relays in trouble: remembered between drains, so that they are left alone for a while and named to the operator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Note
from newsletter.ports import Relays

if TYPE_CHECKING:
    from newsletter.press import Press

_KIND = "relay"
_FIRST, _MOST = timedelta(minutes=1), timedelta(minutes=15)
REMEMBERED = timedelta(days=7)  # trouble of a relay that nobody has used since, or that left the configuration


@dataclass(frozen=True, slots=True)
class Relayed:
    """How one of several relays did when it was last used. `since` None: well, or never used."""

    where: str
    since: datetime | None = None
    until: datetime | None = None  # it is left alone until then
    said: str = ""
    times: int = 0


def relays(press: Press) -> tuple[Relayed, ...]:
    """Each of `[[delivery.relays]]`, in their order."""
    return tuple(_known(press, f"{one.host}:{one.port}") for one in press.config.delivery_relays)


def _known(press: Press, where: str) -> Relayed:
    text = press.records.get(_KIND, where, now=press.clock.now()) if press.records is not None else None
    if text is None:
        return Relayed(where)
    kept = json.loads(text)
    since, until = datetime.fromisoformat(kept["since"]), datetime.fromisoformat(kept["until"])
    return Relayed(where, since, until, kept["said"], kept["times"])


def leave_alone(press: Press, transport: object) -> None:
    """Before a drain: whoever failed in the last ones is not asked before its rest is over."""
    if isinstance(transport, Relays):
        now = press.clock.now()
        for one in relays(press):
            if one.until is not None and one.until > now:
                transport.rest(one.where, (one.until - now).total_seconds(), one.said)


def remember(press: Press, transport: object) -> tuple[Note, ...]:
    """After a drain: what the relays' troubles were, in words; each failure makes the rest longer, up to 15 minutes."""
    if press.records is None or not isinstance(transport, Relays):
        return ()
    now, notes = press.clock.now(), list[Note]()
    for where in transport.worked():
        press.records.drop(_KIND, where)
    for one in transport.troubles():
        before = _known(press, one.where)
        if before.until is None or before.until <= now:
            until = now + min(_MOST, _FIRST * 2 ** min(before.times, 10))
            kept = {
                "since": (before.since or now).isoformat(),
                "until": until.isoformat(),
                "said": one.said,
                "times": before.times + 1,
            }
            press.records.put(_KIND, one.where, json.dumps(kept), until=until + REMEMBERED)
        since = before.since or now
        text = f"{one.said} The other relays take its mails. It is out since {since:%Y-%m-%d %H:%M} UTC."
        notes.append(Note("error", f"relay {one.where}", text))
    return tuple(notes)
