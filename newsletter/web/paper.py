"""The page of one paper: what it says, how it trends, why it was picked, what is like it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, RedirectResponse

from newsletter.model.edition import Card
from newsletter.stages.searching import alike
from newsletter.web import citing, views
from newsletter.web.plot import Plot, draw
from newsletter.web.speaking import day_name
from newsletter.web.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.responses import Response

    from newsletter.model.paper import Listing, Paper, Reading
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

SIMILAR = 5
_VERSION = re.compile(r"v\d{1,3}$")  # 2511.17006v2: one paper, whichever version a link names


def paper(desk: Desk, ask: Ask) -> Response:
    """`/paper/<id>`, and the same with `.bib` or `.ris` behind it."""
    paper_id = ask.params["id"]
    for suffix, write, kind in ((".bib", citing.bibtex, "text/x-bibtex"), (".ris", citing.ris, citing.RIS_TYPE)):
        if paper_id.endswith(suffix):
            found = public(desk, paper_id.removesuffix(suffix))
            if found:
                return PlainTextResponse(write([found]), media_type=kind)
    known = public(desk, paper_id)
    printed = None if known else desk.library.card_of(paper_id)
    if known is None and printed is None:
        unversioned = _VERSION.sub("", paper_id)
        if unversioned != paper_id and (public(desk, unversioned) or desk.library.card_of(unversioned)):
            return RedirectResponse(views.paper_href(unversioned), status_code=301)
        return desk.lost("We do not know this paper.")
    subject = known or printed.paper  # type: ignore[union-attr] # one of the two is there
    return _page(desk, subject)


def public(desk: Desk, paper_id: str) -> Paper | None:
    """What sources said of a paper."""
    return desk.press.papers.get([paper_id]).get(paper_id)


def _page(desk: Desk, subject: Paper) -> Response:
    readings = desk.press.papers.readings(subject.id)
    listings = desk.press.papers.listings(subject.id)
    card = measured(subject, readings)
    view = views.card_view(card)
    return desk.page(
        "paper.html.j2",
        paper=subject,
        view=view,
        facts=_facts(desk, subject),
        authors=[clean(author) for author in subject.authors],
        plots=plots(readings),
        reasons=_reasons(desk, subject, listings),
        listings=sorted({(one.day, one.source, one.kind) for one in listings}),
        similar=similar(desk, subject),
        bibtex=citing.bibtex([subject]),
        canonical=view.href,
        og_type="article",
        description=view.gist[:300],
    )


def _facts(desk: Desk, subject: Paper) -> list[str]:
    """When it was published, its categories and its version, as far as they are known."""
    every = (
        day_name(subject.published, desk.tongue) if subject.published else "",
        ", ".join(clean(one) for one in subject.categories),
        desk.tongue.say("version {n}", n=subject.version) if subject.version else "",
    )
    return [one for one in every if one]


def newest(readings: Sequence[Reading], ending: str) -> int | None:
    """The last value of the first signal whose name ends so."""
    values = [one.value for one in readings if one.signal.endswith(ending)]
    return int(values[-1]) if values else None


def plots(readings: Sequence[Reading]) -> list[tuple[str, Plot]]:
    """One plot for each signal that was read more than once, votes first."""
    series: dict[str, list[tuple[object, float]]] = {}
    for one in readings:
        if one.signal.endswith(".media"):
            continue  # a picture that somebody added: nothing that grows
        series.setdefault(one.signal, []).append((one.at, one.value))
    found = []
    for signal in sorted(series, key=lambda name: (not name.endswith(".upvotes"), name)):
        source, _, what = signal.rpartition(".")
        name = f"{what.capitalize()} ({source.removeprefix('file:')})"
        if plot := draw(series[signal], width=640, height=120, what=name):  # type: ignore[arg-type] # datetimes
            found.append((name, plot))
    return found[:4]


def _reasons(desk: Desk, subject: Paper, listings: Sequence[Listing]) -> list[tuple[date, views.CardView]]:
    days = [one.day for one in listings]
    found = []
    for edition, pick in desk.library.picks_of(subject.id, days[:40]):
        pool = next(pool for pool in edition.pools if pool.slug == pick.topic)
        if (view := views.picked(edition, pool, pick)) is not None:
            found.append((edition.day, view))
    return found[:6]


def similar(desk: Desk, subject: Paper) -> list[views.CardView]:
    """Papers that are nearest by meaning; looked up once in a while, since crawlers open every page."""
    ids = desk.alike.get(subject.id, lambda: alike(desk.press, subject, limit=SIMILAR), now=desk.now())
    known = desk.press.papers.get(ids)
    return cards(desk, [known[one] for one in ids if one in known])


def cards(desk: Desk, papers: Iterable[Paper]) -> list[views.CardView]:
    """Papers outside of any edition as cards, with the newest counts that were read."""
    papers = tuple(papers)
    readings = desk.press.papers.readings_of(one.id for one in papers)
    return [views.card_view(measured(one, readings.get(one.id, ()))) for one in papers]


def measured(subject: Paper, readings: Sequence[Reading]) -> Card:
    return Card(
        subject,
        subject.published or date.min,
        upvotes=newest(readings, ".upvotes"),
        comments=newest(readings, ".comments"),
        stars=newest(readings, ".stars"),
    )
