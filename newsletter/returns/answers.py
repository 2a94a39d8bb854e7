"""Automatic answers: holidays, receipts, requests to prove that a human wrote. They say nothing of an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.returns.mime import header, parts, text

if TYPE_CHECKING:
    from email.message import Message

_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Vacation", "X-Mail-Autoreply", "X-Boxbe-Id")
_SUBJECT = re.compile(
    r"^\W*(auto(matic|matische)?[ -]?(re(ply|sponse)|antwort)|auto:|out of (the )?office|abwesen|away from|"
    r"on (vacation|holiday|leave)|r.ponse automatique|respuesta autom|risposta automatica|read:|"
    r"(please )?(confirm|verify) (your|that you) (e-?mail|message|sen[dt]))",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"(confirm|verify|prove).{0,80}(you are|you're|that you).{0,40}(human|person|real|sender|legitimate)|"
    r"(requires|needs) (verification|confirmation) of (the )?sender|added to (my|the).{0,20}(guest|white|allow).?list",
    re.IGNORECASE | re.DOTALL,
)


def is_automatic(message: Message) -> bool:
    """RFC 3834 section 5 and what programs do that do not know it. Ask only after reports were looked for: a report
    is an automatic answer too.
    """
    if header(message, "auto-submitted").lower().partition(";")[0] not in {"", "no"}:
        return not _from_mail_server(message)
    if any(message.get(name) is not None for name in _HEADERS):
        return True
    if header(message, "precedence").lower() in {"auto_reply", "auto-reply"}:
        return True
    if "tmda" in header(message, "x-delivery-agent").lower():
        return True
    if message.get_content_type() == "multipart/report" and "disposition-notification" in header(
        message, "content-type"
    ):
        return True
    return bool(_SUBJECT.search(header(message, "subject")) or _challenges(message))


def _from_mail_server(message: Message) -> bool:
    """Some mark their bounces in prose as automatic answers, as the RFC allows."""
    return bool(re.search(r"mailer-daemon|mail delivery (sub)?system", header(message, "from"), re.IGNORECASE))


def _challenges(message: Message) -> bool:
    return any(_CHALLENGE.search(text(part)[:5000]) for part in parts(message) if part.get_content_maintype() == "text")
