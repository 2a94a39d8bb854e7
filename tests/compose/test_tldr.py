"""Two sentences that say what a paper is about, without a model."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from newsletter.compose.tldr import LIMIT, Summary, extract, sentences, tldr
from newsletter.model.paper import Paper

ABSTRACT = (
    "Language models are slow. Many have tried to make them faster, e.g. by pruning. However, pruning hurts quality. "
    "To address this issue, we propose Quill, a cache that keeps only $k$ keys per head. "
    r"Experiments on 5 benchmarks show that Quill is 3.2$\times$ faster at 99\% of the quality. "
    "Our code is available at https://code.example/quill."
)


def test_the_idea_and_the_result_are_told_with_their_figures_and_without_tex() -> None:
    assert tldr(Paper(id="1", title="Quill", abstract=ABSTRACT)) == Summary(
        "We propose Quill, a cache that keeps only k keys per head. "
        "Experiments on 5 benchmarks show that Quill is 3.2× faster at 99% of the quality."
    )


def test_the_sources_own_words_come_first_and_say_whose_they_are() -> None:
    paper = Paper(id="1", title="Quill", abstract=ABSTRACT, summary="A smaller\ncache.", summary_by="Hugging Face")

    assert tldr(paper) == Summary("A smaller cache.", "Hugging Face")


def test_a_paper_without_an_abstract_has_no_tldr() -> None:
    assert tldr(Paper(id="1", title="Quill")) == Summary("")


def test_an_abbreviation_ends_no_sentence() -> None:
    assert sentences(
        "We follow Smith et al. Their idea, i.e. Fig. 3 of it, works well. It is by J. Doe and friends."
    ) == [
        "We follow Smith et al. Their idea, i.e. Fig. 3 of it, works well.",
        "It is by J. Doe and friends.",
    ]


def test_one_long_sentence_is_cut_at_a_word() -> None:
    told = extract("We propose " + "a very long name " * 40)

    assert told.endswith((" a…", " very…", " long…", " name…"))
    assert len(told) <= LIMIT


@given(st.text(max_size=900))
def test_a_tldr_fits_the_card_whatever_the_abstract_is(text: str) -> None:
    assert len(tldr(Paper(id="1", title="Any", abstract=text)).text) <= LIMIT


@given(st.lists(st.sampled_from(ABSTRACT.split(" ")), max_size=90).map(" ".join))
def test_a_tldr_says_nothing_that_the_abstract_does_not(text: str) -> None:
    told = extract.__wrapped__(text)

    said = re.findall(r"\w+", told.removesuffix("…").casefold())
    assert [word for word in said if word not in text.casefold()] == []
    assert told == extract(text)


def test_a_tldr_does_not_open_with_a_contrast_to_what_is_not_shown() -> None:
    abstract = (
        "People understand sounds without hearing them, which helps them in conversation. Machines read about sounds. "
        "Nobody knows what they make of it. Some have asked before, with few questions and fewer answers. "
        "In contrast, we present Earful, a benchmark of 900 questions about sounds. Experiments show that models guess."
    )

    assert extract(abstract).startswith("We present Earful, a benchmark of 900 questions about sounds.")
