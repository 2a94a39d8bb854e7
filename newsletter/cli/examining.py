"""More that `doctor` tries: how fresh the sources are, what the mail server offers, PTR, the pages, the channels."""

from __future__ import annotations

import ipaddress
import json
import stat
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from newsletter.config_keys import SECTIONS
from newsletter.config_read import read_toml
from newsletter.errors import NewsletterError
from newsletter.health import has_answered, silent_sources
from newsletter.model.finding import Finding
from newsletter.stages.printing import unknown_seeds
from newsletter.stages.quiet_days import why_quiet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.model.mail import Offered
    from newsletter.ports import Dns
    from newsletter.press import Look, Press

LARGEST = 150_000  # octets: a digest is cut at 102 kB of HTML, and has a text beside it
RUNS = 200
STALE = timedelta(days=4)  # a long weekend without lists
SKEW = timedelta(minutes=5)
DOCS = "docs/delivery.md"


def freshness(press: Press) -> Iterator[Finding]:
    """Sources that answer, but whose lists stopped coming; nothing is said of one that was never asked for long."""
    now = press.clock.now()
    today = press.edition_day(now)
    runs = press.runs.last(limit=RUNS)
    failing = silent_sources(runs, press.source_names)
    for source in press.sources:
        if source.name in failing:
            since, said = failing[source.name]
            text = f"runs had no good answer since {since:%Y-%m-%d %H:%M} UTC: {said}"
            if len(runs) < RUNS and not has_answered(runs, source.name):
                text = f"it has never answered a run: {said}"
            yield Finding(f"{source.name} lists", "warning", text, "It answers now? Then the next run mends it.")
            continue
        if not source.daily:
            continue
        days = press.papers.answered(source.name, since=today - timedelta(days=60))
        quiet = sum(why_quiet(today - timedelta(days=n)) != "" for n in range(1, 15))
        if days and today - max(days) > STALE + timedelta(days=max(0, quiet - 4)):
            text = f"the last whole list is that of {max(days)}"
            cure = "Does its web site show newer papers? Then its format may have changed: look for a newer version."
            yield Finding(f"{source.name} lists", "warning", text, cure)


def seeds(press: Press) -> Iterator[Finding]:
    """Seed papers that no topic can be like, because nobody collected them."""
    topics = press.config.topics
    library = press.papers.get({one for topic in topics for one in (*topic.papers, *topic.papers_not)})
    for text in unknown_seeds(topics, library):
        cure = "Is the id right? A paper is known once a source listed it; what only a reader brought is hers alone."
        yield Finding("topics", "warning", text, cure)


def offers(where: str, offered: Offered) -> Iterator[Finding]:
    """What the server's EHLO means for us. Without an extension mail still goes out, only slower."""
    have = [name for name in ("PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8") if name in offered.keywords]
    lack = [name for name in ("PIPELINING", "CHUNKING") if name not in offered.keywords]
    size = f"mails of up to {offered.size / 1e6:,.1f} MB" if offered.size else "no limit of size named"
    words = f"{', '.join(have) or 'no extension that speeds mail up'}; {size}"
    if 0 < offered.size < LARGEST:
        cure = f"Raise the limit of the mail server (message_size_limit in Postfix) to {LARGEST:,} octets or more."
        yield Finding("SIZE", "problem", f"{where} takes mails of {offered.size:,} octets at most", cure)
    slow = f"; without {' and '.join(lack)} each mail waits for answers ({DOCS})" if lack else ""
    narrow = "" if "SMTPUTF8" in offered.keywords else "; without SMTPUTF8 no mail to addresses like ünï@example.org"
    yield Finding("SMTP extensions", "ok", f"{where} offers {words}{slow}{narrow}")


def reverse(host: str, dns: Dns) -> Iterator[Finding]:
    """PTR of the machine that sends: a name, and the same machine behind that name (Gmail 550-5.7.25, RFC 1912 2.1)."""
    check = f"PTR of {host}"
    try:
        addresses = [one for one in dns.addresses(host) if ipaddress.ip_address(one).is_global]
        if not addresses:
            yield Finding(check, "ok", "not checked: it has no public address that could be looked up")
            return
        for address in addresses:
            names = dns.names_of(address)
            good = [name for name in names if address in dns.addresses(name)]
            if not names:
                cure = f"Ask who gave you {address} for a PTR record that names {host}."
                yield Finding(check, "problem", f"{address} has no name, and large receivers refuse its mail", cure)
            elif not good:
                cure = f"Let the PTR record of {address} and the address of that name point at each other."
                yield Finding(check, "problem", f"{address} is called {names[0]}, which is another machine", cure)
            else:
                yield Finding(check, "ok", f"{address} is {good[0]}")
    except NewsletterError as error:
        yield Finding(check, "warning", f"not checked: {error.what}", error.cure)


def pages(press: Press, look: Look) -> Iterator[Finding]:
    """Whether the links in mails lead to this newsletter's pages, and whether the clocks agree."""
    base = press.config.newsletter.base_url
    answer = look(f"{base}/healthz?pages=1")
    if answer.trouble:
        cure = (
            "Start `newsletter serve`, and let your web server with TLS hand this address over to it (docs/deploy.md)."
        )
        yield Finding("pages", "problem", f"{base} cannot be reached: {answer.trouble}", cure)
        return
    ours = False
    with suppress(ValueError, TypeError, AttributeError):
        ours = "status" in json.loads(answer.body)
    if ours:
        yield Finding("pages", "ok", f"{base} shows this newsletter's pages")
    else:
        cure = (
            "Set [newsletter] base_url to where `newsletter serve` is reached: without it nobody can leave by a click."
        )
        yield Finding("pages", "problem", f"{base} answers, but not with the pages of a newsletter", cure)
    with suppress(ValueError, TypeError):
        off = press.clock.now() - parsedate_to_datetime(answer.date)
        if abs(off) > SKEW:
            text = f"this machine's is {abs(off).total_seconds() / 60:,.0f} minutes off from that of {base}"
            yield Finding("clock", "warning", text, "Set the clock right, best with NTP.")


def channels(press: Press) -> Iterator[Finding]:
    """Their addresses, as far as they can be read without posting."""
    if not press.config.channels:
        return
    try:
        opened = press.open_channels()
    except NewsletterError as error:
        yield Finding("channels", "problem", error.what, error.cure)
        return
    for one in opened:
        problem = one.check()
        if problem is not None:
            yield Finding(f"channel {one.name}", "problem", problem.what, problem.cure)
        else:
            yield Finding(
                f"channel {one.name}", "ok", f"its address can be used; `newsletter channels test {one.name}`"
            )


def password_file(path: Path) -> Iterator[Finding]:
    """Passwords and keys in a configuration that others of this machine may read."""
    if not path.is_file() or not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return
    held = _secrets(read_toml(path))
    if held:
        cure = f"chmod 600 {path}, or give them in the environment."
        text = f"{path} holds {', '.join(held)}, and other users of this machine may read it"
        yield Finding("passwords", "warning", text, cure)


def _secrets(given: dict[str, Any]) -> list[str]:
    """The settings of a config.toml that hold something secret."""
    found = []
    for section in SECTIONS:
        tables: Any = given
        for part in section.name.split("."):
            tables = tables.get(part, {}) if isinstance(tables, dict) else {}
        for table in tables if isinstance(tables, list) else [tables]:
            held = table if isinstance(table, dict) else {}
            found += [f"[{section.name}] {key.name}" for key in section.keys if key.secret and held.get(key.name)]
    return list(dict.fromkeys(found))
