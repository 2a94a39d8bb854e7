"""The demo's page shows every mail, every reason and every silence, and asks nobody for anything."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from newsletter.model.edition import Card, Edition, Issue, Part, Pick, Pool, Score, Section
from newsletter.model.mail import Note
from newsletter.model.paper import Paper
from newsletter.sample.mailbox import Mail
from newsletter.sample.page import write_page
from newsletter.sample.story import Day, Scene, sample_readers, shelves_of, told

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = date(2025, 11, 17)
HOSTILE = 'UFO <script>alert("1")</script> & "quotes"'
PICK = Pick(
    "2511.11332",
    "agents",
    MONDAY,
    1,
    Score((Part("relevance", 1.5, "agent in the title"), Part("trend", -0.25, "13 upvotes after 24 h"))),
    'It names "agent" <b>twice</b>, {{ 7 * 7 }}.',
    ("exploration",),
)
CARD = Card(Paper(id="2511.11332", title=HOSTILE, url="https://arxiv.org/abs/2511.11332"), MONDAY, upvotes=13)
EDITION = Edition(MONDAY, datetime(2025, 11, 17, 23, tzinfo=UTC), (Pool("agents", "Agents", 1, (PICK,)),), (CARD,))
MAIL = Mail(
    file="outbox/new/1.a b.eml",
    recipient="ada@example.org",
    subject="1 paper <today>",
    sender="Trending Papers <papers@example.org>",
    octets=12_345,
    html="<html><head></head><body>mail</body></html>",
    text="the text <edition>\n",
)


class Links(HTMLParser):
    """Collects what a browser would load by itself, what it would run, and what one may click."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.clicked: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.clicked.append(str(value))
            elif name in {"src", "href", "srcset", "poster", "data", "action"}:
                self.loaded.append(str(value))
            elif name.startswith("on"):
                self.active.append(f"{tag} {name}")
        if tag in {"script", "object", "embed", "link", "form"}:
            self.active.append(tag)


def week() -> tuple[Day, ...]:
    readers = sample_readers()
    issue = Issue(1, MONDAY, (MONDAY,), (Section("agents", "Agents", (PICK,), 2),))
    mailed = Scene(MONDAY, readers[0], MAIL, shelves_of(issue, EDITION.cards), "")
    silent = tuple(Scene(MONDAY, reader, None, (), "Nothing new in <her> topics.") for reader in readers[1:])
    day = Day(MONDAY, 11, EDITION, (Note("info", "sample", "11 papers on the list"),), (mailed, *silent))
    quiet = date(2025, 11, 18)
    scenes = tuple(Scene(quiet, reader, None, (), "No new papers.") for reader in readers)
    return day, Day(quiet, 0, None, (), scenes)


@pytest.fixture
def page(tmp_path: Path) -> str:
    return write_page(tmp_path, "Trending Papers", week(), sample_readers()).read_text(encoding="utf-8")


def test_the_page_loads_nothing_but_the_mails_beside_it(page: str, tmp_path: Path) -> None:
    links = Links()
    links.feed(page)

    assert links.active == []
    assert links.loaded == [f"mails/2025-11-17-ada.{scheme}.html" for scheme in ("system", "light", "dark")]
    assert all((tmp_path / name).is_file() for name in links.loaded)
    assert not re.search(r"url\(|@import", page)


def test_every_link_leads_to_a_paper_or_to_a_file_of_the_demo(page: str) -> None:
    links = Links()
    links.feed(page)

    assert set(links.clicked) == {
        "https://arxiv.org/abs/2511.11332",
        "outbox/new/1.a%20b.eml",
        "mails/2025-11-17-ada.system.html",
        "mails/2025-11-17-ada.txt",
    }


def test_a_hostile_title_is_shown_as_text_and_never_as_markup(page: str) -> None:
    assert "UFO &lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#34;quotes&#34;" in page
    assert "<script" not in page


def test_a_pick_is_shown_with_the_parts_of_its_score_and_its_reason(page: str) -> None:
    assert "It names &#34;agent&#34; &lt;b&gt;twice&lt;/b&gt;, {{ 7 * 7 }}." in page
    assert re.findall(r'title="([^"]*)">(\w+)</th>.*?width: (\d+)%.*?class="value">([^<]*)<', page) == [
        ("agent in the title", "relevance", "100", "+1.50"),
        ("13 upvotes after 24 h", "trend", "17", "-0.25"),
    ]
    assert '<td class="value">1.25</td>' in page
    assert "and 2 more online" in page


def test_a_reader_without_mail_is_told_why(page: str) -> None:
    assert page.count("No mail on Monday. Nothing new in &lt;her&gt; topics.") == 2
    assert page.count("No mail on Tuesday. No new papers.") == 3


def test_the_latest_mail_is_what_one_sees_first(page: str) -> None:
    assert re.findall(r'id="(r\dd\d)" checked', page) == ["r1d1", "r2d2", "r3d2"]


def test_the_terminal_hears_what_was_picked_why_and_who_got_it() -> None:
    assert told(week()) == (
        "Monday 17 November · 11 papers listed",
        '  Agents 1. UFO <script>alert("1")</script> & "quotes"',
        '      1.25  It names "agent" <b>twice</b>, {{ 7 * 7 }}.',
        "  Ada Sample: 1 paper in outbox/new/1.a b.eml",
        "  Zoë Ångström-Müller: no mail. Nothing new in <her> topics.",
        "  Kim Weekly: no mail. Nothing new in <her> topics.",
        "",
        "Tuesday 18 November · no papers listed",
        "  Ada Sample: no mail. No new papers.",
        "  Zoë Ångström-Müller: no mail. No new papers.",
        "  Kim Weekly: no mail. No new papers.",
    )
