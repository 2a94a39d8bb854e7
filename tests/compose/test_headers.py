"""The letterhead, rule by rule, as Python's parser reads it and as octets."""

from __future__ import annotations

import dataclasses
import email.utils
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose.headers import Headers, leave_headers, wire_address
from newsletter.errors import AddressError, TemplateError
from newsletter.model.mail import ReaderLinks
from tests.support.composing import (
    ADA,
    LETTERHEAD,
    SECRET,
    by_id,
    card,
    composer,
    delivery,
    issue,
    links,
    parsed,
    part,
    wire_faults,
)

ISSUE, CARDS = issue(("language", [card(1), card(2)])), by_id(card(1), card(2))


def digest(**changes: object) -> bytes:
    return (
        composer(letterhead=dataclasses.replace(LETTERHEAD, **changes))
        .digest(  # type: ignore[arg-type]
            delivery(), ADA, ISSUE, CARDS, links()
        )
        .data
    )


def test_a_digest_carries_every_header_that_receivers_ask_for() -> None:
    message = composer().digest(delivery(), ADA, ISSUE, CARDS, links())
    mail = parsed(message)

    message_id = mail["Message-ID"]
    boundary = mail.get_boundary()
    assert [(name, str(value)) for name, value in mail.items()] == [
        ("Date", "Fri, 20 Nov 2026 07:00:05 +0000"),
        ("From", "Trending Papers <papers@example.org>"),
        ("Reply-To", "editor@example.org"),
        ("To", "ada@example.net"),
        ("Subject", "Paper 1 about something and 1 more"),
        ("Message-ID", message_id),
        ("MIME-Version", "1.0"),
        ("List-Id", "Trending Papers <papers.example.org>"),
        ("List-Post", "NO"),
        ("List-Help", "<https://papers.example.org/>"),
        ("List-Archive", "<https://papers.example.org/archive>"),
        ("Precedence", "bulk"),
        (
            "List-Unsubscribe",
            f"<{links().unsubscribe}>, <{links().unsubscribe_mailto}>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("Feedback-ID", "2026-11-20:digest:exampleorg"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    assert re.fullmatch(r"<digest\.2026-11-20\.17\.[0-9a-f]{20}@example\.org>", message_id)
    assert re.fullmatch(r"b\+[a-z2-7]{10,62}@bounces\.example\.org", message.envelope_from)
    assert (message.recipient, message.delivery_id, message.smtputf8) == ("ada@example.net", 170, False)
    assert wire_faults(message.data) == []


def test_a_second_try_is_the_same_mail_octet_by_octet() -> None:
    first, later = composer(), composer()
    other = issue(("vision", [card(9)]), ("language", [card(2)]))
    later.digest(delivery(reader=3), ADA, other, by_id(card(9), card(2)), links("other"))

    one = first.digest(delivery(), ADA, ISSUE, CARDS, links())
    two = later.digest(delivery(attempt=2), ADA, ISSUE, CARDS, links())

    assert one == two
    assert [first.digest(delivery(), ADA, ISSUE, CARDS, links()) for _ in range(3)] == [one] * 3


def test_each_reader_has_her_own_message_id_and_all_share_one_feedback_id() -> None:
    press = composer()
    mails = [parsed(press.digest(delivery(reader=n), ADA, ISSUE, CARDS, links(f"t{n}"))) for n in range(1, 40)]

    assert len({mail["Message-ID"] for mail in mails}) == 39
    assert {mail["Feedback-ID"] for mail in mails} == {"2026-11-20:digest:exampleorg"}


@pytest.mark.parametrize("length", range(40, 901, 20))
def test_the_leave_link_is_never_encoded_or_folded_whatever_its_length(length: int) -> None:
    url = "https://papers.example.org/unsubscribe/".ljust(length, "x")

    mail = _PRESS.digest(delivery(), ADA, ISSUE, CARDS, dataclasses.replace(links(), unsubscribe=url)).data

    assert f"List-Unsubscribe: <{url}>,\r\n <mailto:".encode() in mail
    assert wire_faults(mail) == []


def test_a_leave_link_that_fits_no_header_is_refused_with_the_cure() -> None:
    with pytest.raises(TemplateError, match=r"Shorten \[newsletter\] base_url"):
        leave_headers(ReaderLinks("https://example.org/" + "x" * 980, "", ""))


def test_without_https_the_link_stands_there_but_one_click_is_not_promised() -> None:
    assert leave_headers(links(base="http://localhost:8000")) == (
        b"List-Unsubscribe: <http://localhost:8000/unsubscribe/t0ken>,\r\n"
        b" <mailto:leave@bounces.example.org?subject=unsubscribe%20t0ken>\r\n"
    )
    assert leave_headers(ReaderLinks("", "", "")) == b""


def test_a_link_with_line_ends_and_blanks_adds_no_header() -> None:
    evil = ReaderLinks("https://example.org/a\r\nBcc: all@example.org\r\n\r\n>, <x y\u4e2d", "", "")

    assert leave_headers(evil) == (
        b"List-Unsubscribe: <https://example.org/a%0D%0ABcc:%20all@example.org%0D%0A%0D%0A%3E,%20%3Cx%20y%E4%B8%AD>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


@pytest.mark.parametrize(
    ("sender", "line"),
    [
        ("papers@example.org", b"From: papers@example.org\r\n"),
        ("Papers <p@example.org>", b"From: Papers <p@example.org>\r\n"),
        ('"Papers, daily" <p@example.org>', b'From: "Papers, daily" <p@example.org>\r\n'),
        ("Lesezirkel Köln <p@example.org>", b"From: =?utf-8?q?Lesezirkel_K=C3=B6ln?=\r\n <p@example.org>\r\n"),
        ("Papers <p@köln.example>", b"From: Papers <p@xn--kln-sna.example>\r\n"),
    ],
)
def test_the_senders_name_is_quoted_or_encoded_only_where_it_must_be(sender: str, line: bytes) -> None:
    assert line in digest(sender=sender)


def test_without_a_bounce_domain_bounces_go_to_the_sender() -> None:
    headers = Headers(dataclasses.replace(LETTERHEAD, bounce_domain=""), secret=SECRET)

    assert headers.envelope_from(delivery()) == "papers@example.org"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ada@example.net", ("ada@example.net", False)),
        ("Ada.O'Neil+x@Example.net", ("Ada.O'Neil+x@Example.net", False)),
        ("ada@straße.example", ("ada@xn--strae-oqa.example", False)),
        ("jörg@example.net", ("jörg@example.net", True)),
        ("用户@例え.example", ("用户@xn--r8jz45g.example", True)),
    ],
)
def test_an_international_address_goes_as_idna_and_asks_for_smtputf8_only_for_its_local_part(
    address: str, wire: tuple[str, bool]
) -> None:
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.net",
        "ada@",
        "a b@example.net",
        "a\r\nBcc: x@example.net",
        "a@x.org>\r\nRCPT TO:<b@x.org",
        "a,b@example.net",
        "a\0@example.net",
        "a@exa\ud800mple.net",
        "<a@example.net>",
        "a@-.example",
        "a@" + "x" * 64 + ".org",
    ],
)
def test_an_address_that_could_break_the_envelope_is_refused(address: str) -> None:
    if address == "a@" + "x" * 64 + ".org":
        address = "a@" + "ü" * 64 + ".org"
    if address == "a@-.example":
        address = "a@ü-.example"
    with pytest.raises(AddressError, match="Remove or mend it"):
        wire_address(address)


def test_a_smtputf8_readers_mail_says_so_and_holds_her_address_in_utf_8() -> None:
    reader = dataclasses.replace(ADA, email="jörg@example.net")

    message = composer().digest(delivery(), reader, ISSUE, CARDS, links())

    assert (message.smtputf8, message.recipient) == (True, "jörg@example.net")
    assert not message.seven_bit  # so that the transport asks for 8BITMIME
    assert "\r\nTo: jörg@example.net\r\n".encode() in message.data


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_no_title_puts_a_second_header_into_the_mail(title: str) -> None:
    evil = card(1, title=title + "\r\nBcc: everybody@example.org\r\n\r\nbody")

    message = _PRESS.digest(delivery(), ADA, issue(("language", [evil])), by_id(evil), links())

    assert [name for name in parsed(message) if name == "Bcc"] == []
    assert wire_faults(message.data) == []
    assert len(str(parsed(message)["Subject"])) <= 140


def test_the_date_is_when_the_mail_was_queued_in_utc_wherever_the_machine_stands() -> None:
    from_tokyo = dataclasses.replace(delivery(), created_at=datetime.fromisoformat("2026-11-20T16:00:05+09:00"))

    mail = parsed(composer().digest(from_tokyo, ADA, ISSUE, CARDS, links()))

    assert email.utils.parsedate_to_datetime(mail["Date"]) == datetime(2026, 11, 20, 7, 0, 5, tzinfo=UTC)
    assert mail["Date"].endswith("+0000")


def test_confirmations_promise_no_list_and_no_one_click() -> None:
    mail = parsed(composer().notice(delivery("confirm"), ADA, links()))

    assert [name for name in mail if name.startswith("List-") or name == "Precedence"] == []
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "https://papers.example.org/confirm/t0ken" in part(mail, "plain")


_PRESS = composer()
