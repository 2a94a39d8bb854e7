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


def test_a_footnotes_mark_does_not_join_two_sentences() -> None:
    assert sentences(
        "We test nine speech models.¹ Experiments show that one of them wins.² Nobody knows why it does."
    ) == [
        "We test nine speech models.",
        "Experiments show that one of them wins.",
        "Nobody knows why it does.",
    ]


def test_the_sentence_that_names_the_thing_comes_before_one_that_goes_on_about_it() -> None:
    abstract = (
        "Models that act are slow, and nobody has made them faster without a loss in the quality of what they do. "
        "Existing work adds parts to them, which costs time and memory and helps only sometimes, as many have seen. "
        "In this work, we propose VOTE, a framework that makes models that act faster without new parts. "
        "In details, we propose a novel way to train them that reduces what they have to compute at each step. "
        "Our proposed method reaches 145 Hz, which is 35 times faster than before."
    )

    assert extract(abstract) == (
        "We propose VOTE, a framework that makes models that act faster without new parts. "
        "Our proposed method reaches 145 Hz, which is 35 times faster than before."
    )


def test_a_sentence_that_points_back_at_what_is_not_shown_does_not_open_a_tldr() -> None:
    abstract = (
        "Vision models of one kind have become popular, since they cost less than those that everybody used before. "
        "However, redundancy still exists in these models, as everybody who has looked at them for a while can tell. "
        "We describe a way to leave out tokens that fits them, and one to leave out whole blocks of the network. "
        "It reduces the cost by 35.2% with a loss of accuracy of only 1.7%."
    )

    assert extract(abstract).startswith("We describe a way to leave out tokens that fits them")


def test_that_the_code_will_be_made_public_is_no_result() -> None:
    abstract = (
        "Vision models read far more tokens than they need, and most of those tell the same thing over and over again. "
        "We propose Sieve, which drops visual tokens by how much they repeat their neighbours. "
        "It halves the cost of reading an image and keeps accuracy within 0.3 points on six tasks. "
        "Our code will be made public."
    )
    assert "public" not in extract(abstract)


def test_a_bracket_is_not_cut_in_two_and_an_item_of_a_list_stands_without_its_mark() -> None:
    cut = sentences("We shrink the key-value (abbr. KV) cache of a model by half. It loses nothing.")
    filler = "Long contexts are slow and cost much memory on every machine that people have at home. " * 3

    assert cut == ["We shrink the key-value (abbr. KV) cache of a model by half.", "It loses nothing."]
    assert extract(f"{filler}2) We propose a cache that forgets. 3) It is twice as fast.") == (
        "Long contexts are slow and cost much memory on every machine that people have at home. "
        "We propose a cache that forgets."
    )
