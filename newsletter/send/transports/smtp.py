"""SMTP and LMTP to the next hop: several connections served by one loop, each pipelined as far as the server allows."""

from __future__ import annotations

import selectors
import time
from collections import deque
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError, RelayConfigError, RelayError
from newsletter.model.mail import Deferred, Offered, Reply
from newsletter.send.signing import signed
from newsletter.send.transports.item import Item
from newsletter.send.transports.limits import Limits
from newsletter.send.transports.opening import Relay
from newsletter.send.transports.patience import Patience
from newsletter.send.transports.pool import Channel
from newsletter.send.transports.relays import Site, Sites, Way, probed, tls_for, via
from newsletter.send.verdict import words

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from newsletter.model.mail import Message, Outcome, RelayTrouble
    from newsletter.model.paper import Problem
    from newsletter.send.dkim import Signer

TICK = 0.5  # seconds between looks at the clock while nothing happens
SOON = 0.005  # when the feed has nothing right now


class SmtpTransport:
    """`deliver` runs the loop while its caller asks for outcomes; connections stay open between calls.

    A connection that the server closes costs nothing when it had taken mail before: what it left unanswered moves to
    another one. When connections fail time after time the other relays take over, and without any RelayError ends the
    delivery; what was taken is deferred, uncharged. `pulse` is called at least twice a second while waiting.
    """

    def __init__(
        self,
        relay: Relay | Sequence[Way],
        *,
        connections: int = 4,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
        signers: Sequence[Signer] = (),
        messages_per_connection: int = 100,
        window: int = 16,
        backoff: tuple[float, ...] = (0.5, 2.0, 5.0),
        idle: float = 60.0,
    ) -> None:
        self.pulse: Callable[[], None] = lambda: None
        self._patience, self._most, self._window = patience or Patience(), messages_per_connection, window
        self._signers, self._idle = signers, idle
        ways = [Way(relay)] if isinstance(relay, Relay) else relay
        self._tls, most = tls or tls_for(ways), max(1, connections)
        self._sites = Sites(ways, connections=most, patience=self._patience, tls=self._tls, backoff=backoff)
        self._selector = selectors.DefaultSelector()
        for site in self._sites:
            self._selector.register(site.openings.bell, selectors.EVENT_READ, site)
        self._channels: list[Channel] = []
        self._backlog: deque[Item] = deque()
        self._outcomes: list[Outcome] = []
        self._until: float | None = None  # set by `hurry`
        self._feed: Iterator[Message | None] = iter(())
        self._more = False  # whether the feed may have another
        self._depth, self._limits = 2, Limits()

    def check(self) -> Problem | None:
        """Of several relays one is enough."""
        found = None
        for _, problem in self.check_each():
            if isinstance(problem, Offered):
                return None
            found = problem if found is None or not problem.lasting else found
        return found

    def check_each(self, envelope: tuple[str, str] | None = None) -> Iterator[tuple[str, Problem | Offered]]:
        """Each relay's name with what is wrong with it, or what it offers; asked as they are taken."""
        return probed(self._sites, self._patience, self._tls, envelope)

    def troubles(self) -> tuple[RelayTrouble, ...]:
        return self._sites.troubles()

    def worked(self) -> tuple[str, ...]:
        return self._sites.worked()

    def rest(self, where: str, seconds: float, said: str) -> None:
        """Leave this one of several relays alone for so long: an earlier delivery found it in trouble."""
        self._sites.rest(where, seconds, said)

    @property
    def capacity(self) -> int:
        """Messages under way at most; before the first connection it is a guess."""
        return sum(site.connections for site in self._sites) * self._depth

    def hurry(self, seconds: float) -> None:
        """Wait no longer than this for what is in flight; what is unanswered then is as after a drop."""
        if self._until is None:
            self._until = time.monotonic() + seconds

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        self._until = None
        self._sites.begin()
        self._feed, self._more = iter(messages), True
        try:
            self._turn(0.0)  # connections that went away or idle since the last delivery are found out first
            while True:
                self._fill()
                yield from self._take_outcomes()
                if not (self._more or self._backlog or self._in_flight()):
                    break
                idle = not self._channels and not self._backlog
                thirsty = self._more and (idle or any(channel.talk.room > 0 for channel in self._channels))
                self._turn(SOON if thirsty else TICK)
                yield from self._take_outcomes()
                self.pulse()
            if (error := self._sites.error()) is not None:
                raise error
        finally:
            self._break_off()

    def _break_off(self) -> None:
        """What is still busy when the caller stops asking cannot be trusted with the next delivery."""
        for channel in [one for one in self._channels if one.talk.busy]:
            self._remove(channel)
            channel.abandon()
        for site in self._sites.opening:
            site.openings.abandon()
        self._outcomes.clear()
        self._backlog.clear()

    def close(self) -> None:
        for channel in self._channels:
            self._selector.unregister(channel.sock)
            channel.goodbye(self._patience.quit)
        self._channels.clear()
        for site in self._sites:
            site.openings.close()
        self._selector.close()

    def _in_flight(self) -> bool:
        return any(channel.talk.busy for channel in self._channels)

    def _take_outcomes(self) -> list[Outcome]:
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def _fill(self) -> None:
        """Hand out messages while a connection has room, and open another one while something waits for it."""
        fault = self._sites.failed()
        if fault is not None or self._late():
            self._more = False
            if not self._in_flight():
                self._give_up_backlog(fault)
            return
        if self._sites.chooses:
            self._fill_by_share()
            return
        for channel in self._channels:
            for _ in range(channel.talk.room):
                if not self._supply():
                    return
                self._hand(channel)
        if self._supply():
            self._sites.open_more()

    def _fill_by_share(self) -> None:
        if self._backlog or self._in_flight():
            self._sites.open_more(only_first=True)
        while self._supply():
            channel = self._sites.next(self._channels, self._backlog[0].shuns)
            if channel is None:
                self._sites.open_more()
                return
            self._sites.handed(channel.site)
            self._hand(channel)

    def _supply(self) -> bool:
        """Whether a message is at hand; the feed is asked for no more than one ahead."""
        if not self._backlog and self._more:
            try:
                message = next(self._feed)
            except StopIteration:
                self._more = False
                return False
            if message is not None:
                self._backlog.append(Item(signed(message, self._signers) if self._signers else message))
        return bool(self._backlog)

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def _hand(self, channel: Channel) -> None:
        refused = channel.talk.take(self._backlog.popleft())
        if refused is not None:
            self._outcomes.append(refused)

    def _turn(self, most: float) -> None:
        """Write, wait for the network, read, look at the clock."""
        for site in self._sites.opening:
            if self._welcome(site):
                most = 0.0  # somebody may take mail now
        for channel in list(self._channels):
            self._write(channel)
        for key, events in self._selector.select(self._wait(most)):
            channel = key.data
            if isinstance(channel, Site):
                self._welcome(channel)
                continue
            if events & selectors.EVENT_READ and channel in self._channels:
                self._read(channel)
            if channel in self._channels:
                self._write(channel)
        now, late = time.monotonic(), self._late()
        for channel in list(self._channels):
            self._watch(channel, now, late=late)

    def _wait(self, most: float) -> float:
        now = time.monotonic()
        if any(channel.readable for channel in self._channels):
            return 0.0
        ends = [channel.talk.deadline() for channel in self._channels]
        ends += [site.openings.deadline() for site in self._sites.opening]
        times = [most, *(at - now for at in ends if at is not None)]
        if self._backlog:
            times.append(self._sites.soon(now))
        return max(0.0, min(times))

    def _welcome(self, site: Site) -> bool:
        """Take openings further; whether one came to its end, a connection or none."""
        results = site.openings.finished()
        for result in results:
            if isinstance(result, NewsletterError):
                site.health.refused(result, open_now=site.open)
                continue
            several = self._sites.several
            channel = Channel(result, self._patience, site, window=self._window, most=self._most, several=several)
            self._depth = channel.talk.most
            self._sites.joined(site)
            self._channels.append(channel)
            self._selector.register(channel.sock, selectors.EVENT_READ, channel)
        return bool(results)

    def _read(self, channel: Channel) -> None:
        before, known = channel.talk.answered, len(self._outcomes)
        over = channel.hear(self._outcomes)
        if channel.talk.answered > before:
            channel.site.answered()
        if self._sites.several:
            self._outcomes[known:] = [via(one, channel.site.relay.where) for one in self._outcomes[known:]]
            self._elsewhere(channel)
        if (said := channel.talk.config_fault) is not None:
            what = f"Mail relay {channel.site.relay.where}: the server said {words(said)}."
            cure = "Check [delivery] username, password and the sender address."
            channel.site.health.end(RelayConfigError(what, cure=cure))
        if over is not None:
            self._drop(channel, over)

    def _elsewhere(self, channel: Channel) -> None:
        """What this relay will not send for us is for the others."""
        away, channel.talk.away = channel.talk.away, []
        for item, reply in away:
            item.tries, item.shuns = item.tries + 1, channel.site
            channel.site.turned_away(reply)
            self._backlog.appendleft(item)

    def _write(self, channel: Channel) -> None:
        try:
            channel.write()
        except OSError as error:
            self._read(channel)  # a server that hung up may have said why: a 421 tells more than a broken pipe
            if channel in self._channels:
                self._drop(channel, channel.broke(error))
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if channel.talk.out else 0)
        if wanted != channel.events:
            channel.events = wanted
            self._selector.modify(channel.sock, wanted, channel)

    def _watch(self, channel: Channel, now: float, *, late: bool) -> None:
        deadline = channel.talk.deadline()
        if late and channel.talk.busy:
            self._drop(channel, Reply(0, "", "no answer before this run had to end"), blame=False)
        elif deadline is not None and now >= deadline:
            self._drop(channel, Reply(0, "", "no answer in time"))
        elif channel.talk.spent or (not channel.talk.busy and now - channel.used > self._idle):
            self._remove(channel)
            self._move(channel.talk.end(Reply(0))[1], Reply(0), None)
            channel.goodbye(0.0)
        elif waiting := channel.talk.unstarted(now):
            self._backlog.extend(waiting)

    def _drop(self, channel: Channel, why: Reply, *, blame: bool = True) -> None:
        """The connection is lost: decide what it leaves, move the rest, and back off when it had been no use."""
        was_busy = channel.talk.busy
        self._most = self._limits.learn(channel.talk, [one.talk for one in self._channels], self._most)
        self._remove(channel)
        channel.abandon()
        decided, back = channel.talk.end(why)
        self._outcomes += decided
        self._move(back, why, channel.site)
        if blame and was_busy and not channel.talk.answered:
            what = f"Mail relay {channel.site.relay.where}: {words(why)}."
            channel.site.health.failed(RelayError(what, cure="Nothing was lost; run this again later."))

    def _move(self, items: list[Item], why: Reply, site: Site | None) -> None:
        """To another connection, of another relay if there is one, but not for ever."""
        for item in reversed(items):
            item.shuns = site
            if item.tries <= self._sites.tries:
                self._backlog.appendleft(item)
            else:
                self._outcomes.append(Deferred(item.message.delivery_id, why, charged=False))

    def _remove(self, channel: Channel) -> None:
        channel.site.open -= 1
        self._channels.remove(channel)
        self._selector.unregister(channel.sock)

    def _give_up_backlog(self, fault: NewsletterError | None) -> None:
        why = Reply(0, "", f"not sent: {fault.what if fault else ''}"[:500])
        self._outcomes += [Deferred(item.message.delivery_id, why, charged=False) for item in self._backlog]
        self._backlog.clear()
