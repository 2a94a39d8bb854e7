"""Days as a person writes them."""

from __future__ import annotations

from datetime import date, timedelta

import click
import pytest

from newsletter.cli.frame import Day


def test_today_and_yesterday_are_days_by_this_machine_s_calendar() -> None:
    before, today, after = date.today(), Day().convert("today", None, None), date.today()  # noqa: DTZ011 - the machine's

    assert before <= today <= after
    assert Day().convert("yesterday", None, None) in {before - timedelta(days=1), after - timedelta(days=1)}


@pytest.mark.parametrize("text", ["20261120", "2026-13-01", "2026-11-20T08:00", "Today", "", "2026-2-3"])
def test_what_merely_looks_like_a_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="Write it as 2026-11-20"):
        Day().convert(text, None, None)
