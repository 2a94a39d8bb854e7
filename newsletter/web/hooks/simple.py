"""Mailgun, Postmark and SendGrid: how each signs its reports, and what they say."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.returns.weigh import of_status
from newsletter.web.hooks.events import Event, Unread, Unverified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.model.returns import What

STALE = timedelta(minutes=10)


def mailgun(body: bytes, key: str, now: datetime) -> list[Event]:
    """HMAC-SHA256 over timestamp and token; https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/."""
    report = parsed(body)
    signed = given(report, "signature", dict)
    stamp, token = text(signed, "timestamp"), text(signed, "token")
    mine = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(mine.encode(), text(signed, "signature").encode()):
        raise Unverified("the signature is wrong")
    fresh(stamp, now)
    data = given(report, "event-data", dict)
    name = text(data, "event")
    what = _MAILGUN.get(name)
    if name == "failed":
        what = _mailgun_failed(data)
    message = data.get("message")
    mail = text(message.get("headers"), "message-id") if isinstance(message, dict) else ""
    return [Event(token, what, text(data, "recipient"), name, mail)]


_MAILGUN: dict[str, What] = {"complained": "complaint", "unsubscribed": "leave", "delivered": "accepted"}


def _mailgun_failed(data: Any) -> What | None:
    """`temporary` will be tried again by them; `old` was tried until it was too late; `suppress-*` was not tried."""
    if text(data, "severity") != "permanent":
        return None
    reason = text(data, "reason")
    if reason in {"suppress-complaint", "suppress-unsubscribe"}:
        return "complaint" if reason.endswith("complaint") else "leave"
    status = data.get("delivery-status")
    code = status.get("code") if isinstance(status, dict) else None
    said = text(status, "enhanced-code") or ("5.2.2" if code == 552 else "")
    return of_status("soft" if reason == "old" or text(status, "bounce-type") == "soft" else "hard", said)


def postmark(body: bytes, headers: Mapping[str, str], login: str) -> list[Event]:
    """Postmark signs nothing: the hook's address carries Basic auth (https://postmarkapp.com/developer/webhooks)."""
    mine = "Basic " + base64.b64encode(login.encode()).decode()
    if not hmac.compare_digest(mine.encode(), headers.get("authorization", "").encode()):
        raise Unverified("the login is wrong")
    report = parsed(body)
    if not isinstance(report, dict):
        raise Unread("the report is no object")
    kind, name = text(report, "RecordType"), text(report, "Type")
    what: What | None = None
    if kind == "SpamComplaint" or name == "SpamComplaint":
        what = "complaint"
    elif kind == "Bounce":
        what = _POSTMARK.get(name)
    elif kind == "Delivery":
        what = "accepted"
    elif kind == "SubscriptionChange" and report.get("SuppressSending") is True:
        what = _POSTMARK_STOPS.get(text(report, "SuppressionReason"), "leave")
    number = report.get("ID") or text(report, "MessageID")
    email = text(report, "Email") or text(report, "Recipient")
    return [Event(f"{kind}.{number}.{email}", what, email, name or kind)]


# https://postmarkapp.com/developer/api/bounce-api#bounce-types; those left out say nothing of an address
_POSTMARK: dict[str, What] = {
    "HardBounce": "hard",
    "BadEmailAddress": "hard",
    "SoftBounce": "soft",
    "DnsError": "soft",
    "Transient": "soft",
    "Blocked": "blocked",
    "SpamNotification": "blocked",
    "DMARCPolicy": "blocked",
    "VirusNotification": "ours",
}
_POSTMARK_STOPS: dict[str, What] = {"HardBounce": "hard", "SpamComplaint": "complaint", "ManualSuppression": "leave"}


def sendgrid(body: bytes, headers: Mapping[str, str], key: str, now: datetime) -> list[Event]:
    """ECDSA over timestamp and body (SendGrid, "Getting started with the event webhook security features")."""
    stamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        public = load_der_public_key(base64.b64decode(key))
        signature = base64.b64decode(headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise Unverified("the configured key is of another kind")
        public.verify(signature, stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise Unverified("the signature is wrong") from error
    fresh(stamp, now)
    reports = parsed(body)
    if not isinstance(reports, list):
        raise Unread("the report is no list")
    return [_sendgrid(one) for one in reports if isinstance(one, dict)]


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unread("the report is not JSON") from error


def given(report: Any, name: str, kind: type) -> Any:
    value = report.get(name) if isinstance(report, dict) else None
    if not isinstance(value, kind):
        raise Unread(f"the report has no `{name}`")
    return value


def text(report: Any, name: str) -> str:
    """A text of the report, empty when it is missing or of another kind."""
    value = report.get(name) if isinstance(report, dict) else None
    return storable(value) if isinstance(value, str) else ""


def storable(value: str) -> str:
    """Without half characters and NUL, which JSON may hold and no database takes."""
    return value.encode("utf-8", "replace").decode().replace("\0", "?")


def fresh(stamp: str, now: datetime) -> None:
    """A report that was signed long ago is a replay."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise Unverified("it has no time")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > STALE:
        raise Unverified("it is too old")


def _sendgrid(one: dict[str, Any]) -> Event:
    """`dropped` was not tried, since they remember an earlier bounce, complaint or wish to leave."""
    name = text(one, "event")
    what = _SENDGRID.get(name)
    if name == "bounce":
        what = "blocked" if text(one, "type") == "blocked" else of_status("hard", text(one, "status"))
    elif name == "dropped":
        what = _SENDGRID_DROPPED.get(text(one, "reason"))
    return Event(text(one, "sg_event_id"), what, text(one, "email"), name, text(one, "smtp-id"))


_SENDGRID: dict[str, What] = {
    "spamreport": "complaint",
    "unsubscribe": "leave",
    "group_unsubscribe": "leave",
    "delivered": "accepted",
}
_SENDGRID_DROPPED: dict[str, What] = {
    "Bounced Address": "hard",
    "Invalid": "hard",
    "Spam Reporting Address": "complaint",
    "Unsubscribed Address": "leave",
}
