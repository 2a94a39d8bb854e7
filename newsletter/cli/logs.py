"""One line an event on stderr, for people or as JSON, without anybody's address."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.cli.frame import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.model.mail import Note
    from newsletter.press import Press

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@([\w.\[-]+)")


def logging_watch(press: Press) -> Callable[[Note], None]:
    """Sends all that is logged to stderr, in the form that `[newsletter] log` names; returns what logs a note."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if press.config.newsletter.log == "json" else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    own = logging.getLogger("newsletter.events")
    own.setLevel(logging.INFO)

    def watch(note: Note) -> None:
        own.log(_LEVELS[note.level], "%s", note.text, extra={"subject": note.subject})

    return watch


def masked(text: str) -> str:
    """Server answers like to repeat the address: its local part is nobody's business in a log."""
    return _ADDRESS.sub(r"...@\1", text)


def _facts(record: logging.LogRecord) -> dict[str, str]:
    text = record.getMessage()
    if record.exc_info and record.exc_info[0]:
        text += f": {record.exc_info[0].__name__}: {record.exc_info[1]}"
    return {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "subject": getattr(record, "subject", record.name),
        "text": masked(visible(" ".join(text.split()))),
    }


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "{at} {level} {subject}: {text}".format(**_facts(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_facts(record), ensure_ascii=False)
