"""The signed marks in a returned mail: whose mail it was, where nobody else could have written that down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.model.bounce import read_bounce_address, read_message_id
from newsletter.returns.mime import every, parts, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import Message

# Where mail servers write the address that they delivered to: Postfix, Exim, qmail, Courier, and the header itself.
_ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To")
_VERP = re.compile(r"[Bb]\+[A-Za-z2-7]{24,40}@[\w.-]{1,255}")
_ID = re.compile(r"[a-z]{4,10}\.\d{4}-\d\d-\d\d\.\d{1,20}\.[0-9a-f]{20}@[\w.-]{1,255}")
_MOST = 50  # marks that are checked


def delivery_keys(message: Message, data: bytes, secrets: Sequence[str]) -> tuple[str, ...]:
    """The `Delivery.key`s that are proven by our signature, the envelope's before those of the returned mail.

    A mark holds wherever it stands: only we can make one, and only for the reader that it names.
    """
    envelope = [value for name in _ENVELOPE for value in every(message, name)]
    found = _proven(envelope, secrets)
    if not found:
        bodies = [data.decode("latin-1"), *(text(part) for part in parts(message))]
        found = _proven(bodies, secrets)
    return tuple(found)


def _proven(texts: Iterable[str], secrets: Sequence[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    for body in texts:
        for secret in secrets:
            keys = [read_bounce_address(mark, secret) for mark in _VERP.findall(body)[:_MOST]]
            keys += [read_message_id(mark, secret) for mark in _ID.findall(body)[:_MOST]]
            found |= dict.fromkeys(key for key in keys if key)
    return found
