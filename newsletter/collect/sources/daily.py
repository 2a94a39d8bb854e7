"""What sources with one list a day have in common: ask day by day, go on after a failure, say which days are whole."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from newsletter.collect import items
from newsletter.model.paper import Harvest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from newsletter.collect.items import Tally
    from newsletter.model.paper import Ask, Found, HarvestState

SETTLED = timedelta(hours=2)  # after midnight UTC the list of the day before has stopped growing
GIVE_UP = 2  # days in a row without an answer: the others wait for the next run

OneDay = tuple[list["Found"], bool]  # the items, and whether they are all of that day


def by_day(name: str, ask: Ask, tally: Tally, read: Callable[[date], OneDay], nothing: str) -> Harvest:
    """A harvest of the asked days. A day that may still grow is given but not called whole."""
    found: list[Found] = []
    whole: list[date] = []
    looked: list[date] = []
    lost: list[date] = []
    silent = 0
    days = [day for day in ask.days if day <= ask.asof.date()]
    for day in days:
        if silent >= GIVE_UP:
            tally.add(f"{name} {day}", "not asked: the days before it gave no answer", "The next run asks it.")
            lost.append(day)
            continue
        got, complete = read(day)
        found.extend(got)
        silent = 0 if complete or got else silent + 1
        if not complete:
            lost.append(day)
            continue
        looked.append(day)
        if ask.asof >= datetime.combine(day, time(tzinfo=UTC)) + timedelta(days=1) + SETTLED:
            whole.append(day)
    answered = len(days) > len(lost)
    state: HarvestState = "ok" if found else "empty"
    if lost:
        state = "partial" if found or answered else "failed"
    named = ", ".join(str(day) for day in days[-3:]) or "no day"
    note = f"{items.papers(len(found))} on the lists of {named}" if found else f"{name}: {nothing} ({named})"
    if lost:
        note = (note if answered or found else f"{name} gave no answer") + f"; missing: {', '.join(map(str, lost[:5]))}"
    return Harvest(name, state, tuple(found), tuple(whole), tally.problems(name), {}, note, tuple(looked))
