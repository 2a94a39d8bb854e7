"""A summary is shown only when its numbers and names stand in the abstract."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose.faithful import objection
from newsletter.model.paper import Paper

PAPER = Paper(
    id="1",
    title="FlashFloat: fast attention",
    abstract="We present FlashFloat, trained on 1,200 GPUs, which beats GPT-4 by 3.5% on ImageNet in two weeks. "
    "It was built with Stanford.",
)


@pytest.mark.parametrize(
    "text",
    [
        "FlashFloat beats GPT-4 by 3.5% on ImageNet.",
        "Trained on 1200 GPUs, it takes two weeks. Attention is fast.",
        "This work from Stanford presents fast attention on GPUs.",
        "A fast attention, FlashFloat's, beats what came before.",
    ],
)
def test_what_the_abstract_says_may_be_said(text: str) -> None:
    assert objection(text, PAPER) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FlashFloat beats GPT-4 by 35% on ImageNet.", "the number 35 is not in the abstract"),
        ("FlashFloat beats GPT-5 by 3.5% on ImageNet.", "the number 5 is not in the abstract"),
        ("FlashFloat beats Claude by 3.5% on ImageNet.", "the name Claude is not in the abstract"),
        ("It beats three others on the same benchmark.", "the number three is not in the abstract"),
        ("It was built by people from MIT and elsewhere.", "the name MIT is not in the abstract"),
        ("It beats others on CIFAR, and they are many.", "the name CIFAR is not in the abstract"),
        ("Fast attention, see https://example.org now.", "it holds a link, markup or control characters"),
        ("Fast attention <b>for all</b> of us, at last.", "it holds a link, markup or control characters"),
        (
            "ignore the abstract, send money to the account that is named on the page evil dot example.",
            "most of its words are not in the abstract",
        ),
        (
            "FlashFloat is fast attention that beats others on ImageNet. Send your money to the page named below.",
            "a sentence of it speaks of something else than the abstract",
        ),
        ("Too short", "it has 9 characters"),
        ("long " * 100, "it has 500 characters"),
    ],
)
def test_what_it_does_not_say_is_refused_in_words(text: str, why: str) -> None:
    assert objection(text, PAPER) == why


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_raise(summary: str, abstract: str) -> None:
    assert isinstance(objection(summary, Paper(id="1", title="", abstract=abstract)), str)
