"""What is too old goes, and nothing that anybody relies on goes with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from tests.support.desk import FRIDAY, PAPERS, Desk, paper

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_after_pruning_an_old_day_is_not_mailed_again_and_today_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        press.subscribers.add(
            Subscriber(email="ada@example.org", created_at=LONG_AGO, confirmed_at=LONG_AGO, consent="form, 1 January")
        )
        press.subscribers.suppress("gone@example.org", "bounced", at=LONG_AGO)
    assert desk("run", "--json").json["sent"] == 1
    assert "0 mails" not in desk("why", "--day", "2026-11-20").out
    counted = desk("why", "--day", "2026-11-20", "--json").json["mail"]

    desk.ahead(timedelta(days=401))
    said = desk("tend").out + desk("tend").err
    assert "1 mail," in said
    assert desk("tend", "--json").json["notes"] != []

    again = desk("run", "--day", "2026-11-20", "--json")
    assert (again.code, again.json["sent"], again.json["cut"]) == (0, 0, 0)
    assert "nothing is cut for 2026-11-20: what was mailed up to 2026-11-20 is erased ([newsletter] keep)" in [
        note["text"] for note in again.json["notes"]
    ]
    assert desk("why", "--day", "2026-11-20", "--json").json["mail"] == counted == {"sent": 1}
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        ada = press.subscribers.by_email("ada@example.org")
        assert ada is not None
        assert ada.consent == "form, 1 January"
        assert press.subscribers.suppressed(["gone@example.org"]) == {"gone@example.org"}
        assert press.editions.get(FRIDAY) is not None
        assert press.papers.count() == len(PAPERS)

    today = desk.clock.now().date()
    desk.source.lists = {today: (*PAPERS, paper(9, "A new language model"))}
    assert desk("run", "--json").json["sent"] == 1
