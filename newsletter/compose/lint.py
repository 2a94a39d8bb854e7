"""What must not be in a mail: template leftovers, remote loads, odd links, missing ways out, too many octets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from newsletter.compose.encode import quoted_printable
from newsletter.compose.text import clean
from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.compose.pieces import Entry
    from newsletter.compose.view import FollowUpView
    from newsletter.model.edition import Issue

_LIMIT = 90_000
_LEFTOVERS = ("{{", "}}", "{%", "%}", "{#", "<mj-", "</mj-", "Undefined", "\ufdd0", "\U0001d0f4")
_NONE = re.compile(r"\bNone\b")
_LOADS = {
    "img": "src",
    "link": "href",
    "script": "src",
    "iframe": "src",
    "video": "src",
    "audio": "src",
    "source": "src",
    "object": "data",
    "embed": "src",
    "input": "src",
    "body": "background",
    "td": "background",
    "table": "background",
}
_NEVER = frozenset({"script", "iframe", "object", "embed", "form", "base", "link"})
_REMOTE_CSS = re.compile(r"@import|url\(|@font-face", re.IGNORECASE)
_HEADING = re.compile(r"h[1-6]\Z")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail before it is encoded. `data` are the texts in it that came from outside: leftovers in them are theirs."""

    subject: str
    preheader: str
    html: str
    text: str
    data: tuple[str, ...] = field(default=(), repr=False)
    leave: str = ""  # the link that both parts must hold, empty where there is nothing to leave


def lint(rendered: Rendered) -> tuple[Problem, ...]:
    """Everything that is wrong with a mail, in words; empty when it may go out."""
    problems = [Problem("subject", "is empty")] if not rendered.subject.strip() else []
    problems += _leftovers("subject", rendered.subject, rendered.data)
    problems += _leftovers("text part", rendered.text, rendered.data)
    if not rendered.text.strip():
        problems.append(Problem("text part", "is empty"))
    if rendered.leave and rendered.leave not in rendered.text:
        problems.append(Problem("text part", "has no link to leave", "Show links.unsubscribe in the template."))
    if rendered.leave and rendered.html and escape(rendered.leave) not in rendered.html:
        problems.append(Problem("HTML part", "has no link to leave", "Show links.unsubscribe in the template."))
    if len(rendered.preheader) > 150:
        problems.append(Problem("preheader", f"has {len(rendered.preheader)} characters", "Keep to 150."))
    if rendered.html:  # empty: a reader who wants text only
        problems += _leftovers("HTML part", rendered.html, tuple(escape(text) for text in rendered.data))
        problems += _html(rendered.html)
    return tuple(problems)


def _leftovers(where: str, text: str, data: tuple[str, ...]) -> list[Problem]:
    """Template syntax that is in the text, but in none of the texts from outside (a paper may be about Jinja)."""
    own = "\n".join(data)
    found = [token for token in _LEFTOVERS if token in text and token not in own]
    if _NONE.search(text) and not _NONE.search(own):
        found.append("None")
    return [Problem(where, f"holds {token!r}, a leftover of the template", "Correct the template.") for token in found]


def _html(html: str) -> list[Problem]:
    problems = []
    size = len(quoted_printable(html.encode("utf-8", "replace")))
    if size > _LIMIT:
        problems.append(Problem("HTML part", f"has {size} octets", f"Keep under {_LIMIT}: Gmail clips beyond."))
    reader = _Reader()
    reader.feed(html)
    reader.close()
    problems += [Problem("HTML part", what) for what in dict.fromkeys(reader.problems)]
    if not reader.language:
        problems.append(Problem("HTML part", "has no lang", "Write <mjml lang=...>."))
    if not reader.words:
        problems.append(Problem("HTML part", "holds no text"))
    return problems


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.language = ""
        self.words = 0
        self._heading = 0
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._style = tag == "style"
        if tag == "html":
            self.language = given.get("lang", "")
        if _HEADING.match(tag):
            level = int(tag[1])
            if level > self._heading + 1:
                self.problems.append(f"jumps from h{self._heading} to h{level}")
            self._heading = level
        self.problems += _faults(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            if _REMOTE_CSS.search(data):
                self.problems.append("loads something from a style sheet")
        else:
            self.words += len(data.split())


def _faults(tag: str, given: dict[str, str]) -> list[str]:
    href = given.get("href", "")
    checks = (
        (tag in _NEVER, f"holds <{tag}>, which mail clients take out or distrust"),
        (
            not given.get(_LOADS.get(tag, ""), "data:").lower().startswith("data:"),
            "loads something from elsewhere when it is opened",
        ),
        (_REMOTE_CSS.search(given.get("style", "")), "loads something from a style attribute"),
        (tag == "img" and "alt" not in given, "has an image without alt"),
        (
            tag == "a" and not href.lower().startswith(("http://", "https://", "mailto:")),
            f"links to {href[:40]!r}: only http, https and mailto may be linked",
        ),
        (any(name.startswith("on") for name in given), "holds an event handler"),
        (
            tag == "table" and given.get("role") != "presentation",
            "has a layout table without role=presentation",
        ),
    )
    return [what for found, what in checks if found]


def data_of(issue: Issue, entries: Iterable[Entry], follow_ups: Iterable[FollowUpView]) -> tuple[str, ...]:
    """The texts of a digest that came from outside, so that a paper about {{ templates }} is not taken for a fault."""
    found = [clean(section.name) for section in issue.sections]
    for news in follow_ups:
        found += (news.title, news.text)
    for entry in entries:
        view = entry.view
        found += (view.title, view.authors, view.tldr, view.tldr_by, view.why, *(url for _, url in view.links))
    return tuple(dict.fromkeys(filter(None, found)))
