"""JSON lines on disk: `id`, `title`, `abstract`, and whatever else is known of each paper."""

from __future__ import annotations

import errno
import stat
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from newsletter.collect import clean, ids, items
from newsletter.model.paper import Found, Harvest, Paper, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from newsletter.model.paper import Announced, Ask, HarvestState

LINE = 2**20  # bytes
LINES = 1_000_000
PAPERS = 100_000
READINGS = 2_000  # of one signal of one paper

_DAYS = ("date", "listed", "day", "published", "submitted")
_MEASURES = {
    "upvotes": "upvotes",
    "votes": "upvotes",
    "comments": "comments",
    "numComments": "comments",
    "stars": "stars",
    "githubStars": "stars",
    "points": "points",
    "citations": "citations",
    "citationCount": "citations",
}


class File:
    """One file. `daily` is False: it is read whole at every fetch, as far as its lines are visible by then."""

    daily = False

    def __init__(self, *, name: str, path: Path) -> None:
        self.name, self._path = name, path

    def probe(self) -> Problem | None:
        try:
            with self._opened() as lines:
                lines.read(1)
        except OSError as error:
            return self._unread(error)
        return None

    def _opened(self) -> BinaryIO:
        """Raises OSError: a pipe or a device may keep its reader waiting for ever, and is none of our files."""
        if not stat.S_ISREG(self._path.stat().st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return self._path.open("rb")

    def _unread(self, error: OSError) -> Problem:
        return Problem(self.name, f"{self._path} cannot be read: {error.strerror}", "Check the path in config.toml.")

    def fetch(self, ask: Ask) -> Harvest:
        tally, notes = items.Tally(), items.Tally(kept=True)
        try:
            changed = datetime.fromtimestamp(self._path.stat().st_mtime, tz=UTC).date()
            with self._opened() as lines:
                found, size = parse(_lines(lines), ask.asof, min(changed, ask.asof.date()), self.name, tally, notes)
        except OSError as error:
            return Harvest(self.name, "failed", (), (), (self._unread(error),), {}, f"{self.name} cannot be read")
        if size and not found and len(tally) == size:
            note = f"none of the {size} lines of {self._path.name} could be read"
            return Harvest(self.name, "failed", (), (), tally.problems(self.name), {}, note)
        dropped = f", {len(tally)} left out" if len(tally) else ""
        note = f"{items.papers(len(found))} in {self._path.name}{dropped}"
        state: HarvestState = "ok" if found else "empty"
        problems = (*tally.problems(self.name), *notes.problems(self.name))
        return Harvest(self.name, state, tuple(found), (ask.asof.date(),), problems, {}, note)


def _lines(lines: Any) -> Iterator[bytes]:
    """Lines of bounded length; a longer one comes as its first part and is dropped as no JSON."""
    for _ in range(LINES):
        line = lines.readline(LINE)
        if not line:
            return
        yield line
        while line and not line.endswith(b"\n"):
            line = lines.readline(LINE)


def parse(
    lines: Iterable[bytes], asof: datetime, undated: date, where: str, tally: items.Tally, notes: items.Tally
) -> tuple[list[Found], int]:
    """(papers visible at `asof`, lines that were not blank). Bad lines go to `tally` by number, to `notes` what could
    not be used of lines that are kept.

    A line whose list day is after `asof` is not visible yet; so are its later readings. `undated` is the day of lines
    that name none.
    """
    found: list[Found] = []
    size = 0
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        size += 1
        odd: list[str] = []
        try:
            got = _item(items.from_json(line), line, asof, undated, where, odd)
        except ValueError as error:
            got = str(error)
        for what in odd:
            notes.add(f"{where} line {place}", what)
        if isinstance(got, str):
            tally.add(f"{where} line {place}", got, "The line was left out.")
        elif got is not None:
            found.append(got)
            if len(found) >= PAPERS:
                tally.add(where, f"more than {PAPERS:,} papers; the rest was not read", "Split the file.")
                break
    return found, size


def _item(data: object, line: bytes, asof: datetime, undated: date, where: str, odd: list[str]) -> Found | str | None:
    if not isinstance(data, dict):
        return "it is not an object: one JSON object a line is wanted"
    title = clean.text(data.get("title"), clean.TITLE)
    if not title:
        return "it has no title"
    published = items.day_of(items.first(data, "published", "publishedAt", "submitted"))
    listed = items.day_of(items.first(data, "date", "listed", "day", "submittedOnDailyAt")) or published or undated
    if listed > asof.date():
        return None
    odd += _odd(data, listed)
    return Found(
        paper=_paper(data, title, published),
        day=listed,
        kind=_kind(data.get("kind")),
        measured=tuple(_measured(data, asof, where)),
        original=clean.original(line.decode("utf-8", "replace").strip()),
    )


def _odd(data: Mapping[str, Any], listed: date) -> Iterator[str]:
    """What is given and cannot be used: the paper is kept without it."""
    for key in _DAYS:
        given = data.get(key)
        if given not in (None, "") and items.day_of(given) is None:
            shown = clean.text(str(given), 40)
            yield f'"{key}" is no day ({shown}): write it as 2026-11-20. The paper is kept, as of {listed}.'
    for key in _MEASURES:
        given = data.get(key)
        if given is not None and not isinstance(given, list | dict) and items.number(given) is None:
            yield f'"{key}" is no number of zero or more ({clean.text(str(given), 40)}). The paper is kept, without it.'


def _paper(data: Mapping[str, Any], title: str, published: date | None) -> Paper:
    url = clean.link(items.first(data, "url", "link"))
    named = [items.first(data, key) for key in ("arxiv_id", "arxiv", "id", "url")]
    number, version = ids.first_arxiv_id(named)
    doi_name = next((got for key in ("doi", "id", "url") if (got := ids.doi(data.get(key)))), "")
    summary = clean.text(items.first(data, "summary", "ai_summary", "tldr"), 2_000)
    abstract = clean.text(items.first(data, "abstract", "description"))
    organization = items.first(data, "organization", "org")
    if isinstance(organization, dict):
        organization = items.first(organization, "fullname", "name")
    told = items.number(data.get("version"))
    return Paper(
        id=ids.paper_id(number, doi_name, title, url or clean.text(data.get("id"), 200)),
        arxiv_id=number,
        doi=doi_name,
        version=int(min(told, 999)) if told is not None else version,
        title=title,
        abstract=abstract,
        authors=_names(items.first(data, "authors", "author")),
        published=published,
        categories=_words(items.first(data, "categories", "category"), r"[\s,;]+"),
        organization=clean.text(organization, clean.NAME),
        keywords=_words(items.first(data, "keywords", "ai_keywords"), r"[,;]+"),
        summary=summary,
        summary_by=clean.text(data.get("summary_by"), 100) if summary else "",
        comment=clean.text(items.first(data, "comment", "note"), 1_000),
        journal=clean.text(items.first(data, "journal", "venue"), 300),
        licence=clean.text(items.first(data, "licence", "license"), 200),
        url=url or (f"https://arxiv.org/abs/{number}" if number else f"https://doi.org/{doi_name}" if doi_name else ""),
        pdf_url=clean.link(items.first(data, "pdf", "pdf_url"))
        or (f"https://arxiv.org/pdf/{number}" if number else ""),
        code_url=ids.repository(items.first(data, "code", "code_url", "github", "githubRepo")) or ids.code_in(abstract),
        project_url=clean.link(items.first(data, "project", "project_url", "projectPage")),
        discussion_url=clean.link(items.first(data, "discussion", "discussion_url")),
        withdrawn=data.get("withdrawn") is True,
    )


def _kind(value: object) -> Announced:
    kinds: dict[object, Announced] = {"new": "new", "cross": "cross", "replace": "replace"}
    return kinds.get(value, "listed") if isinstance(value, str) else "listed"


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value[:200_000].split(";" if ";" in value else ",")
    listed = value[: clean.NAMES] if isinstance(value, list) else []
    names = (clean.text(raw.get("name") if isinstance(raw, dict) else raw, clean.NAME) for raw in listed)
    return tuple(name for name in names if name)


def _words(value: object, between: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = items.split(value, between)
    words = (clean.text(raw, 100) for raw in value[:50]) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(word for word in words if word))


def _measured(data: Mapping[str, Any], asof: datetime, where: str) -> Iterator[tuple[str, float, datetime | None]]:
    """A number is measured now; a series `[[iso time, value], ...]` only as far as `asof`."""
    named = {f"{where}.{signal}": data[key] for key, signal in _MEASURES.items() if data.get(key) is not None}
    series = items.child(data, "readings")
    named.update({clean.text(key, 80): value for key, value in list(series.items())[:20] if "." in str(key)})
    for signal, value in named.items():
        if isinstance(value, list | dict):
            pairs = list(value.items()) if isinstance(value, dict) else value
            for pair in pairs[:READINGS]:
                at, amount = _pair(pair)
                if at is not None and amount is not None and at <= asof:
                    yield signal, amount, at
        elif (amount := items.number(value)) is not None:
            yield signal, amount, None


def _pair(pair: object) -> tuple[datetime | None, float | None]:
    if isinstance(pair, dict):
        return items.moment(items.first(pair, "at", "time", "date")), items.number(pair.get("value"))
    if isinstance(pair, list | tuple) and len(pair) == 2:
        return items.moment(pair[0]), items.number(pair[1])
    return None, None
