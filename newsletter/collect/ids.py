"""Names of papers and repositories, found in whatever a source writes them into."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from newsletter.collect import clean
from newsletter.model.paper import normalise_title, title_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEW = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD = r"[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3}"
_BARE = re.compile(rf"({_NEW}|{_OLD})(?:v(\d{{1,3}}))?")
_INSIDE = re.compile(
    rf"(?:arxiv\.org/(?:abs|pdf|html|list)/|huggingface\.co/papers/|arxiv:\s*|10\.48550/arxiv\.)"
    rf"({_NEW}|{_OLD})(?:v(\d{{1,3}}))?(?![\d])",
    re.IGNORECASE,
)
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"'<>|\\^`{}]{1,200})", re.IGNORECASE)
_BIORXIV_VERSION = re.compile(r"^(10\.(?:1101|64898)/[\d.]+)v\d+(?:\.full.*)?$")
_GITHUB = re.compile(r"github\.com/([A-Za-z0-9][A-Za-z0-9-]{0,38})/([A-Za-z0-9._-]{1,100})", re.IGNORECASE)
_NO_OWNER = {"about", "apps", "collections", "features", "login", "marketplace", "orgs", "search", "settings"}
_NO_OWNER |= {"sponsors", "topics", "trending"}
_WITHDRAWN = re.compile(
    r"^\s*withdrawn\b|\b(?:has been|have been|was|is|are)(?: temporarily)? withdrawn\b|\bwithdrawn (?:by|due to|from)\b"
    r"|\bwithdraw this (?:paper|submission|article)\b",
    re.IGNORECASE,
)


def arxiv_id(value: object) -> tuple[str, int] | None:
    """The arXiv id without version and the version (0: not named), from an id, an OAI name, a DOI or a URL.

    Old ids lose their subject class: `math.GT/0309136v2` is `math/0309136`, 2
    (https://info.arxiv.org/help/arxiv_identifier.html).
    """
    if not isinstance(value, str) or len(value) > clean.LINK:
        return None
    raw = value.strip()
    found = _BARE.fullmatch(raw.removesuffix(".pdf")) or _INSIDE.search(raw)
    if found is None:
        return None
    name = re.sub(r"\.[A-Z]{2}/", "/", found[1])
    return name, int(found[2] or 0)


def first_arxiv_id(values: Iterable[object]) -> tuple[str, int]:
    """The first that is one, or ("", 0)."""
    for value in values:
        if (found := arxiv_id(value)) is not None:
            return found
    return "", 0


def doi(value: object) -> str:
    """The DOI in lower case, or empty. arXiv's own DOIs are arXiv ids and give nothing here."""
    if not isinstance(value, str) or len(value) > clean.LINK:
        return ""
    found = _DOI.search(unquote(value))
    if found is None:
        return ""
    name = found[1].rstrip(".,;:)]").lower()
    name = _BIORXIV_VERSION.sub(r"\1", name)
    return "" if name.startswith("10.48550/") or not name.isprintable() or name.endswith("/") else name


def paper_id(arxiv: str, doi_name: str, title: str, url: str = "") -> str:
    """The id of a paper as `model.Paper` defines it; a title too short to tell papers apart is joined by its page."""
    if arxiv or doi_name:
        return arxiv or doi_name
    name = normalise_title(title)
    return "t-" + title_digest(name if len(name) >= 20 else f"{name} {url}")


def repository(value: object) -> str:
    r"""`https://github.com/owner/name` from any link into a GitHub repository; other code links as they are; or empty.

    `.git`, queries, `/tree/...`, LaTeX's `\_` and sentence punctuation are dropped; `owner.github.io` is a page.
    """
    if not isinstance(value, str):
        return ""
    found = _GITHUB.search(value[: clean.LINK].replace("\\_", "_"))
    if found is None:
        whole = clean.link(value)
        return "" if urlsplit(whole).hostname in {"github.com", "www.github.com"} else whole
    owner, name = found[1], found[2].rstrip(".").removesuffix(".git").rstrip(".")
    if not name or owner.lower() in _NO_OWNER:
        return ""
    return f"https://github.com/{owner}/{name}"


def code_in(*lines: str) -> str:
    """The first GitHub repository that the lines name, or empty: authors link their own code there."""
    for line in lines:
        for found in _GITHUB.finditer(line.replace("\\_", "_")):
            if name := repository(found[0]):
                return name
    return ""


def says_withdrawn(comment: str, abstract: str) -> bool:
    """There is no field for it: the comment says so, or the abstract's first words do."""
    return bool(_WITHDRAWN.search(comment) or _WITHDRAWN.search(abstract[:80]))
