"""A source of somebody else's may give anything: what can be read is kept, what cannot is named, nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.collect.gather import gather
from newsletter.collect.merge import fold
from newsletter.collect.sources.sound import Sound, sound
from newsletter.model.codec import dumps
from newsletter.model.paper import Ask, Found, Harvest, Paper, Problem

DAY = date(2026, 1, 6)
AT = datetime(2026, 1, 6, 12, tzinfo=UTC)
GOOD = Paper(id="t-0123456789abcdef", title="A paper that is what it should be", url="https://lab.example.org/1")


@dataclass
class Source:
    """Gives what a test puts there."""

    gives: Any
    name: str = "lab"
    daily: bool = False

    def fetch(self, _ask: Ask) -> Any:
        return self.gives

    def probe(self) -> Problem | None:
        return None


def bad(**fields: Any) -> Found:
    return Found(Paper(**({"id": "t-1", "title": "A paper"} | fields)), DAY)


def test_text_is_cleaned_links_are_checked_and_what_is_beyond_reading_is_named() -> None:
    half = bad(title="Half \ud800 a \x00 title \u202e", url="javascript:alert(1)", authors=["Ada", None, "\x00"])
    items: tuple[Any, ...] = (
        Found(GOOD, DAY),
        half,
        bad(title=None),
        None,
        Found(GOOD, AT),
        Found(GOOD, DAY, measured=(("votes", 3, None),)),
        bad(version="x"),
    )
    harvest = sound(Harvest("somebody", "ok", items, (DAY, "today")), "lab")  # type: ignore[arg-type]
    cleaned = Paper(id="t-1", title="Half a title", authors=("Ada",))
    assert [item.paper for item in harvest.found] == [GOOD, cleaned]
    assert (harvest.source, harvest.state, harvest.days) == ("lab", "partial", (DAY,))
    assert [problem.where for problem in harvest.problems] == [f"lab item {place}" for place in (3, 4, 5, 6, 7)]


@pytest.mark.parametrize("given", [None, [], {"found": []}, "papers"])
def test_a_source_that_gives_no_harvest_has_failed_and_the_others_are_read(given: object) -> None:
    other = Source(Harvest("other", "ok", (Found(GOOD, DAY),)), name="other")
    failed, read = gather([(Sound(Source(given)), Ask((DAY,), AT)), (Sound(other), Ask((DAY,), AT))])
    assert (failed.state, read.state, len(read.found)) == ("failed", "ok", 1)
    assert "instead of a Harvest" in failed.problems[0].what


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text()), st.just(AT)
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(Paper.__dataclass_fields__)), ANYTHING)
def test_nothing_in_a_field_costs_the_paper_beside_it_or_cannot_be_kept(name: str, value: object) -> None:
    harvest = sound(Harvest("lab", "ok", (bad(**{name: value}), Found(GOOD, DAY))), "lab")
    assert harvest.found[-1].paper == GOOD
    for paper in fold([harvest], {}, at=AT).papers:
        dumps(paper).encode()
