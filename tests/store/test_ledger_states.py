"""docs/decisions/0001-ledger.md says what each combination of facts means: here the database is asked."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.model.mail import NewDelivery
from newsletter.store.ledger_tables import deferrals, lease_ranges, leases, outcomes, started
from newsletter.store.open import open_store
from newsletter.store.values import micros
from tests.support.stores import REAL, SECRET, fresh_url

if TYPE_CHECKING:
    from newsletter.store.open import Store

DAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENDS = ("sent", "refused", "uncertain", "expired", "suppressed", "cancelled")
PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "0001-ledger.md"


def lines() -> list[tuple[str, ...]]:
    """(outcome, open deferral, living lease, started, state, a crash here) as the page has them."""
    cells = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    return [line for line in cells if len(line) == 6 and line[0] in {"none", *ENDS}]


def stated(outcome: str, deferral: str, lease: str, mark: str) -> tuple[str, str]:
    """(state, a crash here) by the page: the one line that these facts match."""
    facts = (outcome, deferral, lease, mark)
    (found,) = [
        line for line in lines() if all(said in {"any", fact} for said, fact in zip(line[:4], facts, strict=True))
    ]
    return found[4], found[5]


def build(store: Store, number: int, facts: tuple[str, str, str, str]) -> None:
    """One delivery with these facts, and the old lease that every claimed row has had."""
    outcome, deferral, lease, mark = facts
    answer = {"at": micros(NOW), "code": 450, "enhanced": "", "text": ""}
    with store.database.writing() as connection:
        until = micros(NOW + MINUTE if lease == "yes" else NOW)
        connection.execute(leases.insert(), {"id": number, "owner": "dead", "until": until})
        connection.execute(lease_ranges.insert(), {"lease_id": number, "first_id": number, "last_id": number})
        if outcome != "none":
            connection.execute(outcomes.insert(), {"delivery_id": number, "state": outcome, **answer})
        if deferral == "open":
            retry = {"delivery_id": number, "not_before": micros(NOW + MINUTE), "charged": True, "open": True}
            connection.execute(deferrals.insert(), {**retry, **answer})
        if mark == "yes":
            connection.execute(started.insert(), {"delivery_id": number, "at": micros(NOW)})
        connection.exec_driver_sql(f"UPDATE frontier SET last_id = {number}")


def after_crash(now: str, later: str) -> set[str]:
    """What the page's words allow a row in state `now` to be once its worker is dead and its lease has run out."""
    if later == "the lease runs out: uncertain":
        return {"uncertain"}
    return {"claimed"} if "next claim takes it" in later else {now}


@pytest.mark.parametrize("kind", REAL)
def test_every_combination_of_facts_is_in_the_state_that_the_page_says(kind: str, tmp_path: Path) -> None:
    every = list(itertools.product(("none", *ENDS), ("none", "open"), ("no", "yes"), ("no", "yes")))
    store = open_store(fresh_url(kind, tmp_path), secret=SECRET, folder=tmp_path)
    rows = [NewDelivery("digest", DAY, n, "{}", NOW + 60 * MINUTE) for n in range(1, len(every) + 1)]
    store.ledger.queue(rows, at=NOW)
    for number, facts in enumerate(every, 1):
        build(store, number, facts)

    def states(now: datetime) -> dict[tuple[str, ...], str]:
        found = {}
        for number, facts in enumerate(every, 1):
            standing = store.ledger.standing(kind="digest", day=DAY, subscriber_id=number, now=now)
            assert standing is not None
            found[facts] = standing.state
        return found

    assert states(NOW) == {facts: stated(*facts)[0] for facts in every}

    # All workers die; then one claims, past every lease and before any retry is due.
    later = NOW + MINUTE
    with store.database.writing() as connection:
        connection.execute(deferrals.update().values(not_before=micros(later + MINUTE)))
    store.ledger.claim("next", limit=1000, now=later, lease=MINUTE)
    for facts, state in states(later).items():
        assert state in after_crash(*stated(*facts)), facts
    store.close()


def test_the_page_names_every_state_and_each_line_once() -> None:
    assert {line[4] for line in lines()} == {*ENDS, "queued", "claimed", "sending", "deferred"}
    assert len({line[:4] for line in lines()}) == len(lines()) == 11
