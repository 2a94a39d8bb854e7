"""The contract of the papers: one paper whatever it is called, and every reading of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.model.paper import Candidate, Listing, Paper, Poll, Reading, identity_keys

if TYPE_CHECKING:
    from tests.support.stores import Stores

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAPER = Paper(
    id="2611.00001",
    arxiv_id="2611.00001",
    title="Sparse attention for very long documents",
    abstract="We read long texts — Ünïcode “quotes”, $x < y$ & <b>tags</b>.",
    authors=("Ada B.", "Čapek, K."),
    published=DAY,
    categories=("cs.CL", "cs.LG"),
)
JOURNAL = Paper(
    id="10.1000/xyz",
    doi="10.1000/XYZ",
    title="An entirely different title in a journal",
    code_url="https://code.example",
)


def listing(paper_id: str, source: str = "huggingface", day: date = DAY, at: datetime = NOW) -> Listing:
    return Listing(paper_id, source, day, "listed", at)


def votes(paper_id: str, value: float, at: datetime) -> Reading:
    return Reading(paper_id, "huggingface.upvotes", value, at)


def test_a_paper_is_found_by_each_of_its_keys_and_comes_back_as_it_was(store: Stores) -> None:
    assert store.papers.keep([PAPER, JOURNAL], [], [], [], at=NOW) == 2

    assert store.papers.find([*identity_keys(PAPER), "doi:10.1000/xyz", "arxiv:none"]) == {
        **dict.fromkeys(identity_keys(PAPER), PAPER),
        "doi:10.1000/xyz": JOURNAL,
    }
    assert store.papers.get([PAPER.id, "nobody"]) == {PAPER.id: PAPER}
    assert store.papers.count() == 2


def test_keeping_twice_is_keeping_once_and_a_newer_version_replaces_the_text(store: Stores) -> None:
    newer = replace(PAPER, title="Sparse attention for long documents, revised", doi="10.48550/arxiv.2611.00001")
    assert store.papers.keep([PAPER], [listing(PAPER.id)], [votes(PAPER.id, 3, NOW)], [], at=NOW) == 1
    assert store.papers.keep([PAPER], [listing(PAPER.id)], [votes(PAPER.id, 3, NOW)], [], at=NOW + HOUR) == 0
    assert store.papers.keep([newer], [listing(PAPER.id, at=NOW + HOUR)], [], [], at=NOW + HOUR) == 0

    keys = {*identity_keys(PAPER), *identity_keys(newer)}
    assert store.papers.find(keys) == dict.fromkeys(keys, newer)
    assert store.papers.candidates(since=NOW - HOUR, until=NOW) == (
        Candidate(newer, NOW, (listing(PAPER.id),), (votes(PAPER.id, 3, NOW),)),
    )


def test_readings_are_a_series_and_a_flat_line_is_kept(store: Stores) -> None:
    series = [votes(PAPER.id, value, NOW + n * HOUR) for n, value in enumerate([3, 3, 5])]
    stars = Reading(PAPER.id, "github.stars", 9, NOW)
    store.papers.keep([PAPER], [], [*reversed(series), stars], [], at=NOW)
    store.papers.keep([], [], [replace(series[0], value=99)], [], at=NOW)

    assert store.papers.readings(PAPER.id) == (stars, *series)
    assert store.papers.readings("nobody") == ()
    assert store.papers.readings_of([PAPER.id, "nobody"]) == {PAPER.id: (stars, *series)}


def test_candidates_are_those_listed_or_seen_in_the_span_with_what_was_known_at_its_end(store: Stores) -> None:
    old, fresh, late = (replace(PAPER, id=f"2611.0000{n}", arxiv_id=f"2611.0000{n}", title=f"Short {n}") for n in "234")
    store.papers.keep([old], [], [votes(old.id, 1, NOW)], [], at=NOW - 50 * HOUR)
    store.papers.keep([late], [], [], [], at=NOW + HOUR)
    store.papers.keep([fresh], [], [], [], at=NOW)
    again = listing(old.id, "arxiv", DAY, NOW - HOUR)
    after = listing(old.id, "feed", DAY, NOW + HOUR)
    store.papers.keep([], [after, again], [votes(old.id, 2, NOW + HOUR)], [], at=NOW)

    assert store.papers.candidates(since=NOW - 24 * HOUR, until=NOW) == (
        Candidate(old, NOW - 50 * HOUR, (again,), (votes(old.id, 1, NOW),)),
        Candidate(fresh, NOW),
    )
    assert store.papers.candidates(since=NOW, until=NOW) == ()
    assert store.papers.remeasured(since=NOW - HOUR, until=NOW) == (
        Candidate(old, NOW - 50 * HOUR, (again,), (votes(old.id, 1, NOW),)),
    )
    assert store.papers.remeasured(since=NOW - 9 * HOUR, until=NOW - HOUR) == ()
    assert store.papers.listings(old.id) == (again, after)


def test_a_key_that_joins_two_papers_makes_them_one_with_the_older_id_and_both_series(store: Stores) -> None:
    store.papers.keep([PAPER], [listing(PAPER.id)], [votes(PAPER.id, 1, NOW)], [], at=NOW)
    store.papers.keep(
        [JOURNAL],
        [listing(JOURNAL.id, "feed"), listing(JOURNAL.id)],
        [votes(JOURNAL.id, 2, NOW + HOUR), votes(JOURNAL.id, 7, NOW)],
        [(JOURNAL.id, "feed", "{}")],
        at=NOW + HOUR,
    )
    joined = replace(PAPER, doi="10.1000/xyz", journal="Journal of X")

    assert store.papers.keep([joined], [], [], [], at=NOW + 2 * HOUR) == 0
    store.papers.keep([], [], [votes(JOURNAL.id, 3, NOW + 2 * HOUR)], [], at=NOW + 2 * HOUR)

    whole = replace(joined, code_url="https://code.example")
    assert store.papers.count() == 1
    assert store.papers.get([PAPER.id, JOURNAL.id]) == {PAPER.id: whole, JOURNAL.id: whole}
    assert store.papers.find(identity_keys(JOURNAL)) == dict.fromkeys(identity_keys(JOURNAL), whole)
    assert store.papers.readings(PAPER.id) == tuple(votes(PAPER.id, n + 1.0, NOW + n * HOUR) for n in range(3))
    assert store.papers.listings(PAPER.id) == (listing(PAPER.id, "feed"), listing(PAPER.id))
    assert store.papers.candidates(since=NOW - HOUR, until=NOW)[0].first_seen == NOW


def test_a_known_paper_that_arrives_under_another_id_keeps_its_own(store: Stores) -> None:
    first = Paper(id="t-0011223344556677", title=PAPER.title, organization="A lab")
    store.papers.keep([first], [], [], [], at=NOW)

    assert store.papers.keep([PAPER], [listing(PAPER.id)], [], [], at=NOW + HOUR) == 0

    merged = replace(PAPER, id=first.id, organization="A lab")
    assert store.papers.get([first.id, PAPER.id]) == {first.id: merged, PAPER.id: merged}
    assert [one.paper_id for one in store.papers.listings(first.id)] == [first.id]


def test_two_arxiv_numbers_stay_two_papers_though_they_share_a_title(store: Stores) -> None:
    twin = replace(PAPER, id="2611.00099", arxiv_id="2611.00099")

    assert store.papers.keep([PAPER, twin], [], [], [], at=NOW) == 2
    assert store.papers.keep([twin], [], [], [], at=NOW) == 0

    assert store.papers.get([PAPER.id, twin.id]) == {PAPER.id: PAPER, twin.id: twin}
    assert store.papers.find([identity_keys(PAPER)[1]]) == {identity_keys(PAPER)[1]: PAPER}


def test_three_papers_of_one_harvest_that_prove_to_be_one_are_stored_once(store: Stores) -> None:
    by_title = Paper(id="t-0011223344556677", title=PAPER.title)
    by_doi = Paper(id="10.1000/xyz", title="x", doi="10.1000/xyz")
    joined = replace(PAPER, doi="10.1000/xyz")

    assert store.papers.keep([by_title, by_doi, joined], [], [votes(by_doi.id, 1, NOW)], [], at=NOW) == 1
    assert store.papers.get([joined.id])[joined.id] == replace(joined, id=by_title.id)
    assert store.papers.readings(by_title.id) == (votes(by_title.id, 1, NOW),)


def test_what_a_source_answered_and_said_is_remembered(store: Stores) -> None:
    polls = [Poll("huggingface", DAY, size, NOW + n * HOUR) for n, size in enumerate([20, 23])]
    store.papers.note_answer("huggingface", [DAY, DAY + timedelta(days=1)], {"etag": "a"}, reversed(polls))
    store.papers.note_answer("huggingface", [DAY], {"etag": "b", "batch": "7"}, polls[:1])
    store.papers.note_answer("huggingface", [], {}, [])
    store.papers.note_answer("arxiv", [DAY], {}, [])

    assert store.papers.answered("huggingface", since=DAY) == {DAY, DAY + timedelta(days=1)}
    assert store.papers.answered("huggingface", since=DAY + timedelta(days=1)) == {DAY + timedelta(days=1)}
    assert store.papers.memory("huggingface") == {"etag": "b", "batch": "7"}
    assert store.papers.memory("arxiv") == {}
    assert store.papers.polls("huggingface", DAY) == tuple(polls)


def test_papers_are_found_by_word_best_first_and_hostile_words_are_only_words(store: Stores) -> None:
    other = Paper(id="2", title="On bread", abstract="The attention of bakers to sparse flour.", authors=("Eve",))
    third = Paper(id="3", title="On cheese", abstract="Nothing here.", authors=("Mallory O'Brien",))
    store.papers.keep([other, PAPER, third], [], [], [], at=NOW)

    assert store.papers.search(["attention"], limit=9) == (PAPER.id, "2")
    assert store.papers.search(["attention", "bread"], limit=9) == ("2", PAPER.id)
    assert store.papers.search(["attention"], limit=1) == (PAPER.id,)
    assert store.papers.search(["Mallory"], limit=9) == ("3",)
    assert store.papers.search(["wombats"], limit=9) == ()
    assert store.papers.search([], limit=9) == ()
    for hostile in ('"', "') OR 1=1 --", "a AND", "NEAR(", "*", "title:", "\0", "%", "\\", "é\u202e", ":*&!|"):
        store.papers.search([hostile, hostile], limit=9)


def test_a_corrected_text_is_found_by_its_new_words_only(store: Stores) -> None:
    store.papers.keep([PAPER], [], [], [], at=NOW)
    store.papers.keep([replace(PAPER, title="Dense retrieval of short notes")], [], [], [], at=NOW)

    assert store.papers.search(["dense"], limit=9) == (PAPER.id,)
    assert store.papers.search(["sparse"], limit=9) == ()


def test_what_was_run_ahead_is_first_seen_when_an_earlier_day_sees_it(store: Stores) -> None:
    ahead = NOW + timedelta(days=365)
    store.papers.keep([PAPER], [listing(PAPER.id, at=ahead)], [], [], at=ahead)
    assert store.papers.candidates(since=NOW - HOUR, until=NOW) == ()

    store.papers.keep([PAPER], [listing(PAPER.id)], [], [], at=NOW)

    assert store.papers.candidates(since=NOW - HOUR, until=NOW) == (Candidate(PAPER, NOW, (listing(PAPER.id),), ()),)
