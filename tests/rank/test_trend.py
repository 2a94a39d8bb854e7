"""Attention: votes against their age, sources against each other, and what to expect before anybody voted."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.paper import Candidate, Paper, Reading
from newsletter.rank.corpus import read
from newsletter.rank.prior import (
    FACTS,
    Entrance,
    PriorModel,
    Record,
    author_key,
    features,
    priors,
    read_prior_model,
    write_prior_model,
)
from newsletter.rank.text_model import read_text_model, write_text_model
from newsletter.rank.trend import PACKAGED, Attention, attention, entrance, expected_votes, rising, trends
from tests.support.ranking import ASOF, DAY, MIDNIGHT, candidate, models, paper


def test_votes_count_for_more_the_younger_the_paper() -> None:
    assert [PACKAGED.share("any", hours) for hours in (6, 26, 200)] == [0.44, 0.743, 1.0]
    assert expected_votes(10, 0.44) == pytest.approx(11 / (0.44 + 1 / 6))
    assert expected_votes(10, 0.44) > expected_votes(10, 0.743) > expected_votes(10, 1.0)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1))
def test_more_votes_at_the_same_age_never_mean_less(one: int, other: int, share: float) -> None:
    assert (one < other) == (expected_votes(one, share) < expected_votes(other, share))


def test_a_reading_is_judged_by_the_age_at_which_it_was_taken_and_later_ones_are_not_known_yet() -> None:
    one = candidate(paper(1), upvotes=12, hours=8)
    later = Candidate(
        one.paper,
        one.first_seen,
        one.listings,
        (*one.readings, Reading(one.paper.id, "huggingface.upvotes", 90, ASOF + timedelta(hours=1))),
    )

    assert attention(later, ASOF) == (
        Attention("huggingface.upvotes", 12, 8.0, PACKAGED.share("", 8), expected_votes(12, PACKAGED.share("", 8))),
    )


def test_sources_with_other_scales_are_compared_by_places() -> None:
    hub = [(Attention("huggingface.upvotes", v, 24, 0.7, float(v)),) for v in (1, 10, 100)]
    news = [(Attention("hackernews.points", v, 24, 0.7, float(v)),) for v in (100, 1_000, 10_000)]
    scores = trends([*hub, *news], np.zeros(6), [1] * 6)

    assert scores[:3].tolist() == scores[3:].tolist()
    assert scores[0] < scores[1] < scores[2]


def test_a_paper_on_two_lists_gains_and_an_unvoted_one_stands_between_the_voted() -> None:
    votes = [(Attention("huggingface.upvotes", v, 24, 0.7, float(v)),) for v in (1, 10)]
    scores = trends([*votes, (), ()], np.array([0.0, 0.0, 0.0, 1.0]), [1, 2, 1, 1])

    assert scores[1] > scores[3] > scores[2] > scores[0]


def test_a_paper_rises_by_the_votes_of_its_last_two_days_when_it_was_known_before() -> None:
    one = paper(1)
    readings = tuple(
        Reading(one.id, "huggingface.upvotes", value, MIDNIGHT - timedelta(days=days))
        for value, days in ((2, 5), (30, 0))
    )

    assert rising(Candidate(one, MIDNIGHT - timedelta(days=5), (), readings), ASOF) == 28
    assert rising(Candidate(one, MIDNIGHT, (), readings[1:]), ASOF) == 0


def test_the_prior_says_nothing_of_authors_unless_it_is_switched_on() -> None:
    famous = max(models().prior.authors, key=lambda key: models().prior.authors[key].papers)  # type: ignore[union-attr]
    table = PriorModel(models().prior.heads, {author_key("Well Known"): models().prior.authors[famous]})  # type: ignore[union-attr]
    known = [paper(n, authors=("Well Known" if n == 3 else f"New Name{n}", "A B")) for n in range(30)]
    unknown = [paper(n, authors=(f"New Name{n}", "A B")) for n in range(30)]

    def rated(papers: list[Paper], *, history: bool) -> list[float]:
        corpus = read(papers, models().text)
        return priors(corpus, table, question="picked", author_history=history).tolist()

    assert rated(known, history=False) == rated(unknown, history=False)
    assert rated(known, history=True)[3] > rated(unknown, history=True)[3]


def test_how_a_paper_came_onto_a_voted_list_is_read_from_listings_and_readings() -> None:
    one = paper(1, published=DAY - timedelta(days=3))
    shown = Reading(one.id, "huggingface.media", 2, MIDNIGHT + timedelta(hours=1))
    came = candidate(one, upvotes=1)

    assert entrance(came, ASOF, frozenset({"huggingface"})) == Entrance(3, media=False)
    assert entrance(came, ASOF, frozenset()) == Entrance(0, media=False)
    both = dataclasses.replace(came, readings=(*came.readings, shown))
    assert entrance(both, ASOF, frozenset({"huggingface"})) == Entrance(3, media=True)
    assert entrance(both, MIDNIGHT, frozenset({"huggingface"})) == Entrance(3, media=False)


def test_features_are_facts_of_the_paper_first_and_never_names() -> None:
    one = paper(1, abstract="Code: https://github.com/a/b", authors=("Ada Lovelace",))
    table = {author_key("Lovelace, Ada"): Record(papers=3, voted=1, surplus=2.0)}

    assert features(one, {})[FACTS:] == [0.0] * (len(features(one, {})) - FACTS)
    assert features(one, table)[:FACTS] == features(one, {})[:FACTS]
    assert features(one, table)[-1] == 0.5


def test_models_written_down_are_the_same_models() -> None:
    loaded = models()
    assert loaded.text is not None
    assert loaded.prior is not None
    text = read_text_model(write_text_model(loaded.text))
    prior = read_prior_model(write_prior_model(loaded.prior))

    assert np.allclose(text.weights, loaded.text.weights, atol=1e-6)
    assert prior.authors == loaded.prior.authors
    assert prior.heads.keys() == loaded.prior.heads.keys()
