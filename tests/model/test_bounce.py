"""A bounce names the mail that came back, and nobody else can make one up."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.bounce import bounce_address, message_id, read_bounce_address, read_message_id
from newsletter.model.mail import Kind
from tests.support.composing import SECRET, delivery

if TYPE_CHECKING:
    from datetime import date

kinds = st.sampled_from(get_args(Kind))
ids = st.integers(0, 2**63 - 1)


@given(kinds, st.dates(), ids)
def test_a_bounce_is_read_back_whatever_letters_a_relay_made_of_it(kind: Kind, day: date, reader: int) -> None:
    mail = delivery(kind, reader=reader, day=day)

    address = bounce_address(mail, secret=SECRET, domain="bounces.example.org")

    local = address.split("@")[0]
    assert read_bounce_address(address, SECRET) == mail.key
    assert read_bounce_address(f"<{address.upper()}>", SECRET) == mail.key
    assert len(local) <= 64
    assert address == address.lower()


def test_a_bounce_that_was_changed_in_any_letter_names_nobody() -> None:
    address = bounce_address(delivery(), secret=SECRET, domain="b.example.org")
    local, domain = address.split("@")

    forged = [
        f"{local[:place]}{'a' if local[place] != 'a' else 'b'}{local[place + 1 :]}@{domain}"
        for place in range(2, len(local))
    ]

    assert [one for one in forged if read_bounce_address(one, SECRET)] == []


def test_another_secret_or_another_address_names_nobody() -> None:
    address = bounce_address(delivery(), secret=SECRET, domain="b.example.org")

    assert read_bounce_address(address, "another secret") is None
    for other in ("", "@", "b+@x", "papers@example.org", "b+aaaa@x", "b+ä@x", "b+" + "a" * 500 + "@x", "b+1@x"):
        assert read_bounce_address(other, SECRET) is None


def test_the_address_is_the_same_at_every_try_and_another_for_every_reader() -> None:
    tries = {bounce_address(delivery(attempt=n), secret=SECRET, domain="x.org") for n in (1, 2, 3)}
    readers = {bounce_address(delivery(reader=n), secret=SECRET, domain="x.org") for n in range(500)}

    assert (len(tries), len(readers)) == (1, 500)


@given(kinds, st.dates(), ids)
def test_our_message_id_names_the_mail_and_no_altered_one_does(kind: Kind, day: date, reader: int) -> None:
    mail = delivery(kind, reader=reader, day=day)

    made = message_id(mail.key, secret=SECRET, domain="papers.example.org")

    assert read_message_id(made, SECRET) == mail.key
    assert read_message_id(made, "another secret") is None
    assert read_message_id(made.replace(f".{reader}.", f".{reader + 1}."), SECRET) is None
    assert read_message_id("<somebody@example.org>", SECRET) is None


def test_mails_that_went_out_before_message_ids_had_their_own_hash_are_known_when_they_come_back() -> None:
    assert read_message_id("<digest.2026-11-20.17.fcdef3a54cbcdf15652d@example.org>", "s") == "digest.2026-11-20.17"
    assert read_message_id("<digest.2026-11-20.17.fcdef3a54cbcdf15652d@example.org>", "another") is None
