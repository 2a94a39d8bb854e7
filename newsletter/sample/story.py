"""What happened in the demo's week, as values that the page shows and the command prints."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from newsletter.compose.detex import detex
from newsletter.model.subscriber import Subscriber
from newsletter.sample.folder import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.model.edition import Card, Edition, Issue, Part, Pick, Score
    from newsletter.model.mail import Note
    from newsletter.sample.mailbox import Mail


@dataclass(frozen=True, slots=True)
class Reader:
    """A sample reader: who she is, and since when she is a subscriber."""

    subscriber: Subscriber
    about: str
    joins: date

    @property
    def email(self) -> str:
        return self.subscriber.email

    @property
    def name(self) -> str:
        return self.subscriber.name

    @property
    def key(self) -> str:
        """What her files are called after."""
        return self.email.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Choice:
    """A paper in one reader's issue, with the parts of its score."""

    title: str
    url: str
    why: str
    score: Score
    upvotes: int | None
    marks: tuple[str, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.score.parts


@dataclass(frozen=True, slots=True)
class Shelf:
    """One topic of an issue and what was chosen for it."""

    name: str
    choices: tuple[Choice, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One reader on one day: her mail and why it holds what it holds, or why there is none."""

    day: date
    reader: Reader
    mail: Mail | None
    shelves: tuple[Shelf, ...]
    silence: str
    news: tuple[str, ...] = ()  # of papers of her earlier issues

    @property
    def papers(self) -> int:
        return sum(len(shelf.choices) for shelf in self.shelves)

    @property
    def stem(self) -> str:
        """What the files of this scene are called, without their ending."""
        return f"{self.day.isoformat()}-{self.reader.key}"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week: the edition, what the run said, and what became of each reader."""

    day: date
    listed: int  # papers on the day's list
    edition: Edition | None
    notes: tuple[Note, ...]
    scenes: tuple[Scene, ...]


def sample_readers() -> tuple[Reader, ...]:
    """The three readers of `readers.toml`."""
    rows = tomllib.loads((SAMPLE / "readers.toml").read_text(encoding="utf-8"))["readers"]
    return tuple(_reader(row) for row in rows)


def _reader(row: dict[str, object]) -> Reader:
    joins = row.pop("joins")
    about = str(row.pop("about"))
    assert isinstance(joins, date)
    topics = row.pop("topics", ())
    assert isinstance(topics, list | tuple)
    subscriber = Subscriber(**row, topics=tuple(topics), consent="sample reader of the demo")  # type: ignore[arg-type]  # our own file
    return Reader(subscriber, about, joins)


def shelves_of(issue: Issue, cards: Iterable[Card]) -> tuple[Shelf, ...]:
    """An issue's picks with the facts and reasons that the page shows."""
    by_id = {card.paper.id: card for card in cards}
    return tuple(
        Shelf(section.name, tuple(_choice(pick, by_id[pick.paper_id]) for pick in section.picks), section.more)
        for section in issue.sections
    )


def _choice(pick: Pick, card: Card) -> Choice:
    paper = card.paper
    return Choice(detex(paper.title), paper.url, pick.why, pick.score, card.upvotes, pick.marks)


def told(days: Iterable[Day]) -> tuple[str, ...]:
    """The week in lines for a terminal: each day's edition with its reasons, then each reader's mail or silence."""
    lines: list[str] = []
    for day in days:
        lines += ["", f"{day.day:%A %d %B} · {_papers(day.listed)} listed"]
        if day.edition is not None:
            lines += _picked(day.edition)
        lines += [_scene_line(scene) for scene in day.scenes]
    return tuple(lines[1:])


def _picked(edition: Edition) -> list[str]:
    lines = []
    for pool in edition.pools:
        for pick in pool.shown:
            card = edition.card(pick.paper_id)
            title = detex(card.paper.title) if card else pick.paper_id
            lines += [f"  {pool.name} {pick.rank}. {_short(title)}", f"      {pick.score.total:.2f}  {pick.why}"]
    return lines


def _scene_line(scene: Scene) -> str:
    if scene.mail is None:
        return f"  {scene.reader.name}: no mail. {scene.silence}"
    return f"  {scene.reader.name}: {_papers(scene.papers)} in {scene.mail.file}"


def _papers(count: int) -> str:
    return f"{count or 'no'} paper{'s' * (count != 1)}"


def _short(title: str, length: int = 78) -> str:
    return title if len(title) <= length else f"{title[: length - 1].rstrip()}…"
