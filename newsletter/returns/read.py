"""One returned mail, read: a bounce, a complaint, a wish to leave, an automatic answer, or something for a person."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from newsletter.returns import prose
from newsletter.returns.answers import is_automatic
from newsletter.returns.marks import delivery_keys
from newsletter.returns.mime import LIMIT, ODD, blocks, header, parse, parts
from newsletter.returns.report import Report, from_fields

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message

Sort = Literal["bounce", "complaint", "leave", "answer", "unknown", "poison"]

_LEAVE = re.compile(r"unsubscribe[\s:]+([A-Za-z0-9_-]{16,512})", re.IGNORECASE)
# List-Unsubscribe of a mail that is complained of: many providers blot out every address, but leave our links.
_LINK = re.compile(rb"/unsubscribe/([A-Za-z0-9_-]{16,512})|subject=unsubscribe(?:%20|%3A|:|\+)+([A-Za-z0-9_-]{16,512})")
# RFC 5965 section 3.1 and the registry of feedback types: what a reader complains of. The others (not-spam, reports
# of authentication) are no complaint; opt-out is a wish to leave.
_COMPLAINTS = {"abuse", "fraud", "virus", "other", ""}
_LEAVING = {"opt-out", "opt-out-list"}


@dataclass(frozen=True, slots=True)
class Returned:
    """`keys` are proven by our signature; `named` are addresses that the mail names, proven by nothing."""

    sort: Sort
    mail: str  # a digest of its Message-ID, or of the whole when it has none
    keys: tuple[str, ...] = ()
    reports: tuple[Report, ...] = ()
    guessed: bool = False  # the reports come from prose: weaker evidence
    named: tuple[str, ...] = ()
    token: str = field(default="", repr=False)  # of a wish to leave, or of List-Unsubscribe in a complaint
    text: str = ""


def read_return(data: bytes, secrets: Sequence[str]) -> Returned:
    """What a mail in the returns mailbox is. Never raises, whatever the octets; `data` beyond `LIMIT` is not read."""
    data = data[:LIMIT]
    try:
        return _read(data, secrets)
    except ODD:
        return Returned("poison", _digest(data))


def _read(data: bytes, secrets: Sequence[str]) -> Returned:
    message = parse(data)
    if message is None:
        return Returned("poison", _digest(data))
    mail = _digest(header(message, "message-id").encode() or data)
    keys = delivery_keys(message, data, secrets)
    return (
        _bounce(message, mail, keys)
        or _complaint(message, mail, keys, data)
        or _by_words(message, mail, keys)
        or Returned("unknown", mail, keys, text=header(message, "subject")[:100])
    )


def _bounce(message: Message, mail: str, keys: tuple[str, ...]) -> Returned | None:
    """RFC 3464, wherever in the mail the report stands."""
    for part in parts(message):
        if part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}:
            reports = tuple(report for fields in blocks(part) if (report := from_fields(fields)))
            if reports:
                named = tuple(dict.fromkeys(one for report in reports for one in report.recipients))
                return Returned("bounce", mail, keys, reports, named=named[:20])
    return None


def _complaint(message: Message, mail: str, keys: tuple[str, ...], data: bytes) -> Returned | None:
    """RFC 5965."""
    for part in parts(message):
        if part.get_content_type() == "message/feedback-report":
            fields = {name: value for block in blocks(part) for name, value in block.items()}
            kind = fields.get("feedback-type", "").split(" ")[0].lower()
            if kind in _COMPLAINTS or kind in _LEAVING:
                named = tuple(one.strip(" <>") for one in (fields.get("original-rcpt-to", ""),) if one)
                sort: Sort = "complaint" if kind in _COMPLAINTS else "leave"
                link = None if keys else _LINK.search(data)
                token = (link[1] or link[2]).decode() if link else ""
                return Returned(sort, mail, keys, named=named, token=token, text=kind)
            return Returned("answer", mail, text=f"feedback of type {kind}"[:100])
    return None


def _by_words(message: Message, mail: str, keys: tuple[str, ...]) -> Returned | None:
    """Formats older than RFC 3464, wishes to leave, automatic answers; guesses last."""
    if reports := prose.structured(message):
        return Returned("bounce", mail, keys, reports, named=prose.names(reports))
    if found := _LEAVE.search(header(message, "subject")):  # before answers: some providers leave for her, by a program
        return Returned("leave", mail, token=found[1])
    if is_automatic(message):
        return Returned("answer", mail, text=header(message, "subject")[:100])
    if reports := prose.guessed(message, signed=bool(keys)):
        return Returned("bounce", mail, keys, reports, guessed=True, named=prose.names(reports))
    return None


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]
