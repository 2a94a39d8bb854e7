"""Config to Press: the only module that constructs adapters."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.errors import UsageError
from newsletter.model.mail import Letterhead
from newsletter.press import Press
from newsletter.wiring_late import LateTuple
from newsletter.wiring_mail import dkim_signers, open_transport
from newsletter.wiring_models import filling, open_models, rank_settings
from newsletter.wiring_world import (
    look,
    open_dns,
    open_embedder,
    open_http,
    open_lookup,
    open_signal,
    open_source,
    open_summarizer,
    provider_fetch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

    from newsletter.collect.http import Http
    from newsletter.compose import Composer
    from newsletter.config import Config, ReturnsConfig
    from newsletter.ports import (
        Channel,
        Clock,
        Mailbox,
    )
    from newsletter.press import Watch
    from newsletter.store.open import Store
    from newsletter.subscribe.calendar import Defaults


@dataclass(frozen=True, slots=True)
class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def open_press(config: Config, *, clock: Clock | None = None) -> Iterator[Press]:
    """Everything that the missions need, closed again at the end."""
    from newsletter.config import ensure_secret

    config, _ = ensure_secret(config)
    with (
        closing(open_store(config)) as store,
        open_http(letterhead_of(config).address, store.records) as http,
    ):
        yield _press(config, clock or WallClock(), store, http)


def _press(config: Config, clock: Clock, store: Store, http: Http) -> Press:
    from newsletter.subscribe.links import Signer

    letterhead = letterhead_of(config)
    return Press(
        config=config,
        clock=clock,
        sources=LateTuple(lambda: tuple(open_source(config, one, http) for one in config.sources)),
        signals=LateTuple(lambda: tuple(open_signal(one, http, store.records) for one in config.signals)),
        papers=store.papers,
        editions=store.editions,
        subscribers=store.subscribers,
        ledger=store.ledger,
        runs=store.runs,
        limits=store.limits,
        records=store.records,
        vectors=store.vectors,
        lookup=open_lookup(config, http),
        summarizer=open_summarizer(config, http),
        returns=store.returns,
        open_channels=cache(lambda: _open_channels(config)),
        channel_ledger=store.channels,
        mailboxes=tuple(_open_mailbox(config, one) for one in config.returns if one.kind != "lmtp"),
        signer=Signer(config.secrets),
        letterhead=letterhead,
        reader_defaults=_reader_defaults(config),
        rank_settings=rank_settings(config),
        open_transport=lambda: open_transport(config, store.pace.reserve, clock),
        open_composer=cache(lambda: _open_composer(config, letterhead)),
        open_models=cache(lambda: open_models(config)),
        embedder=open_embedder(config, http),
        embeddings=store.embeddings,
        open_dns=open_dns,
        look=partial(look, config, http),
        clock_offsets=lambda: dict(http.clock_offsets),
        clock_ahead=lambda: store.clock_ahead(WallClock().now()),
        dkim_records=lambda: tuple(signer.record() for signer in dkim_signers(config)),
        check_store=store.check,
        open_jobs=store.jobs,
        reserve=store.pace.reserve,
        allow=store.pace.take,
        copy_store=store.copy,
        upgraded=_upgraded(store),
        filling=filling(config),
    )


def open_app(press: Press) -> ASGIApp:
    """The web pages over a press. Costs the import of the web framework, which only `serve` pays."""
    from newsletter.web.app import create_app
    from newsletter.web.settings import HookSettings, WebSettings

    web = press.config.web
    assert press.limits is not None
    assert press.records is not None
    hooks = HookSettings(
        ses_topics=web.ses_topics,
        mailgun_key=web.mailgun_key,
        postmark_login=web.postmark_login,
        sendgrid_key=web.sendgrid_key,
        fetch=provider_fetch(press.letterhead.address) if web.ses_topics else None,
    )
    settings = WebSettings(
        operator_password=web.operator_password,
        operator_token=web.operator_token,
        trusted_proxies=web.trusted_proxies,
        hooks=hooks,
    )
    return create_app(press, limits=press.limits, records=press.records, settings=settings)


def _upgraded(store: Store) -> str:
    done = store.upgraded
    if done is None:
        return ""
    kept = f"; the one from before is kept in {done.copy}" if done.copy else ""
    return f"brought the database from version {done.version} to {store.version}{kept}"


def letterhead_of(config: Config) -> Letterhead:
    """What every mail has in common. The list's id (RFC 2919) lives under the sender's own domain and never changes."""
    settings = config.newsletter
    domain = parseaddr(settings.sender)[1].partition("@")[2] or urlsplit(settings.base_url).hostname or "localhost"
    label = "".join(c if c.isascii() and c.isalnum() else "-" for c in settings.name.lower()).strip("-") or "papers"
    return Letterhead(
        name=settings.name,
        sender=settings.sender,
        reply_to=settings.reply_to,
        base_url=settings.base_url,
        postal_address=settings.postal_address,
        bounce_domain=config.delivery.bounce_domain,
        list_id=f"{label}.{domain}",
    )


def open_store(config: Config) -> Store:
    """The database, brought up to date."""
    from newsletter.store.open import open_store as open_database

    return open_database(config.database_url, secret=config.secrets[0], folder=config.folder)


def restore_store(copy: Path, path: Path) -> Path | None:
    """Put a backup in the place of an SQLite database; where the one before is now."""
    from newsletter.store.copying import restore_database

    return restore_database(copy, path)


@contextmanager
def open_doors(press: Press, watch: Watch) -> Iterator[tuple[int, ...]]:
    """Listen for returned mail wherever `[[returns]]` says so, until the block ends; gives the ports."""
    from newsletter.returns.intake.lmtp import open_door
    from newsletter.stages.receiving import receive

    with ExitStack() as doors:
        yield tuple(
            doors.enter_context(open_door(one.host, one.port, lambda data: receive(press, data, watch=watch)))
            for one in press.config.returns
            if one.kind == "lmtp"
        )


def _open_mailbox(config: Config, one: ReturnsConfig) -> Mailbox:
    from newsletter.returns.intake import open_mailbox

    assert one.kind != "lmtp"
    return open_mailbox(
        one.kind,
        path=config.locate(one.path),
        host=one.host,
        port=one.port,
        security=one.security,
        username=one.username,
        password=one.password,
        folder=one.folder,
        aside=one.aside,
    )


def _open_channels(config: Config) -> tuple[Channel, ...]:
    """UsageError when Apprise, which is an extra, is not installed."""
    try:
        from newsletter.channels.speaking import AppriseChannel
    except ModuleNotFoundError as error:
        cure = "Install it: `pip install 'trending-papers[channels]'`, or remove [[channels]]."
        raise UsageError("[[channels]] needs Apprise, which is not installed.", cure=cure) from error
    return tuple(
        AppriseChannel(one.name, one.kind, url=one.url, token=one.token, room=one.room) for one in config.channels
    )


def _reader_defaults(config: Config) -> Defaults:
    from newsletter.subscribe.calendar import Defaults

    return Defaults(
        timezone=config.newsletter.timezone,
        send_hour=config.schedule.send_hour,
        cadence=config.schedule.cadence,
        expire_after=config.schedule.expire_after,
    )


def _open_composer(config: Config, letterhead: Letterhead) -> Composer:
    from newsletter.compose import Composer
    from newsletter.stages.folders import template_folders

    return Composer(
        letterhead,
        template_folders=template_folders(config),
        secret=config.secrets[0],
        topics=config.topics,
        default_locale=config.newsletter.locale,
    )
