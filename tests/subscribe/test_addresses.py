"""Addresses: what people type, and what is kept of it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import AddressError
from newsletter.subscribe.addresses import clean_name, needs_smtputf8, parse_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org\t", "ada@example.org"),
        ("Ada.Lovelace+papers@EXAMPLE.org", "Ada.Lovelace+papers@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("jörg@example.org", "jörg@example.org"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
        ("reader1@sink.test", "reader1@sink.test"),
        ("ada@mail.lab.local", "ada@mail.lab.local"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_an_address_is_kept_in_its_normal_form(typed: str, kept: str) -> None:
    assert parse_address(typed) == kept


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "there is no address"),
        ("   ", "there is no address"),
        ("ada", "it has no @"),
        ("ada@localhost", "the part after the @ has no dot"),
        ("ada@nowhere.invalid", "nobody can be reached at .invalid"),
        ("ada@app.localhost", "nobody can be reached at .localhost"),
        ("a" * 65 + "@example.org", "too long"),
        ("ada@" + "a" * 64 + ".org", "too many"),
        ("ada@" + ".".join(["a" * 60] * 5) + ".org", "too long"),
        ("a@" + "b" * 400, "it is longer than 254 characters"),
        ("ada@example.org\r\nBcc: eve@example.org", "it holds the control character U+000D"),
        ("ada@example.org\nDATA", "it holds the control character U+000A"),
        ("ada\x00@example.org", "it holds the control character U+0000"),
        ("ada@example.org, eve@example.org", "it holds a comma or semicolon: is this more than one address?"),
        ("ada@example.org;eve@example.org", "it holds a comma or semicolon: is this more than one address?"),
        ("ada lovelace@example.org", "it holds a blank"),
        ("Ada <ada@example.org>", "it holds a blank"),
        ("<ada@example.org>", "it holds <, which no address here may"),
        ('"ada"@example.org', 'it holds ", which no address here may'),
        ("ada@[192.0.2.1]", "it holds [, which no address here may"),
        ("ada@example.org\u202e", "it holds the control character U+202E"),
        ("ada..l@example.org", "two periods"),
        (".ada@example.org", "cannot start with a period"),
        ("ada@example..org", "two periods"),
        ("ada@-example.org", "hyphen"),
        ("ada@exa_mple.org", "invalid characters"),
        ("ada@@example.org", "@"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(typed)
    assert why in caught.value.what
    assert caught.value.cure


@given(st.text(max_size=80) | st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)))
def test_nothing_that_passes_can_add_a_header_or_a_recipient(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert address.count("@") == 1
    assert not any(c.isspace() or not c.isprintable() or c in ',;<>"()[]\\' for c in address)
    assert parse_address(address) == address


def test_only_an_address_beyond_ascii_needs_smtputf8() -> None:
    assert needs_smtputf8(parse_address("jörg@example.org"))
    assert not needs_smtputf8(parse_address("ada@bücher.example"))


@given(st.text(max_size=300))
def test_a_name_is_one_clean_line(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= 200
    assert name == " ".join(name.split())
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} or c in "\u202e\u2066\u2028" for c in name)
    assert clean_name(name) == name


def test_a_name_keeps_its_letters_and_loses_its_tricks() -> None:
    assert clean_name(" Ada\r\nBcc: eve@example.org \u202egnp ") == "Ada Bcc: eve@example.org gnp"
    assert clean_name("Søren 李") == "Søren 李"
