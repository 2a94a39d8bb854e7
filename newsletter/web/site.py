"""The archive as files for any page host: the pages that `serve` shows, with relative links and nothing that asks."""

from __future__ import annotations

import hashlib
import html
import posixpath
import re
from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.web import calendar as cal
from newsletter.web import feeds, paper, reading
from newsletter.web.ask import Ask, gather
from newsletter.web.library import Library
from newsletter.web.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from newsletter.web.desk import Desk, Handler

_LINK = re.compile(r'\b(href|src)="(/[^"]*)"')
_SAFE = re.compile(r"[^A-Za-z0-9._-]")
_FILES = {
    "/": "index",
    "/archive": "archive",
    "/feed.atom": "feed.atom",
    "/feed.json": "feed.json",
    "/opml": "feeds.opml",
    "/sitemap.xml": "sitemap.xml",
}
_ALONE: dict[str, Handler] = {
    "/": reading.home,
    "/archive": reading.archive,
    "/feed.atom": feeds.everything,
    "/feed.json": feeds.everything,
    "/opml": feeds.opml,
    "/sitemap.xml": feeds.sitemap,
}
_ROOMS: dict[str, tuple[str, Handler]] = {
    "day": ("day", reading.day),
    "week": ("week", reading.week),
    "month": ("month", reading.month),
    "topic": ("slug", reading.topic),
    "paper": ("id", paper.paper),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A file of the site; `path` is relative, with slashes."""

    path: str
    data: bytes


class _Kin(Memo[tuple[str, ...]]):
    """Similar papers, without those that no edition shows: the site has no page for them."""

    def __init__(self, shown: frozenset[str]) -> None:
        super().__init__(life=timedelta(days=1), capacity=1)
        self._shown = shown

    def get(self, key: str, make: Callable[[], tuple[str, ...]], *, now: datetime) -> tuple[str, ...]:
        del key, now
        return tuple(one for one in make() if one in self._shown)


def build(live: Desk) -> Iterator[Made]:
    """Every page that the newest edition, the archive and the topics lead to; the same store gives the same files."""
    library = Library(live.press.editions, capacity=400)
    days = library.days()
    shown = frozenset(
        pick.paper_id
        for day in days
        if (edition := library.get(day)) is not None
        for pool in edition.pools
        for pick in pool.shown
    )
    desk = replace(live, library=library, alike=_Kin(shown))
    seeds = [
        "/",
        "/archive",
        *(f"/topic/{slug}" for slug in desk.topics),
        "/feed.atom",
        "/feed.json",
        "/opml",
        "/sitemap.xml",
    ]
    seeds += [f"/day/{day}" for day in days] + [cal.month_of(day).path for day in days]
    wanted = deque(dict.fromkeys(seeds))
    seen = {file_of(path) for path in wanted}
    while wanted:
        made, found = _page(desk, wanted.popleft())
        if made is not None:
            yield made
        for path in found:
            if (file := file_of(path)) and file not in seen:
                seen.add(file)
                wanted.append(path)
    for asset in desk.pages.assets.values():
        yield Made(f"static/{asset.name}", asset.data)
    yield Made("404.html", _LINK.sub(_absolute(desk.base_url), bytes(desk.lost().body).decode()).encode())


def file_of(path: str) -> str:
    """Where the answer of an address is kept; empty for what a page host cannot answer (search, forms, the API)."""
    parts = urlsplit(path)
    trend = dict(parse_qsl(parts.query)).get("by") == "trend"
    if parts.path in _FILES:
        name = _FILES[parts.path]
        return name if "." in name else f"{'trend' if trend and name == 'index' else name}.html"
    room, _, rest = parts.path.lstrip("/").partition("/")
    if room == "static":
        return f"static/{rest}"
    if room == "topic" and rest.endswith(("/feed.atom", "/feed.json")):
        slug, _, feed = rest.rpartition("/")
        return f"topic/{_plain(slug)}/{feed}"
    if room == "paper" and rest.endswith((".bib", ".ris")):
        return f"paper/{_plain(rest[:-4])}{rest[-4:]}"
    if room in _ROOMS and rest:
        return f"{room}/{_plain(rest)}{'.trend' if trend and room == 'day' else ''}.html"
    return ""


def _plain(name: str) -> str:
    """A name that every file system and page host takes; what had to be changed keeps apart by a hash."""
    name = unquote(name)
    plain = _SAFE.sub("_", name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _page(desk: Desk, path: str) -> tuple[Made | None, list[str]]:
    """The file of an address, and the addresses that it links to; None: there is nothing to answer."""
    file = file_of(path)
    handler, params = _handler(path)
    if not file or handler is None:
        return None, []
    parts = urlsplit(path)
    query = gather(parse_qsl(parts.query))
    answer = handler(
        desk, Ask(method="GET", path=parts.path, params=params, query=query, headers={}, cookies={}, client="")
    )
    if answer.status_code != 200:
        return None, []
    text = bytes(answer.body).decode()
    if not (answer.media_type or "").startswith("text/html"):
        return Made(file, re.sub(re.escape(desk.base_url) + r'(/[^"<\s\\]*)', _moved(desk), text).encode()), []
    found = [html.unescape(link).partition("#")[0] for _, link in _LINK.findall(text)]
    for name in ("href", "content"):  # the canonical address
        text = text.replace(f'{name}="{desk.base_url}{parts.path}"', f'{name}="{desk.base_url}/{file_of(parts.path)}"')
    return Made(file, _LINK.sub(_relative(file), text).encode()), [one for one in found if not _is_asset(one)]


def _handler(path: str) -> tuple[Handler | None, dict[str, str]]:
    bare = urlsplit(path).path
    if bare in _ALONE:
        return _ALONE[bare], {}
    room, _, rest = bare.lstrip("/").partition("/")
    if room == "topic" and rest.endswith(("/feed.atom", "/feed.json")):
        return feeds.topic, {"slug": unquote(rest.rpartition("/")[0])}
    if room not in _ROOMS:
        return None, {}
    name, handler = _ROOMS[room]
    return handler, {name: unquote(rest)}


def _is_asset(path: str) -> bool:
    return path.startswith("/static/")


def _relative(source: str) -> Callable[[re.Match[str]], str]:
    """Links as they work from the file `source`, from a page host or from a disk; dead ones become no links."""
    folder = posixpath.dirname(source) or "."

    def link(found: re.Match[str]) -> str:
        path, mark, fragment = html.unescape(found[2]).partition("#")
        file = file_of(path)
        if not file:
            return ""
        return f'{found[1]}="{html.escape(posixpath.relpath(file, folder))}{mark}{html.escape(fragment)}"'

    return link


def _absolute(base: str) -> Callable[[re.Match[str]], str]:
    """For the page of wrong addresses, which is shown at any depth."""

    def link(found: re.Match[str]) -> str:
        file = file_of(html.unescape(found[2]).partition("#")[0])
        return f'{found[1]}="{html.escape(f"{base}/{file}")}"' if file else ""

    return link


def _moved(desk: Desk) -> Callable[[re.Match[str]], str]:
    """Absolute addresses in feeds and the site map."""

    def address(found: re.Match[str]) -> str:
        file = file_of(html.unescape(found[1]))
        return f"{desk.base_url}/{'' if file == 'index.html' else file}"

    return address
