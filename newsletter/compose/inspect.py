"""What a mail is made of: how its octets divide, where its links go, and how it looks without images or in the dark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from newsletter.compose.encode import quoted_printable

if TYPE_CHECKING:
    from newsletter.compose.lint import Rendered

# Gmail cuts a mail's HTML off at about 102 kB, and the footer with it (facts of rendering, "Gmail 102 KB budget").
CLIP = 102_400
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"""\balt=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_BACKGROUND = re.compile(r"""\bbackground=(?:"[^"]*"|'[^']*')|url\([^)]*\)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """An address in the HTML part, the words of the first link to it, and how often it stands there."""

    url: str
    label: str
    times: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """Octets on the wire: of the whole mail, and of its HTML part, which `shares` divide."""

    mail: int
    headers: int
    html: int
    shares: tuple[tuple[str, int], ...]
    links: tuple[Link, ...]


def inspect(rendered: Rendered, data: bytes) -> Inspection:
    """`data` is the encoded mail."""
    html = rendered.html.encode("utf-8", "replace")
    coded = len(quoted_printable(html))
    reader = _Reader()
    reader.feed(rendered.html)
    reader.close()
    shares = {"styles": reader.styles, "links": reader.addresses, "words": reader.words}
    shares["markup"] = len(html) - sum(shares.values())
    shares["encoding"] = coded - len(html)
    return Inspection(
        mail=len(data),
        headers=len(data.partition(b"\r\n\r\n")[0]),
        html=coded,
        shares=tuple(shares.items()),
        links=tuple(Link(url, label.strip(), times) for url, (label, times) in reader.links.items()),
    )


def in_scheme(page: str, scheme: str) -> str:
    """The page as a reader with this colour scheme sees it: its own media query is decided beforehand."""
    always, never = "@media all", "@media not all"
    other = "light" if scheme == "dark" else "dark"
    page = page.replace(f"@media (prefers-color-scheme: {scheme})", always)
    page = page.replace(f"@media (prefers-color-scheme: {other})", never)
    return page.replace("<head>", f"<head><meta name='color-scheme' content='{scheme} only'>", 1)


def without_images(page: str) -> str:
    """The page as most clients show it at first: an image is its alternative text, a background is none."""

    def alternative(found: re.Match[str]) -> str:
        alt = _ALT.search(found[0])
        said = (alt[1] or alt[2] or "") if alt else "image without alt"
        return f'<span style="border:1px dashed #888;padding:0 4px">{said}</span>'

    return _BACKGROUND.sub("", _IMAGE.sub(alternative, page))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.styles = self.addresses = self.words = 0
        self.links: dict[str, tuple[str, int]] = {}
        self._open = ""
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._style = tag == "style"
        self.styles += len(given.get("style", "").encode())
        if tag == "a":
            url = given.get("href", "")
            self.addresses += len(url.encode())
            label, times = self.links.get(url, ("", 0))
            self.links[url] = (label, times + 1)
            self._open = "" if label else url

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._style = False
        if tag == "a":
            self._open = ""

    def handle_data(self, data: str) -> None:
        size = len(data.encode("utf-8", "replace"))
        if self._style:
            self.styles += size
        else:
            self.words += size if data.strip() else 0
            if self._open:
                label, times = self.links[self._open]
                self.links[self._open] = (label + data, times)
