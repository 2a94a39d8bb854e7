"""Returned mail in the shapes that mail servers give it, in words of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from textwrap import dedent

from newsletter.model.bounce import bounce_address, message_id
from newsletter.model.mail import Delivery

SECRET = "a secret for returned mail"
ADA = "ada@example.org"
DAY = date(2026, 11, 20)


def delivery(reader: int = 1, day: date = DAY) -> Delivery:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    return Delivery(1, "digest", day, reader, "{}", now, now)


def verp(reader: int = 1, day: date = DAY, secret: str = SECRET) -> str:
    return bounce_address(delivery(reader, day), secret=secret, domain="bounces.papers.example")


def our_id(reader: int = 1, day: date = DAY, secret: str = SECRET) -> str:
    return message_id(delivery(reader, day).key, secret=secret, domain="papers.example")


def lines(text: str, **slots: str) -> bytes:
    return dedent(text).lstrip("\n").format(**slots).replace("\n", "\r\n").encode()


def postfix(
    to: str,
    *,
    status: str = "5.1.1",
    said: str = "smtp; 550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown",
    action: str = "failed",
    who: str = ADA,
    original: str = "<somebody@else.example>",
    number: str = "1",
) -> bytes:
    return lines(
        """
        Return-Path: <>
        Delivered-To: {to}
        From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
        To: {to}
        Subject: Undelivered Mail Returned to Sender
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="4F.1/mail"
        Message-Id: <20261120.{number}@mail.example.org>

        This is a MIME-encapsulated message.

        --4F.1/mail
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        This server is sorry to say that your letter did not reach one reader.

        <{who}>: {said}

        --4F.1/mail
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mail.example.org
        X-Postfix-Queue-ID: 4F1
        Arrival-Date: Fri, 20 Nov 2026 08:00:00 +0000 (UTC)

        Final-Recipient: rfc822; {who}
        Original-Recipient: rfc822;{who}
        Action: {action}
        Status: {status}
        Remote-MTA: dns; mx.example.org
        Diagnostic-Code: {said}

        --4F.1/mail
        Content-Description: Undelivered Message Headers
        Content-Type: text/rfc822-headers

        From: Papers <papers@papers.example>
        Message-ID: {original}
        Subject: Papers of today

        --4F.1/mail--
        """,
        to=to,
        status=status,
        said=said,
        action=action,
        who=who,
        original=original,
        number=number,
    )


def exim_report(to: str) -> bytes:
    """Exim since 4.87: a report whose status says nothing, and a diagnosis that says all."""
    return lines(
        """
        Return-path: <>
        Envelope-to: {to}
        X-Failed-Recipients: ada@example.org
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@exim.example>
        To: {to}
        Content-Type: multipart/report; report-type=delivery-status; boundary=1700-eximdsn-1
        MIME-Version: 1.0
        Subject: Mail delivery failed: returning message to sender
        Message-Id: <E1abc-0001@exim.example>

        --1700-eximdsn-1
        Content-type: text/plain; charset=us-ascii

        One address below could not be served, and will not be.

          ada@example.org
            host mx.example.org [192.0.2.7]
            SMTP error from remote mail server after RCPT TO:<ada@example.org>:
            550 5.1.1 No such user here

        --1700-eximdsn-1
        Content-type: message/delivery-status

        Reporting-MTA: dns; exim.example

        Action: failed
        Final-Recipient: rfc822;ada@example.org
        Status: 5.0.0
        Remote-MTA: dns; mx.example.org
        Diagnostic-Code: smtp; 550 5.1.1 No such user here

        --1700-eximdsn-1--
        """,
        to=to,
    )


def exim_prose(to: str) -> bytes:
    """Exim of old: one text, the address in a header."""
    return lines(
        """
        Return-path: <>
        X-Failed-Recipients: ada@example.org
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@exim.example>
        To: {to}
        Subject: Mail delivery failed: returning message to sender
        Message-Id: <E1abc-0002@exim.example>

        The mail software of this host wrote this by itself.

        What you sent could not be given to everybody. It failed for good for:

          ada@example.org
            host mx.example.org [192.0.2.7]
            SMTP error from remote mail server after RCPT TO:<ada@example.org>:
            550 5.1.1 No such user here

        ------ Here is a copy of it, with all its headers. ------

        From: Papers <papers@papers.example>
        Subject: 554 5.7.1 is not the reason
        """,
        to=to,
    )


def qmail(to: str, why: str = "192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 unknown user") -> bytes:
    return (
        lines(
            """
        Return-Path: <>
        Delivered-To: {to}
        From: MAILER-DAEMON@qmail.example
        To: {to}
        Subject: failure notice
        Date: 20 Nov 2026 08:00:00 -0000

        Hi. This is the qmail-send program at qmail.example.
        I could not get your letter to the addresses below, and give up now.

        <ada@example.org>:
        """,
            to=to,
        )
        + (why + "\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <x@y>\n").encode()
    )


def exchange(to: str, original: str) -> bytes:
    """The report is base64, and the returned headers hold our Message-ID."""
    return lines(
        """
        From: <postmaster@corp.example>
        To: <{to}>
        Subject: Undeliverable: Papers of today
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
        \tboundary="_9B_corp_"
        Message-ID: <guid@corp.example>
        X-MS-Exchange-Message-Is-Ndr:

        --_9B_corp_
        Content-Type: multipart/alternative; boundary="_9B_inner_"

        --_9B_inner_
        Content-Type: text/html; charset="utf-8"
        Content-Transfer-Encoding: base64

        PGI+VGhlIHBlcnNvbiB3YXMgbm90IGZvdW5kLjwvYj4=

        --_9B_inner_--

        --_9B_corp_
        Content-Type: message/delivery-status
        Content-Transfer-Encoding: base64

        UmVwb3J0aW5nLU1UQTogZG5zO2NvcnAuZXhhbXBsZQ0KDQpGaW5hbC1yZWNpcGllbnQ6IFJGQzgyMjthZGFAZXhhbXBsZS5vcmcNCkFjdGlv
        bjogRkFJTEVEDQpTdGF0dXM6IDUuMS4xMA0KRGlhZ25vc3RpYy1jb2RlOiBzbXRwOzU1MCA1LjEuMTAgUkVTT0xWRVIuQURSLlJlY2lwaWVu
        dE5vdEZvdW5kDQoNCg==

        --_9B_corp_
        Content-Type: message/rfc822

        Received: from papers.example by corp.example
        From: Papers <papers@papers.example>
        To: ada@example.org
        Message-ID: {original}
        Subject: Papers of today

        --_9B_corp_--
        """,
        to=to,
        original=original,
    )


def gmail(
    to: str, status: str = "5.1.1", said: str = "smtp; 550-5.1.1 That account cannot be found. 550 5.1.1 gsmtp"
) -> bytes:
    return lines(
        """
        Delivered-To: {to}
        Return-Path: <>
        From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
        To: {to}
        Auto-Submitted: auto-replied
        Subject: Delivery Status Notification (Failure)
        Message-ID: <65.gmr@mx.google.com>
        X-Failed-Recipients: ada@example.org
        Content-Type: multipart/report; boundary="00000065"; report-type=delivery-status

        --00000065
        Content-Type: multipart/related; boundary="00000066"

        --00000066
        Content-Type: multipart/alternative; boundary="00000067"

        --00000067
        Content-Type: text/plain; charset="UTF-8"

        ** Not found **

        --00000067--

        --00000066--

        --00000065
        Content-Type: message/delivery-status

        Reporting-MTA: dns; googlemail.com
        Arrival-Date: Fri, 20 Nov 2026 00:00:00 -0800 (PST)

        Final-Recipient: rfc822; ada@example.org
        Action: failed
        Status: {status}
        Diagnostic-Code: {said}
        Last-Attempt-Date: Fri, 20 Nov 2026 00:00:01 -0800 (PST)

        --00000065--
        """,
        to=to,
        status=status,
        said=said,
    )


def complaint(original: str, *, kind: str = "abuse", number: str = "1") -> bytes:
    return lines(
        """
        From: <fbl@provider.example>
        To: <fbl@papers.example>
        Subject: FW: Papers of today
        Message-ID: <arf.{number}@provider.example>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="arf"

        --arf
        Content-Type: text/plain; charset="US-ASCII"

        A reader pressed the button.

        --arf
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: SomeProvider/1.0
        Version: 1
        Original-Rcpt-To: redacted@provider.example

        --arf
        Content-Type: message/rfc822
        Content-Disposition: inline

        From: Papers <papers@papers.example>
        To: redacted
        Message-ID: {original}
        Subject: Papers of today

        ...
        --arf--
        """,
        kind=kind,
        original=original,
        number=number,
    )


def letter(to: str, subject: str, body: str = "Hello.", *, sender: str = ADA, more: str = "") -> bytes:
    head = f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{abs(hash((to, subject, body)))}@x.example>\n"
    return f"{head}{more}\n{body}\n".replace("\n", "\r\n").encode()
