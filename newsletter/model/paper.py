"""Papers and what is measured of them: facts, appearances on lists, readings."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

Announced = Literal["new", "cross", "replace", "listed"]

_TEX_COMMAND = re.compile(r"\\[a-zA-Z]+")
_PREFIX = re.compile(
    r"(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|(?:dx\.)?doi\.org/)|arxiv:|doi:", re.IGNORECASE
)
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.", re.IGNORECASE)
_VERSIONED = re.compile(r"(\d{4}\.\d{4,5}|[a-z.-]+/\d{7})v\d+", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper, whatever the source or version.

    `id` is the arXiv id without version (`2608.00001`, `math/0309136`), else the DOI in lower case
    (`10.1101/2026.01.02.123456`), else `t-` and 16 hex digits of the normalised title.
    Text is cleaned (no controls, no surrogates, no bidi overrides, one line) but still holds its TeX.
    Links are http or https, or empty.
    """

    id: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    published: date | None = None  # first submitted, not announced
    version: int = 0  # 0: not known
    categories: tuple[str, ...] = ()  # primary first
    organization: str = ""
    keywords: tuple[str, ...] = ()
    summary: str = ""  # the source's own TL;DR, attributed to `summary_by`
    summary_by: str = ""
    comment: str = ""  # arXiv's comment: venue, code, pages
    journal: str = ""
    licence: str = ""
    arxiv_id: str = ""
    doi: str = ""
    url: str = ""  # abstract page
    pdf_url: str = ""
    code_url: str = ""
    project_url: str = ""
    discussion_url: str = ""
    withdrawn: bool = False
    brought: bool = False  # told by a reader, for herself alone: it is none of the papers that sources gave
    aliases: tuple[str, ...] = ()  # identity keys of records that were merged into this one: other titles, other DOIs


@dataclass(frozen=True, slots=True)
class Listing:
    """One appearance of a paper on one source's list of one day."""

    paper_id: str
    source: str
    day: date
    kind: Announced
    at: datetime  # when we saw it first, UTC


@dataclass(frozen=True, slots=True)
class Reading:
    """A measurement, kept for ever: `signal` is `<source>.<what>`, such as `huggingface.upvotes`."""

    paper_id: str
    signal: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong or was left out, in words a person can act on."""

    where: str  # "huggingface 2026-11-20 item 17", "papers.jsonl line 3"
    what: str
    cure: str = ""
    lasting: bool = False  # running it again will not help: a person must look


@dataclass(frozen=True, slots=True)
class Found:
    """One item of one list as a source gave it, before papers are merged."""

    paper: Paper
    day: date
    kind: Announced = "listed"
    measured: tuple[tuple[str, float, datetime | None], ...] = ()  # (signal, value, its own time or None: now)
    original: str = ""  # the item as received, for later repair


@dataclass(frozen=True, slots=True)
class Ask:
    """What a source is asked: the days still wanted, oldest first, and what it told us last time."""

    days: tuple[date, ...]
    asof: datetime  # UTC
    memory: dict[str, str] = field(default_factory=dict)  # ETags, last batch: the source's own keys


HarvestState = Literal["ok", "empty", "unchanged", "partial", "stale", "failed"]


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one source gave. A failed source is a value, not an exception: the others go on."""

    source: str
    state: HarvestState
    found: tuple[Found, ...] = ()
    days: tuple[date, ...] = ()  # days that were answered whole (an empty weekend counts)
    problems: tuple[Problem, ...] = ()
    memory: dict[str, str] = field(default_factory=dict)
    note: str = ""  # one sentence: "23 papers on the list of 2026-11-20"
    looked: tuple[date, ...] = ()  # days whose list was read from end to end now, whether it may still grow or not


@dataclass(frozen=True, slots=True)
class Poll:
    """How long one source's list of one day was when we looked: the stability rule reads these."""

    source: str
    day: date
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper with all we know of it at one moment: what the ranker reads."""

    paper: Paper
    first_seen: datetime
    listings: tuple[Listing, ...] = ()
    readings: tuple[Reading, ...] = ()  # oldest first


def pasted_id(text: str) -> str:
    """The id in whatever a person pastes: an address, a version, a prefix, arXiv's own DOI."""
    text = _PREFIX.sub("", text.strip(), count=1).removesuffix(".pdf")
    text = _ARXIV_DOI.sub("", text, count=1)
    if found := _VERSIONED.fullmatch(text):
        return found[1]
    return text.lower() if text.startswith("10.") else text


def normalise_title(title: str) -> str:
    """The title as a key: case, accents, TeX commands and punctuation are gone."""
    folded = unicodedata.normalize("NFKD", _TEX_COMMAND.sub("", title).casefold())
    return _NOT_WORD.sub("", "".join(c for c in folded if not unicodedata.combining(c)))


def identity_keys(paper: Paper) -> tuple[str, ...]:
    """Every key under which this paper may be known, strongest first.

    Titles shorter than 20 letters ("Editorial", "Erratum") are no identity.
    """
    keys = []
    if paper.arxiv_id:
        keys.append(f"arxiv:{paper.arxiv_id}")
    if paper.doi:
        keys.append(f"doi:{paper.doi.lower()}")
    if len(title := normalise_title(paper.title)) >= 20:
        keys.append(f"title:{title_digest(title)}")
    return tuple(dict.fromkeys((*keys, *paper.aliases)))


def title_digest(normalised: str) -> str:
    """16 hex digits of a normalised title."""
    return hashlib.blake2b(normalised.encode(), digest_size=8).hexdigest()
