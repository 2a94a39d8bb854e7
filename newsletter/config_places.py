"""Settings that follow the world's rules: mailboxes, time zones, languages, databases, hosts, web addresses."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Any
from urllib.parse import urlsplit

from newsletter.config_values import Kind, Wrong, choice, require_text
from newsletter.subscribe.zones import zone_cure

_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_MAILBOX = re.compile(r"\s*(?:\"?([^<>\"]*?)\"?\s*)<([^<>]*)>\s*")


def split_mailbox(text: str) -> tuple[str, str]:
    """`Name <address>` or `address` as (name, address), unchecked."""
    if found := _MAILBOX.fullmatch(text):
        return found[1].strip(), found[2].strip()
    return "", text.strip()


def _mailbox(raw: Any) -> str:
    from newsletter.errors import AddressError  # noqa: PLC0415 - the address rules load slowly
    from newsletter.subscribe.addresses import parse_address  # noqa: PLC0415

    if not isinstance(raw, str):
        raise Wrong("must be text", 'Put it in quotes: "Trending Papers <papers@example.org>".')
    if not raw.strip():
        return ""
    name, address = split_mailbox(raw)
    normal, problem = "", ""
    try:
        normal = parse_address(address)
    except AddressError as error:
        problem = error.what
    if re.search(r"[\x00-\x1f\x7f]", raw):
        problem = "it holds a control character"
    elif not normal.isascii():
        problem = "a sender's must be plain ASCII"
    if problem:
        raise Wrong(f"must be a mail address ({problem})", 'Write "Trending Papers <papers@example.org>".')
    return f"{name} <{normal}>" if name else normal


def _sender(raw: Any) -> str:
    if not (value := _mailbox(raw)):
        raise Wrong("must not be empty", 'Write "Trending Papers <papers@example.org>".')
    return value


def mailbox_address(text: str) -> Address:
    """A checked mailbox of the configuration as the standard library's Address."""
    name, address = split_mailbox(text)
    return Address(display_name=name, addr_spec=address)


def _zone(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Wrong("must be the name of a time zone", 'Write "Europe/Berlin" or "UTC".')
    if cure := zone_cure(raw):
        raise Wrong("must be the name of a time zone", cure)
    return raw


def _locale(raw: Any) -> str:
    if isinstance(raw, str) and _LOCALE.fullmatch(raw):
        if raw == "en":
            return raw
        from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - loads slowly, and most say "en"

        try:
            return str(Locale.parse(raw.replace("-", "_")))
        except (UnknownLocaleError, ValueError):
            pass
    raise Wrong("must be the code of a language", _language_cure(raw) or 'Write "en", "de" or "pt_BR".')


def _language_cure(raw: Any) -> str:
    """The code of a language that was written out, in English or its own words, or nearly so."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    from babel import Locale, localedata  # noqa: PLC0415

    codes = {name.casefold(): code for code, name in Locale("en").languages.items() if localedata.exists(code)}
    for code in ("ar", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "zh"):
        codes[str(Locale(code).display_name).casefold()] = code
    meant = get_close_matches(str(raw).casefold(), codes, n=1, cutoff=0.75)
    return f'Did you mean "{codes[meant[0]]}"?' if meant else ""


def _database(raw: Any) -> str:
    value = raw.strip() if isinstance(raw, str) else ""
    scheme = value.partition(":")[0]
    if scheme == "sqlite" and value.startswith("sqlite:///") and value != "sqlite:///":
        return value
    if scheme == "postgresql+psycopg" and urlsplit(value).path.strip("/"):
        return value
    if scheme in {"postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"}:
        cure = 'Begin it with "postgresql+psycopg://": that is the driver this program uses.'
    elif scheme == "sqlite":
        cure = "Write three slashes before the file's name."
    else:
        cure = ""
    raise Wrong('must be "sqlite:///subscribers.db" or like "postgresql+psycopg://user@host/name"', cure)


def redact_database(url: str) -> str:
    """The database's address without its password."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:********@", url)


def _host(raw: Any) -> str:
    value = require_text(raw).strip().rstrip(".")
    if not value:
        return ""
    if value.startswith("[") or ":" in value:
        import ipaddress  # noqa: PLC0415 - rare, and costs start-up time

        try:
            return str(ipaddress.ip_address(value.strip("[]")))
        except ValueError:
            raise Wrong(
                "must be a host name",
                'Write only the name, such as "smtp.example.org"; `port` is a setting of its own.',
            ) from None
    try:
        ascii_ = value.encode("idna").decode()
    except UnicodeError:
        ascii_ = value
    if not _HOST.fullmatch(ascii_):
        raise Wrong("must be a host name", 'Write only the name, such as "smtp.example.org".')
    return ascii_


def _url(raw: Any) -> str:
    value = require_text(raw, '"https://papers.example.org"').strip()
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"[\s\x00-\x1f\x7f<>\"\\]", value):
        cure = f'Did you mean "https://{value}"?' if re.fullmatch(r"[\w.-]+\.\w+(/\S*)?", value) else ""
        raise Wrong("must be a web address that begins with http:// or https://", cure)
    return value


def _base_url(raw: Any) -> str:
    value = _url(raw)
    if not value:
        raise Wrong("must not be empty", 'Write where readers reach the pages, such as "https://papers.example.org".')
    parts = urlsplit(value)
    if parts.query or parts.fragment or parts.username or parts.password:
        raise Wrong("must be a plain web address", "Leave out everything from ? or # on, and any user name.")
    return value.rstrip("/")


SENDER = Kind("`Name <address>`", _sender)
MAILBOX = Kind("`Name <address>`, or empty", _mailbox, blank_is_unset=False)
ZONE = Kind("time zone", _zone)
LOCALE = Kind("language", _locale)
DATABASE = Kind("database address", _database)
HOST = Kind("host name", _host, blank_is_unset=False)
URL = Kind("http or https address", _url, blank_is_unset=False)
BASE_URL = Kind("http or https address", _base_url)


def source_kind(*ours: str) -> Kind:
    """One of ours, or a name among the entry points `newsletter.sources` of what is installed."""
    plain = choice(*ours)

    def parse(raw: Any) -> str:
        from importlib.metadata import entry_points  # noqa: PLC0415 - loads slowly, and most name one of ours

        if isinstance(raw, str) and raw not in ours and raw in entry_points(group="newsletter.sources").names:
            return raw
        try:
            return str(plain.parse(raw))
        except Wrong as error:
            own = "If a package of your own brings it, install that into the environment of this program."
            raise Wrong(error.what, error.cure or own) from None

    return Kind(f"{plain.label}, or a plug-in", parse)
