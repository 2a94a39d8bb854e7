"""Stage four: what is queued is composed, sent, and written down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.codec import issue_from_payload
from newsletter.model.mail import Dropped, Note
from newsletter.process import is_gone, myself
from newsletter.send.drain import DrainPolicy, drain
from newsletter.send.pace import parse_rate
from newsletter.stages.switch import paused, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from newsletter.model.edition import Card, Edition
    from newsletter.model.mail import Delivery, Message, Reply
    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press
    from newsletter.send.tally import Tally

MAILABLE = {  # which standing may get which kind of mail; all others need an active reader
    "confirm": ("pending", "active"),
    "address": ("pending", "active"),  # goes to the row that waits at the new address
    "link": ("pending", "active"),
    "goodbye": ("left",),
}


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What one dispatch did. `attention`: running it again will not help, a person must look."""

    notes: tuple[Note, ...]
    tally: Tally | None = None
    attention: bool = False


def dispatch(
    press: Press, *, stop: Callable[[], bool] = lambda: False, on_progress: Callable[[Tally], None] | None = None
) -> Dispatch:
    """Drain what is due. The relay is checked before anything is claimed or composed."""
    now = press.clock.now()
    if (since := paused(press.records, now=now)) is not None:
        text = f"sending is paused by the operator since {since:%Y-%m-%d %H:%M} UTC; resume it on /operator"
        return Dispatch((Note("warning", "send", text),))
    for owner in press.ledger.holders(now=now):
        if is_gone(owner):  # killed on this machine: what it held need not wait for the lease to run out
            press.ledger.disown(owner, now=now)
    if (when := press.ledger.next_due(now=now)) is None or when > now:
        text = "nothing is due" if when is None else f"the next try is due at {when:%Y-%m-%d %H:%M} UTC"
        return Dispatch((Note("info", "send", text),))
    transport = press.open_transport()
    try:
        if (problem := transport.check()) is not None:
            return Dispatch((Note("error", "send", f"{problem.what} {problem.cure}".strip()),))
        tally = drain(
            press.ledger,
            transport,
            lambda deliveries: render(press, deliveries),
            clock=press.clock,
            owner=myself(),
            policy=_policy(press),
            stop=watched(press, stop),
            on_progress=on_progress,
        )
    except (RelayError, RelayConfigError) as error:
        return Dispatch((Note("error", "send", str(error)),), attention=isinstance(error, RelayConfigError))
    finally:
        transport.close()
    _act_on_refusals(press, tally)
    left_out = press.open_composer().dropped() if tally.done else ()
    notes = (Note("warning", "compose", f"{p.where}: {p.what}. {p.cure}") for p in left_out)
    return Dispatch((*_notes(tally), *notes), tally, attention=tally.stop == "attention")


def render(press: Press, deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
    """Compose what was claimed; whoever left meanwhile is dropped here, after the claim and before the wire.

    A row that cannot be composed raises for that row: the drain refuses it and asks for the others again.
    """
    shelf = _Shelf(press)
    readers = press.subscribers.get({delivery.subscriber_id for delivery in deliveries})
    suppressed = press.subscribers.suppressed([reader.email for reader in readers.values()])
    for delivery in deliveries:
        reader = readers.get(delivery.subscriber_id)
        if reader is None:
            yield Dropped(delivery.id, "suppressed", "the reader was forgotten")
        elif reader.email in suppressed or reader.status not in MAILABLE.get(delivery.kind, ("active",)):
            yield Dropped(delivery.id, "suppressed", "the reader left")
        else:
            yield _compose(press, shelf, delivery, reader)


def _compose(press: Press, shelf: _Shelf, delivery: Delivery, reader: Subscriber) -> Message:
    composer = press.open_composer()
    if delivery.kind != "digest":
        return composer.notice(
            delivery,
            reader,
            press.links(reader, confirm_until=delivery.expires_at),
            **json.loads(delivery.payload or "{}"),
        )
    days = [date.fromisoformat(day) for day in json.loads(delivery.payload)["editions"]]
    editions = [shelf.edition(day) for day in days]
    issue = issue_from_payload(delivery.payload, subscriber_id=reader.id, day=delivery.day, editions=editions)
    return composer.digest(delivery, reader, issue, shelf.cards(tuple(days)), press.links(reader, days[-1]))


class _Shelf:
    """Editions at hand while some deliveries are composed: each is read once."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._editions: dict[date, Edition] = {}
        self._cards: dict[tuple[date, ...], dict[str, Card]] = {}

    def edition(self, day: date) -> Edition:
        if day not in self._editions:
            edition = self._press.editions.get(day)
            if edition is None:
                raise KeyError(f"the edition of {day} is gone from the database")
            self._editions[day] = edition
        return self._editions[day]

    def cards(self, days: tuple[date, ...]) -> dict[str, Card]:
        """Cards of several editions, a later edition's facts over an earlier one's."""
        if days not in self._cards:
            self._cards[days] = {card.paper.id: card for day in days for card in self.edition(day).cards}
        return self._cards[days]


def _policy(press: Press) -> DrainPolicy:
    delivery = press.config.delivery
    return DrainPolicy(retry=delivery.retry, on_uncertain=delivery.on_uncertain, rate=parse_rate(delivery.rate))


def _act_on_refusals(press: Press, tally: Tally) -> None:
    """An address that does not exist is never written to again (facts/mail.md 6.3: one hard refusal)."""
    gone = {refusal.subscriber_id: refusal.reply for refusal in tally.refused if refusal.fault == "address"}
    for reader in press.subscribers.get(gone).values():
        reply = gone[reader.id]
        press.subscribers.suppress(
            reader.email, f"refused: {reply.code} {reply.enhanced}".strip(), at=press.clock.now()
        )


def _notes(tally: Tally) -> tuple[Note, ...]:
    counts = {
        "sent": tally.sent,
        "deferred": tally.deferred,
        "refused": len(tally.refused),
        "uncertain": tally.uncertain,
        "expired": tally.expired,
        "left meanwhile": tally.suppressed,
        "cancelled": tally.cancelled,
    }
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    notes = [Note("info", "send", words or "nothing was due")]
    if tally.stopped_by:
        level: Literal["info", "error"] = "info" if tally.stop == "asked" else "error"
        notes.append(Note(level, "send", f"{tally.stopped_by} {tally.cure}".strip()))
    notes += [Note("warning", "send", text) for text in tally.notes]
    notes += [
        Note("warning", "send", f"reader {one.subscriber_id} refused: {_answer(one.reply)}")
        for one in tally.refused[:20]
    ]
    return tuple(notes)


def _answer(reply: Reply) -> str:
    return " ".join(str(part) for part in (reply.code, reply.enhanced, reply.text) if part)
