"""Sign up, confirm, leave, "send me my link": GET shows, POST acts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.errors import AddressError
from newsletter.stages.leaving import leave
from newsletter.subscribe.addresses import parse_address
from newsletter.subscribe.moves import move
from newsletter.subscribe.zones import zones
from newsletter.web import address, signup, way_back
from newsletter.web.readers import claimed, queue_notice
from newsletter.web.words import about_address

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.model.subscriber import Subscriber
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

WEB = "sign-up page"
LINK_FORM = "link.html.j2"


def subscribe(desk: Desk, ask: Ask) -> Response:
    """`POST /subscribe`: the same answer for new, known, pending and suppressed addresses."""
    if ask.method != "POST":
        known = sorted(zones())
        return desk.page("subscribe.html.j2", here="subscribe", canonical="/subscribe", signup=False, zones=known)
    if ask.first(signup.HONEYPOT):
        desk.meters.signups.labels("robot").inc()
        return _accepted(desk)
    choices = signup.Choices.of(ask)
    if wrong := signup.wrong_in(desk, choices):
        return _told(desk, ask, signup.Answer("wrong-choice", wrong), chosen=choices)
    wish = signup.wish_of(desk, ask.first("email"), choices)
    human = desk.stamps.fresh(ask.first("stamp"), desk.now())
    return _told(desk, ask, signup.sign_up(desk, ask, wish, human=human, entrance=WEB), chosen=choices)


def link(desk: Desk, ask: Ask) -> Response:
    """`/link`: send a known reader her own links; the same answer for everybody."""
    if ask.method != "POST":
        return desk.page(LINK_FORM, signup=False, private=True, scripts=False)
    human = desk.stamps.fresh(ask.first("stamp"), desk.now())
    if ask.first(signup.HONEYPOT):
        return _accepted(desk)
    if (refused := signup.take_client(desk, ask, human=human)) is not None:
        return _told(desk, ask, refused, LINK_FORM)
    try:
        email = parse_address(ask.first("email"))
    except AddressError as error:
        return _told(desk, ask, signup.Answer("wrong-address", about_address(error)), LINK_FORM)
    known = desk.press.subscribers.by_email(email)
    if known is not None and known.status == "active" and signup.take_address(desk, email):
        queue_notice(desk, "link", known.id)
    return _accepted(desk)


def confirm(desk: Desk, ask: Ask) -> Response:
    """`/confirm/<token>`: of a sign-up, or of a reader's new address."""
    found = claimed(desk, "confirm", ask.params["token"])
    if found is None:
        return _moved_already(desk, ask)
    claim, subscriber = found
    if claim.generation != subscriber.generation or subscriber.status not in ("pending", "active"):
        return desk.bad_link()
    if subscriber.status == "pending" and not signup.asked_since(desk, subscriber, claim.expires):
        return desk.bad_link()
    moving = address.mover(desk, subscriber)
    if moving is None and address.waits(subscriber):
        return desk.bad_link()  # who wanted to move here has left meanwhile
    if ask.method != "POST":
        return desk.page(
            "confirm.html.j2", subscriber=subscriber, moving=moving, private=True, signup=False, scripts=False
        )
    if moving is not None and subscriber.status == "pending":
        subscriber = address.move_to(desk, moving, subscriber)
    elif subscriber.status == "pending":
        subscriber = _agreed(desk, subscriber)
    return _confirmed(desk, subscriber)


def unsubscribe(desk: Desk, ask: Ask) -> Response:
    """`/unsubscribe/<token>` to the letter of RFC 8058: POST needs nothing but the token, and may come twice.

    Links of every generation work: who wants to leave by an old mail leaves. A reader who is gone has left.
    """
    claim = desk.signer.read("unsubscribe", ask.params["token"], desk.now())
    if claim is None:
        return desk.bad_link()
    subscriber = desk.press.subscribers.get([claim.subscriber_id]).get(claim.subscriber_id)
    back = ask.first("action") == "back"
    if ask.method != "POST" or (back and subscriber is not None and subscriber.status == "active"):
        gone = subscriber is None or subscriber.status == "left"
        return desk.page(
            "unsubscribe.html.j2", gone=gone, subscriber=subscriber, private=True, signup=False, scripts=False
        )
    if back:
        return way_back.come_back(desk, subscriber, "way back")
    if subscriber is not None:
        leave(desk.press, subscriber, at=desk.now())
    return desk.page("goodbye.html.j2", private=True, signup=False, scripts=False, back=ask.path)


def preferences_path(desk: Desk, subscriber: Subscriber) -> str:
    return f"/preferences/{desk.signer.sign('preferences', subscriber.id, subscriber.generation)}"


def _agreed(desk: Desk, subscriber: Subscriber) -> Subscriber:
    now = desk.now()
    consent = f"{subscriber.consent}, confirmed {now:%Y-%m-%dT%H:%M:%SZ}"
    agreed = signup.as_wished(desk, replace(move(subscriber, "confirm", at=now), consent=consent))
    desk.press.subscribers.update(agreed, subscriber)
    signup.proven(desk, subscriber.email)
    queue_notice(desk, "welcome", subscriber.id)
    return agreed


def _moved_already(desk: Desk, ask: Ask) -> Response:
    """A second click on the link of a new address: its waiting row is gone, the reader is at home there."""
    claim = desk.signer.read("confirm", ask.params["token"], desk.now())
    there = None if claim is None else address.moved(desk, claim.subscriber_id)
    return desk.bad_link() if there is None else _confirmed(desk, there)


def _confirmed(desk: Desk, subscriber: Subscriber) -> Response:
    return desk.page(
        "confirmed.html.j2",
        subscriber=subscriber,
        preferences=preferences_path(desk, subscriber),
        private=True,
        signup=False,
        scripts=False,
    )


def _told(
    desk: Desk,
    ask: Ask,
    answer: signup.Answer,
    form: str = "subscribe.html.j2",
    *,
    chosen: signup.Choices | None = None,
) -> Response:
    """The answer to a form; when it is refused, the form again with what was typed and `chosen`."""
    if answer.result == "accepted":
        return _accepted(desk)
    status = 429 if answer.result == "too-many" else 400
    response = desk.page(
        form,
        status=status,
        problem=answer.text,
        typed=ask.first("email")[:254],
        chosen=chosen,
        zones=sorted(zones()),
        signup=False,
        private=True,
        scripts=False,
        here="subscribe",
    )
    if answer.retry_after:
        response.headers["Retry-After"] = str(answer.retry_after)
    return response


def _accepted(desk: Desk) -> Response:
    return desk.page("check_inbox.html.j2", asked="", private=True, signup=False, scripts=False)
