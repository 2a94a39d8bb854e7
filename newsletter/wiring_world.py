"""Config to what is asked of the world: sources, signals, models behind an address, names, and pages of our own."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from newsletter.errors import UsageError
from newsletter.press import Looked
from newsletter.wiring_late import Late

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.collect.http import Http
    from newsletter.config import Config, SignalConfig, SourceConfig
    from newsletter.ports import Dns, Embedder, Lookup, Records, Signal, Source, Summarizer


@contextmanager
def open_http(contact: str, records: Records) -> Iterator[Http]:
    """The one HTTP client of the process, made when it is first asked for. arXiv's turn is one for all processes of
    the database.
    """

    def make() -> Http:
        from newsletter.collect.http import ARXIV, Http
        from newsletter.stages.turns import Turns

        return Http(contact=contact, shared={ARXIV: Turns(records, ARXIV)})

    http = Late(make)
    try:
        yield cast("Http", http)
    finally:
        if http.is_made:
            http.close()


def look(config: Config, http: Http, url: str) -> Looked:
    """Our own pages may be on a private network."""
    from newsletter.collect.answers import Failed, Fetched

    answer = http.session(config.newsletter.base_url).get(url, tries=1)
    if isinstance(answer, Failed):
        return Looked(answer.reason)
    if isinstance(answer, Fetched):
        return Looked(body=answer.body[:10_000], date=answer.headers.get("date", ""))
    return Looked()


def provider_fetch(contact: str) -> Callable[[str], bytes]:
    """Reads a provider's certificate, once; never from a private network. Raises LaterError when it does not come."""
    from newsletter.collect.answers import Fetched
    from newsletter.collect.http import Http
    from newsletter.errors import LaterError

    @lru_cache(maxsize=16)
    def fetch(url: str) -> bytes:
        http = Http(contact=contact)
        try:
            answer = http.session().get(url, tries=1)
        finally:
            http.close()
        if isinstance(answer, Fetched):
            return answer.body
        raise LaterError("The mail provider's certificate could not be read.", cure="It is asked again.")

    return fetch


def open_source(config: Config, one: SourceConfig, http: Http) -> Source:
    from newsletter.collect.sources import is_ours, open_plugged
    from newsletter.collect.sources import open_source as opened

    kind = one.kind
    path = config.locate(one.path) if one.path else config.folder
    if not is_ours(kind):
        pace = one.pace.total_seconds() if one.pace is not None else None
        return open_plugged(
            kind, name=one.name, http=http, url=one.url, categories=one.categories, path=path, pace=pace
        )
    return opened(
        kind,
        name=one.name,
        url=one.url,
        feed_url=one.feed_url,
        categories=one.categories,
        path=path,
        pace=one.pace,
        summaries=one.summaries,
        http=http,
    )


def open_signal(one: SignalConfig, http: Http, records: Records) -> Signal:
    from newsletter.collect.signals import open_signal as opened

    return opened(one.kind, url=one.url, token=one.token, http=http, records=records)


def open_lookup(config: Config, http: Http) -> Lookup:
    """arXiv, at the address of its source when there is one."""
    url = next((one.url for one in config.sources if one.kind == "arxiv"), "")

    def make() -> Lookup:
        from newsletter.collect.sources.arxiv_lookup import ArxivLookup

        return ArxivLookup(http, url=url)

    return cast("Lookup", Late(make))


def open_summarizer(config: Config, http: Http) -> Summarizer | None:
    given = config.summaries
    if not given.url:
        return None
    from newsletter.collect.summaries import ChatSummarizer

    return ChatSummarizer(http, url=given.url, model=given.model, key=given.key)


def open_embedder(config: Config, http: Http) -> Embedder | None:
    given = config.ranking
    if given.meaning == "full":
        from newsletter.collect.minilm import MiniLm

        return MiniLm()
    if given.meaning == "endpoint":
        from newsletter.collect.embeddings import EndpointEmbedder

        return EndpointEmbedder(http, url=given.embeddings_url, model=given.embeddings_model, key=given.embeddings_key)
    return None


def open_dns() -> Dns:
    """UsageError when dnspython, which is an extra, is not installed."""
    try:
        from newsletter.send.resolver import Resolver
    except ModuleNotFoundError as error:
        cure = "Install it: `pip install 'trending-papers[dns]'`."
        raise UsageError("dnspython is not installed.", cure=cure) from error
    return Resolver()
