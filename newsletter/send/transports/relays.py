"""The relays behind one transport: each one's connections, health, share of the mails and pace; who is next."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.mail import Dropped, Offered, RelayTrouble, Reply
from newsletter.model.paper import Problem
from newsletter.send.transports.chunking import Chunking
from newsletter.send.transports.health import Health
from newsletter.send.transports.openings import Openings, open_link
from newsletter.send.transports.pool import goodbye
from newsletter.send.transports.trial import turned_away
from newsletter.send.verdict import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.errors import NewsletterError
    from newsletter.model.mail import Outcome
    from newsletter.send.pace import Pacer, SharedPacer
    from newsletter.send.transports.opening import Relay
    from newsletter.send.transports.patience import Patience
    from newsletter.send.transports.pool import Channel

RESTS = (5.0, 15.0, 60.0, 300.0)  # seconds that a relay which failed is left alone while others work; the last repeats
TIRED = 2  # envelopes in a row that a relay turns away before it is left alone


@dataclass(frozen=True, slots=True)
class Way:
    """One relay as it was configured. `weight`: its share beside the others; `pacer`: turns under a rate of its own."""

    relay: Relay
    weight: float = 1.0
    pacer: Pacer | SharedPacer | None = None


class Site:
    """One relay at work. `open` counts its connections, `load` its mails by weight: who has the least is next."""

    def __init__(self, way: Way, connections: int, patience: Patience, tls: ssl.SSLContext) -> None:
        self.relay, self.weight, self.pacer = way.relay, way.weight, way.pacer
        self.connections = connections
        self.openings = Openings(way.relay, patience, tls)
        self.open = 0
        self.load = 0.0
        self.health = Health((), connections)
        self.chunking = Chunking()
        self._rtt = float("inf")
        self._rests = 0
        self._rest_until = 0.0  # monotonic
        self._turned_away = 0
        self._kept_away = ""  # an earlier delivery's word on it

    def begin(self, backoff: tuple[float, ...]) -> None:
        """A new delivery: what was is forgotten, but for a rest that is not over."""
        self.health, self.load, self._turned_away = Health(backoff, self.connections), 0.0, 0

    def nearest(self, rtt: float) -> float:
        """The shortest round trip to it so far, this one among them: an answer may have waited for us to look."""
        self._rtt = min(self._rtt, rtt)
        return self._rtt

    def rest(self, seconds: float, said: str) -> None:
        """Leave it alone for so long, as an earlier run found it."""
        self._rest_until, self._kept_away = time.monotonic() + seconds, said

    def works(self, now: float) -> bool:
        """Whether it may be used now. One whose rest is over is tried again, with a single connection."""
        if self._rest_until > now:
            return False
        if self._rest_until:
            self._rest_until = 0.0
            if isinstance(self.health.fault, RelayError):
                self.health, self._turned_away = Health((), 1), TIRED - 1
                self.health.wanted = self.connections
        return self.health.fault is None

    def tire(self) -> None:
        """It has failed, and others work: the longer, the more often it did."""
        if isinstance(self.health.fault, RelayError) and not self._rest_until:
            self._rest_until = time.monotonic() + RESTS[min(self._rests, len(RESTS) - 1)]
            self._rests += 1

    def answered(self) -> None:
        self.health.answered()
        self._rests, self._turned_away, self._kept_away = 0, 0, ""

    def turned_away(self, reply: Reply) -> None:
        """It did not take our envelope sender: its quota is used up, or it does not know us."""
        self._turned_away += 1
        if self._turned_away >= TIRED:
            what = f"Mail relay {self.relay.where}: it does not take our sender: {words(reply)}."
            self.health.end(RelayError(what, cure="Its quota may be used up, or the sender is not verified there."))

    @property
    def waits(self) -> float:
        """Seconds until its pace lets the next mail go."""
        return 0.0 if self.pacer is None else self.pacer.delay()

    @property
    def trouble(self) -> RelayTrouble | None:
        error = self.health.failing
        if error is not None:
            return RelayTrouble(self.relay.where, error.what, isinstance(error, RelayConfigError))
        if self._kept_away and self._rest_until > time.monotonic():
            return RelayTrouble(self.relay.where, self._kept_away, lasting=False)
        return None


class Sites:
    """All relays of a transport; one that is down is the others' work at once."""

    def __init__(
        self,
        ways: Sequence[Way],
        *,
        connections: int,
        patience: Patience,
        tls: ssl.SSLContext,
        backoff: tuple[float, ...],
    ) -> None:
        whole = sum(way.weight for way in ways)
        self._sites = [Site(way, max(1, round(connections * way.weight / whole)), patience, tls) for way in ways]
        self._backoff = backoff
        self.tries = len(ways)  # how often a message moves to another connection before it is put off
        self.several = len(ways) > 1
        self.chooses = self.several or ways[0].pacer is not None  # which connection is next has to be thought about

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites)

    def begin(self) -> None:
        for site in self._sites:
            site.begin(self._backoff)

    def rest(self, where: str, seconds: float, said: str) -> None:
        for site in self._sites:
            if self.several and site.relay.where == where:
                site.rest(seconds, said)

    def next(self, channels: Sequence[Channel], shuns: object) -> Channel | None:
        """The connection for the next mail: of the relay that has the least of its share among those with room.

        A mail that one relay failed is for the others, as long as there are any.
        """
        now = time.monotonic()
        if shuns is not None and not any(site.works(now) for site in self._sites if site is not shuns):
            shuns = None
        ready: dict[int, Channel] = {}
        for channel in channels:
            if channel.talk.room > 0 and channel.site is not shuns and id(channel.site) not in ready:
                ready[id(channel.site)] = channel
        usable = [one for one in ready.values() if one.site.works(now) and one.site.waits <= 0]
        return min(usable, key=lambda one: one.site.load, default=None)

    def handed(self, site: Site) -> None:
        site.load += 1 / site.weight
        if site.pacer is not None:
            site.pacer.take()

    def joined(self, site: Site) -> None:
        """Its first connection is open: from now on it takes its share, and makes up for nothing that it missed."""
        site.open += 1
        if site.open == 1:
            site.load = max(
                site.load, min((one.load for one in self._sites if one.open and one is not site), default=0)
            )

    def open_more(self, *, only_first: bool = False) -> None:
        """Of each relay the first connection alone: a password that is refused must not be refused by all at once."""
        now = time.monotonic()
        for site in self._sites:
            wanted = site.health.target if site.open and not only_first else 1
            while site.open + site.openings.under_way < wanted and now >= site.health.not_before and site.works(now):
                site.openings.begin()

    @property
    def opening(self) -> list[Site]:
        """Those that connections are being opened to."""
        return [site for site in self._sites if site.openings.under_way]

    def failed(self) -> NewsletterError | None:
        """Why nothing can be sent at all: every relay is out."""
        now = time.monotonic()
        if any(site.works(now) for site in self._sites):
            if self.several:
                for site in self._sites:
                    site.tire()
            return None
        return next((site.health.fault for site in self._sites if site.health.fault), None) or RelayError(
            "Mail relays: each of them failed a while ago and is left alone until later.", cure="Run this again later."
        )

    def error(self) -> NewsletterError | None:
        """What the end of a delivery has to raise: nobody was of any use."""
        errors = [site.health.error() for site in self._sites]
        return errors[0] if all(errors) else None

    def soon(self, now: float) -> float:
        """Seconds until something may be different, with mails waiting."""
        times = [site.health.not_before - now for site in self._sites if site.health.not_before > now]
        return min([*times, *(wait for site in self._sites if site.open and (wait := site.waits) > 0)], default=60.0)

    def worked(self) -> tuple[str, ...]:
        """Those of several that gave at least one mail its answer in the last delivery."""
        return tuple(site.relay.where for site in self._sites if self.several and site.health.any_answer)

    def troubles(self) -> tuple[RelayTrouble, ...]:
        return tuple(found for site in self._sites if self.several and (found := site.trouble) is not None)


def probed(
    sites: Sites, patience: Patience, tls: ssl.SSLContext, envelope: tuple[str, str] | None = None
) -> Iterator[tuple[str, Problem | Offered]]:
    """Each relay's name with what is wrong with it, or what it offers; tried as they are taken.

    `envelope`: offer each this sender and recipient too; nothing is sent.
    """
    for site in sites:
        where = site.relay.where
        try:
            link = open_link(site.relay, patience, tls, probe=True)
        except (RelayError, RelayConfigError) as error:
            yield where, Problem(f"mail relay {where}", error.what, error.cure, isinstance(error, RelayConfigError))
        else:
            turned = turned_away(link, envelope, patience.command) if envelope else None
            goodbye(link.sock, patience.quit)
            yield where, Offered(link.features.keywords, link.features.size, turned)


def via(outcome: Outcome, where: str) -> Outcome:
    """The outcome with the relay's name in its words, where there are several to ask about a mail."""
    if isinstance(outcome, Dropped):
        return outcome
    reply = outcome.reply
    said = Reply(reply.code, reply.enhanced, f"{reply.text[:400]} (via {where})".strip())
    return replace(outcome, reply=said)


def tls_for(ways: Sequence[Way]) -> ssl.SSLContext:
    """Reading the authorities takes 40 ms: only where one is wanted. Without any, no certificate would be believed."""
    if all(way.relay.security == "none" for way in ways):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context()
