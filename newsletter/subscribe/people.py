"""One row of a list of people, as text in named fields, becomes a subscriber or a reason why not."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, get_args

from babel import Locale, UnknownLocaleError

from newsletter.errors import AddressError
from newsletter.model.subscriber import CADENCES, Cadence, Status, Subscriber
from newsletter.subscribe.addresses import clean_name, needs_smtputf8, parse_address
from newsletter.subscribe.zones import zone_cure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

FIELDS = (
    "email",
    "name",
    "topics",
    "cadence",
    "send_hour",
    "timezone",
    "locale",
    "per_topic",
    "text_only",
    "status",
    "paused_until",
    "created_at",
    "confirmed_at",
    "consent",
)
_STATUSES: dict[str, Status] = {
    **{status: status for status in get_args(Status)},
    "subscribed": "active",
    "confirmed": "active",
    "enabled": "active",
    "unconfirmed": "pending",
    "unsubscribed": "left",
    "cleaned": "bounced",
}
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*")
_HOUR = re.compile(r"(\d{1,2})(?:[:.]0{1,2})?(?::00)?")


@dataclass(frozen=True, slots=True)
class Row:
    """A good row. `line` is the file's; `note` says what is unusual about it."""

    line: int
    subscriber: Subscriber
    note: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out: `given` is its address as it stood there, shortened; `reason` says what to mend."""

    line: int
    given: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the file as a whole that a person should know."""

    text: str


LONGEST_CONSENT = 10_000  # characters: each time that a reader comes back adds a line to it


class RowError(ValueError):
    """Why a row can't be: one sentence."""


def to_subscriber(fields: Mapping[str, str], *, topics: Collection[str] | None, consent: str) -> Subscriber:
    """The subscriber of one row of text; empty fields mean the newsletter's default. Raises RowError.

    `topics` are the slugs that exist, None: any. `consent` stands in when the row names none.
    """
    try:
        email = parse_address(fields.get("email", ""))
    except AddressError as error:
        raise RowError(f"{error.what[:1].upper()}{error.what[1:]}. {error.cure}") from None
    return Subscriber(
        email=email,
        name=clean_name(fields.get("name", "")),
        topics=_topics(fields.get("topics", ""), topics),
        cadence=_read(fields, "cadence", _cadence),
        send_hour=_read(fields, "send_hour", _hour),
        timezone=_read(fields, "timezone", _zone),
        locale=_read(fields, "locale", locale_code),
        per_topic=_read(fields, "per_topic", _cap),
        text_only=bool(_read(fields, "text_only", _flag)),
        status=_read(fields, "status", _status) or "active",
        paused_until=_read(fields, "paused_until", _day),
        created_at=_read(fields, "created_at", _instant),
        confirmed_at=_read(fields, "confirmed_at", _instant),
        consent=clean_name(fields.get("consent", ""), LONGEST_CONSENT) or consent,
    )


def remark_on(subscriber: Subscriber) -> str:
    """What is unusual about an address that is good all the same."""
    if needs_smtputf8(subscriber.email):
        return "the address is not plain ASCII: only a mail server with SMTPUTF8 can write to it"
    return ""


def _read(fields: Mapping[str, str], name: str, read: Callable[[str], Any]) -> Any:
    text = fields.get(name, "").strip()
    return read(text) if text else None


def _topics(text: str, known: Collection[str] | None) -> tuple[str, ...]:
    slugs = tuple(dict.fromkeys(slug for part in re.split(r"[;|,]", text) if (slug := part.strip().lower())))
    for slug in slugs:
        if known is not None and slug not in known:
            raise RowError(f'There is no topic "{_short(slug)}". {_meant(slug, known)}')
    return slugs


def _meant(word: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(word[:60], known, n=1, cutoff=0.6)
    return f'Did you mean "{found[0]}"?' if found else f"There are {', '.join(known)}."


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _cadence(text: str) -> Cadence:
    for cadence in CADENCES:
        if text.lower() == cadence:
            return cadence
    raise RowError(f'The cadence "{_short(text)}" is none of {", ".join(CADENCES)}.')


def _hour(text: str) -> int:
    found = _HOUR.fullmatch(text)
    if not found or int(found[1]) > 23:
        raise RowError(f'The send_hour "{_short(text)}" is no full hour from 0 to 23.')
    return int(found[1])


def _zone(text: str) -> str:
    if cure := zone_cure(text):
        raise RowError(f'There is no time zone "{_short(text)}". {cure}')
    return text


def locale_code(text: str) -> str:
    if not _LOCALE.fullmatch(text):
        raise RowError(f'The locale "{_short(text)}" is no code of a language, such as "en" or "pt_BR".')
    try:
        return str(Locale.parse(text.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        raise RowError(f'There is no locale "{_short(text)}". Write it as "en", "de" or "pt_BR".') from None


def _cap(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 50:
        raise RowError(f'The per_topic "{_short(text)}" is no whole number from 1 to 50.')
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false", "yes", "no", "1", "0"}:
        raise RowError(f'The text_only "{_short(text)}" is neither true nor false.')
    return text.lower() in {"true", "yes", "1"}


def _status(text: str) -> Status:
    status = _STATUSES.get(text.lower())
    if status is None:
        raise RowError(f'The status "{_short(text)}" is none of {", ".join(get_args(Status))}.')
    return status


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RowError(f'The paused_until "{_short(text)}" is no day such as 2026-11-20.') from None


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise RowError(f'"{_short(text)}" is no time such as 2026-11-20T08:00:00+00:00.') from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
