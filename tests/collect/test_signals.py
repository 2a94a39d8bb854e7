"""Stars, points and citations: readings of papers that we know, within what the services allow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from newsletter.collect.signals import open_signal
from newsletter.model.paper import Paper, Reading
from tests.support.collecting import client
from tests.support.sources_server import SourcesServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ASOF = datetime(2026, 1, 6, 12, tzinfo=UTC)
PAPERS = (
    Paper(id="2601.00001", arxiv_id="2601.00001", title="One", code_url="https://github.com/o/one"),
    Paper(id="2601.00002", arxiv_id="2601.00002", title="Two", code_url="https://gitlab.com/o/two"),
    Paper(id="10.1101/3", doi="10.1101/3", title="Three", code_url="https://github.com/o/gone"),
)


@pytest.fixture
def server() -> Iterator[SourcesServer]:
    with SourcesServer() as running:
        running.world.pages["/repos/o/one"] = b'{"stargazers_count": 42}'
        yield running


def test_stars_are_read_and_an_unchanged_repository_is_free(server: SourcesServer) -> None:
    http = client()
    signal = open_signal("github", http=http, url=server.url, token="secret")
    wanted = ((Reading("2601.00001", "github.stars", 42.0, ASOF),), ())
    assert signal.read(PAPERS, ASOF) == wanted
    assert signal.read(PAPERS, ASOF) == wanted
    assert [seen.headers.get("if-none-match") is None for seen in server.asked("/one")] == [True, False]
    assert {seen.headers["authorization"] for seen in server.log} == {"Bearer secret"}
    http.close()


def test_github_saying_no_ends_the_asking_with_a_hint(server: SourcesServer) -> None:
    """One repository may be blocked; when three are refused, it is the limit."""
    many = [Paper(id=f"p{n}", title="P", code_url=f"https://github.com/o/r{n}") for n in range(9)]
    server.inject("/repos/o/r", "403")
    http = client()
    readings, problems = open_signal("github", http=http, url=server.url).read((*many[:2], *PAPERS), ASOF)
    assert readings == (Reading("2601.00001", "github.stars", 42.0, ASOF),)
    server.log.clear()
    readings, problems = open_signal("github", http=http, url=server.url).read(many, ASOF)
    assert (readings, len(server.log)) == ((), 3)
    assert "5,000 an hour" in problems[0].cure
    http.close()


def test_without_a_token_a_run_asks_at_most_fifty_repositories(server: SourcesServer) -> None:
    many = [Paper(id=f"p{n}", title="P", code_url=f"https://github.com/o/r{n}") for n in range(120)]
    http = client()
    open_signal("github", http=http, url=server.url).read(many, ASOF)
    assert len({seen.path for seen in server.log}) == 50
    http.close()


def test_points_are_those_of_the_best_story(server: SourcesServer) -> None:
    hits = [
        {"url": "https://arxiv.org/abs/2601.00001v1", "points": 12},
        {"url": "https://arxiv.org/pdf/2601.00001", "points": 90},
        {"url": "https://arxiv.org/abs/2601.09999", "points": 5},
        {"url": None, "points": 3},
        7,
    ]
    server.world.pages["/api/v1/search_by_date"] = json.dumps({"hits": hits}).encode()
    http = client()
    found = open_signal("hackernews", http=http, url=server.url).read(PAPERS, ASOF)
    assert found == ((Reading("2601.00001", "hackernews.points", 90.0, ASOF),), ())
    http.close()


def test_citations_come_in_a_batch_and_unknown_papers_get_none(server: SourcesServer) -> None:
    body = json.dumps([{"citationCount": 3}, None, {"citationCount": "many"}]).encode()
    server.world.pages["/graph/v1/paper/batch"] = body
    http = client()
    found = open_signal("semanticscholar", http=http, url=server.url).read(PAPERS, ASOF)
    assert found == ((Reading("2601.00001", "semanticscholar.citations", 3.0, ASOF),), ())
    http.close()


@pytest.mark.parametrize("kind", ["github", "hackernews", "semanticscholar"])
@pytest.mark.parametrize("fault", ["429", "503", "garbage", "html", "empty", "deep", "huge"])
def test_a_signal_in_trouble_is_a_named_problem(server: SourcesServer, kind: str, fault: str) -> None:
    server.inject("/", fault)
    http = client(tries=2)
    signal = open_signal(kind, http=http, url=server.url)
    readings, problems = signal.read(PAPERS, ASOF)
    assert readings == ()
    assert problems
    assert problems[0].what
    http.close()
