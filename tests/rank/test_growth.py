"""How votes grow is learned from the operator's own readings, carefully, and never from what was not read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.paper import Candidate, Listing, Paper, Reading
from newsletter.rank.growth import ENOUGH, HOURS, SHARES, Curves, fitted
from newsletter.rank.trend import grown
from tests.support.ranking import ASOF, DAY, MIDNIGHT, candidate, paper, print_day

UP = "huggingface.upvotes"
READ = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 500)), max_size=6).map(lambda some: tuple(sorted(some)))


def slow(count: int, share: float = 0.2) -> list[tuple[str, tuple[tuple[float, float], ...]]]:
    """Papers that had `share` of their votes after six hours."""
    return [(UP, ((6.0, 40 * share), (80.0, 40.0)))] * count


def test_a_signal_that_grows_late_gets_a_curve_of_its_own_once_enough_papers_were_seen() -> None:
    few, many, most = (fitted(slow(n)) for n in (ENOUGH - 1, ENOUGH, 2_000))

    assert few == Curves()
    assert 0.2 < most.share(UP, 6) < 0.22 < many.share(UP, 6) < 0.44
    assert most.share("other.votes", 6) == 0.44
    assert most.share(UP, 26) == 0.743


def test_the_packaged_growth_is_learned_as_itself() -> None:
    series = [(UP, (*zip(HOURS, (60 * share for share in SHARES), strict=True),))] * 500

    assert fitted(series).own[UP] == pytest.approx(SHARES)


@given(st.lists(READ, min_size=ENOUGH, max_size=ENOUGH + 5))
def test_shares_rise_to_one_whatever_was_read(series: list[tuple[tuple[float, float], ...]]) -> None:
    for curve in fitted([(UP, seen) for seen in series]).own.values():
        assert list(curve) == sorted(curve)
        assert curve[-1] == 1.0
        assert curve[0] > 0


@given(st.lists(READ, min_size=ENOUGH, max_size=ENOUGH + 5))
def test_a_paper_that_was_not_read_again_changes_nothing(series: list[tuple[tuple[float, float], ...]]) -> None:
    once = [(UP, ((5.0, 1.0),))] * 50

    assert fitted([*((UP, seen) for seen in series), *once]) == fitted([(UP, seen) for seen in series])


def old(one: Paper, votes: tuple[tuple[int, float], ...]) -> Candidate:
    """Listed six days ago; `votes` are (hours since then, count)."""
    day = DAY - timedelta(days=6)
    start = MIDNIGHT - timedelta(days=6)
    seen = start + timedelta(hours=1)
    readings = tuple(Reading(one.id, UP, count, start + timedelta(hours=hours)) for hours, count in votes)
    return Candidate(one, seen, (Listing(one.id, "huggingface", day, "listed", seen),), readings)


def test_readings_after_the_moment_are_not_known_yet() -> None:
    papers = [old(paper(n), ((6, 2), (80, 40))) for n in range(ENOUGH)]

    assert grown(papers, ASOF).own[UP][1] < 0.44
    assert grown(papers, MIDNIGHT - timedelta(days=4)) == Curves()


def test_an_older_paper_that_rises_is_a_late_bloomer_and_one_that_was_not_read_is_not() -> None:
    fresh = [candidate(paper(n), upvotes=4) for n in range(25)]
    riser = old(paper(80), ((6, 2), (80, 3), (150, 60)))
    steady = old(paper(81), ((6, 50), (80, 60), (150, 60)))
    unread = old(paper(82), ((6, 50),))

    printed = print_day(fresh, measured=[riser, steady, unread])

    marked = {pick.paper_id: pick.marks for pick in printed.pools[0].picks}
    assert marked[riser.paper.id] == ("late-bloomer",)
    assert not {steady.paper.id, unread.paper.id} & {*marked, *(out.paper_id for out in printed.left_out)}
