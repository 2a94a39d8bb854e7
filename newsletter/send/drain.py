"""The drain: ledger -> render -> next hop -> ledger, in windows, until nothing is due or something says stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.mail import Deferred, Delivered, Dropped, Message, Refused, Reply, Uncertain
from newsletter.send.books import Books
from newsletter.send.breaker import Breaker
from newsletter.send.doubt import BEHIND, GARBAGE, HUNG_UP, after_silence, too_late
from newsletter.send.feed import Feed
from newsletter.send.gate import PLAN, Gate
from newsletter.send.pace import Pacer, Rate, SharedPacer
from newsletter.send.retry import LATER, SCHEDULE, not_before
from newsletter.send.tally import Refusal, StopKind, Tally
from newsletter.send.verdict import hers

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model.mail import Delivery, Outcome
    from newsletter.ports import Clock, Ledger, Transport
    from newsletter.send.doubt import OnUncertain
    from newsletter.send.gate import Board, Quota

ANY = 1_000_000  # mails under way in a transport that has no connections
_CURES: dict[StopKind, str] = {
    "later": "Run this again later: the rest is queued.",
    "attention": "Read the relay's words, mend what they name, then run `newsletter send` again: the rest is queued.",
}
OWN = 60.0  # seconds that a run waits for mails that it put off itself, as long as others are taken
TRIES = 3  # of a mail that a server answers with no SMTP
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
        self._ledger, self._transport, self._clock, self._policy, self._sleep = ledger, transport, clock, policy, sleep
        self._stop, self.tally, self._at_once = stop, Tally(), False
        self._breaker, self._gate = Breaker(), gate
        self._patience, self._ours = policy.patience, policy.ours
        self._again = set[int]()  # rows that were met again at once
        self._turned_away: list[tuple[Refused, Delivery]] = []  # while no mail was taken yet
        told: Callable[[], None] = (lambda: on_progress(self.tally)) if on_progress else (lambda: None)
        self._books = Books(ledger, clock, policy.lease, policy.settle_rows, policy.settle_within, told, sleep)
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
            put_off=self._put_off,
            halted=self._halted,
            decided=self._decided,
            noted=self.tally.notes.append,
        )

    def run(self) -> Tally:
        if isinstance(self._transport, Pulsing):
            self._transport.pulse = self._pulse
        try:
            while True:
                sent = self.tally.sent
                self._pass()
                if self._at_once and not self._halted():
                    self._at_once = False
                    continue
                wait = self._next_wait(took=self.tally.sent > sent)
                if wait is None:
                    break
                self._rest(wait)
        except RelayError as error:
            self.tally.halt("later", error.what, error.cure)
        except RelayConfigError as error:
            self.tally.halt("attention", error.what, error.cure)
        finally:
            self._judge_refusals()
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
                self.tally.sent += 1
                self._books.write(outcome)
                if self.tally.put_off:
                    self.tally.put_off.discard(outcome.delivery_id)
                if self._turned_away:
                    self._judge_refusals()
            else:
                self._decided(outcome, delivery)
            self._books.pulse()
        self._books.flush()

    def _pulse(self) -> None:
        self._books.pulse()
        if self._stop() and isinstance(self._transport, Pulsing):
            self._transport.hurry(self._policy.grace)

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

    def _next_wait(self, *, took: bool) -> timedelta | None:
        """For deferrals that come due within our patience; for what we put off ourselves while mails are taken, but not
        for ever: a timer ends the runs that it has started.
        """
        ours = took and self._gate.waits and self._ours > timedelta(0)
        if self._halted() or not (ours or self._patience > timedelta(0)):
            return None
        now = self._clock.now()
        due = self._ledger.next_due(now=now)
        if due is None:
            return None
        wait = max(due - now, timedelta(seconds=1))
        if ours and self._gate.comes_back(due, within=OWN):
            self._ours -= wait
            return wait
        if wait > self._patience:
            return None
        self._patience -= wait
        return wait

    def _rest(self, wait: timedelta) -> None:
        left = wait.total_seconds()
        while left > 0 and not self._halted():
            self._sleep(min(left, 0.5))
            left -= 0.5

    def _decided(self, outcome: Outcome, delivery: Delivery) -> None:
        """Write an outcome down as the policy wants it, and count it."""
        now = self._clock.now()
        if isinstance(outcome, Uncertain):
            outcome = after_silence(outcome, self._policy.on_uncertain)
        if isinstance(outcome, Refused) and outcome.fault == "sender":
            # Nothing is wrong with this reader: keep the row until the operator has mended the sender (RFC 5321 4.2.1).
            outcome = Deferred(delivery.id, outcome.reply, charged=False, retry_after=LATER.total_seconds())
        if isinstance(outcome, Deferred) and outcome.reply.text.startswith(GARBAGE):
            # The server greeted us well and answers this mail with nonsense: tries are counted, they must have an end.
            outcome = replace(outcome, charged=True)
            if delivery.attempt >= TRIES:
                outcome = Refused(delivery.id, outcome.reply, "message")
        if isinstance(outcome, Refused) and outcome.fault == "message" and not self._breaker.any_good:
            self._turned_away.append((outcome, delivery))
            return
        at: datetime | None = None
        if isinstance(outcome, Deferred) and HUNG_UP in outcome.reply.text and self._meets_again(outcome):
            # Some servers close after so many mails: met again at once, nobody has done anything wrong.
            self._at_once = True
            self._books.write(outcome, now)
            return
        if isinstance(outcome, Deferred):
            at = not_before(outcome, delivery, now=now, schedule=self._policy.retry)
            if at is None:
                if hers(outcome):
                    full = Refusal(delivery.subscriber_id, outcome.reply, "mailbox-full", delivery.key)
                    self.tally.given_up.append(full)
                outcome = too_late(outcome)
        self.tally.count(outcome, delivery)
        self._books.write(outcome, at)

    def _judge_refusals(self) -> None:
        """A server that finds fault with each mail that it is given says nothing of these: they wait for its mending.
        A block (5.7) stands, since asking again for the same reader makes it worse.
        """
        found, self._turned_away = self._turned_away, []
        nothing_goes = bool(self._breaker.reason) and not self._breaker.any_good
        now = self._clock.now()
        for refused, delivery in found:
            outcome: Outcome = refused
            at: datetime | None = None
            if nothing_goes and now + LATER < delivery.expires_at:
                outcome, at = Deferred(delivery.id, refused.reply, charged=False), now + LATER
            self.tally.count(outcome, delivery)
            self._books.write(outcome, at)

    def _meets_again(self, outcome: Deferred) -> bool:
        """Once: what a server hangs up over would be sent again and again. Who only stood behind such a mail is met
        again as often as that happens: those before her are as often fewer.
        """
        if outcome.reply.text.startswith(BEHIND):
            return True
        first = outcome.delivery_id not in self._again
        self._again.add(outcome.delivery_id)
        return first

    def _under_way(self) -> Iterable[tuple[Delivery, str]]:
        return self._feed.taken.values()

    def _put_off(self, delivery: Delivery, at: datetime, why: str) -> None:
        """Kept back before the wire: nobody is charged for it."""
        outcome: Outcome = Deferred(delivery.id, Reply(0, "", why), charged=False)
        if at >= delivery.expires_at:
            outcome = Dropped(delivery.id, "expired", f"too late to try again: {why}")
        if why != PLAN or isinstance(outcome, Dropped):
            self.tally.count(outcome, delivery)
        self._books.write(outcome, at)

    def _note_domains(self) -> None:
        for domain, said in sorted(self._breaker.closed_domains.items()):
            self.tally.notes.append(f"{domain} takes nothing from us: {said}")
