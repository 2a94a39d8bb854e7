"""More that `doctor` tries: templates of one's own, the clock against the world's, the schedule, the envelope."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.health import judge
from newsletter.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.config import Config
    from newsletter.model.mail import Turned
    from newsletter.ports import Dns
    from newsletter.press import Press

SKEW = timedelta(minutes=5)
FAR = timedelta(hours=1)  # a reader's mail then comes in another hour than hers
SHOWN = 5
LOCAL = ("localhost", "127.0.0.1", "::1")
SAMPLE_DOMAINS = (".example.org", ".example.com", ".example", ".test")
# Providers whose own servers alone may send in the name of their users: their DMARC policies, or their terms, say so.
_MICROSOFT, _GOOGLE, _APPLE = (
    ("office365.com", "outlook.com"),
    ("gmail.com", "googlemail.com"),
    ("me.com", "icloud.com"),
)
MAILBOXES = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GOOGLE),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com"), _MICROSOFT),
    **dict.fromkeys(("icloud.com", "me.com"), _APPLE),
    **dict.fromkeys(("yahoo.com", "aol.com"), ("yahoo.com", "aol.com")),
    **dict.fromkeys(("gmx.de", "gmx.net"), ("gmx.net", "gmx.com")),
    **dict.fromkeys(("web.de", "mail.ru", "qq.com", "163.com"), ()),
    "proton.me": ("protonmail.ch",),
}


def own_templates(config: Config) -> Iterator[Finding]:
    """A folder that is not there, and files that no template is looked up by: ours stay in use without a word."""
    from newsletter.compose.overrides import known_names, unused

    given = config.newsletter.templates
    if not given:
        return
    folder = config.locate(given)
    if not folder.is_dir():
        cure = "Make it, or correct [newsletter] templates: until then the built-in templates are in use."
        yield Finding("own templates", "warning", f"there is no folder {folder}", cure)
        return
    strays = unused(folder)
    for one in strays[:SHOWN]:
        cure = f"Call it {one.meant}." if one.meant else "docs/writing-a-template.md lists the names of all files."
        yield Finding("own templates", "warning", f"nothing looks for {folder / one.name}", cure)
    if len(strays) > SHOWN:
        yield Finding("own templates", "warning", f"and for {len(strays) - SHOWN} more files there")
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    if not strays and not any(one in known_names() or one.startswith("locales/") for one in names):
        text = f"{folder} holds none, so all come from the program"
        yield Finding("own templates", "warning", text, "Put files there, as docs/writing-a-template.md names them.")


def skew(press: Press) -> Iterator[Finding]:
    """This machine's clock against those of the servers that just answered; one of them may be wrong itself."""
    offsets = press.clock_offsets()
    if not offsets:
        return
    off = timedelta(seconds=median(one.total_seconds() for one in offsets.values()))
    if abs(off) <= SKEW:
        return
    ahead = "ahead of" if off > timedelta() else "behind"
    text = f"it is {_span(abs(off))} {ahead} that of {', '.join(sorted(offsets)[:3])}"
    cure = "Set the clock right, best with NTP (`timedatectl set-ntp true`): readers get their mail by it."
    yield Finding("clock", "problem" if abs(off) > FAR else "warning", text, cure)


def _span(off: timedelta) -> str:
    minutes = off / timedelta(minutes=1)
    return f"{minutes:,.0f} minutes" if minutes < 180 else f"{minutes / 60:,.0f} hours"


def schedule(press: Press) -> Iterator[Finding]:
    """Whether the runs come as they used to. Nothing is said of a newsletter that has never run."""
    now = press.clock.now()
    runs = [run for run in press.runs.last(limit=60) if run.started_at <= now]
    if not runs:
        return
    every = press.config.schedule.collect_every
    for one in judge(runs, now=now, collect_every=every, sources=(), next_due=None).findings:
        cure = "`newsletter status` says more."
        if one.subject == "schedule":
            cure = "`newsletter status` shows the last runs; deploy/ has the line for cron, the timer and the service."
        yield Finding(one.subject, "problem" if one.state == "broken" else "warning", one.text, cure)


def publicity(config: Config) -> Iterator[Finding]:
    """What a newsletter needs that goes out to others (facts: RFC 8058 section 3.1, CAN-SPAM)."""
    settings, delivery = config.newsletter, config.delivery
    url = urlsplit(settings.base_url)
    local = url.hostname in LOCAL
    if delivery.transport == "maildir":
        if not local and not settings.postal_address:
            yield Finding("postal address", "warning", "is empty", "Fill in [newsletter] postal_address.")
        return
    sender = settings.sender.rpartition("@")[2].strip("<> ").lower()
    if f".{sender}".endswith(SAMPLE_DOMAINS):
        cure = "Put an address of your own domain into [newsletter] from."
        yield Finding("sender", "warning", f"{settings.sender} is of a domain for examples: nobody can answer it", cure)
    if local:
        cure = "Put the public https address into [newsletter] base_url; the links in mails are made from it."
        yield Finding("base_url", "warning", f"{settings.base_url} opens on this machine only", cure)
    elif url.scheme != "https":
        cure = "Mail programs offer one-click leaving with https only (RFC 8058): use an https base_url."
        yield Finding("base_url", "problem", f"{settings.base_url} is not https", cure)
    if not settings.postal_address:
        cure = "Fill in [newsletter] postal_address: the law asks for it in lists that are open to the public."
        yield Finding("postal address", "warning" if local else "problem", "is empty", cure)


def login(config: Config) -> Iterator[Finding]:
    """A login with a blank or line end that nobody sees, and a sender whom another provider stands for."""
    delivery = config.delivery
    if delivery.transport != "smtp":
        return
    for key, value in (("username", delivery.username), ("password", delivery.password)):
        if value != value.strip():
            cure = (
                f"Is that meant? Else take it away from [delivery] {key}, or from the variable or file it comes from."
            )
            yield Finding("login", "warning", f"[delivery] {key} begins or ends with a blank or line end", cure)
    domain = _domain(config)
    homes = tuple(f".{home}" for home in (domain, *MAILBOXES.get(domain, ())))
    hosts = [one.host.lower() for one in config.delivery_relays] or [delivery.host.lower()]
    # A relay of one's own, or Proton's Bridge, logs in at the provider in its turn.
    strange = [host for host in hosts if host not in LOCAL and not f".{host}".endswith(homes)]
    if domain in MAILBOXES and strange:
        text = f"mail from {domain} that comes by {', '.join(strange)} looks forged to receivers"
        cure = f"Send by {domain}'s own server, or with an address of your own domain in [newsletter] from."
        yield Finding("sender", "warning", text, cure)


def _domain(config: Config) -> str:
    return parseaddr(config.newsletter.sender)[1].rpartition("@")[2].lower()


def nowhere(domain: str, dns: Dns) -> Iterator[Finding]:
    """A sender's domain of which the DNS knows nothing at all: misspelt, or not registered yet."""
    if not (dns.mail_servers(domain) or dns.texts(domain) or dns.has_address(domain)):
        cure = "Is the domain of [newsletter] from spelt right, and registered? Then set its records: docs/delivery.md."
        yield Finding(f"DNS of {domain}", "problem", "there is no record of any kind", cure)


def trial(config: Config) -> tuple[str, str] | None:
    """Sender and recipient of the envelope that a mail server is offered; nothing is sent."""
    if config.delivery.transport != "smtp":
        return None
    address = parseaddr(config.newsletter.sender)[1]
    bounces = config.delivery.bounce_domain
    sender, recipient = f"b+doctor@{bounces}" if bounces else address, config.newsletter.operator or address
    recipient = parseaddr(recipient)[1]
    return (sender, recipient) if f"{sender}{recipient}".isascii() else None


def turned(where: str, envelope: tuple[str, str], answer: Turned | None) -> Iterator[Finding]:
    """What a server said to the envelope."""
    sender, recipient = envelope
    if answer is None:
        yield Finding("envelope", "ok", f"{where} takes mail from {sender} to {recipient}; none was sent")
        return
    phase, reply = answer
    words = " ".join(str(part) for part in (reply.code, reply.enhanced, reply.text[:200]) if part)
    if reply.code // 100 == 4:
        text = f"{where} puts it off for now, as some do with whom they do not know: {words}"
        yield Finding("envelope", "ok" if phase == "rcpt" else "warning", text)
    elif reply.code == 530 or reply.enhanced == "5.7.0":
        cure = "Set [delivery] username and password: it wants a login first."
        yield Finding("envelope", "problem", f"{where} takes no mail yet: {words}", cure)
    elif phase == "mail":
        cure = (
            "Put a sender that this login may use into [newsletter] from (and [delivery] bounce_domain, if it is set)."
        )
        yield Finding("envelope", "problem", f"{where} takes no mail from {sender}: {words}", cure)
    elif reply.enhanced.startswith("5.1.") or (reply.code in {550, 553} and not reply.enhanced.startswith("5.7.")):
        cure = (
            "Answers to your mails go there: make that mailbox, or name another as [newsletter] operator or reply_to."
        )
        yield Finding("envelope", "warning", f"{where} knows nobody at {recipient}: {words}", cure)
    else:
        cure = "Set [delivery] username, or let the server relay for this machine (mynetworks in Postfix)."
        yield Finding("envelope", "problem", f"{where} refuses mail to {recipient}: {words}", cure)
