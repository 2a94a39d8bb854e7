"""Feeds, files and bioRxiv: whatever they hold, and whatever is wrong with it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.collect import items
from newsletter.collect.sources import feed as feeds
from newsletter.collect.sources import file as files
from newsletter.collect.sources import open_source
from newsletter.model.paper import Ask, Harvest, Paper, Problem
from tests.support.collecting import client
from tests.support.sources_data import Served
from tests.support.sources_server import SourcesServer
from tests.support.sources_shapes import atom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2026, 1, 6)
NOON = datetime(2026, 1, 6, 12, tzinfo=UTC)
POST = Served(
    id="post-1",
    title="Tom & <Jerry>: a study",
    abstract='We say "x < y" & mean it.',
    submitted=datetime(2026, 1, 5, 9, tzinfo=UTC),
)


@pytest.fixture
def server() -> Iterator[SourcesServer]:
    with SourcesServer([POST]) as running:
        yield running


def fetch(server: SourcesServer, kind: str = "feed", *days: date, memory: dict[str, str] | None = None) -> Harvest:
    http = client(tries=2)
    url = f"{server.url}/feed.atom" if kind == "feed" else server.url
    try:
        source = open_source(kind, name=kind, http=http, url=url)
        return source.fetch(Ask(days or (DAY,), NOON, dict(memory or {})))
    finally:
        http.close()


def test_a_feed_becomes_papers_on_their_own_days(server: SourcesServer) -> None:
    harvest = fetch(server)
    assert (harvest.state, harvest.days, harvest.problems) == ("ok", (DAY,), ())
    assert harvest.found[0].paper == Paper(
        id=harvest.found[0].paper.id,
        title="Tom & <Jerry>: a study",
        abstract='We say "x < y" & mean it.',
        authors=("Ada Lovelace", "Emmy Noether"),
        published=date(2026, 1, 5),
        url="https://lab.example/post-1",
    )
    assert harvest.found[0].day == date(2026, 1, 5)


def test_a_feed_that_did_not_change_is_not_sent_again(server: SourcesServer) -> None:
    again = fetch(server, memory=fetch(server).memory)
    assert (again.state, again.found) == ("unchanged", ())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("503", "the server is in trouble (503)"),
        ("404", "nothing is there (404)"),
        ("html", "it is an HTML page, not a feed"),
        ("empty", "the answer is empty"),
        ("garbage", "it is not a feed"),
        ("entity-bomb", "it declares XML entities, which is refused: they can be bombs"),
        ("loop", "it redirects in circles, or too often"),
    ],
)
def test_a_feed_that_cannot_be_read_says_why(server: SourcesServer, kind: str, said: str) -> None:
    server.inject("/feed", kind)
    harvest = fetch(server)
    assert (harvest.state, harvest.found) == ("failed", ())
    assert harvest.problems[0].what == said
    assert harvest.note == f"feed: {said}"


def feed(entries: str) -> list[object]:
    tally = items.Tally()
    body = f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>x</title>{entries}</channel></rss>'
    found, _ = feeds.parse(body.encode(), {}, DAY, "feed", tally)
    return [*found, *tally.problems("feed")]


def test_entries_of_every_kind_are_read_or_named() -> None:
    good = "<item><title>Deep &lt;b&gt;things&lt;/b&gt;</title><link>https://arxiv.org/abs/2601.00001v2</link>"
    good += "<dc:creator>A B, C D</dc:creator></item>"
    future = "<item><title>From the future</title><link>https://x.example/f</link>"
    future += "<pubDate>Fri, 01 Jan 2099 00:00:00 GMT</pubDate></item>"
    doi = "<item><title>In a journal</title><guid>doi:10.1038/S1-2</guid></item>"
    bad = "<item><link>https://x.example/</link></item>"
    evil = "<item><title>Evil</title><link>javascript:alert(1)</link></item>"
    found = feed(good + future + doi + bad + evil)
    first = found[0].paper
    assert (first.id, first.version, first.title, first.authors) == ("2601.00001", 2, "Deep things", ("A B", "C D"))
    assert [item.day for item in found[:3]] == [DAY, DAY, DAY]
    assert found[2].paper.id == "10.1038/s1-2"
    assert [problem.what for problem in found[3:]] == ["it has no title", "it has no link"]


def test_scripts_and_styles_are_not_text() -> None:
    assert (
        feeds.plain("<style>p{}</style><p>a&nbsp;&amp;&nbsp;b</p><script>x()</script><!-- c -->3 < 4") == "a & b 3 < 4"
    )


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 900), st.integers(0, 60))
def test_no_damage_to_a_feed_raises(noise: bytes, place: int, length: int) -> None:
    body = atom([POST])
    with suppress(ValueError):
        feeds.parse(body[:place] + noise + body[place + length :], {}, DAY, "feed", items.Tally())


def lines(*rows: object) -> list[bytes]:
    return [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]


def read(*rows: object, asof: datetime = NOON) -> tuple[list[object], tuple[Problem, ...]]:
    tally, notes = items.Tally(), items.Tally()
    found, _ = files.parse(lines(*rows), asof, DAY, "file", tally, notes)
    return found, (*tally.problems("file"), *notes.problems("file"))


FULL = {
    "id": "2601.00001v2",
    "title": "A full line",
    "abstract": "All of it.",
    "authors": "A B; C D",
    "published": "2026-1-4",
    "date": "2026-01-05",
    "categories": "cs.CL cs.LG",
    "pdf": "https://x.example/a.pdf",
    "code": "https://github.com/o/r.git",
    "project": "https://x.example",
    "organization": "Lab",
    "summary": "Short.",
    "upvotes": [
        ["2026-01-05T08:00:00Z", 3],
        ["2026-01-06T08:00:00+00:00", 9],
        ["2026-01-06T13:00:00Z", 50],
        ["bad", 1],
    ],
    "stars": 7,
    "comments": None,
}


def test_a_line_gives_all_it_knows_and_no_reading_from_the_future() -> None:
    found, problems = read(FULL)
    assert problems == ()
    assert found[0].paper == Paper(
        id="2601.00001",
        arxiv_id="2601.00001",
        version=2,
        title="A full line",
        abstract="All of it.",
        authors=("A B", "C D"),
        published=date(2026, 1, 4),
        categories=("cs.CL", "cs.LG"),
        organization="Lab",
        summary="Short.",
        url="https://arxiv.org/abs/2601.00001",
        pdf_url="https://x.example/a.pdf",
        code_url="https://github.com/o/r",
        project_url="https://x.example",
    )
    assert found[0].day == date(2026, 1, 5)
    assert found[0].measured == (
        ("file.upvotes", 3.0, datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("file.upvotes", 9.0, datetime(2026, 1, 6, 8, tzinfo=UTC)),
        ("file.stars", 7.0, None),
    )


def test_a_paper_of_tomorrow_is_not_visible_yet() -> None:
    tomorrow = FULL | {"date": "2026-01-07"}
    assert read(tomorrow) == ([], ())
    assert len(read(tomorrow, asof=NOON + timedelta(days=1))[0]) == 1


def test_bad_lines_are_named_by_number_and_cost_only_themselves() -> None:
    found, problems = read({"title": "Good one"}, b"{broken", b"", [1], {"abstract": "x"}, b"\xff\xfe", FULL)
    assert [item.paper.title for item in found] == ["Good one", "A full line"]
    assert [problem.where for problem in problems] == ["file line 2", "file line 4", "file line 5", "file line 6"]


def test_the_smallest_line_is_a_paper_of_the_day_the_file_changed() -> None:
    found, _ = read({"id": "x1", "title": "Only a title", "abstract": "and this"})
    assert (found[0].day, found[0].paper.id[:2]) == (DAY, "t-")


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_keeps_nobody_waiting(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "papers.jsonl"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    source = open_source("file", name="papers", http=client(), path=path)
    harvest = source.fetch(Ask((DAY,), NOON))
    assert harvest.state == "failed"
    assert harvest.problems == (source.probe(),)
    assert harvest.problems[0].what == f"{path} cannot be read: it is no regular file"


def test_a_file_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    source = open_source("file", name="papers", http=client(), path=path)
    gone = source.fetch(Ask((DAY,), NOON))
    assert (gone.state, source.probe() == gone.problems[0]) == ("failed", True)
    assert "No such file" in gone.problems[0].what
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines(FULL, b"x" * 3_000_000, {"title": "Last line"})))
    harvest = source.fetch(Ask((DAY,), NOON))
    assert (harvest.state, len(harvest.found), len(harvest.problems)) == ("ok", 2, 1)
    assert harvest.note == "2 papers in papers.jsonl, 1 left out"
    path.write_text("nothing\nhere\n", encoding="utf-8")
    assert source.fetch(Ask((DAY,), NOON)).state == "failed"
    path.write_text("", encoding="utf-8")
    assert source.fetch(Ask((DAY,), NOON)).state == "empty"


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.text(max_size=3))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({*FULL, "version", "readings", "kind", "doi"})), anything, max_size=8))
def test_no_mutation_of_a_line_raises_or_costs_its_neighbour(changes: dict[str, object]) -> None:
    found, problems = read(FULL | changes, {"title": "The neighbour"})
    assert found[-1].paper.title == "The neighbour"
    assert len(found) + len([one for one in problems if one.cure == "The line was left out."]) <= 2


def preprints(n: int) -> list[Served]:
    day = datetime(2026, 1, 4, 12, tzinfo=UTC)
    return [
        Served(
            id=f"b{k}", title=f"Preprint {k}", doi=f"10.1101/2026.01.04.{k:06}", submitted=day, authors=("Curie, M.",)
        )
        for k in range(n)
    ]


def test_preprints_are_paged_by_what_came_and_fold_their_versions(server: SourcesServer) -> None:
    server.world.papers[:] = [*preprints(64), Served(**{**_fields(preprints(1)[0]), "version": 2, "title": "Revised"})]
    harvest = fetch(server, "biorxiv", date(2026, 1, 4))
    assert (harvest.state, len(harvest.found), harvest.days) == ("ok", 64, (date(2026, 1, 4),))
    first = harvest.found[0]
    assert (first.paper.id, first.paper.version, first.paper.title) == ("10.1101/2026.01.04.000000", 2, "Revised")
    assert (first.kind, first.day, first.paper.authors) == ("replace", date(2026, 1, 4), ("M. Curie",))
    assert first.paper.url == "https://www.biorxiv.org/content/10.1101/2026.01.04.000000v2"


def _fields(paper: Served) -> dict[str, object]:
    return {name: getattr(paper, name) for name in paper.__dataclass_fields__}


def test_a_day_without_preprints_is_answered(server: SourcesServer) -> None:
    harvest = fetch(server, "medrxiv", date(2026, 1, 4))
    assert (harvest.state, harvest.days) == ("empty", (date(2026, 1, 4),))


@pytest.mark.parametrize("kind", ["503", "garbage", "html", "empty", "gzip-bomb"])
def test_a_preprint_server_in_trouble_is_named(server: SourcesServer, kind: str) -> None:
    server.inject("/details", kind)
    harvest = fetch(server, "biorxiv", date(2026, 1, 4))
    assert (harvest.state, harvest.days) == ("failed", ())
    assert harvest.problems[0].where == "biorxiv 2026-01-04"


def test_a_line_whose_day_or_count_is_nonsense_is_kept_and_named() -> None:
    found, problems = read(
        {"title": "One", "date": "20.11.2025", "upvotes": -5},
        {"title": "Two", "published": "2026-02-30", "stars": "many", "comments": None, "date": ""},
        {"title": "Three", "upvotes": [["2026-01-05T08:00:00Z", -1]]},
    )
    assert len(found) == 3
    assert [(one.where, one.what) for one in problems] == [
        ("file line 1", f'"date" is no day (20.11.2025): write it as 2026-11-20. The paper is kept, as of {DAY}.'),
        ("file line 1", '"upvotes" is no number of zero or more (-5). The paper is kept, without it.'),
        ("file line 2", f'"published" is no day (2026-02-30): write it as 2026-11-20. The paper is kept, as of {DAY}.'),
        ("file line 2", '"stars" is no number of zero or more (many). The paper is kept, without it.'),
    ]
