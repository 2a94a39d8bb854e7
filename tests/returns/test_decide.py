"""What is done about a reader: thresholds, suspensions, probes, and what never counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.returns import Evidence, What
from newsletter.returns.decide import NOTHING, Decision, decide, probe_stands
from newsletter.returns.weigh import of_refusal, of_status

if TYPE_CHECKING:
    from newsletter.returns.decide import Issues

FIRST = date(2026, 11, 2)
WEEK = timedelta(days=7)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def evidence(what: What, number: int, way: str = "dsn", *, signed: bool = True) -> Evidence:
    at = datetime.combine(day(number), datetime.min.time(), UTC) + timedelta(hours=9)
    key = f"digest.{day(number).isoformat()}.7" if what != "suspended" else ""
    return Evidence(f"{what}{number}{way}", what, way, at, 7, key, signed, "552 full")  # type: ignore[arg-type]


def told(*history: Evidence, issues: Issues = ()) -> Decision:
    """The decision on the last of them."""
    return decide(history[-1], history, issues)


def softs(*numbers: int) -> list[Evidence]:
    return [evidence("soft", number) for number in numbers]


def taken(*numbers: int, lost: tuple[int, ...] = ()) -> Issues:
    return tuple(sorted(((day(one), one not in lost) for one in (*numbers, *lost)), reverse=True))[:5]


def test_one_hard_bounce_or_complaint_is_enough_and_leaving_leaves() -> None:
    assert told(evidence("hard", 1)) == Decision("bounce", "bounced: 552 full", None, "there is no such mailbox")
    assert told(evidence("complaint", 1)).suppress == "complained: 552 full"
    assert (told(evidence("leave", 1)).event, told(evidence("leave", 1)).suppress) == ("leave", "")


@pytest.mark.parametrize("what", ["blocked", "ours", "accepted", "suspended"])
def test_what_is_no_fault_of_the_address_never_counts(what: What) -> None:
    assert told(*(evidence(what, number) for number in range(30)), issues=taken(25, 26, 27, 28, 29)) == NOTHING


@given(st.sampled_from(get_args(What)), st.lists(st.integers(0, 20), max_size=20))
def test_what_nobody_signed_changes_nothing_however_often_it_comes(what: What, days: list[int]) -> None:
    history = [evidence(what, number, signed=False) for number in days]

    assert told(*history, evidence(what, 20, signed=False)) == NOTHING
    assert told(*history, evidence("soft", 20)) == NOTHING


def test_five_days_of_fourteen_suspend_her_for_a_week() -> None:
    assert told(*softs(0, 3, 6, 9)) == NOTHING
    assert told(*softs(0, 3, 6, 9, 13)) == Decision(suspend_until=day(13) + WEEK, why="soft bounces on 5 days")
    assert told(*softs(0, 3, 6, 9, 14)) == NOTHING  # the first is two weeks old
    assert told(*softs(3, 3, 3, 3, 3)) == NOTHING  # once a day


def test_three_of_the_last_five_issues_suspend_a_weekly_reader() -> None:
    weeks = (0, 7, 14, 21, 28)

    assert told(*softs(14, 28), issues=taken(*weeks)) == NOTHING
    assert told(*softs(7, 14, 28), issues=taken(*weeks)).why == "3 of 5 issues lost"
    assert told(*softs(0, 21, 35), issues=taken(7, 14, 21, 28, 35)) == NOTHING  # one is of an older issue


def test_word_of_a_delivery_takes_back_what_came_before() -> None:
    before = softs(0, 3, 6, 9)

    assert told(*before, evidence("accepted", 10), *softs(13)) == NOTHING
    assert told(*before, evidence("accepted", 10, signed=False), *softs(13)).suspend_until == day(13) + WEEK


def test_what_the_next_hop_takes_clears_only_what_it_refused_itself() -> None:
    refused = [evidence("soft", number, "smtp") for number in (0, 3, 6, 9, 13)]

    assert told(*refused).suspend_until == day(13) + WEEK
    assert told(*refused, issues=taken(8, lost=(9, 13))) == NOTHING
    assert told(*softs(0, 3, 6, 9, 13), issues=taken(8, lost=(9, 13))).suspend_until == day(13) + WEEK


def test_what_was_out_before_the_suspension_is_no_news_and_the_probe_that_comes_back_ends_it() -> None:
    history = [*softs(0, 1, 2, 3, 4), evidence("suspended", 4)]

    assert told(*history, evidence("soft", 3, "hook")) == NOTHING
    assert told(*history, *softs(11)) == Decision("bounce", why="the probe after a suspension came back too")
    assert told(*history, *softs(5)) == NOTHING  # her local day may be ahead of ours
    late_without_a_mail = replace(evidence("soft", 6, "hook"), delivery_key="")
    assert told(*history, late_without_a_mail) == NOTHING
    assert told(*history, replace(late_without_a_mail, at=evidence("soft", 11).at)).event == "bounce"
    assert told(*history, *softs(80)) == NOTHING  # a suspension of long ago: counted anew


def test_a_probe_that_nobody_gave_back_for_three_days_was_taken() -> None:
    suspended = evidence("suspended", 4)
    history = [*softs(0, 1, 2, 3, 4), suspended]

    assert probe_stands(suspended, history, taken(3, 4), day(30)) is None
    assert probe_stands(suspended, history, taken(3, 4, 11), day(13)) is None
    assert probe_stands(suspended, history, taken(3, 4, 11), day(14)) == day(11)
    assert probe_stands(suspended, history, taken(3, 4, lost=(11,)), day(30)) is None
    assert probe_stands(suspended, [*history, *softs(11)], taken(3, 4, 11, 12), day(30)) is None
    assert told(*history, evidence("accepted", 11), *softs(12)) == NOTHING


@pytest.mark.parametrize(
    ("fault", "what"),
    [("address", "hard"), ("mailbox-full", "soft"), ("policy", "blocked"), ("message", "ours"), ("sender", "ours")],
)
def test_a_refusal_of_the_next_hop_is_weighed_by_its_fault(fault: str, what: str) -> None:
    assert of_refusal(fault) == what


@pytest.mark.parametrize(
    ("what", "status", "after"),
    [
        ("hard", "", "hard"),
        ("hard", "5.1.1", "hard"),
        ("hard", "5.7.1", "blocked"),
        ("hard", "5.7.13", "hard"),
        ("hard", "5.2.2", "soft"),
        ("hard", "5.4.4", "soft"),
        ("hard", "4.4.7", "soft"),
        ("soft", "4.7.0", "blocked"),
        ("complaint", "5.7.1", "complaint"),
        ("hard", "a new status", "hard"),
    ],
)
def test_the_status_that_a_provider_quotes_beats_the_providers_own_word(what: What, status: str, after: str) -> None:
    assert of_status(what, status) == after
