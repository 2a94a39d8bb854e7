"""`doctor`: everything tried out before anything is sent, each finding with its cure."""

from __future__ import annotations

import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import parseaddr
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from newsletter.cli import examining, surroundings
from newsletter.cli.frame import command, give, given_config, json_option, plural, say, tell
from newsletter.cli.standing_in import opened_or_stand_in
from newsletter.cli.surroundings import LOCAL, SAMPLE_DOMAINS
from newsletter.errors import ConfigError, NewsletterError, StoreError
from newsletter.model.finding import Finding
from newsletter.model.paper import Problem
from newsletter.patience import TooLateError, awaited
from newsletter.ports import Relays
from newsletter.stages.clocks import out_of_step, went_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.config import Config
    from newsletter.model.mail import Offered
    from newsletter.ports import Dns, Embedder, Mailbox, Signal, Source, Transport
    from newsletter.press import Press
    from newsletter.send.records import Sending

LONGEST = 30.0  # seconds for each check of the world


@command("doctor", short_help="Try everything out before anything is sent.")
@click.option("--mail", metavar="EMAIL", default="", help="And send a short test mail to this address.")
@json_option
def doctor(mail: str, as_json: bool) -> int:
    """Try out the configuration, the database, the clock, the templates, each source, the mail server, the DNS records
    of the sender (SPF, DKIM, DMARC, MX, PTR), the pages and the channels.

    Nothing is sent unless --mail asks for it, and no check takes longer than half a minute. The exit code is 1 when
    something is wrong; warnings do not count.
    """
    findings = []
    with opened_or_stand_in() as (press, trouble):
        for finding in chain(examine(press, trouble), _test_mail(press, mail) if mail else ()):
            findings.append(finding)
            if not as_json:
                _say(finding)
    problems = sum(finding.level == "problem" for finding in findings)
    if as_json:
        rows = [{"check": f.check, "level": f.level, "text": f.text, "cure": f.cure} for f in findings]
        give({"ok": not problems, "findings": rows})
    else:
        warnings = sum(finding.level == "warning" for finding in findings)
        well = f"No problem, {plural(warnings, 'warning')}." if warnings else "All well."
        say(f"{plural(problems, 'problem')} found." if problems else well)
    return 1 if problems else 0


def _say(finding: Finding) -> None:
    mark = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}[finding.level]
    say(f"{mark} {finding.check}: {finding.text}")
    if finding.cure:
        say(f"          {finding.cure}")


def examine(press: Press, trouble: StoreError | None = None) -> Iterator[Finding]:
    """Every check, quick ones first. `trouble`: why the database is not the newsletter's."""
    yield from _configuration(press.config)
    yield _secret(press.config)
    yield from examining.password_file(given_config() or press.config.folder / "config.toml")
    yield from surroundings.login(press.config)
    if trouble is None:
        yield from _database(press)
    else:
        yield Finding("database", "problem", trouble.what, trouble.cure)
    yield _clock(press)
    yield from surroundings.schedule(press)
    yield _templates(press)
    yield from surroundings.own_templates(press.config)
    yield from _world(press)
    yield from surroundings.skew(press)
    yield from examining.freshness(press)
    yield from examining.seeds(press)
    yield from _mail_server(press)
    yield from _dns(press)
    yield from _returns(press)
    yield from _pages(press)
    yield from examining.channels(press)


def _configuration(config: Config) -> Iterator[Finding]:
    topics, sources = len(config.topics), len(config.sources)
    yield Finding("config", "ok", f"{plural(topics, 'topic')}, {plural(sources, 'source')}")
    if not sources:
        yield Finding("sources", "problem", "there is none", "Add [[sources]] to config.toml.")
    yield from surroundings.publicity(config)


def _secret(config: Config) -> Finding:
    path = config.locate(config.newsletter.secret_file)
    if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("secret", "problem", f"{path} may be read by other users of this machine", f"chmod 600 {path}")
    return Finding("secret", "ok", f"{plural(len(config.secrets), 'secret')}, the first one signs")


def _database(press: Press) -> Iterator[Finding]:
    problems = press.check_store()
    for problem in problems:
        yield Finding("database", "problem", problem.what, problem.cure)
    if not problems:
        readers = sum(press.subscribers.counts().values())
        yield Finding("database", "ok", f"{plural(readers, 'reader')}, {plural(press.papers.count(), 'paper')}")


def _clock(press: Press) -> Finding:
    """A clock that went back would send days again; one far ahead would expire all mail, or double it."""
    now = press.clock.now()
    if (error := went_back(press) or out_of_step(press)) is not None:
        return Finding("clock", "problem", error.what, error.cure)
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, zone {press.config.newsletter.timezone}")


def _templates(press: Press) -> Finding:
    try:
        press.open_composer().check()
    except NewsletterError as error:
        return Finding("templates", "problem", error.what, error.cure)
    return Finding("templates", "ok", press.config.newsletter.templates or "the built-in ones")


def _world(press: Press) -> Iterator[Finding]:
    """Sources, signals and the model that topics are compared by, asked side by side, told in order."""
    asked: list[Source | Signal | Embedder] = [*press.sources, *press.signals]
    asked += [press.embedder] if press.embedder else []
    if asked:
        _waiting(", ".join(one.name for one in asked))
    gone = threading.Event()  # nobody waits any more: so that Ctrl-C ends it
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        try:
            for one, problem in zip(asked, pool.map(partial(_probe, gone.is_set), asked), strict=True):
                if problem is None:
                    yield Finding(one.name, "ok", "answers")
                else:
                    yield Finding(one.name, "problem", problem.what, problem.cure)
        finally:
            gone.set()


def _waiting(what: str) -> None:
    tell(f"asking {what}: {LONGEST:g} seconds at most")


def _probe(gone: Callable[[], bool], one: Source | Signal | Embedder) -> Problem | None:
    try:
        return awaited(one.probe, what=one.name, stop=gone, most=LONGEST)
    except TooLateError as error:
        return Problem(one.name, error.what, "Is the address right, and is the server well?")
    except Exception as error:  # noqa: BLE001  # edge: a source may be a plug-in, and the other checks go on
        what = f"a bug in this source: {type(error).__name__}: {str(error)[:200]}"
        return Problem(one.name, what, "Tell who made it; the other sources are asked all the same.")


def _mail_server(press: Press) -> Iterator[Finding]:
    delivery, relays = press.config.delivery, press.config.delivery_relays
    servers = [f"{one.host}:{one.port}" for one in relays] or [f"{delivery.host}:{delivery.port}"]
    place = delivery.path if delivery.transport == "maildir" else ", ".join(servers)
    if delivery.transport != "maildir":
        _waiting(place)
    try:
        transport = press.open_transport()
        try:
            envelope = surroundings.trial(press.config)
            found = awaited(partial(_tried, transport, place, envelope), what=place, most=LONGEST)
        finally:
            transport.close()
    except TooLateError as error:
        cure = 'Are [delivery] host, port and security right? Port 465 wants "tls", ports 587 and 25 do not.'
        yield Finding("delivery", "problem", error.what, cure)
    except ConfigError as error:
        yield Finding("delivery", "problem", " ".join(error.problems))
    except NewsletterError as error:
        yield Finding("delivery", "problem", error.what, error.cure)
    else:
        for where, problem in found:
            if isinstance(problem, Problem):
                yield Finding("delivery", "problem", problem.what, problem.cure)
                continue
            yield Finding("delivery", "ok", f"{delivery.transport} to {where}")
            if problem is not None:
                yield from examining.offers(where, problem)
                if envelope is not None:
                    yield from surroundings.turned(where, envelope, problem.turned)


def _tried(
    transport: Transport, place: str, envelope: tuple[str, str] | None
) -> list[tuple[str, Problem | Offered | None]]:
    """Each of several relays by itself."""
    return list(transport.check_each(envelope)) if isinstance(transport, Relays) else [(place, transport.check())]


def _dns(press: Press) -> Iterator[Finding]:
    """The records of the sender's domains, where there are any to ask about."""
    from newsletter.send.records import examine, reserved

    transport = press.config.delivery.transport
    if transport != "smtp":
        yield Finding("DNS", "ok", f"not checked: {transport} hands mail to mailboxes, not to the internet")
        return
    try:
        sending = _sending(press)
        if reason := reserved(sending.sender) or reserved(sending.envelope):
            yield Finding("DNS", "ok", f"not checked: {reason}")
            return
        _waiting("the DNS")
        resolver = press.open_dns()
        nowhere = awaited(lambda: list(surroundings.nowhere(sending.sender, resolver)), what="the DNS", most=LONGEST)
        yield from nowhere
        if not nowhere:
            yield from awaited(lambda: list(examine(sending, resolver)), what="the DNS", most=LONGEST)
        for host in _senders(press):
            yield from awaited(partial(_listed, examining.reverse, host, resolver), what="the DNS", most=LONGEST)
    except ConfigError as error:
        yield Finding("DNS", "problem", f"not checked: {' '.join(error.problems)}")
    except NewsletterError as error:
        yield Finding("DNS", "warning", f"not checked: {error.what}", error.cure)


def _listed(check: Callable[[str, Dns], Iterator[Finding]], host: str, resolver: Dns) -> list[Finding]:
    return list(check(host, resolver))


def _senders(press: Press) -> list[str]:
    """Machines of ours that hand mail to receivers; one with a login is a provider's, who looks after its own."""
    delivery, relays = press.config.delivery, press.config.delivery_relays
    ours = [one.host for one in (relays or [delivery]) if not one.username]
    here = delivery.helo_name or socket.getfqdn()
    return list(dict.fromkeys(here if host in LOCAL else host for host in ours if host))


def _pages(press: Press) -> Iterator[Finding]:
    """Links in mails that go out to others must lead somewhere."""
    url = urlsplit(press.config.newsletter.base_url)
    if press.look is None or press.config.delivery.transport == "maildir" or url.hostname in LOCAL:
        return
    if f".{url.hostname}".endswith(SAMPLE_DOMAINS):
        yield Finding("pages", "ok", f"not checked: {url.hostname} is reserved for examples and tests")
        return
    _waiting(url.geturl())
    look = press.look
    try:
        yield from awaited(lambda: list(examining.pages(press, look)), what=url.geturl(), most=LONGEST)
    except TooLateError as error:
        yield Finding("pages", "problem", error.what, "Is the web server up?")


def _test_mail(press: Press, email: str) -> Iterator[Finding]:
    """A mail by the way that all mails go, past the ledger."""
    from newsletter.model.mail import Delivered, Dropped
    from newsletter.stages.previewing import send_trial

    try:
        outcome = awaited(partial(send_trial, press, email), what="the mail server", most=2 * LONGEST)
    except NewsletterError as error:
        yield Finding("test mail", "problem", error.what, error.cure)
        return
    if isinstance(outcome, Delivered):
        yield Finding("test mail", "ok", f"handed over for {email}: see that it arrives, and not as spam")
    else:
        said = outcome.text if isinstance(outcome, Dropped) else f"{outcome.reply.code} {outcome.reply.text}"
        cure = "The mail server's answer says why; docs/delivery.md explains common ones."
        yield Finding("test mail", "problem", f"not taken: {said}", cure)


def _sending(press: Press) -> Sending:
    from newsletter.send.records import Sending

    delivery = press.config.delivery
    sender = parseaddr(press.config.newsletter.sender)[1].rpartition("@")[2].lower()
    envelope = delivery.bounce_domain.lower().rstrip(".") or sender
    relayed = bool(delivery.username) and not delivery.bounce_domain
    first, *more = press.dkim_records() or (None,)
    return Sending(sender, envelope, first, tuple(one for one in more if one), relayed)


def _has_mail(mailbox: Mailbox) -> bool:
    return any(True for _ in mailbox.letters(limit=1))


def _returns(press: Press) -> Iterator[Finding]:
    """Whether the mailboxes of `[[returns]]` can be read; nothing in them is changed."""
    for mailbox in press.mailboxes:
        _waiting(mailbox.name)
        try:
            waiting = awaited(partial(_has_mail, mailbox), what=mailbox.name, most=LONGEST)
        except NewsletterError as error:
            yield Finding("returns", "problem", error.what, error.cure)
        else:
            yield Finding("returns", "ok", f"{mailbox.name} can be read{' and has mail for tend' if waiting else ''}")
    delivery = press.config.delivery
    if press.mailboxes and not delivery.bounce_domain and delivery.transport != "maildir":
        cure = "Set [delivery] bounce_domain, and let that mailbox have its mail (docs/bounces.md)."
        yield Finding("bounces", "warning", "they go to the From address, and many will not be known", cure)
