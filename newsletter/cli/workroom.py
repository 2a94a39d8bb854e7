"""What the template workshop shows: one mail with everything about it, made anew when a template or setting changes."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.config import load_config
from newsletter.errors import NewsletterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from newsletter.compose.lint import Rendered
    from newsletter.config import Config
    from newsletter.model.edition import Silence
    from newsletter.model.mail import Message
    from newsletter.press import Press
    from newsletter.stages.previewing import Chosen

    Opener = Callable[[Config], AbstractContextManager[Press]]

KINDS = ("digest", "confirm", "welcome", "goodbye", "link", "address", "notice", "test")
MOST_READERS = 200  # in the list to choose from; any other address can be typed
_CHOSEN_FOR = 300.0  # seconds that a day's choice is kept while templates change: an unprinted day is ranked for it
_PLACE = re.compile(r"((?:email|locales)/[\w./-]+) line (\d+)")


@dataclass(frozen=True, slots=True)
class Query:
    """What to look at; empty: the newsletter's own day, a new reader, all topics, her language."""

    day: str = ""
    topic: str = ""
    reader: str = ""
    locale: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail, or why there is none."""

    rendered: Rendered | None = None
    message: Message | None = None
    silence: str = ""
    error: NewsletterError | None = None


class Workroom:
    """Everything is read from disk again when it has changed; nothing is sent but on request."""

    def __init__(self, config: Path | None, opener: Opener) -> None:
        self._path = config
        self._open = opener
        self._folders: list[Path] = []
        self._lock = threading.Lock()
        self._seen: tuple[str, dict[Query, Seen]] = ("", {})
        self._chosen: dict[tuple[str, Query], tuple[float, Chosen | Silence]] = {}

    def stamp(self) -> str:
        """Another one whenever a template, a catalogue or the configuration is changed, made or taken away."""
        from newsletter.compose import default_template_folder
        from newsletter.stages.folders import template_folders

        try:
            self._folders = template_folders(load_config(self._path))
        except NewsletterError:
            self._folders = self._folders or [default_template_folder()]
        files = [self._path or Path("config.toml")]
        files += [path for folder in self._folders for path in folder.rglob("*") if path.is_file()]
        return _mark(files)

    def seen(self, query: Query) -> Seen:
        """The mail of a query. Errors of templates and settings are values here: they are what is to be shown."""
        with self._lock:
            stamp = self.stamp()
            if self._seen[0] != stamp:
                self._seen = (stamp, {})
            known = self._seen[1].get(query)
            if known is None:
                try:
                    with self._open(load_config(self._path)) as press:
                        known = self._look(press, query)
                except NewsletterError as error:
                    known = Seen(error=error)
                self._seen[1][query] = known
            return known

    def facts(self, query: Query) -> dict[str, Any]:
        """All that the page shows beside the mail itself."""
        seen = self.seen(query)
        facts: dict[str, Any] = {"stamp": self._seen[0], "silence": seen.silence, "error": None}
        if seen.error is not None:
            facts["error"] = self._error(seen.error)
        if seen.rendered is not None and seen.message is not None:
            facts |= _about(seen.rendered, seen.message)
            facts["lint"] += self._unused()
        return facts

    def _unused(self) -> list[dict[str, str]]:
        """Files of the operator's own that no template is looked up by, beside what lint finds in the mail."""
        from newsletter.compose.overrides import unused

        return [
            {
                "where": one.name,
                "what": "Nothing looks for a file of this name",
                "cure": f"Call it {one.meant}." if one.meant else "docs/writing-a-template.md lists the names.",
            }
            for folder in self._folders[:-1]
            if folder.is_dir()
            for one in unused(folder)
        ]

    def choices(self) -> dict[str, Any]:
        """What can be chosen. Empty lists while the configuration cannot be read."""
        from babel import Locale

        from newsletter.tongue.catalogues import Tongues

        self.stamp()
        languages = [
            {"code": code, "name": str(Locale.parse(code).display_name)} for code in Tongues(self._folders).languages()
        ]
        found: dict[str, Any] = {"days": [], "topics": [], "readers": [], "languages": languages, "kinds": KINDS}
        try:
            with self._open(load_config(self._path)) as press:
                found["days"] = [day.isoformat() for day in reversed(press.editions.days())][:60]
                found["topics"] = [{"slug": one.slug, "name": one.name} for one in press.config.topics]
                found["readers"] = [one.email for one in press.subscribers.active(limit=MOST_READERS)]
        except NewsletterError:
            pass  # the mail's place says what is wrong
        return found

    def send(self, query: Query, address: str) -> str:
        """Sends what is shown to an address, once, past the ledger; says what the next hop answered."""
        from newsletter.model.mail import Delivered
        from newsletter.stages.previewing import Chosen, send_chosen
        from newsletter.subscribe.addresses import parse_address

        if query.kind not in {"", "digest"}:
            raise UsageError("Only a digest can be sent as a test.", cure="Choose the digest.")
        with self._lock, self._open(load_config(self._path)) as press:
            chosen = self._choose(press, query)
            if not isinstance(chosen, Chosen):
                return f"There is nothing to send: {chosen.text}"
            outcome = send_chosen(press, chosen, _day(press, query), parse_address(address), locale=query.locale)
        if isinstance(outcome, Delivered):
            return f"Sent to {address}."
        reply = getattr(outcome, "reply", None)
        return f"Not sent to {address}: {reply.code} {reply.text}" if reply else f"Not sent to {address}."

    def _look(self, press: Press, query: Query) -> Seen:
        from newsletter.stages.previewing import Chosen, compose_chosen, preview_notice

        day = _day(press, query)
        if query.kind and query.kind != "digest":
            if query.kind not in KINDS:
                raise UsageError(
                    f'There is no mail of the kind "{query.kind}".', cure=f"There are: {', '.join(KINDS)}."
                )
            return Seen(*preview_notice(press, query.kind, day, email=query.reader, locale=query.locale))  # type: ignore[arg-type] # one of KINDS
        chosen = self._choose(press, query)
        if not isinstance(chosen, Chosen):
            hint = "" if press.papers.count() else " No paper is known yet: `newsletter collect` asks the sources."
            return Seen(silence=chosen.text + hint)
        found = compose_chosen(press, chosen, day, locale=query.locale)
        return Seen(found.rendered, found.message)

    def _choose(self, press: Press, query: Query) -> Chosen | Silence:
        """Kept for a while, so that a changed template shows at once on a day that has to be ranked first."""
        from newsletter.publish import moment
        from newsletter.stages.previewing import choose

        locale = query.locale if press.config.summaries.translate else ""
        key = (_mark([self._path or Path("config.toml")]), Query(query.day, query.topic, query.reader, locale))
        at, chosen = self._chosen.get(key, (0.0, None))
        if chosen is None or time.monotonic() - at > _CHOSEN_FOR:
            known = [topic.slug for topic in press.config.topics]
            if query.topic and query.topic not in known:
                raise UsageError(f'There is no topic "{query.topic}".', cure=f"There are: {', '.join(known)}.")
            topics = (query.topic,) if query.topic else ()
            asked = date.fromisoformat(query.day) if query.day else None
            until = moment(press, asked)
            chosen = choose(press, _day(press, query), until, email=query.reader, topics=topics, locale=locale)
            if len(self._chosen) > 50:
                self._chosen.clear()
            self._chosen[key] = (time.monotonic(), chosen)
        return chosen

    def _error(self, error: NewsletterError) -> dict[str, Any]:
        """What is wrong, with the lines around the place when it names one."""
        shown: dict[str, Any] = {"what": error.what, "cure": error.cure, "file": "", "line": 0, "lines": []}
        if found := _PLACE.search(error.what):
            path = next((file for folder in self._folders if (file := folder / found[1]).is_file()), None)
            if path is not None:
                line = int(found[2])
                lines = path.read_text("utf-8", "replace").split("\n")
                first = max(1, line - 4)
                shown |= {"file": str(path), "line": line}
                shown["lines"] = [[number, lines[number - 1]] for number in range(first, min(len(lines), line + 4) + 1)]
        return shown


def _day(press: Press, query: Query) -> date:
    if query.day:
        try:
            return date.fromisoformat(query.day)
        except ValueError:
            raise UsageError(f'"{query.day[:40]}" is not a day.', cure="Write it as 2026-11-20.") from None
    return press.edition_day(press.clock.now())


def _mark(files: list[Path]) -> str:
    seen = hashlib.blake2b(digest_size=8)
    for path in sorted(files):
        try:
            seen.update(f"{path}\0{path.stat().st_mtime_ns}\0".encode())
        except OSError:  # an editor that writes a new file in its place
            seen.update(f"{path}\0gone\0".encode())
    return seen.hexdigest()


def _about(rendered: Rendered, message: Message) -> dict[str, Any]:
    from newsletter.compose import lint
    from newsletter.compose.inspect import CLIP, inspect

    found = inspect(rendered, message.data)
    return {
        "subject": rendered.subject,
        "preheader": rendered.preheader,
        "text": rendered.text,
        "has_html": bool(rendered.html),
        "clip": CLIP,
        "size": asdict(found),
        "lint": [asdict(problem) for problem in lint(rendered)],
    }
