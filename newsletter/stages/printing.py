"""Stage two: rank what was collected and print the day's edition, once."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.collect.settle import settled
from newsletter.model.mail import Note
from newsletter.rank.edition import rank_day
from newsletter.rank.trend import RISING_WITHIN, risers
from newsletter.stages.lately import collectings, when_printed
from newsletter.stages.meaning import models_for
from newsletter.stages.quiet_days import why_quiet
from newsletter.stages.summarising import summarise
from newsletter.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from newsletter.model.edition import Edition, Topic
    from newsletter.model.paper import Candidate, Paper
    from newsletter.press import Press

LONGEST_OUTAGE = timedelta(days=30)
_MORE = re.compile(r"and (\d+) more problems like these")
NEVER_TWICE = timedelta(days=120)  # a paper shown in an edition is not a candidate again for so long


def draft(
    press: Press,
    day: date,
    asof: datetime,
    *,
    topics: tuple[Topic, ...] | None = None,
    again: Edition | None = None,
) -> tuple[Edition, tuple[Note, ...]]:
    """The edition that would be printed for `day` as at `asof`: same store and day, same edition.

    `again` is the printed one, to be ranked again: its papers as it knew them (the store knows each as it is now),
    by the model that ranked it.
    """
    config = press.config
    wanted = config.topics if topics is None else topics
    settings = replace(press.rank_settings, lookback=_lookback(press, day, asof))
    candidates, held = _ready(press, press.papers.candidates(since=asof - settings.lookback, until=asof), asof)
    then = {card.paper.id: card.paper for card in again.cards} if again else {}
    older = press.papers.remeasured(since=asof - RISING_WITHIN, until=asof)
    candidates = tuple(
        replace(one, paper=then.get(one.paper.id, one.paper)) for one in (*candidates, *risers(older, asof))
    )
    library = press.papers.get({one for topic in wanted for one in (*topic.papers, *topic.papers_not)})
    models, meaning, told = models_for(press, [one.paper for one in candidates], wanted, library, again=again)
    featured = press.editions.featured(since=day - NEVER_TWICE, before=day)
    revised = [one.paper.id for one in candidates if one.paper.id in featured and _replaced(one)]
    edition = rank_day(
        candidates,
        wanted,
        day=day,
        asof=asof,
        featured=featured,
        settings=settings,
        notes=(*_edition_notes(press, day, held), *filter(None, [meaning])),
        models=models,
        library=library,
        news_since=_before(press, day),
        measured=older,
        told=press.editions.last_cards(revised, before=day),
    )
    unknown = tuple(Note("warning", "topics", text) for text in unknown_seeds(wanted, library))
    return edition, (*told, *unknown, *(Note("info", "edition", text) for text in held))


def _replaced(candidate: Candidate) -> bool:
    return any(listing.kind == "replace" for listing in candidate.listings)


def unknown_seeds(topics: Iterable[Topic], library: Mapping[str, Paper]) -> tuple[str, ...]:
    """A sentence for each topic with seed papers that the store does not hold: they count for nothing."""
    missing = {
        topic.slug: [one for one in (*topic.papers, *topic.papers_not) if one not in library] for topic in topics
    }
    return tuple(
        f"{slug}: no paper is known as {', '.join(ids)}, so it counts for nothing"
        for slug, ids in missing.items()
        if ids
    )


@traced("print")
def print_day(press: Press, day: date, asof: datetime) -> tuple[Edition | None, tuple[Note, ...]]:
    """The day's edition, printed now unless it was before; None, with the reason, while there is nothing to print."""
    if (printed := press.editions.get(day)) is not None:
        return printed, (Note("info", "edition", f"{day} was {when_printed(printed, press.clock.now())}"),)
    edition, notes = draft(press, day, asof)
    if not any(pool.picks for pool in edition.pools):
        return None, (*notes, Note("info", "edition", _nothing(press, edition, day)))
    edition, told = summarise(press, edition)
    edition = press.editions.print(edition)
    shown = {pick.paper_id for pool in edition.pools for pick in pool.shown}
    topics = sum(bool(pool.picks) for pool in edition.pools)
    text = f"{day} printed: {len(shown)} paper{'s' * (len(shown) != 1)} in {topics} topic{'s' * (topics != 1)}"
    return edition, (*notes, *told, Note("info", "edition", text))


def _lookback(press: Press, day: date, asof: datetime) -> timedelta:
    """`[ranking] lookback`, and after an outage so much more that no list of the days without an edition is lost."""
    usual = press.config.ranking.lookback
    last = _before(press, day)
    if last is None:
        return usual
    return min(max(usual, usual + (asof - last) - timedelta(days=1)), usual + LONGEST_OUTAGE)


def _before(press: Press, day: date) -> datetime | None:
    """When the edition before that of `day` was printed."""
    before = [printed for printed in press.editions.days() if printed < day]
    last = press.editions.get(max(before)) if before else None
    return last.printed_at if last else None


def _ready(
    press: Press, candidates: tuple[Candidate, ...], asof: datetime
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Leave out papers that stand only on lists that are still filling: they go into the next edition."""
    closing = asof + timedelta(seconds=1)  # as at the end of a day, its lists count as closed
    now = asof if press.edition_day(closing) == press.edition_day(asof) else asof + timedelta(days=1)
    lists = {(listing.source, listing.day) for candidate in candidates for listing in candidate.listings}
    filling = {}
    for source, day in sorted(lists):
        if source in press.filling:
            verdict = settled(press.papers.polls(source, day), day, now)
            if not verdict.settled:
                filling[source, day] = verdict.sentence
    ready = tuple(
        candidate
        for candidate in candidates
        if not candidate.listings or any((x.source, x.day) not in filling for x in candidate.listings)
    )
    held = len(candidates) - len(ready)
    return ready, tuple(
        f"{source}: {sentence}; {held} paper{'s wait' if held != 1 else ' waits'} for the next edition"
        for (source, _), sentence in filling.items()
    )


def _edition_notes(press: Press, day: date, held: tuple[str, ...]) -> tuple[str, ...]:
    """Warnings of the day's collecting, read back from the store, so that a replay says the same.

    They are public: entries that could not be read are counted, and named to the operator alone, by `status`.
    """
    warned = {
        (note.subject, note.text)
        for run in collectings(press.runs, limit=20, day=day)
        for note in run.notes
        if note.level != "info" and note.subject in press.source_names
    }
    return (*public_notes(warned), *held)


def public_notes(warned: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A sentence for each warning of a source, and one for all its entries that were left out. What is wrong with
    an entry that was kept is the operator's business alone.
    """
    told: set[str] = set()
    left: Counter[str] = Counter()
    for subject, text in warned:
        if text.endswith("was left out."):
            left[subject] += 1
        elif more := _MORE.fullmatch(text):
            left[subject] += int(more[1])
        elif "The paper is kept, " not in text:
            told.add(f"{subject}: {text}")
    told |= {f"{one}: {n} {'entry' if n == 1 else 'entries'} could not be read" for one, n in left.items()}
    return tuple(sorted(told))


def _nothing(press: Press, edition: Edition, day: date) -> str:
    if weighed := len(_new(press, edition) & {out.paper_id for out in edition.left_out}):
        papers = "paper was" if weighed == 1 else "papers were"
        return f"nothing printed for {day}: {weighed} new {papers} weighed and none fits a topic"
    if failed := _failed(press, day):
        return f"nothing printed for {day}: no new papers, and {failed} could not be read"
    if quiet := why_quiet(day):
        return f"nothing printed for {day}: no new papers, {quiet}"
    if before := _before(press, day):
        return f"nothing printed for {day}: no new papers since {before:%Y-%m-%d %H:%M} UTC, when the last one came out"
    hours = press.config.ranking.lookback // timedelta(hours=1)
    return f"nothing printed for {day}: no new papers in the last {hours} hours"


def nothing_known(press: Press, edition: Edition, asof: datetime) -> str:
    """Why there was nothing to weigh for a draft; empty when there was."""
    if edition.left_out or any(pool.picks for pool in edition.pools):
        return ""
    if not press.papers.last():
        return "nothing was collected yet"
    if not press.papers.candidates(since=asof - NEVER_TWICE, until=asof):
        return f"no paper was known yet at {asof:%Y-%m-%d %H:%M} UTC"
    hours = press.config.ranking.lookback // timedelta(hours=1)
    return f"no paper was listed in the {hours} hours up to {asof:%Y-%m-%d %H:%M} UTC"


def _failed(press: Press, day: date) -> str:
    """The sources that gave nothing at the last look, in words."""
    asked = collectings(press.runs, limit=1, day=day)
    notes = asked[0].notes if asked else ()
    return " and ".join(sorted({n.subject for n in notes if n.level == "error" and n.subject in press.source_names}))


def _new(press: Press, edition: Edition) -> frozenset[str]:
    """Papers since the edition before, without older ones that were only looked at again."""
    asof = edition.printed_at
    since = _before(press, edition.day) or asof - press.config.ranking.lookback
    return frozenset(one.paper.id for one in press.papers.candidates(since=since, until=asof))
