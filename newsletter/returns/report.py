"""What a mail server reports of one recipient, in the fields of RFC 3464."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Reply

if TYPE_CHECKING:
    from newsletter.returns.mime import Fields

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
_ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([245]\d\d)(?=[ -]|$)")
_IN_ADDRESS = r"[^\s<>()\"',;:\0-\x1f\x7f\ud800-\udfff]"  # controls and half characters: no database takes them
_ADDRESS = re.compile(rf"{_IN_ADDRESS}{{1,64}}@{_IN_ADDRESS}{{1,255}}")
_TEXT = 300


@dataclass(frozen=True, slots=True)
class Report:
    """`reply` is what the last server said: `code` 0 where none is quoted, `text` without addresses."""

    action: Action
    reply: Reply
    recipients: tuple[str, ...] = ()  # final and original, in lower case


def from_fields(fields: Fields) -> Report | None:
    """A group of per-recipient fields (RFC 3464 section 2.3); None for the group that speaks of the whole mail."""
    said = re.split(r"[\s(;]", fields.get("action", "").strip().lower())[0]
    action = next((one for one in _ACTIONS if one == said), None)
    status = _first(_STATUS, fields.get("status", ""))
    if action is None:
        if not status or "final-recipient" not in fields:
            return None
        action = "failed" if status[0] == "5" else "delayed" if status[0] == "4" else "delivered"
    kind, _, said = fields.get("diagnostic-code", "").partition(";")
    reply = quoted(said or kind, status=status)
    names = [fields.get(name, "").rpartition(";")[2] for name in ("final-recipient", "original-recipient")]
    return Report(action, reply, addresses(" ".join(names)))


def quoted(text: str, *, status: str = "") -> Reply:
    """The reply of a server as prose quotes it. A status such as 5.0.0 gives way to one that says more."""
    code = _first(_CODE, text[:_TEXT])
    inner = _first(_STATUS, text)
    if inner and (not status or (status.endswith(".0.0") and inner[0] == status[0])):
        status = inner
    return Reply(int(code) if code else 0, status, without_addresses(text))


def addresses(text: str) -> tuple[str, ...]:
    """The addresses in a text, in lower case, each once."""
    return tuple(dict.fromkeys(one.lower().rstrip(".") for one in _ADDRESS.findall(text[:4000])))


def without_addresses(text: str) -> str:
    """The text on one line without whom it is about: what is kept of a stranger's mail names nobody."""
    return re.sub(r"\S+@\S+", "<address>", " ".join(text[: 4 * _TEXT].split()))[:_TEXT]


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
