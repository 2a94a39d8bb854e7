"""A cursor that the API gives is one that it takes, whatever stands in a paper's id."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.web import cursors

IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=250)


@given(IDS)
@example("acme 42")
@example("10.1000/a\u2013b")
@example("t-100% true!21~2+2&c#d")
@example("\U0001f600" * 200)
def test_any_paper_may_be_the_last_of_a_page(paper_id: str) -> None:
    cursor = cursors.paper_place("2026-11-20", paper_id)
    assert re.fullmatch(cursors.PAPER, cursor, re.ASCII)
    assert cursors.placed_paper(cursor) == ("2026-11-20", paper_id)
    assert unquote(cursor) == unquote(quote(cursor)) == cursor  # pasted as it is or encoded, it comes back the same


def test_a_cursor_of_before_and_an_empty_one_are_read() -> None:
    assert cursors.placed_paper("2026-11-20~10.1000/xyz:(a)") == ("2026-11-20", "10.1000/xyz:(a)")
    assert cursors.placed_paper("") == ("", "")
