"""Sends to a scripted server with short waits, and gives back what became of each message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.errors import NewsletterError
from newsletter.send.drain import DrainPolicy, drain
from newsletter.send.transports.opening import Relay
from newsletter.send.transports.patience import Patience
from newsletter.send.transports.smtp import SmtpTransport
from tests.send.ledger import message
from tests.support.smtp_server import ALL, PIPELINED, STEPS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from newsletter.model.mail import Delivery, Dropped, Message, Outcome
    from newsletter.ports import Transport
    from newsletter.send.tally import Tally
    from tests.send.ledger import HandClock, MemoryLedger
    from tests.support.smtp_server import SmtpServer

MODES = {"step": STEPS, "pipeline": PIPELINED, "chunks": ALL}
SHORT = Patience(
    connect=2.0, banner=0.2, command=0.2, mail=0.2, rcpt=0.2, data=0.2, block=0.2, dot=0.2, quit=0.2, message=3.0
)
CALM = Patience(
    connect=30.0,
    banner=30.0,
    command=30.0,
    mail=30.0,
    rcpt=30.0,
    data=30.0,
    block=30.0,
    dot=30.0,
    quit=0.2,
    message=60.0,
)  # for servers that never stall: a busy machine is no fault of theirs
QUICK = (0.01, 0.01, 0.01)


def transport(
    server: SmtpServer,
    *,
    security: Any = "none",
    username: str = "",
    password: str = "",
    helo_name: str = "sender.example.org",
    host: str = "",
    lmtp: bool = False,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> SmtpTransport:
    relay = Relay(
        host=host or server.host,
        port=server.port,
        security=security,
        username=username,
        password=password,
        helo_name=helo_name,
        lmtp=lmtp,
    )
    settings: dict[str, Any] = {"connections": 1, "patience": SHORT, "backoff": QUICK}
    return SmtpTransport(relay, tls=tls, **(settings | options))


def plain(rows: Sequence[Delivery]) -> Iterator[Message]:
    """A short mail for each row, to r1@example.org and so on."""
    return (message(row.id) for row in rows)


def drained(
    ledger: MemoryLedger,
    way: Transport,
    *,
    clock: HandClock,
    render: Callable[[Sequence[Delivery]], Iterator[Message | Dropped]] = plain,
    policy: DrainPolicy | None = None,
    **more: Any,
) -> Tally:
    """One drain by the clock in hand, whose pauses cost no time."""
    given: Any = ledger  # half a ledger, all that a drain asks for
    return drain(given, way, render, clock=clock, owner="test", policy=policy, sleep=clock.sleep, **more)


def drained_to(
    server: SmtpServer, ledger: MemoryLedger, *, clock: HandClock, policy: DrainPolicy | None = None
) -> Tally:
    """The same over four connections to a server, with the usual patience."""
    way = transport(server, connections=4, patience=Patience())
    try:
        return drained(ledger, way, clock=clock, policy=policy)
    finally:
        way.close()


def send(server: SmtpServer, messages: Iterable[Message] | int = 1, **options: Any) -> dict[int, Outcome]:
    """Outcome by delivery id; fails when a message got two. Errors of the relay pass through."""
    out: dict[int, Outcome] = {}
    one = transport(server, **options)
    try:
        for outcome in one.deliver(numbered(messages) if isinstance(messages, int) else messages):
            assert outcome.delivery_id not in out
            out[outcome.delivery_id] = outcome
    finally:
        one.close()
    return out


def send_broken(
    server: SmtpServer, messages: Iterable[Message] | int = 1, **options: Any
) -> tuple[dict[int, Outcome], str]:
    """As `send`, for a relay that is expected to fail: the outcomes, and the error as "Class: sentence"."""
    out: dict[int, Outcome] = {}
    one = transport(server, **options)
    try:
        for outcome in one.deliver(numbered(messages) if isinstance(messages, int) else messages):
            out[outcome.delivery_id] = outcome
    except NewsletterError as error:
        return out, f"{type(error).__name__}: {error}"
    finally:
        one.close()
    return out, ""


def numbered(count: int) -> list[Message]:
    return [
        message(n, data=b"Message-ID: <%d@x>\r\nSubject: x\r\n\r\n.dots.\r\n..\r\n" % n) for n in range(1, count + 1)
    ]
