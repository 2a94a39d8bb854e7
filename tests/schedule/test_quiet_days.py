"""Holidays are words: they explain a quiet day and never silence a list that is there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from newsletter.stages.quiet_days import why_quiet


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-27", "arXiv usually announces nothing on Thanksgiving"),
        ("2026-11-26", ""),
        ("2026-11-28", "as on most Saturdays"),
        ("2027-09-07", "arXiv usually announces nothing on Labor Day"),
        ("2027-03-03", ""),
    ],
)
def test_a_quiet_day_says_why(day: str, words: str) -> None:
    assert why_quiet(date.fromisoformat(day)) == words


def test_most_working_days_are_not_quiet() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
    assert sum(bool(why_quiet(day)) for day in days if day.weekday() < 5) == 10
