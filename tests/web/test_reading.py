"""The pages to read: the day, its neighbours, topics and papers, as printed, whatever a paper holds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from newsletter.compose.tldr import tldr
from newsletter.model.edition import Card, Edition, Part, Pick, Pool, Score
from newsletter.model.mail import Note
from newsletter.model.paper import Listing, Paper, Reading
from newsletter.model.subscriber import Subscriber
from newsletter.stages.cutting import cut_all
from newsletter.stages.searching import make_vectors
from newsletter.web.memo import Memo
from newsletter.web.views import card_view
from tests.support.website import open_site, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.website import Site

HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7*7 }} {% include "/etc/passwd" %} '
    "</textarea></title>\u202egnp.exe $\\alpha$ \x00 " + "x" * 400
)


class Nodes(HTMLParser):
    """Collects what a hostile paper would need: foreign scripts and frames, handlers, styles, links that act."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith("/static/zone."):
            self.wrong.append(tag)
        if tag in {"img", "iframe", "object", "embed", "base", "style", "i"}:
            self.wrong.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.wrong.append(name)
            if name in {"href", "src", "action"} and not (value or "").startswith(("/", "#", "http:", "https:", "?")):
                self.wrong.append(f"{name}={value}")


def headings(page: str, level: int = 2) -> list[str]:
    found = re.findall(rf"<h{level}(?: dir=\"auto\")?>(.*?)</h{level}>", page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", one).strip() for one in found]


def test_the_front_page_is_the_newest_edition_by_topic(week: Site) -> None:
    page = week.client().get("/").text

    edition = week.press.editions.get(date(2025, 11, 21))
    assert edition is not None
    assert headings(page, 1) == ["Friday, 21 November 2025"]
    assert headings(page) == [pool.name for pool in edition.pools if pool.shown]
    first = edition.card(edition.pools[0].shown[0].paper_id)
    assert first is not None
    assert headings(page, 3)[0] == first.paper.title
    assert edition.pools[0].shown[0].why.split(";")[0].split("“")[0] in page
    assert "Get trending papers in your email inbox once a day" in page


def test_by_trend_shows_each_paper_once_most_upvotes_first(week: Site) -> None:
    page = week.client().get("/day/2025-11-20?by=trend").text

    votes = [int(one.replace(",", "")) for one in re.findall(r"<b>([\d,]+)</b><span>votes?</span>", page)]
    titles = headings(page, 3)
    assert votes == sorted(votes, reverse=True)
    assert len(titles) == len(set(titles)) == len(votes) > 3


def test_days_lead_to_the_next_printed_day_over_the_empty_ones_and_say_why(week: Site) -> None:
    page = week.client().get("/day/2025-11-19").text
    empty = week.client().get("/day/2025-11-22")

    assert re.findall(r'rel="(prev|next)" href="([^"]+)"', page) == [
        ("prev", "/day/2025-11-18"),
        ("next", "/day/2025-11-20"),
    ]
    assert empty.status_code == 404
    assert re.findall(r'rel="(prev|next)" href="([^"]+)"', empty.text) == [("prev", "/day/2025-11-21")]
    assert "this day is still to come" in empty.text


def test_an_empty_day_says_what_the_run_said_of_it(site: Site) -> None:
    press, day = site.press, date(2025, 11, 15)
    run = press.runs.begin("run", day, at=site.clock.now())
    press.runs.note(run, [Note("info", "edition", "nothing printed: no new papers, as on most Saturdays")])
    card = Card(Paper(id="2511.00001", title="A paper"), day)
    pick = Pick("2511.00001", "vision", day, 1, Score((Part("votes", 1.0),)), "6 upvotes")
    for printed in (date(2025, 11, 14), date(2025, 11, 16)):
        pool = Pool("vision", "Vision", 3, (replace(pick, day=printed),))
        press.editions.print(Edition(printed, site.clock.now(), (pool,), (card,)))

    page = site.client().get("/day/2025-11-16").text
    empty = site.client().get("/day/2025-11-15").text

    assert "Sat 15 Nov: nothing printed: no new papers, as on most Saturdays" in page
    assert "nothing printed: no new papers, as on most Saturdays" in empty


@pytest.mark.parametrize(
    "path",
    [
        *("/day/2025-13-01", "/day/20251120", "/day/today", "/day/0000-00-00", "/week/2025-W60", "/week/2025-47"),
        *("/month/2025-13", "/month/nope", "/topic/nope", "/topic/../etc/passwd", "/paper/", "/paper/9999.99999"),
        *("/nothing", "/static/style.css", "/static/..%2f..%2fpyproject.toml", "/topic/nope/feed.atom"),
    ],
)
def test_a_wrong_address_is_answered_404_with_a_page(week: Site, path: str) -> None:
    answer = week.client().get(path)

    assert (answer.status_code, "Today" in answer.text) == (404, True)


@pytest.mark.parametrize(
    "path", ["/week/9999-W52", "/month/9999-12", "/month/0001-01", "/week/0001-W01", "/day/9999-12-31"]
)
def test_the_ends_of_the_calendar_are_pages_too(week: Site, path: str) -> None:
    assert week.client().get(path).status_code in (200, 404)


def test_week_and_month_gather_the_most_upvoted_of_their_days(week: Site) -> None:
    for path, name in [("/week/2025-W47", "Week 47, 2025"), ("/month/2025-11", "November 2025")]:
        page = week.client().get(path).text
        votes = [int(one) for one in re.findall(r"<b>([\d,]+)</b><span>votes?</span>", page)]

        assert headings(page, 1) == [name]
        assert votes == sorted(votes, reverse=True)
        assert page.count('<li><a href="/day/') == 5


def test_a_paper_page_shows_its_trend_and_why_it_was_picked(week: Site) -> None:
    edition = week.press.editions.get(date(2025, 11, 20))
    assert edition is not None
    pick = edition.pools[0].shown[0]

    page = week.client().get(f"/paper/{pick.paper_id}").text

    assert "Why it was picked" in page
    assert f"place {pick.rank}: {pick.why.split('“')[0].split(';')[0]}" in page
    assert 'aria-label="Upvotes (huggingface): from' in page
    for part in pick.score.parts:
        assert f'<th scope="row">{part.name}</th><td>{part.value:+.2f}</td>' in page
    assert f"  eprint = {{{pick.paper_id}}}" in page


def test_a_link_to_a_version_leads_to_the_paper_and_cards_say_what_mails_say(week: Site) -> None:
    edition = week.press.editions.get(date(2025, 11, 20))
    assert edition is not None
    long = max(edition.cards, key=lambda card: len(card.paper.abstract))
    card = replace(long, paper=replace(long.paper, summary=""))

    versioned = week.client().get(f"/paper/{card.paper.id}v2", follow_redirects=False)

    assert (versioned.status_code, versioned.headers["location"]) == (301, f"/paper/{card.paper.id}")
    assert card_view(card).gist == tldr(card.paper).text


def test_a_hostile_paper_is_text_and_nothing_else_on_every_page(site: Site) -> None:
    press, day, now = site.press, date(2025, 11, 21), site.clock.now()
    paper = Paper(
        id="10.1101/2025.11.20.1?x=<b>",
        doi='10.1101/2025.11.20.1?x=<b>"',
        title=HOSTILE,
        abstract=HOSTILE,
        authors=(HOSTILE, "Eve } \\end{x}"),
        organization=HOSTILE,
        summary=HOSTILE,
        summary_by=HOSTILE,
        comment=HOSTILE,
        journal="J} , evil = {",
        categories=("<b>",),
        url="javascript:alert(1)",
        pdf_url='https://x.example/"><script>alert(3)</script>',
    )
    readings = [Reading(paper.id, "x.<b>", value, now - timedelta(hours=9 - value)) for value in (1.0, 5.0)]
    press.papers.keep([paper], [Listing(paper.id, "<i>", day, "listed", now)], readings, [], at=now)
    pick = Pick(paper.id, "vision", day, 1, Score((Part("<b>", 1.0, HOSTILE),)), HOSTILE, ("exploration",))
    pool = Pool("vision", "<b>Vision</b>", 3, (pick,))
    press.editions.print(Edition(day, now, (pool,), (Card(paper, day, 1),), notes=(HOSTILE,)))
    browser = site.client()
    href = re.search(r'<h3[^>]*><a href="([^"]+)"', browser.get("/").text)
    assert href

    paths = ["/", "/?by=trend", "/week/2025-W47", "/month/2025-11", "/topic/vision", href[1], "/search?q=alert"]
    pages = [browser.get(path) for path in [*paths, f"/search?q={HOSTILE[:60]}"]]

    assert [page.status_code for page in pages] == [200] * len(pages)
    for page in pages:
        nodes = Nodes()
        nodes.feed(page.text)
        assert nodes.wrong == []
        assert "root:x" not in page.text
    for path in (
        "/feed.atom",
        "/topic/vision/feed.atom",
        "/feed.json",
        "/sitemap.xml",
        f"{href[1]}.bib",
        f"{href[1]}.ris",
    ):
        assert browser.get(path).status_code == 200, path


def test_a_newsletter_without_an_edition_still_has_a_front_page(site: Site) -> None:
    answers = {path: site.client().get(path).status_code for path in ("/", "/archive", "/feed.atom", "/feed.json")}

    assert answers == {"/": 200, "/archive": 200, "/feed.atom": 200, "/feed.json": 200}


def test_a_printed_edition_is_read_once(week: Site) -> None:
    library = week.app.state.desk.library

    assert library.get(date(2025, 11, 20)) is library.get(date(2025, 11, 20))
    assert library.get(date(2024, 1, 1)) is None
    assert library.latest(2)[0].printed_at == datetime(2025, 11, 21, 8, tzinfo=UTC)


def test_similar_papers_share_words_and_once_vectors_are_made_meaning(site: Site) -> None:
    titles = ["Quokka habits of vision", "The quokka in winter", "Robot arms grasp cups", "Manipulators pick up mugs"]
    papers = [Paper(id=f"2601.0000{n}", title=title) for n, title in enumerate(titles)]
    site.press.papers.keep(papers, [], [], [], at=site.clock.now())

    def similar(paper_id: str) -> list[str]:
        page = site.client().get(f"/paper/{paper_id}").text
        return re.findall(r'<h3[^>]*><a href="/paper/([^"]+)"', page[page.index("Similar papers") :])

    assert similar("2601.00000")[0] == "2601.00001"
    make_vectors(site.press)
    found = similar("2601.00002")
    assert "2601.00002" not in found
    assert "2601.00003" in found


def test_a_memo_is_made_again_when_it_is_old_and_forgets_the_oldest() -> None:
    now, made = datetime(2026, 1, 1, tzinfo=UTC), []
    memo = Memo[int](life=timedelta(minutes=1), capacity=2)

    def ask(key: str, later: timedelta = timedelta()) -> int:
        return memo.get(key, lambda: made.append(key) or len(made), now=now + later)  # type: ignore[func-returns-value]

    assert [ask("a"), ask("a"), ask("a", timedelta(minutes=1)), ask("b"), ask("c"), ask("a")] == [1, 1, 2, 3, 4, 5]
    assert made == ["a", "a", "b", "c", "a"]


def test_a_page_that_is_kept_for_a_minute_still_stamps_its_form_now(site: Site) -> None:
    day = date(2025, 11, 14)
    pick = Pick("2511.00001", "vision", day, 1, Score((Part("votes", 1.0),)), "6 upvotes")
    card = Card(Paper(id="2511.00001", title="A paper"), day)
    site.press.editions.print(Edition(day, site.clock.now(), (Pool("vision", "Vision", 3, (pick,)),), (card,)))
    first = stamp_of(site.client().get("/").text)
    site.clock.move(timedelta(seconds=30))
    second = stamp_of(site.client().get("/").text)

    stamps, now = site.app.state.desk.stamps, site.clock.now()
    assert first != second
    assert (stamps.fresh(first, now), stamps.fresh(second, now)) == (True, False)
    assert stamps.fresh(second, now + timedelta(seconds=3))


def test_a_new_edition_is_on_the_front_page_at_once(site: Site) -> None:
    for number in (13, 14):
        day = date(2025, 11, number)
        pick = Pick("2511.00001", "vision", day, 1, Score((Part("votes", 1.0),)), "6 upvotes")
        card = Card(Paper(id="2511.00001", title="A paper"), day)
        site.press.editions.print(Edition(day, site.clock.now(), (Pool("vision", "Vision", 3, (pick,)),), (card,)))

        assert f"{number} November 2025" in headings(site.client().get("/").text, 1)[0]


def test_what_the_mails_call_more_online_is_there_and_counts_among_the_most_upvoted(site: Site) -> None:
    day = date(2025, 11, 14)
    cards = tuple(Card(Paper(id=f"p{n}", title=f"Paper {n}"), day, upvotes=n) for n in range(5))
    picks = tuple(Pick(f"p{n}", "vision", day, n + 1, Score((Part("votes", 9.0 - n),)), "votes") for n in range(5))
    site.press.editions.print(Edition(day, site.clock.now(), (Pool("vision", "Vision", 2, picks),), cards))

    for path in ("/", "/topic/vision"):
        page = site.client().get(path).text
        assert headings(page, 3) == ["Paper 0", "Paper 1"]
        rest = page[page.index("<summary>and 3 more") : page.index("</details>")]
        assert re.findall(r'href="([^"]+)"', rest) == ["/paper/p2", "/paper/p3", "/paper/p4"]
    for path in ("/?by=trend", "/week/2025-W46"):
        assert headings(site.client().get(path).text, 3) == [f"Paper {n}" for n in (4, 3, 2, 1, 0)]


def test_a_paper_by_two_thousand_people_names_the_first_and_folds_the_rest_away(site: Site) -> None:
    people = tuple(f"Ada Number{n}" for n in range(2000))
    paper = Paper(id="2511.00002", title="A collision", authors=people, organization="CERN")
    site.press.papers.keep([paper], [], [], [], at=site.clock.now())

    page = site.client().get("/paper/2511.00002").text

    assert "<summary>and 1,970 more</summary>" in page
    assert page.count("Number1999") == 1
    assert "Ada Number29 and others}" in page
    assert site.client().get("/paper/2511.00002.bib").text.count(" and ") == 1999
    assert len(page) < 60_000


def test_a_paper_of_two_topics_is_shown_once_and_named_in_the_other(site: Site) -> None:
    day = date(2025, 11, 14)
    cards = tuple(Card(Paper(id=one, title=f"Paper {one}"), day) for one in ("a", "b"))
    pools = tuple(
        Pool(
            slug,
            slug.title(),
            3,
            tuple(Pick(one, slug, day, 1, Score((Part("votes", 1.0),)), "6 upvotes") for one in ids),
        )
        for slug, ids in (("vision", "a"), ("robotics", "ab"))
    )
    site.press.editions.print(Edition(day, site.clock.now(), pools, cards))

    page = site.client().get("/").text
    topic = site.client().get("/topic/robotics").text

    assert headings(page, 3) == ["Paper a", "Paper b"]
    assert re.findall(r"shown above: <a href=\"([^\"]+)\"", page) == ["/paper/a"]
    assert headings(topic, 3) == ["Paper a", "Paper b"]


@pytest.mark.parametrize("path", ["/", "/day/2025-11-20", "/topic/vision", "/paper/2511.12609", "/month/2025-11"])
def test_a_shared_link_shows_a_title_a_sentence_and_a_picture(week: Site, path: str) -> None:
    page = week.client().get(path).text

    card = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">', page))
    assert card["og:url"] == f"http://localhost:8000{path}"
    assert all(card[f"og:{name}"] for name in ("title", "description", "type", "site_name", "image:alt"))
    assert card["twitter:card"] == "summary_large_image"
    picture = week.client().get(card["og:image"].removeprefix("http://localhost:8000"))
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    size = tuple(int.from_bytes(picture.content[place : place + 4]) for place in (16, 20))
    assert size == (int(card["og:image:width"]), int(card["og:image:height"])) == (1200, 630)


def test_pages_behind_a_link_have_no_social_card(site: Site) -> None:
    assert "og:" not in site.client().get("/confirm/forged").text


def test_weeks_and_months_lead_over_the_empty_ones(site: Site) -> None:
    for day in (date(2025, 3, 5), date(2025, 11, 14)):
        pick = Pick("2511.00001", "vision", day, 1, Score((Part("votes", 1.0),)), "6 upvotes")
        card = Card(Paper(id="2511.00001", title="A paper"), day, 1_234_567)
        site.press.editions.print(Edition(day, site.clock.now(), (Pool("vision", "Vision", 3, (pick,)),), (card,)))

    def turns(path: str) -> list[tuple[str, str]]:
        return re.findall(r'rel="(prev|next)" href="([^"]+)"', site.client().get(path).text)

    assert turns("/month/2025-11") == [("prev", "/month/2025-03")]
    assert turns("/week/2025-W20") == [("prev", "/week/2025-W10"), ("next", "/week/2025-W46")]
    assert turns("/month/2024-01") == [("next", "/month/2025-03")]
    assert "<b>1.2M</b><span>votes</span>" in site.client().get("/").text


def test_read_online_shows_all_editions_of_an_issue_and_nothing_of_its_reader(tmp_path: Path, printed: Path) -> None:
    site = open_site(tmp_path / "site", like=printed)
    site.press.subscribers.add(
        Subscriber(email="ada@example.org", cadence="weekly", confirmed_at=datetime(2025, 11, 10, tzinfo=UTC))
    )
    (block,) = cut_all(site.press, site.clock.now(), day=site.clock.now().date())
    ((_, _, issue),) = block.issues
    (mail,) = site.send()

    online = re.search(r"Read online:\s+http://localhost:8000(/day/\S+)", mail)
    assert online
    assert online[1] == "/day/2025-11-21?since=2025-11-17"
    page = site.client().get(online[1]).text
    site.store.close()

    shown = set(re.findall(r'<a href="/paper/([^"]+)"', page))
    assert len(issue.editions) == 5
    assert set(issue.paper_ids) <= shown
    assert headings(page, 1) == ["Mon 17 Nov \N{EN DASH} Fri 21 Nov 2025"]
    assert "ada@" not in page


@pytest.mark.parametrize("since", ["2025-11-21", "2025-11-30", "2020-01-01", "yesterday", ""])
def test_a_day_since_no_day_before_it_is_that_day_alone(week: Site, since: str) -> None:
    assert headings(week.client().get(f"/day/2025-11-21?since={since}").text, 1) == ["Friday, 21 November 2025"]
