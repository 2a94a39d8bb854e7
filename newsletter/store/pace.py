"""One rate for every process of a database: turns to send are given out in blocks, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from newsletter.store.database import PACE_LOCK
from newsletter.store.limits import web_records
from newsletter.store.values import micros

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.store.database import Database

CATCH_UP = 0.2  # seconds; less than what `newsletter.send.pace` lets a turn be late
_KIND, _CAP = "pace", "cap"


def first_turn(found: int | None, at: int, ahead: float) -> int:
    """When the next block begins, in microseconds: where the last one ended (`found`), but for what a pause loses."""
    first = at + round(ahead * 1e6)
    return first if found is None else max(found, first - round(CATCH_UP * 1e6))


class SqlPace:
    """The virtual scheduling of ATM's GCRA (ITU-T I.371): the database holds when the next turn begins."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def reserve(
        self, turns: float, per_second: float, *, now: datetime, key: str = "sending", ahead: float = 0.0
    ) -> float:
        """Seconds from `now` until the first of so many turns, the others following at the rate. `key`: of what.

        With many workers that is some way ahead; one that ends or dies before wastes one block of turns. After a pause
        it is before `ahead` seconds from `now`: so much is caught up, and no more than CATCH_UP. Every machine's own
        clock counts: they agree as well as their NTP does.
        """
        at = micros(now)
        column = web_records.c
        mine = (column.kind == _KIND) & (column.key == key)
        with self._db.writing(lock=PACE_LOCK) as connection:
            found = connection.execute(select(column.value).where(mine)).scalar()
            begins = first_turn(None if found is None else int(found), at, ahead)
            row = {"value": str(begins + round(turns * 1e6 / per_second)), "ends_at": None}
            insert = self._db.insert(web_records).values(kind=_KIND, key=key, **row)
            connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=row))
        return (begins - at) / 1e6

    def take(self, key: str, wanted: int, most: int, *, until: datetime) -> int:
        """So many of `wanted` as are left of `most` under this name; fewer than none gives back. Gone after `until`."""
        column = web_records.c
        mine = (column.kind == _CAP) & (column.key == key)
        with self._db.writing(lock=PACE_LOCK) as connection:
            found = connection.execute(select(column.value).where(mine)).scalar()
            taken = 0 if found is None else int(found)
            got = min(wanted, max(0, most - taken)) if wanted > 0 else -min(-wanted, taken)
            row = {"value": str(taken + got), "ends_at": micros(until)}
            insert = self._db.insert(web_records).values(kind=_CAP, key=key, **row)
            connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=row))
        return got
