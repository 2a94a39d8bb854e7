"""Looking without sending: one reader's mail of one day, composed as it would go out, and a test mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.errors import UsageError
from newsletter.model.edition import Issue
from newsletter.model.mail import Delivery
from newsletter.model.subscriber import Subscriber
from newsletter.rank.cut import cut
from newsletter.stages.handing import hand_over
from newsletter.stages.printing import draft
from newsletter.stages.summarising import summarise
from newsletter.stages.tasting import Tastes
from newsletter.subscribe.addresses import parse_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from newsletter.compose.lint import Rendered
    from newsletter.model.edition import Edition, Silence
    from newsletter.model.mail import Kind, Message, Outcome
    from newsletter.press import Press


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail as it would go out, before and after encoding."""

    rendered: Rendered
    message: Message
    edition: Edition
    issue: Issue


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a mail is about, before any template has seen it."""

    reader: Subscriber
    edition: Edition
    issue: Issue


def preview(
    press: Press,
    day: date,
    asof: datetime,
    *,
    email: str = "",
    topics: Sequence[str] = (),
    locale: str = "",
    test: bool = False,
) -> Preview | Silence:
    """The digest of `day` for one reader, or for a new reader of every topic; what she had before does not count.

    The edition is the printed one, or, while there is none, the one that would be printed, summaries and all (those
    that are asked for now are kept, and count towards the day's budget). UsageError: no such reader.
    The message has the Message-ID of her own issue, but for a `test`: that one must not be folded with it by a
    receiver, nor be counted against her when it bounces.
    """
    chosen = choose(press, day, asof, email=email, topics=topics, locale=locale)
    return chosen if not isinstance(chosen, Chosen) else compose_chosen(press, chosen, day, locale=locale, test=test)


def choose(
    press: Press, day: date, asof: datetime, *, email: str = "", topics: Sequence[str] = (), locale: str = ""
) -> Chosen | Silence:
    """What would be in the mail: all that needs no template."""
    reader = _reader(press, email)
    if topics:
        reader = replace(reader, topics=tuple(topics))
    asked = tuple(filter(None, (locale, reader.locale)))
    edition = press.editions.get(day) or summarise(press, draft(press, day, asof)[0], locales=asked)[0]
    said = press.subscribers.said([reader.id]).get(reader.id, ()) if reader.id else ()
    taste = Tastes(press).of({reader.id: said}).get(reader.id)
    issue = cut(
        reader,
        (edition,),
        day=day,
        seen=frozenset(),
        topics=press.config.topics,
        settings=press.rank_settings,
        feedback=said,
        taste=taste,
        models=None if taste is None else press.open_models(),
    )
    return Chosen(reader, edition, issue) if isinstance(issue, Issue) else issue


def compose_chosen(press: Press, chosen: Chosen, day: date, *, locale: str = "", test: bool = False) -> Preview:
    """The mail, in another language than the reader's where `locale` names one."""
    reader = replace(chosen.reader, locale=locale) if locale else chosen.reader
    now = press.clock.now()
    until = now + press.config.schedule.expire_after
    delivery = Delivery(0, "digest", day, reader.id, "", now, until)
    if test:
        delivery = replace(delivery, kind="test", subscriber_id=int(now.timestamp() * 1000))
    cards = {card.paper.id: card for card in chosen.edition.cards}
    links = press.links(reader, day)
    composer = press.open_composer()
    return Preview(
        composer.render(reader, chosen.issue, cards, links),
        composer.digest(delivery, reader, chosen.issue, cards, links),
        chosen.edition,
        chosen.issue,
    )


def preview_notice(
    press: Press, kind: Kind, day: date, *, email: str = "", locale: str = ""
) -> tuple[Rendered, Message]:
    """One of the short mails around a subscription."""
    reader = _reader(press, email)
    reader = replace(reader, locale=locale) if locale else reader
    now = press.clock.now()
    delivery = Delivery(0, kind, day, reader.id, "", now, now + press.config.schedule.expire_after)
    links = press.links(reader, confirm_until=delivery.expires_at)
    composer = press.open_composer()
    words = {"subject": "A note", "text": "What the operator writes."} if kind == "notice" else {}
    return composer.render_notice(kind, reader, links, **words), composer.notice(delivery, reader, links, **words)


def send_test(press: Press, day: date, asof: datetime, email: str) -> Outcome | Silence:
    """Mail the preview to `email` at once, past the ledger: a test may be repeated, and counts for nobody."""
    known = press.subscribers.by_email(email)
    chosen = choose(press, day, asof, email=email if known else "")
    if not isinstance(chosen, Chosen):
        return chosen
    return send_chosen(press, chosen, day, email)


def send_chosen(press: Press, chosen: Chosen, day: date, email: str, *, locale: str = "") -> Outcome:
    """What the workshop shows, to `email`, as a test. Another reader's links go to nobody but her."""
    if email.lower() != chosen.reader.email.lower():
        chosen = replace(chosen, reader=replace(chosen.reader, id=0, email=email, generation=0))
    return hand_over(press, compose_chosen(press, chosen, day, locale=locale, test=True).message)


def send_trial(press: Press, email: str) -> Outcome:
    """A short mail with all the headers of an issue, at once and past the ledger: for `doctor`."""
    now = press.clock.now()
    number = int(now.timestamp() * 1000)
    reader = Subscriber(email=parse_address(email))
    delivery = Delivery(0, "test", press.edition_day(now), number, "", now, now + press.config.schedule.expire_after)
    return hand_over(press, press.open_composer().notice(delivery, reader, press.links(reader)))


def _reader(press: Press, email: str) -> Subscriber:
    if not email:
        return Subscriber(email=press.letterhead.address)
    reader = press.subscribers.by_email(email)
    if reader is None:
        raise UsageError(
            f"{email} is not a subscriber.", cure=f"Add the address first: newsletter subscribers add {email}"
        )
    return reader
