"""Small keyed values of the web pages: when a form was shown, and addresses as limit keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

FORM_LIFE = timedelta(hours=24)
FORM_LEAST = timedelta(seconds=2)  # nobody types an address faster


class Stamps:
    """Keyed with a key that is derived from the newsletter's secret, one for each purpose."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def stamp(self, now: datetime) -> str:
        """`<seconds in hex>.<mac>`"""
        text = f"{int(now.timestamp()):x}"
        return f"{text}.{self._mac('form', text)}"

    def fresh(self, stamp: str, now: datetime) -> bool:
        """Whether the form was shown by us, at least two seconds and at most a day ago."""
        text, _, mac = stamp.partition(".")
        if not mac or not hmac.compare_digest(mac.encode(), self._mac("form", text).encode()):
            return False
        shown = datetime.fromtimestamp(int(text, 16), UTC)
        return FORM_LEAST <= now - shown <= FORM_LIFE

    def address_key(self, email: str) -> str:
        """What limits count for an address: keyed, so that the table names nobody.

        Plus tags and the dots of the local part are dropped, for the limits only: variants are one mailbox at many
        hosts, and one victim.
        """
        local, _, domain = email.casefold().rpartition("@")
        plain = local.partition("+")[0].replace(".", "") or local
        return self._mac("address", f"{plain}@{domain}")

    def csrf(self, session: str) -> str:
        return self._mac("csrf", session)

    def _mac(self, purpose: str, text: str) -> str:
        key = hashlib.blake2b(f"web.{purpose}".encode(), key=hashlib.sha256(self._secret).digest()).digest()
        digest = hmac.digest(key, text.encode(), "sha256")[:18]
        return base64.urlsafe_b64encode(digest).decode()
