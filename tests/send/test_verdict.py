"""The meaning of replies where no server is needed to show it: precedence, unknown codes, words and hints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.mail import Reply
from newsletter.send.phrases import PHRASES
from newsletter.send.verdict import Cause, Phase, Verdict, cause_of, hint, judge, outcome

AFTER_SETUP: tuple[Phase, ...] = ("mail", "rcpt", "data", "body", "dot")

SETUP: list[tuple[Phase, Reply, str]] = [
    ("connect", Reply(0), "relay-later"),
    ("banner", Reply(0), "relay-later"),
    ("banner", Reply(421, "4.3.2"), "relay-later"),
    ("banner", Reply(554, "5.7.1"), "relay-later"),
    ("ehlo", Reply(421), "relay-later"),
    ("ehlo", Reply(550), "relay-later"),
    ("starttls", Reply(454, "4.7.0"), "relay-later"),
    ("starttls", Reply(502, "5.5.1"), "relay-config"),
    ("auth", Reply(235, "2.7.0"), "go-on"),
    ("auth", Reply(454, "4.7.0", "temporary authentication failure"), "relay-later"),
    ("auth", Reply(421), "relay-later"),
    ("auth", Reply(535, "5.7.8"), "relay-config"),
    ("auth", Reply(534, "5.7.9"), "relay-config"),
    ("auth", Reply(530), "relay-config"),
]


@pytest.mark.parametrize(("phase", "reply", "kind"), SETUP)
def test_what_happens_before_mail_is_the_relays_affair_and_charges_nobody(
    phase: Phase, reply: Reply, kind: str
) -> None:
    verdict = judge(phase, reply)
    assert verdict.kind == kind
    assert verdict.charged is (kind == "go-on")
    assert outcome(1, phase, reply) is None


@given(
    st.sampled_from(AFTER_SETUP),
    st.integers(0, 999),
    st.sampled_from(["", *(f"{c}.{s}.{d}" for c in "45" for s in range(10) for d in (0, 1, 2, 7, 28, 99))]),
    st.text(max_size=80),
)
def test_every_reply_has_a_meaning_and_only_a_permanent_one_suppresses_anybody(
    phase: Phase, code: int, enhanced: str, text: str
) -> None:
    reply = Reply(code, enhanced, text)
    verdict = judge(phase, reply)
    if verdict.cause == "address":
        assert verdict.kind != "delivered"
    if verdict.kind == "never" and verdict.cause == "address":
        assert phase != "mail"
        assert enhanced.startswith("5") or (code // 100 == 5 and not enhanced)
    if verdict.kind == "uncertain":
        assert phase == "dot"
        assert code // 100 not in {2, 4, 5}
    if verdict.kind == "delivered":
        assert (phase, code // 100) == ("dot", 2)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(550, "4.2.1", "try again"), Verdict("later", "mailbox-off")),
        (Reply(450, "5.1.1", "no such user"), Verdict("never", "address")),
        (Reply(550, "5.7.1", "user unknown"), Verdict("never", "policy")),
        (Reply(550, "5.2.0", "hm"), Verdict("never", "unclassified")),
        (Reply(550, "5.2.0", "user unknown"), Verdict("never", "address")),
        (Reply(550, "5.1.0", "hm"), Verdict("never", "address")),
        (Reply(554, "5.7.1", "no"), Verdict("never", "policy")),
        (Reply(451, "4.9.9", "hm"), Verdict("later", "unclassified")),
        (Reply(571), Verdict("never", "unclassified")),
        (Reply(552, "5.2.2", "message size exceeds the limit"), Verdict("never", "message")),
    ],
)
def test_an_enhanced_code_beats_the_basic_one_and_words_come_last(reply: Reply, verdict: Verdict) -> None:
    assert judge("rcpt", reply) == verdict


SAMPLES: dict[Cause, list[Reply]] = {
    "too-many-recipients": [
        Reply(452, "", "Too many recipients for one mail"),
        Reply(552, "", "too many RCPT commands"),
    ],
    "greylist": [
        Reply(451, "", "You were greylisted, come back in a while"),
        Reply(450, "", "Grey-listing is at work"),
    ],
    "rate": [
        Reply(451, "", "Your hourly limit is used up"),
        Reply(450, "", "You send too fast for us"),
        Reply(451, "4.7.0", "Throttling is on for your network"),
        Reply(421, "", "Too many connections from you"),
        Reply(450, "", "We see an unusual rate of mail"),
    ],
    "message": [Reply(550, "", "This message is too big for us"), Reply(554, "", "The mail size exceeds what we take")],
    "mailbox-full": [
        Reply(550, "", "The mailbox of this person is full"),
        Reply(554, "", "She is over quota today"),
        Reply(452, "", "Quota exceeded, sorry"),
        Reply(554, "", "Insufficient storage in the mailbox"),
    ],
    "policy": [
        Reply(550, "", "We hold this for spam"),
        Reply(550, "", "Your network is on a blocklist"),
        Reply(550, "", "SPF did not pass for user unknown"),
        Reply(550, "", "No PTR record for your host"),
        Reply(550, "", "Relay access denied for this recipient"),
        Reply(550, "", "Against our policy"),
        Reply(550, "", "You are not allowed to send here"),
    ],
    "address": [
        Reply(554, "", "User jo@example.org is unknown here"),
        Reply(554, "", "That recipient does not exist"),
        Reply(554, "", "No such person lives here"),
        Reply(554, "", "No mailbox here by that name"),
        Reply(554, "", "This account has been disabled"),
    ],
}


@pytest.mark.parametrize(("cause", "reply"), [(cause, one) for cause, replies in SAMPLES.items() for one in replies])
def test_the_words_of_a_server_are_understood_where_its_codes_say_little(cause: Cause, reply: Reply) -> None:
    assert cause_of("rcpt", reply) == cause


def test_every_phrase_has_a_sample() -> None:
    for phrase in PHRASES:
        texts = [one.text.casefold() for one in SAMPLES[phrase.cause]]
        for alternative in phrase.alternatives:
            assert any(alternative.search(text) for text in texts), alternative.pattern


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("greylisted, try again in 5 minutes", 300.0),
        ("please retry after 90 seconds", 90.0),
        ("come back later, wait 1 hour", 3600.0),
        ("try again in 2 s", 10.0),
        ("Try again in 900000 seconds", 4 * 3600.0),
        ("delayed for 15m", 900.0),
        ("try again later", None),
        ("error 451 in 30 parts", None),
        ("", None),
    ],
)
def test_a_hint_of_the_server_is_read_and_held_within_bounds(text: str, seconds: float | None) -> None:
    assert hint(text) == seconds
