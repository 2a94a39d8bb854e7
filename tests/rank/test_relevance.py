"""How well papers fit a topic: the very letters of a short query, and what a large pool teaches about a field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from newsletter.model.edition import Topic
from newsletter.model.paper import Paper
from newsletter.rank import relevance as room
from newsletter.rank.corpus import read
from newsletter.rank.relevance import ask, relevance
from newsletter.rank.text_model import load_models
from tests.support.ranking import candidate, paper, print_day

FILLER = [
    Paper(id=f"f{n}", title=f"Measuring the growth of plants {n}", abstract="Leaves and roots were measured.")
    for n in range(30)
]
MODEL = load_models().text


def best(topic: Topic, papers: list[Paper], many: int) -> list[str]:
    corpus = read([*papers, *FILLER], MODEL)
    total = relevance(corpus, ask(topic, {}), MODEL).total
    return [corpus.papers[row].id for row in np.argsort(-total, kind="stable")[:many]]


@pytest.mark.parametrize(
    "topic", [Topic(slug="t", name="T", query="state space models"), Topic(slug="t", name="state space models")]
)
def test_a_short_query_is_found_in_its_own_letters_before_other_endings_of_its_words(topic: Topic) -> None:
    said = "A study of state space models for long inputs."
    other = "A study of state spaces model for long inputs."
    papers = [
        Paper(id="other", title="On long inputs", abstract=other),
        Paper(id="said", title="On long inputs", abstract=said),
    ]
    assert best(topic, papers, 2) == ["said", "other"]


def test_a_keyword_counts_in_its_own_letters_whatever_the_case_and_the_line_breaks() -> None:
    said = "We train with Reinforcement\n Learning."
    other = "We train with reinforcements learned."
    papers = [Paper(id="other", title="A study", abstract=other), Paper(id="said", title="A study", abstract=said)]
    assert best(Topic(slug="t", name="T", keywords=("reinforcement learning",)), papers, 2) == ["said", "other"]


def test_letters_inside_a_longer_word_are_not_the_keyword() -> None:
    corpus = read([Paper(id="1", title="Earlier", abstract="the ear, an ear; pre-ear early")], None)
    assert corpus.wording_counts("ear").tolist() == [3.0]
    assert corpus.wording_counts("ear, an").tolist() == [1.0]
    assert corpus.wording_counts("an\near").tolist() == [0.0]


def test_what_stands_in_brackets_is_another_name_and_not_a_part_of_the_wording() -> None:
    asked = ask(Topic(slug="t", name="T", query="Supervised fine-tuning  (SFT)"), {})
    assert asked.wordings == (("supervised fine-tuning", 0.75),)  # supervised, fine, tuning


def test_the_description_of_a_field_is_not_looked_for_letter_by_letter() -> None:
    asked = ask(
        Topic(slug="t", name="T", query="robots, manipulation, motion planning, locomotion, autonomous driving"), {}
    )
    assert (asked.wordings, asked.narrow) == ((), 0.0)


def test_in_a_large_pool_the_best_papers_say_what_else_a_field_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    core = [
        Paper(
            id=f"c{n}", title="Video editing with text", abstract="Video editing by diffusion of frames. Temporal flow."
        )
        for n in range(5)
    ]
    kin = Paper(id="kin", title="Diffusion of frames", abstract="Temporal flow of frames by diffusion.")
    corpus = read([*core, kin, *FILLER], MODEL)
    question = ask(Topic(slug="t", name="T", query="video editing"), {})
    small = relevance(corpus, question, MODEL)
    monkeypatch.setattr(room, "LARGE", 30)
    large = relevance(corpus, question, MODEL)
    assert large.parts["meaning"][5] > small.parts["meaning"][5]
    assert large.cosine.tolist() == small.cosine.tolist()  # the gate and the sentence go by the topic itself
    assert large.passes[:5].all()


def test_a_part_of_seeds_says_what_it_rests_on_whichever_way_it_counts() -> None:
    robots, proofs = paper(0), paper(1)
    day = [candidate(paper(number)) for number in range(2, 32)]
    wary = Topic(slug="t", name="T", query="robot", papers_not=(robots.id,))
    eager = Topic(slug="t", name="T", query="robot", papers=(proofs.id,))
    library = {robots.id: robots, proofs.id: proofs}

    for topic, said in ((wary, "to stay away from"), (eager, "nearest “")):
        pool = print_day(day, topic, library=library).pools[0]
        details = [part.detail for pick in pool.picks for part in pick.score.parts if part.name == "seeds"]
        assert details
        assert all(details)
        assert any(said in detail for detail in details)


def test_a_paper_on_one_of_two_subjects_passes_though_it_says_little_of_the_other() -> None:
    text = (
        "We detect hallucinations of a language model by the entropy of its tokens. Hallucination is what it makes up."
    )
    both = Topic(
        slug="t", name="T", query="retrieval-augmented generation of text and hallucination of language models"
    )
    one = Paper(id="1", title="Entropy", abstract=text)
    corpus = read([one, *map(paper, range(2, 32))], load_models().text)

    assert room.clauses(both.query) == [
        ["augment", "generation", "retrieval", "text"],
        ["hallucination", "languag", "model"],
    ]
    assert room.clauses("graphs of proteins") == room.clauses("speech and audio") == []
    assert room.says(corpus, ask(both, {}))[0]
    assert not room.says(corpus, ask(replace(both, query="generation of retrieved or made-up text in languages"), {}))[
        0
    ]
