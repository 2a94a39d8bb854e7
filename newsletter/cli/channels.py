"""`channels`: the chats and webhooks that get the edition too, what they would be sent, and a first try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import config_option
from newsletter.cli.frame import command, day_option, give, json_option, opened, say, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from newsletter.config_channels import ChannelConfig
    from newsletter.model.channel import Post
    from newsletter.press import Press

SHOWN = 20


@click.group("channels", short_help="Chats and webhooks that get the edition too: list, show, test.")
@config_option
def channels() -> None:
    """Each edition as one post in a chat or at a webhook: `[[channels]]` in config.toml, docs/channels.md."""


@command("list", short_help="The channels, and where their last posts stand.")
@json_option
def list_(as_json: bool) -> None:
    """The channels of the configuration, and where their last posts stand."""
    with opened() as press:
        facts = gather(press)
    if as_json:
        give(facts)
        return
    for one in facts:
        say(f"{one['name']} ({one['kind']}): {', '.join(one['topics']) or 'all topics'}")
        for post in one["posts"]:
            say(f"  {post['day']}: {post['text']}")
    if not facts:
        say("There is none: add [[channels]] to config.toml (docs/channels.md).")


def gather(press: Press) -> list[dict[str, Any]]:
    """All channels with their last posts, newest first; those of removed channels are left out."""
    book = press.channel_ledger
    names = [one.name for one in press.config.channels]
    entries = book.latest(names, now=press.clock.now(), limit=SHOWN) if book else ()
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "topics": list(one.topics),
            "posts": [
                {
                    "day": entry.day.isoformat(),
                    "state": entry.state,
                    "attempts": entry.attempts,
                    "answer": entry.reply.text if entry.reply else "",
                    "not_before": entry.not_before.isoformat() if entry.not_before else None,
                    "text": words(entry.state, entry.reply.text if entry.reply else ""),
                }
                for entry in entries
                if entry.channel == one.name
            ][:5],
        }
        for one in press.config.channels
    ]


def words(state: str, answer: str) -> str:
    told = {
        "sent": "posted",
        "queued": "waits to be posted",
        "claimed": "is being posted",
        "sending": "is being posted",
        "deferred": "was not taken yet and is tried again",
        "refused": "was refused",
        "uncertain": "got no answer: it may be there or not",
        "expired": "grew too old to post",
        "cancelled": "was not posted",
    }
    return told.get(state, state) + (f": {answer}" if answer and state != "sent" else "")


@command("show", short_help="What a channel would get, as it goes out.")
@click.argument("name")
@day_option
@json_option
def show(name: str, day: date | None, as_json: bool) -> int:
    """Print the post of the newest edition (or of --day) in the channel's own markup; nothing is sent."""
    with opened() as press:
        post = _post(press, _named(press, name), day)
    if post is None:
        return 0
    if as_json:
        give({"key": post.key, "title": post.title, "text": post.text, "document": dict(post.document)})
    else:
        say(post.text)
    return 0


@command("test", short_help="Post the newest edition to a channel now.")
@click.argument("name")
@day_option
def test(name: str, day: date | None) -> int:
    """Post the newest edition (or that of --day) to a channel at once. The ledger is left as it is: the edition is
    posted again when it is due.
    """
    from newsletter.model.mail import Deferred, Delivered, Dropped

    with opened() as press:
        post = _post(press, _named(press, name), day)
        if post is None:
            return 0
        channel = next(one for one in press.open_channels() if one.name == name)
        outcome = channel.post(post, 0)
    if isinstance(outcome, Delivered):
        say(f"posted to {name}")
        return 0
    tell(f"not posted to {name}: {outcome.text if isinstance(outcome, Dropped) else outcome.reply.text}")
    return 75 if isinstance(outcome, Deferred) else 1


def _named(press: Press, name: str) -> ChannelConfig:
    for one in press.config.channels:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in press.config.channels) or "none"
    raise UsageError(f'There is no channel "{name}".', cure=f"There are: {names}.")


def _post(press: Press, one: ChannelConfig, day: date | None) -> Post | None:
    from newsletter.stages.posting import post_of

    days = press.editions.days()
    wanted = day or (days[-1] if days else None)
    edition = press.editions.get(wanted) if wanted else None
    if edition is None:
        tell(f"there is no edition{f' of {wanted}' if wanted else ' yet'}: `newsletter run` prints one")
        return None
    post = post_of(press, one, edition)
    if post is None:
        tell(f"the edition of {edition.day} holds nothing of the topics of {one.name}")
    return post


for one in (list_, show, test):
    channels.add_command(one)
