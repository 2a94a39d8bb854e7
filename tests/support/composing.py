"""A letterhead, readers, papers and issues for the tests of composing, and what a mail says once it is parsed back."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.compose import Composer, default_template_folder
from newsletter.model.edition import Card, FollowUp, Issue, Part, Pick, Score, Section, Topic
from newsletter.model.mail import Delivery, Kind, Letterhead, Message, ReaderLinks
from newsletter.model.paper import Paper
from newsletter.model.subscriber import Subscriber

if TYPE_CHECKING:
    from email.message import EmailMessage

DAY = date(2026, 11, 20)
BASE = "https://papers.example.org"
SECRET = "a secret of the newsletter that nobody knows"
LETTERHEAD = Letterhead(
    name="Trending Papers",
    sender="Trending Papers <papers@example.org>",
    reply_to="editor@example.org",
    base_url=BASE,
    postal_address="1 Reading Room\n1000 Example",
    bounce_domain="bounces.example.org",
    list_id="Trending Papers <papers.example.org>",
)
TOPICS = (Topic(slug="language", name="Language models"), Topic(slug="vision", name="Vision"))
ADA = Subscriber(id=17, email="ada@example.net", topics=("language", "vision"), cadence="daily")


def links(token: str = "t0ken", *, base: str = BASE, feedback: bool = True) -> ReaderLinks:
    return ReaderLinks(
        unsubscribe=f"{base}/unsubscribe/{token}",
        preferences=f"{base}/preferences/{token}",
        view=f"{base}/day/2026-11-20",
        unsubscribe_mailto=f"mailto:leave@bounces.example.org?subject=unsubscribe%20{token}",
        feedback=f"{base}/feedback/{token}" if feedback else "",
        confirm=f"{base}/confirm/{token}",
    )


def delivery(kind: Kind = "digest", *, reader: int = 17, day: date = DAY, attempt: int = 1) -> Delivery:
    return Delivery(
        reader * 10,
        kind,
        day,
        reader,
        "{}",
        datetime(2026, 11, 20, 7, 0, 5, tzinfo=UTC),
        datetime(2026, 11, 21, 3, tzinfo=UTC),
        attempt,
    )


def composer(*folders: Path, letterhead: Letterhead = LETTERHEAD, locale: str = "en") -> Composer:
    return Composer(
        letterhead,
        template_folders=[*folders, default_template_folder()],
        secret=SECRET,
        topics=TOPICS,
        default_locale=locale,
    )


def card(number: int, *, upvotes: int | None = 27, **facts: Any) -> Card:
    paper: dict[str, Any] = {
        "id": f"2611.{number:05}",
        "title": f"Paper {number} about something",
        "abstract": f"Something is slow. We propose idea {number}, a new way. It improves speed by {number}%.",
        "authors": ("Ada Lovelace", "Grace Hopper"),
        "url": f"https://arxiv.example/abs/2611.{number:05}",
        "pdf_url": f"https://arxiv.example/pdf/2611.{number:05}",
    }
    return Card(Paper(**(paper | facts)), DAY, upvotes=upvotes)


def pick(paper_id: str, topic: str = "language", *marks: str, why: str = "Close to the topic.") -> Pick:
    return Pick(paper_id, topic, DAY, 1, Score((Part("words", 1.0),)), why, marks)


def issue(*sections: tuple[str, list[Card]], more: int = 0, news: tuple[FollowUp, ...] = ()) -> Issue:
    names = {topic.slug: topic.name for topic in TOPICS}
    return Issue(
        17,
        DAY,
        (DAY,),
        tuple(
            Section(slug, names.get(slug, slug), tuple(pick(one.paper.id, slug) for one in cards), more)
            for slug, cards in sections
        ),
        news,
    )


def by_id(*cards: Card) -> dict[str, Card]:
    return {one.paper.id: one for one in cards}


def parsed(message: Message) -> EmailMessage:
    """The mail as Python's strict parser sees it; a defect anywhere fails."""
    mail = email.message_from_bytes(message.data, policy=email.policy.default)
    defects = [defect for part in mail.walk() for defect in part.defects]
    assert defects == []
    for name, value in mail.items():
        assert getattr(value, "defects", ()) == (), (name, value.defects)
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    """The text of the part `html` or `plain`, with LF line ends."""
    found = mail.get_body((kind,))
    assert found is not None
    data = found.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data.decode("utf-8").replace("\r\n", "\n")


def wire_faults(data: bytes) -> list[str]:
    """What is wrong with a message on the wire, by RFC 5321 and RFC 5322."""
    head, _, _ = data.partition(b"\r\n\r\n")
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    checks = {
        "a bare CR or LF": re.search(rb"\r(?!\n)|(?<!\r)\n", data),
        "a line that starts with a dot": re.search(rb"(?m)^\.", data),
        "a line over 998 octets": re.search(rb"[^\r\n]{999}", data),
        "a body line over 78 octets": re.search(rb"[^\r\n]{79}", data[len(head) :]),
        "an octet over 127": re.search(rb"[\x80-\xff]", data),
        "a NUL": b"\0" in data,
        "a header twice": len(names) != len(set(names)),
        "no end of line": not data.endswith(b"\r\n"),
    }
    return [name for name, found in checks.items() if found]


def shared_data(name: str) -> Path:
    """A file of `../shared/data`; the test is skipped where it is absent."""
    for folder in Path(__file__).resolve().parents:
        if (found := folder / "shared" / "data" / name).exists():
            return found
    pytest.skip(f"the real papers of ../shared/data/{name} are not here")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.headings: list[str] = []
        self.tags: set[str] = set()
        self._heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in {"href", "src", "background", "srcset"}]
        if tag in {"h1", "h2", "h3"}:
            self._heading = True
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._heading = self._heading and tag not in {"h1", "h2", "h3"}

    def handle_data(self, data: str) -> None:
        if self._heading:
            self.headings[-1] += data


def hrefs(html: str) -> list[str]:
    """Every address in the HTML."""
    reader = _Links()
    reader.feed(html)
    return reader.found


def headings(html: str) -> list[str]:
    reader = _Links()
    reader.feed(html)
    return reader.headings


def tags(html: str) -> set[str]:
    reader = _Links()
    reader.feed(html)
    return reader.tags
