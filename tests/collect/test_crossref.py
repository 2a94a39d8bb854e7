"""Crossref: preprints by DOI prefix and day, page after page, and whatever is wrong with them."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.collect import items
from newsletter.collect.sources import crossref, open_source
from newsletter.model.paper import Ask, Harvest
from tests.support.collecting import client

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = date(2026, 1, 6)
NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


def work(number: int, **facts: Any) -> dict[str, Any]:
    made = {
        "DOI": f"10.26434/chemrxiv-2026-{number:04}",
        "title": [f"A catalyst, number {number}"],
        "abstract": "<jats:p>We make it at 20 &lt; 30 C. Code: https://github.com/lab/cat</jats:p>",
        "author": [{"given": "Ada", "family": "Lovelace"}, {"name": "The Lab"}, {"family": 7}],
        "posted": {"date-parts": [[2026, 1, 6]]},
        "group-title": "Catalysis",
        "URL": f"https://doi.org/10.26434/chemrxiv-2026-{number:04}",
    }
    return made | facts


@dataclass
class Server:
    """`works` of one day, in pages; `fault` is the status of every answer but the first."""

    works: list[Any]
    fault: int = 0
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""

    def answer(self, query: dict[str, list[str]]) -> tuple[int, bytes]:
        self.asked.append(query)
        if self.fault and len(self.asked) > 1:
            return self.fault, b"no"
        rows, cursor = int(query["rows"][0]), query.get("cursor", ["*"])[0]
        start = 0 if cursor == "*" else int(cursor)
        if "10.26434" not in query["filter"][0]:
            return 200, b'{"message": {"items": []}}'
        page = {"items": self.works[start : start + rows], "next-cursor": str(start + rows)}
        return 200, json.dumps({"status": "ok", "message": page}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server([work(n) for n in range(450)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = made.answer(parse_qs(urlsplit(self.path).query))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        made.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield made
        http.shutdown()


def fetch(server: Server, *prefixes: str) -> Harvest:
    http = client(tries=2)
    source = open_source("crossref", name="chemrxiv", http=http, url=server.url, categories=prefixes or ("10.26434",))
    try:
        assert source.probe() is None or server.fault
        return source.fetch(Ask((DAY,), NOON, {}))
    finally:
        http.close()


def test_all_pages_of_a_day_are_read_and_the_day_is_whole(server: Server) -> None:
    harvest = fetch(server, "10.26434", "10.31234")
    assert (harvest.state, len(harvest.found), harvest.days, harvest.problems) == ("ok", 450, (DAY,), ())
    assert [query["cursor"] for query in server.asked[1:]] == [["*"], ["200"], ["400"], ["*"]]
    assert "from-posted-date:2026-01-06,until-posted-date:2026-01-06" in server.asked[1]["filter"][0]
    paper = harvest.found[7].paper
    assert (paper.id, paper.title, paper.authors, paper.categories) == (
        "10.26434/chemrxiv-2026-0007",
        "A catalyst, number 7",
        ("Ada Lovelace", "The Lab"),
        ("Catalysis",),
    )
    assert paper.abstract == "We make it at 20 < 30 C. Code: https://github.com/lab/cat"
    assert (paper.published, paper.code_url) == (DAY, "https://github.com/lab/cat")


def test_a_day_that_breaks_off_is_given_and_not_called_whole(server: Server) -> None:
    server.fault = 503
    harvest = fetch(server)
    assert (harvest.state, harvest.days) == ("failed", ())
    assert harvest.problems


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"DOI": None}, "no DOI"),
        ({"title": []}, "no title"),
        ({"title": [None]}, "no title"),
        ("text", "not an object"),
    ],
)
def test_a_bad_item_never_costs_its_neighbours(server: Server, spoilt: Any, said: str) -> None:
    server.works = [work(1), work(2, **spoilt) if isinstance(spoilt, dict) else spoilt, work(3)]
    harvest = fetch(server)
    assert [one.paper.id[-4:] for one in harvest.found] == ["0001", "0003"]
    assert said in harvest.problems[0].what


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_stands_in_the_fields_the_parser_does_not_break(value: Any) -> None:
    tally = items.Tally()
    good = work(1)
    for name in good:
        body = json.dumps({"message": {"items": [work(2), good | {name: value}]}}).encode()
        found, size, _ = crossref.parse(body, DAY, "here", tally)
        assert size == 2
        assert found[0].paper.title == "A catalyst, number 2"
