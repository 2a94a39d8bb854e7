"""arXiv: today's announcement from the feed, verified and completed by the API; missed days from the API."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from newsletter.collect import items
from newsletter.collect.answers import unheard
from newsletter.collect.http import ARXIV_PACE
from newsletter.collect.sources.arxiv_asking import Asking
from newsletter.collect.sources.arxiv_calendar import EASTERN, latest, list_day, window
from newsletter.model.paper import Found, Harvest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from newsletter.collect.http import Http, Session
    from newsletter.collect.sources.arxiv_entries import Entry
    from newsletter.model.paper import Ask, HarvestState, Problem

REMEMBERED = 10  # days
GIVE_UP = 2  # days in a row without an answer: the others wait for the next run
_SURE = timedelta(hours=6)  # after midnight Eastern the API has the announcement of the evening before
_LATER = "The next run asks again."


class Arxiv:
    """The lists of some categories, one a working day, dated by the morning they appear in New York."""

    daily = True

    def __init__(
        self, http: Http, *, name: str, url: str, feed_url: str, categories: Sequence[str], pace: float | None
    ) -> None:
        self.name = name
        self.api = _ending(url, "/api/query")
        self.feed = _ending(feed_url, "/rss")
        self.categories = tuple(dict.fromkeys(categories))
        self._http, self._pace = http, ARXIV_PACE if pace is None else pace

    def session(self) -> Session:
        return self._http.session(self.api, self.feed, pace=self._pace)

    def probe(self) -> Problem | None:
        if self.api:
            answer = self.session().get(self.api, {"id_list": "1706.03762", "max_results": 1}, tries=1)
        else:
            answer = self.session().get(f"{self.feed}/{'+'.join(self.categories)}", tries=1)
        return unheard(self.name, answer)

    def fetch(self, ask: Ask) -> Harvest:
        return _Fetch(self, ask).harvest()


class _Fetch:
    """One fetch: what was found so far, day by day."""

    def __init__(self, source: Arxiv, ask: Ask) -> None:
        self._source, self._ask, self._name = source, ask, source.name
        self._tally = items.Tally()
        self._asking = Asking(source.session(), api=source.api, feed=source.feed, tally=self._tally, where=source.name)
        self._newest = latest(ask.asof)
        self._memory = dict(ask.memory)
        self._closed = set(ask.memory.get("closed", "").split())  # an announcement does not grow: it is read once
        self._found: dict[tuple[str, date], Found] = {}
        self._whole: list[date] = []
        self._missing: list[date] = []
        self._stale = ""
        self._unchanged = False

    def harvest(self) -> Harvest:
        today = min(self._ask.asof.astimezone(EASTERN).date(), self._ask.asof.date())
        silent = 0
        for day in self._ask.days:
            if day > today:
                continue
            if window(day) is None:
                self._whole.append(day)
                continue
            if str(day) in self._closed and day != self._newest:
                self._whole.append(day)
                self._unchanged = True
                continue
            if silent >= GIVE_UP:
                self._tally.add(f"{self._name} {day}", "not asked: the days before it gave no answer", _LATER)
                complete = False
            else:
                complete = self._day(day)
                silent = 0 if complete or any(when == day for _, when in self._found) else silent + 1
            if not complete:
                self._missing.append(day)
        closed = sorted({*self._closed, *(str(day) for day in self._whole if window(day))})
        self._memory["closed"] = " ".join(closed[-REMEMBERED:])
        return Harvest(
            source=self._name,
            state=self._state(),
            found=tuple(self._found.values()),
            days=tuple(self._whole),
            problems=self._tally.problems(self._name),
            memory=self._memory,
            note=self._note(),
        )

    def _day(self, day: date) -> bool:
        """Read the list of one day; False when something of it may be missing."""
        if day == self._newest and self._source.feed:
            return self._today(day)
        complete = self._from_api(day, self._source.categories)
        if complete and self._ask.asof >= datetime.combine(day, time(tzinfo=EASTERN)) + _SURE:
            self._whole.append(day)
        return complete

    def _today(self, day: date) -> bool:
        """The feed, category by category: one may be stale under a fresh feed (ZJU-REAL/Polaris issue 414)."""
        held = self._ask.memory if self._ask.memory.get("batch") == day.isoformat() else {}
        feed = self._asking.feed(
            self._source.categories, etag=held.get("etag", ""), last_modified=held.get("last_modified", "")
        )
        if feed.unchanged:
            self._unchanged = True
            self._whole.append(day)
            return True
        batch = [entry for entry in feed.entries if entry.listed in (day, None)]
        self._keep(self._with_details(batch, held), day)
        others = [entry for entry in feed.entries if entry.listed in self._ask.days and entry.listed < day]
        for entry in others:
            self._keep([entry], entry.listed)
        fresh = {category for entry in batch for category in entry.paper.categories}
        behind = [category for category in self._source.categories if category not in fresh]
        if behind and not self._heal(day, behind, feed.entries):
            return False
        if not feed.fine and not behind:
            return False
        self._whole.append(day)
        if feed.fine and not behind:
            self._memory.update(batch=day.isoformat(), etag=feed.etag, last_modified=feed.last_modified)
        return True

    def _heal(self, day: date, behind: list[str], entries: Iterable[Entry]) -> bool:
        """Ask the API for categories that the feed has nothing new in. True: now the day is whole, or truly empty."""
        old = {c: entry.listed for entry in entries for c in entry.paper.categories if c in behind and entry.listed}
        before = len(self._found)
        complete = bool(self._source.api) and self._from_api(day, behind)
        if len(self._found) > before:
            what = f"the feed has nothing of {day} in {', '.join(behind)}; the papers were read from the API"
            self._tally.add(f"{self._name} {day}", what, "Nothing to do.")
            return complete
        if old:
            since = max(old.values())
            self._stale = f"{', '.join(sorted(old))} stale since {since}"
            self._tally.add(
                f"{self._name} {day}", f"the feed still shows the list of {since} in {', '.join(old)}", _LATER
            )
            return False
        return complete

    def _from_api(self, day: date, categories: Sequence[str]) -> bool:
        """Submissions of the window that this day announced. Papers that were held back come with no list here."""
        span = window(day)
        if span is None or not self._source.api:
            return span is None
        start, end = (moment.strftime("%Y%m%d%H%M") for moment in (span[0], span[1] - timedelta(minutes=1)))
        either = " OR ".join(f"cat:{category}" for category in categories)
        entries, complete = self._asking.search(f"({either}) AND submittedDate:[{start} TO {end}]", str(day))
        for entry in entries:
            inside = entry.submitted is None or span[0] <= entry.submitted < span[1]
            when = day if inside or entry.submitted is None else list_day(entry.submitted)
            if when <= self._newest:
                self._keep([entry], when)
        return complete

    def _with_details(self, batch: list[Entry], held: dict[str, str]) -> list[Entry]:
        """The feed's entries with the API's author names, comments and submission days, where it gives them."""
        numbers = [entry.paper.id for entry in batch if entry.kind in {"new", "cross"}]
        if not self._source.api or not numbers or held.get("details"):
            return batch
        details = self._asking.details(numbers)
        self._memory["details"] = "yes"
        return [
            dataclasses.replace(
                entry,
                paper=dataclasses.replace(
                    known.paper,
                    version=max(known.paper.version, entry.paper.version),
                    licence=entry.paper.licence,
                    categories=known.paper.categories or entry.paper.categories,
                ),
            )
            if (known := details.get(entry.paper.id)) is not None
            else entry
            for entry in batch
        ]

    def _keep(self, entries: Iterable[Entry], day: date | None) -> None:
        if day is None:
            return
        wanted = set(self._source.categories)
        for entry in entries:
            crossed = entry.kind == "new" and entry.paper.categories and entry.paper.categories[0] not in wanted
            kind = "cross" if crossed else entry.kind
            self._found.setdefault(
                (entry.paper.id, day), Found(paper=entry.paper, day=day, kind=kind, original=entry.original)
            )

    def _state(self) -> HarvestState:
        if self._stale:
            return "stale"
        if self._missing:
            return "partial" if self._found or self._whole or self._unchanged else "failed"
        if self._found:
            return "ok"
        return "unchanged" if self._unchanged else "empty"

    def _note(self) -> str:
        missing = f"; missing: {', '.join(str(day) for day in self._missing[:5])}" if self._missing else ""
        if self._stale:
            return f"{self._name}: {self._stale}{missing}"
        if self._found:
            days = sorted({day for _, day in self._found})
            named = ", ".join(str(day) for day in days[-3:])
            return f"{items.papers(len(self._found))} on the lists of {named}{missing}"
        if self._missing:
            return f"{self._name} gave no answer{missing}"
        if self._unchanged:
            return f"{self._name} has had nothing new since the list of {self._newest}"
        return f"{self._name} announced nothing on these days; there is no list at weekends and on holidays"


def _ending(url: str, path: str) -> str:
    whole = url.rstrip("/")
    return whole if not whole or whole.endswith(path) else whole + path
