"""Search: filters hold, and paging shows nothing twice and skips nothing while papers arrive."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.model.paper import Listing, Paper
from newsletter.stages.searching import search

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.support.website import Site

NOW = datetime(2025, 11, 21, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SEEDS = [up / "shared/data/seeds.jsonl" for up in ROOT.parents[:2]]


def keep(site: Site, *papers: Paper, source: str = "arxiv") -> None:
    listings = [Listing(paper.id, source, NOW.date(), "new", NOW) for paper in papers]
    site.press.papers.keep(papers, listings, [], [], at=NOW)


def page_ids(browser: TestClient, href: str) -> tuple[list[str], str]:
    text = browser.get(href).text
    after = re.search(r'rel="next" href="([^"]+)"', text)
    return re.findall(r'<h2[^>]*><a href="/paper/([^"]+)"', text), after[1].replace("&amp;", "&") if after else ""


def test_pages_show_every_match_once_while_better_ones_arrive(site: Site) -> None:
    keep(
        site,
        *(Paper(id=f"2601.{n:05}", title=f"Quokka habits number {n}", abstract="quokka " * (n % 7)) for n in range(55)),
    )
    browser = site.client()
    seen, href, pages = [], "/search?q=quokka", 0
    while href:
        ids, href = page_ids(browser, href)
        seen += ids
        pages += 1
        keep(site, Paper(id=f"2602.{pages:05}", title="Quokka quokka quokka", abstract="quokka"))

    assert len(seen) == len(set(seen))
    assert {f"2601.{n:05}" for n in range(55)} <= set(seen)
    assert pages >= 3


def test_filters_narrow_by_date_source_and_topic(week: Site, site: Site) -> None:
    keep(site, Paper(id="1", title="Quokka one", published=date(2025, 11, 1)))
    keep(site, Paper(id="2", title="Quokka two", published=date(2025, 11, 9)), source="feed:x")
    keep(site, Paper(id="3", title="Quokka three"))
    browser = site.client()

    found = {
        query: sorted({"1", "2", "3"} & set(page_ids(browser, f"/search?q=quokka&{query}")[0]))
        for query in ("from=2025-11-02", "to=2025-11-01", "source=feed:x", "source=nobody", "topic=vision")
    }

    assert found == {
        "from=2025-11-02": ["2", "3"],  # the third has no day of its own: it was first seen later
        "to=2025-11-01": ["1"],
        "source=feed:x": ["2"],
        "source=nobody": [],
        "topic=vision": [],
    }
    in_topic = page_ids(week.client(), "/search?q=models&topic=vision")[0]
    pools = [pool for edition in week.press.editions.between(None, date(2025, 12, 1)) for pool in edition.pools]
    assert in_topic
    assert set(in_topic) <= {pick.paper_id for pool in pools if pool.slug == "vision" for pick in pool.picks}


@pytest.mark.parametrize("query", ["q=x&from=yesterday", "q=x&after=!!!", "q=x&after=abcd", f"q={'x' * 301}"])
def test_a_question_that_cannot_be_read_says_why(week: Site, query: str) -> None:
    answer = week.client().get(f"/search?{query}")

    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)


@pytest.mark.parametrize(
    "text", ['"', "AND OR NOT", "*", "a:b", "(((", "'; DROP TABLE papers; --", "%", "数学", "\x00", "🙂", ""]
)
def test_a_question_is_never_a_fault(week: Site, text: str) -> None:
    for path in ("/search", "/search/feed.atom", "/search/feed.json"):
        assert week.client().get(path, params={"q": text}).status_code == 200
    assert week.client().get("/api/v1/search", params={"q": text}).status_code in (200, 400)


def test_the_page_and_the_api_give_the_same_order(week: Site) -> None:
    ids, _ = page_ids(week.client(), "/search?q=reasoning")
    api = week.client().get("/api/v1/search?q=reasoning").json()

    assert (
        [one["id"] for one in api["items"]]
        == ids
        == [hit.paper.id for hit in search(week.press, "reasoning", limit=20).hits]
    )


@pytest.mark.realdata
def test_the_five_lists_of_the_mission_s_page_page_through_whole_and_in_one_order(site: Site) -> None:
    seeds = next((one for one in SEEDS if one.exists()), None)
    if seeds is None:
        pytest.skip("the real papers are not here: ../shared/data/seeds.jsonl")
    rows = [json.loads(line) for line in seeds.read_text("utf-8").splitlines()]
    titles = {row["title"]: row for row in rows}
    keep(
        site,
        *(
            Paper(id=f"26{n:02}.00001", title=row["title"], abstract=row["abstract"])
            for n, row in enumerate(titles.values())
        ),
    )
    browser = site.client()
    for question in ("token sharing", "input tokens", "semantic token sharing context length"):
        whole = [hit.paper.id for hit in search(site.press, question, limit=1000).hits]
        seen, href = [], f"/search?q={question}"
        while href:
            ids, href = page_ids(browser, href)
            seen += ids
        cursor, asked = "", []
        while cursor is not None:
            page = browser.get("/api/v1/search", params={"q": question, "limit": 90, "cursor": cursor}).json()
            asked += [one["id"] for one in page["items"]]
            cursor = page["next"]
        assert seen == asked == whole
        assert len(whole) > 20
