"""The edition in channels: what is due is queued, posted once, and written down."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from newsletter.compose.posts import edition_post
from newsletter.errors import NewsletterError
from newsletter.model.mail import Deferred, Delivered, Delivery, Dropped, Note, Refused, Reply, Uncertain
from newsletter.process import is_gone, myself
from newsletter.send.retry import not_before
from newsletter.stages.folders import template_folders
from newsletter.stages.switch import paused
from newsletter.subscribe.calendar import local_instant
from newsletter.tongue.catalogues import Tongues
from newsletter.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from newsletter.config_channels import ChannelConfig
    from newsletter.model.channel import Entry, Post
    from newsletter.model.edition import Edition
    from newsletter.model.mail import Outcome
    from newsletter.ports import Channel
    from newsletter.press import Press

LEASE = timedelta(minutes=5)  # a post takes 45 seconds at most


@traced("post")
def post_due(press: Press, asof: datetime, *, stop: Callable[[], bool] = lambda: False) -> tuple[Note, ...]:
    """Post to each channel the edition that is due by `asof`, and what is to be tried again. Silent when nothing is.

    After an outage a channel gets the one edition that is due then, not all that it missed.
    """
    book = press.channel_ledger
    if not press.config.channels or book is None or paused(press.records, now=press.clock.now()) is not None:
        return ()
    now = press.clock.now()
    for one in press.config.channels:
        edition = due_edition(press, one, asof)
        if edition is not None:
            book.queue(one.name, edition.day, at=now, expires_at=now + press.config.schedule.expire_after)
    for owner in book.holders(now=now):
        if is_gone(owner):  # killed on this machine: its lease need not run out
            book.disown(owner, now=now)
    return tuple(_drain(press, stop))


def posts_owed(press: Press, now: datetime) -> bool:
    """Whether `post_due` would have something to do: asked every minute, so no edition is read for it."""
    book, channels = press.channel_ledger, press.config.channels
    if not channels or book is None:
        return False
    names = [one.name for one in channels]
    if book.due(names, now=now, resend=press.config.delivery.on_uncertain == "resend"):
        return True
    known = {(entry.channel, entry.day) for entry in book.latest(names, now=now, limit=4)}
    printed = frozenset(press.editions.days()[-3:])
    return any(
        (one.name, day) not in known for one in channels for day in _open_days(press, one, now) if day in printed
    )


def due_edition(press: Press, one: ChannelConfig, asof: datetime) -> Edition | None:
    """Today's edition once its hour has come, else yesterday's."""
    found = (press.editions.get(day) for day in _open_days(press, one, asof))
    return next((edition for edition in found if edition is not None), None)


def _open_days(press: Press, one: ChannelConfig, asof: datetime) -> tuple[date, ...]:
    today = press.edition_day(asof)
    return tuple(day for day in (today, today - timedelta(days=1)) if _opens(press, one, day) <= asof)


def _opens(press: Press, one: ChannelConfig, day: date) -> datetime:
    zone = ZoneInfo(press.config.newsletter.timezone)
    if one.send_hour is None:
        return datetime.combine(day, time(), zone)
    return local_instant(day, one.send_hour, zone)


def post_of(press: Press, one: ChannelConfig, edition: Edition) -> Post | None:
    """The edition as this channel gets it; None when it holds nothing of its topics."""
    settings = press.config.newsletter
    return edition_post(
        edition,
        one.kind,
        key=f"channel.{edition.day.isoformat()}.{one.name}",
        newsletter=settings.name,
        base_url=settings.base_url,
        topics=one.topics,
        tongue=Tongues(template_folders(press.config)).of(settings.locale),
    )


def _drain(press: Press, stop: Callable[[], bool]) -> list[Note]:
    notes: list[Note] = []
    configured = {one.name: one for one in press.config.channels}
    book, owner = press.channel_ledger, myself()
    assert book is not None
    resend = press.config.delivery.on_uncertain == "resend"
    channels: dict[str, Channel] = {}
    while not stop():
        now = press.clock.now()
        entry = book.claim(owner, [*configured], now=now, lease=LEASE, resend=resend)
        if entry is None:
            break
        if not channels:
            try:
                channels = {one.name: one for one in press.open_channels()}
            except NewsletterError as error:
                book.settle(Deferred(entry.id, _nothing(error)), owner, now + LEASE, now=now)
                return [*notes, Note("error", "channels", str(error))]
        outcome = _post(press, configured[entry.channel], channels[entry.channel], entry, owner)
        if outcome is None:
            continue
        again = _again(press, entry, outcome)
        if isinstance(outcome, Deferred) and again is None:
            outcome = Dropped(entry.id, "expired", outcome.reply.text)
        if book.settle(outcome, owner, again, now=press.clock.now()):
            notes.append(_note(entry, outcome, again))
    return notes


def _nothing(error: NewsletterError) -> Reply:
    return Reply(0, "", error.what[:500])


def _post(press: Press, one: ChannelConfig, channel: Channel, entry: Entry, owner: str) -> Outcome | None:
    """None: somebody else has it now."""
    if press.clock.now() >= entry.expires_at:
        return Dropped(entry.id, "expired", "it grew too old")
    edition = press.editions.get(entry.day)
    post = post_of(press, one, edition) if edition is not None else None
    if post is None:
        return Dropped(entry.id, "cancelled", "it holds nothing of the channel's topics")
    assert press.channel_ledger is not None
    if not press.channel_ledger.start(entry, owner, now=press.clock.now()):
        return None
    return channel.post(post, entry.id)


def _again(press: Press, entry: Entry, outcome: Outcome) -> datetime | None:
    if not isinstance(outcome, Deferred):
        return None
    row = Delivery(entry.id, "notice", entry.day, 0, "", entry.created_at, entry.expires_at, entry.attempts)
    return not_before(outcome, row, now=press.clock.now(), schedule=press.config.delivery.retry)


def _note(entry: Entry, outcome: Outcome, again: datetime | None) -> Note:
    subject, edition = f"channel {entry.channel}", f"the edition of {entry.day}"
    if isinstance(outcome, Delivered):
        return Note("info", subject, f"{edition} was posted")
    if isinstance(outcome, Dropped):
        level: Literal["info", "warning"] = "info" if outcome.state == "cancelled" else "warning"
        return Note(level, subject, f"{edition} was not posted: {outcome.text}")
    said = outcome.reply.text
    if isinstance(outcome, Refused):
        return Note("warning", subject, f"{edition} was refused: {said}. Check its address: docs/channels.md")
    if isinstance(outcome, Uncertain):
        return Note("warning", subject, f"no answer whether {edition} was posted: {said}")
    return Note("warning", subject, f"{edition} was not taken, again at {again:%H:%M} UTC: {said}")
