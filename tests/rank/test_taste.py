"""Taste: what a reader said moves her issue, and no more than it should."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from newsletter.model.edition import Issue, Topic
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.rank.cut import cut
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


def test_the_stated_topic_always_keeps_three_tenths() -> None:
    assert [round(Taste(likes=tuple(OLD.values())[:k]).weight, 3) for k in (0, 1, 5)] == [0.0, 0.167, 0.5]
    assert Taste(likes=tuple(OLD.values()) * 9).weight == 0.7


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
