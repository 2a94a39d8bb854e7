"""Config to the way out: the transport, its relays with their own rates, and the DKIM keys."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING

from newsletter.config_check import listed
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from newsletter.config import Config, RelayConfig
    from newsletter.ports import Clock, Transport
    from newsletter.press import Press, Reserve
    from newsletter.send.dkim import Signer
    from newsletter.send.pace import SharedPacer


def require_login(config: Config) -> None:
    """Raises ConfigError when a password is missing: for what sends. Commands by hand do without the secret."""
    if config.delivery.transport == "maildir":
        return
    relays = config.delivery_relays
    logins = [
        (f"[[delivery.relays]] number {place + 1}", f"RELAYS__{place}__", one.username, one.password)
        for place, one in enumerate(relays)
    ]
    if not relays:
        logins = [("[delivery]", "", config.delivery.username, config.delivery.password)]
    missing = [
        f"{where} password: is missing for the username. Give NEWSLETTER_DELIVERY__{part}PASSWORD in the environment."
        for where, part, username, password in logins
        if username and not password
    ]
    if missing:
        raise ConfigError(tuple(missing))


def open_transport(config: Config, reserve: Reserve, clock: Clock) -> Transport:
    """Raises ConfigError when its password is missing."""
    require_login(config)
    from newsletter.send.transports import Ahead
    from newsletter.send.transports import open_transport as open_way

    delivery = config.delivery
    relays = [
        Ahead(
            host=one.host,
            port=one.port,
            security=one.security,
            username=one.username,
            password=one.password,
            weight=one.weight,
            pacer=_own_pace(one, reserve, clock),
        )
        for one in config.delivery_relays
    ]
    return open_way(
        delivery.transport,
        path=config.locate(delivery.path),
        host=delivery.host,
        port=delivery.port,
        security=delivery.security,
        username=delivery.username,
        password=delivery.password,
        connections=delivery.connections,
        helo_name=delivery.helo_name,
        messages_per_connection=delivery.messages_per_connection,
        idle=delivery.idle_close.total_seconds(),
        relays=relays,
        signers=dkim_signers(config),
    )


def with_connections(press: Press, connections: int) -> Transport:
    """The press's transport with another number of connections: its share, where several processes send."""
    assert press.reserve is not None
    delivery = replace(press.config.delivery, connections=connections)
    return open_transport(replace(press.config, delivery=delivery), press.reserve, press.clock)


def _own_pace(one: RelayConfig, reserve: Reserve, clock: Clock) -> SharedPacer | None:
    """A relay's own rate, one for all processes on the database."""
    from newsletter.config import rate_per_second
    from newsletter.send.pace import Rate, SharedPacer

    rate = rate_per_second(one.rate)
    if rate is None:
        return None
    key = f"{one.host}:{one.port}"
    return SharedPacer(Rate(rate), lambda turns, ahead: reserve(turns, rate, now=clock.now(), key=key, ahead=ahead))


def dkim_signers(config: Config) -> list[Signer]:
    delivery = config.delivery
    if not delivery.dkim_selector:
        return []
    from newsletter.send.dkim import load_signer

    domain = parseaddr(config.newsletter.sender)[1].rpartition("@")[2].lower()
    pairs = zip(listed(delivery.dkim_selector), listed(delivery.dkim_key), strict=True)
    return [load_signer(config.locate(key), domain=domain, selector=selector) for selector, key in pairs]
