"""Signed links: short tokens that name a reader and a purpose, hold no address, and can't be made by anybody else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import quote

from newsletter.model.keyed import keyed_digest
from newsletter.model.mail import ReaderLinks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from hashlib import blake2b

    from newsletter.model.subscriber import Reader

Purpose = Literal["unsubscribe", "preferences", "feedback", "confirm", "address", "login", "bounce"]

_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_IN_EVERY_MAIL: tuple[Purpose, ...] = ("unsubscribe", "preferences", "feedback")
_TAG = 16  # octets: 128 bits of HMAC-SHA256 (RFC 2104 section 5 allows truncation to half)
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_OCTETS = tuple(bytes((number,)) for number in range(128))
_LONGEST = 512  # characters of a token worth looking at
_PLAIN, _PLAIN_LENGTH = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9/_.~-]*)?"), 400


@dataclass(frozen=True, slots=True)
class Claim:
    """What a genuine token says. Whether the generation is still the subscriber's is for the caller to compare."""

    purpose: Purpose
    subscriber_id: int
    generation: int
    extra: str = ""
    expires: int | None = None  # seconds since 1970


class Signer:
    """Makes and reads tokens. The first secret signs, every secret is accepted: so a secret can be replaced.

    A token is base64url, without padding, of: id, generation and expiry as varints, `extra` in UTF-8, and a tag of 128
    bits over the purpose and all of that. 27 characters for most readers.

    What stands in every mail has its tags from one keyed hash (BLAKE2b, RFC 7693) of 64 octets, each purpose 16 of them
    that are its own: three at the price of one. All else, and what mails had before, has HMAC-SHA256 under a key of its
    purpose; both are read.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a signer needs at least one secret, and none may be empty")
        # One derived key per purpose, so that a token can never be carried over to another page.
        self._keys = {
            purpose: tuple(
                hmac.digest(secret.encode(), b"newsletter link v1 " + purpose.encode(), hashlib.sha256)
                for secret in secrets
            )
            for purpose in _PURPOSES
        }
        self._hashes = tuple(
            hashlib.blake2b(
                key=hmac.digest(secret.encode(), b"newsletter link v2", hashlib.sha512), digest_size=_TAG * 4
            )
            for secret in secrets
        )

    def sign(
        self,
        purpose: Purpose,
        subscriber_id: int,
        generation: int,
        *,
        extra: str = "",
        expires: datetime | None = None,
    ) -> str:
        """A URL-safe token. Without `expires` it holds for ever (RFC 8058: leaving must work for long)."""
        until = 0 if expires is None else max(int(expires.timestamp()), 0) + 1
        body = _varint(subscriber_id) + _varint(generation) + _varint(until) + extra.encode()
        if purpose in _IN_EVERY_MAIL:
            return _encode(body + self._slice(self._hashes[0], purpose, body))
        return _encode(body + self._tag(self._keys[purpose][0], body))

    def sign_mail(self, subscriber_id: int, generation: int) -> tuple[str, str, str]:
        """The tokens of a reader that every mail needs, without an end: unsubscribe, preferences, feedback."""
        body = b"%b%b\0" % (_varint(subscriber_id), _varint(generation))
        tags = _tags(self._hashes[0], body)
        # All three as one piece of base64: blanks at the end of each make its length a multiple of three.
        size = len(body) + _TAG
        blank = bytes(-size % 3)
        together = b"".join((body, tags[:16], blank, body, tags[16:32], blank, body, tags[32:48], blank))
        text = binascii.b2a_base64(together, newline=False).translate(_URL_SAFE).decode("ascii")
        each, kept = len(text) // 3, (size * 4 + 2) // 3
        return text[:kept], text[each : each + kept], text[2 * each : 2 * each + kept]

    def read(self, purpose: Purpose, token: str, now: datetime) -> Claim | None:
        """What the token claims, or None: forged, altered in any character, for another purpose, or expired."""
        raw = _decode(token)
        if raw is None or len(raw) <= _TAG:
            return None
        body, tag = raw[:-_TAG], raw[-_TAG:]
        genuine = False
        for key in self._keys[purpose]:  # all of them, always: how long it takes says nothing
            genuine |= hmac.compare_digest(self._tag(key, body), tag)
        for keyed in self._hashes if purpose in _IN_EVERY_MAIL else ():
            genuine |= hmac.compare_digest(self._slice(keyed, purpose, body), tag)
        return _claim(purpose, body, now) if genuine else None

    @staticmethod
    def _tag(key: bytes, body: bytes) -> bytes:
        return keyed_digest(key, body)[:_TAG]

    @staticmethod
    def _slice(keyed: blake2b, purpose: Purpose, body: bytes) -> bytes:
        place = _IN_EVERY_MAIL.index(purpose) * _TAG
        return _tags(keyed, body)[place : place + _TAG]


def _tags(keyed: blake2b, body: bytes) -> bytes:
    """64 octets, a place for each of `_IN_EVERY_MAIL` and one that is not used."""
    fresh = keyed.copy()
    fresh.update(body)
    return fresh.digest()


@dataclass(frozen=True, slots=True)
class Places:
    """Where the links of some mails lead: what they are before a reader's own tokens, worked out once for all of them.

    `view` is what "view online" shows. `mailto` is empty where nobody reads what is written to us.
    """

    signer: Signer
    leave: str
    preferences: str
    feedback: str
    confirm: str
    view: str
    mailto: str
    plain: bool  # as `ReaderLinks` has it

    def links(self, reader: Reader, *, confirm_until: datetime | None = None) -> ReaderLinks:
        """All links of one reader's mail. With `confirm_until` there is one that confirms a sign-up until then."""
        leave, preferences, feedback = self.signer.sign_mail(reader.id, reader.generation)
        confirm = ""
        if confirm_until:
            confirm = self.confirm + self.signer.sign("confirm", reader.id, reader.generation, expires=confirm_until)
        return ReaderLinks(
            self.leave + leave,
            self.preferences + preferences,
            self.view,
            self.mailto + leave if self.mailto else "",
            self.feedback + feedback,
            confirm,
            self.plain,
        )


def places(
    signer: Signer,
    base_url: str,
    day: date | None = None,
    *,
    since: date | None = None,
    unsubscribe_address: str = "",
) -> Places:
    """`day` is the edition that "view online" shows, None: the front page. An issue of several editions is shown with
    all of them, from `since` on. `unsubscribe_address` is where `mailto:` leavers write to, the bounce or reply
    address; empty: no such link.
    """
    return Places(
        signer,
        f"{base_url}/unsubscribe/",
        f"{base_url}/preferences/",
        f"{base_url}/feedback/",
        f"{base_url}/confirm/",
        _view(base_url, day, since),
        _mailto(unsubscribe_address) if unsubscribe_address else "",
        len(base_url) <= _PLAIN_LENGTH and _PLAIN.fullmatch(base_url) is not None,
    )


def _view(base_url: str, day: date | None, since: date | None) -> str:
    if day is None:
        return f"{base_url}/"
    return f"{base_url}/day/{day.isoformat()}" + (f"?since={since.isoformat()}" if since and since < day else "")


def _mailto(address: str) -> str:
    """What stands before the token. RFC 6068: the address percent-encoded but for its @, the blank of the subject as
    %20.
    """
    return f"mailto:{quote(address, safe='@')}?subject=unsubscribe%20"


def _claim(purpose: Purpose, body: bytes, now: datetime) -> Claim | None:
    numbers = []
    for _ in range(3):
        number, body = _read_varint(body)
        numbers.append(number)
    subscriber_id, generation, until = numbers
    if until and now.timestamp() >= until - 1:
        return None
    return Claim(purpose, subscriber_id, generation, body.decode(), until - 1 if until else None)


def _varint(number: int) -> bytes:
    """LEB128: seven bits an octet, the least first."""
    if number <= 0x7F:
        return _OCTETS[number]
    if 0x3FFF < number <= 0x1FFFFF:  # the numbers of most readers of a large list
        return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes) -> tuple[int, bytes]:
    """The number and the rest. Only called on data whose tag was right, so it is whole."""
    number = 0
    for place, octet in enumerate(data):
        number |= (octet & 0x7F) << (7 * place)
        if not octet & 0x80:
            return number, data[place + 1 :]
    raise ValueError("signed data ends within a number")


def _encode(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def _decode(token: str) -> bytes | None:
    """None unless the token is the one canonical spelling of its octets: the last character has no spare bits set."""
    if not token or len(token) > _LONGEST or not token.isascii():
        return None
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _encode(data) == token else None
