"""The settings of mail: how it leaves, over which relays, and where it comes back."""

from __future__ import annotations

from newsletter import config_places as places
from newsletter import config_values as v
from newsletter.config_shape import Key, Section
from newsletter.config_types import DeliveryConfig, RelayConfig, ReturnsConfig

DELIVERY = Section(
    "delivery",
    "How mail leaves.",
    DeliveryConfig,
    (
        Key(
            "transport",
            v.choice("maildir", "smtp", "lmtp"),
            "maildir",
            "`maildir` writes `.eml` files under `path` and needs nothing; `smtp` and `lmtp` hand over to a server.",
        ),
        Key("path", v.PATH, "outbox", "`maildir`: the folder for mails."),
        Key("host", places.HOST, "localhost", "The mail server."),
        Key("port", v.whole(1, 65535), 587, "Its port: 587 for `starttls`, 465 for `tls`, 25 for a relay nearby."),
        Key("security", v.choice("none", "starttls", "tls"), "starttls", "How the connection is protected."),
        Key("username", v.SECRET, "", "Login at the mail server; empty: none."),
        Key(
            "password",
            v.SECRET,
            "",
            "Best given as `NEWSLETTER_DELIVERY__PASSWORD` in the environment.",
            secret=True,
        ),
        Key("connections", v.whole(1, 100), 4, "Connections at the same time."),
        Key("rate", v.RATE, "", "The most that the mail server takes."),
        Key("messages_per_connection", v.whole(1, 100_000), 100, "Mails a connection carries before it is closed."),
        Key("idle_close", v.duration("1s", "10m"), "60s", "A connection without work is closed after this long."),
        Key(
            "warm_up",
            v.WARM_UP,
            "",
            "A daily cap on issues, growing from a first day on, for a new sending address: docs/delivery.md.",
        ),
        Key(
            "bounce_domain",
            places.HOST,
            "",
            "Makes `b+<signed>@bounce_domain` the envelope sender, so that bounces are known.",
        ),
        Key("helo_name", places.HOST, "", "The name given in EHLO; empty: this machine's own."),
        Key(
            "on_uncertain",
            v.choice("resend", "hold", "drop"),
            "resend",
            "No answer came after a whole mail was handed over: send again, less and less often, until it expires, "
            "wait for a person, or let it be.",
        ),
        Key(
            "retry",
            v.DURATIONS,
            ["30s", "2m", "5m", "15m", "30m"],
            "Waits between tries; after the last one: every half hour, or as long as that one.",
        ),
        Key(
            "dkim_selector",
            v.TEXT,
            "",
            "Sign mails here with this DKIM selector, or two with a comma between; empty: the mail server signs.",
        ),
        Key("dkim_key", v.PATH, "", "The file of the private key for it; of each, in order, with commas between."),
    ),
)

RELAYS = Section(
    "delivery.relays",
    "Several mail servers in place of the one of `[delivery]`, which share the mails; where one is down the others "
    "take over (`smtp` only).",
    RelayConfig,
    (
        Key("host", places.HOST, None, "The mail server.", required=True),
        Key("port", v.whole(1, 65535), 587, "Its port."),
        Key("security", v.choice("none", "starttls", "tls"), "starttls", "How the connection is protected."),
        Key("username", v.SECRET, "", "Login; empty: none."),
        Key(
            "password",
            v.SECRET,
            "",
            "Best given as `NEWSLETTER_DELIVERY__RELAYS__0__PASSWORD` in the environment.",
            secret=True,
        ),
        Key("weight", v.WEIGHT, 1.0, "Its share of the mails and of `connections`, beside the others' weights."),
        Key("rate", v.RATE, "", "The most that it takes; `rate` of `[delivery]` is for all together."),
    ),
    many=True,
)

RETURNS_PORT = 993
RETURNS = Section(
    "returns",
    "Where bounces, complaints and mails to the leave address arrive; `newsletter tend` reads them, and erases what it "
    "acted on. Without any, none is read. Give it a mailbox of its own: docs/bounces.md.",
    ReturnsConfig,
    (
        Key(
            "kind",
            v.choice("maildir", "imap", "lmtp"),
            None,
            "A Maildir on this machine, an IMAP account, or a door of `serve` that a mail server hands over to.",
            required=True,
        ),
        Key("path", v.PATH, "", "`maildir`: the folder that holds `new` and `cur`."),
        Key(
            "host",
            places.HOST,
            "",
            "`imap`: the server. `lmtp`: where `newsletter serve` listens, such as `127.0.0.1`.",
        ),
        Key(
            "port",
            v.whole(1, 65535),
            RETURNS_PORT,
            "`imap`: its port, 993 for `tls`, 143 for `starttls`. `lmtp`: ours, such as 2424.",
        ),
        Key("security", v.choice("none", "starttls", "tls"), "tls", "`imap`: how the connection is protected."),
        Key("username", v.SECRET, "", "`imap`: the login."),
        Key(
            "password",
            v.SECRET,
            "",
            "Best given as `NEWSLETTER_RETURNS__0__PASSWORD` in the environment.",
            secret=True,
        ),
        Key("folder", v.TEXT, "INBOX", "`imap`: the folder to read."),
        Key("aside", v.TEXT, "Aside", "The folder for what a person must look at."),
    ),
    many=True,
)
