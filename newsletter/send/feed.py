"""The feed: claims rows, has them rendered, marks them as started, and hands them out at the asked pace."""

from __future__ import annotations

import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from newsletter.errors import AttentionError, LaterError, StoreError
from newsletter.model.mail import Deferred, Dropped, Reply, Uncertain
from newsletter.send.gate import SOON
from newsletter.send.manners import provider_of
from newsletter.send.unrendered import Unrendered

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from newsletter.model.mail import Delivery, Message, Outcome
    from newsletter.ports import Clock, Ledger
    from newsletter.send.books import Books
    from newsletter.send.drain import DrainPolicy, Render
    from newsletter.send.gate import Gate
    from newsletter.send.pace import Pacer, SharedPacer

FIRST_ROWS = 125  # of the first claim; twice as many each time while they are gone within CLAIM_SECONDS / 2
CLAIM_SECONDS = 5.0
STALE = timedelta(seconds=1)  # after the look whether readers left: then they are looked up again
HELD = 64  # composed mails that wait for their provider, at most


class PutOff(Protocol):
    """Writes down that a row is kept back until then."""

    def __call__(self, delivery: Delivery, at: datetime, why: str) -> None: ...


class Feed:
    """Messages for the transport, lazily: rows are claimed, rendered and marked only as the transport takes them.

    `taken` maps a delivery id to its row and the recipient's domain, for as long as its message is out.
    """

    def __init__(
        self,
        ledger: Ledger,
        books: Books,
        render: Render,
        *,
        clock: Clock,
        owner: str,
        policy: DrainPolicy,
        pacer: Pacer | SharedPacer | None,
        window: int,
        waits: bool,
        closed_domains: Mapping[str, str],
        gate: Gate,
        put_off: PutOff,
        halted: Callable[[], bool],
        decided: Callable[[Outcome, Delivery], None],
        noted: Callable[[str], None],
    ) -> None:
        self._ledger, self._books, self._render, self._clock, self._owner = ledger, books, render, clock, owner
        self._policy, self._pacer, self._most, self._waits = policy, pacer, window, waits
        self._closed, self._halted, self._decided = closed_domains, halted, decided
        self._gate, self._put_off = gate, put_off
        self._held: deque[tuple[Delivery, Message, float]] = deque()  # composed, and not yet let through, since when
        self.taken: dict[int, tuple[Delivery, str]] = {}
        self.unrendered = Unrendered(decided, noted)
        self._doubtful: set[int] = set()
        self._has_turn = False
        first = FIRST_ROWS if policy.rate is None else max(1, int(policy.rate.per_second))
        self._rows, self._claimed_at = min(policy.claim, FIRST_ROWS, first), time.monotonic()

    def messages(self) -> Iterator[Message | None]:
        """Ends when nothing is due or the run is halted, and when ledger or renderer fail: `Books.failure` says so."""
        try:
            while not self._halted():
                self._settle_doubtful()
                self._gate.look()
                claim = self._ledger.claim(
                    self._owner, limit=self._share(), now=self._clock.now(), lease=self._policy.lease
                )
                if claim is None:
                    break
                self._books.open(claim)
                size, rows = self._window(), together(claim.deliveries)
                for first in range(0, len(rows), size):
                    if self._halted():
                        break
                    yield from self._batch(rows[first : first + size])
            while self._held and not self._halted():
                yield from self._let_through()
                yield None
            self.unrendered.close()
        except Exception as error:  # noqa: BLE001  # edge: what is on the wire is settled before this is raised again
            self._books.failure = self._books.failure or error

    def _share(self) -> int:
        """No more rows than a few seconds' worth, by the rate or by how long the last claim took: what is claimed next,
        a confirmation say, waits for these.
        """
        now = time.monotonic()
        took, self._claimed_at = now - self._claimed_at, now
        if took < CLAIM_SECONDS / 2:
            self._rows = min(self._policy.claim, self._rows * 2)
        elif took > CLAIM_SECONDS:
            self._rows = max(1, self._rows // 2)
        if self._policy.rate is not None:  # which others may have a share of
            self._rows = max(1, min(self._rows, int(self._policy.rate.per_second * CLAIM_SECONDS)))
        return self._rows

    def _window(self) -> int:
        """No more rows than a second's worth: who leaves while we wait for our turn is still caught by the renderer."""
        if self._policy.rate is None:
            return self._most
        return max(1, min(self._most, int(self._policy.rate.per_second)))

    def _batch(self, deliveries: Sequence[Delivery]) -> Iterator[Message | None]:
        """Fewer are composed at once where it takes too long to get to them."""
        looked_up, rest, size = 0, deliveries, len(deliveries)
        while rest and not self._halted():
            again = yield from self._fresh(rest[:size], looked_up)
            rest = [*again, *rest[size:]]
            looked_up, size = (again[0].id, (len(again) + 1) // 2) if again else (0, size)

    def _fresh(
        self, deliveries: Sequence[Delivery], looked_up: int
    ) -> Generator[Message | None, None, Sequence[Delivery]]:
        """Hand these out; returns those that are to be looked up and composed again, since it took so long to get to
        them. The first of them, `looked_up` then, leaves in any case: else nobody would on a very slow machine.
        """
        now = self._clock.now()
        rows = self._in_time(deliveries, now)  # neither handed out nor decided
        ready: Iterable[tuple[Delivery, Message]] = self._rendered(rows)
        if self._policy.on_uncertain != "resend":  # else what a dead run held is sent again, marked or not
            ready = list(ready)
            self._books.start(delivery for delivery, _ in ready)
            rows = {delivery.id: delivery for delivery, _ in ready}
        stale = now + STALE
        for delivery, message in ready:
            rows.pop(delivery.id, None)
            if self._pacer is not None:
                yield from self._turn(self._pacer)
            if (now := self._clock.now()) >= stale and delivery.id != looked_up:
                return [delivery, *rows.values()]
            if not self._gate.calm:
                if (yield from self._is_held(delivery, message)):
                    continue
                if self._pacer is not None:
                    yield from self._turn(self._pacer)
                now = self._clock.now()
            if self._halted() or not self._books.holds(delivery.id, now):
                return ()
            yield self._handed(delivery, message)
        self.unrendered.judge()  # after the good ones have left
        return ()

    def _in_time(self, deliveries: Sequence[Delivery], now: datetime) -> dict[int, Delivery]:
        """Those that are still ours, without those that are too old."""
        rows: dict[int, Delivery] = {}
        for delivery in deliveries:
            if not self._books.holds(delivery.id, now):
                continue
            if delivery.expires_at <= now:
                self._decided(Dropped(delivery.id, "expired", "not sent in time"), delivery)
            else:
                rows[delivery.id] = delivery
        return rows

    def _handed(self, delivery: Delivery, message: Message) -> Message:
        self._books.handed(delivery.id)
        self.taken[delivery.id] = (delivery, domain_of(message))
        self._has_turn = False
        return message

    def _is_held(self, delivery: Delivery, message: Message) -> Generator[Message | None, None, bool]:
        """Whether the gate keeps this one back; those before it whose turn has come go first."""
        domain = domain_of(message)
        yield from self._let_through()
        while (held := self._gate.wait(delivery, domain)) is not None:
            if held[0] is None and self._waits:
                if len(self._held) < HELD:
                    self._held.append((delivery, message, time.monotonic()))
                    return True
                if not (self._gate.knows(domain) or self._halted()):
                    yield None
                    yield from self._let_through()
                    continue
            self._keep_back(delivery, message, held)
            return True
        return False

    def _let_through(self) -> Iterator[Message | None]:
        for _ in range(len(self._held)):
            delivery, message, since = self._held.popleft()
            if not self._books.holds(delivery.id, self._clock.now()):
                continue
            held = self._gate.wait(delivery, domain_of(message))
            if held is None:
                if self._pacer is not None:
                    yield from self._turn(self._pacer)
                if self._halted() or not self._books.holds(delivery.id, self._clock.now()):
                    return
                yield self._handed(delivery, message)
            elif held[0] is None and time.monotonic() - since < SOON:
                self._held.append((delivery, message, since))
            else:
                self._keep_back(delivery, message, held)

    def _keep_back(self, delivery: Delivery, message: Message, held: tuple[datetime | None, str]) -> None:
        when, why = held
        self._put_off(delivery, when or self._gate.too_long(domain_of(message)), why)

    def _turn(self, pacer: Pacer | SharedPacer) -> Iterator[None]:
        """Wait for a turn under the rate limit, without holding up a transport that has sockets to serve. It is kept
        until a message leaves.
        """
        if self._has_turn:
            return
        while self._waits and pacer.delay() > 0 and not self._halted():
            yield None
        if not self._waits or not self._halted():
            pacer.take()
            self._has_turn = True

    def _rendered(self, rows: dict[int, Delivery]) -> Iterator[tuple[Delivery, Message]]:
        """One after the other, as they are asked for, and taken out of `rows`: what is rendered long before it leaves
        has left the processor's cache. When one of them does not render, the rest come singly: the bad ones are told
        from the others.
        """
        if (yield from self._render_from(rows, list(rows.values()))) is not None:
            for delivery in list(rows.values()):
                error = yield from self._render_from(rows, [delivery])
                if error is not None:
                    self.unrendered.bad(rows.pop(delivery.id), error)
        for delivery in rows.values():
            self.unrendered.bad(delivery, AttentionError("the renderer gave nothing for this row"))

    def _render_from(
        self, rows: dict[int, Delivery], deliveries: Sequence[Delivery]
    ) -> Generator[tuple[Delivery, Message], None, Exception | None]:
        """Takes what rendered out of `rows`; returns what stopped it. The world's failures pass through."""
        try:
            for result in self._render(deliveries) if deliveries else ():
                delivery = rows.pop(result.delivery_id)
                if isinstance(result, Dropped):
                    self._decided(result, delivery)
                    continue
                self.unrendered.good(delivery)
                if self._closed and (said := self._closed.get(provider_of(domain_of(result)))) is not None:
                    self._decided(_held_back(delivery, said), delivery)
                    continue
                yield delivery, result
        except (LaterError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001  # edge: papers come from strangers; one row must not stop all mail
            return error
        return None

    def _settle_doubtful(self) -> None:
        """Rows in doubt, most often a dead run's: the ledger gives them out again only when it is told to."""
        now = self._clock.now()
        doubtful = [one for one in self._ledger.uncertain_since(now=now) if one.id not in self._doubtful]
        self._doubtful.update(one.id for one in doubtful)
        if self._policy.on_uncertain == "resend":
            if doubtful:
                self._ledger.resend([one.id for one in doubtful], now=now, not_before=now)
            return
        for delivery in doubtful:
            self._decided(Uncertain(delivery.id, Reply(0, "", "an earlier run ended while this was sent")), delivery)
        self._books.flush()


def together(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """All but digests first, as they are; then digests, the same issues one after the other and similar ones near each
    other: what a mail is made of is then mostly still in the processor's cache, which halves what its octets cost.
    """
    first: list[Delivery] = []
    issues: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.kind != "digest":
            first.append(delivery)
        elif (same := issues.get(delivery.payload)) is None:
            issues[delivery.payload] = [delivery]
        else:
            same.append(delivery)
    return [*first, *(delivery for payload in sorted(issues) for delivery in issues[payload])]


def _held_back(delivery: Delivery, said: str) -> Deferred:
    text = f"held back, this domain turns our mail away: {said}"
    return Deferred(delivery.id, Reply(0, "", text), charged=False)


def domain_of(message: Message) -> str:
    return message.recipient.rpartition("@")[2].lower()
