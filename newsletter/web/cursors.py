"""Cursors of the API's lists: what each looks like, for the OpenAPI document and for whoever reads a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from newsletter.web.problems import problem

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.web.ask import Ask

NUMBER = r"^([0-9]{1,18})?$"  # the last row's number; an empty cursor begins, everywhere
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"
PAPER = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}~[!-~]{1,3000})?$"  # the last paper's edition and id
SEARCH = r"^([A-Za-z0-9_-]{40,300})?$"

LOST = "`cursor` is not one that we gave: begin again without it."
FOREIGN = "`cursor` is of another search: begin again without it."


def paper_place(day: str, paper_id: str) -> str:
    """The cursor after a paper. Its id may hold blanks and any letter: `!` stands for the `%` of RFC 3986, so that the
    cursor is the same whether a client encodes it or not.
    """
    return f"{day}~{quote(paper_id, safe='/:').replace('%', '!')}"


def placed_paper(cursor: str) -> tuple[str, str]:
    """Its day and the paper's id, both empty at the beginning."""
    day, _, paper_id = cursor.partition("~")
    return day, unquote(paper_id.replace("!", "%"))


def read(ask: Ask, form: str) -> str | Response:
    """The request's cursor, empty when there is none; a problem (400) for what has not the form of one."""
    given = ask.query.get("cursor", ("",))[0]
    return given if re.fullmatch(form, given, re.ASCII) else problem(400, LOST)


def parameter(form: str) -> tuple[str, dict[str, Any], str, bool]:
    """For a door's `doc`."""
    return ("cursor", {"type": "string", "pattern": form}, "`next` of the page before.", False)
