"""What a refusal says of an address: gone, not this time, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.model.mail import Reply
    from newsletter.model.returns import What
    from newsletter.returns.report import Report

# Causes are those of the sending room's verdict (facts: mail 5.2), faults those of a `Refused`.
_BY_CAUSE: dict[str, What] = {
    "address": "hard",
    "mailbox-full": "soft",
    "mailbox-off": "soft",
    "busy": "soft",
    "relay": "soft",
    "greylist": "blocked",
    "rate": "blocked",
    "policy": "blocked",
    "message": "ours",
    "protocol": "ours",
    "sender": "ours",
    "login": "ours",
}
_BY_FAULT: dict[str, What] = {"address": "hard", "mailbox-full": "soft", "policy": "blocked"}


def of_refusal(fault: str) -> What:
    """Of a refusal by the next hop itself."""
    return _BY_FAULT.get(fault, "ours")


def of_report(report: Report, judge: Callable[[str, Reply], str]) -> What | None:
    """Of a returned mail; None where it says nothing for good: `delayed`, `relayed`, `expanded`.

    `judge(phase, reply)` names the cause. A returned mail does not say at which phase it was refused: 550 alone means
    "no such mailbox" only before the body, so a cause that depends on the phase counts as soft.
    """
    if report.action == "delivered":
        return "accepted"
    if report.action != "failed":
        return None
    reply = report.reply
    subject = reply.enhanced.split(".")[1] if reply.enhanced else "0"
    early, late = judge("rcpt", reply), judge("dot", reply)
    if early != late and "address" in {early, late}:
        return "soft"
    if late == "unclassified":
        # x.0.0 without a word, x.3 (their system) and x.4 (the way there, such as 4.4.7: too long in a queue)
        return "soft" if subject in {"0", "1", "2", "3", "4"} else "blocked"
    return _BY_CAUSE.get(late, "soft")


def of_status(what: What, status: str) -> What:
    """What a provider calls a bounce, corrected by the status (RFC 3463) that it quotes."""
    if what not in {"hard", "soft"} or status[:2] not in {"4.", "5."}:
        return what
    detail = status[2:]
    if detail.startswith("7.") and detail not in {"7.13", "7.17"}:
        return "blocked"
    if status[0] == "4" or detail == "2.2" or detail[:2] in {"3.", "4."}:
        return "soft"
    return what
