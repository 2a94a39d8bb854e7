"""Taste: what a reader said moves her issue, and no more than it should."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.edition import Issue, Topic
from newsletter.model.paper import Paper
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.rank.cut import cut, mutes
from newsletter.rank.likings import Likings
from newsletter.rank.matched import spoken
from newsletter.rank.settings import RankSettings
from newsletter.rank.taste import Taste, taste_of
from tests.support.ranking import DAY, candidate, models, paper, print_day

AT = datetime(2026, 11, 1, tzinfo=UTC)
OLD = {p.id: p for p in (paper(n) for n in range(900, 912))}
MIX = Topic(slug="mix", name="Mix", query="learning with models", top=2)


def said(number: int, verb: str, day: int = 0) -> Feedback:
    return Feedback(7, f"2611.{number:05d}", verb, AT + timedelta(days=day))  # type: ignore[arg-type]


def test_the_last_word_on_a_paper_counts() -> None:
    taste = taste_of([said(900, "more"), said(901, "less"), said(902, "save"), said(902, "unsave", 1)], OLD)

    assert taste == Taste(likes=(OLD["2611.00900"],), dislikes=(OLD["2611.00901"],))
    assert taste_of([said(900, "more"), said(900, "less", 1)], OLD).dislikes == (OLD["2611.00900"],)
    assert taste_of([said(111, "more")], OLD) == Taste()


def test_what_is_taken_back_counts_as_nothing() -> None:
    assert taste_of([said(900, "more"), said(900, "undo", 1)], OLD) == Taste()
    assert taste_of([said(900, "less"), said(900, "undo", 1)], OLD) == Taste()
    assert taste_of([said(900, "mute"), said(900, "unmute", 1)], OLD) == Taste()
    assert taste_of([said(900, "more"), said(900, "save", 1), said(900, "unsave", 2)], OLD).likes == (
        OLD["2611.00900"],
    )
    assert taste_of([said(900, "save"), said(900, "less", 1), said(900, "undo", 2)], OLD).likes == (OLD["2611.00900"],)


def test_a_paper_that_she_hid_comes_back_once_she_takes_it_back() -> None:
    assert mutes([said(900, "less"), said(901, "mute")])[0] == {"2611.00900", "2611.00901"}
    assert mutes([said(900, "less"), said(901, "mute"), said(900, "undo", 1), said(901, "unmute", 1)])[0] == set()
    assert mutes([said(900, "less"), said(900, "more", 1)])[0] == set()


def test_the_stated_topic_always_keeps_three_tenths() -> None:
    assert [round(Taste(likes=tuple(OLD.values())[:k]).weight, 3) for k in (0, 1, 3)] == [0.0, 0.25, 0.5]
    assert Taste(likes=tuple(OLD.values())).weight == 0.7


def test_what_she_said_long_ago_counts_less_and_at_last_nothing() -> None:
    year = timedelta(days=365)
    words = [said(900, "more"), said(901, "more", 365), said(902, "less", 365)]

    new, old, older = (taste_of(words, OLD, now=AT + n * year, half_life=year) for n in (1, 2, 12))

    assert new.left == {"2611.00900": 0.5, "2611.00901": 1.0, "2611.00902": 1.0}
    assert round(new.weight, 4) == round(1.5 / 4.5, 4)
    assert old.weight < new.weight
    assert older == Taste()
    assert taste_of(words, OLD, now=AT + 12 * year) == taste_of(words, OLD)


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_a_taste_only_fades(sooner: int, later: int) -> None:
    sooner, later = sorted((sooner, later))
    words = [said(900 + n, "more", 40 * n) for n in range(6)]
    weights = [
        taste_of(words, OLD, now=AT + timedelta(days=400 + days), half_life=timedelta(days=180)).weight
        for days in (sooner, later)
    ]

    assert weights[0] >= weights[1]


def test_the_words_that_several_likes_share_are_learned_and_the_usual_ones_are_not() -> None:
    text = models().text
    assert text is not None
    likes = tuple(paper(n) for n in (1, 7, 13, 19))  # proofs by language models

    words = Taste(likes, (paper(2), paper(3))).words(Likings(text))

    assert "proofs" in words
    assert len(words) <= 10
    assert not {"study", "method"} & set(words)


def test_what_most_papers_say_is_not_shown_as_learned_of_two_likes() -> None:
    text = models().text
    assert text is not None
    likes = tuple(
        dataclasses.replace(
            paper(n),
            title=title,
            abstract=f"This paper presents a method, which can help language models; we show image generation {rest}",
        )
        for n, title, rest in [
            (1, "Folding proteins with large models", "of a protein, rather than of a cat, shows results."),
            (2, "A protein that language models know", "shows a protein, rather than a dog; results follow."),
        ]
    )

    words = Taste(likes).words(Likings(text))

    assert set(words) == {"proteins", "image generation", "help"}


def test_an_author_of_one_of_many_likes_is_not_followed_yet() -> None:
    crowd = [dataclasses.replace(p, authors=("Same Person", f"Other {p.id}")) for p in OLD.values()]

    assert Taste(likes=tuple(crowd[:4])).authors == {"same person": 1.0}
    assert Taste(likes=(crowd[0], OLD["2611.00901"])).authors == {}


def test_three_likes_of_a_subject_bring_its_papers_up() -> None:
    printed = print_day([candidate(paper(n), upvotes=5) for n in range(30)], MIX, settings=RankSettings(depth=9))
    subject = int(printed.pools[0].picks[-1].paper_id[5:]) % 6
    taste = taste_of(
        [said(900 + subject, "more"), said(906 + subject, "save"), said(900 + (subject + 1) % 6, "less")], OLD
    )
    issue = cut(
        Subscriber(id=7, email="ana@example.org"),
        [printed],
        day=DAY,
        seen=frozenset(),
        topics=(MIX,),
        settings=RankSettings(),
        taste=taste,
        models=models(),
    )

    assert isinstance(issue, Issue)
    assert int(issue.paper_ids[0][5:]) % 6 == subject


def test_learned_words_are_shown_as_her_papers_spell_them_and_not_twice() -> None:
    likes = (
        Paper(
            id="a", title="Large Language Models as judges of code", abstract="Models (LLMs) provide a simple score."
        ),
        Paper(id="b", title="Judging", abstract="We rank answers."),
    )

    assert spoken(("languag", "model llm", "larg languag", "provid simpl", "judg", "rank", "foreign stem"), likes) == (
        "models LLMs",
        "large language",
        "provide simple",
        "judges",
        "rank",
        "foreign stem",
    )
