"""One reader's cut: her topics, her cap, nothing twice, and a silence that says why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.codec import issue_from_payload, issue_to_payload
from newsletter.model.edition import Edition, FollowUp, Issue, Silence, Topic
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.rank.cut import cut
from newsletter.rank.settings import RankSettings
from tests.support.ranking import DAY, edition, pick

TOPICS = (Topic(slug="nlp", name="Nlp"), Topic(slug="vision", name="Vision"), Topic(slug="bio", name="Bio"))
ANA = Subscriber(id=7, email="ana@example.org", topics=("nlp", "vision"))
TODAY = edition(
    DAY,
    nlp=[pick("a", "nlp", 5.0), pick("b", "nlp", 4.0, rank=2), pick("c", "nlp", 3.0, rank=3)],
    vision=[pick("b", "vision", 6.0), pick("d", "vision", 2.0, rank=2)],
    bio=[pick("x", "bio", 9.0, trend=1.0), pick("y", "bio", 1.0, rank=2, trend=2.0)],
)


def issue_of(
    subscriber: Subscriber,
    *editions: Edition,
    seen: frozenset[str] = frozenset(),
    topics: tuple[Topic, ...] = TOPICS,
    feedback: tuple[Feedback, ...] = (),
    issues_so_far: int = 99,
) -> Issue | Silence:
    return cut(
        subscriber,
        editions,
        day=DAY,
        seen=seen,
        topics=topics,
        settings=RankSettings(),
        feedback=feedback,
        issues_so_far=issues_so_far,
    )


def sections(issue: Issue | Silence) -> dict[str, list[str]]:
    assert isinstance(issue, Issue)
    return {section.slug: [p.paper_id for p in section.picks] for section in issue.sections}


def silence(issue: Issue | Silence) -> tuple[str, str]:
    assert isinstance(issue, Silence)
    return issue.code, issue.text


def test_a_reader_gets_her_topics_and_a_paper_stands_where_it_fits_best() -> None:
    assert sections(issue_of(ANA, TODAY)) == {"nlp": ["a", "c"], "vision": ["b", "d"]}


def test_a_reader_without_topics_gets_every_topic() -> None:
    everyone = Subscriber(id=8, email="bo@example.org")

    assert list(sections(issue_of(everyone, TODAY))) == ["nlp", "vision", "bio"]


def test_her_own_cap_counts_for_each_topic_and_the_rest_is_online() -> None:
    one_each = Subscriber(id=9, email="cy@example.org", topics=("nlp",), per_topic=1)
    issue = issue_of(one_each, TODAY)

    assert sections(issue) == {"nlp": ["a"]}
    assert isinstance(issue, Issue)
    assert issue.sections[0].more == 2


def test_what_she_has_seen_never_comes_again() -> None:
    assert sections(issue_of(ANA, TODAY, seen=frozenset({"a", "b"}))) == {"nlp": ["c"], "vision": ["d"]}


def test_a_week_is_merged_by_score_with_nothing_decayed() -> None:
    monday = edition(DAY - timedelta(days=4), nlp=[pick("m", "nlp", 4.5, day=DAY - timedelta(days=4))])
    reader = Subscriber(id=7, email="ana@example.org", topics=("nlp",), per_topic=3)
    issue = issue_of(reader, TODAY, monday)

    assert sections(issue) == {"nlp": ["a", "m", "b"]}
    assert isinstance(issue, Issue)
    assert issue.editions == (monday.day, DAY)


def test_a_new_reader_gets_one_marked_paper_from_outside_her_topics() -> None:
    issue = issue_of(ANA, TODAY, issues_so_far=0)
    assert isinstance(issue, Issue)
    last = issue.sections[-1]

    assert (last.name, [(p.paper_id, p.marks) for p in last.picks]) == (
        "Outside your topics",
        [("y", ("exploration",))],
    )
    payload = issue_to_payload(issue)
    assert issue_from_payload(payload, subscriber_id=7, day=DAY, editions=[TODAY]) == issue


def test_exploration_is_never_all_there_is() -> None:
    assert silence(issue_of(ANA, TODAY, seen=frozenset("abcd"), issues_so_far=0)) == (
        "nothing-new",
        "Every paper of your topics was in an earlier issue already, or you muted it.",
    )


def test_a_muted_topic_is_left_out_until_it_is_unmuted() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    mute = Feedback(7, "", "mute", at, topic="vision")
    unmute = Feedback(7, "", "unmute", at + timedelta(days=1), topic="vision")

    assert sections(issue_of(ANA, TODAY, feedback=(mute,))) == {"nlp": ["a", "b"]}
    assert "vision" in sections(issue_of(ANA, TODAY, feedback=(unmute, mute)))
    assert sections(issue_of(ANA, TODAY, feedback=(Feedback(7, "a", "mute", at),))) == {
        "nlp": ["c"],
        "vision": ["b", "d"],
    }


def test_each_silence_names_its_reason() -> None:
    stranger = Subscriber(id=7, email="ana@example.org", topics=("chess",))
    empty = Edition(DAY, datetime(2026, 11, 20, 8, tzinfo=UTC), (), (), notes=("arxiv: no list on Saturdays",))

    assert silence(issue_of(ANA)) == ("no-edition", "No edition was printed since your last issue.")
    assert silence(issue_of(ANA, empty)) == (
        "empty-edition",
        "The edition of 2026-11-20 has no papers: arxiv: no list on Saturdays.",
    )
    assert silence(issue_of(stranger, TODAY)) == (
        "no-topic",
        "Topics chosen: chess; topics of this newsletter: nlp, vision and bio.",
    )
    assert silence(issue_of(ANA, edition(DAY, nlp=[], vision=[], bio=[pick("x", "bio", 1.0)]))) == (
        "empty-edition",
        "No paper was close enough to your topics: Nlp and Vision.",
    )


def test_unknown_topics_beside_known_ones_are_ignored() -> None:
    reader = Subscriber(id=7, email="ana@example.org", topics=("chess", "nlp"))

    assert sections(issue_of(reader, TODAY)) == {"nlp": ["a", "b"]}


def test_a_newsletter_without_topics_sends_what_trends_to_everybody() -> None:
    today = edition(DAY, trending=[pick("a", "trending", 1.0)])

    assert sections(issue_of(ANA, today, topics=())) == {"trending": ["a"]}


def test_news_of_papers_comes_to_those_who_had_them() -> None:
    news = FollowUp("old", "code", "Code is out.")
    today = Edition(TODAY.day, TODAY.printed_at, TODAY.pools, (), follow_ups=(news, FollowUp("not-hers", "code", "")))
    issue = issue_of(ANA, today, seen=frozenset({"old"}))

    assert isinstance(issue, Issue)
    assert issue.follow_ups == (news,)


SCORES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(-3, 3)), max_size=8, unique_by=lambda row: row[0])


@given(st.lists(st.tuples(SCORES, SCORES), max_size=4), st.sets(st.sampled_from("abcdefgh")), st.integers(0, 4))
def test_no_issue_repeats_a_paper_or_breaks_a_cap(
    days: list[tuple[list[tuple[str, float]], list[tuple[str, float]]]], seen: set[str], cap: int
) -> None:
    editions = [
        edition(
            date(2026, 11, 1 + n),
            nlp=[pick(i, "nlp", s, day=date(2026, 11, 1 + n)) for i, s in sorted(nlp, key=lambda r: -r[1])],
            vision=[pick(i, "vision", s, day=date(2026, 11, 1 + n)) for i, s in sorted(vision, key=lambda r: -r[1])],
        )
        for n, (nlp, vision) in enumerate(days)
    ]
    reader = Subscriber(id=7, email="ana@example.org", topics=("nlp", "vision"), per_topic=cap)
    issue = issue_of(reader, *editions, seen=frozenset(seen))

    if isinstance(issue, Issue):
        assert len(set(issue.paper_ids)) == len(issue.paper_ids) > 0
        assert not set(issue.paper_ids) & seen
        assert all(0 < len(section.picks) <= max(1, cap) for section in issue.sections)
    else:
        offered = {i for nlp, vision in days for i, _ in [*nlp, *vision]}
        assert offered <= seen
