"""The page of one paper: what it says, how it trends, why it was picked, what is like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, RedirectResponse

from newsletter.model.edition import Card
from newsletter.model.paper import pasted_id
from newsletter.stages.searching import alike
from newsletter.web import citing, views
from newsletter.web.plot import Plot, draw
from newsletter.web.speaking import day_name
from newsletter.web.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.responses import Response

    from newsletter.model.edition import Edition, Pick
    from newsletter.model.paper import Paper, Reading
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

SIMILAR = 5
AUTHORS = 30  # that the page names at once; papers of large experiments have thousands


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
        plain = pasted_id(paper_id)  # a version, arXiv's own DOI, a whole address: one paper, however it is named
        if plain != paper_id and (public(desk, plain) or desk.library.card_of(plain)):
            return RedirectResponse(views.paper_href(plain), status_code=301)
        return desk.lost("We do not know this paper.")
    subject = known or printed.paper  # type: ignore[union-attr] # one of the two is there
    return _page(desk, subject)


def public(desk: Desk, paper_id: str) -> Paper | None:
    """What sources said of a paper."""
    return desk.press.papers.get([paper_id]).get(paper_id)


def _page(desk: Desk, subject: Paper) -> Response:
    readings = desk.press.papers.readings(subject.id)
    listings = desk.press.papers.listings(subject.id)
    picks = desk.library.picks_of(subject.id, [one.day for one in listings][:40])
    view = views.card_view(measured(_spoken(subject, picks, desk.tongue.locale), readings))
    authors = [clean(author) for author in subject.authors]
    return desk.page(
        "paper.html.j2",
        paper=subject,
        view=view,
        facts=_facts(desk, subject),
        authors=authors[:AUTHORS],
        more_authors=authors[AUTHORS:],
        plots=plots(readings),
        reasons=_reasons(picks),
        listings=sorted({(one.day, one.source, one.kind) for one in listings}),
        similar=similar(desk, subject),
        bibtex=citing.bibtex([subject], authors=AUTHORS),
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


def _spoken(subject: Paper, picks: Sequence[tuple[Edition, Pick]], locale: str) -> Paper:
    """With the summary that the newest edition tells of it in a locale's language, if one does."""
    for edition, _ in reversed(picks):
        card = edition.card(subject.id)
        if card is not None and (told := card.told_in(locale))[0]:
            return replace(subject, summary=told[0], summary_by=told[1])
    return subject


def _reasons(picks: Sequence[tuple[Edition, Pick]]) -> list[tuple[date, views.CardView]]:
    found = []
    for edition, pick in picks:
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
