"""The front desk: everything a page needs, in one record, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from collections import Counter
    from datetime import date, datetime

    from anyio import CapacityLimiter

    from newsletter.model.edition import Topic
    from newsletter.ports import Limits, Records
    from newsletter.press import Press
    from newsletter.subscribe.links import Signer
    from newsletter.web.ask import Ask
    from newsletter.web.library import Library
    from newsletter.web.memo import Memo
    from newsletter.web.metrics import Meters
    from newsletter.web.pages import Pages
    from newsletter.web.settings import WebSettings
    from newsletter.web.stamps import Stamps

STAMP = "stamp-goes-here-7d1c0e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One application's dependencies."""

    press: Press
    signer: Signer
    stamps: Stamps
    settings: WebSettings
    limits: Limits
    records: Records
    pages: Pages
    library: Library
    meters: Meters
    alike: Memo[tuple[str, ...]]  # paper id: similar papers
    joined: Memo[Counter[date]]  # Monday: readers who confirmed in its week
    kept: Memo[str]  # whole pages, without their stamp
    writers: CapacityLimiter
    owed: set[str] = field(default_factory=set)  # address keys whose mail was counted and then could not be queued
    topics: dict[str, Topic] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Links are made from this and nothing else; no trailing slash."""
        return self.press.config.newsletter.base_url.rstrip("/")

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    def now(self) -> datetime:
        return self.press.clock.now()

    def page(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page; `canonical` is its path, empty for pages that no search engine should keep."""
        shared: dict[str, Any] = {
            "canonical": "",
            "private": False,
            "signup": True,
            "stamp": self.stamps.stamp(self.now()),
            "here": "",
            "feed": "/feed.atom",
            "description": "",
            "scripts": True,
            "problem": "",
            "offer_link": False,
        }
        return HTMLResponse(self.pages.render(name, shared | values), status_code=status)

    def shared_page(self, key: str, name: str, values: Callable[[], dict[str, Any]]) -> HTMLResponse:
        """A page that is the same for everybody for a minute; only its form's stamp is of the moment."""

        def make() -> str:
            return bytes(self.page(name, stamp=STAMP, **values()).body).decode()

        now = self.now()
        return HTMLResponse(self.kept.get(key, make, now=now).replace(STAMP, self.stamps.stamp(now)))

    def lost(self, text: str = "", *, status: int = 404, title: str = "") -> HTMLResponse:
        """The page of a wrong address."""
        return self.page(
            "error.html.j2",
            status=status,
            title=title or "There is nothing here",
            text=text or "The address is wrong, or what was here is gone.",
        )

    def bad_link(self) -> HTMLResponse:
        """One answer for every forged, cut, foreign, expired or outdated link."""
        return self.page(
            "error.html.j2",
            status=404,
            title="This link does not work",
            text="It is incomplete, too old, or was replaced by a newer one. Ask for a fresh link below.",
            private=True,
            signup=False,
            offer_link=True,
            scripts=False,
        )


Handler = Callable[[Desk, "Ask"], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One address and who answers it. `private` pages are not stored, not indexed and send no referrer."""

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    private: bool = False
    cache: int = 0  # seconds that anybody may keep a GET
    body_limit: int = 0  # bytes; 0: the usual one
    floor: bool = False  # answers take at least `settings.answer_floor`
    doc: ApiDoc | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDoc:
    """What the OpenAPI document says of a door: the same record that the router is made from."""

    summary: str
    answer: str  # a schema's name
    query: tuple[tuple[str, dict[str, Any], str, bool], ...] = ()  # (name, schema, description, required)
    body: str = ""
    operator: bool = False
    status: int = 200
