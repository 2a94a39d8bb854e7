"""Whether a list that fills over the day has stopped growing: the rule that keeps early mails from being thin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.model.paper import Poll

AFTER_MIDNIGHT = timedelta(hours=2)
MORNING = timedelta(hours=6)
ENOUGH = 10  # papers: the Hugging Face list has a median of 8 at 02:00 UTC and of 20 at 08:15
APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Settled:
    settled: bool
    sentence: str


def settled(polls: Iterable[Poll], day: date, now: datetime) -> Settled:
    """Judge the list of `day` (UTC) at `now` by the polls of one source.

    A past day is settled two hours after its end. A running one is when it holds ten papers after 06:00 UTC, or when
    two polls at least an hour apart found the same length (an empty list only counts after 06:00).
    """
    midnight = datetime.combine(day, time(tzinfo=UTC))
    seen = sorted((poll for poll in polls if poll.day == day and poll.at <= now), key=lambda poll: poll.at)
    if now < midnight:
        return Settled(False, f"the list of {day} has not begun")
    if now >= midnight + timedelta(days=1) + AFTER_MIDNIGHT:
        return Settled(True, f"the list of {day} is closed")
    if not seen:
        return Settled(False, f"the list of {day} has not been seen yet")
    last = seen[-1]
    grew = f"the list of {day} had {last.size} paper{'s' * (last.size != 1)} at {last.at:%H:%M} UTC"
    if last.size >= ENOUGH and last.at >= midnight + MORNING:
        return Settled(True, f"{grew}: enough for an edition")
    earlier = [poll for poll in seen if last.at - poll.at >= APART and (poll.size > 0 or poll.at >= midnight + MORNING)]
    if any(poll.size >= last.size for poll in earlier):
        return Settled(True, f"{grew} and has stopped growing")
    return Settled(False, f"{grew} and may still grow")
