"""A reader searches: by word, by meaning, within limits, page after page while papers arrive."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from newsletter.errors import UsageError
from newsletter.model.edition import Edition, Pick, Pool, Score
from newsletter.model.paper import Listing
from newsletter.stages.searching import Filters, make_vectors, search
from newsletter.wiring import open_press
from tests.support.searching import DAY, PAPERS, paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.model.paper import Paper
    from newsletter.press import Press

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CONFIG = '[newsletter]\nsecret = "a secret of the tests, long enough"\n'


@contextmanager
def opened(folder: Path, *papers: Paper) -> Iterator[Press]:
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    with open_press(load_config(folder / "config.toml")) as press:
        press.papers.keep(papers, [], [], [], at=NOW)
        yield press


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    with opened(tmp_path, *PAPERS) as press:
        yield press


def ids(press: Press, query: str, filters: Filters | None = None, limit: int = 3) -> list[str]:
    return [hit.paper.id for hit in search(press, query, filters, limit=limit).hits]


def test_the_words_of_the_question_find_the_paper_that_says_them(press: Press) -> None:
    assert ids(press, "token sharing", limit=1) == ["2611.00001"]
    assert ids(press, "input tokens", limit=2) == ["2611.00002", "2611.00001"]
    assert ids(press, "Lovelace")[0] in {one.id for one in PAPERS}


def test_the_meaning_of_the_question_finds_papers_that_say_none_of_its_words(press: Press) -> None:
    assert ids(press, "walking machines controlled by learned policies", limit=2) == ["2611.00005", "2611.00006"]
    assert set(ids(press, "text to picture synthesis", limit=2)) == {"2611.00003", "2611.00004"}


def test_without_the_text_model_words_alone_decide(press: Press) -> None:
    by_word = replace(press, rank_settings=replace(press.rank_settings, dense=False))

    assert ids(by_word, "quadruped pictures") == ["2611.00006"]
    assert ids(by_word, "walking machines") == []
    assert ids(replace(press, vectors=None), "quadruped pictures") == ["2611.00006"]


def test_a_phrase_in_quotes_must_be_said(press: Press) -> None:
    assert ids(press, '"token sharing"') == ["2611.00001"]
    assert ids(press, '"layers reuse"') == ["2611.00001"]
    assert ids(press, '"reuse layers"') == []
    assert ids(press, '"graph neural networks" molecules') == ["2611.00008"]


def test_a_paper_asked_for_by_its_number_comes_first(press: Press) -> None:
    press.papers.keep([paper(9, "Of bees", doi="10.1000/ABC", arxiv_id="", published=None)], [], [], [], at=NOW)

    assert ids(press, "2611.00007", limit=1) == ["2611.00007"]
    assert ids(press, "https://arxiv.org/abs/2611.00007v3 token", limit=2) == ["2611.00007", "2611.00001"]
    assert ids(press, "doi:10.1000/ABC", limit=1) == ["2611.00009"]


def test_filters_hold_for_words_and_for_meaning(press: Press) -> None:
    robots = "2611.00005", "2611.00006"
    press.papers.keep([], [Listing(robots[1], "arxiv", DAY, "new", NOW)], [], [], at=NOW)
    picks = tuple(Pick(one, "robots", DAY, place, Score(()), "So.") for place, one in enumerate(robots, 1))
    press.editions.print(Edition(DAY, NOW, (Pool("robots", "Robots", 1, picks),), ()))

    def found(**filters: object) -> set[str]:
        return set(ids(press, "learning robot policies", Filters(**filters), limit=99))  # type: ignore[arg-type]

    assert found() == {one.id for one in PAPERS}
    assert found(source="arxiv") == {robots[1]}
    assert found(topic="robots") == {*robots}
    assert found(since=DAY - timedelta(days=2)) == {"2611.00001", "2611.00002"}
    assert found(until=DAY - timedelta(days=8), topic="") == {"2611.00008"}
    assert found(topic="robots", until=DAY - timedelta(days=6)) == {robots[1]}
    assert found(topic="nothing") == set()


def test_a_span_of_days_finds_its_papers_in_whatever_order_they_were_stored(press: Press) -> None:
    days = [DAY - timedelta(days=back) for back in (9, 1, 5, 0, 7, 3)]
    odd = [paper(50 + place, "Quokkas", "Quokkas smile.", published=day) for place, day in enumerate(days)]
    press.papers.keep(odd, [], [], [], at=NOW)
    by_word = replace(press, vectors=None)

    within = Filters(since=DAY - timedelta(days=5), until=DAY - timedelta(days=1))
    assert sorted(ids(by_word, "quokkas", within, limit=9)) == ["2611.00051", "2611.00052", "2611.00055"]
    assert len(ids(by_word, "quokkas", Filters(since=DAY - timedelta(days=9)), limit=9)) == 6
    assert ids(by_word, "quokkas", Filters(until=DAY - timedelta(days=99)), limit=9) == []


def test_pages_keep_their_order_while_better_papers_arrive(press: Press) -> None:
    whole = ids(press, "robot learning from images of tokens", limit=99)
    seen, cursor = [], ""
    for arrival in range(20, 40):
        page = search(press, "robot learning from images of tokens", limit=3, cursor=cursor)
        seen += [hit.paper.id for hit in page.hits]
        cursor = page.cursor
        better = paper(arrival, f"Robot learning from images of tokens, part {arrival}", "robot images tokens " * 9)
        press.papers.keep([better], [], [], [], at=NOW)
        if not cursor:
            break

    assert seen == whole
    assert ids(press, "robot learning from images of tokens", limit=1)[0] > "2611.00019"


def test_a_cursor_of_another_search_or_of_nobody_is_refused_in_words(press: Press) -> None:
    cursor = search(press, "tokens", limit=1).cursor

    for query, broken in (("robots", cursor), ("tokens", cursor[:-3]), ("tokens", "é"), ("tokens", "W10")):
        with pytest.raises(UsageError, match="cursor"):
            search(press, query, limit=1, cursor=broken)
    with pytest.raises(UsageError):
        search(press, "tokens", Filters(source="arxiv"), limit=1, cursor=cursor)


def test_the_order_does_not_depend_on_the_order_of_arrival(press: Press, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with opened(tmp_path / "other", *reversed(PAPERS)) as other:
        for query in ("learning", "token images", "proteins and robots"):
            assert ids(press, query, limit=99) == ids(other, query, limit=99)


def test_whatever_is_typed_is_only_words(press: Press) -> None:
    for query in (
        "",
        " ",
        '"',
        '""',
        "“",
        "a",
        "the of",
        "' OR 1=1 --",
        "NEAR(",
        "*",
        "title:",
        "\0",
        "\ud800",
        "%\\",
        "數學",
    ):
        for hit in search(press, query, limit=2).hits:
            assert hit.paper in PAPERS
    assert search(press, "word " * 3000, limit=2).total <= len(PAPERS)


def test_vectors_are_made_once_and_again_for_a_new_text(press: Press) -> None:
    assert make_vectors(press) == len(PAPERS)
    assert make_vectors(press) == 0
    changed = replace(PAPERS[0], abstract="Whales sing in the deep sea.")
    press.papers.keep([changed], [], [], [], at=NOW)

    assert make_vectors(press) == 1
    assert ids(press, "whales", limit=1) == [changed.id]
