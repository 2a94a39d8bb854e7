"""An operator changes a template: what works, and what she is told when it does not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from newsletter.compose import default_template_folder
from newsletter.compose.digester import Digester
from newsletter.compose.facts import newsletter_facts
from newsletter.compose.proof import prove
from newsletter.compose.templates import Templates
from newsletter.errors import TemplateError
from newsletter.tongue.catalogues import Tongues
from tests.support.composing import ADA, LETTERHEAD, by_id, card, composer, delivery, issue, links, parsed, part

if TYPE_CHECKING:
    from pathlib import Path

CARDS = by_id(card(1), card(2), card(3))
ISSUE = issue(("language", [card(1), card(2)]), ("vision", [card(3)]))
STOCK = default_template_folder() / "email"


def own(folder: Path, name: str, text: str) -> Path:
    path = folder / "email" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return folder


def stock(name: str) -> str:
    return (STOCK / name).read_text("utf-8")


def test_a_file_in_her_folder_takes_the_place_of_ours_and_the_others_stay(tmp_path: Path) -> None:
    own(tmp_path, "parts/tail.mjml.j2", '<p class="l">That was {{ section.name }}.</p>')

    mail = parsed(composer(tmp_path).digest(delivery(), ADA, ISSUE, CARDS, links()))

    assert "That was Vision." in part(mail, "html")
    assert "Paper 1 about something" in part(mail, "html")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("parts/card.mjml.j2", "<p>\n{{ card.titel }}</p>", "email/parts/card.mjml.j2 line 2: card has no .titel"),
        ("parts/card.txt.j2", "{{ nothing }}", "email/parts/card.txt.j2 line 1: 'nothing' is undefined"),
        ("digest.txt.j2", "\n{% if %}", "email/digest.txt.j2 line 2: Expected an expression"),
        ("digest.subject.txt.j2", "{{ 1 / 0 }}", "email/digest.subject.txt.j2 line 1: division by zero"),
        ("digest.mjml.j2", "{% include 'email/none.j2' %}", "There is no template email/none.j2"),
        ("digest.mjml.j2", "{% include '../../../etc/passwd' %}", "There is no template"),
        ("digest.mjml.j2", "{{ ''.__class__.__mro__ }}", "line 1: access to attribute '__class__'"),
        ("parts/card.mjml.j2", "<p>{{ card.title }}", "email/digest.mjml.j2 renders, but is not valid MJML"),
        ("digest.mjml.j2", stock("digest.mjml.j2").replace("mj-column", "mj-colum"), "holds <mj-colum>"),
        ("parts/card.mjml.j2", "<p>{{ card.title }} {{ none }}</p>", "None"),
        ("parts/card.txt.j2", "{{ '{{ card.title }}' }}", "text part holds '{{', a leftover"),
        ("parts/card.mjml.j2", "<img src='https://x.example/open.gif'>", "loads something from elsewhere"),
        ("parts/foot.mjml.j2", "<mj-section></mj-section>", "HTML part has no link to leave"),
        ("parts/foot.txt.j2", "Bye", "text part has no link to leave"),
    ],
)
def test_a_broken_template_stops_the_mail_and_says_where_and_what(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    own(tmp_path, name, text)

    with pytest.raises(TemplateError, match=told) as caught:
        composer(tmp_path).digest(delivery(), ADA, ISSUE, CARDS, links())

    assert caught.value.cure


def test_a_paper_that_breaks_her_template_is_left_out_and_named_and_the_others_go_out(tmp_path: Path) -> None:
    own(tmp_path, "parts/card.txt.j2", "{{ 1 / (card.title | length - 23) }}\n" + stock("parts/card.txt.j2"))
    cards = by_id(card(1, title="y" * 24), card(2, title="x" * 23), card(3, title="z" * 25))
    press = composer(tmp_path)

    mail = parsed(press.digest(delivery(), ADA, ISSUE, cards, links()))

    assert "x" * 23 not in part(mail, "plain")
    assert "y" * 24 in part(mail, "plain")
    assert "z" * 25 in part(mail, "html")
    assert [problem.where for problem in press.dropped()] == ["paper 2611.00002"]
    assert "email/parts/card.txt.j2 line 1: division by zero" in press.dropped()[0].what


def test_a_template_whose_cards_know_their_place_is_rendered_whole_and_right(tmp_path: Path) -> None:
    """The fast path steps aside where a piece depends on its neighbours."""
    numbered = '{{ mark("card") }}[{{ loop.index }} of {{ loop.length }}] '
    own(tmp_path, "digest.txt.j2", stock("digest.txt.j2").replace('{{ mark("card") }}', numbered))
    press = composer(tmp_path)

    message = press.digest(delivery(), ADA, ISSUE, CARDS, links())
    seen = press.render(ADA, ISSUE, CARDS, links())

    assert part(parsed(message), "plain") == seen.text
    assert "[2 of 2] 2. Paper 2 about something" in seen.text
    assert "[1 of 1] 3. Paper 3 about something" in seen.text


def test_a_card_may_show_its_number_in_both_parts_and_stays_on_the_fast_path(tmp_path: Path) -> None:
    own(tmp_path, "parts/card.mjml.j2", '<p class="c">No. {{ card.number }} is {{ card.title }}</p>')
    press = composer(tmp_path)

    message = press.digest(delivery(), ADA, ISSUE, CARDS, links())
    for _ in range(2):
        assert press.digest(delivery(), ADA, ISSUE, CARDS, links()) == message

    assert "No. 3 is Paper 3 about something" in part(parsed(message), "html")
    assert part(parsed(message), "html") == press.render(ADA, ISSUE, CARDS, links()).html
    assert [one.cuttable for one in press._digesters.values()] == [True]


def test_a_section_of_her_own_is_one_file_a_part_and_is_said_in_the_readers_language(tmp_path: Path) -> None:
    own(tmp_path, "parts/opening.mjml.j2", '<mj-text><p>{{ _("Come on Thursday.") }}</p></mj-text>')
    own(tmp_path, "parts/closing.txt.j2", '{{ _("Come on Thursday.") }}\n')
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "de.po").write_text('msgid "Come on Thursday."\nmsgstr "Kommt am Donnerstag."\n', "utf-8")
    german = dataclasses.replace(ADA, locale="de")
    press = composer(tmp_path)

    mail = parsed(press.digest(delivery(), german, ISSUE, CARDS, links()))

    assert part(mail, "html").index("Kommt am Donnerstag.") < part(mail, "html").index("Paper 1 about")
    assert part(mail, "plain").index("Kommt am Donnerstag.") > part(mail, "plain").index("Paper 3 about")
    assert part(mail, "plain") == press.render(german, ISSUE, CARDS, links()).text
    assert [one.cuttable for one in press._digesters.values()] == [True]


def test_a_template_without_marks_still_makes_mails_within_the_budget(tmp_path: Path) -> None:
    own(tmp_path, "digest.mjml.j2", stock("digest.mjml.j2").replace('{{ mark("card") }}', ""))
    cards = [card(n, abstract="We propose a thing. " + "It is good. " * 25) for n in range(200)]

    mail = parsed(composer(tmp_path).digest(delivery(), ADA, issue(("language", cards)), by_id(*cards), links()))

    assert len(mail.get_payload(1).as_bytes()) < 92_000  # type: ignore[union-attr]
    assert "more online" in part(mail, "html")
    assert links().unsubscribe in part(mail, "html")


def test_the_stock_templates_lie_beside_the_package() -> None:
    assert (default_template_folder() / "email" / "digest.mjml.j2").is_file()


LANGUAGES = Tongues([default_template_folder()]).languages()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("feedback", [True, False])
def test_the_templates_that_come_with_the_program_pass_the_proof_in_every_language(
    language: str, feedback: bool
) -> None:
    """So a run with none of the operator's own need not repeat it."""
    digester = Digester(
        Templates([default_template_folder()]),
        newsletter_facts(LETTERHEAD),
        tongue=Tongues([default_template_folder()]).of(language),
        empty=frozenset() if feedback else frozenset({"feedback"}),
    )

    prove(digester)

    assert digester.cuttable
    assert len(LANGUAGES) > 1
