"""Tastes of a block of readers order their issues as each taste would alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from newsletter.model.edition import Card
from newsletter.rank.corpus import read
from newsletter.rank.cut import Shelf
from newsletter.rank.likings import Likings
from newsletter.rank.numbers import standard
from newsletter.rank.seeds import LESS, MEANING, overlaps
from newsletter.rank.taste import AUTHOR, Taste
from newsletter.rank.text_model import Models, load_models
from tests.support.ranking import DAY, edition, pick
from tests.support.searching import PAPERS, paper

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
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_shared_taste_blends_as_the_taste_alone(
    likes: tuple[object, ...], dislikes: tuple[object, ...], shelf: list[object], warm: bool
) -> None:
    taste = Taste(likes, dislikes)  # type: ignore[arg-type]
    text = models().text
    assert text is not None
    likings = Likings(text)
    if warm:
        likings.of(Taste(dislikes, likes)).blended(np.zeros(len(EVERY)), EVERY)  # type: ignore[arg-type]
    stated = standard(np.arange(len(shelf), 0, -1.0))

    signs = [1.0 / max(1, len(likes))] * len(likes) + [-LESS / max(1, len(dislikes))] * len(dislikes)
    seeds = [*likes, *dislikes]
    whole = read([*shelf, *seeds], text)  # type: ignore[list-item]  # so that every term of every paper has its rarity
    said = (overlaps(whole, read(seeds, text), text) @ np.array(signs))[: len(shelf)]  # type: ignore[arg-type]
    near = (whole.vectors.astype(float) @ whole.vectors[len(shelf) :].astype(float).T @ np.array(signs))[: len(shelf)]
    # A small pool is judged by places, and papers that are equally like hers have none that could be compared.
    assume(all((np.diff(np.sort(one)) > 1e-5).all() for one in (said, near)))
    likeness = standard(said) + MEANING * standard(near)
    authors = [taste.authors.get(one.authors[0].casefold(), 0.0) for one in shelf]  # type: ignore[attr-defined]
    alone = (1 - taste.weight) * stated + taste.weight * likeness + AUTHOR * np.array(authors)

    shared = likings.of(taste).blended(stated, shelf)  # type: ignore[arg-type]

    np.testing.assert_allclose(shared, alone, atol=1e-5)


def test_a_shared_taste_reorders_a_shelf() -> None:
    text = models().text
    assert text is not None
    picks = tuple(pick(one.id, "all", 1.0 - n / 100) for n, one in enumerate(PAPERS))
    today = edition(DAY, all=picks)
    today = today.__class__(today.day, today.printed_at, today.pools, tuple(Card(one, DAY) for one in PAPERS))
    shelf = Shelf("all", "All", 3, picks)
    robots = Likings(text).of(Taste(tuple(paper(90 + n, "Robot arms and legged robots") for n in range(12))))

    ordered = robots.reorder(shelf, [today], models())

    assert {one.paper_id for one in ordered.picks[:2]} == {PAPERS[4].id, PAPERS[5].id}
    assert robots.weight == Taste(robots.likes).weight
