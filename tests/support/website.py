"""A whole newsletter with its web pages, on a real database in a temporary folder: the sample week, printed."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

import newsletter.sample
from newsletter.compose import Composer, default_template_folder
from newsletter.config import load_config
from newsletter.model.mail import Letterhead
from newsletter.model.paper import Listing, Paper, Reading
from newsletter.press import Press
from newsletter.rank.edition import rank_day
from newsletter.rank.settings import RankSettings
from newsletter.rank.text_model import Models, load_models
from newsletter.send.transports import open_transport
from newsletter.stages.dispatching import dispatch
from newsletter.store.open import Store, open_store
from newsletter.subscribe.calendar import Defaults
from newsletter.subscribe.links import Signer
from newsletter.web.app import create_app
from newsletter.web.settings import WebSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

SAMPLE = Path(newsletter.sample.__file__).parent
FIRST, LAST = date(2025, 11, 17), date(2025, 11, 21)
FAST = WebSettings(answer_floor=timedelta(0))
SECRET = "a-secret-that-only-tests-know"
MODELS = load_models()
FORM = re.compile(r'name="stamp" value="([^"]+)"')


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


@dataclass(frozen=True)
class Site:
    """The press, the store below it and the application above it."""

    folder: Path
    store: Store
    press: Press
    clock: SetClock
    app: Starlette

    def client(self, address: str = "203.0.113.7") -> TestClient:
        """A browser at an address of its own, which follows no redirect."""
        return TestClient(self.app, base_url="http://localhost:8000", client=(address, 50000), follow_redirects=False)

    def send(self) -> list[str]:
        """Drain the ledger into the maildir; the new mails as text, headers and all, oldest first."""
        before = set(self._mails())
        dispatch(self.press)
        return [
            self._text(path) for path in sorted(set(self._mails()) - before, key=lambda one: one.stat().st_mtime_ns)
        ]

    def _mails(self) -> list[Path]:
        return list((self.folder / "outbox").rglob("*.eml"))

    @staticmethod
    def _text(path: Path) -> str:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        head = "".join(f"{name}: {value}\n" for name, value in mail.items())
        return f"{head}\n{body.get_content() if body else ''}"


def open_site(
    folder: Path,
    *,
    settings: WebSettings = FAST,
    printed: bool = True,
    at: datetime | None = None,
    like: Path | None = None,
    busy: float = 15.0,
    **app: Any,
) -> Site:
    """A site whose sample week is collected and, unless told otherwise, printed; or a copy of the folder `like`."""
    if like is not None:
        shutil.copytree(like, folder)
    folder.mkdir(exist_ok=True)
    text = re.sub(r"(?m)^secret = .*$", f'secret = "{SECRET}"', (SAMPLE / "config.toml").read_text("utf-8"))
    (folder / "config.toml").write_text(text, "utf-8")
    (folder / "papers.jsonl").touch()
    config = load_config(folder / "config.toml", {})
    clock = SetClock(at or datetime(2025, 11, 21, 12, tzinfo=UTC))
    store = open_store(config.database_url, secret=config.secrets[0], folder=folder, busy=busy)
    letterhead = Letterhead(
        config.newsletter.name,
        config.newsletter.sender,
        "",
        config.newsletter.base_url,
        config.newsletter.postal_address,
        "",
        "papers.example.org",
    )
    composer = Composer(
        letterhead,
        template_folders=[default_template_folder()],
        secret=config.secrets[0],
        topics=config.topics,
        default_locale="en",
    )
    press = Press(
        config=config,
        clock=clock,
        sources=(),
        signals=(),
        papers=store.papers,
        editions=store.editions,
        subscribers=store.subscribers,
        ledger=store.ledger,
        runs=store.runs,
        limits=store.limits,
        records=store.records,
        returns=store.returns,
        vectors=store.vectors,
        signer=Signer(config.secrets),
        letterhead=letterhead,
        reader_defaults=Defaults(),
        rank_settings=RankSettings(),
        open_transport=lambda: open_transport("maildir", path=folder / "outbox"),
        open_composer=lambda: composer,
        open_models=lambda: MODELS,
    )
    if like is None:
        collect_sample(store)
        if printed:
            print_sample(press)
    made = create_app(press, limits=store.limits, records=store.records, settings=settings, **app)
    return Site(folder, store, press, clock, made)


def collect_sample(store: Store) -> None:
    """The sample's papers, listings and readings, as a source would have given them."""
    for paper, listing, readings in sample_papers():
        store.papers.keep([paper], [listing], readings, [], at=listing.at)


def sample_papers() -> Iterator[tuple[Paper, Listing, list[Reading]]]:
    for line in (SAMPLE / "papers.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        listed = date.fromisoformat(item["listed"])
        paper = Paper(
            id=item["id"],
            arxiv_id=item["id"],
            title=item["title"],
            abstract=item.get("abstract", ""),
            authors=tuple(item.get("authors", ())),
            published=date.fromisoformat(item["published"]) if item.get("published") else None,
            categories=tuple(item.get("categories", ())),
            organization=item.get("organization", ""),
            url=item.get("url", ""),
            pdf_url=item.get("pdf", ""),
            code_url=item.get("code", "") or item.get("code_url", ""),
        )
        readings = [
            Reading(paper.id, "huggingface.upvotes", float(value), datetime.fromisoformat(at))
            for at, value in item.get("upvotes", ())
        ]
        yield (
            paper,
            Listing(paper.id, "huggingface", listed, "listed", datetime.combine(listed, time(6), UTC)),
            readings,
        )


def print_sample(press: Press) -> None:
    """The five editions of the working days."""
    day = FIRST
    while day <= LAST:
        asof = datetime.combine(day, time(8), UTC)
        edition = rank_day(
            press.papers.candidates(since=asof - timedelta(hours=72), until=asof),
            press.config.topics,
            day=day,
            asof=asof,
            featured=press.editions.featured(since=FIRST, before=day),
            settings=press.rank_settings,
            notes=(),
            models=Models(),
        )
        press.editions.print(edition)
        day += timedelta(days=1)


def stamp_of(page: str) -> str:
    found = FORM.search(page)
    assert found, "the page holds a form"
    return found[1]


def link_in(mail: str, kind: str) -> str:
    """The path of the first link of a kind (`confirm`, `unsubscribe`, ...) in a mail."""
    found = re.search(rf"http://localhost:8000(/{kind}/[\w-]+)", mail.replace("=\n", ""))
    assert found, f"the mail holds a {kind} link"
    return found[1]
