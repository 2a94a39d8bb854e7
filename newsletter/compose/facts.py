"""What a template is told, under which name: one reader's values, or the slots that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from newsletter.compose.slots import slot
from newsletter.compose.splice import Words, words
from newsletter.compose.text import clean, shorten, web_link
from newsletter.compose.wrapping import wrap
from newsletter.tongue.tongue import ENGLISH, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from newsletter.compose.view import FollowUpView, SectionView, Viewer
    from newsletter.model.mail import Letterhead, ReaderLinks
    from newsletter.model.subscriber import Reader
    from newsletter.tongue.tongue import Tongue

# The names of a reader's own values.
SLOTS = (
    "headline",
    "preheader",
    "date",
    "date_short",
    "summary",
    "email",
    "reason",
    "unsubscribe",
    "preferences",
    "view",
    "feedback",
)
_WORDS_A_MINUTE = 200
_CADENCES = {
    "daily": marked("every day"),
    "weekdays": marked("on weekdays"),
    "weekly": marked("once a week"),
    "monthly": marked("once a month"),
}


@dataclass(frozen=True, slots=True)
class Newsletter:
    """What templates know of the letterhead."""

    name: str
    base_url: str
    postal_address: str


def newsletter_facts(letterhead: Letterhead) -> Newsletter:
    lines = [line for line in map(clean, letterhead.postal_address.splitlines()) if line]
    return Newsletter(
        clean(letterhead.name, 80) or "Trending Papers", web_link(letterhead.base_url).rstrip("/"), ", ".join(lines)
    )


def issue_values(
    titles: tuple[str, ...], only: str, topics: int, length: int, dates: tuple[str, str], tongue: Tongue
) -> dict[str, str]:
    """The values of an issue by slot name; `only` is the TL;DR of its one paper, when it has but one."""
    return {
        "headline": headline(titles, tongue),
        "preheader": preheader(titles) or shorten(only, 140),
        "date": dates[0],
        "date_short": dates[1],
        "summary": summary(len(titles), topics, length, tongue),
    }


def person_words(subscriber: Reader, links: ReaderLinks, topic_names: Mapping[str, str], tongue: Tongue) -> Words:
    """The values of a reader by slot name; an empty value has no slot."""
    texts = {
        "email": clean(subscriber.email),
        "reason": reason(subscriber, topic_names, tongue),
        "unsubscribe": web_link(links.unsubscribe),
        "preferences": web_link(links.preferences),
        "view": web_link(links.view),
        "feedback": web_link(links.feedback),
    }
    return words(texts, wrapped={"reason": wrap(texts["reason"])})


@lru_cache(maxsize=64)
def view_words(view: str) -> Words:
    """The value that the readers of one issue share."""
    return words({"view": web_link(view)}, wrapped={})


def for_text(values: Mapping[str, str]) -> dict[str, str]:
    """The same for the text part, where a sentence is wrapped before it goes into its slot."""
    return {**values, "reason": wrap(values["reason"])}


def for_html(values: Mapping[str, str]) -> dict[str, str]:
    """The same for the HTML part, escaped as Jinja does it."""
    return {name: str(escape(value)) for name, value in values.items()}


def as_slots(values: Mapping[str, str]) -> dict[str, str]:
    """Slots in place of the values that are not empty."""
    return {name: slot(name) if value else "" for name, value in values.items()}


def digest_facts(
    newsletter: Newsletter,
    values: Mapping[str, str],
    sections: tuple[SectionView, ...],
    follow_ups: tuple[FollowUpView, ...],
    beyond: int,
    *,
    viewer: Viewer,
    mark: Callable[[str], str],
) -> dict[str, Any]:
    """Every name that a digest template may use; docs/writing-a-template.md lists the same."""
    return {
        "newsletter": newsletter,
        "issue": {
            **{name: values[name] for name in ("headline", "preheader", "date", "date_short", "summary")},
            "sections": sections,
            "follow_ups": follow_ups,
            "beyond": viewer.tongue.count("{n} more paper online", "{n} more papers online", beyond) if beyond else "",
        },
        "reader": {"email": values["email"], "reason": values["reason"]},
        "links": {name: values[name] for name in ("unsubscribe", "preferences", "view")},
        "mark": mark,
        **tongue_facts(viewer.tongue),
    }


def tongue_facts(tongue: Tongue) -> dict[str, Any]:
    """What a template knows of the language; `_` and `ngettext` come with it (`templates`)."""
    return {
        "tongue": tongue,
        "language": tongue.language,
        "date_language": tongue.date_language,
        "direction": tongue.direction,
    }


def headline(titles: Sequence[str], tongue: Tongue = ENGLISH) -> str:
    if not titles:
        return tongue.say("News about papers you saw")
    rest = len(titles) - 1
    title = shorten(titles[0], 76)
    return tongue.count("{title} and {n} more", "{title} and {n} more", rest, title=title) if rest else title


def preheader(titles: Sequence[str]) -> str:
    """What phones show beside the subject: the papers that the subject does not name."""
    return shorten(" · ".join(shorten(title, 70) for title in titles[1:4]), 140)


def summary(papers: int, topics: int, length: int, tongue: Tongue = ENGLISH) -> str:
    minutes = max(1, round(length / _WORDS_A_MINUTE))
    return tongue.say(
        "{papers} in {topics}, {minutes}",
        papers=tongue.count("{n} paper", "{n} papers", papers),
        topics=tongue.count("{n} topic", "{n} topics", topics),
        minutes=tongue.count("about {n} minute", "about {n} minutes", minutes),
    )


def reason(subscriber: Reader, topic_names: Mapping[str, str], tongue: Tongue = ENGLISH) -> str:
    """Why she gets this mail: her own choice, in words."""
    chosen = tuple(topic_names.get(slug, slug) for slug in subscriber.topics[:6])
    return _reason(subscriber.cadence or "", chosen, len(subscriber.topics) - 6, tongue)


def _reason(cadence: str, names: tuple[str, ...], more: int, tongue: Tongue) -> str:
    often = tongue.say(_CADENCES[cadence]) if cadence in _CADENCES else ""
    given = [name for name in (clean(shorten(name, 40)) for name in names) if name]
    topics = tongue.listed([tongue.gettext(name) for name in given])
    if more > 0:
        topics = tongue.count("{topics} and {n} more topic", "{topics} and {n} more topics", more, topics=topics)
    if topics and often:
        return tongue.say(
            "You get this mail {often} because you subscribed to it about {topics}.", often=often, topics=topics
        )
    if topics:
        return tongue.say("You get this mail because you subscribed to it about {topics}.", topics=topics)
    if often:
        return tongue.say("You get this mail {often} because you subscribed to it.", often=often)
    return tongue.say("You get this mail because you subscribed to it.")
