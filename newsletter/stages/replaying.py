"""Past days ranked again as they were, by one ranker or two, and measured by what came later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.backtest.measures import Judged, Measures, measure
from newsletter.backtest.rankers import read_ranker
from newsletter.model.codec import edition_to_json
from newsletter.rank.words import words
from newsletter.stages.printing import draft
from newsletter.stages.summarising import summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from newsletter.model.edition import Edition, Pool
    from newsletter.model.paper import Candidate
    from newsletter.press import Press

LONGEST = 400  # days of one backtest
VOTES = ("upvotes", "votes", "points", "likes")


@dataclass(frozen=True, slots=True)
class Row:
    """One topic of one day, measured for each ranker, in their order."""

    day: date
    topic: str
    field: int  # papers that any ranker took into its pool
    measures: tuple[Measures, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A printed day ranked again as at the moment it was printed: the same bytes, or what differs."""

    day: date
    differs: tuple[str, ...]  # "picks", "cards", "notes", ...; empty: the same bytes


def backtest(
    press: Press, days: Sequence[date], rankers: Sequence[str], *, watch: Callable[[date], None] = lambda _: None
) -> tuple[Row, ...]:
    """Rank each day as at its end, by each ranker; votes that came later decide. Raises UsageError for a ranker."""
    settings = [read_ranker(text, press.rank_settings) for text in rankers]
    if not days:
        return ()
    presses = [replace(press, rank_settings=one) for one in settings]
    start = _end(press, days[0]) - max(one.lookback for one in settings) - timedelta(days=31)
    known = {one.paper.id: one for one in press.papers.candidates(since=start, until=press.clock.now())}
    rows: list[Row] = []
    for day in days:
        watch(day)
        editions = [draft(one, day, _end(press, day))[0] for one in presses]
        rows += _rows(day, _end(press, day), editions, known)
    return tuple(rows)


def days_between(press: Press, first: date | None, last: date | None) -> tuple[date, ...]:
    """Every day from the first to the last; where one is left out, the first or last printed day."""
    printed = press.editions.days()
    if first is None and not printed:
        return ()
    first, last = first or printed[0], last or (printed[-1] if printed else press.edition_day(press.clock.now()))
    count = min((last - first).days + 1, LONGEST)
    return tuple(last - timedelta(days=back) for back in range(count - 1, -1, -1))


def replay(press: Press, days: Sequence[date]) -> tuple[Replayed, ...]:
    """Each printed day among these, ranked again as at the moment it was printed, its papers as it knew them."""
    found = []
    for day in days:
        printed = press.editions.get(day)
        if printed is not None:
            again, _ = draft(press, day, printed.printed_at, again=printed)
            again, _ = summarise(replace(press, summarizer=None), again, again=printed)  # those that were kept
            found.append(Replayed(day, _differences(printed, again)))
    return tuple(found)


def _differences(printed: Edition, again: Edition) -> tuple[str, ...]:
    if not any(pick.reasons for pool in printed.pools for pick in pool.picks):
        again = _without_reasons(again)  # printed before reasons were kept beside the sentence
    if edition_to_json(printed) == edition_to_json(again):
        return ()
    topics = {pool.slug for pool in printed.pools} != {pool.slug for pool in again.pools}
    picks = {p.slug: [x.paper_id for x in p.picks] for p in printed.pools}
    now = {p.slug: [x.paper_id for x in p.picks] for p in again.pools}
    kinds = {
        "topics": topics,
        "picks": not topics and picks != now,
        "scores": not topics and picks == now and printed.pools != again.pools,
        "cards": printed.cards != again.cards,
        "left out": printed.left_out != again.left_out,
        "notes": printed.notes != again.notes,
        "follow-ups": printed.follow_ups != again.follow_ups,
    }
    return tuple(name for name, differs in kinds.items() if differs)


def _without_reasons(edition: Edition) -> Edition:
    pools = tuple(
        replace(pool, picks=tuple(replace(pick, reasons=()) for pick in pool.picks)) for pool in edition.pools
    )
    return replace(edition, pools=pools, follow_ups=tuple(replace(news, value="") for news in edition.follow_ups))


def _rows(day: date, asof: datetime, editions: Sequence[Edition], known: Mapping[str, Candidate]) -> list[Row]:
    pools: dict[str, list[Pool]] = {}
    for edition in editions:
        for pool in edition.pools:
            pools.setdefault(pool.slug, []).append(pool)
    rows = []
    for slug, some in pools.items():
        field = sorted({pick.paper_id for pool in some for pick in pool.picks if pick.paper_id in known})
        if len(field) < 2 or len(some) != len(editions):
            continue
        judged = Judged(
            top=some[0].top,
            later={one: _votes(known[one], None) for one in field},
            then={one: _votes(known[one], asof) for one in field},
            words={one: _words(known[one]) for one in field},
        )
        picks = [[pick.paper_id for pick in pool.picks if pick.paper_id in known] for pool in some]
        rows.append(Row(day, slug, len(field), tuple(measure(one, judged) for one in picks)))
    return rows


def _words(candidate: Candidate) -> frozenset[str]:
    return frozenset(words(f"{candidate.paper.title} . {candidate.paper.abstract}"))


def _votes(candidate: Candidate, until: datetime | None) -> float:
    """The most votes on any signal by then; None: by now."""
    read = [one for one in candidate.readings if until is None or one.at <= until]
    return max((one.value for one in read if one.signal.rpartition(".")[2] in VOTES), default=0.0)


def _end(press: Press, day: date) -> datetime:
    zone = ZoneInfo(press.config.newsletter.timezone)
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(seconds=1)
