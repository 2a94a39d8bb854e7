"""What is written of each mail: as the policy wants it, by the clock, and by what else the server said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.model.mail import Deferred, Dropped, Refused, Reply, Uncertain
from newsletter.send.doubt import BEHIND, GARBAGE, HUNG_UP, after_silence, too_late
from newsletter.send.gate import PLAN
from newsletter.send.retry import LATER, not_before
from newsletter.send.tally import Refusal
from newsletter.send.verdict import hers

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model.mail import Delivery, Outcome
    from newsletter.ports import Clock
    from newsletter.send.books import Books
    from newsletter.send.breaker import Breaker
    from newsletter.send.drain import DrainPolicy
    from newsletter.send.tally import Tally

TRIES = 3  # of a mail that a server answers with no SMTP


class Judge:
    """Writes into the books and counts in the tally. `at_once`: a mail is met again in this run, without a pause."""

    def __init__(self, books: Books, tally: Tally, breaker: Breaker, *, clock: Clock, policy: DrainPolicy) -> None:
        self._books, self._tally, self._breaker, self._clock, self._policy = books, tally, breaker, clock, policy
        self._again = set[int]()  # rows that were met again at once
        self._turned_away: list[tuple[Refused, Delivery]] = []  # while no mail was taken yet
        self.at_once = False

    def taken(self, outcome: Outcome) -> None:
        """The next hop has it, as nearly always."""
        self._tally.sent += 1
        self._books.write(outcome)
        if self._tally.put_off:
            self._tally.put_off.discard(outcome.delivery_id)
        if self._turned_away:
            self.refusals()

    def decided(self, outcome: Outcome, delivery: Delivery) -> None:
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
            self.at_once = True
            self._books.write(outcome, now)
            return
        if isinstance(outcome, Deferred):
            at = not_before(outcome, delivery, now=now, schedule=self._policy.retry)
            if at is None:
                if hers(outcome):
                    full = Refusal(delivery.subscriber_id, outcome.reply, "mailbox-full", delivery.key)
                    self._tally.given_up.append(full)
                outcome = too_late(outcome)
        self._tally.count(outcome, delivery)
        self._books.write(outcome, at)

    def refusals(self) -> None:
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
            self._tally.count(outcome, delivery)
            self._books.write(outcome, at)

    def put_off(self, delivery: Delivery, at: datetime, why: str) -> None:
        """Kept back before the wire: nobody is charged for it."""
        outcome: Outcome = Deferred(delivery.id, Reply(0, "", why), charged=False)
        if at >= delivery.expires_at:
            outcome = Dropped(delivery.id, "expired", f"too late to try again: {why}")
        if why != PLAN or isinstance(outcome, Dropped):
            self._tally.count(outcome, delivery)
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
