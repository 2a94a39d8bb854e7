"""Feeds, OPML, sitemap, robots: well-formed, and made from the configured address."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import feedparser

from newsletter.model.paper import Listing, Paper

if TYPE_CHECKING:
    from tests.support.website import Site

BASE = "http://localhost:8000"


def test_the_atom_feed_holds_the_newest_papers_with_lasting_ids(week: Site) -> None:
    feed = feedparser.parse(week.client().get("/feed.atom").content)

    assert (feed.bozo, feed.feed.title, feed.feed.link) == (False, "Trending Papers", f"{BASE}/")
    ids = [entry.id for entry in feed.entries]
    assert len(ids) == len(set(ids)) > 20
    assert feed.entries[0].updated == "2025-11-21T08:00:00+00:00"
    assert feed.entries[0].link == f"{BASE}/paper/{ids[0].removeprefix('urn:paper:')}"


def test_a_topic_s_feed_holds_its_papers_alone_in_both_forms(week: Site) -> None:
    atom = feedparser.parse(week.client().get("/topic/vision/feed.atom").content)
    answer = week.client().get("/topic/vision/feed.json")
    plain = json.loads(answer.text)

    assert answer.headers["content-type"] == "application/feed+json"
    assert {entry.tags[0].term for entry in atom.entries} == {"vision"}
    assert [one["id"] for one in plain["items"]] == [entry.id for entry in atom.entries]
    assert plain["version"] == "https://jsonfeed.org/version/1.1"
    assert plain["feed_url"] == f"{BASE}/topic/vision/feed.json"


def test_a_search_s_feed_holds_the_papers_of_its_page_dated_by_their_list_where_the_source_names_no_day(
    site: Site,
) -> None:
    now = site.clock.now()
    papers = [Paper(id=f"2601.0000{n}", title=f"Quokka habits {n}", published=None) for n in range(3)]
    listings = [Listing(paper.id, "huggingface", date(2025, 11, 20), "new", now) for paper in papers]
    site.press.papers.keep(papers, listings, [], [], at=now)

    page = site.client().get("/search?q=quokka").text
    feed = feedparser.parse(site.client().get("/search/feed.atom?q=quokka").content)

    shown = list(dict.fromkeys(re.findall(r'href="/paper/([^"]+)"', page)))
    assert len(shown) == 3
    assert [entry.id for entry in feed.entries] == [f"urn:paper:{one}" for one in shown]
    assert {entry.updated for entry in feed.entries} == {now.isoformat()}


def test_opml_sitemap_and_robots_name_what_there_is(week: Site) -> None:
    browser = week.client()
    opml = ET.fromstring(browser.get("/opml").content)
    sitemap = ET.fromstring(browser.get("/sitemap.xml").content)
    robots = browser.get("/robots.txt").text

    feeds = [outline.get("xmlUrl") for outline in opml.iter("outline")]
    assert feeds[:2] == [f"{BASE}/feed.atom", f"{BASE}/topic/language-models/feed.atom"]
    assert all(browser.get(str(one).removeprefix(BASE)).status_code == 200 for one in feeds)
    places = [str(place.text).removeprefix(BASE) for place in sitemap.iter() if place.tag.endswith("loc")]
    assert "/day/2025-11-21" in places
    assert {browser.get(place).status_code for place in places} == {200}
    assert f"Sitemap: {BASE}/sitemap.xml" in robots
    assert "Disallow: /unsubscribe/" in robots
