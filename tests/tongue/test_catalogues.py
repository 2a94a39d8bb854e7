"""Readers in other languages: every message is there, with its placeholders, and an operator may add and change."""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po

from newsletter.compose import default_template_folder
from newsletter.compose.lint import lint
from newsletter.errors import TemplateError
from newsletter.tongue.catalogues import Tongues, faults
from newsletter.tongue.messages import messages, state, updated, write
from tests.support.composing import ADA, by_id, card, composer, delivery, issue, links, parsed, part, wire_faults
from tests.support.languages import CARDS, ISSUE, LANGUAGES, RTL

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model.mail import Kind

STOCK = default_template_folder()
# The operator's own pages, the demo's and the backtest's are in English; feeds have no words of ours.
_ENGLISH = re.compile(r"/(operator/|demo|backtest|feed|opml|sitemap)")
TEMPLATES = sorted(path for path in STOCK.rglob("*.j2") if not _ENGLISH.search(path.as_posix()))
NOTICES: tuple[Kind, ...] = ("confirm", "welcome", "goodbye", "link", "address", "notice", "test")


NAMES = {"Atom", "JSON", "Feed", "OPML", "API", "BibTeX", "RIS"}  # the same in every language


def own(folder: Path, language: str, text: str) -> Path:
    path = folder / "locales" / f"{language}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return folder


def test_at_least_five_languages_and_one_from_right_to_left_are_spoken() -> None:
    assert {"en", "de", "es", "fr", "zh"} < set(Tongues([STOCK]).languages())
    assert {one: Tongues([STOCK]).of(one).direction for one in ("en", "zh", *RTL)} == {
        "en": "ltr",
        "zh": "ltr",
        **dict.fromkeys(RTL, "rtl"),
    }


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_a_catalogue_has_every_message_each_with_its_placeholders(language: str) -> None:
    catalogue = Tongues([STOCK]).catalogue(language)
    assert catalogue is not None

    found = state(catalogue, messages([STOCK]))

    assert (found.missing, found.wrong, found.unknown) == ((), (), ())
    assert found.done == found.total > 100


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(STOCK).as_posix())
def test_a_template_says_no_word_outside_the_catalogues(path: Path) -> None:
    assert [word for word in bare_words(path.read_text("utf-8")) if word not in NAMES] == []


def bare_words(text: str) -> list[str]:
    """What a reader would see of a template that no catalogue can change."""
    text = re.sub(r"<mj-style>.*?</mj-style>|<style>.*?</style>|<script.*?</script>", "", text, flags=re.DOTALL)
    text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    text = text.replace("name@example.org", "")
    shown = re.findall(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"', text)
    return re.findall(r"[^\W\d_]{2,}", " ".join([*shown, re.sub(r"<[^>]*>|&#?\w+;", " ", text)]))


def test_the_search_for_bare_words_finds_them() -> None:
    assert bare_words('<p class="l" title="Go">{{ _("Said") }} Bare &amp; <b>words</b></p>') == ["Go", "Bare", "words"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_digest_and_every_notice_go_out_in_each_language(language: str) -> None:
    reader = dataclasses.replace(ADA, locale=language)
    press = composer()

    digest = press.render(reader, ISSUE, CARDS, links())
    assert lint(digest) == ()
    assert re.search(rf'<html lang="{language}" dir="{"rtl" if language in RTL else "ltr"}"', digest.html)
    for kind in NOTICES:
        message = press.notice(delivery(kind), reader, links(), subject="Τίτλος", text="Text.")
        assert wire_faults(message.data) == []
        assert f'<html lang="{language}"' in part(parsed(message), "html")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_in_any_script_keeps_to_lines_of_78_octets_and_reads_as_it_was(language: str) -> None:
    """RFC 5322 section 2.1.1, RFC 2047 section 2."""
    cards = by_id(card(1, title="面向大型语言模型的推理能力评测与对齐方法研究" * 4), card(2))
    picked = issue(("language", [card(1), card(2)]))

    message = composer().digest(delivery(), dataclasses.replace(ADA, locale=language), picked, cards, links())

    head = message.data.partition(b"\r\n\r\n")[0]
    subject = head[head.index(b"Subject: ") :].split(b"\r\n")
    shown = [subject[0], *itertools.takewhile(lambda line: line.startswith(b" "), subject[1:])]
    assert len(shown) > 2
    assert max(map(len, shown)) <= 78
    expected = composer().render(dataclasses.replace(ADA, locale=language), picked, cards, links()).subject
    assert parsed(message)["Subject"] == expected
    assert "面向大型语言模型的推理能力" in expected


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_english_is_left_in_a_mail_of_another_language(language: str) -> None:
    """Whatever is said in English there would be said in other words here, but for what the languages share."""
    reader = dataclasses.replace(ADA, locale=language)
    mail = composer().render(reader, ISSUE, CARDS, links())
    tongue = Tongues([STOCK]).of(language)

    left = [
        text
        for message in messages([STOCK])
        for text in (message.id if isinstance(message.id, tuple) else (message.id,))
        if len(text) > 8 and "{" not in text and tongue.gettext(text) != text and text in mail.text + mail.html
    ]

    assert left == []


def test_a_language_without_a_catalogue_is_spoken_to_in_english_with_its_own_date() -> None:
    mail = composer().render(dataclasses.replace(ADA, locale="ja"), ISSUE, CARDS, links())

    assert '<html lang="en" dir="ltr"' in mail.html
    assert '<p class="d" lang="ja" dir="auto">2026年11月20日金曜日</p>' in mail.html
    assert "Unsubscribe" in mail.text


@pytest.mark.parametrize(
    ("name", "language"),
    [("de-AT", "de"), ("zh_Hant_TW", "zh"), ("fr_CA", "fr"), ("xx", "en"), ("", "en"), ("../../etc", "en")],
)
def test_a_locale_falls_back_to_its_language_and_then_to_english(name: str, language: str) -> None:
    assert Tongues([STOCK]).of(name).language == language


def test_an_operators_catalogue_adds_a_language_and_her_words_take_the_place_of_ours(tmp_path: Path) -> None:
    own(tmp_path, "nl", 'msgid "Unsubscribe"\nmsgstr "Uitschrijven"\n')
    own(tmp_path, "de", 'msgid "Unsubscribe"\nmsgstr "Weg damit"\n\nmsgid "Vision"\nmsgstr "Sehen"\n')

    dutch = composer(tmp_path).render(dataclasses.replace(ADA, locale="nl"), ISSUE, CARDS, links())
    german = composer(tmp_path).render(dataclasses.replace(ADA, locale="de"), ISSUE, CARDS, links())

    assert ">Uitschrijven<" in dutch.html
    assert ">Weg damit<" in german.html
    assert "Arbeiten in" in german.html
    assert "Language models und Sehen." in german.text


def test_a_translation_with_a_wrong_placeholder_is_named_and_never_breaks_a_mail(tmp_path: Path) -> None:
    own(tmp_path, "nl", 'msgid "Sent to {address}."\nmsgstr "Naar {adres}."\n')
    catalogue = Tongues([tmp_path]).catalogue("nl")
    assert catalogue is not None

    (wrong,) = [message for message in catalogue if message.id]
    assert faults(wrong) == ("lacks {address}", "has {adres}, which the English text has not")
    mail = composer(tmp_path).render(dataclasses.replace(ADA, locale="nl"), ISSUE, CARDS, links())
    assert "Sent to ada@example.net." in mail.html


def test_a_translation_cannot_hold_tags_and_a_title_in_it_stays_a_title(tmp_path: Path) -> None:
    own(tmp_path, "nl", 'msgid "Sent to {address}."\nmsgstr "<script>{address}</script>"\n')

    mail = composer(tmp_path).render(
        dataclasses.replace(ADA, locale="nl", email="a&b@example.net"), ISSUE, CARDS, links()
    )

    assert "&lt;script&gt;a&amp;b@example.net&lt;/script&gt;" in mail.html


def test_a_catalogue_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    own(tmp_path, "nl", 'msgid "Unsubscribe"\nmsgstr "Uit"\n\nnonsense\n')

    with pytest.raises(TemplateError, match=r"locales/nl.po line \d"):
        composer(tmp_path).render(dataclasses.replace(ADA, locale="nl"), ISSUE, CARDS, links())


def test_a_catalogue_made_anew_keeps_what_was_translated_and_is_the_same_again(tmp_path: Path) -> None:
    wanted = messages([STOCK])
    path = tmp_path / "fr.po"

    write(updated(Tongues([STOCK]).catalogue("fr"), wanted, "fr"), path)

    assert path.read_text("utf-8") == (STOCK / "locales" / "fr.po").read_text("utf-8")
    with path.open("rb") as file:
        assert read_po(file).locale is not None
