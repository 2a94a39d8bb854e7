"""Mails that a server may or may not have: what is done about them, and what their deferrals say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Deferred, Dropped, Reply, Uncertain
from newsletter.send.verdict import words

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome

AGAIN = "uncertain: "  # begins the text of a deferral that follows a missing answer
BEHIND = "behind a mail without an answer: "  # the silence was hardly about this one
CLOSED = "the server closed the connection"
HUNG_UP = f"{CLOSED} after it had taken mail"
GARBAGE = "the server does not speak SMTP"
OnUncertain = Literal["resend", "hold", "drop"]


def after_silence(outcome: Uncertain, on_uncertain: OnUncertain) -> Outcome:
    """No answer after the final dot (RFC 5321 6.1): until there is one, or for the operator, or never."""

    def said(prefix: str) -> Reply:
        return Reply(outcome.reply.code, outcome.reply.enhanced, (prefix + outcome.reply.text)[:500])

    if on_uncertain == "drop":
        return Dropped(outcome.delivery_id, "cancelled", said(AGAIN).text + " (on_uncertain = drop)")
    if on_uncertain == "hold":
        return Uncertain(outcome.delivery_id, said(AGAIN), final=True)
    if outcome.behind:
        return Deferred(outcome.delivery_id, said(BEHIND), charged=False)
    return Deferred(outcome.delivery_id, said(AGAIN))


def too_late(outcome: Deferred) -> Uncertain | Dropped:
    """The row expires before the next try. Whether a mail in doubt arrived stays unknown: it is not called expired,
    which would have its papers sent once more with the next issue.
    """
    if outcome.reply.text.startswith((AGAIN, BEHIND)):
        return Uncertain(outcome.delivery_id, outcome.reply, final=True)
    return Dropped(outcome.delivery_id, "expired", f"too late to try again; last answer: {words(outcome.reply)}")
