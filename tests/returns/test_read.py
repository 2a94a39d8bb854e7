"""Each mail server's way of giving a mail back is understood, and nothing that is no such mail counts."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model.mail import Reply
from newsletter.returns.mime import LIMIT
from newsletter.returns.read import Returned, read_return
from newsletter.returns.weigh import of_report
from newsletter.stages.returning import judge
from tests.support import returned_mail as mail

KEY = mail.delivery().key
TO = mail.verp()
SECRETS = ("a newer secret", mail.SECRET)

SHAPES = {
    "postfix": mail.postfix(TO),
    "postfix in capitals": mail.postfix(TO.upper()),
    "exim with a report": mail.exim_report(TO),
    "exim in prose": mail.exim_prose(TO),
    "qmail": mail.qmail(TO),
    "qmail without a code": mail.qmail(TO, "Sorry, no mailbox here by that name. (#5.1.1)"),
    "exchange": mail.exchange("papers@papers.example", mail.our_id()),
    "gmail": mail.gmail(TO),
    "unix line ends": mail.postfix(TO).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mailbox_that_does_not_exist_is_known_whoever_says_so(shape: str) -> None:
    read = read_return(SHAPES[shape], SECRETS)

    assert (read.sort, read.keys, read.guessed, read.named) == ("bounce", (KEY,), False, (mail.ADA,))
    assert [(one.action, one.recipients) for one in read.reports] == [("failed", (mail.ADA,))]
    assert [of_report(one, judge) for one in read.reports] == ["hard"]
    assert "@" not in read.reports[0].reply.text


@pytest.mark.parametrize(
    ("status", "said", "what"),
    [
        ("5.1.1", "smtp; 550 5.1.1 unknown", "hard"),
        ("5.1.1", 'x-postfix; unknown user: "ada"', "hard"),
        ("5.1.10", "smtp; 556 5.1.10 the domain takes no mail", "hard"),
        ("5.2.1", "smtp; 550 5.2.1 The account is disabled", "hard"),
        ("5.0.0", "smtp; 550 No such user", "hard"),
        ("5.0.0", "smtp; 550 5.1.1 gone", "hard"),
        ("5.2.2", "smtp; 552 5.2.2 The mailbox is over quota", "soft"),
        ("4.2.2", "smtp; 452 4.2.2 The mailbox is full", "soft"),
        ("4.4.7", "smtp; 451 4.4.7 too long in the queue", "soft"),
        ("4.4.1", "x-postfix; connect to mx.example.org[192.0.2.7]:25: timed out", "soft"),
        ("5.4.4", "x-postfix; Host or domain name not found", "soft"),
        ("5.3.0", "x-local; the program of the mailbox crashed", "soft"),
        ("5.0.0", "", "soft"),
        ("5.0.0", "smtp; 550 Usuario desconocido", "soft"),  # no rule knows it, and 550 alone may mean the contents
        ("5.7.1", "smtp; 550 5.7.1 Your network is on our list", "blocked"),
        ("5.7.26", "smtp; 550 5.7.26 not authenticated", "blocked"),
        ("5.0.0", "smtp; 554 rejected as spam", "blocked"),
        ("4.7.0", "smtp; 421 4.7.0 try later", "blocked"),
        ("5.3.4", "smtp; 552 5.3.4 message too big", "ours"),
        ("5.6.0", "smtp; 554 5.6.0 broken MIME", "ours"),
        ("5.1.8", "smtp; 553 5.1.8 sender's domain does not exist", "ours"),
    ],
)
def test_what_a_report_says_of_an_address(status: str, said: str, what: str) -> None:
    (report,) = read_return(mail.postfix(TO, status=status, said=said), SECRETS).reports

    assert of_report(report, judge) == what


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("delayed", None),
        ("relayed", None),
        ("expanded", None),
        ("delivered", "accepted"),
        ("Failed (for good)", "hard"),
    ],
)
def test_only_a_failure_or_a_delivery_is_news(action: str, what: str | None) -> None:
    (report,) = read_return(mail.postfix(TO, action=action), SECRETS).reports

    assert of_report(report, judge) == what


def test_a_complaint_is_known_by_the_message_id_of_what_she_complains_of() -> None:
    read = read_return(mail.complaint(mail.our_id()), SECRETS)

    assert (read.sort, read.keys, read.text) == ("complaint", (KEY,), "abuse")
    assert read_return(mail.complaint("<x@y>"), SECRETS).keys == ()
    assert read_return(mail.complaint(mail.our_id(), kind="not-spam"), SECRETS).sort == "answer"
    assert read_return(mail.complaint(mail.our_id(), kind="opt-out"), SECRETS).sort == "leave"


def test_a_bounce_whose_signature_is_not_ours_names_nobody() -> None:
    forged = TO.replace("b+a", "b+b", 1)
    foreign = mail.verp(secret="their secret")

    for to in (forged, foreign, "papers@papers.example"):
        assert (read_return(mail.postfix(to), SECRETS).sort, read_return(mail.postfix(to), SECRETS).keys) == (
            "bounce",
            (),
        )


def test_without_a_bounce_domain_the_message_id_in_the_returned_headers_names_the_mail() -> None:
    read = read_return(mail.postfix("papers@papers.example", original=mail.our_id()), SECRETS)

    assert read.keys == (KEY,)


@pytest.mark.parametrize(
    ("subject", "body", "more"),
    [
        ("Automatic reply: Papers of today", "I am away.", ""),
        ("Out of office", "Back on Monday.", "X-Auto-Response-Suppress: All\n"),
        ("Re: Papers of today", "I am on holiday.", "Auto-Submitted: auto-replied (vacation)\n"),
        ("Re: Papers of today", "I am on holiday.", "Precedence: auto_reply\n"),
        ("Re: Papers of today", "I am on holiday.", "X-Autoreply: yes\n"),
        ("Abwesenheitsnotiz: bin weg", "Bis Montag.", ""),
        ("Please confirm your message", "Click here.", ""),
        ("Re: Papers", "To be read, please verify that you are a real person: http://x.example/", ""),
        ("Re: Papers", "Hello", "X-Delivery-Agent: TMDA/1.1\n"),
        (
            "Read: Papers of today",
            "",
            'Content-Type: multipart/report; report-type=disposition-notification; boundary="x"\n',
        ),
    ],
)
def test_an_automatic_answer_says_nothing_of_her(subject: str, body: str, more: str) -> None:
    assert read_return(mail.letter(TO, subject, body, more=more), SECRETS).sort == "answer"


def test_a_mail_to_the_leave_address_carries_her_token() -> None:
    token = "AbC-" + "x_9" * 8
    plain = read_return(mail.letter("leave@b.example", f"unsubscribe {token}"), SECRETS)
    encoded = read_return(
        mail.letter("leave@b.example", f"=?utf-8?Q?unsubscribe_{token.replace('_', '=5F')}?="), SECRETS
    )

    assert (plain.sort, plain.token, encoded.token) == ("leave", token, token)
    assert read_return(mail.letter("leave@b.example", "unsubscribe"), SECRETS).sort == "unknown"
    assert token not in repr(plain)


def test_a_persons_own_mail_is_for_a_person() -> None:
    read = read_return(mail.letter("papers@papers.example", "A question about Thursday"), SECRETS)

    assert (read.sort, read.text) == ("unknown", "A question about Thursday")


def test_prose_that_only_a_guess_can_read_is_weak_evidence() -> None:
    told = "The letter could not be delivered.\n\nReason: 550 5.1.1 no such user\n"
    odd = mail.letter(TO, "Delivery failure", told, sender="Postmaster <postmaster@odd.example>")
    late = mail.letter(
        TO, "Warning: your letter is delayed", "It will be tried again.", sender="MAILER-DAEMON@o.example"
    )

    read = read_return(odd, SECRETS)
    assert (read.sort, read.guessed, read.keys, read.reports[0].reply) == (
        "bounce",
        True,
        (KEY,),
        Reply(550, "5.1.1", "550 5.1.1 no such user"),
    )
    assert [one.action for one in read_return(late, SECRETS).reports] == ["delayed"]
    marked = odd.replace(b"From: Postmaster", b"Auto-Submitted: auto-replied\r\nFrom: Mail Delivery Subsystem")
    assert read_return(marked, SECRETS).sort == "bounce"


def test_a_report_that_came_twice_has_the_same_digest_and_another_one_has_another() -> None:
    digests = [read_return(mail.postfix(TO, number=one), SECRETS).mail for one in ("1", "1", "2")]

    assert digests[0] == digests[1] != digests[2]


def test_a_bomb_of_nested_parts_is_put_aside_unread() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (number, number) for number in range(5000)
    )
    assert read_return(b"From: x@y\r\n" + deep, SECRETS).sort == "poison"


@pytest.mark.parametrize(
    "bomb",
    [
        b'Content-Type: multipart/report; boundary="' + b";" * LIMIT,
        b'Content-Type: multipart/report; boundary="a' + b";\r\n " * (LIMIT // 4),
        b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * (LIMIT // 7),
        b"Content-Type: message/delivery-status\r\n\r\n" + b"a:b\r\n\r\n" * (LIMIT // 7),
        b"From: " + b"(" * LIMIT,
        b"\r\nHi. This is the \n" + b"<a>:\na" * (LIMIT // 7),
        b"X-Failed-Recipients: a@b.example\r\n\r\n" + b"  a@b.example\n" * (LIMIT // 14),
        b"\r\n" + b"a" * LIMIT,
    ],
)
def test_a_mail_that_wants_to_cost_time_costs_little(bomb: bytes) -> None:
    begun = process_time()

    assert read_return(b"From: MAILER-DAEMON@x.example\r\nSubject: failure\r\n" + bomb, SECRETS).keys == ()
    assert process_time() - begun < 5  # without the limits: minutes


def test_a_report_in_front_of_a_huge_mail_is_read_all_the_same() -> None:
    huge = mail.postfix(TO).replace(
        b"Subject: Papers of today", b"Subject: Papers\r\n\r\n" + b"x" * 70 + b"\r\n" * LIMIT
    )

    assert read_return(huge, SECRETS).keys == (KEY,)


def storable(read: Returned) -> bool:
    """Whether every text of it may be asked of a database, and kept: PostgreSQL takes no NUL, none takes surrogates."""
    texts = [*read.named, read.text, *(text for one in read.reports for text in (one.reply.text, *one.recipients))]
    return not any("\0" in text or text != text.encode("utf-8", "replace").decode() for text in texts)


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        ("text/plain", b"a\0da@example.org"),
        ("text/plain; charset=unicode_escape", b"a\\ud800da@example.org"),
        ("text/plain; charset=unicode_escape", b"a\\x00da@example.org"),
        ("text/plain; charset=utf-7", b"a+2AA-da@example.org"),
    ],
)
def test_an_address_that_no_database_takes_does_not_stop_the_mails_behind_it(kind: str, who: bytes) -> None:
    text = b"Hi. This is the qmail-send program.\r\n\r\n<%b>:\r\n550 5.1.1 n\0body \xff\r\n" % who
    head = f"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\nContent-Type: {kind}\r\n\r\n".encode()

    read = read_return(head + text, SECRETS)

    assert read.sort == "bounce"
    assert storable(read)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 3000), st.binary(max_size=40), st.integers(0, 3000))
def test_no_cut_or_spoiled_mail_ever_raises(shape: str, cut: int, noise: bytes, place: int) -> None:
    whole = SHAPES[shape]
    spoiled = whole[:place] + noise + whole[place:]

    for data in (whole[:cut], whole[cut:], spoiled, spoiled[:cut], noise):
        read = read_return(data, SECRETS)
        assert read.keys in {(), (KEY,)}
        assert re.fullmatch(r"[0-9a-f]{32}", read.mail)
        assert storable(read)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["multipart/report", "message/delivery-status", "text/plain", "x"]))
def test_octets_of_no_sense_are_no_bounce_of_ours(noise: bytes, kind: str) -> None:
    data = b'Content-Type: %b; boundary="b"; charset="\xff"\r\n\r\n--b\r\n' % kind.encode() + noise

    assert read_return(data, SECRETS).keys == ()
