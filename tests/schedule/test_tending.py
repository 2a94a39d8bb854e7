"""How often the house is tended: hourly where mail comes back, daily where none does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.config import load_config
from newsletter.rhythm import tend_is_due
from newsletter.tend import tend
from tests.support.desk import Desk
from tests.support.fake_returns import FakeMailbox

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_tended_every_hour_where_mail_comes_back_and_else_every_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        with_mail = replace(press, mailboxes=(FakeMailbox(),))
        assert tend_is_due(press, desk.clock.now())
        tend(press)

        later = [desk.clock.now() + timedelta(hours=hours) for hours in (0, 0.9, 1, 23, 24)]
        assert [tend_is_due(with_mail, one) for one in later] == [False, False, True, True, True]
        assert [tend_is_due(press, one) for one in later] == [False, False, False, False, True]
