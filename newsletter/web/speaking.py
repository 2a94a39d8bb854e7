"""Pages in the asker's language: which one it is, and days, spans and reasons as a template says them in it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from jinja2 import pass_context
from markupsafe import Markup, escape

from newsletter.compose.templates import speaking
from newsletter.compose.view import news_text
from newsletter.tongue.reasons import sentence
from newsletter.tongue.tongue import ENGLISH
from newsletter.web import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from jinja2.runtime import Context

    from newsletter.model.edition import FollowUp
    from newsletter.tongue.catalogues import Tongues
    from newsletter.tongue.tongue import Tongue
    from newsletter.web.calendar import Gap, Span
    from newsletter.web.views import CardView

ASKED = "lang"  # in the query: chosen by hand, and carried along by the page's links
MOST = 10  # languages of an Accept-Language header that are looked at
# Addresses whose answers are the same in every language: feeds, the API, files, what machines ask.
_SILENT = re.compile(
    r"/(?:api|operator|hooks|static|healthz|metrics|opml|robots|sitemap)\b|.*\.(?:atom|json|xml|txt|bib|ris)$"
)
_INSIDE = re.compile(r'\b(href|action)="(/[^"#]*)(#[^"]*)?"')
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


def speaks(path: str) -> bool:
    """Whether the answers of an address have a language."""
    return not _SILENT.match(path)


def is_feed(path: str) -> bool:
    """Whether the address is a feed: its summaries have the language that its address asks for, and no other."""
    return path.endswith(("/feed.atom", "/feed.json"))


def tongue_of(chosen: str, header: str, tongues: Tongues, default: Tongue) -> tuple[Tongue, str]:
    """(what to answer in, its name if it was chosen by hand): `?lang=` (`chosen`), else Accept-Language
    (`header`), else the default.

    Only languages with a catalogue count: a locale without one is answered as the newsletter is.
    """
    offered = tongues.languages()
    chosen = chosen.strip().replace("-", "_")[:20]
    if chosen and (tongue := _offered(chosen, tongues, offered)) is not None:
        return tongue, tongue.locale
    for name in accepted(header):
        if (tongue := _offered(name, tongues, offered)) is not None:
            return tongue, ""
    return default, ""


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first (RFC 9110 section 12.5.4)."""
    found = []
    for place, part in enumerate(header.split(",")[:MOST]):
        match = _LANGUAGE.fullmatch(part)
        if match and match[1] != "*" and (weight := float(match[2] or 1)) > 0:
            found.append((-weight, place, match[1].replace("-", "_")))
    return [name for _, _, name in sorted(found)]


def _offered(name: str, tongues: Tongues, offered: tuple[str, ...]) -> Tongue | None:
    language = name.partition("_")[0].lower()
    if language not in {one.partition("_")[0] for one in offered}:
        return None
    # Pages are written in the language alone: variants of its dates would only make more pages to keep.
    return tongues.of(name if name in offered else language)


def told(tongue: Tongue, languages: tuple[tuple[str, str], ...], carried: str) -> dict[str, Any]:
    """What a page's template knows of its language."""
    return speaking({"tongue": tongue}, escaping=True) | {
        "language": tongue.language,
        "direction": tongue.direction,
        "languages": languages,
        "carried": carried,
        "number": tongue.number,
    }


def carry(page: str, language: str) -> str:
    """The page with its own links in the language that was chosen by hand: nothing is remembered, no cookie is set."""

    def link(found: re.Match[str]) -> str:
        name, path, place = found[1], html.unescape(found[2]), found[3] or ""
        bare = path.partition("?")[0]
        if not (speaks(bare) or is_feed(bare)) or f"{ASKED}=" in path:
            return found[0]
        joint = "&" if "?" in path else "?"
        return f'{name}="{html.escape(f"{path}{joint}{ASKED}={language}")}{place}"'

    return _INSIDE.sub(link, page)


def _tongue(context: Context) -> Tongue:
    found: Tongue = context.get("tongue", ENGLISH)
    return found


@pass_context
def long_day(context: Context, day: date) -> str:
    return day_name(day, _tongue(context))


@pass_context
def short_count(context: Context, count: int) -> str:
    """A number within five letters or signs."""
    tongue = _tongue(context)
    return words.short_count(count) if tongue.locale == "en" else tongue.compact(count)


def day_name(day: date, tongue: Tongue) -> str:
    """With its weekday and year."""
    return words.long_day(day) if tongue.locale == "en" else tongue.date(day, "full")


@pass_context
def short_day(context: Context, day: date) -> str:
    return _short(_tongue(context), day)


@pass_context
def medium_day(context: Context, day: date) -> str:
    tongue = _tongue(context)
    return f"{words.short_day(day)} {day.year}" if tongue.locale == "en" else tongue.date(day, "medium")


@pass_context
def month(context: Context, day: date) -> str:
    tongue = _tongue(context)
    return f"{day:%b}" if tongue.locale == "en" else tongue.date(day, "MMM")


@pass_context
def span(context: Context, one: Span) -> str:
    return span_name(one, _tongue(context))


def span_name(one: Span, tongue: Tongue) -> str:
    """The name of a week or a month."""
    if tongue.locale == "en":
        return one.name
    if one.path.startswith("/week/"):
        year, week, _ = one.first.isocalendar()
        return tongue.say("Week {week}, {year}", week=week, year=str(year))
    return tongue.date(one.first, "yMMMM")


@pass_context
def gap(context: Context, one: Gap) -> str:
    """Empty days and why; a run's own notes are in English."""
    tongue = _tongue(context)
    days = _short(tongue, one.first)
    if one.first != one.last:
        joint = "to" if tongue.locale == "en" else "\N{EN DASH}"
        days = f"{days} {joint} {_short(tongue, one.last)}"
    return f"{days}: {tongue.gettext('; ').join(tongue.gettext(words.clean(reason)) for reason in one.reasons)}"


@pass_context
def why(context: Context, card: CardView) -> str:
    return sentence(card.reasons, _tongue(context)) if card.reasons else card.why


@pass_context
def news(context: Context, one: FollowUp) -> str:
    return news_text(one, _tongue(context))


def strong(text: str) -> Markup:
    """An address or a name within a sentence, set off and by itself in its direction."""
    return Markup("<b><bdi>%s</bdi></b>") % escape(text)


def _short(tongue: Tongue, day: date) -> str:
    return words.short_day(day) if tongue.locale == "en" else tongue.date(day, "MMMEd")


FILTERS: dict[str, Callable[..., Any]] = {
    "long_day": long_day,
    "short_day": short_day,
    "short_count": short_count,
    "medium_day": medium_day,
    "month": month,
    "span": span,
    "gap": gap,
    "why": why,
    "news": news,
    "strong": strong,
    "moment": words.moment,
    "clean": words.clean,
}
