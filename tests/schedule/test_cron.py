"""Cron and timers: whatever their rhythm, each reader has one mail a day, made from lists that are out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter import publish
from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from tests.support.desk import PAPERS, Desk, paper

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TITLES = (
    "A language model of rivers",
    "A language model of hills",
    "A language model of towns",
    "Snails as a language model",
)


@pytest.mark.parametrize(
    ("every", "first", "printed", "mailed"),
    [
        (timedelta(hours=1), "00:17", ["00:17", "07:17", "07:17", "07:17"], ["00:17", "08:17", "08:17", "08:17"]),
        (timedelta(hours=24), "07:05", ["07:05"] * 4, ["07:05"] * 4),
        (timedelta(hours=24), "09:00", ["09:00"] * 4, ["09:00"] * 4),
        (timedelta(hours=6), "01:30", ["01:30", "07:30", "07:30", "07:30"], ["01:30", "13:30", "13:30", "13:30"]),
    ],
)
def test_each_rhythm_of_cron_brings_one_mail_a_day(
    tmp_path: Path, every: timedelta, first: str, printed: list[str], mailed: list[str]
) -> None:
    desk = Desk(tmp_path)
    desk.source.lists = {
        date(2026, 11, 17) + timedelta(days=n): (paper(10 + n, TITLES[n]), *PAPERS[:1]) for n in range(4)
    }
    desk.clock.moment = datetime.fromisoformat(f"2026-11-17T{first}").replace(tzinfo=UTC)
    got = []
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        press.subscribers.add(Subscriber(email="ada@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO))
        while desk.clock.moment < datetime(2026, 11, 21, tzinfo=UTC):
            report = publish.run(press)
            got += [f"{desk.clock.moment:%H:%M}"] * (report.tally.sent if report.tally else 0)
            desk.clock.pass_(every)
        days = [press.editions.get(date(2026, 11, 17) + timedelta(days=n)) for n in range(4)]
    assert [f"{edition.printed_at:%H:%M}" for edition in days if edition] == printed
    assert got == mailed
