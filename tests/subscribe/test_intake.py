"""Lists of people as files: what spreadsheets and other tools write, and what is kept of it."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import UsageError
from newsletter.model.subscriber import CADENCES, Subscriber
from newsletter.subscribe.addresses import clean_name
from newsletter.subscribe.intake import read_csv, read_jsonl, read_people, write_csv, write_jsonl
from newsletter.subscribe.people import BadRow, Remark, Row

TOPICS = ("language-models", "vision")


def rows(text: str | bytes, **kwargs: object) -> list[Row | BadRow | Remark]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_csv(data, source="list.csv", **kwargs))  # type: ignore[arg-type]


def emails(found: list[Row | BadRow | Remark]) -> list[str]:
    return [row.subscriber.email for row in found if isinstance(row, Row)]


def bad(found: list[Row | BadRow | Remark]) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in found if isinstance(row, BadRow)]


def test_a_full_row_becomes_a_subscriber() -> None:
    assert rows(
        "email,name,topics,cadence,send_hour,timezone,locale\n"
        "ada@example.org,Ada Lovelace,vision;language-models,Weekly,07:00,Asia/Kathmandu,pt-BR\n",
        topics=TOPICS,
    ) == [
        Row(
            2,
            Subscriber(
                email="ada@example.org",
                name="Ada Lovelace",
                topics=("vision", "language-models"),
                cadence="weekly",
                send_hour=7,
                timezone="Asia/Kathmandu",
                locale="pt_BR",
                consent="list.csv line 2",
            ),
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "email,name\nada@example.org,Ada\n",
        "Name,E-Mail\r\nAda,ada@example.org\r\n",
        "name;EMAIL\nAda;ada@example.org",
        "name\temail address\nAda\tada@example.org\n",
        'sep=;\n"name";"email"\n"Ada";"ada@example.org"\n',
        "\ufeffemail,name\nada@example.org,Ada\n",
        "email,name\rada@example.org,Ada\r",
        "email , name\n\n,,\n ada@example.org , Ada \n\n",
        "email,name,,\nada@example.org,Ada,,\n",
        "email,name\nada@example.org,Ada,,,\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_spreadsheets_dialect_and_encoding_is_read(text: str, encoding: str) -> None:
    found = rows(text.encode(encoding))
    assert [(one.subscriber.email, one.subscriber.name) for one in found if isinstance(one, Row)] == [
        ("ada@example.org", "Ada")
    ]
    assert len(found) == 1


def test_an_old_spreadsheets_umlauts_are_kept_and_remarked_on() -> None:
    found = rows("email,name\njoerg@example.org,Jörg Groß €\n".encode("cp1252"))
    assert isinstance(found[0], Remark)
    assert found[0].text.startswith('The file is not UTF-8; it was read as Windows-1252 (Latin-1), such as "Jörg".')
    assert found[1] == Row(2, Subscriber(email="joerg@example.org", name="Jörg Groß €", consent="list.csv line 2"))


def test_one_broken_byte_in_a_utf8_file_costs_one_row() -> None:
    data = "email,name\na@example.org,Jörg\n".encode() + b"b@example.org,J\xf6rg\n" + "c@example.org,Grün\n".encode()
    found = rows(data)
    assert emails(found) == ["a@example.org", "c@example.org"]
    assert bad(found) == [(3, "The row holds bytes that are no text. Save the file as UTF-8.")]


def test_a_bare_list_of_addresses_is_read_too() -> None:
    found = rows("ada@example.org\ngrace@example.org\n")
    assert found[0] == Remark("The file has no header; each line was read as an address.")
    assert emails(found) == ["ada@example.org", "grace@example.org"]


def test_each_bad_row_is_named_by_line_with_what_to_mend_and_the_good_ones_are_kept() -> None:
    found = rows(
        "email,name,topics,cadence,send_hour,timezone,locale\n"
        "ada@example.org,Ada,,,,,\n"
        "not an address,Bob,,,,,\n"
        "bob@example.org,Bob,visoin,,,,\n"
        "eve@example.org,Eve,,hourly,,,\n"
        "kim@example.org,Kim,,,24,,\n"
        "lee@example.org,Lee,,,,Berlin,\n"
        "mia@example.org,Mia,,,,,english please\n"
        "ADA@example.org,Ada again,,,,,\n"
        ",Nobody,,,,,\n"
        "ned@example.org,Doe, John,,,,,\n"
        "nul@example.org,N\x00l,,,,,\n"
        'open@example.org,"Open,,,,,\n'
        "last@example.org,Last,,,,,\n",
        topics=TOPICS,
    )
    assert emails(found) == ["ada@example.org", "last@example.org"]
    assert bad(found) == [
        (3, "It holds a blank. Write it as name@example.org."),
        (4, 'There is no topic "visoin". Did you mean "vision"?'),
        (5, 'The cadence "hourly" is none of daily, weekdays, weekly, monthly.'),
        (6, 'The send_hour "24" is no full hour from 0 to 23.'),
        (7, 'There is no time zone "Berlin". Did you mean "Europe/Berlin"?'),
        (8, 'The locale "english please" is no code of a language, such as "en" or "pt_BR".'),
        (9, "The address is in line 2 already."),
        (10, "There is no address. Write it as name@example.org."),
        (11, 'There is no topic "john". There are language-models, vision.'),
        (12, "The row holds a NUL character. Take it out."),
        (13, "A quote is opened and not closed. Close it, or take it out."),
    ]


def test_a_row_with_too_many_cells_is_bad() -> None:
    assert bad(rows("email,name\nada@example.org,Lovelace, Ada\n")) == [
        (2, "The row has 3 cells and the header 2. Quote cells that hold the delimiter.")
    ]


def test_a_name_over_two_lines_is_one_row_and_the_lines_after_it_keep_their_numbers() -> None:
    found = rows('email,name\nada@example.org,"Ada\nLovelace"\nbad\nbob@example.org,Bob\n')
    assert [(one.line, one.subscriber.name) for one in found if isinstance(one, Row)] == [
        (2, "Ada Lovelace"),
        (5, "Bob"),
    ]
    assert [line for line, _ in bad(found)] == [4]


def test_an_open_quote_in_a_long_file_costs_its_own_row_only() -> None:
    many = "".join(f"r{n}@example.org,R\n" for n in range(3_000))
    found = rows(f'email,name\nada@example.org,"Ada\n{many}')
    assert len(emails(found)) == 3_000
    assert bad(found) == [(2, "A quote is opened and not closed. Close it, or take it out.")]


def test_a_mailing_header_in_a_cell_cannot_reach_a_mail() -> None:
    found = rows(
        'email,name\n"ada@example.org\r\nBcc: eve@example.org",Ada\nbob@example.org,"Bob\r\nBcc: eve@example.org"\n'
    )
    assert [(one.subscriber.email, one.subscriber.name) for one in found if isinstance(one, Row)] == [
        ("bob@example.org", "Bob Bcc: eve@example.org")
    ]
    assert bad(found) == [(2, "It holds the control character U+000D. Write it as name@example.org.")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
        ("name,topics\nAda,\n", "The first line is no header with a column email."),
        ("ada@example.org,Ada\n", "The first line is no header with a column email."),
        ("email,name,E-Mail\n", "The header names email twice."),
        ('"email,name\n', "The header is not readable: A quote is opened and not closed. Close it, or take it out."),
        ("\x89PNG\r\n\x1a\n\x00\x00", "The first line is no header with a column email."),
    ],
)
def test_a_file_that_is_no_list_says_how_one_begins(text: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows(text)
    assert caught.value.what == what
    assert caught.value.cure


def test_unknown_columns_are_remarked_on() -> None:
    found = rows("email,Shoe size,timezon\nada@example.org,38,UTC\n")
    assert [one.text for one in found if isinstance(one, Remark)] == [
        'The column "Shoe size" is not known and was left out.',
        'The column "timezon" is not known and was left out.',
    ]


def test_an_address_that_few_servers_take_is_kept_with_a_note() -> None:
    (row,) = rows("email\njörg@example.org\n")
    assert isinstance(row, Row)
    assert row.note == "the address is not plain ASCII: only a mail server with SMTPUTF8 can write to it"


def test_whoever_left_elsewhere_comes_in_as_left() -> None:
    found = rows("email,status\nada@example.org,Unsubscribed\nbob@example.org,whatever\n")
    assert [one.subscriber.status for one in found if isinstance(one, Row)] == ["left"]
    assert bad(found)[0][1].startswith('The status "whatever" is none of pending, active')


def test_json_lines_are_read_by_the_same_rules() -> None:
    lines = [
        {"email": "ada@example.org", "topics": ["vision"], "send_hour": 7, "text_only": True, "name": None},
        {"email": "bob@example.org", "shoes": {"left": 1}},
        {"email": "eve@example.org", "topics": [1]},
        ["no", "object"],
        {"email": "Ada@example.org"},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n\n{broken\n" + "[" * 100_000 + "\n"
    found = list(read_people(text.encode(), source="list.jsonl", topics=TOPICS))
    assert found == [
        Row(
            1,
            Subscriber(
                email="ada@example.org", topics=("vision",), send_hour=7, text_only=True, consent="list.jsonl line 1"
            ),
        ),
        Remark('The field "shoes" is not known and was left out.'),
        Row(2, Subscriber(email="bob@example.org", consent="list.jsonl line 2")),
        BadRow(3, "", "The field topics holds neither text nor a number."),
        BadRow(4, "", "The line is no JSON object."),
        BadRow(5, "Ada@example.org", "The address is in line 1 already."),
        BadRow(7, "", "The line is no JSON object."),
        BadRow(8, "", "The line is no JSON object."),
    ]


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    ["=1+1", "+1", "-1", "@x", "'=1", "''-", "\t=1", "\r=1", "'", "a,b;c", 'say "x"', "=cmd|' /C calc'!A0"]
)
PEOPLE = st.builds(
    Subscriber,
    email=st.sampled_from(
        ["ada@example.org", "+ada@example.org", "-a@example.org", "=a@example.org", "'=a@example.org"]
    ),
    name=TEXTS.map(clean_name).filter(lambda name: "\ufffd" not in name),
    status=st.sampled_from(["active", "pending", "left", "bounced", "complained", "expired"]),
    topics=st.lists(st.sampled_from(TOPICS), unique=True).map(tuple),
    cadence=st.none() | st.sampled_from(CADENCES),
    send_hour=st.none() | st.integers(0, 23),
    timezone=st.none() | st.sampled_from(["UTC", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"]),
    locale=st.none() | st.sampled_from(["en", "pt_BR"]),
    per_topic=st.none() | st.integers(1, 50),
    text_only=st.booleans(),
    created_at=st.none() | st.just(datetime(2026, 11, 20, 8, 0, 1, 5, tzinfo=UTC)),
    confirmed_at=st.none() | st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    paused_until=st.none() | st.just(date(2026, 12, 24)),
    consent=TEXTS.map(clean_name).filter(lambda name: name and "\ufffd" not in name),
)


@given(PEOPLE)
def test_what_is_exported_comes_back_the_same_and_holds_no_formula(ada: Subscriber) -> None:
    text = "".join(write_csv([ada]))
    assert list(read_people(text.encode())) == [Row(2, ada)] if ada.email.isascii() else True
    assert list(read_jsonl("".join(write_jsonl([ada])).encode())) == [Row(1, ada)]
    for line in text.splitlines():
        assert not line.startswith(tuple("=+-@\t\r"))
        for mark in "=+-@\t\r":
            assert f",{mark}" not in line.replace('"', "") or "," in ada.name + ada.consent


def test_an_export_of_nobody_is_a_header() -> None:
    assert "".join(write_csv([])).startswith("email,name,topics,cadence,send_hour,timezone,locale,")
    assert list(read_csv("".join(write_csv([])).encode())) == []


@given(st.binary(max_size=300))
def test_no_file_whatsoever_makes_it_fall_over(data: bytes) -> None:
    for content in (data, b"email,name\n" + data, b"{" + data):
        try:
            found = list(read_people(content))
        except UsageError:
            continue
        assert all(isinstance(one, Row | BadRow | Remark) for one in found)


def test_a_long_list_is_read_in_little_memory() -> None:
    data = b"email,name\n" + b"".join(b"reader%d@example.org,Reader\n" % n for n in range(3_000))
    list(read_csv(data[:1_000]))  # what the libraries keep for themselves
    tracemalloc.start()
    count = sum(1 for _ in read_csv(data))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3_000
    assert most < 200 * count, "what is remembered of a row is its digest and its line"


def test_the_line_of_consent_is_kept() -> None:
    (row,) = rows("email\nada@example.org\n")
    assert isinstance(row, Row)
    assert replace(row.subscriber, consent="") == Subscriber(email="ada@example.org")
    assert row.subscriber.consent == "list.csv line 2"
