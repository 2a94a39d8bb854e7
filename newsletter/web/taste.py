"""What a reader's feedback amounts to now: pure, the last word on each paper and topic counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from newsletter.model.subscriber import Feedback


@dataclass(frozen=True, slots=True)
class Standing:
    """`opinions`: paper id to `more` or `less`; `saved`: paper id to when; `topics`: slug to `mute`."""

    opinions: dict[str, str] = field(default_factory=dict)
    saved: dict[str, datetime] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)


def standing(said: Iterable[Feedback]) -> Standing:
    """Replay what was said, oldest first: `undo` takes back an opinion, `unsave` a save, `unmute` a mute."""
    now = Standing()
    for one in sorted(said, key=lambda feedback: feedback.at):
        if one.verb in ("more", "less"):
            now.opinions[one.paper_id] = one.verb
        elif one.verb == "undo":
            now.opinions.pop(one.paper_id, None)
        elif one.verb == "save":
            now.saved[one.paper_id] = one.at
        elif one.verb == "unsave":
            now.saved.pop(one.paper_id, None)
        elif one.verb == "mute":
            now.topics[one.topic] = "mute"
        else:
            now.topics.pop(one.topic, None)
    return now


def saved_ids(said: Iterable[Feedback]) -> list[str]:
    """Saved papers, the newest first."""
    saved = standing(said).saved
    return sorted(saved, key=lambda one: saved[one], reverse=True)
