"""`rank --topic SLUG --history 30d`: a topic tried on the days that are kept, before readers see it."""

from __future__ import annotations

import re
from statistics import mean, median
from typing import TYPE_CHECKING

from newsletter.cli.frame import give, plural, say
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.edition import Topic
    from newsletter.press import Press
    from newsletter.stages.trying import Given

LONGEST = 366
BAR = 40  # characters at most


def read_span(text: str) -> int:
    """`30d` or `30` as days."""
    found = re.fullmatch(r"([1-9]\d{0,3})\s*d?", text.strip())
    if found is None or int(found[1]) > LONGEST:
        raise UsageError(f'"{text}" is no span of days.', cure=f"Write it like 30d; at most {LONGEST}d.")
    return int(found[1])


def history(press: Press, topics: tuple[str, ...], last: date, days: int, *, as_json: bool) -> None:
    """Say how many papers each day would have given."""
    from newsletter.stages.trying import try_topic

    chosen = [topic for topic in press.config.topics if topic.slug in topics]
    tried = [(topic, list(try_topic(press, topic, last, days))) for topic in chosen]
    words_alone = not press.rank_settings.dense
    if as_json:
        by = "words" if words_alone else "packaged"
        give({"topics": [_document(topic, given) for topic, given in tried], "meaning": by})
        return
    for topic, given in tried:
        _say(topic, given)
    if press.embedder is not None and not words_alone:
        say(
            f"Compared by the packaged text model, not by {press.embedder.name}: nothing is asked of it for days gone "
            "by. An edition takes about as many papers by either, but not the same ones."
        )


def _document(topic: Topic, given: list[Given]) -> dict[str, object]:
    counts = [len(one.fitting) for one in given if one.listed]
    return {
        "slug": topic.slug,
        "top": topic.top,
        "days": [{"day": str(one.day), "new": one.listed, "fitting": len(one.fitting)} for one in given],
        "mean": round(mean(counts), 3) if counts else None,
        "median": median(counts) if counts else None,
        "filled": sum(count >= topic.top for count in counts),
        "empty": counts.count(0),
    }


def _say(topic: Topic, given: list[Given]) -> None:
    say(f"{topic.name} ({topic.slug}), new papers of each day that fit it")
    tallest = max((len(one.fitting) for one in given), default=0)
    for one in given:
        bar = "#" * (round(BAR * len(one.fitting) / tallest) if tallest else 0)
        say(f"{one.day}  {len(one.fitting):4} of {one.listed:5}  {bar}".rstrip())
    counts = [len(one.fitting) for one in given if one.listed]
    if not counts:
        say("No papers are kept from these days.")
        return
    filled, empty = sum(count >= topic.top for count in counts), counts.count(0)
    say(
        f"{mean(counts):.1f} a day in the mean of {plural(len(counts), 'day')} with papers, median {median(counts):g}; "
        f"{filled} filled its {topic.top} places, {empty} had none"
    )
