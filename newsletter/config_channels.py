"""The settings of `[[channels]]`, a page beside `config_keys`: chats and webhooks that get the edition too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter import config_places as places
from newsletter import config_values as v
from newsletter.config_shape import Key, Section

if TYPE_CHECKING:
    from newsletter.model.channel import ChannelKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    kind: ChannelKind
    name: str
    url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    room: str = ""
    topics: tuple[str, ...] = ()
    send_hour: int | None = None


CHANNELS = Section(
    "channels",
    "Chats and webhooks that get each edition too, as one post. They need `pip install 'trending-papers[channels]'`; "
    "docs/channels.md says where each service shows its address.",
    ChannelConfig,
    (
        Key("kind", v.choice("webhook", "slack", "discord", "matrix", "telegram"), None, "What it is.", required=True),
        Key("name", v.TEXT, "", "What it is called in runs and by `newsletter channels`; empty: made from the kind."),
        Key(
            "url",
            places.URL,
            "",
            "Its address; whoever knows it can post, so it is best given as `NEWSLETTER_CHANNELS__0__URL` in the "
            "environment. Matrix: the server's. Telegram: `https://api.telegram.org`, with the bot's token in `token`.",
            secret=True,
        ),
        Key("token", v.SECRET, "", "`matrix`, `telegram`: the bot's token. `webhook`: sent as bearer.", secret=True),
        Key("room", v.TEXT, "", "`matrix`: the room, `!abc:example.org`. `telegram`: the chat, `-100123` or `@name`."),
        Key("topics", v.TEXTS, [], "Slugs of the topics to post; empty: all."),
        Key(
            "send_hour",
            v.whole(0, 23),
            None,
            "Not before this hour, in the newsletter's zone; without it, once it is printed.",
        ),
    ),
    many=True,
)

TELEGRAM = "https://api.telegram.org"
