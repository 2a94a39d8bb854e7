"""Pages in the language that a reader's browser asks for, or that she chose at the foot of the page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from newsletter.model.edition import Card, Edition, Part, Pick, Pool, Score
from newsletter.model.paper import Listing, Paper
from newsletter.tongue.tongue import ENGLISH
from newsletter.web.speaking import accepted, carry, tongue_of
from tests.support.languages import LANGUAGES, RTL

if TYPE_CHECKING:
    from tests.support.website import Site

OTHERS = [one for one in LANGUAGES if one != "en"]


def asking(language: str) -> dict[str, str]:
    return {"Accept-Language": language}


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        ("de-CH, de;q=0.9, en;q=0.8", ["de_CH", "de", "en"]),
        ("fr;q=0.5,es;q=0.7", ["es", "fr"]),
        ("*", []),
        ("de;q=0, zh", ["zh"]),
        ("de;q=2, <script>, ;;;, en-", []),
        ("", []),
        (",".join(["de"] * 10_000), ["de"] * 10),
    ],
)
def test_accept_language_is_read_by_its_weights(header: str, languages: list[str]) -> None:
    assert accepted(header) == languages


def test_the_browsers_language_decides_and_a_chosen_one_comes_first(week: Site) -> None:
    pages = week.client()

    assert 'lang="en" dir="ltr"' in pages.get("/").text
    assert 'lang="de" dir="ltr"' in pages.get("/", headers=asking("de-AT,de;q=0.9")).text
    assert 'lang="fr" dir="ltr"' in pages.get("/?lang=fr", headers=asking("de")).text
    assert 'lang="en" dir="ltr"' in pages.get("/?lang=en", headers=asking("de")).text
    assert 'lang="en" dir="ltr"' in pages.get("/?lang=xx", headers=asking("ja")).text
    assert 'lang="en" dir="ltr"' in pages.get('/?lang="><script>').text
    assert pages.get("/").headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("language", OTHERS)
def test_each_page_is_whole_in_each_language(week: Site, language: str) -> None:
    pages = week.client()
    direction = "rtl" if language in RTL else "ltr"

    days = ("/", "/?by=trend", "/day/2025-11-22", "/week/2025-W47", "/month/2025-11", "/topic/vision", "/archive")
    rest = ("/search", "/search?q=robot", "/subscribe", "/link", "/paper/2511.07403", "/nowhere", "/day/nonsense")
    for path in (*days, *rest):
        page = pages.get(path, headers=asking(language)).text
        assert f'<html lang="{language}" dir="{direction}">' in page, path
        assert "Skip to the papers" not in page
        assert ">Subscribe<" not in page
        assert "Today" not in re.sub(r"<title>.*?</title>", "", page).split("</header>")[0]
    assert "November" not in pages.get("/", headers=asking("zh")).text.split("<section")[0]


def test_pages_kept_for_everybody_are_kept_apart_by_language(week: Site) -> None:
    pages = week.client()
    german = pages.get("/archive", headers=asking("de"))
    english = pages.get("/archive")

    assert "<h1>Archiv</h1>" in german.text
    assert "<h1>Archive</h1>" in english.text
    again = pages.get("/archive", headers=asking("de") | {"If-None-Match": german.headers["ETag"]})
    assert (again.status_code, again.headers["Vary"]) == (304, "Accept-Language")
    assert pages.get("/archive", headers={"If-None-Match": german.headers["ETag"]}).status_code == 200


def test_a_chosen_language_is_carried_by_the_links_and_by_no_cookie(week: Site) -> None:
    page = week.client().get("/?lang=de")

    assert 'href="/archive?lang=de"' in page.text
    assert 'action="/subscribe?lang=de"' in page.text
    assert 'href="/?by=trend&amp;lang=de"' in page.text
    assert 'href="/feed.atom?lang=de"' in page.text
    assert 'href="?lang=zh"' in page.text
    assert "Set-Cookie" not in page.headers
    assert "lang=" not in re.sub(
        r'lang="|hreflang="|\?lang=\w+" (?:hreflang|href)|\?lang=\w+">', "", week.client().get("/archive").text
    )


def test_links_keep_their_place_and_their_question() -> None:
    page = '<a href="/day/2025-11-21#vision">a</a><a href="/search?q=a&amp;topic=b">b</a><a href="/static/a.css">c</a>'

    assert carry(page, "de") == (
        '<a href="/day/2025-11-21?lang=de#vision">a</a><a href="/search?q=a&amp;topic=b&amp;lang=de">b</a>'
        '<a href="/static/a.css">c</a>'
    )


def test_feeds_and_the_api_are_the_same_in_every_language(week: Site) -> None:
    pages = week.client()

    for path in ("/feed.atom", "/feed.json", "/opml", "/api/v1/editions", "/sitemap.xml"):
        assert pages.get(path, headers=asking("de")).content == pages.get(path).content


def test_why_a_paper_is_there_is_said_in_the_language(week: Site) -> None:
    page = week.client().get("/", headers=asking("de")).text

    assert "Upvotes nach" in page
    assert "upvotes after" not in page


def test_who_signs_up_on_a_german_page_gets_german_mail(site: Site) -> None:
    site.client().post("/subscribe?lang=de", data={"email": "ada@example.org"})
    site.client("203.0.113.8").post("/subscribe", data={"email": "eve@example.org"})

    first, second = site.send()

    assert "Bestätigen Sie Ihr Abonnement von" in first
    assert "Confirm your subscription to" in second
    known = [site.press.subscribers.by_email(email) for email in ("ada@example.org", "eve@example.org")]
    assert [one.locale if one else "" for one in known] == ["de", None]
    assert ["web form v1 (de), asked" in one.consent for one in known if one] == [True, False]


def test_a_catalogue_that_is_asked_for_in_any_way_is_one_that_there_is(week: Site) -> None:
    tongues = week.app.state.desk.pages.tongues

    for chosen in ("../../etc/passwd", "de/../fr", "", " ", "\0", "a" * 10_000, "zh-Hant-TW", "ZH", "de_&topic=x"):
        tongue, carried = tongue_of(chosen, "", tongues, ENGLISH)
        assert tongue.language in LANGUAGES
        assert carried in {"", "de", "zh"}


def test_a_summary_is_shown_in_the_language_of_the_page(site: Site) -> None:
    day = date(2025, 11, 22)
    kept = print_day_told(site, day)

    pages = site.client()
    for path in (f"/day/{day}", f"/topic/{kept}"):
        assert "Kurz und gut." in pages.get(path, headers=asking("de-AT")).text
        assert "Kurz und gut." not in pages.get(path, headers=asking("fr")).text
        assert "Kurz und gut." not in pages.get(path).text


def print_day_told(site: Site, day: date) -> str:
    """Prints an edition of one paper that was told in German; returns its topic."""
    one = Paper(id="2511.00001", title="A paper", abstract="It says this and that.", arxiv_id="2511.00001")
    card = Card(one, day, told=(("de", "Kurz und gut.", "small-1"),))
    pick = Pick(one.id, "vision", day, 1, Score((Part("trend", 1.0),)), "No votes yet.")
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    site.press.editions.print(Edition(day, at, (Pool("vision", "Vision", 5, (pick,)),), (card,)))
    return "vision"


def told(site: Site) -> str:
    """Print an edition with a paper whose summary is told in German, too; its id."""
    day, now = date(2025, 11, 21), site.clock.now()
    paper = Paper(id="2511.00009", title="A paper", abstract="We study it.", summary="In short.", summary_by="Ann")
    card = Card(paper, day, 7, told=(("de", "Kurz gesagt.", "Bert"),))
    pick = Pick(paper.id, "vision", day, 1, Score((Part("votes", 1.0),)), "6 upvotes")
    site.press.papers.keep([paper], [Listing(paper.id, "huggingface", day, "listed", now)], [], [], at=now)
    site.press.editions.print(Edition(day, now, (Pool("vision", "Vision", 3, (pick,)),), (card,)))
    return paper.id


@pytest.mark.parametrize(
    "path", ["/", "/week/2025-W47", "/month/2025-11", "/topic/vision", "/paper/2511.00009", "/feed.json", "/feed.atom"]
)
def test_summaries_are_shown_in_the_language_that_was_asked_for(site: Site, path: str) -> None:
    told(site)

    german, english = (site.client().get(f"{path}?lang={one}").text for one in ("de", "en"))

    assert ("Kurz gesagt." in german, "In short." in german) == (True, False)
    assert ("Kurz gesagt." in english, "In short." in english) == (False, True)


def test_a_feed_speaks_the_language_of_its_address_and_not_of_who_fetches_it(site: Site) -> None:
    told(site)
    feed = site.client().get("/feed.json?lang=de").json()

    assert feed["feed_url"] == "http://localhost:8000/feed.json?lang=de"
    assert "In short." in site.client().get("/feed.json", headers=asking("de")).text
