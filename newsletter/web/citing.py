"""Papers as BibTeX and RIS: pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.compose.text import web_link
from newsletter.web.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.model.paper import Paper

RIS_TYPE = "application/x-research-info-systems"
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(papers: Iterable[Paper], *, authors: int | None = None) -> str:
    """One entry for each paper; no field can end early, whatever the source sent. Of more than `authors`, the first
    are named and the rest are BibTeX's own "others".
    """
    return "\n".join(_bibtex(paper, authors) for paper in papers)


def ris(papers: Iterable[Paper]) -> str:
    """One record for each paper, lines end with CRLF as the format asks."""
    return "".join(_ris(paper) for paper in papers)


def _bibtex(paper: Paper, most: int | None) -> str:
    people = [_tex(author).replace(" and ", " {and} ") for author in paper.authors[:most]]
    if len(people) < len(paper.authors):
        people.append("others")
    rows = [
        ("title", "{" + _tex(paper.title) + "}"),
        ("author", " and ".join(people)),
        ("year", str(paper.published.year) if paper.published else ""),
        ("eprint", paper.arxiv_id),
        ("archiveprefix", "arXiv" if paper.arxiv_id else ""),
        ("primaryclass", _tex(paper.categories[0]) if paper.arxiv_id and paper.categories else ""),
        ("doi", _tex(paper.doi)),
        ("journal", _tex(paper.journal)),
        ("url", web_link(paper.url).replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")),
    ]
    kind = "article" if paper.journal else "misc"
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in rows if value)
    return f"@{kind}{{{_key(paper)},\n{body}}}\n"


def _ris(paper: Paper) -> str:
    rows = [
        ("TY", "JOUR" if paper.journal else "UNPB"),
        ("TI", _line(paper.title)),
        *(("AU", _line(author)) for author in paper.authors),
        ("PY", str(paper.published.year) if paper.published else ""),
        ("JO", _line(paper.journal)),
        ("DO", _line(paper.doi)),
        ("UR", web_link(paper.url)),
        ("AB", _line(paper.abstract)),
        ("ID", paper.id),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in rows if value) + "ER  - \r\n\r\n"


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in _line(text))


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _key(paper: Paper) -> str:
    """Family name, year and a bit of the id: letters and digits only."""
    family = (
        re.sub(r"[^A-Za-z]", "", paper.authors[0].split()[-1]) if paper.authors and paper.authors[0].split() else ""
    )
    year = paper.published.year if paper.published else ""
    return f"{(family or 'paper').lower()}{year}-{re.sub(r'[^A-Za-z0-9.]', '-', paper.id)}"
