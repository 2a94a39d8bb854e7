"""Signed links: what a reader's link can do, and what nobody else can make of it."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.mail import ReaderLinks
from newsletter.model.subscriber import Subscriber
from newsletter.subscribe.links import _PURPOSES, Claim, Purpose, Signer, places

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + "-_"
SIGNER = Signer(["first-secret"])


@given(
    st.sampled_from(_PURPOSES),
    st.integers(0, 2**63),
    st.integers(0, 2**31),
    st.text(max_size=30).filter(lambda text: text.isprintable()),
)
def test_a_link_says_again_what_was_signed(purpose: Purpose, who: int, generation: int, extra: str) -> None:
    token = SIGNER.sign(purpose, who, generation, extra=extra)
    assert SIGNER.read(purpose, token, NOW) == Claim(purpose, who, generation, extra)
    assert set(token) <= set(ALPHABET)


def test_a_link_is_short_and_the_same_every_time() -> None:
    token = SIGNER.sign("unsubscribe", 12_345, 0)
    assert len(token) == 27
    assert token == SIGNER.sign("unsubscribe", 12_345, 0)
    assert len({SIGNER.sign(purpose, 12_345, 0) for purpose in _PURPOSES}) == len(_PURPOSES)


@pytest.mark.parametrize("who", [1, 127, 128, 12_345, 2_000_000])
@pytest.mark.parametrize("extra", ["", "x", "xy", "2608.00001"])
def test_every_other_character_at_every_place_is_refused(who: int, extra: str) -> None:
    token = SIGNER.sign("unsubscribe", who, 3, extra=extra)
    for place in range(len(token)):
        for other in ALPHABET + "=.%+/ \n\x00é":
            if other != token[place]:
                assert SIGNER.read("unsubscribe", token[:place] + other + token[place + 1 :], NOW) is None


def test_every_shortened_or_lengthened_link_is_refused() -> None:
    token = SIGNER.sign("unsubscribe", 17, 0)
    for cut in range(len(token)):
        assert SIGNER.read("unsubscribe", token[:cut], NOW) is None
        assert SIGNER.read("unsubscribe", token[cut:] if cut else "", NOW) is None
    for tail in ("A", "=", "==", " ", "\n", "AAAA", token, "." * 1_000_000):
        assert SIGNER.read("unsubscribe", token + tail, NOW) is None


@given(st.text(max_size=600))
def test_no_garbage_is_a_link_or_a_crash(text: str) -> None:
    assert SIGNER.read("confirm", text, NOW) is None


def test_a_link_for_one_page_opens_no_other() -> None:
    for one, other in permutations(_PURPOSES, 2):
        assert SIGNER.read(other, SIGNER.sign(one, 17, 0), NOW) is None


def test_a_link_of_another_newsletter_opens_nothing() -> None:
    assert SIGNER.read("unsubscribe", Signer(["other-secret"]).sign("unsubscribe", 17, 0), NOW) is None


def test_an_old_secret_still_reads_while_the_new_one_signs() -> None:
    old, new = Signer(["old"]), Signer(["new", "old"])
    assert new.read("unsubscribe", old.sign("unsubscribe", 17, 0), NOW) == Claim("unsubscribe", 17, 0)
    assert old.read("unsubscribe", new.sign("unsubscribe", 17, 0), NOW) is None
    assert new.sign("unsubscribe", 17, 0) == Signer(["new"]).sign("unsubscribe", 17, 0)


def test_a_confirmation_ends_at_its_time_and_leaving_never_does() -> None:
    until = NOW + timedelta(days=7)
    token = SIGNER.sign("confirm", 17, 0, expires=until)
    assert SIGNER.read("confirm", token, until - timedelta(seconds=1)) == Claim(
        "confirm", 17, 0, expires=int(until.timestamp())
    )
    assert SIGNER.read("confirm", token, until) is None
    forever = SIGNER.sign("unsubscribe", 17, 0)
    assert SIGNER.read("unsubscribe", forever, NOW + timedelta(days=36_500)) == Claim("unsubscribe", 17, 0)
    gone = SIGNER.sign("confirm", 17, 0, expires=datetime(1970, 1, 1, tzinfo=UTC))
    assert SIGNER.read("confirm", gone, NOW) is None


def test_a_signer_without_a_secret_does_not_exist() -> None:
    for secrets in ([], [""], ["good", ""]):
        with pytest.raises(ValueError, match="secret"):
            Signer(secrets)


def test_the_links_of_a_mail_are_those_of_the_contract() -> None:
    reader = Subscriber(id=17, email="ada@example.org", generation=2)
    where = places(
        SIGNER, "https://papers.example.org", date(2026, 11, 20), unsubscribe_address="b+17@bounces.example.org"
    )
    links = where.links(reader, confirm_until=NOW + timedelta(days=7))
    assert {
        field: getattr(links, field).rpartition("/")[0] for field in ("unsubscribe", "preferences", "feedback")
    } == {
        "unsubscribe": "https://papers.example.org/unsubscribe",
        "preferences": "https://papers.example.org/preferences",
        "feedback": "https://papers.example.org/feedback",
    }
    assert links.view == "https://papers.example.org/day/2026-11-20"
    token = links.unsubscribe.rpartition("/")[2]
    assert SIGNER.read("unsubscribe", token, NOW) == Claim("unsubscribe", 17, 2)
    mailto = urlsplit(links.unsubscribe_mailto)
    assert (mailto.scheme, mailto.path) == ("mailto", "b%2B17@bounces.example.org")
    assert parse_qs(mailto.query) == {"subject": [f"unsubscribe {token}"]}
    assert SIGNER.read("confirm", links.confirm.rpartition("/")[2], NOW) is not None
    assert "ada" not in str(links)


def test_a_mail_without_those_places_has_no_such_links() -> None:
    links = places(SIGNER, "https://papers.example.org").links(Subscriber(id=1, email="a@example.org"))
    assert links == ReaderLinks(
        unsubscribe=links.unsubscribe,
        preferences=links.preferences,
        view="https://papers.example.org/",
        feedback=links.feedback,
        plain=True,
    )


@pytest.mark.parametrize(
    "base",
    ["https://papers.example.org/a b", "https://papers.example.org/?a=1", "https://bücher.example", "ftp://a", ""],
)
def test_links_at_an_unusual_place_do_not_say_that_they_are_plain(base: str) -> None:
    assert not places(SIGNER, base).links(Subscriber(id=1, email="a@example.org")).plain


def test_a_place_too_long_for_a_header_line_is_not_plain() -> None:
    assert not places(SIGNER, f"https://papers.example.org/{'a' * 400}").links(Subscriber(email="a@example.org")).plain


def test_links_of_mails_that_were_sent_before_tags_were_made_together_go_on_working() -> None:
    """Made by the last version that gave every purpose an HMAC of its own."""
    assert Signer(["s"]).read("unsubscribe", "TQEAHeKckiot1aPq5bzVPOexsw", NOW) == Claim("unsubscribe", 77, 1)
    assert Signer(["new", "s"]).read("unsubscribe", "TQEAHeKckiot1aPq5bzVPOexsw", NOW) == Claim("unsubscribe", 77, 1)
    assert Signer(["s"]).read("preferences", "TQEAHeKckiot1aPq5bzVPOexsw", NOW) is None
    assert Signer(["new"]).read("unsubscribe", "TQEAHeKckiot1aPq5bzVPOexsw", NOW) is None


@given(st.integers(0, 2**63), st.integers(0, 2**31))
def test_the_links_of_a_mail_are_those_that_are_signed_one_by_one(who: int, generation: int) -> None:
    one_by_one = [SIGNER.sign(purpose, who, generation) for purpose in ("unsubscribe", "preferences", "feedback")]
    assert list(SIGNER.sign_mail(who, generation)) == one_by_one
    assert len({token[-20:] for token in one_by_one}) == 3
