"""What came back, in memory: it passes the contract suite that the real store passes; and a mailbox in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from newsletter.model.returns import Letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from newsletter.model.returns import Evidence, What


class FakeReturns:
    def __init__(self) -> None:
        self.rows: dict[str, Evidence] = {}
        self.closed: set[str] = set()

    def keep(self, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
        for one in evidence:
            self.rows.setdefault(one.key, one)
        asked = {one.key for one in evidence} - self.closed
        return tuple(one for key, one in self.rows.items() if key in asked)

    def close(self, keys: Iterable[str], *, at: datetime) -> None:
        self.closed |= set(keys) & set(self.rows)

    def open(self, *, limit: int, suspended: bool | None = None) -> tuple[Evidence, ...]:
        found = [one for one in self.rows.values() if one.key not in self.closed]
        return tuple(one for one in found if suspended in {None, one.what == "suspended"})[:limit]

    def about(self, subscriber_ids: Iterable[int], *, since: datetime) -> Mapping[int, tuple[Evidence, ...]]:
        wanted, found = set(subscriber_ids), defaultdict[int, list["Evidence"]](list)
        for one in self.rows.values():
            if one.subscriber_id in wanted and one.at >= since:
                found[one.subscriber_id].append(one)
        return {number: tuple(some) for number, some in found.items()}

    def seen(self, mails: Iterable[str]) -> frozenset[str]:
        return frozenset(one.mail for one in self.rows.values() if one.key in self.closed) & frozenset(mails)

    def tally(self, *, since: datetime) -> Mapping[tuple[date, What], int]:
        found = (one for one in self.rows.values() if one.signed and one.at >= since)
        return Counter((one.day, one.what) for one in found)

    def sweep(self, *, before: datetime) -> int:
        old = [one.key for one in self.rows.values() if one.at < before and one.key in self.closed]
        for key in old:
            del self.rows[key]
        return len(old)


class FakeMailbox:
    """Letters in memory; `erased` and `aside` are what became of them."""

    def __init__(self, *letters: bytes, name: str = "returns") -> None:
        self.name = name
        self.inside = {f"{number}": data for number, data in enumerate(letters)}
        self.aside: list[bytes] = []

    def letters(self, *, limit: int) -> Iterator[Letter]:
        yield from [Letter(name, data) for name, data in self.inside.items()][:limit]

    def finish(self, done: Sequence[str], aside: Sequence[str]) -> None:
        for name in done:
            self.inside.pop(name, None)
        self.aside += [self.inside.pop(name) for name in aside if name in self.inside]
