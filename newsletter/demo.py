"""The mission, offline, on each day of the bundled sample week, and a page that shows what came out."""

from __future__ import annotations

import json
import webbrowser
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from newsletter import publish
from newsletter.compose.detex import detex
from newsletter.config import load_config
from newsletter.model.codec import issue_from_payload
from newsletter.sample.folder import SAMPLE, prepare
from newsletter.sample.mailbox import read_mail
from newsletter.sample.page import write_page
from newsletter.sample.story import Day, Scene, sample_readers, shelves_of, told
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from newsletter.config import Config
    from newsletter.model.edition import Card, Issue
    from newsletter.press import Press
    from newsletter.sample.mailbox import Mail
    from newsletter.sample.story import Reader

WEEK = tuple(date(2025, 11, 17) + timedelta(days=n) for n in range(7))


@dataclass(frozen=True, slots=True)
class Report:
    """What the demo did: where the page is, the week's days, and the same in lines for a terminal."""

    out: Path
    index: Path
    days: tuple[Day, ...]
    lines: tuple[str, ...]

    @property
    def mails(self) -> tuple[Path, ...]:
        """The `.eml` files, oldest first."""
        return tuple(self.out / scene.mail.file for day in self.days for scene in day.scenes if scene.mail is not None)


@dataclass(frozen=True, slots=True)
class _SampleClock:
    """A clock that stands at the end of one day of the sample, so that the demo is the same whenever it runs."""

    day: date

    def now(self) -> datetime:
        return datetime.combine(self.day, time(23, 59, 59), UTC)


def run(out: Path, *, open_browser: bool = False, watch: Callable[[date], None] = lambda _: None) -> Report:
    """Run the sample week in `out` and write `index.html`; `watch` hears of each day before it is run.

    Raises UsageError when `out` holds files that no demo made. The environment's settings are not read.
    """
    out = prepare(out)
    config = load_config(out / "config.toml", {})
    readers, days = sample_readers(), []
    for day in WEEK:
        watch(day)
        with open_press(config, clock=_SampleClock(day)) as press:
            days.append(_live(press, day, readers, out))
    index = write_page(out, config.newsletter.name, days, readers)
    if open_browser:
        webbrowser.open(index.as_uri())
    return Report(out, index, tuple(days), told(days))


def _live(press: Press, day: date, readers: tuple[Reader, ...], out: Path) -> Day:
    """One day: who signs up today signs up, the mission runs, and what each reader got is read back."""
    for reader in readers:
        if reader.joins == day:
            now = press.clock.now()
            press.subscribers.add(replace(reader.subscriber, created_at=now, confirmed_at=now))
    before = set(_outbox(press.config))
    report = publish.run(press, day)
    mails = [read_mail(path, out) for path in _outbox(press.config) if path not in before]
    silences = {silence.subscriber_id: _sentence(silence.text) for silence in report.silences}
    scenes = tuple(_scene(press, day, reader, mails, silences) for reader in readers)
    return Day(day, _listed()[day], press.editions.get(day), report.notes, scenes)


def _scene(press: Press, day: date, reader: Reader, mails: list[Mail], silences: dict[int, str]) -> Scene:
    known = press.subscribers.by_email(reader.email)
    if known is None:
        return Scene(day, reader, None, (), f"She signs up on {reader.joins:%A}.")
    mail = next((mail for mail in mails if mail.recipient == reader.email), None)
    if mail is None:
        return Scene(day, reader, None, (), silences.get(known.id, "No issue was cut for her."))
    issue, cards = _issue(press, known.id)
    news = tuple(f"{detex(cards[one.paper_id].paper.title)}: {one.text}" for one in issue.follow_ups)
    return Scene(day, reader, mail, shelves_of(issue, cards.values()), "", news)


def _issue(press: Press, subscriber_id: int) -> tuple[Issue, dict[str, Card]]:
    """Her last issue as the ledger has it, looked up in the printed editions, and the cards of those."""
    day = press.ledger.last_day("digest", [subscriber_id])[subscriber_id]  # a weekly issue is its Monday's
    standing = press.ledger.standing(kind="digest", day=day, subscriber_id=subscriber_id, now=press.clock.now())
    assert standing is not None
    payload = standing.delivery.payload
    printed = [press.editions.get(date.fromisoformat(one)) for one in json.loads(payload)["editions"]]
    editions = [edition for edition in printed if edition is not None]
    issue = issue_from_payload(payload, subscriber_id=subscriber_id, day=day, editions=editions)
    return issue, {card.paper.id: card for edition in editions for card in edition.cards}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _outbox(config: Config) -> list[Path]:
    folder = config.folder / config.delivery.path
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.parent.name in {"new", "cur"})


def _listed() -> Counter[date]:
    """How many papers each day's list of the sample holds."""
    lines = (SAMPLE / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    return Counter(date.fromisoformat(json.loads(line)["listed"]) for line in lines)
