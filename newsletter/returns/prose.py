"""Bounces that are written for people: the fixed forms of qmail and Exim, and guesses where nothing else is left."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from newsletter.model.mail import Reply
from newsletter.returns.mime import ODD, every, header, parts, text
from newsletter.returns.report import Report, addresses, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message

# qmail-send's own form, which its author wrote down as QSBMF: https://cr.yp.to/proto/qsbmf.txt
_QMAIL = re.compile(r"\AHi\. (This is|The)\b.{0,300}", re.DOTALL)
_QMAIL_ONE = re.compile(r"^<([^<>\n]{1,320})>:\n((?:[^\n]+\n){1,20})", re.MULTILINE)
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery|mdaemon|mail.?admin", re.IGNORECASE)
_LOST = re.compile(
    r"(could|can) ?not be (sent|delivered)|undeliver|delivery (has )?failed|failure|returned mail|returned to sender",
    re.IGNORECASE,
)
_LATE = re.compile(r"delayed|still (being )?tr(y|ied)|will (be|keep) (re)?tr(y|ied)|warning", re.IGNORECASE)


def structured(message: Message) -> tuple[Report, ...]:
    """Of qmail, or of Exim before it learnt RFC 3464 (`X-Failed-Recipients`)."""
    body = _body(message)
    if _QMAIL.match(body.lstrip()):
        found = _QMAIL_ONE.findall(body.partition("--- Below this line")[0].replace("\r\n", "\n") + "\n")
        return tuple(Report("failed", quoted(_reason(why)), addresses(who)) for who, why in found[:20])
    failed = addresses(header(message, "x-failed-recipients"))
    if failed:
        return tuple(Report("failed", quoted(_exim_reason(body, who)), (who,)) for who in failed[:20])
    return ()


def guessed(message: Message, *, signed: bool) -> tuple[Report, ...]:
    """Whatever `flufl.bounce` knows, where it is installed; else, for a mail that came back to a signed address, that
    a mail server says in some words that it failed. Soft evidence at most.
    """
    lost, late = _by_library(message)
    if lost:
        reply = quoted(_reason(_body(message)))
        return tuple(Report("failed", reply, (who,)) for who in sorted(lost)[:20])
    if late:
        return tuple(Report("delayed", Reply(0), (who,)) for who in sorted(late)[:20])
    told = f"{header(message, 'subject')} {_body(message)[:3000]}"
    if signed and _DAEMON.search(header(message, "from")) and (_LOST.search(told) or _LATE.search(told)):
        action = "failed" if _LOST.search(told) and not _LATE.search(header(message, "subject")) else "delayed"
        return (Report("failed" if action == "failed" else "delayed", quoted(_reason(told))),)
    return ()


def names(reports: Iterable[Report]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for report in reports for one in report.recipients))[:20]


def _by_library(message: Message) -> tuple[set[str], set[str]]:
    """(addresses that failed, addresses that are late); nothing when the extra `bounces` is not installed."""
    if not _is_modest(message):
        return set(), set()
    try:
        from flufl.bounce import all_failures  # noqa: PLC0415 - an extra, and only a mail that nobody else reads needs it
    except ModuleNotFoundError:
        return set(), set()
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs the traceback of each mail it stumbles on
    try:
        late, lost = all_failures(message)
    except ODD:
        return set(), set()
    return _decoded(lost), _decoded(late)


def _is_modest(message: Message) -> bool:
    """Its detectors read address fields with a parser that recurses for each bracket, and log what they stumble on."""
    fields = ("from", "to", "cc", "sender", "reply-to", "x-failed-recipients")
    return (
        len(message) <= 100
        and bool(header(message, "from"))
        and not any(len(found) > 500 or found.count("(") > 20 for name in fields for found in every(message, name))
    )


def _decoded(found: Iterable[bytes | str]) -> set[str]:
    words = (one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in found)
    return {who for word in words for who in addresses(word)}


def _body(message: Message) -> str:
    """The first text for people."""
    return next((found for part in parts(message) if (found := _plain(part))), "")


def _plain(part: Message) -> str:
    if part.get_content_type() == "text/plain":
        return text(part)
    if part.get_content_type() == "text/html":
        return re.sub(r"<[^<>]{0,500}>", " ", text(part))
    return ""


def _reason(text_: str) -> str:
    """From the first reply of a server on, which is what tells; else all of it."""
    flat = " ".join(text_.split())
    found = re.search(r"(?<![\d.])[45]\d\d[ -]|#?[45]\.\d{1,3}\.\d{1,3}", flat)
    return flat[found.start() :] if found else flat


def _exim_reason(body: str, who: str) -> str:
    """Exim writes the address, and below it, further in, what was said of it."""
    told = body.replace("\r\n", "\n").partition("------")[0] + "\n"
    found = re.search(rf"^ +{re.escape(who)}[ :]*\n((?: +\S[^\n]*\n){{1,20}})", told, re.IGNORECASE | re.MULTILINE)
    return _reason(found[1] if found else told)
