"""The front desk: everything a page needs, in one record, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from newsletter.tongue.tongue import ENGLISH, marked
from newsletter.web.speaking import tongue_of

if TYPE_CHECKING:
    from collections import Counter
    from datetime import date, datetime

    from anyio import CapacityLimiter

    from newsletter.model.edition import Topic
    from newsletter.ports import Limits, Records
    from newsletter.press import Press
    from newsletter.stages.searching import Scored
    from newsletter.subscribe.links import Signer
    from newsletter.tongue.tongue import Tongue
    from newsletter.web.ask import Ask
    from newsletter.web.keeping import Kept
    from newsletter.web.library import Library
    from newsletter.web.memo import Memo
    from newsletter.web.metrics import Meters
    from newsletter.web.pages import Pages
    from newsletter.web.settings import WebSettings
    from newsletter.web.stamps import Stamps


class Page(HTMLResponse):
    """A page, and the stamp that its form holds."""

    stamp: str = ""


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
    kept: Memo[Kept]  # whole answers for everybody, by address
    searches: Memo[tuple[Scored, ...]]  # the order of a search, for its next pages
    counted: Memo[dict[str, int]]  # the whole ledger's rows by state, which a stranger may ask for by `/metrics`
    tallies: Memo[dict[str, int]]  # the same of one day and kind, for the operator
    writers: CapacityLimiter
    owed: set[str] = field(default_factory=set)  # address keys whose mail was counted and then could not be queued
    topics: dict[str, Topic] = field(default_factory=dict)
    tongue: Tongue = ENGLISH  # what this request is answered in
    carried: str = ""  # the language that was chosen by hand: links keep it

    @property
    def base_url(self) -> str:
        """Links are made from this and nothing else; no trailing slash."""
        return self.press.config.newsletter.base_url.rstrip("/")

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    def now(self) -> datetime:
        return self.press.clock.now()

    def speaking(self, chosen: str, header: str) -> Desk:
        """The same desk for one request, in its language: by `?lang=`, else by Accept-Language."""
        tongue, carried = tongue_of(chosen, header, self.pages.tongues, self.tongue)
        return self if (tongue, carried) == (self.tongue, "") else replace(self, tongue=tongue, carried=carried)

    def page(self, name: str, *, status: int = 200, **values: Any) -> Page:
        """A page; `canonical` is its path, empty for pages that no search engine should keep."""
        stamp = self.stamps.stamp(self.now())
        shared: dict[str, Any] = {
            "canonical": "",
            "private": False,
            "signup": True,
            "stamp": stamp,
            "here": "",
            "feed": "/feed.atom",
            "description": "",
            "scripts": True,
            "problem": "",
            "offer_link": False,
            "og_type": "website",
            "typed": "",
            "chosen": None,
        }
        text = self.pages.render(name, shared | values, self.tongue, self.carried)
        made = Page(text, status_code=status, headers={"Vary": "Accept-Language"})
        made.stamp = stamp
        return made

    def lost(self, text: str = "", *, status: int = 404, title: str = "") -> Page:
        """The page of a wrong address."""
        return self.page(
            "error.html.j2",
            status=status,
            title=title or marked("There is nothing here"),
            text=text or marked("The address is wrong, or what was here is gone."),
        )

    def bad_link(self) -> Page:
        """One answer for every forged, cut, foreign, expired or outdated link."""
        return self.page(
            "error.html.j2",
            status=404,
            title=marked("This link does not work"),
            text=marked("It is incomplete, too old, or was replaced by a newer one. Ask for a fresh link below."),
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
    kept: bool = False  # the same for everybody: made once a minute, or when a paper or an edition comes
    body_limit: int = 0  # bytes; 0: the usual one
    lenient: bool = False  # a body that is no form counts as an empty one
    floor: bool = False  # POSTs take `settings.answer_floor` or a multiple of it
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
