"""The contract of the vectors: each paper's own, made again for a new text, found by direction within limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.edition import Edition, Pick, Pool, Score
from newsletter.model.paper import Listing, Paper
from newsletter.model.search import Within

if TYPE_CHECKING:
    from tests.support.stores import Stores

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
DAY = date(2026, 11, 20)
A, B, C = (
    Paper(id=f"2611.0000{n}", arxiv_id=f"2611.0000{n}", title=f"The paper {n}", published=DAY - timedelta(days=n))
    for n in (1, 2, 3)
)
EAST, NORTH, NORTHEAST, WEST = (bytes((x % 256, y % 256)) for x, y in ((100, 0), (0, 7), (50, 50), (-90, 0)))


def fill(store: Stores, model: str = "m", **vectors: bytes) -> None:
    store.vectors.put(model, [(one, vectors[one.paper.title[-1]]) for one in store.vectors.due(model, limit=9)])


def edition(day: date, *papers: str) -> Edition:
    picks = tuple(Pick(one, "lm", day, place, Score(()), "So.") for place, one in enumerate(papers, 1))
    return Edition(day, NOW, (Pool("lm", "Language models", 1, picks),), ())


def keep(store: Stores) -> None:
    store.papers.keep([A, B, C], [Listing(B.id, "arxiv", DAY, "new", NOW)], [], [], at=NOW)


def vectors() -> dict[str, bytes]:
    return {"1": EAST, "2": NORTH, "3": NORTHEAST}


def test_every_paper_is_due_once_and_again_when_its_text_changes(store: Stores) -> None:
    keep(store)
    assert [one.paper for one in store.vectors.due("m", limit=9)] == [A, B, C]
    assert [one.paper for one in store.vectors.due("m", limit=2)] == [A, B]
    fill(store, **vectors())
    assert store.vectors.due("m", limit=9) == ()

    revised = replace(B, abstract="Now with an abstract.")
    store.papers.keep([A, revised], [], [], [], at=NOW)

    assert [one.paper for one in store.vectors.due("m", limit=9)] == [revised]


def test_a_text_that_changes_while_its_vector_is_made_stays_due(store: Stores) -> None:
    keep(store)
    seen = store.vectors.due("m", limit=9)
    revised = replace(C, abstract="Written while the model was at work.")
    store.papers.keep([revised], [], [], [], at=NOW)

    store.vectors.put("m", [(one, EAST) for one in seen])

    assert [one.paper for one in store.vectors.due("m", limit=9)] == [revised]


def test_papers_are_found_by_direction_nearest_first(store: Stores) -> None:
    keep(store)
    fill(store, **vectors())

    assert store.vectors.nearest("m", EAST, limit=9) == ((A.id, 1.0), (C.id, 0.707107), (B.id, 0.0))
    assert store.vectors.nearest("m", NORTHEAST, limit=1) == ((C.id, 1.0),)
    assert store.vectors.nearest("m", WEST, limit=9)[-1] == (A.id, -1.0)
    assert store.vectors.nearest("m", bytes(2), limit=9) == ()
    assert store.vectors.nearest("other", EAST, limit=9) == ()


def test_how_near_given_papers_are_is_what_the_nearest_are_told_by(store: Stores) -> None:
    keep(store)
    fill(store, **vectors())

    assert store.vectors.cosines("m", NORTHEAST, [C.id, A.id, "nobody"]) == {C.id: 1.0, A.id: 0.707107}
    assert dict(store.vectors.nearest("m", WEST, limit=9)) == store.vectors.cosines("m", WEST, [A.id, B.id, C.id])
    assert store.vectors.cosines("m", bytes(2), [A.id]) == {}
    assert store.vectors.cosines("other", EAST, [A.id]) == {}
    assert store.vectors.cosines("m", EAST, []) == {}


def test_a_changed_vector_is_seen_at_once(store: Stores) -> None:
    keep(store)
    fill(store, **vectors())
    store.vectors.nearest("m", EAST, limit=9)
    store.papers.keep([replace(A, abstract="West now.")], [], [], [], at=NOW)
    fill(store, **vectors() | {"1": WEST})

    assert store.vectors.nearest("m", EAST, limit=9) == ((C.id, 0.707107), (B.id, 0.0), (A.id, -1.0))


def test_a_search_by_direction_keeps_within_its_limits(store: Stores) -> None:
    keep(store)
    store.editions.print(edition(DAY, C.id, "nobody"))
    fill(store, **vectors())

    def found(within: Within) -> list[str]:
        return [one for one, _ in store.vectors.nearest("m", EAST, limit=9, within=within)]

    assert found(Within()) == [A.id, C.id, B.id]
    assert found(Within(source="arxiv")) == [B.id]
    assert found(Within(since=DAY - timedelta(days=2))) == [A.id, B.id]
    assert found(Within(until=DAY - timedelta(days=2))) == [C.id, B.id]
    assert found(Within(topic="lm")) == [C.id]
    assert found(Within(topic="vision")) == []
    assert found(Within(source="arxiv", since=DAY)) == []


def test_a_search_by_word_keeps_within_its_limits_too(store: Stores) -> None:
    keep(store)
    store.editions.print(edition(DAY, C.id, "nobody"))
    undated = Paper(id="9", title="The paper of no date")
    store.papers.keep([undated], [], [], [], at=NOW)

    def found(**limits: object) -> set[str]:
        return set(store.papers.search(["paper"], limit=9, within=Within(**limits)))  # type: ignore[arg-type]

    assert found() == {A.id, B.id, C.id, "9"}
    assert found(source="arxiv") == {B.id}
    assert found(since=DAY) == {"9"}
    assert found(until=DAY - timedelta(days=3)) == {C.id}
    assert found(topic="lm") == {C.id}


def test_what_arrives_later_is_outside_a_search_that_began_before(store: Stores) -> None:
    assert store.papers.last() == 0
    keep(store)
    before = Within(upto=store.papers.last())
    later = Paper(id="9", title="The paper 4 of a later day")
    store.papers.keep([later], [], [], [], at=NOW)
    fill(store, **vectors(), y=EAST)

    assert set(store.papers.search(["paper"], limit=9, within=before)) == {A.id, B.id, C.id}
    assert {one for one, _ in store.vectors.nearest("m", EAST, limit=9, within=before)} == {A.id, B.id, C.id}
    assert {one for one, _ in store.vectors.nearest("m", EAST, limit=9)} == {A.id, B.id, C.id, "9"}


def test_words_may_all_be_wanted_or_only_one(store: Stores) -> None:
    bread = Paper(id="1", title="On bread")
    cheese = Paper(id="2", title="On cheese")
    both = Paper(id="3", title="On bread and cheese")
    store.papers.keep([bread, cheese, both], [], [], [], at=NOW)

    assert store.papers.search(["bread", "cheese"], limit=9, every=True) == ("3",)
    assert set(store.papers.search(["bread", "cheese"], limit=9, every=False)) == {"1", "2", "3"}
    assert store.papers.search(["bread", "cheese"], limit=9)[0] == "3"


def test_another_model_begins_anew(store: Stores) -> None:
    keep(store)
    fill(store, **vectors())
    longer = {number: vector + b"\x01" for number, vector in vectors().items()}
    fill(store, "n", **longer)

    assert store.vectors.due("n", limit=9) == ()
    assert [one for one, _ in store.vectors.nearest("n", EAST + b"\x01", limit=9)] == [A.id, C.id, B.id]
