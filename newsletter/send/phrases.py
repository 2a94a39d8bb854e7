"""What servers say in words where their codes leave the meaning open: data, each rule with a sample in the tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.send.verdict import Cause

VERSION = 1  # goes up with each change of the table, so that a log can say which one judged


@dataclass(frozen=True, slots=True)
class Phrase:
    """Patterns over the case-folded text. `permanent` None: for 4yz and 5yz alike."""

    cause: Cause
    alternatives: tuple[re.Pattern[str], ...]
    permanent: bool | None = None

    def found_in(self, folded: str) -> bool:
        return any(pattern.search(folded) for pattern in self.alternatives)


def _phrase(cause: Cause, *patterns: str, permanent: bool | None = None) -> Phrase:
    return Phrase(cause, tuple(map(re.compile, patterns)), permanent)


# The first that matches decides: blocks come before unknown users, since many blocks name the mailbox as well.
PHRASES: tuple[Phrase, ...] = (
    _phrase("too-many-recipients", r"too many (recipients|rcpt)"),
    _phrase("greylist", r"gr[ea]y-?list", permanent=False),
    _phrase(
        "rate",
        r"(rate|sending|message|hourly|daily) (limit|quota)",
        r"too (fast|many (messages|connections|mails))",
        r"throttl",
        r"unusual rate",
        permanent=False,
    ),
    _phrase(
        "message",
        r"(message|mail|size).{0,40}(too (big|large)|exceeds|exceeded.{0,20}size)",
    ),
    _phrase(
        "mailbox-full",
        r"(mailbox|inbox|recipient|user|account).{0,40}(full|out of storage)",
        r"over ?quota",
        r"quota (exceeded|is full)",
        r"insufficient (system )?storage",
    ),
    _phrase(
        "policy",
        r"spam|block(ed|list)|black ?list|\b(dns)?bl\b|reputation|unsolicited",
        r"\b(spf|dkim|dmarc)\b|unauthenticated",
        r"reverse dns|\bptr\b",
        r"relay(ing)? (access )?(denied|not permitted)",
        r"policy|access denied|not allowed to send",
        permanent=True,
    ),
    _phrase(
        "address",
        r"(user|recipient|mailbox|address|account|addressee)\W{1,3}(\S+\W{1,3}){0,4}?"
        r"(unknown|not found|(does not|doesn.?t) exist|no longer|invalid|disabled|inactive|deactivated|closed)",
        r"(no such|unknown|invalid|non-?existent) (user|recipient|mailbox|address|account|person|domain)",
        r"no mailbox (here )?by that name",
        permanent=True,
    ),
)
