"""What a reader is told that a paper says: telling words, each once, in the paper's own letters."""

from __future__ import annotations

import pytest

from newsletter.model.edition import Topic
from newsletter.rank.corpus import read
from newsletter.rank.matched import matched_words
from newsletter.rank.relevance import ask
from tests.support.ranking import models, paper


def said(title: str, abstract: str = "We report what we found.", **topic: object) -> tuple[str, ...]:
    one = paper(1, title, abstract)
    others = [paper(number) for number in range(2, 30)]
    question = ask(Topic(slug="t", name="T", **topic), {})  # type: ignore[arg-type]
    return matched_words(one, question, read([one, *others], models().text))


def test_no_word_is_quoted_twice() -> None:
    query = "reinforcement learning with verifiable rewards for reasoning"

    assert said("Reinforcement learning with verifiable rewards", query=query, keywords=('"verifiable rewards"',)) == (
        "verifiable rewards",
        "Reinforcement learning",
    )


def test_words_that_every_paper_says_are_left_out_beside_telling_ones() -> None:
    query = "token pruning in vision-language models for faster inference"

    assert said("Token pruning speeds language models up", "A model.", query=query) == ("Token pruning",)


def test_words_that_every_paper_says_are_better_than_none() -> None:
    assert said("Large language models at work", query="language models") == ("language models",)


def test_a_part_of_a_hyphenated_keyword_is_not_quoted() -> None:
    assert said("A bench for agents", query="agents", keywords=("SWE-bench",)) == ("agents",)
    assert said("We beat SWE-Bench", query="agents", keywords=("SWE-bench",)) == ("SWE-Bench",)


@pytest.mark.parametrize("title", ["", "snails", "🐌" * 50])
def test_a_paper_that_says_nothing_of_the_topic_is_quoted_with_nothing(title: str) -> None:
    assert said(title, "On snails.", query="protein folding", keywords=('"drug design"',)) == ()
