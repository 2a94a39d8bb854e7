"""Where a subscriber may go from where she stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from newsletter.errors import UsageError
from newsletter.model.subscriber import Status, Subscriber
from newsletter.subscribe.moves import Event, move

NOW = datetime(2026, 11, 20, tzinfo=UTC)
STATUSES: tuple[Status, ...] = get_args(Status)


def standing(status: Status) -> Subscriber:
    return Subscriber(email="ada@example.org", status=status)


@pytest.mark.parametrize("status", STATUSES)
def test_leaving_and_complaining_work_from_everywhere_and_end_the_mail(status: Status) -> None:
    for event in ("leave", "complain"):
        after = move(standing(status), event, at=NOW)
        assert after.status != "active"
        assert move(after, event, at=NOW) == after


@pytest.mark.parametrize("status", ["left", "expired", "bounced", "complained"])
def test_an_old_confirmation_link_brings_nobody_back(status: Status) -> None:
    with pytest.raises(UsageError, match=f"A subscriber who is {status} cannot confirm"):
        move(standing(status), "confirm", at=NOW)


@pytest.mark.parametrize("status", ["bounced", "complained"])
def test_a_form_does_not_bring_back_who_bounced_or_complained(status: Status) -> None:
    with pytest.raises(UsageError):
        move(standing(status), "ask", at=NOW)


def test_a_sign_up_is_active_only_after_it_is_confirmed() -> None:
    asked = move(standing("left"), "ask", at=NOW)
    assert asked.status == "pending"
    confirmed = move(asked, "confirm", at=NOW)
    assert (confirmed.status, confirmed.confirmed_at) == ("active", NOW)


def test_confirming_twice_keeps_the_first_date() -> None:
    once = move(standing("pending"), "confirm", at=NOW)
    assert move(once, "confirm", at=datetime(2027, 1, 1, tzinfo=UTC)) == once


def test_every_event_leads_to_a_known_status() -> None:
    reached = set()
    for status in STATUSES:
        for event in get_args(Event):
            try:
                reached.add(move(standing(status), event, at=NOW).status)
            except UsageError:
                continue
    assert reached == set(STATUSES)
