"""Late is not broken: what `/healthz` and the operator's mail tell apart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.health import Finding, Health, judge, missed_days, silent_sources
from newsletter.model.mail import Note, Run

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def run(ago: timedelta, *notes: Note, command: str = "run", outcome: str = "done") -> Run:
    at = NOW - ago
    return Run(0, command, at.date(), at, at, outcome, notes)  # type: ignore[arg-type]


def good(ago: timedelta) -> Run:
    return run(ago, Note("info", "arxiv", "9 papers"), Note("info", "send", "3 sent"))


def found(runs: list[Run], *, next_due: datetime | None = None, sources: tuple[str, ...] = ("arxiv",)) -> Health:
    return judge(runs, now=NOW, collect_every=HOUR, sources=sources, next_due=next_due)


def hourly(*first: Run) -> list[Run]:
    return [*first, *(good(HOUR * n) for n in range(len(first) + 1, 60))]


def test_a_newsletter_that_never_ran_and_one_that_runs_are_in_order() -> None:
    assert found([]).state == "ok"
    assert found(hourly()) == Health(())
    once_a_day = [good(timedelta(hours=23, minutes=50) + n * DAY) for n in range(6)]
    assert found(once_a_day).state == "ok"


@pytest.mark.parametrize(
    ("ago", "state"),
    [(HOUR, "ok"), (3 * HOUR, "late"), (25 * HOUR, "late"), (27 * HOUR, "broken")],
)
def test_a_schedule_that_went_quiet_is_late_and_after_a_day_broken(ago: timedelta, state: str) -> None:
    assert found([good(ago + HOUR * n) for n in range(60)]).state == state


def test_a_source_in_trouble_is_late_and_broken_only_when_all_are_for_a_day() -> None:
    error = Note("error", "arxiv", "429 Too Many Requests")
    fine = Note("info", "huggingface", "20 papers")
    short = [run(HOUR * n, error) for n in range(1, 4)] + [good(HOUR * n) for n in range(4, 60)]
    assert found(short).findings == (
        Finding(
            "late", "arxiv", "arxiv has given no answer since 2026-11-20 09:00 UTC: 429 Too Many Requests"
        ),
    )  # fmt: skip
    long = [run(HOUR * n, error) for n in range(1, 40)]
    assert found(long).state == "broken"
    one_of_two = [run(HOUR * n, error, fine) for n in range(1, 40)]
    assert found(one_of_two, sources=("arxiv", "huggingface")).state == "late"


def test_mail_that_cannot_leave_is_late_and_after_two_hours_broken() -> None:
    down = Note("error", "send", "The mail server is away.")
    assert found(hourly(run(HOUR, down, outcome="partial"))).state == "late"
    three = [run(HOUR * n, down, outcome="partial") for n in (1, 2, 3)]
    assert [one.subject for one in found(hourly(*three)).findings] == ["send"]
    assert found(hourly(*three)).state == "broken"
    assert found(hourly(good(HOUR / 2), *three)).state == "ok"


def test_a_run_that_died_is_late_and_one_that_failed_for_good_is_broken() -> None:
    assert found(hourly(run(HOUR, outcome="died"))).state == "late"
    failed = run(HOUR, Note("error", "run", "The database is damaged."), outcome="failed")
    assert found(hourly(failed)).state == "broken"


def test_days_on_which_nothing_ran_are_missed_days() -> None:
    runs = [good(0 * DAY), good(3 * DAY), good(4 * DAY)]
    assert missed_days(runs, [], today=NOW.date()) == (date(2026, 11, 18), date(2026, 11, 19))
    assert missed_days(runs, [date(2026, 11, 19)], today=NOW.date()) == (date(2026, 11, 18),)
    assert missed_days([good(0 * DAY)], [], today=NOW.date()) == (), "before the first run nothing is missed"


def test_a_source_is_silent_since_its_first_failure_whatever_warnings_stand_between() -> None:
    error, warning = Note("error", "arxiv", "429"), Note("warning", "arxiv", "It is asked again with the next run.")
    runs = [run(HOUR, error, warning), run(HOUR * 2, warning), run(HOUR * 3, error, warning), good(HOUR * 4)]
    assert silent_sources(runs[:1] + runs[2:], ["arxiv"]) == {"arxiv": (NOW - HOUR * 3, "429")}
    assert silent_sources(runs, ["arxiv"]) == {"arxiv": (NOW - HOUR, "429")}
