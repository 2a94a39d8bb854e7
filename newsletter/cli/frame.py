"""What commands share: the configuration they were given, the press, and how they speak."""

from __future__ import annotations

import json
import re
import signal
import sys
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import click

from newsletter.cli.app import config_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import FrameType

    from newsletter.config import Config
    from newsletter.model.mail import Note
    from newsletter.press import Press

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)  # room for sums of days and zones on either side
SHOWN_WARNINGS = 5
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Day(click.ParamType):  # type: ignore[type-arg]  # older click has no parameter here
    """An ISO date, and nothing that merely looks like one; or `today` and `yesterday` by this machine's calendar."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        if value in {"today", "yesterday"}:
            return datetime.now().astimezone().date() - timedelta(days=value == "yesterday")
        day = None
        if _DAY.fullmatch(str(value)):
            with suppress(ValueError):
                day = date.fromisoformat(str(value))
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            self.fail(f"{day} is out of reach: days go from {FIRST_DAY} to {LAST_DAY}.", param, ctx)
        if day is None:
            self.fail(f'"{value}" is not a day. Write it as 2026-11-20, or today or yesterday.', param, ctx)
        return day


day_option = click.option(
    "--day", type=Day(), help="Act as at the end of this day (2026-11-20, today, yesterday), for every reader."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Speak of warnings and errors only: for cron.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A click command that also takes `--config`."""

    def make(function: Callable[..., Any]) -> click.Command:
        made: click.Command = click.command(name, cls=click.Command, **attributes)(config_option(function))
        return made

    return make


def given_config() -> Path | None:
    """The file of `--config`, if there was one."""
    return cast("Path | None", (click.get_current_context().find_root().obj or {}).get("config"))


def settings() -> Config:
    """The configuration of this call."""
    from newsletter.config import load_config

    return load_config(given_config())


@contextmanager
def opened(*, sends: bool = False) -> Iterator[Press]:
    """The press of this call's configuration; a secret that had to be made is mentioned.

    `sends`: the password of the mail server must be there before anything begins. Raises ConfigError.
    """
    from newsletter.config import ensure_secret, environment
    from newsletter.tracing import tracing

    given = settings()
    if sends:
        from newsletter.wiring_mail import require_login

        require_login(given)
    config, made = ensure_secret(given)
    if made is not None:
        tell(f"made {made}, which signs the links in mails; keep it in the backup")
    with tracing(environment()), press_opener()(config) as press:
        if press.upgraded:
            tell(press.upgraded)
        yield press


def press_opener() -> Callable[[Config], AbstractContextManager[Press]]:
    """What opens a press: the wiring, or what a test brought."""
    if given := (click.get_current_context().find_root().obj or {}).get("open_press"):
        return cast("Callable[[Config], AbstractContextManager[Press]]", given)
    from newsletter.wiring import open_press

    return open_press


def say(text: str = "") -> None:
    """One line for the person, on stdout."""
    print(visible(text))


def tell(text: str) -> None:
    """One line beside the result, on stderr."""
    print(visible(text), file=sys.stderr)


def give(document: Any) -> None:
    """The one JSON document of `--json`."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def visible(text: str) -> str:
    """Text from papers and servers without anything that could steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def watcher(*, as_json: bool, quiet: bool = False) -> Callable[[Note], None]:
    """Notes as they happen: on stdout for a person, on stderr beside a JSON document; warnings always on stderr.

    Of one subject's warnings in a row the first five are shown and the others counted: `status` has them.
    """
    row: list[str] = []  # the subjects of the warnings in a row, all the same

    def watch(note: Note) -> None:
        if row and (note.level != "warning" or note.subject != row[0]):
            if (more := len(row) - SHOWN_WARNINGS) > 0:
                tell(f"warning: {row[0]}: and {more} more; `newsletter status` shows them")
            row.clear()
        if note.level == "warning":
            row.append(note.subject)
            if len(row) > SHOWN_WARNINGS:
                return
        line = f"{'' if note.level == 'info' else note.level + ': '}{note.subject}: {note.text}"
        if note.level != "info" or not quiet:
            (tell if as_json or note.level != "info" else say)(line)

    return watch


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Asks whether to stop: after SIGTERM or the first Ctrl-C. What is under way ends well; a second Ctrl-C breaks."""
    asked = False

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked = True
        tell("stopping: finishing what is under way")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Counter:
    """A line on stderr that counts along, if somebody is watching."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = False
        self.live = sys.stderr.isatty()

    def show(self, done: int, total: int = 0) -> None:
        if self.live:
            of = f" of {total:,}" if total else ""
            print(f"\r\x1b[K{self._what} {done:,}{of}", end="", file=sys.stderr, flush=True)
            self._shown = True

    def end(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
