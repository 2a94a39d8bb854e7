"""config.toml and the environment become one frozen Config; all problems are reported at once, each with its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from newsletter.model.edition import Topic
    from newsletter.model.subscriber import Cadence


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterConfig:
    name: str
    sender: str  # the key `from`
    reply_to: str
    base_url: str
    postal_address: str
    database: str
    templates: str
    timezone: str
    locale: str
    secret: str = field(repr=False)  # signs links; from the key, the environment, or the file `secret`


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    kind: Literal["huggingface", "arxiv", "feed", "biorxiv", "medrxiv", "file"]
    name: str
    url: str = ""
    feed_url: str = ""
    categories: tuple[str, ...] = ()
    path: str = ""
    pace: timedelta | None = None  # None: the source's own rule (arXiv 3 s)
    summaries: bool = True  # show the source's own TL;DR, attributed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalConfig:
    kind: Literal["github", "hackernews", "semanticscholar"]
    url: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingConfig:
    lookback: timedelta
    exploration: int
    dense: bool = True  # the small text model beside the words
    author_history: bool = False


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
    rate: str
    bounce_domain: str
    on_uncertain: Literal["resend", "hold", "drop"]
    retry: tuple[timedelta, ...]
    dkim_selector: str
    dkim_key: str
    helo_name: str = ""


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
