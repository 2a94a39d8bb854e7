"""Tastes of a block of readers order their issues as each taste would alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model.edition import Card
from newsletter.rank.cut import Shelf
from newsletter.rank.likings import WEIGHT, Likings
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import MEANING
from newsletter.rank.taste import AUTHOR, Taste
from newsletter.rank.text_model import Models, load_models
from newsletter.rank.words import name_key
from tests.support.ranking import DAY, edition, pick
from tests.support.searching import PAPERS, paper

if TYPE_CHECKING:
    import pytest
    from numpy.typing import NDArray

    from newsletter.model.paper import Paper

MORE = tuple(
    paper(20 + n, f"{one.title} and {other.title}", f"{other.abstract} {one.abstract}", authors=(f"Author {n % 3}",))
    for n, (one, other) in enumerate(zip(PAPERS, PAPERS[3:], strict=False))
)
EVERY = (*PAPERS, *MORE)
SOME = st.lists(st.sampled_from(EVERY), max_size=6, unique=True).map(tuple)


@cache
def models() -> Models:
    return load_models()


@given(SOME, SOME, st.lists(st.sampled_from(EVERY), min_size=1, max_size=8, unique=True), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_shared_taste_blends_as_the_taste_alone(
    likes: tuple[Paper, ...], dislikes: tuple[Paper, ...], shelf: list[Paper], warm: bool
) -> None:
    text = models().text
    assert text is not None
    likings = Likings(text)
    if warm:
        Taste(dislikes, likes, likings=likings).blend(np.zeros(len(EVERY)), EVERY, models())
    stated = standard(np.arange(len(shelf), 0, -1.0))
    left = {one.id: 0.5 for one in EVERY[::2]}

    shared = Taste(likes, dislikes, left, likings).blend(stated, shelf, models())
    again = Taste(likes, dislikes, left, likings).blend(stated, shelf, models())
    alone = Taste(likes, dislikes, left).blend(stated, shelf, models())

    assert shared.tolist() == alone.tolist() == again.tolist()


@given(st.permutations(EVERY[:6]))
@settings(max_examples=20, deadline=None)
def test_the_order_of_her_likes_changes_nothing(likes: list[Paper]) -> None:
    stated = np.zeros(len(EVERY))
    one, other = (Taste(tuple(some)).blend(stated, EVERY, models()) for some in (likes, EVERY[:6]))

    np.testing.assert_allclose(one, other, atol=2e-6)


@given(SOME, SOME)
@settings(max_examples=40, deadline=None)
def test_likes_alike_bring_up_what_says_their_words_without_a_text_model_too(
    likes: tuple[Paper, ...], dislikes: tuple[Paper, ...]
) -> None:
    blend = Taste(likes, dislikes).blend(None, EVERY, Models())

    assert np.isfinite(blend).all()
    if likes and not dislikes:
        assert blend[[EVERY.index(one) for one in likes]].mean() >= blend.mean()


def test_a_shared_taste_reorders_a_shelf() -> None:
    text = models().text
    assert text is not None
    picks = tuple(pick(one.id, "all", 1.0 - n / 100) for n, one in enumerate(PAPERS))
    today = edition(DAY, all=picks)
    today = today.__class__(today.day, today.printed_at, today.pools, tuple(Card(one, DAY) for one in PAPERS))
    shelf = Shelf("all", "All", 3, picks)
    likes = tuple(paper(90 + n, "Robot arms and legged robots") for n in range(12))
    robots = Taste(likes, likings=Likings(text))

    ordered = robots.reorder(shelf, [today], models())

    assert {one.paper_id for one in ordered.picks[:2]} == {PAPERS[4].id, PAPERS[5].id}
    assert robots.weight == 0.7


@given(SOME, SOME, st.sets(st.sampled_from([one.id for one in EVERY])))
@settings(max_examples=40, deadline=None)
def test_a_shelf_laid_out_for_all_readers_is_ordered_as_if_it_were_read_for_her_alone(
    likes: tuple[Paper, ...], dislikes: tuple[Paper, ...], gone: set[str]
) -> None:
    picks = tuple(pick(one.id, "all", 1.0 - n / 100) for n, one in enumerate(EVERY))
    today = edition(DAY, all=picks)
    today = today.__class__(today.day, today.printed_at, today.pools, tuple(Card(one, DAY) for one in EVERY))
    taste = Taste(likes, dislikes)
    rest = [one for one in picks if one.paper_id not in gone]
    papers = {one.id: one for one in EVERY}

    ordered = replace(taste, likings=shared()).reorder(
        Shelf("all", "All", 3, picks), [today], models(), frozenset(gone)
    )

    stated = standard(np.array([one.score.total for one in rest]))
    blend = one_by_one(taste, stated, [papers[one.paper_id] for one in rest])
    assert list(ordered.picks) == [rest[row] for row in sorted(range(len(rest)), key=lambda row: (-blend[row], row))]
    assert ordered.picks == taste.reorder(Shelf("all", "All", 3, picks), [today], models(), frozenset(gone)).picks


@cache
def shared() -> Likings:
    text = models().text
    assert text is not None
    return Likings(text)


def one_by_one(taste: Taste, stated: NDArray[np.float64], papers: list[Paper]) -> NDArray[np.float64]:
    """The same blend term by term and paper by paper, with dictionaries."""
    likings = shared()
    query = likings.ask([(one, 1.0) for one in taste.likes], [(one, 1.0) for one in taste.dislikes])
    words = dict(zip(query.places.tolist(), query.words.tolist(), strict=True))
    learned = dict(zip(query.places.tolist(), query.learned.tolist(), strict=True))
    said, surely, near = [], [], []
    for read in map(likings.read, papers):
        terms = dict(zip(read.places.tolist(), read.weights.tolist(), strict=True))
        said.append(round(sum(words.get(place, 0) * weight for place, weight in terms.items()), 9))
        surely.append(round(sum(learned.get(place, 0) for place in terms), 6))
        near.append(round(sum((query.meaning * read.vector).tolist()), 6))
    sure = query.sure if any(learned.values()) else 0.0
    likeness = (1 - sure) * standard(np.array(said)) + WEIGHT * sure * standard(np.array(surely))
    followed = [
        max((taste.authors.get(" ".join(name_key(n)), 0.0) for n in one.authors), default=0.0) for one in papers
    ]
    like = likeness + MEANING * standard(np.array(near))
    return np.round((1 - taste.weight) * stated + taste.weight * like + AUTHOR * np.array(followed), 6)


def test_a_shelf_is_laid_out_once_for_all_readers_and_forgotten_when_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = models().text
    assert text is not None
    likings, papers = Likings(text), {one.id: one for one in EVERY}
    picks, others = (tuple(pick(one.id, "all", 1.0) for one in some) for some in (EVERY[:6], EVERY[6:]))
    looks: list[int] = []

    def look() -> dict[str, Paper]:
        looks.append(len(looks))
        return papers

    first, again, other = (likings.shelf(some, look)[0] for some in (picks, picks, others))
    monkeypatch.setattr("newsletter.rank.likings.SHEETS", first.size + other.size)
    crowded = likings.shelf(tuple(picks[:5]), look)[0]

    assert first is again
    assert len(looks) == 3
    assert [len(one.vectors) for one in (first, other, crowded)] == [6, len(others), 5]
    assert likings.shelf(picks, look)[0] is not first


def test_readers_who_bring_different_texts_under_one_id_keep_each_her_own() -> None:
    text = models().text
    assert text is not None
    likings = Likings(text)
    hers = replace(PAPERS[0], title="Robots that fold laundry", abstract="Robots fold laundry.", brought=True)
    his = replace(PAPERS[0], title="Proteins that fold", abstract="Proteins fold.", brought=True)

    assert likings.read(hers).places.tolist() != likings.read(his).places.tolist()
    assert likings.read(his).places.tolist() == Likings(text).read(his).places.tolist()
