"""The contract of the editions: printed once, then the same for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.edition import Card, Edition, LeftOut, Part, Pick, Pool, Score
from newsletter.model.paper import Paper

if TYPE_CHECKING:
    from tests.support.stores import Stores

DAY = date(2026, 11, 20)


def edition(day: date, *papers: str, top: int = 1) -> Edition:
    picks = tuple(
        Pick(one, "lm", day, rank, Score((Part("words", 0.1 + 0.2, "x"),)), "Why: “so”.")
        for rank, one in enumerate(papers, 1)
    )
    cards = tuple(Card(Paper(id=one, title=f"Ünïcode {one}"), day, upvotes=3) for one in papers)
    printed = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    return Edition(day, printed, (Pool("lm", "Language models", top, picks),), cards, (LeftOut("z", "lm", "late"),))


def test_a_day_has_one_edition_and_whoever_comes_second_gets_the_first(store: Stores) -> None:
    first = edition(DAY, "a", "b")

    assert store.editions.print(first) == first
    assert store.editions.print(edition(DAY, "c")) == first
    assert store.editions.get(DAY) == first
    assert store.editions.get(DAY + timedelta(days=1)) is None


def test_editions_are_read_by_span_oldest_first(store: Stores) -> None:
    days = [DAY + timedelta(days=n) for n in range(3)]
    printed = [edition(day, f"p{day.day}") for day in days]
    for one in reversed(printed):
        store.editions.print(one)

    assert store.editions.days() == tuple(days)
    assert store.editions.between(None, days[1]) == tuple(printed[:2])
    assert store.editions.between(days[0], days[2]) == tuple(printed[1:])
    assert store.editions.between(days[2], days[2]) == ()


def test_what_was_shown_is_never_featured_again_and_what_was_below_the_top_may_be(store: Stores) -> None:
    store.editions.print(edition(DAY, "a", "b", "c", top=2))
    store.editions.print(edition(DAY + timedelta(days=1), "d"))
    store.editions.print(replace(edition(DAY, "other")))

    assert store.editions.featured(since=DAY, before=DAY + timedelta(days=1)) == {"a", "b"}
    assert store.editions.featured(since=DAY, before=DAY + timedelta(days=9)) == {"a", "b", "d"}
    assert store.editions.featured(since=DAY + timedelta(days=2), before=DAY + timedelta(days=9)) == frozenset()
