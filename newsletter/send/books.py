"""The drain's books: leases held, rows in flight, outcomes on their way into the ledger in batches."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter.errors import LaterError, StoreError
from newsletter.model.mail import Deferred, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from newsletter.model.mail import Claim, Delivery, Outcome
    from newsletter.ports import Clock, Ledger

SHARE = 9  # times the cost of a write that a few outcomes wait for company
FEW = 8  # in so short a time: else there is company enough to wait for a whole batch
LAST_TRIES, LAST_PAUSE = 5, 0.5  # how stubbornly the outcomes of a finished run are written


@dataclass(slots=True)
class _Held:
    claim: Claim
    open_ids: set[int]
    until: datetime
    lost: bool = False


@dataclass(slots=True)
class Books:
    """Settles after `settle_rows` outcomes or `settle_within` seconds, and while little goes out sooner, as long as
    writing takes no more than a tenth of the time: what is answered but not written is what a kill would send again.
    Leases are renewed at a third of their length.

    What fails is kept as `failure`, not raised: what is in flight still gets its answer, and `close` tries
    again to write it down.
    """

    ledger: Ledger
    clock: Clock
    lease: timedelta
    settle_rows: int
    settle_within: float
    settled: Callable[[], None]
    sleep: Callable[[float], None] = time.sleep
    failure: Exception | None = None
    _held: list[_Held] = field(default_factory=list)
    _owner_of: dict[int, _Held] = field(default_factory=dict)
    _started: dict[int, Delivery] = field(default_factory=dict)
    _waiting: list[tuple[Outcome, datetime | None]] = field(default_factory=list)
    _oldest: float = 0.0
    _renewed: float = field(default_factory=time.monotonic)
    _cost: float = 0.0  # seconds that the last write took

    def open(self, claim: Claim) -> None:
        held = _Held(claim, {delivery.id for delivery in claim.deliveries}, claim.until)
        self._held.append(held)
        self._owner_of.update(dict.fromkeys(held.open_ids, held))

    def holds(self, delivery_id: int, now: datetime) -> bool:
        """Whether the lease on this row is still ours. Who was stopped for longer than it lasts asks the ledger."""
        held = self._owner_of.get(delivery_id)
        if held is not None and held.until <= now and not held.lost:
            self._renew()
        return held is not None and not held.lost and self.failure is None

    def start(self, deliveries: Iterable[Delivery]) -> None:
        """Mark as sending, durable when it returns; raises what the ledger raises."""
        rows = {delivery.id: delivery for delivery in deliveries}
        if rows:
            self.ledger.start(rows, now=self.clock.now())
            self._started.update(rows)

    def handed(self, delivery_id: int) -> None:
        """The row's message is with the transport: from now on its outcome tells."""
        self._started.pop(delivery_id, None)

    def write(self, outcome: Outcome, not_before: datetime | None = None) -> None:
        if not self._waiting:
            self._oldest = time.monotonic()
        self._waiting.append((outcome, not_before))
        self._started.pop(outcome.delivery_id, None)

    def pulse(self) -> None:
        """Whatever is due: called after each outcome and at least once a second while waiting."""
        waits, now = len(self._waiting), time.monotonic()
        if waits >= self.settle_rows:
            self.flush()
        elif waits:
            within = min(self.settle_within, SHARE * self._cost) if waits < FEW else self.settle_within
            if now - self._oldest >= within:
                self.flush()
        if now - self._renewed >= self.lease.total_seconds() / 3:
            self._renewed = now
            self._renew()

    def flush(self) -> None:
        """Write what waits in one transaction, then give back the leases that are used up."""
        if not self._waiting:
            return
        begun = time.monotonic()
        try:
            self.ledger.settle(self._waiting, now=self.clock.now())
            self._cost = time.monotonic() - begun
            written, self._waiting = self._waiting, []
            self._let_go({outcome.delivery_id for outcome, _ in written})
        except (LaterError, StoreError) as error:
            self.failure = self.failure or error
            self._oldest = time.monotonic()
            return
        self.settled()

    def close(self) -> None:
        """Put back rows that were marked but never handed over, settle the rest, release the leases.

        Raises the first failure that was met on the way, the ledger's or the renderer's.
        """
        for delivery_id in list(self._started):
            held = self._owner_of.get(delivery_id)
            if held is not None and held.lost:  # the mark is another's now
                continue
            self.write(
                Deferred(delivery_id, Reply(0, "", "not sent: the run stopped first"), charged=False), self.clock.now()
            )
        for attempt in range(LAST_TRIES):
            self.flush()
            if not self._waiting:
                break
            self.sleep(LAST_PAUSE * (attempt + 1))
        try:
            for held in self._held:
                if not held.lost:
                    self.ledger.release(held.claim)
        except (LaterError, StoreError) as error:
            self.failure = self.failure or error
        self._held.clear()
        if self.failure is not None:
            raise self.failure

    def _let_go(self, delivery_ids: set[int]) -> None:
        for delivery_id in delivery_ids:
            self._owner_of.pop(delivery_id, None)
        for held in list(self._held):
            held.open_ids -= delivery_ids
            if not held.open_ids and not held.lost:
                self.ledger.release(held.claim)
                self._held.remove(held)

    def _renew(self) -> None:
        until = self.clock.now() + self.lease
        try:
            for held in self._held:
                if not held.lost and self.ledger.renew(held.claim, until=until):
                    held.until = until
                else:
                    held.lost = True
        except (LaterError, StoreError) as error:
            self.failure = self.failure or error
