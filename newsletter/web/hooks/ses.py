"""Amazon SES through SNS: signed messages whose certificate may only come from Amazon's own host."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate

from newsletter.returns.weigh import of_status
from newsletter.web.hooks.events import Event, Unread, Unverified
from newsletter.web.hooks.simple import given, parsed, storable, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.model.returns import What

# The host rule of AWS's own validators; anything else would let a forger sign with a certificate of his own.
_HOST = re.compile(r"https://sns\.[a-z0-9-]{3,}\.amazonaws\.com(?:\.cn)?/[\w./?=&%-]*")
# https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html: the fields, in this order
_NOTICE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_HANDSHAKE = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def ses(body: bytes, topics: tuple[str, ...], fetch: Callable[[str], bytes]) -> list[Event]:
    """The events of a notification; a handshake for an allowed topic is completed and gives none."""
    message = parsed(body)
    kind = text(message, "Type")
    if text(message, "TopicArn") not in topics:
        raise Unverified("the topic is not allowed")
    fields = _NOTICE if kind == "Notification" else _HANDSHAKE
    _verify(message, fields, fetch)
    if kind == "SubscriptionConfirmation":
        url = text(message, "SubscribeURL")
        if not _HOST.fullmatch(url):
            raise Unverified("the address to subscribe is not Amazon's")
        fetch(url)
        return []
    if kind != "Notification":
        return []
    return _events(text(message, "MessageId"), parsed(text(message, "Message").encode()))


def _verify(message: Any, fields: tuple[str, ...], fetch: Callable[[str], bytes]) -> None:
    url = text(message, "SigningCertURL")
    if not _HOST.fullmatch(url) or not url.endswith(".pem"):
        raise Unverified("the certificate is not Amazon's")
    signed = "".join(f"{name}\n{text(message, name)}\n" for name in fields if text(message, name))
    algorithm = hashes.SHA256() if text(message, "SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303 - version 1 of SNS is SHA-1
    try:
        key = load_pem_x509_certificate(fetch(url)).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise Unverified("the certificate holds another kind of key")
        signature = base64.b64decode(text(message, "Signature"), validate=True)
        key.verify(signature, signed.encode(), padding.PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise Unverified("the signature is wrong") from error


def _events(number: str, report: Any) -> list[Event]:
    """https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html: bounce, complaint, delivery objects."""
    kind = text(report, "notificationType") or text(report, "eventType")
    mail = _our_id(report)
    if kind == "Bounce":
        bounce = given(report, "bounce", dict)
        people = given(bounce, "bouncedRecipients", list)
        said = f"{text(bounce, 'bounceType')} {text(bounce, 'bounceSubType')}".strip()
        return [_bounce(f"{number}.{place}", said, one, mail) for place, one in enumerate(people)]
    if kind == "Complaint":
        complaint = given(report, "complaint", dict)
        people = given(complaint, "complainedRecipients", list)
        said = text(complaint, "complaintFeedbackType") or kind
        what: What | None = None if said == "not-spam" else "complaint"
        return [
            Event(f"{number}.{place}", what, text(one, "emailAddress"), said, mail) for place, one in enumerate(people)
        ]
    if kind == "Delivery":
        people = given(given(report, "delivery", dict), "recipients", list)
        return [
            Event(f"{number}.{place}", "accepted", storable(one), kind, mail)
            for place, one in enumerate(people)
            if isinstance(one, str)
        ]
    if not kind:
        raise Unread("the notification has no type")
    return []


def _bounce(key: str, said: str, person: Any, mail: str) -> Event:
    """`Undetermined` says that Amazon cannot tell; of `Transient`, only some are about the mailbox."""
    kind, _, detail = said.partition(" ")
    what: What | None = {"Permanent": "hard", "Transient": "soft"}.get(kind)  # type: ignore[assignment]
    if detail in {"MessageTooLarge", "ContentRejected", "AttachmentRejected"}:
        what = "ours"
    status = text(person, "status")
    return Event(key, of_status(what, status) if what else None, text(person, "emailAddress"), said, mail)


def _our_id(report: Any) -> str:
    mail = report.get("mail") if isinstance(report, dict) else None
    common = mail.get("commonHeaders") if isinstance(mail, dict) else None
    return text(common, "messageId")
