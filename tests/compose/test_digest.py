"""A reader opens her digest: what is in it, in HTML and in text, and what never is."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from newsletter.compose import lint
from newsletter.compose.encode import quoted_printable
from newsletter.model.edition import FollowUp
from newsletter.model.paper import Problem
from tests.support.composing import (
    ADA,
    by_id,
    card,
    composer,
    delivery,
    headings,
    hrefs,
    issue,
    links,
    parsed,
    part,
    pick,
    shared_data,
    tags,
    wire_faults,
)

FULL = card(
    1,
    title=r"Attention in $O(n)$ time",
    authors=("Ada Lovelace", "Grace Hopper", "Emmy Noether", "Mary Shelley", "Marie Curie"),
    summary="A cache that forgets.",
    summary_by="Hugging Face",
    code_url="https://code.example/1",
    project_url="https://project.example/1",
    discussion_url="https://talk.example/1",
    upvotes=1234,
)
BARE = card(2, abstract="", authors=(), pdf_url="", upvotes=None)
NEWS = (FollowUp("2611.00001", "code", "Code was released."),)


def test_the_text_edition_is_written_for_reading() -> None:
    one = issue(("language", [FULL]), ("vision", [BARE]), more=3, news=NEWS)

    text = part(parsed(composer().digest(delivery(), ADA, one, by_id(FULL, BARE), links(feedback=False))), "plain")

    assert text == TEXT


def test_the_html_edition_holds_the_same_titles_and_links_in_order() -> None:
    one = issue(("language", [FULL, card(3)]), ("vision", [BARE]), more=3, news=NEWS)
    cards = by_id(FULL, BARE, card(3))

    mail = parsed(composer().digest(delivery(), ADA, one, cards, links()))

    html, text = part(mail, "html"), part(mail, "plain")
    assert headings(html) == [
        "Trending Papers",
        "Language models",
        "Attention in O(n) time",
        "Paper 3 about something",
        "Vision",
        "Paper 2 about something",
        "News of papers you saw",
        "Attention in O(n) time",
    ]
    assert [title for title in headings(html) if title not in text] == []
    assert [link for link in hrefs(html) if not re.search(rf"(?m)^ *{re.escape(link)}$", text)] == []
    for sentence in (
        "Ada Lovelace, Grace Hopper, Emmy Noether et al.",
        "A cache that forgets.",
        "1,234 upvotes",
        "TL;DR by Hugging Face",
        "Close to the topic.",
        "3 more online",
        "1000 Example",
        "every day",
    ):
        assert sentence in html
    assert "https://papers.example.org/feedback/t0ken?paper=2611.00001&choice=more" in hrefs(html)
    assert "https://papers.example.org/feedback/t0ken?topic=vision&choice=mute" in hrefs(html)


def test_a_pick_from_outside_her_habit_and_a_late_bloomer_say_so() -> None:
    one = issue(("language", [FULL, BARE]))
    picks = (pick(FULL.paper.id, "language", "exploration"), pick(BARE.paper.id, "language", "late-bloomer"))
    marked = dataclasses.replace(one, sections=(dataclasses.replace(one.sections[0], picks=picks),))

    seen = composer().render(ADA, marked, by_id(FULL, BARE), links())

    for shown in (seen.html, seen.text):
        assert re.search(r"(?i)from outside your usual.*late bloomer", shown, re.DOTALL)


def test_the_mail_loads_nothing_and_holds_no_script_form_or_picture() -> None:
    html = composer().render(ADA, issue(("language", [FULL])), by_id(FULL), links()).html

    assert tags(html) & {"img", "script", "form", "link", "iframe", "base", "svg", "video"} == set()
    assert re.search(r"url\(|@import|@font-face|src=", html) is None
    assert re.search(r'<html lang="en" dir="ltr"', html)
    assert 'name="color-scheme" content="light dark"' in html
    assert "prefers-color-scheme: dark" in html


def test_the_date_is_written_in_the_readers_language() -> None:
    german = dataclasses.replace(ADA, locale="de")
    nonsense = dataclasses.replace(ADA, locale="xx-klingon")
    press = composer()

    assert "Freitag, 20. November 2026" in press.render(german, issue(("language", [FULL])), by_id(FULL), links()).text
    assert "Friday, November 20, 2026" in press.render(nonsense, issue(("language", [FULL])), by_id(FULL), links()).text


def test_a_reader_who_wants_text_only_gets_no_html() -> None:
    mail = parsed(
        composer().digest(
            delivery(), dataclasses.replace(ADA, text_only=True), issue(("language", [FULL])), by_id(FULL), links()
        )
    )

    assert mail.get_content_type() == "text/plain"
    assert "Attention in O(n) time" in mail.get_content()


def test_chinese_papers_go_as_base64_because_it_is_shorter() -> None:
    chinese = card(1, title="注意力机制" * 20, abstract="我们提出一种新的方法。" * 40, authors=("王芳", "李伟"))
    one = issue(
        (
            "language",
            [dataclasses.replace(chinese, paper=dataclasses.replace(chinese.paper, id=f"c{n}")) for n in range(12)],
        )
    )
    cards = {p: dataclasses.replace(chinese, paper=dataclasses.replace(chinese.paper, id=p)) for p in one.paper_ids}

    message = composer().digest(delivery(), ADA, one, cards, links())

    mail = parsed(message)
    assert [p["Content-Transfer-Encoding"] for p in mail.iter_parts()] == ["base64", "base64"]
    assert "注意力机制" in part(mail, "plain")
    assert wire_faults(message.data) == []


@pytest.mark.parametrize("topics", [1, 3, 40])
def test_beyond_the_budget_papers_go_online_by_number_and_the_footer_stays(topics: int) -> None:
    per = 240 // topics
    rows = [
        (f"topic-{t}", [card(t * 1000 + n, abstract="We propose a thing. " + "It is good. " * 25) for n in range(per)])
        for t in range(topics)
    ]
    one = issue(*rows, more=2)
    cards = by_id(*(c for _, some in rows for c in some))
    press = composer()

    mail = parsed(press.digest(delivery(), ADA, one, cards, links()))

    html = part(mail, "html")
    shown = [title for title in headings(html) if title.startswith("Paper ")]
    online = sum(int(n) for n in re.findall(r">(\d+) more (?:papers? )?online<", html))
    assert 80_000 < len(quoted_printable(html.encode())) < 90_000
    assert len(shown) + online == topics * per + 2 * topics
    assert links().unsubscribe in hrefs(html)
    assert [title for title in shown if title not in part(mail, "plain")] == []
    assert lint(press.render(ADA, one, cards, links())) == ()


def test_three_hundred_topics_still_make_one_mail_that_no_client_clips() -> None:
    rows = [(f"topic-{t}", [card(t)]) for t in range(300)]

    message = composer().digest(delivery(), ADA, issue(*rows), by_id(*(c for _, some in rows for c in some)), links())

    html = part(parsed(message), "html")
    kept = len([title for title in headings(html) if title.startswith("Paper ")])
    assert f"{300 - kept} more papers online" in html
    assert len(quoted_printable(html.encode())) < 90_000


def test_a_paper_without_a_card_is_left_out_and_named() -> None:
    press = composer()

    mail = parsed(press.digest(delivery(), ADA, issue(("language", [FULL, BARE])), by_id(FULL), links()))

    assert "Paper 2" not in part(mail, "plain")
    assert press.dropped() == (
        Problem("paper 2611.00002", "has no card in the edition", "It was left out of the mail."),
    )


HOSTILE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "header": "A title\r\nBcc: all@example.org\r\n\r\n.\r\nMAIL FROM:<x@y.z>",
    "dots": "\n.\n..\n.\r\n. ..",
    "jinja": "{{ 7*7 }} {% for x in y %} {# #} ${7*7} {{ ''.__class__ }}",
    "mjml": "</mj-text></mj-column><mj-section><mj-raw><mj-include path='x' />",
    "closing": "--><![endif]--></style></title></body></html><!--",
    "none": "None Undefined nan undefined",
    "long": "A very long title " * 6000,
    "one word": "x" * 100_000,
    "bidi": "\u202egnihton\u202c \u2066isolated\u2069 \u200f",
    "nul": "nul\0 bell\x07 escape\x1b[31m \ufffe \uffff",
    "surrogate": "lone \ud83d surrogate \udc80",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 family ✨",
    "tex": r"\input{/etc/passwd} $\frac{\frac{\frac{1}{2}}{3}$ \begin{\end{ {{{{ }} $$$",
    "slots": "\ufdd0card\ufdd1 \U0001d0f4unsubscribe\U0001d0f5 \ufdd2view\ufdd3",
    "percent": "%s %(x)s %% =3D =?utf-8?q?x?= &lt;b&gt; &amp;amp;",
    "quotes": "\"'><a href='https://evil.example'>x</a> \\u{fdd0} \\\" \\",
    "blank": " \t\u00a0\u2003 ",
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_paper_is_shown_as_the_text_it_is_and_costs_nobody_a_mail(name: str) -> None:
    text = HOSTILE[name]
    evil = card(
        1,
        title=text,
        abstract=text * 2,
        authors=(text, text),
        summary=text,
        summary_by=text,
        url="javascript:alert(1)",
        pdf_url="data:text/html,x",
        code_url='https://evil.example/\r\nBcc:x"><script>',
        discussion_url="//evil.example",
        project_url=text,
    )
    one = issue(("language", [evil, card(2)]), news=(FollowUp(evil.paper.id, "version", text),))
    one = dataclasses.replace(
        one,
        sections=tuple(
            dataclasses.replace(s, name=text, picks=tuple(dataclasses.replace(p, why=text) for p in s.picks))
            for s in one.sections
        ),
    )
    cards = by_id(evil, card(2))
    press = _PRESS

    message = press.digest(delivery(), ADA, one, cards, links())
    seen = press.render(ADA, one, cards, links())

    mail = parsed(message)
    assert wire_faults(message.data) == []
    assert list(mail.keys()) == CLEAN_NAMES
    assert (part(mail, "html"), part(mail, "plain")) == (seen.html, seen.text)
    assert tags(seen.html) == CLEAN_TAGS
    assert [link for link in hrefs(seen.html) if not link.startswith("https://")] == []
    assert [link for link in hrefs(seen.html) if re.search(r"[\s<>\"]", link)] == []
    assert "Paper 2 about something" in seen.text
    assert max(map(len, re.sub(r"https?://\S+|x{70,}…?", "", seen.text).splitlines())) <= 320
    assert lint(seen) == ()
    assert press.dropped() == ()


def test_template_syntax_in_a_title_is_shown_letter_by_letter() -> None:
    evil = card(1, title="{{ 7*7 }} <mj-section> & <b>")

    seen = composer().render(ADA, issue(("language", [evil])), by_id(evil), links())

    assert "{{ 7*7 }} &lt;mj-section&gt; &amp; &lt;b&gt;" in seen.html
    assert "1. {{ 7*7 }} <mj-section> & <b>" in seen.text
    assert lint(seen) == ()


def test_the_same_paper_with_new_counts_is_shown_with_the_new_counts() -> None:
    press = composer()
    one = issue(("language", [FULL]))
    press.digest(delivery(), ADA, one, by_id(FULL), links())

    mail = parsed(press.digest(delivery(), ADA, one, by_id(dataclasses.replace(FULL, upvotes=9)), links()))

    assert "9 upvotes" in part(mail, "plain")


@pytest.mark.realdata
def test_real_papers_make_mails_without_a_fault() -> None:
    lines = shared_data("ranking/papers.jsonl").read_text("utf-8").splitlines()[::60]
    cards = by_id(
        *(
            card(n, title=row["title"], abstract=row["abstract"], authors=tuple(row["authors"]))
            for n, row in enumerate(map(json.loads, lines))
        )
    )
    press = composer()
    ids = list(cards)

    for start in range(0, len(ids), 12):
        some = [cards[one] for one in ids[start : start + 12]]
        message = press.digest(delivery(), ADA, issue(("language", some[:6]), ("vision", some[6:])), cards, links())
        assert wire_faults(message.data) == []
        html = part(parsed(message), "html")
        text = part(parsed(message), "plain")
        words = " ".join(text.split())
        assert [title for title in headings(html) if " ".join(title.split()) not in words] == []
    assert press.dropped() == ()


def test_an_issue_with_news_only_or_with_empty_topics_is_a_whole_mail() -> None:
    press = composer()
    for one in (issue(news=NEWS), issue(("language", [])), issue(("language", []), ("vision", [BARE]))):
        seen = press.render(ADA, one, by_id(FULL, BARE), links())
        mail = parsed(press.digest(delivery(), ADA, one, by_id(FULL, BARE), links()))
        assert (part(mail, "html"), part(mail, "plain")) == (seen.html, seen.text)
        assert lint(seen) == ()


_PRESS = composer()
_PLAIN = _PRESS.digest(delivery(), ADA, issue(("language", [FULL])), by_id(FULL), links())
CLEAN_NAMES = list(parsed(_PLAIN).keys())
CLEAN_TAGS = tags(part(parsed(_PLAIN), "html"))
TEXT = """\
Trending Papers
Friday, November 20, 2026
2 papers in 2 topics, about 1 minute

Read online:
https://papers.example.org/day/2026-11-20


Language models
------------------------------------------------------------------------
https://papers.example.org/topic/language

1. Attention in O(n) time
   Ada Lovelace, Grace Hopper, Emmy Noether et al.

   A cache that forgets.
   (TL;DR by Hugging Face)

   Why it is here: Close to the topic.
   1,234 upvotes

   Abstract:
     https://arxiv.example/abs/2611.00001
   PDF:
     https://arxiv.example/pdf/2611.00001
   Code:
     https://code.example/1
   Project:
     https://project.example/1
   Discussion:
     https://talk.example/1

3 more online:
https://papers.example.org/topic/language


Vision
------------------------------------------------------------------------
https://papers.example.org/topic/vision

2. Paper 2 about something

   Why it is here: Close to the topic.

   Abstract:
     https://arxiv.example/abs/2611.00002

3 more online:
https://papers.example.org/topic/vision


News of papers you saw
------------------------------------------------------------------------

Code: Attention in O(n) time
   Code was released.
     https://arxiv.example/abs/2611.00001


------------------------------------------------------------------------
You get this mail every day because you subscribed to it about Language
models and Vision.
Sent to:
ada@example.net

Unsubscribe:
https://papers.example.org/unsubscribe/t0ken
Change what you get:
https://papers.example.org/preferences/t0ken
Read online:
https://papers.example.org/day/2026-11-20

Trending Papers
1 Reading Room, 1000 Example
https://papers.example.org
"""


def test_who_wants_text_only_gets_the_same_papers_of_a_long_issue_at_the_first_try_and_at_the_second() -> None:
    cards = [card(n, abstract="A sentence that a long abstract is made of. " * 8) for n in range(1, 131)]
    one, her = issue(("language", cards)), dataclasses.replace(ADA, text_only=True)
    press = composer()

    first = press.digest(delivery(), her, one, by_id(*cards), links(), again=True)
    second = press.digest(delivery(), her, one, by_id(*cards), links(), again=True)

    assert first.data == second.data
    assert first.data == composer().digest(delivery(), her, one, by_id(*cards), links()).data
