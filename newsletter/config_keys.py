"""Every setting, once: its name, kind, default and what it does. Reading, docs and `newsletter config` follow this."""

from __future__ import annotations

from newsletter import config_places as places
from newsletter import config_values as v
from newsletter.config_channels import CHANNELS
from newsletter.config_keys_mail import DELIVERY, RELAYS, RETURNS, RETURNS_PORT
from newsletter.config_models import RANKING, SUMMARIES
from newsletter.config_shape import Key, Section
from newsletter.config_types import (
    NewsletterConfig,
    ScheduleConfig,
    SignalConfig,
    SourceConfig,
    WebConfig,
)
from newsletter.model.edition import Topic
from newsletter.model.subscriber import CADENCES

__all__ = ["DELIVERY", "RELAYS", "RETURNS", "RETURNS_PORT", "SECTIONS"]

NEWSLETTER = Section(
    "newsletter",
    "What the newsletter is called, who sends it and where it lives.",
    NewsletterConfig,
    (
        Key("name", v.NAMED, "Trending Papers", "Name of the newsletter, in subjects and headings."),
        Key(
            "from",
            places.SENDER,
            "Trending Papers <papers@example.org>",
            "The sender that readers see.",
            field="sender",
        ),
        Key("reply_to", places.MAILBOX, "", "Where answers go; empty: to the sender."),
        Key(
            "base_url",
            places.BASE_URL,
            "http://localhost:8000",
            "Where the web pages are reached. Links in mails are made from this and nothing else.",
        ),
        Key("postal_address", v.LINES, "", "Shown in the footer; the law asks for it in lists open to the public."),
        Key(
            "database",
            places.DATABASE,
            "sqlite:///subscribers.db",
            "Where everything is kept: `sqlite:///FILE` or `postgresql+psycopg://user:password@host/name`.",
        ),
        Key("templates", v.PATH, "", "A folder of your own templates, looked into first; empty: none."),
        Key(
            "operator",
            places.MAILBOX,
            "",
            "Who is told, once a day at most, when a day was missed, a source gives nothing, or mail cannot leave.",
        ),
        Key("log", v.choice("text", "json"), "text", "How `serve` and `worker` log: a line for people, or JSON."),
        Key(
            "keep",
            v.duration("150d", "3650d"),
            "400d",
            "How long each mail's history, runs and measurements are kept; `tend` erases what is older.",
        ),
        Key("timezone", places.ZONE, "UTC", "Time zone of readers who chose none."),
        Key(
            "locale",
            places.LOCALE,
            "en",
            "Language of mails and pages for readers who chose none; docs/writing-a-translation.md lists them.",
        ),
        Key(
            "secret",
            v.SECRET,
            "",
            "Signs the links in mails. Best left out here: it is then read from `secret_file`. To change it without "
            "breaking old links, put the new one on the first line and the old one on the next.",
            secret=True,
        ),
        Key(
            "secret_file", v.PATH, "secret", "The file that holds the secret; made at first use, readable by you only."
        ),
    ),
)

SOURCES = Section(
    "sources",
    "Where papers come from. Without any, `huggingface` and `arxiv` are asked.",
    SourceConfig,
    (
        Key(
            "kind",
            places.source_kind("huggingface", "arxiv", "feed", "biorxiv", "medrxiv", "crossref", "file"),
            None,
            "What it is: a daily list of Hugging Face, arXiv's announcements, any RSS or Atom feed, a preprint server, "
            "a file of JSON lines, or the name of a source that an installed package brings.",
            required=True,
        ),
        Key("name", v.TEXT, "", "What it is called in runs and mails; empty: made from the kind."),
        Key("url", places.URL, "", "Where it is asked; `feed` needs it, the others know theirs."),
        Key("feed_url", places.URL, "", "`arxiv`: where the announcements come from; empty: `https://rss.arxiv.org`."),
        Key(
            "categories",
            v.TEXTS,
            None,
            "`arxiv`, `biorxiv`, `medrxiv`: the categories to read. `crossref`: DOI prefixes, `10.26434` is ChemRxiv.",
        ),
        Key("path", v.PATH, "", "`file`: the file, one paper a line: id, title, abstract, and whatever else is known."),
        Key(
            "pace", v.duration("0s", "10m"), None, "Least time between two requests; without it, the source's own rule."
        ),
        Key("summaries", v.FLAG, True, "Show the source's own short summaries, with their author's name."),
    ),
    many=True,
)

SIGNALS = Section(
    "signals",
    "Attention from elsewhere, read for the papers that are known already. Without any, none is read.",
    SignalConfig,
    (
        Key("kind", v.choice("github", "hackernews", "semanticscholar"), None, "What is measured.", required=True),
        Key("url", places.URL, "", "Where it is asked; empty: its public address."),
        Key("token", v.SECRET, "", "A key for it, where one allows more requests.", secret=True),
    ),
    many=True,
)

TOPICS = Section(
    "topics",
    "The sections of the newsletter. Without any, there is one of all papers, by trend.",
    Topic,
    (
        Key(
            "slug", v.SLUG, None, "Its name in web addresses and for readers' choices; never change it.", required=True
        ),
        Key("name", v.TEXT, "", "Its heading; empty: made from the slug."),
        Key("query", v.TEXT, "", "What it is about, in plain words; papers are found by meaning."),
        Key("keywords", v.KEYWORDS, [], r"Words that count extra; a phrase stands in quotes: `\"chain of thought\"`."),
        Key("exclude", v.KEYWORDS, [], "Words that keep a paper out."),
        Key("categories", v.TEXTS, [], "Categories that count extra, such as `cs.CL`."),
        Key("authors", v.TEXTS, [], "Authors whose papers count extra."),
        Key("organizations", v.TEXTS, [], "Organizations whose papers count extra."),
        Key("papers", v.PAPERS, [], "Seed papers by id or address: more like these."),
        Key("papers_not", v.PAPERS, [], "And less like these."),
        Key("top", v.whole(1, 50), 5, "How many papers an issue shows of it, at most."),
    ),
    many=True,
)

SCHEDULE = Section(
    "schedule",
    "When things happen.",
    ScheduleConfig,
    (
        Key("collect_every", v.duration("5m", "2d"), "1h", "How often `serve` asks the sources."),
        Key("send_hour", v.whole(0, 23), 8, "The hour of delivery, local to each reader unless she chose her own."),
        Key("cadence", v.choice(*CADENCES), "daily", "How often a reader who chose nothing gets mail."),
        Key(
            "expire_after",
            v.duration("10m", "7d"),
            "20h",
            "An issue that could not be delivered for so long is dropped: the next one holds its papers.",
        ),
    ),
)

WEB = Section(
    "web",
    "The web pages of `newsletter serve`. Every setting may be left out: then what it opens stays closed.",
    WebConfig,
    (
        Key(
            "operator_password",
            v.SECRET,
            "",
            "An argon2 hash of the password of `/operator`; docs/web.md says how to make one.",
            secret=True,
        ),
        Key("operator_token", v.SECRET, "", "The bearer token for the operator's part of the API.", secret=True),
        Key("trusted_proxies", v.TEXTS, [], "Networks whose X-Forwarded-For is believed, such as `127.0.0.1/32`."),
        Key("ses_topics", v.TEXTS, [], "Amazon SNS topic ARNs whose reports of bounces are taken."),
        Key("mailgun_key", v.SECRET, "", "The webhook signing key of Mailgun.", secret=True),
        Key("postmark_login", v.SECRET, "", "`user:password` that Postmark's webhook sends.", secret=True),
        Key("sendgrid_key", v.SECRET, "", "The public key of SendGrid's signed webhook.", secret=True),
    ),
)

SECTIONS: tuple[Section, ...] = (
    NEWSLETTER,
    SOURCES,
    SIGNALS,
    TOPICS,
    RANKING,
    SCHEDULE,
    DELIVERY,
    RELAYS,
    CHANNELS,
    RETURNS,
    WEB,
    SUMMARIES,
)

SOURCE_URLS = {
    "huggingface": "https://huggingface.co",
    "arxiv": "https://export.arxiv.org",
    "biorxiv": "https://api.biorxiv.org",
    "medrxiv": "https://api.biorxiv.org",  # one service answers for both
    "crossref": "https://api.crossref.org",
}
ARXIV_FEED = "https://rss.arxiv.org"
ARXIV_CATEGORIES = ["cs.CL", "cs.CV", "cs.LG", "cs.AI"]
SIGNAL_URLS = {
    "github": "https://api.github.com",
    "hackernews": "https://hn.algolia.com",
    "semanticscholar": "https://api.semanticscholar.org",
}
DEFAULT_SOURCES: list[dict[str, object]] = [{"kind": "huggingface"}, {"kind": "arxiv"}]
DEFAULT_TOPICS: list[dict[str, object]] = [{"slug": "trending", "name": "Trending", "top": 10}]
