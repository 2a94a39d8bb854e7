"""The short mails around a subscription say what they must, and nothing that a stranger typed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

import pytest

from newsletter.compose import lint
from newsletter.errors import TemplateError
from newsletter.model.mail import Kind
from tests.support.composing import ADA, composer, delivery, hrefs, links, parsed, part, wire_faults

if TYPE_CHECKING:
    from pathlib import Path

NOTICES = [kind for kind in get_args(Kind) if kind != "digest"]
FACTS = {
    "subject": "The list moves",
    "heading": "We move",
    "text": "On Monday.\n\nNone of you need do anything. {{ x }}",
}


@pytest.mark.parametrize("kind", NOTICES)
def test_every_notice_is_a_whole_mail_in_text_and_html(kind: Kind) -> None:
    message = composer().notice(delivery(kind), ADA, links(), **FACTS)

    mail = parsed(message)
    html, text = part(mail, "html"), part(mail, "plain")
    assert wire_faults(message.data) == []
    assert mail["Message-ID"].startswith(f"<{kind}.2026-11-20.17.")
    assert [link for link in hrefs(html) if link not in text] == []
    assert "1 Reading Room, 1000 Example" in text
    assert lint(composer().render_notice(kind, ADA, links(), **FACTS)) == ()


@pytest.mark.parametrize("kind", NOTICES)
def test_who_asks_for_plain_text_gets_plain_text(kind: Kind) -> None:
    mail = parsed(composer().notice(delivery(kind), dataclasses.replace(ADA, text_only=True), links(), **FACTS))

    assert mail.get_content_type() == "text/plain"


def test_only_mail_of_the_list_offers_a_way_to_leave_it() -> None:
    leavable = {kind: "List-Unsubscribe" in parsed(composer().notice(delivery(kind), ADA, links())) for kind in NOTICES}

    assert leavable == {
        "confirm": False,
        "welcome": True,
        "goodbye": False,
        "link": False,
        "address": False,
        "notice": True,
        "test": True,
    }


def test_a_confirmation_repeats_nothing_that_was_typed_into_the_form() -> None:
    """Else the form would send anybody's words to anybody's address."""
    stranger = dataclasses.replace(
        ADA, name="BUY NOW https://spam.example", email="buy-pills@example.net", topics=("buy pills",), consent="pills"
    )

    message = composer().notice(delivery("confirm"), stranger, links(), note="pills", subject="pills")

    mail = parsed(message)
    body = part(mail, "html") + part(mail, "plain") + str(mail["Subject"])
    assert "pills" not in body.casefold()
    assert "spam" not in body
    assert "https://papers.example.org/confirm/t0ken" in hrefs(part(mail, "html"))


def test_a_notice_shows_the_operators_words_as_they_are() -> None:
    mail = parsed(composer().notice(delivery("notice"), ADA, links(), subject="A & B <c>", text="One.\nTwo <b>."))

    assert mail["Subject"] == "A & B <c>"
    assert "Two &lt;b&gt;." in part(mail, "html")
    assert "\nOne.\n\nTwo <b>.\n" in part(mail, "plain")


def test_a_template_that_shows_an_unknown_name_names_itself_its_line_and_the_cure(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "notices"
    folder.mkdir(parents=True)
    (folder / "goodbye.txt.j2").write_text("Bye\n\n{{ reader.nickname }}\n", "utf-8")

    with pytest.raises(TemplateError) as caught:
        composer(tmp_path).notice(delivery("goodbye"), ADA, links())

    assert "email/notices/goodbye.txt.j2 line 3" in caught.value.what
    assert "nickname" in caught.value.what
    assert caught.value.cure == "Use a name that docs/writing-a-template.md lists, or test it with `is defined` first."
