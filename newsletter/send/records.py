"""Judges the DNS records that decide whether mail arrives: SPF, DKIM, DMARC and MX, each finding with its cure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.finding import Finding
from newsletter.send.spf import DOCS, gather_spf, judge_spf, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.model.finding import Level
    from newsletter.ports import Dns

# RFC 2606, 6761, 6762, 8375 and 9476: names that no public DNS server answers for.
_RESERVED = ("test", "example", "invalid", "localhost", "local", "internal", "home.arpa", "onion", "alt")
_SAMPLES = ("example.com", "example.net", "example.org")


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sends: the domain of From, the one of the envelope (the bounce domain), and our key's record, if we sign."""

    sender: str
    envelope: str
    dkim: tuple[str, str] | None = None  # (name, TXT) as `Signer.record()` gives it
    more_dkim: tuple[tuple[str, str], ...] = ()  # of further keys
    relayed: bool = False  # a provider sends for us, with a login


def examine(sending: Sending, dns: Dns) -> Iterator[Finding]:
    """Every finding; a check that got no answer is a warning, and the others go on."""
    for domain in dict.fromkeys((sending.sender, sending.envelope)):
        if reason := reserved(domain):
            yield Finding("DNS", "ok", f"not checked: {reason}")
            return
    sender, envelope = sending.sender, sending.envelope
    yield from _asked(f"SPF of {envelope}", lambda: _spf(sending, dns))
    yield from _asked("DKIM", lambda: _dkim(sending, dns))
    yield from _asked(f"DMARC of {sender}", lambda: _dmarc(sending, dns))
    for domain in dict.fromkeys((envelope, sender)):
        yield from _asked(f"MX of {domain}", partial(_mx, sending, domain, dns))


def reserved(domain: str) -> str:
    """Why nobody can answer for a domain, or "" when somebody may."""
    name = domain.rstrip(".").lower()
    if not name or "." not in name or name.startswith("[") or re.fullmatch(r"[\d.]+|.*:.*", name):
        return f"{shown(domain, 80) or 'the sender'} is no public domain"
    if f".{name}".endswith(tuple(f".{one}" for one in (*_RESERVED, *_SAMPLES))):
        return f"{shown(domain, 80)} is reserved for examples, tests or networks of one's own"
    return ""


def judge_dkim(name: str, wanted: str, texts: tuple[str, ...]) -> Iterator[Finding]:
    """The record of our key (RFC 6376 3.6.1) against the one that stands in the DNS at `name`."""
    check, put = f"DKIM at {name}", f'Put one TXT record there: "{wanted}" ({DOCS}).'
    if len(texts) != 1:
        text = (
            f"there are {len(texts)} records, and receivers may take the wrong one" if texts else "there is no record"
        )
        yield Finding(check, "problem", text, put)
        return
    tags, ours = _tags(texts[0]), _tags(wanted)
    key = "".join(tags.get("p", "").split())
    if not key:
        there = "it holds no key (an empty p= says that the key is revoked)" if "p" in tags else "it holds no p="
        yield Finding(check, "problem", f"{there}: {shown(texts[0])}", put)
    elif (tags.get("k", "rsa"), key) != (ours["k"], ours["p"]):
        yield Finding(check, "problem", "it holds another key than [delivery] dkim_key, so every signature fails", put)
    elif tags.get("v", "DKIM1") != "DKIM1" or "sha256" not in tags.get("h", "sha256").lower():
        yield Finding(check, "problem", f"receivers do not take it: {shown(texts[0])}", put)
    elif not {"*", "email"} & {one.strip().lower() for one in tags.get("s", "*").split(":")}:
        yield Finding(check, "problem", f"it is not for mail (s={shown(tags['s'], 40)})", put)
    elif "y" in tags.get("t", "").lower().split(":"):
        cure = "Remove t=y from the record when your tests are done."
        yield Finding(check, "warning", "it says that you are only testing (t=y)", cure)
    else:
        yield Finding(check, "ok", "it is the one of [delivery] dkim_key")


def judge_dmarc(sending: Sending, found: tuple[tuple[str, tuple[str, ...]], ...]) -> Iterator[Finding]:
    """`found`: (domain, its DMARC records) of the sender's domain and those above it, longest first.

    The longest one with a record sets the policy, the shortest one stands for the organization: the tree walk of
    draft-ietf-dmarc-dmarcbis, which needs no list of public suffixes as RFC 7489 3.2 does.
    """
    sender, check = sending.sender, f"DMARC of {sending.sender}"
    holders = [(domain, records) for domain, records in found if records]
    if not holders:
        cure = f'Add a TXT record at _dmarc.{sender}: "v=DMARC1; p=none; rua=mailto:you@{sender}" ({DOCS}).'
        text = "there is no record; large receivers refuse or hide bulk mail without one (550 5.7.515, 5.7.26)"
        yield Finding(check, "warning", text, cure)
        return
    holder, records = holders[0]
    if len(records) > 1:
        text = f"there are {len(records)} records at _dmarc.{holder}, and all are ignored"
        yield Finding(check, "problem", text, f"Keep one TXT record at _dmarc.{holder}.")
        return
    tags = _tags(records[0])
    if tags.get("p", "").lower() not in {"none", "quarantine", "reject"}:
        text = f"it has no valid p=: {shown(records[0])}"
        cure = f"Put p=none (or quarantine, or reject) right behind v=DMARC1; in the record at _dmarc.{holder}."
        yield Finding(check, "problem", text, cure)
        return
    yield Finding(check, "ok", shown(records[0]) if holder == sender else f"of {holder}: {shown(records[0])}")
    yield from _alignment(sending, holders[-1][0], strict=tags.get("aspf", "r").lower() == "s")


def judge_mx(
    domain: str, hosts: tuple[str, ...], *, gone: tuple[str, ...], address: bool, worst: Level = "problem"
) -> Iterator[Finding]:
    """`gone`: those of `hosts` that have no address; `address`: whether the domain itself has one."""
    check, cure = f"MX of {domain}", f"Put an MX record at {domain} that names your mail server ({DOCS})."
    if "" in hosts:
        text = "it says that this domain takes no mail (null MX), and receivers refuse mail from it (RFC 7505)"
        yield Finding(check, worst, text, cure)
    elif not hosts and not address:
        text = "there is no mail server: bounces and replies cannot come, and receivers refuse such senders"
        yield Finding(check, worst, text, cure)
    elif not hosts:
        text = "there is none; mail goes to the address of the domain itself"
        yield Finding(check, "warning", text, f"Put an MX record at {domain} if another machine takes its mail.")
    elif gone:
        text = f"{shown(', '.join(gone))} cannot be reached: there is no address"
        cure = "An MX record names a host that has an A or AAAA record, never an IP address."
        yield Finding(check, worst if set(gone) == set(hosts) else "warning", text, cure)
    else:
        yield Finding(check, "ok", shown(", ".join(hosts)))


def _asked(check: str, judge: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from list(judge())
    except NewsletterError as error:
        yield Finding(check, "warning", f"not checked: {error.what}", error.cure)


def _spf(sending: Sending, dns: Dns) -> Iterator[Finding]:
    return judge_spf(sending.envelope, gather_spf(sending.envelope, dns.texts), relayed=sending.relayed)


def _dkim(sending: Sending, dns: Dns) -> Iterator[Finding]:
    if sending.dkim is None:
        yield Finding("DKIM", "ok", "not checked: mails are not signed here; your mail server has to do it")
    else:
        for record in (sending.dkim, *sending.more_dkim):
            yield from judge_dkim(*record, dns.texts(record[0]))


def _dmarc(sending: Sending, dns: Dns) -> Iterator[Finding]:
    labels = sending.sender.split(".")
    above = [".".join(labels[at:]) for at in range(len(labels) - 1)]  # at least two labels: no registry's own policy
    names = [*above[:1], *above[1:][-7:]]  # eight questions at most, as the tree walk has it
    return judge_dmarc(sending, tuple((name, _dmarc_records(dns.texts(f"_dmarc.{name}"))) for name in names))


def _dmarc_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text))


def _mx(sending: Sending, domain: str, dns: Dns) -> Iterator[Finding]:
    """Without the envelope's mail server mail is refused; without From's own, replies are lost."""
    hosts = dns.mail_servers(domain)
    gone = tuple(host for host in hosts[:10] if host and not dns.has_address(host))
    worst: Level = "problem" if domain == sending.envelope and not sending.relayed else "warning"
    return judge_mx(domain, hosts, gone=gone, address=bool(hosts) or dns.has_address(domain), worst=worst)


def _alignment(sending: Sending, organization: str, *, strict: bool) -> Iterator[Finding]:
    """SPF counts for DMARC only when the envelope's domain goes with From's (RFC 7489 3.1.2); our DKIM key's does."""
    sender, envelope = sending.sender, sending.envelope
    related = f".{envelope}".endswith(f".{organization}")
    if envelope == sender or (related and not strict):
        return
    which = f"aspf=s wants {sender} itself" if related else f"it is not under {organization}"
    text = f"SPF of {envelope} does not count for {sender}: {which}"
    cure = f"Set [delivery] bounce_domain to {sender if strict else f'a name under {organization}'}"
    if sending.dkim is None:
        cure += ", or be sure that mails are signed with DKIM for your domain"
    yield Finding(f"DMARC of {sender}", "warning", text, f"{cure}.")


def _tags(record: str) -> dict[str, str]:
    """`a=b; c=d` as a dict with lower-case names; what is no tag is left out (RFC 6376 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
