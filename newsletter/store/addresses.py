"""Addresses as the store compares and remembers them."""

from __future__ import annotations

import unicodedata

from newsletter.model.keyed import keyed_digest


def address_key(email: str) -> str:
    """The address as a key: lower case, composed Unicode, no blanks around it."""
    email = email.strip()
    return email.lower() if email.isascii() else unicodedata.normalize("NFC", email).lower()


def address_hash(email: str, secret: str) -> str:
    """What stays of an address that may not be written to: without the secret nobody can test a guess against it."""
    return keyed_digest(secret.encode(), address_key(email).encode()).hex()
