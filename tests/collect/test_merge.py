"""One paper is one paper, whatever the source, the version or the way its title is written."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.collect import clean, ids, same
from newsletter.collect.merge import fold, keys_of
from newsletter.model.paper import Found, Harvest, Listing, Paper, Problem, Reading, identity_keys

AT = datetime(2026, 1, 6, 12, tzinfo=UTC)
DAY = date(2026, 1, 6)
DATA = Path(__file__).resolve().parents[3] / "shared/data/ranking"
WORDS = (
    "we measure how forty different small machines learn to read long pages of old books without any help from people"
)
ABSTRACT = f"{WORDS} and show that twelve of them forget the first chapter before they reach the last one."


def paper(title: str = "On the measurement of things", **fields: object) -> Paper:
    arxiv, doi = str(fields.get("arxiv_id", "")), str(fields.get("doi", ""))
    return Paper(**{"id": ids.paper_id(arxiv, doi, title), "title": title, **fields})


def harvest(source: str, *papers: Paper, day: date = DAY, measured: tuple[object, ...] = ()) -> Harvest:
    found = tuple(Found(p, day, measured=measured, original=f"{source}:{p.id}") for p in papers)
    return Harvest(source, "ok", found)


def test_two_sources_give_one_paper_with_the_richest_facts_of_both() -> None:
    listed = dataclasses.replace(
        paper(arxiv_id="2601.00001", abstract="Short.", summary="In short."),
        summary_by="Hugging Face",
        code_url="https://github.com/o/r",
    )
    announced = dataclasses.replace(
        paper(arxiv_id="2601.00001", version=1, abstract="Longer than that.", authors=("A B",)),
        categories=("cs.CL",),
        published=date(2026, 1, 4),
    )
    merged = fold(
        [harvest("hf", listed, measured=(("hf.upvotes", 3.0, None),)), harvest("arxiv", announced)], {}, at=AT
    )
    assert merged.papers == (
        dataclasses.replace(
            announced, summary="In short.", summary_by="Hugging Face", code_url="https://github.com/o/r"
        ),
    )
    assert merged.listings == (
        Listing("2601.00001", "arxiv", DAY, "listed", AT),
        Listing("2601.00001", "hf", DAY, "listed", AT),
    )
    assert merged.readings == (Reading("2601.00001", "hf.upvotes", 3.0, AT),)
    assert merged.originals == (("2601.00001", "arxiv", "arxiv:2601.00001"), ("2601.00001", "hf", "hf:2601.00001"))
    assert merged.problems == ()


def test_the_higher_version_wins_title_and_abstract() -> None:
    old = paper("First title of the paper", arxiv_id="2601.00001", version=1, abstract="A long first abstract.")
    new = paper("Second title of the paper", arxiv_id="2601.00001", version=2, abstract="Shorter.", withdrawn=True)
    merged = fold([harvest("a", old), harvest("b", new)], {}, at=AT).papers[0]
    assert (merged.title, merged.abstract, merged.version, merged.withdrawn) == (new.title, "Shorter.", 2, True)


def test_a_known_paper_keeps_its_id_when_a_stronger_name_appears() -> None:
    first = paper("A blog tells of it before the archive does")
    known = dict.fromkeys(identity_keys(first), first)
    later = paper("A Blog Tells of It before the Archive does", arxiv_id="2601.00001", version=1)
    merged = fold([harvest("arxiv", later)], known, at=AT).papers
    assert [(p.id, p.arxiv_id) for p in merged] == [(first.id, "2601.00001")]


def test_two_known_papers_that_turn_out_to_be_one_are_named() -> None:
    blog, archive = paper("A title that both of them have"), paper("Another title", arxiv_id="2601.00001")
    known = {key: p for p in (blog, archive) for key in identity_keys(p)}
    found = paper("A title that both of them have", arxiv_id="2601.00001")
    merged = fold([harvest("hf", found)], known, at=AT)
    assert [p.id for p in merged.papers] == ["2601.00001"]
    assert merged.problems == (
        Problem("2601.00001", f"it turns out to be the same paper as {blog.id}", "Nothing to do."),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"arxiv_id": "2601.00001"}, {"arxiv_id": "2601.00002"}),
        ({"doi": "10.1101/1"}, {"doi": "10.1101/2"}),
    ],
)
def test_two_names_of_one_registrar_are_never_one_paper(one: dict[str, str], other: dict[str, str]) -> None:
    merged = fold(
        [harvest("a", paper(abstract=ABSTRACT, **one)), harvest("b", paper(abstract=ABSTRACT, **other))], {}, at=AT
    )
    assert len(merged.papers) == 2


def test_a_preprint_and_its_journal_version_are_one_paper() -> None:
    merged = fold([harvest("a", paper(doi="10.1101/1")), harvest("b", paper(doi="10.1038/2"))], {}, at=AT)
    assert [p.id for p in merged.papers] == ["10.1101/1"]


def test_a_retitled_feed_entry_is_known_by_its_abstract() -> None:
    listed = paper("Machines read books", arxiv_id="2601.00001", abstract=ABSTRACT)
    post = paper("New from our lab: reading machines!", abstract=ABSTRACT.replace("twelve", "a dozen"))
    merged = fold([harvest("hf", listed), harvest("blog", post)], {}, at=AT)
    assert [p.id for p in merged.papers] == ["2601.00001"]
    again = fold([harvest("blog", post)], {key: p for p in merged.papers for key in identity_keys(p)}, at=AT)
    assert [p.id for p in again.papers] == ["2601.00001"]
    apart = fold([harvest("hf", listed), harvest("hf", post)], {}, at=AT)
    assert len(apart.papers) == 2


def test_short_titles_are_no_identity() -> None:
    one = Paper(
        id=ids.paper_id("", "", "Editorial", "https://a.example/1"), title="Editorial", url="https://a.example/1"
    )
    two = Paper(
        id=ids.paper_id("", "", "Editorial", "https://a.example/2"), title="Editorial", url="https://a.example/2"
    )
    assert len(fold([harvest("a", one, two)], {}, at=AT).papers) == 2


def test_of_two_values_at_one_moment_the_larger_is_kept() -> None:
    item = paper(arxiv_id="2601.00001")
    early = datetime(2026, 1, 6, 8, tzinfo=UTC)
    first = harvest("hf", item, measured=(("hf.upvotes", 3.0, None), ("hf.upvotes", 1.0, early)))
    second = harvest("hf", item, day=date(2026, 1, 5), measured=(("hf.upvotes", 4.0, None),))
    merged = fold([first, second], {}, at=AT)
    assert merged.readings == (
        Reading("2601.00001", "hf.upvotes", 1.0, early),
        Reading("2601.00001", "hf.upvotes", 4.0, AT),
    )
    assert [listing.day for listing in merged.listings] == [date(2026, 1, 5), DAY]


TITLES = ["A first title that is long enough", "A second title that is long enough", "Short"]
papers = st.builds(
    paper,
    st.sampled_from(TITLES),
    arxiv_id=st.sampled_from(["", "", "2601.00001", "2601.00002"]),
    doi=st.sampled_from(["", "", "10.1101/1", "10.1101/2", "10.1038/3"]),
    version=st.integers(0, 2),
    abstract=st.sampled_from(["", ABSTRACT, ABSTRACT + " More."]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), papers), max_size=8), st.lists(papers, max_size=3))
def test_whatever_comes_every_id_is_once_and_nothing_is_lost(items: list[tuple[str, Paper]], held: list[Paper]) -> None:
    harvests = [harvest(source, item) for source, item in items]
    known = {key: p for p in held for key in identity_keys(p)}
    assert keys_of(harvests) >= {key for _, item in items for key in identity_keys(item)}
    merged = fold(harvests, known, at=AT)
    names = [p.id for p in merged.papers]
    assert len(names) == len(set(names))
    assert {listing.paper_id for listing in merged.listings} == set(names)
    assert fold(harvests, known, at=AT) == merged
    stored = known | {key: p for p in merged.papers for key in identity_keys(p)}
    once_more = fold(harvests, stored, at=AT)
    assert {p.id for p in once_more.papers} <= {*names, *(p.id for p in held)}


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.exists(), reason="the shared data is not beside this clone")
def test_the_real_duplicates_are_found_without_a_wrong_one() -> None:
    rows = [json.loads(line) for line in (DATA / "dedupe_items.jsonl").read_text("utf-8").splitlines()]
    answers = [json.loads(line) for line in (DATA / "qrels.jsonl").read_text("utf-8").splitlines()]
    gold = next(answer["groups"] for answer in answers if answer["qid"] == "dedupe")
    items = []
    for row in rows:
        number, version = ids.first_arxiv_id([row["ext_id"]])
        title = clean.text(row["title"], clean.TITLE)
        item = paper(title, arxiv_id=number, version=version, abstract=clean.text(row["abstract"]))
        items.append(same.Item(item, same.keyed(item), row["source"], DAY))
    ours = same.groups(items)
    pairs = {
        (a, b)
        for group in ours
        for n, a in enumerate(sorted(rows[place]["item"] for place in group))
        for b in sorted(rows[place]["item"] for place in group)[n + 1 :]
    }
    names = sorted(gold)
    true = {(a, b) for n, a in enumerate(names) for b in names[n + 1 :] if gold[a] == gold[b]}
    assert pairs - true == set()
    assert 2 * len(pairs & true) / (len(pairs) + len(true)) >= 0.998


@pytest.mark.parametrize("day", [date(2099, 1, 1), date(9999, 12, 31), date(1, 1, 1)])
def test_a_paper_of_the_future_or_of_the_year_one_has_no_day_and_its_neighbours_keep_theirs(day: date) -> None:
    lying = paper("A paper from another time and place", arxiv_id="2601.00001", published=day)
    honest = paper("A paper that tells when it was written", arxiv_id="2601.00002", published=date(2025, 12, 30))
    old = paper("A paper that was scanned by a library", arxiv_id="2601.00003", published=date(1905, 6, 30))

    merged = fold([harvest("feed", lying, honest, old)], {}, at=AT)

    assert [one.published for one in merged.papers] == [None, honest.published, old.published]
