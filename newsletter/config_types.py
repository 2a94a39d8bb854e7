"""The settings as frozen records: what the rest of the house reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from newsletter.config_channels import ChannelConfig
    from newsletter.model.edition import Topic
    from newsletter.model.mail import WarmUp
    from newsletter.model.subscriber import Cadence

SignalKind = Literal["github", "hackernews", "semanticscholar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterConfig:
    name: str
    sender: str  # the key `from`
    reply_to: str
    base_url: str  # no trailing slash
    postal_address: str
    database: str
    templates: str
    timezone: str
    locale: str
    secret: str = field(repr=False)  # signs links; several, one a line: the first signs, all are read
    secret_file: str = "secret"  # noqa: S105 - a file's name
    operator: str = ""
    keep: timedelta = timedelta(days=400)
    log: Literal["text", "json"] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    kind: str  # one of ours, or what an installed package calls its own
    name: str
    url: str = ""
    feed_url: str = ""
    categories: tuple[str, ...] = ()
    path: str = ""
    pace: timedelta | None = None  # None: the source's own rule (arXiv 3 s)
    summaries: bool = True  # show the source's own TL;DR, attributed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalConfig:
    kind: SignalKind
    url: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingConfig:
    lookback: timedelta
    exploration: int
    dense: bool = True  # a text model beside the words
    author_history: bool = False
    taste_half_life: timedelta = timedelta(days=365)
    meaning: Literal["packaged", "none", "full", "endpoint"] = "packaged"
    embeddings_url: str = ""
    embeddings_model: str = ""
    embeddings_key: str = field(default="", repr=False)
    embeddings_price: float = 0.0  # money for a million tokens
    embeddings_budget: float = 1.0

    @property
    def by_meaning(self) -> bool:
        return self.dense and self.meaning != "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig:
    collect_every: timedelta
    send_hour: int
    cadence: Cadence
    expire_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryConfig:
    transport: Literal["maildir", "smtp", "lmtp"]
    path: str
    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str
    password: str = field(repr=False)
    connections: int
    rate: str  # as written; `rate_per_second` reads it
    bounce_domain: str
    on_uncertain: Literal["resend", "hold", "drop"]
    retry: tuple[timedelta, ...]
    dkim_selector: str  # several with commas between, as the files of their keys
    dkim_key: str
    helo_name: str = ""
    messages_per_connection: int = 100
    idle_close: timedelta = timedelta(seconds=60)
    warm_up: WarmUp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """One of several mail servers, in place of the one of [delivery]."""

    host: str
    port: int = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    weight: float = 1.0
    rate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnsConfig:
    kind: Literal["maildir", "imap", "lmtp"]
    path: str = ""
    host: str = ""
    port: int = 993
    security: Literal["none", "starttls", "tls"] = "tls"
    username: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    aside: str = "Aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    operator_password: str = field(default="", repr=False)  # an argon2 hash
    operator_token: str = field(default="", repr=False)
    trusted_proxies: tuple[str, ...] = ()
    ses_topics: tuple[str, ...] = ()
    mailgun_key: str = field(default="", repr=False)
    postmark_login: str = field(default="", repr=False)
    sendgrid_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesConfig:
    url: str = ""
    model: str = ""
    key: str = field(default="", repr=False)
    price_in: float = 0.0  # money for a million tokens
    price_out: float = 0.0
    daily_budget: float = 1.0
    daily_papers: int = 200
    translate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective settings. `folder` is where relative paths start: the configuration file's folder."""

    folder: Path
    newsletter: NewsletterConfig
    sources: tuple[SourceConfig, ...]
    signals: tuple[SignalConfig, ...]
    topics: tuple[Topic, ...]
    ranking: RankingConfig
    schedule: ScheduleConfig
    delivery: DeliveryConfig
    delivery_relays: tuple[RelayConfig, ...] = ()
    returns: tuple[ReturnsConfig, ...] = ()
    channels: tuple[ChannelConfig, ...] = ()
    web: WebConfig = WebConfig()
    summaries: SummariesConfig = SummariesConfig()

    def locate(self, path: str) -> Path:
        """A path of the configuration as an absolute one: relative to the configuration's folder, `~` allowed."""
        return (self.folder / Path(path).expanduser()).absolute()

    @property
    def database_url(self) -> str:
        """The database with a relative SQLite path made absolute. `sqlite://` (in memory) stays as it is."""
        scheme, _, path = self.newsletter.database.partition(":///")
        if not scheme.startswith("sqlite") or path in {"", ":memory:"}:
            return self.newsletter.database
        return f"{scheme}:///{self.locate(path)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys that sign links: the first signs, all are read. Empty until one is made."""
        return tuple(line for text in self.newsletter.secret.splitlines() if (line := text.strip()))
