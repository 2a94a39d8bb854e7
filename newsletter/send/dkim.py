"""DKIM signatures (RFC 6376, 8301, 8463): relaxed headers, and those oversigned that a forger would add."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


# RFC 6376 5.4.1; the List- headers as RFC 8058 4 wants them, Feedback-ID as Gmail wants it.
SIGNED = (
    "from",
    "reply-to",
    "subject",
    "date",
    "to",
    "cc",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-help",
    "list-post",
    "list-archive",
    "feedback-id",
)
# Named once more than they occur, so that nobody can add a second one under our signature (RFC 6376 8.15).
OVERSIGNED = frozenset({"from", "subject", "date", "to", "list-unsubscribe", "list-unsubscribe-post"})
LEAST_BITS = 1024  # RFC 8301 3.2; 2048 are what it recommends

_SPACES = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class Signer:
    """One key. The signature holds no time, so that a message composed again is the same octets again."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    def sign(self, data: bytes, *, simple: bool = False) -> bytes:
        """The message with a DKIM-Signature on top. `data` has CRLF line ends and a blank line after its headers.

        `simple`: the body is taken as it is (RFC 6376 3.4.3). That is for encoded text, which nobody on the way has a
        reason to touch, and spares looking through all of it for blanks that the relaxed form would fold.
        """
        end = data.index(b"\r\n\r\n") + 2
        names, canonical = _chosen(_headers(data[:end]))
        if simple and data.endswith(b"\r\n") and not data.endswith(b"\r\n\r\n"):
            form, body = "simple", hashlib.sha256(memoryview(data)[end + 2 :])
        else:
            form, body = "relaxed", hashlib.sha256(relaxed_body(data[end + 2 :]))
        digest = base64.b64encode(body.digest()).decode()
        algorithm = "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"
        tags = f"v=1; a={algorithm}; c=relaxed/{form};\r\n d={self.domain}; s={self.selector};\r\n"
        tags += f" h={_folded(names)};\r\n bh={digest};\r\n b="
        unsigned = _relaxed(b"dkim-signature", tags.encode())
        signature = base64.b64encode(self._signature(canonical + unsigned)).decode()
        lines = "\r\n ".join(signature[at : at + 72] for at in range(0, len(signature), 72))
        return b"DKIM-Signature: %b%b\r\n%b" % (tags.encode(), lines.encode(), data)

    def record(self) -> tuple[str, str]:
        """(name, TXT value) that has to stand in the DNS for receivers to verify the signature."""
        if isinstance(self.key, RSAPrivateKey):
            kind, form, encoding = "rsa", serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.DER
        else:
            kind, form, encoding = "ed25519", serialization.PublicFormat.Raw, serialization.Encoding.Raw
        public = base64.b64encode(self.key.public_key().public_bytes(encoding, form)).decode()
        return f"{self.selector}._domainkey.{self.domain}", f"v=DKIM1; k={kind}; p={public}"

    def _signature(self, signed: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(signed).digest())  # RFC 8463 3: Ed25519 over the hash


def load_signer(path: Path, *, domain: str, selector: str) -> Signer:
    """A signer from a PEM file, RSA (at least 1024 bits) or Ed25519. ConfigError says what is wrong with the file."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise _bad(f"{path} cannot be read ({error.strerror}). Give the path of the private key file.") from error
    except TypeError as error:
        raise _bad(
            f"{path} is protected by a passphrase. Save the key without one, readable by this user only."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad(
            f"{path} is not a private key in PEM form. Make one with `openssl genrsa -out FILE 2048`."
        ) from error
    if isinstance(key, RSAPrivateKey) and key.key_size < LEAST_BITS:
        raise _bad(f"{path} holds an RSA key of {key.key_size} bits; receivers ignore those. Make one of 2048 bits.")
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise _bad(f"{path} holds a key of another kind. DKIM knows RSA and Ed25519.")
    return Signer(domain, selector, key)


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4. A body that is in this form already, as ours are, is only looked through."""
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = b"\r\n".join(_SPACES.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n"))
    if body.endswith(b"\r\n\r\n") or body == b"\r\n":
        body = body.rstrip(b"\r\n") + b"\r\n"
        return b"" if body == b"\r\n" else body
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


def _headers(head: bytes) -> dict[bytes, list[bytes]]:
    """Canonical header lines by lower-case name, in the order of the message."""
    found: dict[bytes, list[bytes]] = {}
    for line in (_FOLD.sub(b"", head) if b"\r\n " in head or b"\t" in head else head).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            lower = name.strip().lower()
            found.setdefault(lower, []).append(_relaxed(lower, value) + b"\r\n")
    return found


def _chosen(headers: dict[bytes, list[bytes]]) -> tuple[tuple[str, ...], bytes]:
    """The names for h= and the lines that they stand for: of equal names the last comes first (RFC 6376 5.4.2)."""
    names: list[str] = []
    lines: list[bytes] = []
    for name, octets, over in _WANTED:
        present = headers.get(octets, ())
        names += [name] * (len(present) + over)
        lines += reversed(present)
    return tuple(names), b"".join(lines)


_WANTED = tuple((name, name.encode(), name in OVERSIGNED) for name in SIGNED)


def _relaxed(name: bytes, value: bytes) -> bytes:
    """RFC 6376 3.4.2."""
    if b"\r\n" in value or b"\t" in value or b"  " in value:
        value = _SPACES.sub(b" ", _FOLD.sub(b"", value))
    return name + b":" + value.strip(b" ")


@lru_cache(maxsize=64)
def _folded(names: tuple[str, ...]) -> str:
    """Nearly all mails have the same ones."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 70:
            lines.append("")
        lines[-1] += name + ":"
    return "\r\n ".join(lines).removesuffix(":")


def _bad(what: str) -> ConfigError:
    return ConfigError((f"delivery.dkim_key: {what}",))
