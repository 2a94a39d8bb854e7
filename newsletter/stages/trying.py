"""A topic tried on history: how many papers a day it would have given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.rank.edition import rank_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from newsletter.model.edition import Topic
    from newsletter.press import Press

DEEP = 50  # a pool of 50 x depth holds all that a day can give
UNCAPPED = 10_000


@dataclass(frozen=True, slots=True)
class Given:
    """One day of a topic: papers that were new on the day, and those of them that the topic would have taken."""

    day: date
    listed: int
    fitting: tuple[str, ...]  # ids, best first


def try_topic(press: Press, topic: Topic, last: date, days: int) -> Iterator[Given]:
    """`days` days up to `last`, oldest first; each day's new papers alone, without caps and whatever was featured."""
    settings = replace(
        press.rank_settings, lookback=timedelta(hours=48), per_author=UNCAPPED, per_organization=UNCAPPED
    )
    wide = replace(topic, top=DEEP)
    library = press.papers.get({*topic.papers, *topic.papers_not})
    models = press.open_models()
    for back in range(days - 1, -1, -1):
        day = last - timedelta(days=back)
        start, end = _midnight(press, day), _midnight(press, day + timedelta(days=1)) - timedelta(seconds=1)
        recent = press.papers.candidates(since=start - timedelta(microseconds=1), until=end)
        new = [one for one in recent if min([one.first_seen, *(x.at for x in one.listings)]) >= start]
        edition = rank_day(
            new, [wide], day=day, asof=end, featured=frozenset(), settings=settings, notes=(), models=models,
            library=library,
        )  # fmt: skip
        yield Given(day, len(new), tuple(pick.paper_id for pool in edition.pools for pick in pool.picks))


def _midnight(press: Press, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(press.config.newsletter.timezone)).astimezone(UTC)
