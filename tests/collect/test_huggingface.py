"""Hugging Face daily papers: the shapes of the years, and lists with faults."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.collect import items
from newsletter.collect.sources import open_source
from newsletter.collect.sources.huggingface import parse
from newsletter.model.paper import Ask, Found, Harvest, Paper, Problem
from tests.support.collecting import client
from tests.support.sources_data import Served
from tests.support.sources_server import SourcesServer
from tests.support.sources_shapes import hf_item

if TYPE_CHECKING:
    from collections.abc import Iterator

TUESDAY, MONDAY = date(2026, 1, 6), date(2026, 1, 5)
NIGHT = datetime(2026, 1, 7, 3, tzinfo=UTC)
BUILDING = Served(
    id="2601.00001",
    title="Building things",
    abstract="We build\nthings.",
    listed=TUESDAY,
    submitted=datetime(2026, 1, 4, 9, tzinfo=UTC),
    upvotes=12,
    comments=3,
    stars=8,
    github="https://github.com/o/r/tree/main/sub?tab=readme",
    project="https://r.example",
    organization="Some Lab",
    summary="They build things.",
)
QUIET = Served(id="2601.00002", title="Quiet things", listed=TUESDAY)


@pytest.fixture
def server() -> Iterator[SourcesServer]:
    with SourcesServer([BUILDING, QUIET]) as running:
        yield running


def fetch(server: SourcesServer, *days: date, asof: datetime = NIGHT, **options: Any) -> Harvest:
    http = client(tries=2)
    source = open_source("huggingface", name="huggingface", http=http, url=server.url, **options)
    try:
        return source.fetch(Ask(days or (TUESDAY,), asof))
    finally:
        http.close()


def test_a_list_becomes_papers_with_their_own_dates_and_counts(server: SourcesServer) -> None:
    harvest = fetch(server)
    assert (harvest.state, harvest.days, harvest.problems) == ("ok", (TUESDAY,), ())
    assert harvest.note == "2 papers on the lists of 2026-01-06"
    first = harvest.found[0]
    assert first.paper == Paper(
        id="2601.00001",
        arxiv_id="2601.00001",
        title="Building things",
        abstract="We build things.",
        authors=("Ada Lovelace", "Emmy Noether"),
        published=date(2026, 1, 4),
        organization="Some Lab",
        summary="They build things.",
        summary_by="Hugging Face",
        url="https://arxiv.org/abs/2601.00001",
        pdf_url="https://arxiv.org/pdf/2601.00001",
        code_url="https://github.com/o/r",
        project_url="https://r.example",
        discussion_url="https://huggingface.co/papers/2601.00001",
    )
    assert first.day == TUESDAY
    assert first.measured == (
        ("huggingface.upvotes", 12.0, None),
        ("huggingface.comments", 3.0, None),
        ("github.stars", 8.0, None),
    )
    assert json.loads(first.original) == hf_item(BUILDING)
    assert harvest.found[1].measured == (("huggingface.upvotes", 0.0, None), ("huggingface.comments", 0.0, None))


def test_summaries_can_be_switched_off(server: SourcesServer) -> None:
    found = fetch(server, summaries=False).found
    assert {(item.paper.summary, item.paper.summary_by) for item in found} == {("", "")}


def test_a_list_of_today_is_read_but_not_called_whole(server: SourcesServer) -> None:
    harvest = fetch(server, asof=datetime(2026, 1, 6, 9, tzinfo=UTC))
    assert (len(harvest.found), harvest.days, harvest.looked) == (2, (), (TUESDAY,))


def test_a_weekend_is_empty_and_answered(server: SourcesServer) -> None:
    harvest = fetch(server, date(2026, 1, 3), date(2026, 1, 4))
    assert (harvest.state, harvest.found, harvest.problems) == ("empty", (), ())
    assert harvest.days == (date(2026, 1, 3), date(2026, 1, 4))
    assert "none at weekends" in harvest.note


def test_a_day_that_has_not_come_is_not_asked(server: SourcesServer) -> None:
    fetch(server, TUESDAY, date(2026, 1, 8))
    assert [seen.path for seen in server.log] == ["/api/daily_papers?date=2026-01-06&limit=100&p=0"]


def test_a_list_that_has_not_begun_is_empty_and_asked_again(server: SourcesServer) -> None:
    server.inject("date=2026-01-06", "400")
    harvest = fetch(server, asof=datetime(2026, 1, 6, 0, 30, tzinfo=UTC))
    assert (harvest.state, harvest.days, harvest.problems) == ("empty", (), ())


def test_long_lists_are_read_page_by_page(server: SourcesServer) -> None:
    server.world.papers[:] = [
        Served(id=f"2601.{n:05}", title=f"Paper number {n}", listed=TUESDAY, upvotes=n) for n in range(1, 241)
    ]
    harvest = fetch(server)
    assert len({item.paper.id for item in harvest.found}) == 240
    assert harvest.days == (TUESDAY,)
    assert len(server.log) == 3


def test_a_server_that_repeats_its_page_for_ever_is_left(server: SourcesServer) -> None:
    body = json.dumps([hf_item(Served(id=f"2601.{n:05}", title=f"T {n}", listed=TUESDAY)) for n in range(1, 101)])
    server.inject("/api", "body", body=body.encode())
    harvest = fetch(server)
    assert (len(harvest.found), len(server.log)) == (100, 2)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("429", "too many requests (429)"),
        ("503", "the server is in trouble (503)"),
        ("400", "the server did not accept the question (400)"),
        ("empty", "not JSON (the answer is empty)"),
        ("garbage", "not JSON (it starts with"),
        ("html", "not JSON (it is an HTML page)"),
        ("deep", "the JSON is nested too deeply"),
        ("truncated", "the connection to 127.0.0.1 failed"),
        ("huge", "the body is larger than"),
        ("gzip-bomb", "once it is unpacked"),
        ("loop", "it redirects in circles"),
        ("headers", "the connection to 127.0.0.1 failed"),
    ],
)
def test_a_fault_on_one_day_is_named_and_costs_only_that_day(server: SourcesServer, kind: str, said: str) -> None:
    server.world.papers.append(Served(id="2601.00009", title="Older things", listed=MONDAY))
    server.inject("date=2026-01-06", kind)
    harvest = fetch(server, MONDAY, TUESDAY)
    assert [item.paper.id for item in harvest.found] == ["2601.00009"]
    assert (harvest.state, harvest.days) == ("partial", (MONDAY,))
    assert said in harvest.problems[0].what
    assert harvest.problems[0].where == "huggingface 2026-01-06"
    assert "missing: 2026-01-06" in harvest.note


def test_a_source_that_is_down_fails_quickly_and_says_so(server: SourcesServer) -> None:
    server.inject("/api", "503")
    days = [date(2026, 1, day) for day in range(1, 7)]
    harvest = fetch(server, *days)
    assert (harvest.state, harvest.found, harvest.days) == ("failed", (), ())
    assert len(server.log) == 4
    assert harvest.note.startswith("huggingface gave no answer; missing: 2026-01-01")


@pytest.mark.parametrize("coded", ["utf-8-sig", "utf-16", "latin-1"])
def test_marks_and_wrong_charsets_do_not_cost_a_list(server: SourcesServer, coded: str) -> None:
    body = json.dumps([hf_item(Served(id="2601.00003", title="Größe", listed=TUESDAY))], ensure_ascii=False)
    server.inject("/api", "body", body=body.encode(coded))
    assert [item.paper.title for item in fetch(server).found] == ["Größe"]


BAD = [
    None,
    7,
    [],
    {},
    {"paper": None},
    {"paper": {"id": "2601.00004"}},
    {"paper": {"id": "2601.00004", "title": ["x"]}},
    {"paper": {"id": {}, "title": "No id"}},
    {"paper": {"title": "No id at all"}},
]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_item_costs_only_itself(bad: object) -> None:
    tally = items.Tally()
    found, size = parse(json.dumps([hf_item(BUILDING), bad, hf_item(QUIET)]).encode(), TUESDAY, "hf", tally)
    assert ([item.paper.id for item in found], size) == (["2601.00001", "2601.00002"], 3)
    assert [problem.where for problem in tally.problems("hf")] == ["hf item 2"]


def test_of_very_many_bad_items_the_first_are_named_and_the_others_counted() -> None:
    tally = items.Tally()
    parse(json.dumps([hf_item(BUILDING), *[7] * 200]).encode(), TUESDAY, "hf", tally)
    problems = tally.problems("hf")
    assert len(problems) == 21
    assert problems[-1] == Problem("hf", "and 180 more problems like these")


def test_a_list_of_which_nothing_can_be_read_is_a_failure_not_an_empty_day() -> None:
    with pytest.raises(ValueError, match="the format may have changed"):
        parse(b'[{"article": {}}]', TUESDAY, "hf", items.Tally())


def one(item: object) -> Found:
    return parse(json.dumps([item]).encode(), TUESDAY, "hf", items.Tally())[0][0]


def test_wrong_types_beside_a_good_title_are_left_empty() -> None:
    item = hf_item(BUILDING)
    item["paper"].update(
        authors={"a": 1}, summary=7, upvotes="many", githubRepo=[], publishedAt=5, organization="x", ai_keywords=4
    )
    paper = one(item).paper
    assert (paper.authors, paper.published, paper.code_url, paper.organization) == ((), None, "", "")
    assert one(item).measured == (("huggingface.comments", 3.0, None), ("github.stars", 8.0, None))


def test_old_new_and_flat_shapes_are_read() -> None:
    flat = {"id": "2601.00005", "title": "Flat", "publishedAt": "2026-01-04T20:00:00.000Z", "upvotes": 2}
    assert (one(flat).paper.published, one(flat).measured) == (None, (("huggingface.upvotes", 2.0, None),))
    renamed = hf_item(QUIET) | {"submitterOrganization": {"name": "lab"}, "mediaUrl": "https://x.example/a.mp4"}
    assert one(renamed).paper.organization == "lab"
    wrapped = json.dumps({"papers": [flat]}).encode()
    assert parse(wrapped, TUESDAY, "hf", items.Tally())[0][0].paper.title == "Flat"


def test_the_day_beside_the_paper_is_never_believed() -> None:
    item = hf_item(BUILDING)
    assert item["publishedAt"] == "2026-01-03T20:00:00.000Z"
    assert one(item).paper.published == date(2026, 1, 4)
    del item["paper"]["publishedAt"]
    assert one(item).paper.published is None


def test_a_list_that_snaps_back_keeps_the_days_of_its_items() -> None:
    item = hf_item(BUILDING)
    item["paper"]["submittedOnDailyAt"] = "2026-01-02T09:31:07.000Z"
    assert one(item).day == date(2026, 1, 2)
    item["paper"]["submittedOnDailyAt"] = "2099-01-02T09:31:07.000Z"
    assert one(item).day == TUESDAY


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OUTER = ["paper", "numComments", "organization", "title"]
FIELDS = sorted(hf_item(BUILDING)["paper"])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=6),
    st.dictionaries(st.sampled_from(OUTER), anything, max_size=2),
)
def test_no_mutation_of_an_item_raises_or_costs_its_neighbour(inner: dict[str, Any], outer: dict[str, Any]) -> None:
    item = hf_item(BUILDING)
    item["paper"] = item["paper"] | inner
    body = json.dumps([item | outer, hf_item(QUIET)]).encode("utf-8", "surrogatepass")
    try:
        found, size = parse(body, TUESDAY, "hf", items.Tally())
    except ValueError as error:
        assert "NaN" in str(error) or "Infinity" in str(error)  # noqa: PT017 - json.dumps writes what is no JSON
    else:
        assert size == 2
        assert "2601.00002" in {item.paper.id for item in found}
