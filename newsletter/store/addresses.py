"""Addresses as the store compares and remembers them."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata


def address_key(email: str) -> str:
    """The address as a key: lower case, composed Unicode, no blanks around it."""
    return unicodedata.normalize("NFC", email.strip()).lower()


def address_hash(email: str, secret: str) -> str:
    """What stays of an address that may not be written to: without the secret nobody can test a guess against it."""
    return hmac.new(secret.encode(), address_key(email).encode(), hashlib.sha256).hexdigest()
