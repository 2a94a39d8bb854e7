"""Posts by Apprise (https://github.com/caronc/apprise): its plugins know the services, the text is ours as it stands.

A plugin's `send` is called, not Apprise's `notify`: `notify` rewrites the text for each service, and what a hostile
title holds could come to life in that. A plugin says in its log alone why something failed; that is where it is read.
"""

from __future__ import annotations

import logging
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from apprise import Apprise, NotifyFormat, NotifyType

from newsletter.errors import NewsletterError, UsageError
from newsletter.model.mail import Deferred, Delivered, Refused, Reply, Uncertain
from newsletter.model.paper import Problem
from newsletter.patience import TooLateError, awaited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.model.channel import ChannelKind, Post
    from newsletter.model.mail import Outcome

LONGEST = 45.0  # seconds for one post, every step of it
_TIMES = "cto=10&rto=20"  # seconds to connect, and for each read
_FORMAT = {
    "webhook": NotifyFormat.TEXT,
    "slack": NotifyFormat.MARKDOWN,
    "discord": NotifyFormat.MARKDOWN,
    "telegram": NotifyFormat.HTML,
    "matrix": NotifyFormat.HTML,
}
_CODE = re.compile(r"error=(\d{3})")
_SILENT = re.compile(r"Read timed out|RemoteDisconnected|Connection reset|Connection aborted|IncompleteRead")
_POSTING = "the message itself is handed over"
_LATER = frozenset({408, 421, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """One channel of the configuration. Fits the port `Channel`."""

    name: str
    kind: ChannelKind
    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    room: str = ""
    longest: float = LONGEST

    def check(self) -> Problem | None:
        try:
            self._plugin()
        except NewsletterError as error:
            return Problem(f"channel {self.name}", error.what, error.cure, lasting=True)
        return None

    def post(self, post: Post, number: int) -> Outcome:
        try:
            plugin = self._plugin()
            if self.kind == "webhook":
                plugin.payload_extras = dict(post.document)
            done, said = awaited(lambda: self._send(plugin, post), what=self.name, most=self.longest)
        except UsageError as error:
            return Refused(number, Reply(0, "", str(error)[:500]), "message")
        except TooLateError:
            return Uncertain(number, Reply(0, "", f"no answer within {self.longest:g} seconds"))
        return Delivered(number, Reply(200)) if done else self._judged(said, number)

    def _send(self, plugin: Any, post: Post) -> tuple[bool, list[str]]:
        """Whether it was taken, and what the plugin said."""
        title = post.title if self.kind == "webhook" else ""
        with _heard() as said:
            sent = plugin.send(body=post.text, title=title, notify_type=NotifyType.INFO, body_format=_FORMAT[self.kind])
        return bool(sent), said

    def _judged(self, said: list[str], number: int) -> Outcome:
        """Refused: a person must look at the address. Uncertain: the connection broke after the request."""
        told = [line for line in said if line != _POSTING]
        words = " ".join(" ".join(told).split())
        codes = [int(found) for found in _CODE.findall(words)]
        heard = self._redacted(
            next((line for line in told if "error=" in line), told[0] if told else "no reason given")
        )
        reply = Reply(codes[0] if codes else 0, "", heard[:500])
        if codes:
            return Deferred(number, reply) if codes[0] in _LATER else Refused(number, reply, "message")
        asked = self.kind != "matrix" or _POSTING in said  # Matrix asks two questions before it posts
        if asked and _SILENT.search(words):
            return Uncertain(number, reply)
        return Deferred(number, reply, charged=False)

    def _redacted(self, text: str) -> str:
        secrets = [self.token, self.url, *urlsplit(self.url).path.split("/")]
        for secret in sorted(filter(lambda one: len(one) > 7, secrets), key=len, reverse=True):
            text = text.replace(secret, "...")
        return text

    def _plugin(self) -> Any:
        """Raises UsageError when the address is not one of this kind."""
        with _heard():
            made = Apprise.instantiate(self._address(), suppress_exceptions=True)
        if made is None:
            raise UsageError(
                f"[[channels]] {self.name}: {_SHAPES[self.kind]}", cure="docs/channels.md says where it is."
            )
        made.request_rate_per_sec = 0  # one post a day needs no pause before it
        attribute, path = _PLACES.get(self.kind, ("", ""))
        if attribute:
            parts = urlsplit(self.url)
            setattr(made, attribute, f"{parts.scheme}://{parts.netloc}{path}")
        return made

    def _address(self) -> str:
        """As Apprise writes it: its own scheme, and the parts of the service's address behind it."""
        parts = urlsplit(self.url)
        pieces = [piece for piece in parts.path.split("/") if piece]
        secure = "s" if parts.scheme == "https" else ""
        if self.kind == "slack":
            return f"slack://{'/'.join(pieces[-3:])}/?blocks=yes&footer=no&image=no&{_TIMES}"
        if self.kind == "discord":
            return f"discord://{'/'.join(pieces[-2:])}/?avatar=no&{_TIMES}"
        if self.kind == "telegram":
            token = self.token or (pieces[-1].removeprefix("bot") if pieces else "")
            return f"tgram://{token}/{quote(self.room, safe='-')}/?format=html&{_TIMES}"
        if self.kind == "matrix":
            room = quote(self.room, safe="!#:")
            return f"matrix{secure}://{quote(self.token, safe='')}@{parts.netloc}/{room}?format=html&{_TIMES}"
        login = f"{quote(parts.username)}:{quote(parts.password or '')}@" if parts.username else ""
        host = parts.netloc.rpartition("@")[2]
        query = f"{parts.query}&" if parts.query else ""
        return f"json{secure}://{login}{host}{parts.path or '/'}?{_passed_on(query)}{_TIMES}{self._bearer()}"

    def _bearer(self) -> str:
        return f"&+Authorization={quote('Bearer ' + self.token)}" if self.token else ""


_PLACES: dict[str, tuple[str, str]] = {
    "slack": ("webhook_url", "/services"),
    "discord": ("notify_url", "/api/webhooks"),
    "telegram": ("notify_url", "/bot"),
}
_SHAPES: dict[str, str] = {
    "webhook": "its url is no http or https address.",
    "slack": "its url is not like https://hooks.slack.com/services/T000/B000/XXXX.",
    "discord": "its url is not like https://discord.com/api/webhooks/NUMBER/TOKEN.",
    "telegram": "it needs a url like https://api.telegram.org/bot123:TOKEN and a room such as -100123 or @name.",
    "matrix": "it needs the server's url, a token, and a room such as !abc:example.org.",
}


def _passed_on(query: str) -> str:
    """Parameters of a webhook's own address, as Apprise passes them on."""
    return "".join(f"-{pair}&" for pair in query.split("&") if pair)


class _Ear(logging.Handler):
    """Apprise has one logger for the process: each thread hears what it caused itself, so posts wait for no other."""

    def __init__(self) -> None:
        super().__init__()
        self.own = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        said: list[str] | None = getattr(self.own, "said", None)
        if said is None:
            return
        line = record.getMessage()
        if record.levelno >= logging.WARNING or line.startswith("Socket Exception"):
            said.append(line)
        elif "/send/m.room.message" in line:
            said.append(_POSTING)


_EAR = _Ear()
_LOGGER = logging.getLogger("apprise")


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What Apprise logs in this thread meanwhile. Nobody else hears it: its debug lines hold addresses and texts."""
    _LOGGER.handlers, _LOGGER.propagate = [_EAR], False
    _LOGGER.setLevel(logging.DEBUG)
    before, said = getattr(_EAR.own, "said", None), list[str]()
    _EAR.own.said = said
    try:
        yield said
    finally:
        _EAR.own.said = before
