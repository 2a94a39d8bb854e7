"""A newsletter in a folder for tests of commands: real database, templates and outbox; the sources are fakes."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.cli.edge import run
from newsletter.model.paper import Found, Harvest, Paper, Problem
from newsletter.wiring import open_press
from tests.support.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from newsletter.config import Config
    from newsletter.model.paper import Ask
    from newsletter.press import Press

FRIDAY = date(2026, 11, 20)
CONFIG = """
[newsletter]
name = "Trending Papers"
from = "Trending Papers <papers@lab.example.org>"
secret = "a secret of the tests, long enough"
[[sources]]
kind = "huggingface"
url = "http://127.0.0.1:9"
[[topics]]
slug = "language-models"
name = "Language models"
keywords = ["language model"]
top = 2
[[topics]]
slug = "vision"
name = "Vision"
keywords = ["segmentation"]
top = 2
[ranking]
dense = false
"""


@dataclass(slots=True)
class ListSource:
    """A source that gives each asked day its papers, or fails with a sentence."""

    name: str = "huggingface"
    daily: bool = True
    lists: dict[date, tuple[Paper, ...]] = field(default_factory=dict)
    failure: str = ""
    problems: tuple[Problem, ...] = ()

    def fetch(self, ask: Ask) -> Harvest:
        if self.failure:
            return Harvest(self.name, "failed", note=self.failure)
        found = tuple(
            Found(paper, day, measured=(("huggingface.upvotes", 90.0 - 10 * place, ask.asof),))
            for day in ask.days
            for place, paper in enumerate(self.lists.get(day, ()))
        )
        state = "ok" if found else "empty"
        note = f"{len(found)} papers on {len(ask.days)} lists"
        return Harvest(self.name, state, found, ask.days, self.problems, note=note)

    def probe(self) -> Problem | None:
        return Problem(self.name, self.failure, "Look at its web site.") if self.failure else None


def paper(number: int, title: str, abstract: str = "A study.") -> Paper:
    return Paper(
        id=f"2611.{number:05}",
        title=title,
        abstract=abstract,
        authors=("Ada Lovelace",),
        arxiv_id=f"2611.{number:05}",
        url=f"https://arxiv.org/abs/2611.{number:05}",
    )


PAPERS = (
    paper(1, "A language model that says why"),
    paper(2, "Segmentation of everything at once"),
    paper(3, "One more language model"),
    paper(4, "A third language model, below the fold"),
    paper(5, "On the mating of snails", "Nothing that any topic asks for."),
)


@dataclass(slots=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Desk:
    """One newsletter; call it with a command line."""

    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC)))
    source: ListSource = field(default_factory=lambda: ListSource(lists={FRIDAY: PAPERS}))

    def __post_init__(self) -> None:
        (self.folder / "config.toml").write_text(CONFIG, "utf-8")

    @contextmanager
    def press(self, config: Config) -> Iterator[Press]:
        with open_press(config, clock=self.clock) as press:
            # A list that still fills is another room's rule; here a day's list is whole when it is there.
            yield replace(press, sources=(self.source,), filling=frozenset())

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Result:
        return newsletter(
            ["--config", str(self.folder / "config.toml"), *arguments], stdin=stdin, open_press=self.press
        )

    def ahead(self, span: timedelta) -> None:
        self.clock.pass_(span)

    @property
    def mails(self) -> list[Path]:
        return sorted((self.folder / "outbox").rglob("*.eml"))


def newsletter(arguments: Sequence[str], *, stdin: bytes = b"", **seams: Any) -> Result:
    """One call in this process, with streams of its own."""
    out, err = io.BytesIO(), io.BytesIO()
    streams = [io.TextIOWrapper(one, "utf-8", write_through=True) for one in (out, err)]
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            code = run(arguments, **seams)
    finally:
        sys.stdin = before
    return Result(code, out.getvalue().decode(), err.getvalue().decode())
