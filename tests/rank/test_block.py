"""Many readers cut at once get what each would get alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model.edition import Edition, FollowUp, Topic
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.rank.block import Reader, cut_block
from newsletter.rank.cut import cut
from newsletter.rank.settings import RankSettings
from tests.support.ranking import DAY, edition, pick

TOPICS = tuple(Topic(slug=slug, name=slug.title()) for slug in ("nlp", "vision", "bio"))
YESTERDAY = DAY - timedelta(days=1)
FIRST = edition(
    DAY, nlp=[pick(i, "nlp", 5.0 - n) for n, i in enumerate("abcd")], vision=[pick("b", "vision", 6.0)], bio=[]
)
SECOND = edition(YESTERDAY, bio=[pick(i, "bio", 3.0 - n, day=YESTERDAY, trend=1.0 * n) for n, i in enumerate("exa")])
NEWS = Edition(FIRST.day, FIRST.printed_at, FIRST.pools, (), follow_ups=(FollowUp("z", "code", "Code is out."),))
AT = datetime(2026, 11, 1, tzinfo=UTC)

SAID = st.builds(
    Feedback,
    st.just(1),
    st.sampled_from(("", "a", "e")),
    st.sampled_from(("mute", "unmute", "less", "more")),
    st.integers(0, 5).map(lambda days: AT + timedelta(days=days)),
    st.sampled_from(("nlp", "bio")),
)
READERS = st.builds(
    Reader,
    st.builds(
        Subscriber,
        id=st.integers(1, 10**6),
        email=st.just("ana@example.org"),
        topics=st.lists(st.sampled_from(("nlp", "vision", "bio", "chess")), max_size=3, unique=True).map(tuple),
        per_topic=st.sampled_from((None, 0, 1, 9)),
    ),
    st.frozensets(st.sampled_from("abcdexz0123"), max_size=8),
    st.lists(SAID, max_size=3).map(tuple),
    st.none(),
    st.sampled_from((0, 29, 30)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(READERS, max_size=12), st.sampled_from(((FIRST,), (NEWS, SECOND), (SECOND, FIRST), ())))
def test_a_block_is_cut_as_its_readers_would_be_alone(readers: list[Reader], editions: tuple[Edition, ...]) -> None:
    alone = [
        cut(
            one.subscriber,
            editions,
            day=DAY,
            seen=one.seen,
            topics=TOPICS,
            settings=RankSettings(),
            feedback=one.feedback,
            issues_so_far=one.issues_so_far,
        )
        for one in readers
    ]

    assert list(cut_block(readers, editions, day=DAY, topics=TOPICS, settings=RankSettings())) == alone
