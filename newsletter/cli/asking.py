"""The questions of `init`: few, each with a default, and what their answers become in config.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.config_providers import PROVIDERS, WHOLE_ADDRESS
from newsletter.config_sample import TOPICS
from newsletter.errors import AddressError
from newsletter.subscribe.addresses import parse_address
from newsletter.subscribe.zones import zone_cure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.press import Press


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said; empty: the sample's."""

    email: str = ""
    provider: str = ""
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    topics: tuple[dict[str, Any], ...] = TOPICS

    def subscribe(self, press: Press) -> None:
        from newsletter.model.subscriber import Subscriber

        now = press.clock.now()
        reader = Subscriber(email=self.email, created_at=now, confirmed_at=now, consent="the operator, at init")
        press.subscribers.add(reader)


def questions(provider: str | None) -> Answers:
    """Ask on the terminal, until each answer can be used."""
    click.echo("Four questions; Enter takes what stands in brackets or skips. config.toml has it all to change later.")
    email = _asked("Your address: the sender, and the first reader", "", _address)
    words = _asked("What do you read, in plain words", "", lambda _: "")
    zone = _asked("Your time zone", local_zone(), _zone)
    known = ", ".join(PROVIDERS)
    taker = provider or _asked(f"Who takes your mail ({known}; empty: files in outbox/)", "", _provider)
    settings: dict[str, dict[str, object]] = {"newsletter": {"timezone": zone}}
    if email:
        settings["newsletter"]["from"] = f"Trending Papers <{email}>"
        settings["newsletter"]["operator"] = email
        if taker and PROVIDERS[taker].username == WHOLE_ADDRESS:
            settings["delivery"] = {"username": email}
    return Answers(email, taker, settings, _topics(words))


def local_zone() -> str:
    """This machine's zone, as far as it says; else UTC."""
    try:
        link = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
        named = link or Path("/etc/timezone").read_text("utf-8").strip()
    except OSError:
        named = ""
    return named if named and named != "Etc/UTC" and not zone_cure(named) else "UTC"


def _topics(words: str) -> tuple[dict[str, Any], ...]:
    if not words:
        return TOPICS
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40].strip("-") or "my-topic"
    return ({"slug": slug, "name": words[:60].capitalize(), "query": words, "top": 10},)


def _asked(text: str, default: str, check: Any) -> str:
    while True:
        given = str(click.prompt(text, default=default, show_default=bool(default))).strip()
        steering = any(not c.isprintable() for c in given)
        problem = "A tab or another control character is in it: type it again." if steering else ""
        problem = problem or (check(given) if given else "")
        if not problem:
            return given
        click.echo(f"  {problem}")


def _address(text: str) -> str:
    try:
        parse_address(text)
    except AddressError as error:
        return error.what
    return ""


def _zone(text: str) -> str:
    return zone_cure(text)


def _provider(text: str) -> str:
    return "" if text in PROVIDERS else f"There is no {text} here: one of {', '.join(PROVIDERS)}, or nothing."
