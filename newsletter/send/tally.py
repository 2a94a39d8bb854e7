"""What one drain did: counts, the refusals that a person or the subscriber table must hear of, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Deferred, Delivered, Dropped, Refused, Uncertain

if TYPE_CHECKING:
    from newsletter.model.mail import Delivery, Outcome, Reply

StopKind = Literal["", "asked", "later", "attention"]
MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused message. What it does to the subscriber's standing is `returns.decide`'s to say."""

    subscriber_id: int
    reply: Reply
    fault: Literal["address", "mailbox-full", "message", "policy", "sender"]
    delivery_key: str = ""


@dataclass(slots=True)
class Tally:
    """Counts are of mails, by how they stand at the end: one that was put off and sent after all was sent.
    `stopped_by` is a sentence, blank when the queue ran empty.

    `stop` says what to do about it: "later" run again (exit 75), "attention" a person must look (exit 1), "asked" a
    quiet stop.
    """

    sent: int = 0
    put_off: set[int] = field(default_factory=set)  # numbers of the mails that wait
    put_off_besides: int = 0  # and how many more, when they became too many to be remembered
    uncertain: int = 0
    expired: int = 0
    suppressed: int = 0
    cancelled: int = 0
    refused: list[Refusal] = field(default_factory=list)
    given_up: list[Refusal] = field(default_factory=list)  # expired after the reader's own side had put them off
    notes: list[str] = field(default_factory=list)  # "blocked.example.org takes nothing from us: 550 5.7.1 ..."
    stopped_by: str = ""
    cure: str = ""
    stop: StopKind = ""

    @property
    def deferred(self) -> int:
        return len(self.put_off) + self.put_off_besides

    @property
    def done(self) -> int:
        """Outcomes of every kind."""
        return (
            self.sent
            + self.deferred
            + self.uncertain
            + self.expired
            + self.suppressed
            + self.cancelled
            + len(self.refused)
        )

    def count(self, outcome: Outcome, delivery: Delivery) -> None:
        if isinstance(outcome, Deferred):
            self.wait(delivery.id)
            return
        self.put_off.discard(delivery.id)
        match outcome:
            case Delivered():
                self.sent += 1
            case Uncertain():
                self.uncertain += 1
            case Refused(reply=reply, fault=fault):
                self.refused.append(Refusal(delivery.subscriber_id, reply, fault, delivery.key))
            case Dropped(state=state):
                setattr(self, state, getattr(self, state) + 1)

    def wait(self, delivery_id: int) -> None:
        """This mail is put off, by whom ever."""
        if len(self.put_off) < MOST_KEPT:
            self.put_off.add(delivery_id)
        elif delivery_id not in self.put_off:
            self.put_off_besides += 1

    def halt(self, kind: StopKind, sentence: str, cure: str = "") -> None:
        """Keep the first reason: what follows from it explains less."""
        if not self.stop:
            self.stop, self.stopped_by, self.cure = kind, sentence, cure
