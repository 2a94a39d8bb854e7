"""What only a person decides about queued mail: stop a day, send doubtful mail once more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from newsletter.model.mail import Deferred, NewDelivery, Reply, Uncertain
from tests.support.desk import FRIDAY, Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def queued(desk: Desk) -> None:
    """Two mails of Friday, one that waits for a retry and one that got no answer and is left to a person."""
    with desk.press(load_config(desk.folder / "config.toml", {})) as press:
        now = press.clock.now()
        rows = [NewDelivery("digest", FRIDAY, one, "{}", now + timedelta(hours=20)) for one in (1, 2)]
        press.ledger.queue(rows, at=now)
        claim = press.ledger.claim("a", limit=9, now=now, lease=timedelta(minutes=2))
        assert claim is not None
        one, two = (each.id for each in claim.deliveries)
        again = now + timedelta(minutes=5)
        press.ledger.settle([(Deferred(one, Reply(451)), again), (Uncertain(two, Reply(0), final=True), None)], now=now)
        press.ledger.release(claim)


def states(desk: Desk) -> dict[str, int]:
    with desk.press(load_config(desk.folder / "config.toml", {})) as press:
        return dict(press.ledger.counts(now=press.clock.now()))


def test_an_operator_stops_a_day(desk: Desk) -> None:
    queued(desk)
    done = desk("send", "--cancel", "--day", "2026-11-20")
    assert (done.code, done.out) == (
        0,
        "1 mail of 2026-11-20 cancelled; what a worker holds at this moment is still sent\n",
    )
    assert states(desk) == {"cancelled": 1, "uncertain": 1}


def test_an_operator_sends_doubtful_mail_once_more(desk: Desk) -> None:
    queued(desk)
    other = desk("send", "--resend-uncertain", "--day", "2026-11-19", "--json")
    assert (other.json["count"], states(desk)) == (0, {"deferred": 1, "uncertain": 1})
    done = desk("send", "--resend-uncertain")
    assert (done.code, done.out) == (
        0,
        "1 uncertain mail queued once more; `newsletter send` or `serve` sends them\n",
    )
    assert states(desk) == {"deferred": 2}


def test_a_day_is_not_cancelled_by_accident(desk: Desk) -> None:
    queued(desk)
    for command in (["--cancel"], ["--cancel", "--resend-uncertain"], ["--cancel", "--day", "2026-11-20", "--dry-run"]):
        assert desk("send", *command).code == 2
    assert states(desk) == {"deferred": 1, "uncertain": 1}
