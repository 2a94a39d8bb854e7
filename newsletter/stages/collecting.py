"""Stage one: ask every source and signal, merge what they gave, keep it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

from newsletter.collect.gather import gather, hear, polls_of
from newsletter.collect.merge import fold, keys_of
from newsletter.collect.plan import days_wanted
from newsletter.model.mail import Note
from newsletter.model.paper import Ask, Problem
from newsletter.patience import StoppedError, awaited
from newsletter.stages.searching import make_vectors
from newsletter.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from newsletter.model.paper import Harvest
    from newsletter.ports import Source
    from newsletter.press import Press

HORIZON_DAYS = 30  # how far back missed days are caught up
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
SIGNAL_PAPERS = 300  # how many of the newest papers a signal is asked about at once


@traced("collect.sources")
def collect(press: Press, asof: datetime, *, stop: Callable[[], bool] = lambda: False) -> tuple[Note, ...]:
    """Ask the world as at `asof` (UTC), keep papers, listings and readings; what happened comes back as notes.

    When `stop()` says so nobody is waited for any more: what has come is kept, the next run asks the others again.
    """
    asks = [(source, _ask(press, source, asof)) for source in press.sources]
    harvests = gather(asks, stop=stop)
    known = press.papers.find(keys_of(harvests))
    seen = _seen(press, asof)
    merged = fold(harvests, known, at=seen)
    new = press.papers.keep(merged.papers, merged.listings, merged.readings, merged.originals, at=seen)
    for harvest in harvests:
        press.papers.note_answer(harvest.source, harvest.days, harvest.memory, polls_of(harvest, asof))
    notes = [note for harvest in harvests for note in harvest_notes(harvest)]
    notes += [Note("warning", problem.where, _sentence(problem.what, problem.cure)) for problem in merged.problems]
    notes.append(Note("info", "papers", f"{new} new, {len(merged.papers) - new} known again"))
    if not stop():
        make_vectors(press)
    return (*notes, *_read_signals(press, asof, stop))


def _seen(press: Press, asof: datetime) -> datetime:
    """When what comes now was seen: while the day that is acted for lasts, now, and not at its end to come."""
    now = press.clock.now()
    return now if now < asof and press.edition_day(now) == press.edition_day(asof) else asof


def harvest_notes(harvest: Harvest) -> tuple[Note, ...]:
    """What a person should know of one source's answer."""
    level: Literal["info", "warning", "error"] = "info" if harvest.state in {"ok", "empty", "unchanged"} else "warning"
    if harvest.state == "failed" or (level == "warning" and not harvest.found):
        level = "error"  # nothing came of it: when no source gave anything, the run says "again later"
    text = _below(harvest.source, harvest.note) or {"empty": "no list", "unchanged": "nothing new"}.get(
        harvest.state, harvest.state
    )
    told = [_told(harvest.source, problem) for problem in _by_days(harvest)]
    if level == "error" and told and told[0].startswith(text):  # the same with its cure: said once
        text = told.pop(0)
    return (Note(level, harvest.source, text), *(Note("warning", harvest.source, one) for one in told))


def _by_days(harvest: Harvest) -> list[Problem]:
    """What went wrong in the same way on several days is said once."""
    days: dict[tuple[str, str, bool], list[str]] = {}
    others: list[Problem] = []
    for problem in harvest.problems:
        where = _below(harvest.source, problem.where)
        if _DAY.fullmatch(where):
            days.setdefault((problem.what, problem.cure, problem.lasting), []).append(where)
        else:
            others.append(problem)
    told = [Problem(", ".join(dict.fromkeys(where)), *rest) for rest, where in days.items()]
    return [*told, *others]


def _ask(press: Press, source: Source, asof: datetime) -> Ask:
    lookback = press.config.ranking.lookback
    answered = press.papers.answered(source.name, since=asof.date() - timedelta(days=HORIZON_DAYS))
    days: tuple[date, ...] = days_wanted(
        source.daily, answered, asof, lookback_days=max(1, lookback.days), horizon_days=HORIZON_DAYS
    )
    return Ask(days, asof, press.papers.memory(source.name))


def _read_signals(press: Press, asof: datetime, stop: Callable[[], bool]) -> tuple[Note, ...]:
    notes = []
    if press.signals and not stop():
        recent = press.papers.candidates(since=asof - press.config.ranking.lookback, until=asof)
        newest = sorted(recent, key=lambda candidate: (candidate.first_seen, candidate.paper.id), reverse=True)
        papers = [candidate.paper for candidate in newest[:SIGNAL_PAPERS]]
        for signal in press.signals:
            try:
                readings, problems = awaited(partial(hear, signal, papers, asof), what=signal.name, stop=stop)
            except StoppedError as error:
                notes.append(Note("warning", signal.name, str(error)))
                break
            seen = _seen(press, asof)
            press.papers.keep((), (), [replace(reading, at=min(reading.at, seen)) for reading in readings], (), at=seen)
            read, of = len(readings), len(papers)
            notes.append(Note("info", signal.name, f"{read} reading{'s' * (read != 1)} of {of} paper{'s' * (of != 1)}"))
            notes += [Note("warning", signal.name, _told(signal.name, problem)) for problem in problems]
    return tuple(notes)


def _told(source: str, problem: Problem) -> str:
    """A problem under its source's name, which need not be said twice."""
    where = _below(source, problem.where)
    return f"{where}: {_sentence(problem.what, problem.cure)}" if where else _sentence(problem.what, problem.cure)


def _below(source: str, text: str) -> str:
    rest = text.removeprefix(source)
    return rest.lstrip(": ") if rest == "" or rest[0] in ": " else text


def _sentence(what: str, cure: str) -> str:
    if not cure:
        return what
    return f"{what} {cure}" if what.endswith((".", "!", "?")) else f"{what}. {cure}"
