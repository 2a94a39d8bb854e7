"""A reader's own page: choices, pause, new address, her data, her saved papers, leaving and being forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from newsletter.errors import AddressError
from newsletter.model.codec import to_plain
from newsletter.model.subscriber import Feedback
from newsletter.stages.leaving import leave
from newsletter.subscribe.addresses import parse_address
from newsletter.subscribe.zones import zones
from newsletter.tongue.tongue import marked
from newsletter.web import address, citing, signup, way_back
from newsletter.web.calendar import parse_day
from newsletter.web.paper import cards
from newsletter.web.readers import reader
from newsletter.web.taste import saved_ids, standing
from newsletter.web.words import about_address

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from newsletter.model.subscriber import Subscriber
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

LONGEST_PAUSE = timedelta(days=366)
MOST = 20  # papers a topic


def preferences(desk: Desk, ask: Ask) -> Response:
    """`/preferences/<token>`; POST `action` says which of the page's forms it was."""
    who = reader(desk, "preferences", ask.params["token"])
    if who is None:
        return desk.bad_link()
    if ask.method != "POST":
        return _page(desk, ask, who)
    act = ACTIONS.get(ask.first("action"))
    if act is None:
        return _page(desk, ask, who, problem=marked("This form is not known here."), status=400)
    return act(desk, ask, who)


def data(desk: Desk, ask: Ask) -> Response:
    """All that is stored about a reader, as JSON."""
    who = reader(desk, "preferences", ask.params["token"])
    if who is None:
        return desk.bad_link()
    stored: dict[str, Any] = {
        "subscriber": to_plain(who) | {"status": who.status},
        "consent_texts": {name: list(words) for name, words in signup.CONSENT_TEXTS.items() if name in who.consent},
        "feedback": [to_plain(one) for one in desk.press.subscribers.said([who.id]).get(who.id, ())],
        "brought": [to_plain(one) for one in desk.press.subscribers.brought([who.id]).get(who.id, {}).values()],
        "papers_mailed": sorted(desk.press.ledger.seen([who.id]).get(who.id, ())),
        "last_digest": _iso(desk.press.ledger.last_day("digest", [who.id]).get(who.id)),
        "digests_answered": [
            {"day": day.isoformat(), "taken": taken} for day, taken in desk.press.ledger.latest(who.id, limit=5000)
        ],
        "returned_mail": _returned(desk, who),
    }
    return Response(
        json.dumps(stored, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
    )


def _returned(desk: Desk, who: Subscriber) -> list[dict[str, Any]]:
    """Bounces, complaints and wishes to leave that came back by mail."""
    if desk.press.returns is None:
        return []
    found = desk.press.returns.about([who.id], since=datetime(1970, 1, 1, tzinfo=UTC)).get(who.id, ())
    return [{"at": one.at.isoformat(), "what": one.what, "way": one.way, "text": one.text} for one in found]


def saved(desk: Desk, ask: Ask) -> Response:
    """The papers a reader saved, newest first; `?format=bib`, `ris` or `json` exports them."""
    who = reader(desk, "preferences", ask.params["token"])
    if who is None:
        return desk.bad_link()
    ids = saved_ids(desk.press.subscribers.said([who.id]).get(who.id, ()))
    known = desk.press.papers.get(ids)
    papers = [known[one] for one in ids if one in known]
    match ask.wanted("format"):
        case "bib":
            return _file(citing.bibtex(papers), "text/x-bibtex", "saved.bib")
        case "ris":
            return _file(citing.ris(papers), citing.RIS_TYPE, "saved.ris")
        case "json":
            text = json.dumps([to_plain(paper) for paper in papers], ensure_ascii=False, indent=2)
            return _file(text, "application/json", "saved.json")
    return desk.page(
        "saved.html.j2",
        cards=cards(desk, papers),
        token=ask.params["token"],
        private=True,
        signup=False,
        scripts=False,
    )


def _page(desk: Desk, ask: Ask, who: Subscriber, *, notice: str = "", problem: str = "", status: int = 200) -> Response:
    said = standing(desk.press.subscribers.said([who.id]).get(who.id, ()))
    return desk.page(
        "preferences.html.j2",
        status=status,
        who=who,
        token=ask.params["token"],
        notice=notice,
        problem=problem,
        zones=sorted(zones()),
        locales=dict(desk.pages.languages),
        muted=sorted(slug for slug, verb in said.topics.items() if verb == "mute"),
        saved_count=len(said.saved),
        today=desk.now().date(),
        furthest=desk.now().date() + LONGEST_PAUSE,
        private=True,
        signup=False,
        scripts=False,
    )


def _save(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    choices = signup.Choices.of(ask)
    many, locale = ask.first("per_topic"), ask.first("locale")
    wrong = signup.wrong_in(desk, choices)
    if not wrong and locale and locale not in dict(desk.pages.languages):
        wrong = marked("Choose a language from the list.")
    if not wrong and many and not (many.isascii() and many.isdigit() and len(many) <= 2 and 1 <= int(many) <= MOST):
        wrong = marked("Choose from 1 to 20 papers a topic.")
    wish = signup.wish_of(desk, who.email, choices)
    if wrong:  # shown with what she chose, as far as it is offered, and nothing of it kept
        shown = replace(who, topics=wish.topics, cadence=wish.cadence, send_hour=wish.send_hour, timezone=wish.timezone)
        return _page(desk, ask, shown, problem=wrong, status=400)
    changed = replace(
        who,
        topics=wish.topics,
        cadence=wish.cadence,
        send_hour=wish.send_hour,
        timezone=wish.timezone,
        locale=locale or None,
        per_topic=int(many) if many else None,
        text_only=ask.first("text_only") == "yes",
    )
    desk.press.subscribers.update(changed, who)
    return _page(desk, ask, changed, notice=marked("Your choices are saved. They hold from the next issue on."))


def _pause(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    today = desk.now().date()
    until = parse_day(ask.first("until"))
    if until is None or not today < until <= today + LONGEST_PAUSE:
        return _page(desk, ask, who, problem=marked("Choose a day within the next year."), status=400)
    changed = replace(who, paused_until=until)
    desk.press.subscribers.update(changed, who)
    day = until.isoformat() if desk.tongue.locale == "en" else desk.tongue.date(until, "long")
    notice = desk.tongue.say("No mail until {day}. Then one issue brings the best of what you missed.", day=day)
    return _page(desk, ask, changed, notice=notice)


def _resume(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    changed = replace(who, paused_until=None)
    desk.press.subscribers.update(changed, who)
    return _page(desk, ask, changed, notice=marked("Welcome back: your next issue comes as usual."))


def _address(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    """Ask for a new address: nothing changes until the link that is mailed there is opened and confirmed."""
    try:
        email = parse_address(ask.first("email"))
    except AddressError as error:
        return _page(desk, ask, who, problem=about_address(error), status=400)
    if (refused := signup.take_client(desk, ask, human=True)) is not None:
        return _page(desk, ask, who, problem=refused.text, status=429)
    address.ask_for(desk, who, email)
    notice = desk.tongue.say("Look into the inbox of {email}: the change holds once you confirm it there.", email=email)
    return _page(desk, ask, who, notice=notice)


def _leave(desk: Desk, ask: Ask, who: Subscriber) -> Response:  # noqa: ARG001 - all actions are called alike
    leave(desk.press, who, at=desk.now())
    return desk.page("goodbye.html.j2", private=True, signup=False, scripts=False, back=_leave_path(desk, who))


def _back(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    if who.status == "active":
        return _page(desk, ask, who)
    return way_back.come_back(desk, who, "preferences page")


def _forget(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    if ask.first("sure") != "yes":
        return _page(desk, ask, who, problem=marked("Tick the box if you are sure: this cannot be undone."), status=400)
    desk.press.subscribers.forget(who.email, at=desk.now())
    return desk.page("forgotten.html.j2", private=True, signup=False, scripts=False)


def _unmute(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    desk.press.subscribers.say(Feedback(who.id, "", "unmute", desk.now(), ask.first("topic")))
    return _page(desk, ask, who, notice=marked("The topic is back in your issues."))


ACTIONS: dict[str, Callable[[Desk, Ask, Subscriber], Response]] = {
    "save": _save,
    "pause": _pause,
    "resume": _resume,
    "address": _address,
    "leave": _leave,
    "back": _back,
    "forget": _forget,
    "unmute": _unmute,
}


def _leave_path(desk: Desk, who: Subscriber) -> str:
    return f"/unsubscribe/{desk.signer.sign('unsubscribe', who.id, who.generation)}"


def _file(text: str, kind: str, name: str) -> Response:
    return Response(text, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
