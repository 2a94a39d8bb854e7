"""Days on which no new papers are to be expected, for words only: what a source gives counts, whatever the day."""

from __future__ import annotations

from datetime import date, timedelta

# Evenings without an arXiv mailing. 2026 as arXiv announced them (https://info.arxiv.org/help/availability.html);
# 2027 is not announced yet: the same holidays by their rules, evenings on which there is no mailing anyway left out.
_EVENINGS = {
    date(2026, 1, 1): "New Year's Day",
    date(2026, 1, 19): "Martin Luther King Day",
    date(2026, 6, 19): "Juneteenth",
    date(2026, 7, 3): "Independence Day",
    date(2026, 9, 7): "Labor Day",
    date(2026, 11, 26): "Thanksgiving",
    date(2026, 12, 25): "Christmas",
    date(2026, 12, 29): "the year's end",
    date(2026, 12, 31): "the year's end",
    date(2027, 1, 18): "Martin Luther King Day",
    date(2027, 7, 5): "Independence Day",
    date(2027, 9, 6): "Labor Day",
    date(2027, 11, 25): "Thanksgiving",
}


def why_quiet(day: date) -> str:
    """Why a day usually brings no new papers, or an empty text. A list is dated by the morning after its evening."""
    if day.weekday() >= 5:
        return f"as on most {day:%A}s"
    holiday = _EVENINGS.get(day - timedelta(days=1))
    return f"arXiv usually announces nothing on {holiday}" if holiday else ""
