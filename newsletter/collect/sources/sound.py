"""What somebody else's source gave, made safe to keep: one bad item costs itself alone, and is named."""

from __future__ import annotations

import dataclasses
from dataclasses import fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, get_args

from newsletter.collect import clean, items
from newsletter.model.paper import Announced, Found, Harvest, HarvestState, Paper, Problem

if TYPE_CHECKING:
    from newsletter.model.paper import Ask
    from newsletter.ports import Source

_LINKS = {"url", "pdf_url", "code_url", "project_url", "discussion_url"}
_LIMITS = {"id": 250, "title": clean.TITLE, "abstract": clean.ABSTRACT}
_KINDS, _STATES = get_args(Announced), get_args(HarvestState)


class Sound:
    """A source whose harvests are what they should be; what they were not is told."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.daily = source.name, source.daily

    def probe(self) -> Problem | None:
        return self._source.probe()

    def fetch(self, ask: Ask) -> Harvest:
        """Raises TypeError when it gave no Harvest at all."""
        return sound(self._source.fetch(ask), self.name)


def sound(given: object, name: str) -> Harvest:
    if not isinstance(given, Harvest):
        raise TypeError(f"it gave a {type(given).__name__} instead of a Harvest")
    tally = items.Tally()
    found = []
    for place, item in enumerate(given.found, start=1):
        try:
            found.append(_item(item))
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            tally.add(f"{name} item {place}", str(error)[:200], "The item was left out.")
    state: HarvestState = given.state if given.state in _STATES else "partial"
    return Harvest(
        source=name,
        state="partial" if state == "ok" and len(tally) else state,
        found=tuple(found),
        days=_days(given.days),
        problems=(*(one for one in given.problems if isinstance(one, Problem)), *tally.problems(name)),
        memory={clean.text(key, 100): clean.text(value, 2_000) for key, value in dict(given.memory).items()},
        note=clean.text(given.note, 500),
        looked=_days(given.looked),
    )


def _item(item: object) -> Found:
    if not isinstance(item, Found) or not isinstance(item.paper, Paper):
        raise TypeError(f"it is a {type(item).__name__} instead of a Found with a Paper")
    told = {field.name: _field(item.paper, field) for field in fields(Paper)} | {"brought": False}
    paper = replace(item.paper, **told)
    if not paper.id or not paper.title:
        raise ValueError("it has no id or no title")
    if type(item.day) is not date:
        raise TypeError("its day is no date")
    return replace(
        item,
        paper=paper,
        kind=item.kind if item.kind in _KINDS else "listed",
        measured=tuple(_measure(*one) for one in item.measured),
        original=clean.original(item.original) if isinstance(item.original, str) else "",
    )


def _field(paper: Paper, field: dataclasses.Field[Any]) -> Any:
    """By the field's type as `Paper` writes it: a line of text, lines, a day, a number or a yes."""
    value, kind = getattr(paper, field.name), str(field.type)
    if kind == "str":
        return clean.link(value) if field.name in _LINKS else clean.text(value, _LIMITS.get(field.name, 2_000))
    if kind.startswith("tuple"):
        lines = (clean.text(one, clean.NAME) for one in tuple(value)[: clean.NAMES])
        return tuple(line for line in lines if line)
    if kind == "int":
        return max(0, min(int(value), 999))
    if kind == "bool":
        return bool(value)
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _measure(signal: object, value: object, at: object = None) -> tuple[str, float, datetime | None]:
    number, name = items.number(value), clean.text(signal, 80)
    if number is None or "." not in name:
        raise ValueError("it measures something that is no number with a name such as lab.votes")
    if at is not None and (not isinstance(at, datetime) or at.tzinfo is None):
        raise ValueError("it was measured at a time without a zone")
    return name, number, at


def _days(days: object) -> tuple[date, ...]:
    return tuple(day for day in days if type(day) is date) if isinstance(days, tuple | list | set | frozenset) else ()
