"""Editions and issues as JSON: canonical, so that the same edition is the same bytes for ever."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter.model import edition as edition_module
from newsletter.model import paper as paper_module
from newsletter.model import subscriber as subscriber_module
from newsletter.model.edition import Edition, FollowUp, Issue, Pick, Section

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A noun as lists, dicts, strings and numbers; fields that hold their default are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(item)
            for field in dataclasses.fields(value)
            if (item := getattr(value, field.name)) != field.default
        }
    if isinstance(value, tuple | list | frozenset):
        return [to_plain(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """The inverse of `to_plain` for a dataclass of `newsletter.model`; unknown keys are ignored."""
    return typing.cast("T", _build(kind, plain))


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no blanks, UTF-8 kept."""
    return json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def edition_to_json(edition: Edition) -> str:
    return dumps(edition)


def edition_from_json(text: str) -> Edition:
    return from_plain(Edition, json.loads(text))


def issue_to_payload(issue: Issue) -> str:
    """What the ledger keeps of a digest: editions and picks, never the body.

    Each pick is `[paper id, edition day, topic it was ranked in, marks...]`.
    """
    return json.dumps(
        {
            "editions": [day.isoformat() for day in issue.editions],
            "sections": [
                [
                    s.slug,
                    s.name,
                    s.more,
                    [[p.paper_id, p.day.isoformat(), p.topic, *p.marks] for p in s.picks],
                ]
                for s in issue.sections
            ],
            "follow_ups": to_plain(issue.follow_ups),
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


Picks = Mapping[tuple[str, str, str], Pick]  # by (paper id, edition day, topic)


def picks_of(editions: Iterable[Edition]) -> Picks:
    """The picks of some editions by what a payload calls them."""
    return {
        (pick.paper_id, edition.day.isoformat(), pick.topic): pick
        for edition in editions
        for pool in edition.pools
        for pick in pool.picks
    }


def issue_from_payload(
    payload: str, *, subscriber_id: int, day: date, editions: Iterable[Edition] = (), picks: Picks | None = None
) -> Issue:
    """The issue again, its picks looked up in the editions that it was cut from, or in `picks` of these.

    KeyError: an edition is missing.
    """
    plain = json.loads(payload)
    found = picks_of(editions) if picks is None else picks
    sections = tuple(
        Section(
            slug,
            name,
            tuple(
                _marked(found[paper_id, edition_day, topic], tuple(marks))
                for paper_id, edition_day, topic, *marks in chosen
            ),
            more,
        )
        for slug, name, more, chosen in plain["sections"]
    )
    return Issue(
        subscriber_id,
        day,
        tuple(date.fromisoformat(day_) for day_ in plain["editions"]),
        sections,
        tuple(from_plain(FollowUp, item) for item in plain["follow_ups"]),
    )


def _marked(pick: Pick, marks: tuple[str, ...]) -> Pick:
    return pick if pick.marks == marks else dataclasses.replace(pick, marks=marks)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The field types of a noun. The nouns import each other for type checkers only, so their names are given here."""
    names = {"date": date, "datetime": datetime}
    for module in (paper_module, edition_module, subscriber_module):
        names |= vars(module)
    return typing.get_type_hints(kind, globalns=names)


Builder = Callable[[Any], Any]


@cache
def _builder(kind: Any) -> Builder | None:
    """What makes a value of this type of its plain form; None: the plain form is the value.

    Looked up once for each type: a search reads hundreds of papers, and most of their fields are text.
    """
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _tuples(typing.get_args(kind))
    if origin in (types.UnionType, typing.Union):
        return _builder(next(one for one in typing.get_args(kind) if one is not type(None)))
    if kind is datetime or kind is date:
        return typing.cast("Builder", kind.fromisoformat)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _nouns(kind)
    return None


def _tuples(inner: tuple[Any, ...]) -> Builder:
    if len(inner) == 2 and inner[1] is Ellipsis:
        make = _builder(inner[0])
        return tuple if make is None else lambda plain: tuple(_made(make, item) for item in plain)
    makers = tuple(map(_builder, inner))
    return lambda plain: tuple(_made(make, item) for make, item in zip(makers, plain, strict=True))


def _nouns(kind: type) -> Builder:
    hints = _hints(kind)
    makers: dict[str, Builder | None] = {}

    def make(plain: Mapping[str, Any]) -> Any:
        if not makers:  # not before the first one: a noun may hold its own kind
            makers.update({field.name: _builder(hints[field.name]) for field in dataclasses.fields(kind)})
        return kind(**{name: _made(makers[name], item) for name, item in plain.items() if name in makers})

    return make


def _made(make: Builder | None, plain: Any) -> Any:
    return plain if make is None or plain is None else make(plain)


def _build(kind: Any, plain: Any) -> Any:
    return _made(_builder(kind), plain)
