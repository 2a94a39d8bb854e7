"""The cut of many readers at once: readers who must get the same issue get it from one cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.rank.cut import cut, mutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from newsletter.model.edition import Edition, Issue, Silence, Topic
    from newsletter.model.subscriber import Feedback, Subscriber
    from newsletter.rank.settings import RankSettings
    from newsletter.rank.taste import Taste
    from newsletter.rank.text_model import Models


@dataclass(frozen=True, slots=True)
class Reader:
    """All that decides one reader's issue beside the editions."""

    subscriber: Subscriber
    seen: frozenset[str] = frozenset()
    feedback: tuple[Feedback, ...] = ()
    taste: Taste | None = None
    issues_so_far: int = 0


def cut_block(
    readers: Iterable[Reader],
    editions: Sequence[Edition],
    *,
    day: date,
    topics: Sequence[Topic],
    settings: RankSettings,
    models: Models | None = None,
) -> Iterator[Issue | Silence]:
    """For each reader what `cut` gives her, in order.

    Her topics, her cap, her mutes and those of the offered papers that she has seen decide an issue, so readers who
    agree in these share one cut. A reader with a taste is cut alone.
    """
    offered = frozenset(pick.paper_id for edition in editions for pool in edition.pools for pick in pool.picks)
    offered |= frozenset(news.paper_id for edition in editions for news in edition.follow_ups)
    known: dict[tuple[object, ...], Issue | Silence] = {}
    for one in readers:
        reader = one.subscriber
        exploring = one.issues_so_far < settings.exploring_issues
        muted = mutes(one.feedback) if one.feedback else None
        key = (reader.topics, reader.per_topic, offered & one.seen if one.seen else None, muted, exploring)
        made = known.get(key) if one.taste is None else None
        if made is None:
            made = cut(
                reader,
                editions,
                day=day,
                seen=one.seen,
                topics=topics,
                settings=settings,
                feedback=one.feedback,
                taste=one.taste,
                models=models,
                issues_so_far=one.issues_so_far,
            )
            if one.taste is None:
                known[key] = made
        yield made if made.subscriber_id == reader.id else replace(made, subscriber_id=reader.id)
