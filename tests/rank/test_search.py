"""A search's score is a paper's own: it says what it is made of, and no other paper moves it."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.rank.search import ask, fingerprint, nearness, order, packed, read_papers, read_question
from newsletter.rank.text_model import Models, load_models
from tests.support.searching import PAPERS

WORDS = st.lists(
    st.sampled_from(["token", "sharing", "robot", "images", "protein", "sequence", "the", "learning", "quokka"]),
    max_size=6,
)


@cache
def models() -> Models:
    return load_models()


@given(WORDS.map(" ".join), st.sets(st.sampled_from(PAPERS)), st.sets(st.sampled_from(PAPERS)))
@settings(max_examples=40, deadline=None)
def test_no_paper_changes_the_score_or_order_of_others(query: str, some: set[object], more: set[object]) -> None:
    asked = ask(query)
    model = models().search
    assert model is not None
    near = nearness(asked, PAPERS, model)
    fewer = order(asked, some, models().text, near)  # type: ignore[arg-type]
    both = order(asked, some | more, models().text, near)  # type: ignore[arg-type]

    assert [hit for hit in both if hit.paper in some] == fewer


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_question(text: str) -> None:
    asked = ask(text)

    assert all(one.strip() for one in (*asked.every, *asked.phrases, *asked.pairs, *asked.names))
    assert len(order(asked, PAPERS[:2], models().text)) <= 2


def test_a_question_is_read_into_words_phrases_pairs_and_numbers() -> None:
    asked = ask('the "chain of  thought" of large language-models, arXiv:2201.11903v2 10.1000/XYZ.')

    assert asked.phrases == ("chain of thought",)
    assert asked.every[:4] == ("chain of thought", "large", "language", "models")
    assert asked.pairs[:2] == ("large language", "language models")
    assert asked.names == ("2201.11903", "10.1000/xyz")


@pytest.mark.parametrize(
    "pasted",
    [
        "2611.00007",
        "2611.00007v3",
        "arXiv:2611.00007v2",
        "arXiv: 2611.00007",
        "arXiv.2611.00007",
        "(2611.00007).",
        "10.48550/arXiv.2611.00007",
        "doi:10.48550/ARXIV.2611.00007",
        "https://doi.org/10.48550/arXiv.2611.00007",
        "https://arxiv.org/abs/2611.00007v2",
        "http://www.arxiv.org/pdf/2611.00007.pdf",
        "arxiv.org/pdf/2611.00007v1",
        "https://arxiv.org/abs/2611.00007?context=cs.CL#here",
        "https://huggingface.co/papers/2611.00007",
    ],
)
def test_whatever_is_pasted_of_a_paper_names_it_and_asks_for_no_words(pasted: str) -> None:
    asked = ask(pasted)

    assert "2611.00007" in asked.names
    assert (asked.every, asked.text) == ((), "")


def test_numbers_of_other_kinds_are_names_too_and_others_are_words() -> None:
    assert ask("math.GT/0309136v1").names == ("math.GT/0309136", "math/0309136")
    assert ask("https://doi.org/10.1101/2026.01.02.123456").names == ("10.1101/2026.01.02.123456",)
    assert ask("a rate of 3.14 in 2026").names == ()
    assert ask("scaling laws 2611.00007").every == ("scaling", "laws")


def test_a_question_of_stop_words_still_asks_for_something() -> None:
    assert ask("the who").every == ("who",)
    assert ask("to be").every == ("to", "be")


def test_packed_vectors_keep_their_direction_and_nothing_stays_nothing() -> None:
    model = models().text
    assert model is not None
    rows = read_papers([*PAPERS, PAPERS[0].__class__(id="x", title="")], model)

    assert {len(row) for row in rows} == {model.weights.shape[1]}
    assert rows[-1] == bytes(model.weights.shape[1])
    assert max(max(abs(n) for n in memoryview(row).cast("b").tolist()) for row in rows) == 127
    assert packed(model.encode([])) == []
    assert len(read_question(ask("tokens"), model)) == model.weights.shape[1]
    assert len(fingerprint(model)) == 16
