"""What a server's reply means for one message: decided by phase, enhanced code, basic code and, last, by text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Deferred, Delivered, Refused, Uncertain
from newsletter.send.phrases import PHRASES

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome, Reply

Phase = Literal["connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot"]
Cause = Literal[
    "accepted",
    "no-answer",
    "busy",
    "greylist",
    "rate",
    "too-many-recipients",
    "mailbox-full",
    "mailbox-off",
    "relay",
    "login",
    "sender",
    "address",
    "message",
    "protocol",
    "policy",
    "unclassified",
]
Kind = Literal["go-on", "delivered", "later", "never", "uncertain", "relay-later", "relay-config"]

SETUP: frozenset[Phase] = frozenset({"connect", "banner", "ehlo", "starttls", "auth"})
LOGIN_CODES = frozenset({530, 534, 535, 538})

# RFC 3463 and the IANA registry of enhanced codes, read after the class digit: "subject.detail" -> cause.
_PERMANENT: dict[str, Cause] = {
    "1.1": "address",
    "1.2": "address",
    "1.3": "address",
    "1.6": "address",
    "1.10": "address",  # RFC 7505: the domain takes no mail
    "1.7": "sender",
    "1.8": "sender",
    "2.1": "address",
    "2.2": "mailbox-full",
    "2.3": "message",
    "3.4": "message",
    "5.3": "too-many-recipients",  # RFC 5321 4.5.3.1.10: 552 is to be read as 452
    "7.8": "login",
    "7.13": "address",
    "7.17": "address",  # RFC 7293: the mailbox changed hands
}
_TEMPORARY: dict[str, Cause] = {
    "2.1": "mailbox-off",
    "2.2": "mailbox-full",
    "3.1": "rate",
    "3.2": "busy",
    "5.3": "too-many-recipients",
    "7.28": "rate",
}
_PERMANENT_SUBJECT: dict[str, Cause] = {"5": "protocol", "6": "message", "7": "policy"}
_TEMPORARY_SUBJECT: dict[str, Cause] = {"4": "busy", "7": "greylist"}
_BASIC: dict[int, Cause] = {
    421: "busy",
    454: "rate",
    500: "protocol",
    501: "protocol",
    502: "protocol",
    503: "protocol",
    504: "protocol",
    530: "login",
    534: "login",
    535: "login",
    538: "login",
    551: "address",
    553: "address",
    556: "address",
}
_FAULTS: dict[Cause, Literal["address", "mailbox-full", "message", "policy", "sender"]] = {
    "address": "address",
    "mailbox-full": "mailbox-full",
    "message": "message",
    "protocol": "message",
    "sender": "sender",
    "login": "sender",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`charged` is False where the relay or the network was at fault; `fresh` asks for a new connection."""

    kind: Kind
    cause: Cause
    charged: bool = True
    fresh: bool = False


def judge(phase: Phase, reply: Reply) -> Verdict:
    """The meaning of a reply at a phase; `reply.code` 0 is no answer (a drop, a stall, or garbage).

    RFC 5321 4.2.1 (first digit), RFC 3463 (enhanced codes), RFC 5321 4.5.3.2.6 and 6.1 (silence after the dot).
    """
    first = reply.code // 100
    if phase in SETUP:
        return _judge_setup(phase, reply)
    if phase == "data" and first == 3:  # only 354 lets the body begin
        return Verdict("go-on", "accepted")
    if first == 2 and phase != "data":
        return Verdict("delivered" if phase == "dot" else "go-on", "accepted")
    if first not in {4, 5}:
        return Verdict("uncertain" if phase == "dot" else "later", "no-answer", charged=False, fresh=True)
    cause = cause_of(phase, reply)
    if phase == "mail" and reply.code != 421 and cause not in {"message", "protocol"}:
        return _judge_sender(reply, cause)
    if cause == "too-many-recipients" or reply.code == 421:
        return Verdict("later", cause, charged=False, fresh=True)
    if _class(reply) == 4:
        return Verdict("later", cause, charged=cause != "rate")
    return Verdict("never", cause, fresh=cause == "protocol")


def cause_of(phase: Phase, reply: Reply) -> Cause:
    """Why a 4yz or 5yz was given: the enhanced code beats the basic one; words refine only what codes leave open."""
    permanent = _class(reply) == 5
    subject_detail = reply.enhanced.partition(".")[2]
    exact = (_PERMANENT if permanent else _TEMPORARY).get(subject_detail)
    if exact is not None:
        return _in_phase(exact, phase, reply)
    if reply.code in LOGIN_CODES:
        return "login"
    subject = subject_detail.partition(".")[0]
    if permanent and subject in _PERMANENT_SUBJECT:
        return _PERMANENT_SUBJECT[subject]
    by_words = _from_words(reply.text, permanent=permanent)
    if by_words is not None:
        return by_words
    if subject in _TEMPORARY_SUBJECT and not permanent:
        return _TEMPORARY_SUBJECT[subject]
    if permanent and subject not in {"", "0", "1"}:  # a code that we have no rule for blames nobody's address
        return "unclassified"
    return _from_basic(phase, reply, permanent=permanent)


def outcome(delivery_id: int, phase: Phase, reply: Reply) -> Outcome | None:
    """The outcome that a reply gives a message; None: go on, or it is the relay's affair and not this message's."""
    verdict = judge(phase, reply)
    if verdict.kind == "delivered":
        return Delivered(delivery_id, reply)
    if verdict.kind == "later":
        return Deferred(delivery_id, reply, charged=verdict.charged, retry_after=hint(reply.text))
    if verdict.kind == "never":
        return Refused(delivery_id, reply, _FAULTS.get(verdict.cause, "policy"))
    if verdict.kind == "uncertain":
        return Uncertain(delivery_id, reply)
    return None


def hers(deferred: Deferred) -> bool:
    """Whether it was the reader's own side that did not take it: when the row expires, that counts as a soft bounce."""
    if not deferred.charged or not deferred.reply.code:
        return False
    return cause_of("rcpt", deferred.reply) in {"mailbox-full", "mailbox-off", "busy", "unclassified"}


def words(reply: Reply) -> str:
    """A reply as a person reads it in a log: "550 5.1.1 no such user"."""
    return " ".join(str(part) for part in (reply.code or "", reply.enhanced, reply.text) if part) or "no answer"


_HINT = re.compile(
    r"(?:again|later|retry|wait|delay(?:ed)?)\W{1,3}(?:\w+\W{1,3}){0,3}?(\d{1,6})\s*(s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)\b",
    re.IGNORECASE,
)
HINT_LEAST, HINT_MOST = 10.0, 4 * 3600.0


def hint(text: str) -> float | None:
    """Seconds that the server asks us to wait ("try again in 5 minutes"), held between 10 s and 4 h; else None."""
    found = _HINT.search(text)
    if found is None:
        return None
    unit = {"s": 1, "m": 60, "h": 3600}[found[2][0].lower()]
    return min(max(float(found[1]) * unit, HINT_LEAST), HINT_MOST)


def _class(reply: Reply) -> int:
    """4 or 5. A code such as 550 with 4.2.2 follows the enhanced code, which is the more exact of the two."""
    return int(reply.enhanced[0]) if reply.enhanced[:1] in {"4", "5"} else reply.code // 100


def _judge_setup(phase: Phase, reply: Reply) -> Verdict:
    if reply.code // 100 in {2, 3}:
        return Verdict("go-on", "accepted")
    permanent = reply.code // 100 == 5
    if phase == "auth" and permanent:
        return Verdict("relay-config", "login", charged=False)
    if phase == "starttls" and permanent:
        return Verdict("relay-config", "relay", charged=False)
    if phase == "ehlo" and reply.code in LOGIN_CODES:
        return Verdict("relay-config", "login", charged=False)
    return Verdict("relay-later", "rate" if reply.code == 454 else "relay", charged=False)


def _judge_sender(reply: Reply, cause: Cause) -> Verdict:
    """MAIL speaks of us, never of the reader: nobody is charged for it."""
    if cause == "login":
        return Verdict("relay-config", cause, charged=False)
    if _class(reply) == 4:
        return Verdict("later", cause, charged=False)
    return Verdict("never", "sender")


def _in_phase(cause: Cause, phase: Phase, reply: Reply) -> Cause:
    """x.1.z at MAIL speaks of the sender's address, and x.2.2 of a message too big where the words say so."""
    if phase == "mail" and cause == "address":
        return "sender"
    if cause == "mailbox-full" and _from_words(reply.text, permanent=True) == "message":
        return "message"
    return cause


def _from_words(text: str, *, permanent: bool) -> Cause | None:
    folded = text.casefold()
    for phrase in PHRASES:
        if phrase.permanent in {None, permanent} and phrase.found_in(folded):
            return phrase.cause
    return None


def _from_basic(phase: Phase, reply: Reply, *, permanent: bool) -> Cause:
    if not permanent:
        return "mailbox-full" if reply.code == 452 and phase == "rcpt" else _BASIC.get(reply.code, "unclassified")
    if reply.code == 550:  # "mailbox unavailable" before the body, "I will not have it" after
        return "address" if phase == "rcpt" else "policy"
    if reply.code == 552:
        return "message" if phase == "mail" else "mailbox-full"
    cause = _BASIC.get(reply.code, "policy" if reply.code == 554 else "unclassified")
    return "policy" if cause == "address" and phase != "rcpt" else cause
