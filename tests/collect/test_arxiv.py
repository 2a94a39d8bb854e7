"""arXiv: announcements, missed days, paging, and everything that goes wrong with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.collect import items
from newsletter.collect.sources import arxiv_asking, open_source
from newsletter.collect.sources.arxiv_calendar import is_list_day, latest, list_day, window
from newsletter.collect.sources.arxiv_entries import read_api, read_feed
from newsletter.collect.sources.arxiv_names import author_names
from newsletter.collect.xmldoc import XmlError
from newsletter.model.paper import Ask, Harvest, Paper
from tests.support import sources_shapes as shapes
from tests.support.collecting import client
from tests.support.sources_data import Served
from tests.support.sources_server import SourcesServer

if TYPE_CHECKING:
    from collections.abc import Iterator

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
NOON = datetime(2026, 1, 6, 17, tzinfo=UTC)
CATEGORIES = ("cs.CL", "cs.LG")
NEW = Served(
    id="2601.02001",
    title="On $\\alpha$-things",
    announced=TUESDAY,
    comment="Accepted at X. Code: https://github.com/o/r.git",
    categories=("cs.CL", "cs.AI"),
)
CROSS = Served(
    id="2601.02002", title="Crossing things", announced=TUESDAY, kind="cross", categories=("stat.ML", "cs.LG")
)
REPLACED = Served(id="2512.02003", title="Replaced things", announced=TUESDAY, kind="replace", version=2)
OLDER = Served(id="2601.01001", title="Monday's things", announced=MONDAY)
LEARNED = Served(id="2601.02004", title="Learned things", announced=TUESDAY, categories=("cs.LG",))
ALL = (NEW, CROSS, REPLACED, OLDER, LEARNED)


@pytest.fixture
def server() -> Iterator[SourcesServer]:
    with SourcesServer(ALL, batch=TUESDAY) as running:
        yield running


def fetch(
    server: SourcesServer,
    *days: date,
    asof: datetime = NOON,
    memory: dict[str, str] | None = None,
    feed: bool = True,
    api: bool = True,
    categories: tuple[str, ...] = CATEGORIES,
) -> Harvest:
    http = client(tries=2)
    source = open_source(
        "arxiv",
        name="arxiv",
        http=http,
        url=server.url if api else "",
        feed_url=server.url if feed else "",
        categories=categories,
        pace=timedelta(0),
    )
    try:
        return source.fetch(Ask(days or (TUESDAY,), asof, dict(memory or {})))
    finally:
        http.close()


def ids_of(harvest: Harvest) -> list[str]:
    return sorted(item.paper.id for item in harvest.found)


def test_todays_announcement_comes_from_the_feed_with_the_apis_details(server: SourcesServer) -> None:
    harvest = fetch(server)
    assert (harvest.state, harvest.days, harvest.problems) == ("ok", (TUESDAY,), ())
    assert {item.paper.id: item.kind for item in harvest.found} == {
        "2601.02001": "new",
        "2601.02002": "cross",
        "2512.02003": "replace",
        "2601.02004": "new",
    }
    assert {item.day for item in harvest.found} == {TUESDAY}
    first = next(item.paper for item in harvest.found if item.paper.id == "2601.02001")
    assert first == Paper(
        id="2601.02001",
        arxiv_id="2601.02001",
        version=1,
        title="On $\\alpha$-things",
        abstract="We measure something and report what we found.",
        authors=("Ada Lovelace", "Emmy Noether"),
        published=date(2026, 1, 2),
        categories=("cs.CL", "cs.AI"),
        comment="Accepted at X. Code: https://github.com/o/r.git",
        licence="http://creativecommons.org/licenses/by/4.0/",
        url="https://arxiv.org/abs/2601.02001",
        pdf_url="https://arxiv.org/pdf/2601.02001",
        code_url="https://github.com/o/r",
    )
    assert [seen.path.partition("?")[0] for seen in server.log] == ["/rss/cs.CL+cs.LG", "/api/query"]


def test_an_announcement_that_we_have_is_not_fetched_again(server: SourcesServer) -> None:
    first = fetch(server)
    again = fetch(server, memory=first.memory)
    assert (again.state, again.found, again.days) == ("unchanged", (), (TUESDAY,))
    assert again.note == "arxiv has had nothing new since the list of 2026-01-06"


def test_missed_days_are_read_from_the_api_by_the_window_that_each_day_announced(server: SourcesServer) -> None:
    harvest = fetch(server, MONDAY, TUESDAY)
    assert {item.day for item in harvest.found if item.paper.id == "2601.01001"} == {MONDAY}
    assert harvest.days == (MONDAY, TUESDAY)
    assert "AND+submittedDate:%5B202512311900+TO+202601021859%5D" in server.log[0].path


def test_an_announcement_of_an_earlier_day_is_read_once(server: SourcesServer) -> None:
    first = fetch(server, MONDAY, TUESDAY)
    server.log.clear()
    again = fetch(server, MONDAY, TUESDAY, memory=first.memory)
    assert (again.state, again.days, len(server.log)) == ("unchanged", (MONDAY, TUESDAY), 1)


def test_weekends_and_holidays_are_empty_answered_and_cost_no_request(server: SourcesServer) -> None:
    days = (date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 4))
    harvest = fetch(server, *days, asof=datetime(2026, 1, 4, 12, tzinfo=UTC))
    assert (harvest.state, harvest.days, server.log) == ("empty", days, [])
    assert "no list at weekends and on holidays" in harvest.note


def test_before_midnight_in_new_york_todays_list_is_not_out(server: SourcesServer) -> None:
    harvest = fetch(server, TUESDAY, asof=datetime(2026, 1, 6, 4, 59, tzinfo=UTC))
    assert (harvest.found, harvest.days, server.log) == ((), (), [])


def test_a_category_that_is_stale_under_a_fresh_feed_is_noticed_and_read_from_the_api(server: SourcesServer) -> None:
    server.world.papers.append(Served(id="2601.01009", title="Old learning", announced=MONDAY, categories=("cs.LG",)))
    server.world.stale["cs.LG"] = MONDAY
    harvest = fetch(server)
    assert ids_of(harvest) == ["2512.02003", "2601.02001", "2601.02002", "2601.02004"]
    assert (harvest.state, harvest.days) == ("ok", (TUESDAY,))
    assert "cs.LG" in harvest.problems[0].what
    assert "batch" not in harvest.memory


def test_a_feed_that_stays_stale_is_called_stale_and_the_day_stays_open(server: SourcesServer) -> None:
    server.world.batch = MONDAY
    server.world.papers[:] = [OLDER]
    harvest = fetch(server)
    assert (harvest.state, harvest.days) == ("stale", ())
    assert harvest.note == "arxiv: cs.CL stale since 2026-01-05; missing: 2026-01-06"


def test_an_empty_feed_and_an_empty_api_are_a_holiday_that_nobody_told_us_of(server: SourcesServer) -> None:
    server.world.papers[:] = []
    harvest = fetch(server)
    assert (harvest.state, harvest.days, harvest.problems) == ("empty", (TUESDAY,), ())


def test_one_bad_category_does_not_cost_the_others(server: SourcesServer) -> None:
    server.world.bad_categories.add("cs.XX")
    harvest = fetch(server, categories=("cs.CL", "cs.XX"))
    assert ids_of(harvest) == ["2512.02003", "2601.02001"]
    assert any(problem.cure == "Check this category in config.toml." for problem in harvest.problems)


@pytest.mark.parametrize("kind", ["503", "429", "garbage", "html", "empty", "entity-bomb", "gzip-bomb", "huge", "loop"])
def test_when_the_feed_fails_the_api_gives_the_day(server: SourcesServer, kind: str) -> None:
    server.inject("/rss", kind)
    server.world.papers[2:3] = []
    harvest = fetch(server)
    assert ids_of(harvest) == ["2601.02001", "2601.02002", "2601.02004"]
    assert (harvest.state, harvest.days) == ("ok", (TUESDAY,))
    assert len(harvest.problems) == 2


@pytest.mark.parametrize("kind", ["503", "garbage", "entity-bomb"])
def test_when_the_api_fails_the_feed_gives_the_day(server: SourcesServer, kind: str) -> None:
    server.inject("/api", kind)
    harvest = fetch(server)
    assert len(harvest.found) == 4
    assert (harvest.state, harvest.days) == ("ok", (TUESDAY,))


def test_when_both_fail_the_source_failed(server: SourcesServer) -> None:
    server.inject("/", "503")
    harvest = fetch(server)
    assert (harvest.state, harvest.found, harvest.days) == ("failed", (), ())


def many(n: int) -> list[Served]:
    return [Served(id=f"2601.{k:05}", title=f"Paper {k}", announced=MONDAY) for k in range(1, n + 1)]


def test_long_days_are_paged_and_empty_pages_retried(server: SourcesServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arxiv_asking, "PAGE", 50)
    server.world.papers[:] = many(120)
    empty = shapes._api_feed("", 120, 50, 50)
    server.inject("start=50", "body", times=2, body=empty)
    harvest = fetch(server, MONDAY)
    assert (len(harvest.found), harvest.days, harvest.problems) == (120, (MONDAY,), ())


def test_a_total_that_lies_is_told_and_the_day_stays_open(
    server: SourcesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_asking, "PAGE", 50)
    server.world.papers[:] = many(70)
    whole = shapes._api_feed("".join(map(shapes.api_entry, many(50))), 900, 0, 50)
    server.inject("start=0", "body", body=whole)
    rest = shapes._api_feed("".join(map(shapes.api_entry, many(70)[50:])), 900, 50, 50)
    server.inject("start=50", "body", body=rest)
    server.inject("start=70", "body", body=shapes._api_feed("", 900, 70, 50))
    harvest = fetch(server, MONDAY)
    assert (len(harvest.found), harvest.days, harvest.state) == (70, (), "partial")
    assert harvest.problems[0].what == "70 of 900 papers came, then only empty pages"
    assert len(server.log) == 6


def test_a_page_that_repeats_ends_the_asking(server: SourcesServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arxiv_asking, "PAGE", 50)
    page = shapes._api_feed("".join(map(shapes.api_entry, many(50))), 900, 0, 50)
    server.inject("/api", "body", body=page)
    harvest = fetch(server, MONDAY)
    assert (len(harvest.found), len(server.log)) == (50, 2)
    assert harvest.problems[0].what == "the page at 50 repeats papers that came before"


def test_an_error_that_comes_as_a_success_is_an_error(server: SourcesServer) -> None:
    server.inject("/api", "body", body=shapes.arxiv_error("incorrect id format"))
    harvest = fetch(server, MONDAY)
    assert harvest.state == "failed"
    assert harvest.problems[0].what == "arXiv refuses the question: incorrect id format"


def test_a_bad_entry_costs_only_itself_even_when_it_breaks_the_document() -> None:
    good = shapes.api_entry(NEW)
    bad = "<entry><id>http://arxiv.org/abs/2601.09999v1</id><title>A & B \x0b <unclosed</title></entry>"
    body = shapes._api_feed(good + bad + shapes.api_entry(OLDER), 3, 0, 10)
    page = read_api(body, "arxiv", items.Tally())
    assert [entry.paper.id for entry in page.entries] == ["2601.02001", "2601.01001"]
    assert page.broken.startswith("the XML is broken")


def test_a_document_that_was_cut_short_gives_its_whole_entries() -> None:
    body = shapes._api_feed(shapes.api_entry(NEW) + shapes.api_entry(OLDER), 2, 0, 10)[:-200]
    page = read_api(body, "arxiv", items.Tally())
    assert ([entry.paper.id for entry in page.entries], page.size) == (["2601.02001"], 2)


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1/x"> %e;]>',
    ],
)
@pytest.mark.parametrize("coded", ["utf-8", "utf-16"])
def test_no_document_type_is_ever_obeyed(dtd: str, coded: str) -> None:
    line = f'<?xml version="1.0" encoding="{coded}"?>{dtd}<feed><entry><title>&a;</title></entry></feed>'
    with pytest.raises(XmlError, match="refused"):
        read_api(line.encode(coded), "arxiv", items.Tally())


def test_withdrawn_papers_are_known_by_their_comment() -> None:
    gone = Served(id="2601.03001", title="Gone", comment="This paper has been withdrawn by the authors")
    page = read_api(shapes._api_feed(shapes.api_entry(gone), 1, 0, 1), "arxiv", items.Tally())
    assert page.entries[0].paper.withdrawn


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (r"Kurt G\"odel, Paul Erd{\H o}s (MTA, (Hungary)), {\L}ukasz K", ("Kurt Gödel", "Paul Erdős", "Łukasz K")),
        (r"Fran\c{c}ois C, Jos\'{e} Garc\'{\i}a, S{\o}ren M", ("François C", "José García", "Søren M")),
        ("", ()),
        ("Plain Name", ("Plain Name",)),
    ],
)
def test_author_lines_lose_their_tex_and_affiliations(line: str, names: tuple[str, ...]) -> None:
    assert author_names(line) == names


@pytest.mark.parametrize(
    ("day", "span"),
    [
        (date(2026, 11, 16), ("2026-11-12T19:00", "2026-11-13T19:00")),  # Monday: Thursday to Friday
        (date(2026, 11, 17), ("2026-11-13T19:00", "2026-11-16T19:00")),  # Tuesday: over the weekend
        (date(2026, 7, 8), ("2026-07-06T18:00", "2026-07-07T18:00")),  # summer time
        (date(2026, 11, 30), ("2026-11-25T19:00", "2026-11-27T19:00")),  # after Thanksgiving
        (date(2026, 11, 14), None),
        (date(2026, 11, 27), None),
    ],
)
def test_the_window_of_a_list_day_follows_the_eastern_cut_off(day: date, span: tuple[str, str] | None) -> None:
    found = window(day)
    assert (tuple(f"{moment:%Y-%m-%dT%H:%M}" for moment in found) if found else None) == span


@given(
    st.datetimes(
        min_value=datetime.fromisoformat("2025-01-01"),
        max_value=datetime.fromisoformat("2027-12-31"),
        timezones=st.just(UTC),
    )
)
def test_every_submission_is_on_exactly_one_list(moment: datetime) -> None:
    day = list_day(moment)
    assert is_list_day(day)
    start, end = window(day)
    assert start <= moment < end
    assert latest(moment) <= day


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 2_000), st.integers(0, 40))
def test_no_damage_to_a_document_raises_anything_but_our_own_error(noise: bytes, place: int, length: int) -> None:
    for body, read in (
        (shapes._api_feed(shapes.api_entry(NEW) + shapes.api_entry(OLDER), 2, 0, 10), read_api),
        (shapes.arxiv_feed(ALL, list(CATEGORIES), TUESDAY, {}), read_feed),
    ):
        damaged = body[:place] + noise + body[place + length :]
        try:
            page = read(damaged, "arxiv", items.Tally())
        except XmlError:
            continue
        assert len(page.entries) <= 5
