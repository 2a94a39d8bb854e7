"""What one drain did: counts, the refusals that a person or the subscriber table must hear of, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Deferred, Delivered, Dropped, Refused, Uncertain

if TYPE_CHECKING:
    from newsletter.model.mail import Delivery, Outcome, Reply

StopKind = Literal["", "asked", "later", "attention"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused message. What it does to the subscriber's standing is `returns.decide`'s to say."""

    subscriber_id: int
    reply: Reply
    fault: Literal["address", "mailbox-full", "message", "policy", "sender"]
    delivery_key: str = ""


@dataclass(slots=True)
class Tally:
    """Counts are of outcomes as they were settled. `stopped_by` is a sentence, blank when the queue ran empty.

    `stop` says what to do about it: "later" run again (exit 75), "attention" a person must look (exit 1), "asked" a
    quiet stop.
    """

    sent: int = 0
    deferred: int = 0
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
        match outcome:
            case Delivered():
                self.sent += 1
            case Deferred():
                self.deferred += 1
            case Uncertain():
                self.uncertain += 1
            case Refused(reply=reply, fault=fault):
                self.refused.append(Refusal(delivery.subscriber_id, reply, fault, delivery.key))
            case Dropped(state=state):
                setattr(self, state, getattr(self, state) + 1)

    def halt(self, kind: StopKind, sentence: str, cure: str = "") -> None:
        """Keep the first reason: what follows from it explains less."""
        if not self.stop:
            self.stop, self.stopped_by, self.cure = kind, sentence, cure
