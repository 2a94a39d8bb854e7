"""Sign-up: what is done for an address that somebody typed, within limits and without telling who is known."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from newsletter.errors import AddressError, NewsletterError
from newsletter.model.subscriber import CADENCES, Subscriber
from newsletter.subscribe.addresses import parse_address
from newsletter.subscribe.moves import MOVES, move
from newsletter.subscribe.zones import meant_zone, spelt, zones
from newsletter.tongue.tongue import marked
from newsletter.web.ask import prefix_of
from newsletter.web.readers import queue_notice
from newsletter.web.words import about_address

if TYPE_CHECKING:
    from newsletter.model.subscriber import Cadence
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

CONSENT_TEXT = "web form v1"  # goes up whenever the words below change
# The words that a reader had before her eyes when she asked and when she pressed the button, by the version that her
# consent names. Old versions stay here: they are proof (GDPR article 7.1).
CONSENT_TEXTS = {
    "web form v1": (
        "Get trending papers in your email inbox once a day",
        "We mail you one link to confirm. Leave with one click in any mail. No tracking.",
        (
            "{newsletter} for {address}: the day's trending papers, once a day at most. "
            "You may leave at any time with one click."
        ),
        "Yes, subscribe me",
    )
}
BACK = "back"  # records: reader's id -> when who had left asked to come back
WISH = "wish"  # records: reader's id -> the choices with which she asked to come back
HONEYPOT = "website"

Result = Literal["accepted", "wrong-address", "wrong-choice", "too-many"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a form asks for; None and empty mean the newsletter's defaults."""

    email: str
    topics: tuple[str, ...] = ()
    cadence: Cadence | None = None
    send_hour: int | None = None
    timezone: str | None = None
    locale: str | None = None
    text_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The fields of a form that choose topics, days and hours, as they were typed."""

    topics: tuple[str, ...] = ()
    cadence: str = ""
    hour: str = ""
    zone: str = ""

    @classmethod
    def of(cls, ask: Ask) -> Choices:
        return cls(
            topics=ask.every("topics"),
            cadence=ask.first("cadence"),
            hour=ask.first("send_hour"),
            zone=spelt(ask.first("timezone")),
        )

    @property
    def send_hour(self) -> int | None:
        hour = self.hour
        return int(hour) if hour.isascii() and hour.isdigit() and len(hour) <= 2 and int(hour) < 24 else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person is told. `retry_after` in seconds."""

    result: Result
    text: str = ""
    retry_after: int = 0


def wish_of(desk: Desk, email: str, choices: Choices) -> Wish:
    """A form's fields as a wish.

    What is not offered falls back to the default, so a bot's value is stored nowhere (`wrong_in` tells a person of it
    first); what is the default anyway is stored as such, so that it follows the operator's changes.
    """
    config = desk.press.config
    chosen = tuple(slug for slug in desk.topics if slug in choices.topics)
    hour, zone = choices.send_hour, choices.zone
    return Wish(
        email=email,
        topics=() if len(chosen) == len(desk.topics) else chosen,
        cadence=next((one for one in CADENCES if one == choices.cadence != config.schedule.cadence), None),
        send_hour=None if hour == config.schedule.send_hour else hour,
        timezone=zone if zone != config.newsletter.timezone and zone in zones() else None,
        locale=None if desk.tongue.locale == config.newsletter.locale else desk.tongue.locale,
    )


def wrong_in(desk: Desk, choices: Choices) -> str:
    """What of the choices is not offered here, as a sentence; empty when all is. An empty field is the default."""
    if any(slug not in desk.topics for slug in choices.topics):
        return marked("This topic is not offered here.")
    if choices.cadence and choices.cadence not in CADENCES:
        return marked("Choose how often from the list.")
    if choices.hour and choices.send_hour is None:
        return marked("Choose an hour from 0 to 23.")
    if choices.zone and choices.zone not in zones():
        if meant := meant_zone(choices.zone):
            return desk.tongue.say("This time zone is not known here. Did you mean {zone}?", zone=meant)
        return marked("This time zone is not known here. Choose one from the list, such as Europe/Berlin or UTC.")
    return ""


def sign_up(desk: Desk, ask: Ask, wish: Wish, *, human: bool, entrance: str) -> Answer:
    """Do what the address's standing allows and answer the same for all of them.

    `human`: the form was shown by us a moment ago. Others (a form on another site, a program) are held to a stricter
    limit per client.
    """
    if (refused := take_client(desk, ask, human=human)) is not None:
        desk.meters.signups.labels("limited").inc()
        return refused
    try:
        email = parse_address(wish.email)
    except AddressError as error:
        desk.meters.signups.labels("wrong-address").inc()
        return Answer("wrong-address", about_address(error))
    if take_address(desk, email):
        try:
            result = _act(desk, replace(wish, email=email), entrance)
        except NewsletterError:  # the database went away between the two: her next try must not count as a second
            desk.owed.add(desk.stamps.address_key(email))
            raise
        desk.meters.signups.labels(result).inc()
    else:
        _choose_anew(desk, replace(wish, email=email))
        desk.meters.signups.labels("held").inc()
    return Answer("accepted")


def take_client(desk: Desk, ask: Ask, *, human: bool) -> Answer | None:
    """Count this request for its network and in total; an answer when one of them is used up."""
    settings = desk.settings
    network = prefix_of(ask.client)
    asks = [(f"client:{network}", *settings.per_client)]
    if not human:
        asks.append((f"bare:{network}", *settings.per_client_bare))
    asks.append(("total", *settings.in_total))
    full = desk.limits.take(asks, now=desk.now())
    if full is None:
        return None
    wait = min(int(asks[full][2].total_seconds()), 3600)
    return Answer("too-many", marked("Too many sign-ups from here. Please try again later."), wait)


def take_address(desk: Desk, email: str) -> bool:
    """Whether one more mail that somebody asked for may go to this address; counts it."""
    key = desk.stamps.address_key(email)
    if key in desk.owed:
        desk.limits.clear(f"day:{key}")
        desk.owed.discard(key)
    asks = [(f"day:{key}", *desk.settings.per_address), (f"ever:{key}", *desk.settings.per_address_ever)]
    return desk.limits.take(asks, now=desk.now()) is None


def proven(desk: Desk, email: str) -> None:
    """The address answered: its count of unasked mail starts again, and that of ways back but for the day's."""
    key = desk.stamps.address_key(email)
    soon, _, ever = way_back_keys(desk, email)
    for one in (f"day:{key}", f"ever:{key}", soon, ever):
        desk.limits.clear(one)


def way_back_keys(desk: Desk, email: str) -> tuple[str, str, str]:
    """The counters of the ways back that were asked for behind her own link: of minutes, of a day, and of all."""
    key = desk.stamps.address_key(email)
    return f"back:{key}", f"back-day:{key}", f"back-ever:{key}"


def ask_again(desk: Desk, known: Subscriber, entrance: str) -> Subscriber:
    """A known, unsubscribed reader asks again: pending, and links to confirm of the time before no longer hold.

    Her other links do, and each proof of consent stays beside the new one. When she does not confirm within the week,
    who was a reader before counts as left again and who was none is wiped.
    """
    now = desk.now()
    again = move(known, "ask", at=now)
    if known.status != "pending":
        again = replace(again, paused_until=None)
        desk.records.put(BACK, str(known.id), now.isoformat(), until=now + desk.settings.confirm_within)
    asked = asked_now(desk, entrance)
    return replace(again, created_at=now, consent=f"{known.consent}; {asked}" if known.consent else asked)


def asked_now(desk: Desk, entrance: str) -> str:
    """The first half of a proof of consent: the way, the words with their language, and when."""
    language = "" if desk.tongue.locale == "en" else f" ({desk.tongue.language})"
    return f"{entrance}, {CONSENT_TEXT}{language}, asked {desk.now():%Y-%m-%dT%H:%M:%SZ}"


def asked_since(desk: Desk, who: Subscriber, expires: int | None) -> bool:
    """Whether a link to confirm, which holds until `expires` (Unix seconds), was mailed after she last left."""
    came = desk.records.get(BACK, str(who.id), now=desk.now())
    if came is None or expires is None:
        return True
    return expires >= int((datetime.fromisoformat(came) + desk.settings.confirm_within).timestamp())


def _act(desk: Desk, wish: Wish, entrance: str) -> str:
    """Returns what became of it, for the counters only."""
    people = desk.press.subscribers
    if wish.email in people.suppressed([wish.email]):
        return "suppressed"
    known = people.by_email(wish.email)
    if known is None:
        try:
            added = people.add(_new(desk, wish, entrance))
        except AddressError:
            return "suppressed"
        known = added or people.by_email(wish.email)
        if added is None and known is None:
            return "gone"
        assert known is not None
        if added is not None:
            queue_notice(desk, "confirm", known.id)
            return "new"
    if known.status == "active":
        queue_notice(desk, "link", known.id)
        return "known"
    if (known.status, "ask") not in MOVES:
        return "not-written-to"
    again = ask_again(desk, known, entrance)
    if known.confirmed_at is None:
        again = _with(again, wish)
    else:
        _keep_wish(desk, known, wish)
    people.update(again, known)
    queue_notice(desk, "confirm", known.id)
    return "again"


def _choose_anew(desk: Desk, wish: Wish) -> None:
    """Who asked a moment ago and was mailed asks again with other choices: the mail that she has is for these."""
    known = desk.press.subscribers.by_email(wish.email)
    if known is None or known.status != "pending":
        return
    if known.confirmed_at is None:
        desk.press.subscribers.update(_with(known, wish), known)
    else:
        _keep_wish(desk, known, wish)


def _keep_wish(desk: Desk, known: Subscriber, wish: Wish) -> None:
    """Who comes back keeps her own choices, over which somebody else may type, until she confirms."""
    told, until = json.dumps(asdict(replace(wish, email=""))), desk.now() + desk.settings.confirm_within
    desk.records.put(WISH, str(known.id), told, until=until)


def as_wished(desk: Desk, who: Subscriber) -> Subscriber:
    """A reader who comes back by the form, with the choices that she made there."""
    kept = desk.records.get(WISH, str(who.id), now=desk.now())
    if kept is None:
        return who
    desk.records.drop(WISH, str(who.id))
    wish = json.loads(kept)
    return _with(who, Wish(**wish | {"topics": tuple(wish["topics"])}))


def _new(desk: Desk, wish: Wish, entrance: str) -> Subscriber:
    asked = asked_now(desk, entrance)
    return _with(Subscriber(email=wish.email, status="pending", created_at=desk.now(), consent=asked), wish)


def _with(subscriber: Subscriber, wish: Wish) -> Subscriber:
    return replace(
        subscriber,
        topics=wish.topics,
        cadence=wish.cadence,
        send_hour=wish.send_hour,
        timezone=wish.timezone,
        locale=wish.locale or subscriber.locale,
        text_only=wish.text_only,
    )
