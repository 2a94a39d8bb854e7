"""Pages to read: today, a day, a week, a month, a topic, the archive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter.tongue.tongue import marked
from newsletter.web import calendar as cal
from newsletter.web import views
from newsletter.web.library import holds
from newsletter.web.speaking import day_name, span_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from starlette.responses import Response

    from newsletter.model.edition import Edition
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

TOP_OF_SPAN = 20
TOPIC_DAYS = 10
LONGEST_ISSUE = timedelta(days=62)  # what one page brings together


def home(desk: Desk, ask: Ask) -> Response:
    """The newest edition that holds a paper."""
    latest = desk.library.latest(1)
    if not latest:
        return desk.page("empty.html.j2", canonical="/", here="today", runs=desk.press.runs.last(limit=3))
    return _day_page(desk, ask, latest[0], canonical="/", here="today")


def day(desk: Desk, ask: Ask) -> Response:
    """One day's edition, or why there is none."""
    wanted = cal.parse_day(ask.params["day"])
    if wanted is None:
        return desk.lost("A day is written like 2026-11-20.")
    edition = desk.library.get(wanted)
    if edition is not None and holds(edition):
        return _day_page(desk, ask, edition, canonical=f"/day/{wanted}", here="day")
    back, forth = cal.turns(wanted, _full_days(desk, wanted), lambda one: why_empty(desk, one))
    return desk.page(
        "day_empty.html.j2",
        status=200 if edition is not None else 404,
        day=wanted,
        back=back,
        forth=forth,
        reasons=why_empty(desk, wanted) if wanted <= desk.now().date() else (marked("this day is still to come"),),
        canonical=f"/day/{wanted}" if edition is not None else "",
        here="day",
    )


def week(desk: Desk, ask: Ask) -> Response:
    span = cal.parse_week(ask.params["week"])
    if span is None:
        return desk.lost("A week is written like 2026-W47.")
    return _span_page(desk, span, cal.week_of)


def month(desk: Desk, ask: Ask) -> Response:
    span = cal.parse_month(ask.params["month"])
    if span is None:
        return desk.lost("A month is written like 2026-11.")
    return _span_page(desk, span, cal.month_of)


def topic(desk: Desk, ask: Ask) -> Response:
    """The last editions of one topic, newest first."""
    slug = ask.params["slug"]
    shelves: list[tuple[date, views.Shelf]] = []
    for edition in desk.library.latest(30):
        if len(shelves) == TOPIC_DAYS:
            break
        spoken = views.spoken(edition, desk.tongue.locale)
        shelves += [(edition.day, shelf) for shelf in views.by_topic(spoken, only=slug)]
    known = desk.topics.get(slug)
    if known is None and not shelves:
        return desk.lost("No topic has this name.")
    return desk.page(
        "topic.html.j2",
        slug=slug,
        title=known.name if known else shelves[0][1].name,
        about=known.query if known else "",
        days=shelves,
        canonical=f"/topic/{slug}",
        description=desk.tongue.say(
            "The newest trending papers on {topic}, each with why.",
            topic=desk.tongue.gettext(known.name if known else shelves[0][1].name),
        ),
        feed=f"/topic/{slug}/feed.atom",
        here="topics",
    )


def archive(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    """All printed days by month."""
    months: dict[str, list[date]] = {}
    for one in reversed(desk.library.days()):
        months.setdefault(cal.month_of(one).path, []).append(one)
    rows = [(cal.month_of(days[0]), days) for days in months.values()]
    about = desk.tongue.say("Every day's trending papers, as they were printed.")
    return desk.page("archive.html.j2", months=rows, canonical="/archive", here="archive", description=about)


def why_empty(desk: Desk, one: date) -> tuple[str, ...]:
    """Why a day has no papers, from its edition, the run ledger and the calendar."""
    runs = desk.press.runs.last(limit=3, day=one)
    notes = [note.text for run in runs for note in run.notes if note.subject in ("edition", "collect")]
    return cal.reasons(one, desk.library.get(one), notes[:2])


def _day_page(desk: Desk, ask: Ask, edition: Edition, *, canonical: str, here: str) -> Response:
    """`?by=trend` by upvotes; `?since=DAY` together with the editions before it, as an issue that brings several."""
    by = "trend" if ask.wanted("by") == "trend" else "topic"
    since = cal.parse_day(ask.wanted("since"))
    if since is None or not timedelta() < edition.day - since <= LONGEST_ISSUE:
        return desk.page("day.html.j2", since=None, **_day_values(desk, edition, by, canonical, here))
    several = [one for one in desk.library.between(since, edition.day) if holds(one)]
    values = _day_values(desk, views.together(several), by, canonical, here)
    return desk.page("day.html.j2", since=since, **values)


def _day_values(desk: Desk, edition: Edition, by: str, canonical: str, here: str) -> dict[str, Any]:
    edition = views.spoken(edition, desk.tongue.locale)
    shelves = views.by_trend(edition) if by == "trend" else views.by_topic(edition)
    count = _size(edition)
    back, forth = cal.turns(edition.day, _full_days(desk, edition.day), lambda one: why_empty(desk, one))
    best = views.top_of(edition, 3)
    return {
        "day": edition.day,
        "edition": edition,
        "shelves": shelves,
        "by": by,
        "count": count,
        "back": back,
        "forth": forth,
        "week": cal.week_of(edition.day),
        "month": cal.month_of(edition.day),
        "titles": {card.paper.id: views.card_view(card) for card in edition.cards if _followed(edition, card.paper.id)},
        "canonical": canonical,
        "here": here,
        "description": desk.tongue.count(
            "{n} trending paper of {day}: {titles}",
            "{n} trending papers of {day}: {titles}",
            count,
            day=day_name(edition.day, desk.tongue),
            titles="; ".join(card.title for card in best),
        ),
    }


def _followed(edition: Edition, paper_id: str) -> bool:
    return any(news.paper_id == paper_id for news in edition.follow_ups)


def _full_days(desk: Desk, around: date) -> Sequence[date]:
    """Printed days near `around`, without those whose edition holds nothing."""
    days = desk.library.days()
    before = [one for one in days if one < around][-20:]
    after = [one for one in days if one > around][:20]
    return [*_nearest(desk, reversed(before)), *_nearest(desk, after)]


def _nearest(desk: Desk, days: Any) -> list[date]:
    for one in days:
        edition = desk.library.get(one)
        if edition is not None and holds(edition):
            return [one]
    return []


def _span_page(desk: Desk, span: cal.Span, span_of: Callable[[date], cal.Span]) -> Response:
    editions = [
        views.spoken(edition, desk.tongue.locale)
        for edition in desk.library.between(span.first, span.last)
        if holds(edition)
    ]
    best: dict[str, tuple[date, views.CardView]] = {}
    for edition in editions:
        for card in views.top_of(edition, TOP_OF_SPAN):
            if card.id not in best or (best[card.id][1].upvotes or 0) < (card.upvotes or 0):
                best[card.id] = (edition.day, card)
    ranked = sorted(best.values(), key=lambda one: (-(one[1].upvotes or 0), one[0], one[1].id))[:TOP_OF_SPAN]
    days = desk.library.days()
    before, after = [one for one in days if one < span.first], [one for one in days if one > span.last]
    return desk.page(
        "span.html.j2",
        span=span,
        best=ranked,
        editions=[(edition.day, views.top_of(edition, 3), _size(edition)) for edition in editions],
        back=span_of(before[-1]) if before else None,
        forth=span_of(after[0]) if after else None,
        canonical=span.path,
        here="archive",
        description=desk.tongue.say("The most upvoted papers of {span}.", span=span_name(span, desk.tongue)),
    )


def _size(edition: Edition) -> int:
    return len({pick.paper_id for pool in edition.pools for pick in pool.picks})
