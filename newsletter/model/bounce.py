"""What a mail carries so that it is known when it comes back: signed envelope sender (VERP) and Message-ID."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from newsletter.model.keyed import keyed_digest

if TYPE_CHECKING:
    from newsletter.model.mail import Delivery

# One octet for each kind; the numbers are in addresses out in the world, so they never change.
_KINDS = {"digest": 1, "confirm": 2, "welcome": 3, "goodbye": 4, "link": 5, "address": 6, "notice": 7, "test": 8}
_NAMES = {number: kind for kind, number in _KINDS.items()}
_TAG = 10  # octets of HMAC-SHA256 kept: 80 bits, checked online only
_MAX_ID = 8
_MESSAGE_ID = re.compile(r"<?([a-z]{4,10}\.\d{4}-\d\d-\d\d\.\d{1,20})\.([0-9a-f]{20})@[^\s<>]{1,255}>?")


def bounce_address(delivery: Delivery, *, secret: str, domain: str) -> str:
    """`b+<base32(kind, day, reader, tag)>@domain`: lower case, the same at every try, at most 38 octets before the @.

    The reader's address is not in it; RFC 5321 section 4.5.3.1.1 allows 64 octets.
    """
    size = max(1, (delivery.subscriber_id.bit_length() + 7) // 8)
    packed = (
        bytes((_KINDS[delivery.kind],))
        + delivery.day.toordinal().to_bytes(3, "big")
        + delivery.subscriber_id.to_bytes(size, "big")
    )
    text = base64.b32encode(packed + _tag(packed, secret)).decode().rstrip("=").lower()
    return f"b+{text}@{domain}"


def read_bounce_address(address: str, secret: str) -> str | None:
    """The `Delivery.key` that a bounce came back for, or None when the address is not one that we made.

    Letters may come back in any case (some relays change it); the domain is the caller's to check.
    """
    local = address.strip().strip("<>").rpartition("@")[0].lower()
    if not local.startswith("b+") or not local.isascii():
        return None
    text = local[2:].upper()
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    packed, tag = data[:-_TAG], data[-_TAG:]
    if not 5 <= len(packed) <= 4 + _MAX_ID or not hmac.compare_digest(tag, _tag(packed, secret)):
        return None
    kind, day = _NAMES.get(packed[0]), date.fromordinal(int.from_bytes(packed[1:4], "big"))
    return f"{kind}.{day.isoformat()}.{int.from_bytes(packed[4:], 'big')}" if kind else None


def message_id(key: str, *, secret: str, domain: str) -> str:
    """`<key.hmac@domain>` of a `Delivery.key`: unique for each reader, the same at every try, not to be guessed."""
    return f"<{key}.{message_tag(key, secret)}@{domain}>"


def read_message_id(text: str, secret: str) -> str | None:
    """The `Delivery.key` of a Message-ID that we made, or None."""
    found = _MESSAGE_ID.fullmatch(text.strip())
    if found is None:
        return None
    genuine = hmac.compare_digest(found[2], message_tag(found[1], secret))
    genuine |= hmac.compare_digest(found[2], _first_message_tag(found[1], secret))
    return found[1] if genuine else None


def message_tag(key: str, secret: str) -> str:
    """What stands between a `Delivery.key` and the @ of its Message-ID: 80 bits of a keyed hash (BLAKE2b, RFC 7693)."""
    fresh = _message_hash(secret).copy()
    fresh.update(key.encode())
    return fresh.hexdigest()


@lru_cache(maxsize=16)
def _message_hash(secret: str) -> blake2b:
    return blake2b(key=hmac.digest(secret.encode(), b"newsletter message-id v2", "sha512"), digest_size=_TAG)


def _first_message_tag(key: str, secret: str) -> str:
    """As mails had it that went out before that hash: they may still come back."""
    return keyed_digest(secret.encode(), f"message-id\0{key}".encode()).hex()[:20]


def _tag(packed: bytes, secret: str) -> bytes:
    return keyed_digest(secret.encode(), b"bounce\0" + packed)[:_TAG]
