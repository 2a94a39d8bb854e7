"""The drain: ledger -> render -> next hop -> ledger, in windows, until nothing is due or something says stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.mail import Delivered, Dropped, Message
from newsletter.send.books import Books
from newsletter.send.breaker import Breaker
from newsletter.send.feed import Feed
from newsletter.send.gate import Gate
from newsletter.send.judging import Judge
from newsletter.send.pace import Pacer, Rate, SharedPacer
from newsletter.send.retry import SCHEDULE
from newsletter.send.tally import StopKind, Tally
from newsletter.send.waiting import Pauses

if TYPE_CHECKING:
    from newsletter.model.mail import Delivery
    from newsletter.ports import Clock, Ledger, Transport
    from newsletter.send.doubt import OnUncertain
    from newsletter.send.gate import Board, Quota

ANY = 1_000_000  # mails under way in a transport that has no connections
_CURES: dict[StopKind, str] = {
    "later": "Run this again later: the rest is queued.",
    "attention": "Read the relay's words, mend what they name, then run `newsletter send` again: the rest is queued.",
}
Render = Callable[[Sequence["Delivery"]], Iterator[Message | Dropped]]


@runtime_checkable
class Pulsing(Protocol):
    """A transport that waits on sockets: it calls `pulse` at least once a second meanwhile, and takes None from the
    message stream as "nothing right now, ask again soon". After `hurry(s)` it waits no longer than `s` for an answer.
    `capacity` is how many messages it has under way at most.
    """

    pulse: Callable[[], None]

    @property
    def capacity(self) -> int: ...

    def hurry(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainPolicy:
    """Plain values; `config.toml` maps onto them. `patience`: how long to wait for deferrals that come due soon."""

    retry: tuple[timedelta, ...] = SCHEDULE
    on_uncertain: OnUncertain = "resend"
    rate: Rate | None = None
    patience: timedelta = timedelta(0)
    ours: timedelta = timedelta(minutes=20)  # pauses of a run for what it put off itself, together
    lease: timedelta = timedelta(minutes=2)
    claim: int = 2000  # rows a lease
    window: int = 256  # rows rendered and marked as started together, at most
    settle_rows: int = 64  # what is answered and not written is sent again after a kill: no more than was in flight
    settle_within: float = 0.1  # seconds
    grace: float = 8.0  # seconds that a quiet stop waits for answers


def drain(
    ledger: Ledger,
    transport: Transport,
    render: Render,
    *,
    clock: Clock,
    owner: str,
    policy: DrainPolicy | None = None,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Tally], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    pacer: SharedPacer | None = None,
    board: Board | None = None,
    quota: Quota | None = None,
) -> Tally:
    """Send what is due until nothing is, and say what became of it.

    `render` gives a Message or a Dropped for each delivery of a batch, in any order; a row that raises is refused
    (fault "message") and the others go on, unless nothing of its kind renders: `newsletter.send.unrendered`. A relay
    that is down, the breaker or `stop()` ends the claiming: what is in flight is awaited and settled, the rest is
    released, and the Tally says why. `on_progress` is called after each write to the ledger; `pacer` shares the
    policy's rate with other processes, `board` what providers said of our pace, `quota` a day's cap. Raises BusyError
    or StoreError when the ledger itself failed (after a last try to write).
    """
    return _Drain(
        ledger,
        transport,
        render,
        clock=clock,
        owner=owner,
        policy=policy or DrainPolicy(),
        stop=stop,
        on_progress=on_progress,
        sleep=sleep,
        pacer=pacer or (Pacer(policy.rate, sleep=sleep) if policy is not None and policy.rate else None),
        gate=Gate(clock, lambda: transport.capacity if isinstance(transport, Pulsing) else ANY, board, quota),
    ).run()


def _window(policy: DrainPolicy, transport: Transport) -> int:
    """Rows to render, and where doubtful ones are not sent again also to mark as started, at a time: then no more than
    can be on the wire, since whatever is marked is in doubt after a kill.
    """
    if policy.on_uncertain == "resend" or not isinstance(transport, Pulsing):
        return policy.window
    return min(policy.window, transport.capacity)


class _Drain:
    """One run: judges each outcome by the policy and keeps feed, transport and books together."""

    def __init__(
        self,
        ledger: Ledger,
        transport: Transport,
        render: Render,
        *,
        clock: Clock,
        owner: str,
        policy: DrainPolicy,
        stop: Callable[[], bool],
        on_progress: Callable[[Tally], None] | None,
        sleep: Callable[[float], None],
        pacer: Pacer | SharedPacer | None,
        gate: Gate,
    ) -> None:
        self._transport, self._stop, self._grace = transport, stop, policy.grace
        self.tally, self._breaker, self._gate = Tally(), Breaker(), gate
        told: Callable[[], None] = (lambda: on_progress(self.tally)) if on_progress else (lambda: None)
        self._books = Books(ledger, clock, policy.lease, policy.settle_rows, policy.settle_within, told, sleep)
        self._judge = Judge(self._books, self.tally, self._breaker, clock=clock, policy=policy)
        self._pauses = Pauses(ledger, gate, clock=clock, policy=policy, halted=self._halted, sleep=sleep)
        gate.out = self._under_way
        self._feed = Feed(
            ledger,
            self._books,
            render,
            clock=clock,
            owner=owner,
            policy=policy,
            pacer=pacer,
            window=_window(policy, transport),
            waits=isinstance(transport, Pulsing),
            closed_domains=self._breaker.closed_domains,
            gate=gate,
            put_off=self._judge.put_off,
            halted=self._halted,
            decided=self._judge.decided,
            noted=self.tally.notes.append,
        )

    def run(self) -> Tally:
        if isinstance(self._transport, Pulsing):
            self._transport.pulse = self._pulse
        try:
            while True:
                sent = self.tally.sent
                self._pass()
                if self._judge.at_once and not self._halted():
                    self._judge.at_once = False
                    continue
                wait = self._pauses.next(took=self.tally.sent > sent)
                if wait is None:
                    break
                self._pauses.rest(wait)
        except RelayError as error:
            self.tally.halt("later", error.what, error.cure)
        except RelayConfigError as error:
            self.tally.halt("attention", error.what, error.cure)
        finally:
            self._judge.refusals()
            self._books.close()
            self._gate.close()
            self.tally.notes += self._gate.notes
            self._note_domains()
        return self.tally

    def _pass(self) -> None:
        for outcome in self._transport.deliver(cast("Iterator[Message]", self._feed.messages())):
            delivery, domain = self._feed.taken.pop(outcome.delivery_id)
            self._breaker.record(outcome, domain)
            if not self._gate.calm or not isinstance(outcome, Delivered):
                self._gate.heard(outcome, delivery, domain)
            if isinstance(outcome, Delivered):
                self._judge.taken(outcome)
            else:
                self._judge.decided(outcome, delivery)
            self._books.pulse()
        self._books.flush()

    def _pulse(self) -> None:
        self._books.pulse()
        if self._stop() and isinstance(self._transport, Pulsing):
            self._transport.hurry(self._grace)

    def _halted(self) -> bool:
        if self._stop():
            self.tally.halt("asked", "Stopped on request; what was in flight is settled, the rest stays queued.")
        elif self._breaker.reason:
            kind: StopKind = "later" if self._breaker.tired else "attention"
            self.tally.halt(kind, self._breaker.reason, _CURES[kind])
        elif self._feed.unrendered.reason:
            self.tally.halt(
                "attention", self._feed.unrendered.reason, "Mend the template, then run `newsletter send` again."
            )
        return bool(self.tally.stop) or self._books.failure is not None

    def _under_way(self) -> Iterable[tuple[Delivery, str]]:
        return self._feed.taken.values()

    def _note_domains(self) -> None:
        for domain, said in sorted(self._breaker.closed_domains.items()):
            self.tally.notes.append(f"{domain} takes nothing from us: {said}")
