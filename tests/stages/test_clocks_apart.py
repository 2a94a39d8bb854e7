"""Two machines whose clocks disagree: a lease that one of them holds has run out for the other."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.store.open import open_store
from tests.support.desk import Desk, newsletter
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.config import Config
    from newsletter.press import Press


@pytest.mark.parametrize("seconds", [-45, 45])
def test_a_machine_whose_clock_is_apart_from_the_databases_sends_nothing_until_it_is_set(
    tmp_path: Path, seconds: int
) -> None:
    desk = Desk(tmp_path)
    desk("subscribers", "add", "ada@example.org")

    @contextmanager
    def apart(config: Config) -> Iterator[Press]:
        with desk.press(config) as press:
            yield replace(press, clock_ahead=lambda: timedelta(seconds=seconds))

    said = newsletter(["--config", str(tmp_path / "config.toml"), "run"], open_press=apart)

    assert said.code == 75
    assert f"clock is 45 s {'ahead of' if seconds > 0 else 'behind'} the database server's" in said.err + said.out
    assert desk.mails == []
    assert desk("run").code == 0
    assert len(desk.mails) == 1


@pytest.mark.parametrize("kind", REAL)
def test_the_clocks_of_a_machine_and_of_its_database_are_compared(kind: str, tmp_path: Path) -> None:
    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    found = store.clock_ahead(datetime.now(UTC) + timedelta(hours=2))
    store.close()
    if kind == "sqlite":
        assert found == timedelta(0)
    else:
        assert timedelta(hours=1.9) < found <= timedelta(hours=2)
