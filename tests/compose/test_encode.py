"""Octets that every server takes: quoted-printable, base64, encoded words."""

from __future__ import annotations

import email.header
import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from newsletter.compose.encode import base64_lines, encoded_words, quoted_printable, unstructured

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=400)
awkward = st.lists(st.sampled_from([".", "=", "From ", " ", "\t", "\n", "é", "x" * 74, "漢", "a."]), max_size=60)


def decoded(coded: bytes) -> bytes:
    return quopri.decodestring(coded).replace(b"\r\n", b"\n")


@given(texts | awkward.map("".join))
def test_quoted_printable_is_read_back_and_no_line_needs_a_server_s_help(text: str) -> None:
    coded = quoted_printable(text.encode())

    lines = coded.split(b"\r\n")
    assert decoded(coded) == text.encode()
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith((b".", b"From ")) or line.endswith((b" ", b"\t"))]
    assert re.search(rb"[\x80-\xff]", coded) is None


def test_a_dot_at_the_very_fold_is_still_hidden() -> None:
    assert quoted_printable(b"x" * 75 + b"." * 80) == b"x" * 75 + b"=\r\n=2E" + b"." * 72 + b"=\r\n=2E" + b"." * 6


@given(texts)
def test_encoded_words_say_what_was_said_and_stay_within_75_octets(text: str) -> None:
    line = unstructured("Subject", "ü" + text.replace("\n", " "))

    words = re.findall(rb"=\?[^ ?]+\?[qb]\?[^ ?]*\?=", line)
    value = line.decode("ascii").removeprefix("Subject: ").removesuffix("\r\n").replace("\r\n", "")
    assert str(email.header.make_header(email.header.decode_header(value))) == "ü" + text.replace("\n", " ")
    assert max(map(len, words)) <= 75
    assert max(map(len, line.split(b"\r\n"))) <= 78


def test_a_plain_subject_is_not_encoded_and_folds_at_a_blank() -> None:
    assert unstructured("Subject", "Ten papers on attention") == b"Subject: Ten papers on attention\r\n"
    assert unstructured("Subject", "word " * 20 + "end") == (
        b"Subject: word word word word word word word word word word word word word word\r\n"
        b" word word word word word word end\r\n"
    )


def test_what_looks_like_an_encoded_word_is_encoded_so_that_it_reads_as_it_was_written() -> None:
    assert unstructured("Subject", "=?utf-8?q?x?=") == b"Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n"


def test_japanese_takes_the_shorter_form() -> None:
    assert encoded_words("注意は全て", 9) == b"=?utf-8?b?5rOo5oSP44Gv5YWo44Gm?="


@given(st.binary(max_size=300))
def test_base64_lines_are_at_most_76_octets(data: bytes) -> None:
    assert all(len(line) <= 76 for line in base64_lines(data).split(b"\r\n"))
