"""arXiv asked for papers by name: an author's own list, and full records by id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.collect import items
from newsletter.collect.answers import Fetched
from newsletter.collect.http import ARXIV_PACE
from newsletter.collect.sources.arxiv_asking import Asking
from newsletter.collect.sources.arxiv_entries import ErrorEntry, read_api
from newsletter.collect.xmldoc import XmlError
from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.collect.http import Http
    from newsletter.model.paper import Paper

MOST = 2_000  # papers that are asked for by id at once
_AUTHOR = re.compile(r"[A-Za-z][A-Za-z'-]*_[A-Za-z]+_\d{1,4}|\d{4}-\d{4}-\d{4}-\d{3}[\dX]")


class ArxivLookup:
    """The port `Lookup`. `url` is the API's, as in `[[sources]]`; author lists live on the site beside it.

    https://info.arxiv.org/help/author_identifiers.html: `/a/<id>.atom2` is Atom, newest first.
    """

    def __init__(self, http: Http, *, url: str = "") -> None:
        self._http = http
        self._api = (url or "https://export.arxiv.org").rstrip("/").removesuffix("/api/query")
        self._site = self._api.replace("://export.arxiv.org", "://arxiv.org")

    def by_id(self, arxiv_ids: Sequence[str]) -> tuple[tuple[Paper, ...], tuple[Problem, ...]]:
        tally = items.Tally()
        session = self._http.session(self._api, pace=ARXIV_PACE if "arxiv.org" in self._api else None)
        asking = Asking(session, api=f"{self._api}/api/query", feed="", tally=tally, where="arxiv")
        found = asking.details(list(dict.fromkeys(arxiv_ids))[:MOST])
        return tuple(entry.paper for entry in found.values()), tally.problems("arxiv")

    def by_author(self, author: str) -> tuple[tuple[Paper, ...], tuple[Problem, ...]]:
        where, tally = f"arxiv author {author[:60]}", items.Tally()
        if not _AUTHOR.fullmatch(author):
            return (), (Problem(where, "this is no author id", "It looks like warner_s_1, or is an ORCID."),)
        session = self._http.session(self._site, pace=ARXIV_PACE if "arxiv.org" in self._site else None)
        answer = session.get(f"{self._site}/a/{quote(author)}.atom2", accept="application/atom+xml")
        if not isinstance(answer, Fetched):
            cure = "Is the id right?" if getattr(answer, "status", 0) == 404 else getattr(answer, "cure", "")
            return (), (Problem(where, getattr(answer, "reason", "no answer"), cure),)
        try:
            page = read_api(answer.body, where, tally)
        except (ErrorEntry, XmlError) as error:
            return (), (Problem(where, str(error), "Try again later."),)
        return tuple(entry.paper for entry in page.entries), tally.problems("arxiv")
