"""Deliveries to messages: what an edition or an issue has in common is read and worked out once, not per reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from newsletter.errors import AttentionError
from newsletter.model.codec import issue_from_payload, picks_of
from newsletter.model.mail import Dropped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from newsletter.model.edition import Card, Edition, Issue, Pick
    from newsletter.model.mail import Delivery, Message
    from newsletter.model.subscriber import Reader
    from newsletter.press import Press
    from newsletter.subscribe.links import Places

MAILABLE = {  # which standing may get which kind of mail; all others need an active reader
    "confirm": ("pending", "active"),
    "address": ("pending", "active"),  # goes to the row that waits at the new address
    "link": ("pending", "active"),
    "goodbye": ("left",),
    "notice": ("pending", "active", "left"),  # goes to the operator, who need not be a reader
}
_ACTIVE = ("active",)
_ISSUES = 4096  # different issues at hand, about 3 kB each: readers of the same topics share one
_SHELVES = 64  # different ranges of editions


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Some editions, and what issues that were cut from them are looked up in."""

    editions: tuple[Edition, ...]
    cards: Mapping[str, Card]  # a later edition's facts over an earlier one's
    picks: Mapping[tuple[str, str, str], Pick]


class Renderer:
    """Composes what was claimed. Keep one for as long as a drain lasts: it remembers editions and issues."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._editions: dict[date, Edition] = {}
        self._shelves: dict[tuple[str, ...], _Shelf] = {}
        self._issues: dict[tuple[str, date], tuple[Issue, Mapping[str, Card], Places]] = {}

    def __call__(self, deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        """Whoever left meanwhile is dropped here, after the claim and before the wire.

        A row that cannot be composed raises for that row: the drain refuses it and asks for the others again.
        """
        readers = self._press.subscribers.addressees({delivery.subscriber_id for delivery in deliveries})
        for delivery, after in zip(deliveries, [*deliveries[1:], None], strict=True):
            reader = readers.get(delivery.subscriber_id)
            if reader is None:
                yield Dropped(delivery.id, "suppressed", "the reader was forgotten")
            elif reader.barred or reader.status not in MAILABLE.get(delivery.kind, _ACTIVE):
                yield Dropped(delivery.id, "suppressed", "the reader left")
            elif delivery.kind == "digest":
                yield self._digest(delivery, reader, again=after is not None and after.payload == delivery.payload)
            else:
                yield self._notice(delivery, reader)

    def _notice(self, delivery: Delivery, reader: Reader) -> Message:
        links = self._press.links(reader, confirm_until=delivery.expires_at)
        return self._press.open_composer().notice(delivery, reader, links, **json.loads(delivery.payload or "{}"))

    def _digest(self, delivery: Delivery, reader: Reader, *, again: bool) -> Message:
        issue, cards, places = self._issue(delivery)
        composer = self._press.open_composer()
        return composer.digest(delivery, reader, issue, cards, places.links(reader), again=again)

    def _issue(self, delivery: Delivery) -> tuple[Issue, Mapping[str, Card], Places]:
        """The issue of a payload, its papers, and where its links lead.

        Its subscriber is the first one that had it: no mail tells an issue's subscriber.
        """
        key = (delivery.payload, delivery.day)
        found = self._issues.get(key)
        if found is None:
            shelf = self._shelf(tuple(json.loads(delivery.payload)["editions"]))
            issue = issue_from_payload(
                delivery.payload, subscriber_id=delivery.subscriber_id, day=delivery.day, picks=shelf.picks
            )
            if len(self._issues) >= _ISSUES:
                self._issues.clear()
            places = self._press.places(issue.editions[-1], since=issue.editions[0])
            found = self._issues[key] = (issue, shelf.cards, places)
        return found

    def _shelf(self, days: tuple[str, ...]) -> _Shelf:
        shelf = self._shelves.get(days)
        if shelf is None:
            editions = tuple(self._edition(date.fromisoformat(day)) for day in days)
            cards = {card.paper.id: card for edition in editions for card in edition.cards}
            if len(self._shelves) >= _SHELVES:
                self._shelves.clear()
            shelf = self._shelves[days] = _Shelf(editions, cards, picks_of(editions))
        return shelf

    def _edition(self, day: date) -> Edition:
        """Printed editions never change."""
        if day not in self._editions:
            edition = self._press.editions.get(day)
            if edition is None:
                raise AttentionError(
                    f"The edition of {day} is gone from the database.", cure="Bring it back from the backup."
                )
            self._editions[day] = edition
        return self._editions[day]


def render(press: Press, deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
    """Compose these, with nothing remembered from before."""
    return Renderer(press)(deliveries)
