"""Reports of mail providers: only the provider's own are believed, and each acts once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from newsletter.model.bounce import message_id
from newsletter.model.subscriber import Subscriber
from newsletter.web.settings import HookSettings
from tests.support.website import FAST, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READER = "ada@example.org"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-x.pem"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def pem(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=900))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


FETCHED: list[str] = []


def fetch(url: str) -> bytes:
    FETCHED.append(url)
    return pem(RSA_KEY)


@pytest.fixture
def post_office(tmp_path: Path, collected: Path) -> Iterator[Site]:
    public = EC_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    hooks = HookSettings(
        ses_topics=(TOPIC,),
        mailgun_key="mailgun-key",
        postmark_login="hook:secret",
        sendgrid_key=base64.b64encode(public).decode(),
        fetch=fetch,
    )
    FETCHED.clear()
    site = open_site(tmp_path / "post", like=collected, settings=replace(FAST, hooks=hooks))
    site.press.subscribers.add(Subscriber(email=READER))
    yield site
    site.store.close()


def status(site: Site) -> tuple[str, bool]:
    who = site.press.subscribers.by_email(READER)
    assert who is not None
    return who.status, bool(site.press.subscribers.suppressed([READER]))


def mailgun(event: str, severity: str, at: datetime, token: str = "t" * 50) -> dict[str, Any]:
    stamp = str(int(at.timestamp()))
    signature = hmac.new(b"mailgun-key", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": {"event": event, "severity": severity, "recipient": READER},
    }


def sns(message: object, key: rsa.RSAPrivateKey = RSA_KEY, **more: str) -> bytes:
    notice = {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": TOPIC,
        "Message": json.dumps(message),
        "Timestamp": "2025-11-21T12:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    } | more
    order = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{notice[name]}\n" for name in order if name in notice)
    notice["Signature"] = base64.b64encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    return json.dumps(notice).encode()


def bounce(kind: str = "Permanent") -> dict[str, Any]:
    recipients = [{"emailAddress": READER}]
    return {
        "notificationType": "Bounce",
        "bounce": {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": recipients},
    }


def sendgrid(events: list[dict[str, str]], at: datetime) -> tuple[bytes, dict[str, str]]:
    body, stamp = json.dumps(events).encode(), str(int(at.timestamp()))
    signature = EC_KEY.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return body, {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }


@pytest.mark.parametrize(
    ("event", "severity", "after"),
    [
        ("failed", "permanent", ("bounced", True)),
        ("failed", "temporary", ("active", False)),
        ("complained", "", ("complained", True)),
        ("unsubscribed", "", ("left", False)),
        ("opened", "", ("active", False)),
        ("something-new", "", ("active", False)),
    ],
)
def test_mailgun_says_what_it_says(post_office: Site, event: str, severity: str, after: tuple[str, bool]) -> None:
    answer = post_office.client().post("/hooks/mailgun", json=mailgun(event, severity, post_office.clock.now()))

    assert (answer.status_code, status(post_office)) == (200, after)


def test_a_forged_or_replayed_report_of_mailgun_is_refused(post_office: Site) -> None:
    forged = mailgun("complained", "", post_office.clock.now())
    forged["signature"]["token"] = "other"
    old = mailgun("complained", "", post_office.clock.now() - timedelta(hours=1))

    answers = [post_office.client().post("/hooks/mailgun", json=one).status_code for one in (forged, old, {}, [])]

    assert (answers, status(post_office)) == ([403, 403, 400, 400], ("active", False))


def test_a_report_that_comes_twice_acts_once(post_office: Site) -> None:
    report = mailgun("failed", "permanent", post_office.clock.now())
    browser = post_office.client()
    browser.post("/hooks/mailgun", json=report)
    post_office.press.subscribers.unsuppress(READER)

    assert browser.post("/hooks/mailgun", json=report).status_code == 200
    assert status(post_office) == ("bounced", False)
    metrics = browser.get("/metrics").text
    assert 'newsletter_hook_events_total{event="repeated",provider="mailgun"} 1.0' in metrics


def test_amazon_is_believed_with_its_own_certificate_only(post_office: Site) -> None:
    other = rsa.generate_private_key(65537, 2048)
    browser = post_office.client()
    refused = [
        sns(bounce(), TopicArn="arn:aws:sns:eu-west-1:666:mine"),
        sns(bounce(), SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"),
        sns(bounce(), SigningCertURL="http://sns.eu-west-1.amazonaws.com/x.pem"),
        sns(bounce(), SigningCertURL="https://evil.example/#https://sns.eu-west-1.amazonaws.com/x.pem"),
        sns(bounce(), key=other),
        sns(bounce()).replace(b"General", b"Genera1"),
        sns("", Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://evil.example/"),
    ]

    assert [browser.post("/hooks/ses", content=one).status_code for one in refused] == [403] * len(refused)
    assert status(post_office) == ("active", False)
    assert not any("evil" in url for url in FETCHED)
    assert browser.post("/hooks/ses", content=sns(bounce("Transient"), MessageId="0")).status_code == 200
    assert status(post_office) == ("active", False)
    assert browser.post("/hooks/ses", content=sns(bounce())).status_code == 200
    assert status(post_office) == ("bounced", True)


def test_a_handshake_for_an_allowed_topic_is_completed(post_office: Site) -> None:
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"

    answer = post_office.client().post(
        "/hooks/ses", content=sns("hello", Type="SubscriptionConfirmation", Token="t", SubscribeURL=url)
    )

    assert (answer.status_code, FETCHED) == (200, [CERTIFICATE, url])


def test_postmark_is_known_by_its_login(post_office: Site) -> None:
    browser = post_office.client()
    report = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": READER}

    assert browser.post("/hooks/postmark", json=report, auth=("hook", "wrong")).status_code == 403
    assert (
        browser.post("/hooks/postmark", json=report | {"Type": "SoftBounce"}, auth=("hook", "secret")).status_code
        == 200
    )
    assert status(post_office) == ("active", False)
    browser.post("/hooks/postmark", json=report | {"ID": 43}, auth=("hook", "secret"))
    assert status(post_office) == ("bounced", True)


def test_sendgrid_signs_a_list(post_office: Site) -> None:
    browser = post_office.client()
    events = [
        {"sg_event_id": "1", "event": "delivered", "email": READER},
        {"sg_event_id": "2", "event": "spamreport", "email": READER},
    ]
    body, headers = sendgrid(events, post_office.clock.now())

    assert browser.post("/hooks/sendgrid", content=body + b" ", headers=headers).status_code == 403
    assert browser.post("/hooks/sendgrid", content=body).status_code == 403
    assert status(post_office) == ("active", False)
    assert browser.post("/hooks/sendgrid", content=body, headers=headers).json() == {"taken": 2}
    assert status(post_office) == ("complained", True)


def test_a_provider_that_is_not_set_up_is_not_there(site: Site) -> None:
    answers = [site.client().post(f"/hooks/{one}", json={}).status_code for one in ("ses", "mailgun", "postmark", "x")]

    assert answers == [404] * 4


def said(site: Site) -> list[str]:
    """What is known of the reader, oldest first."""
    assert site.press.returns is not None
    known = site.press.returns.about([1], since=site.clock.now() - timedelta(days=1))
    return [one.what for one in known.get(1, ())]


@pytest.mark.parametrize(
    ("more", "what", "after"),
    [
        ({"delivery-status": {"code": 550, "enhanced-code": "5.1.1"}}, "hard", ("bounced", True)),
        ({"delivery-status": {"code": 550, "enhanced-code": "5.7.1"}}, "blocked", ("active", False)),
        ({"delivery-status": {"code": 552}}, "soft", ("active", False)),
        ({"delivery-status": {"code": 605, "bounce-type": "soft"}}, "soft", ("active", False)),
        ({"reason": "old"}, "soft", ("active", False)),
        ({"reason": "suppress-complaint"}, "complaint", ("complained", True)),
        ({"reason": "suppress-unsubscribe"}, "leave", ("left", False)),
        ({"delivery-status": "nonsense", "message": []}, "hard", ("bounced", True)),
    ],
)
def test_mailgun_fails_for_reasons(post_office: Site, more: dict[str, Any], what: str, after: tuple[str, bool]) -> None:
    report = mailgun("failed", "permanent", post_office.clock.now())
    report["event-data"] |= more

    assert post_office.client().post("/hooks/mailgun", json=report).status_code == 200
    assert (said(post_office), status(post_office)) == ([what], after)


@pytest.mark.parametrize(
    ("report", "what", "after"),
    [
        ({"RecordType": "Bounce", "Type": "Blocked"}, ["blocked"], ("active", False)),
        ({"RecordType": "Bounce", "Type": "SoftBounce"}, ["soft"], ("active", False)),
        ({"RecordType": "Bounce", "Type": "AutoResponder"}, [], ("active", False)),
        ({"RecordType": "Delivery", "Recipient": READER}, [], ("active", False)),  # it takes nothing back
        ({"RecordType": "SpamComplaint"}, ["complaint"], ("complained", True)),
        (
            {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "HardBounce"},
            ["hard"],
            ("bounced", True),
        ),
        ({"RecordType": "SubscriptionChange", "SuppressSending": True}, ["leave"], ("left", False)),
        ({"RecordType": "SubscriptionChange", "SuppressSending": False}, [], ("active", False)),
    ],
)
def test_postmark_says_what_it_says(
    post_office: Site, report: dict[str, Any], what: list[str], after: tuple[str, bool]
) -> None:
    browser = post_office.client()
    browser.post("/hooks/postmark", json={"ID": 1, "Email": READER} | report, auth=("hook", "secret"))

    assert (said(post_office), status(post_office)) == (what, after)


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, ["hard"]),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, ["soft"]),
        ({"event": "bounce", "type": "blocked", "status": "5.1.1"}, ["blocked"]),
        ({"event": "deferred"}, []),
        ({"event": "dropped", "reason": "Bounced Address"}, ["hard"]),
        ({"event": "dropped", "reason": "Spam Content"}, []),
        ({"event": "group_unsubscribe"}, ["leave"]),
    ],
)
def test_sendgrid_says_what_it_says(post_office: Site, event: dict[str, str], what: list[str]) -> None:
    body, headers = sendgrid([{"sg_event_id": "1", "email": READER} | event], post_office.clock.now())
    post_office.client().post("/hooks/sendgrid", content=body, headers=headers)

    assert said(post_office) == what


@pytest.mark.parametrize(
    ("kind", "detail", "mailbox", "what"),
    [
        ("Permanent", "General", "", ["hard"]),
        ("Permanent", "General", "5.7.1", ["blocked"]),
        ("Transient", "MailboxFull", "5.2.2", ["soft"]),
        ("Transient", "ContentRejected", "", ["ours"]),
        ("Undetermined", "Undetermined", "", []),
    ],
)
def test_amazon_says_what_it_says(post_office: Site, kind: str, detail: str, mailbox: str, what: list[str]) -> None:
    report = bounce(kind)
    report["bounce"] |= {"bounceSubType": detail, "bouncedRecipients": [{"emailAddress": READER, "status": mailbox}]}

    assert post_office.client().post("/hooks/ses", content=sns(report)).status_code == 200
    assert said(post_office) == what


def test_a_complaint_over_amazon_ends_it_and_a_delivery_takes_soft_bounces_back(post_office: Site) -> None:
    browser = post_office.client()
    full = bounce("Transient")
    delivered = {"eventType": "Delivery", "delivery": {"recipients": [READER, 7]}}
    browser.post("/hooks/ses", content=sns(full, MessageId="1"))
    browser.post("/hooks/ses", content=sns(delivered, MessageId="2"))
    assert said(post_office) == ["soft", "accepted"]

    complaint = {"notificationType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": READER}]}}
    browser.post("/hooks/ses", content=sns(complaint, MessageId="3"))
    assert status(post_office) == ("complained", True)


def test_a_report_about_a_mail_that_she_got_at_an_old_address_leaves_her_new_one(post_office: Site) -> None:
    secret = post_office.press.config.secrets[0]
    report = mailgun("failed", "permanent", post_office.clock.now())
    report["event-data"] |= {
        "recipient": "ada@old.example",
        "message": {"headers": {"message-id": message_id("digest.2025-11-20.1", secret=secret, domain="p.example")}},
    }
    post_office.client().post("/hooks/mailgun", json=report)

    assert (said(post_office), status(post_office)) == (["soft"], ("active", False))


def test_a_report_about_a_stranger_is_answered_and_not_kept(post_office: Site) -> None:
    report = mailgun("failed", "permanent", post_office.clock.now())
    report["event-data"]["recipient"] = "stranger@else.example"

    assert post_office.client().post("/hooks/mailgun", json=report).status_code == 200
    assert post_office.press.returns is not None
    assert post_office.press.returns.open(limit=9) == ()
    assert status(post_office) == ("active", False)


def test_five_soft_bounces_by_webhook_suspend_her(post_office: Site) -> None:
    browser = post_office.client()
    for number in range(5):
        report = {"RecordType": "Bounce", "Type": "SoftBounce", "ID": number, "Email": READER}
        assert browser.post("/hooks/postmark", json=report, auth=("hook", "secret")).status_code == 200
        post_office.clock.move(timedelta(days=2))

    who = post_office.press.subscribers.by_email(READER)
    assert who is not None
    assert who.paused_until == (post_office.clock.now() + timedelta(days=5)).date()


ODD = [
    "null",
    "[]",
    "3",
    '"text"',
    "{}",
    "[" * 100_000,
    '{"RecordType": [], "Type": {}, "Email": 3, "ID": {"a": 1}}',
    '{"RecordType": "Bounce", "Type": "HardBounce", "Email": "\\ud800@example.org", "ID": 1}',
    '{"RecordType": "Bounce", "Type": "HardBounce", "Email": "a\\u0000b@example.org", "ID": 1}',
    '{"RecordType": "SubscriptionChange", "SuppressSending": true, "SuppressionReason": [1], "Recipient": null}',
    '[null, 3, [], {"event": [], "email": {}}, {"event": "bounce", "email": "\\ud800", "sg_event_id": "\\ud800"}]',
    '{"event-data": {"event": [], "message": [], "recipient": "\\ud800"}}',
    '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [null, 3, {"emailAddress": "\\ud800"}]}}',
    '{"notificationType": "Complaint", "mail": 3, "complaint": {"complainedRecipients": [[]]}}',
    '{"notificationType": "Bounce", "mail": {"commonHeaders": {"messageId": "<\\ud800>"}}, "bounce": 3}',
]


@pytest.mark.parametrize("body", ODD, ids=[one[:60] for one in ODD])
def test_what_a_provider_signs_may_be_nonsense_and_harms_nobody(post_office: Site, body: str) -> None:
    now = post_office.clock.now()
    report = json.loads(body) if len(body) < 1000 else None
    data = report.get("event-data") if isinstance(report, dict) else report
    signed = json.dumps(mailgun("failed", "permanent", now) | {"event-data": data})
    stamp = str(int(now.timestamp()))
    signature = EC_KEY.sign(stamp.encode() + body.encode(), ec.ECDSA(hashes.SHA256()))
    grid = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    login = {"Authorization": "Basic " + base64.b64encode(b"hook:secret").decode()}
    browser = post_office.client()
    answers = [
        browser.post("/hooks/mailgun", content=signed),
        browser.post("/hooks/postmark", content=body, headers=login),
        browser.post("/hooks/sendgrid", content=body, headers=grid),
        browser.post("/hooks/ses", content=sns(report)),
    ]
    assert [one.status_code for one in answers if one.status_code not in {200, 400}] == []
    assert status(post_office) == ("active", False)
