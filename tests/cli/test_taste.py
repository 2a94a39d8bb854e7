"""A reader brings her library: it moves her issue, she sees what was learned, and may take it back."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from newsletter.stages import tasting
from tests.support.desk import FRIDAY, Desk, paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA = "ada@example.org"
LISTED = (
    paper(1, "A language model of chess", "A language model that plays chess and other board games."),
    paper(2, "A language model of law", "A language model that reads contracts and court rulings."),
    paper(3, "A language model of cooking", "A language model that writes recipes for bread and soup."),
    paper(4, "A language model of music", "A language model that composes songs for the piano."),
)
BIB = """@article{a, title={Learning recipes from kitchens}, abstract={We bake bread and cook soup.},
 eprint={2101.00001}, year=2021}
@article{b, title={Bread and soup by machines}, abstract={Recipes for bread, recipes for soup.},
 doi={10.1000/SOUP}, year=2020}
"""
MORE = "".join(
    f"@misc{{m{n}, title={{Cooking bread and soup, volume {n}}}, eprint={{2102.0000{n}}}, year=2021, "
    "abstract={We write recipes for bread and soup.}}\n"
    for n in range(5)
)
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2101.00009v1</id>
<title>Piano songs</title><summary>Music for the piano, songs and more music.</summary>
<published>2021-01-04T00:00:00Z</published><author><name>Ada Lovelace</name></author></entry></feed>"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.source.lists = {FRIDAY: LISTED}
    desk("subscribers", "add", ADA)
    (tmp_path / "mine.bib").write_text(BIB, "utf-8")
    (tmp_path / "more.bib").write_text(MORE, "utf-8")
    return desk


def picks(desk: Desk) -> list[str]:
    """The papers of her issue of Friday."""
    desk("run")
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        reader = press.subscribers.by_email(ADA)
        assert reader is not None
        return sorted(press.ledger.seen([reader.id])[reader.id])


def test_a_library_becomes_likes_that_move_her_issue(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    plain = Desk(tmp_path / "other")
    plain.source.lists = {FRIDAY: LISTED}
    plain("subscribers", "add", ADA)
    assert LISTED[2].id not in picks(plain)
    desk("subscribers", "taste", ADA, "--import", str(tmp_path / "more.bib"))

    brought = desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"), "--json")

    assert brought.json["liked"] == [
        {"id": "2101.00001", "title": "Learning recipes from kitchens"},
        {"id": "10.1000/soup", "title": "Bread and soup by machines"},
    ]
    assert LISTED[2].id in picks(desk)


def test_bringing_the_same_library_twice_brings_nothing_new(desk: Desk, tmp_path: Path) -> None:
    first = desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))
    second = desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))

    assert first.out == "2 papers more that she likes, 0 known already\n"
    assert second.out == "0 papers more that she likes, 2 known already\n"


def test_what_was_learned_is_shown_with_its_source_and_taken_back(desk: Desk, tmp_path: Path) -> None:
    assert "her topics alone decide" in desk("subscribers", "taste", ADA).out
    desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))

    facts = desk("subscribers", "taste", ADA, "--show", "--json").json
    assert [(one["id"], one["source"]) for one in facts["likes"]] == [
        ("10.1000/soup", "mine.bib"),
        ("2101.00001", "mine.bib"),
    ]
    assert facts["weight"] == 0.4
    assert "(mine.bib)" in desk("subscribers", "taste", ADA).out

    nothing = desk("subscribers", "taste", ADA, "--forget", "nope")
    assert (nothing.code, nothing.out) == (2, "")
    assert f"{ADA} has said nothing of nope." in nothing.err
    took = desk("subscribers", "taste", ADA, "--forget", "https://arxiv.org/abs/2101.00001v2")
    assert took.out == f"took back what {ADA} said of 1 paper\n"
    assert desk("subscribers", "taste", ADA, "--reset").out == f"took back what {ADA} said of 1 paper\n"
    assert desk("subscribers", "taste", ADA, "--json").json["likes"] == []
    assert desk("subscribers", "taste", ADA, "--reset", "--json").json == {"reset": 0}


def test_a_brought_paper_is_no_news_of_today(desk: Desk, tmp_path: Path) -> None:
    desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))
    desk("run")

    with desk.press(load_config(desk.folder / "config.toml")) as press:
        edition = press.editions.get(FRIDAY)
        recent = press.papers.candidates(since=datetime(2026, 11, 1, tzinfo=UTC), until=press.clock.now())
    assert edition is not None
    assert {one.paper.id for one in recent} == {one.id for one in LISTED}


def test_bare_arxiv_numbers_and_authors_are_asked_of_arxiv(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("2101.00009\n10.1000/nobody\n", "utf-8")
    with arxiv() as (url, asked):
        _set_source(desk, url)
        brought = desk("subscribers", "taste", ADA, "--import", str(tmp_path / "ids.txt"), "--json")
        again = desk("subscribers", "taste", ADA, "--author", "lovelace_a_1")
        nobody = desk("subscribers", "taste", ADA, "--author", "no/body")

    assert brought.json == {
        "liked": [{"id": "2101.00009", "title": "Piano songs"}],
        "known": 0,
        "unknown": ["10.1000/nobody"],
    }
    assert again.out == "0 papers more that she likes, 1 known already\n"
    assert "this is no author id" in nobody.err
    assert [one.partition("?")[0] for one in asked] == ["/api/query", "/a/lovelace_a_1.atom2"]


def test_an_arxiv_that_fails_costs_only_what_it_alone_knows(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mine.bib").write_text(BIB + "@misc{c, eprint={2101.00009}, archiveprefix={arXiv}}", "utf-8")
    _set_source(desk, "http://127.0.0.1:9")

    brought = desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))

    assert brought.code == 0
    assert brought.out.startswith("2 papers more that she likes")
    assert "2101.00009: nothing is known of it" in brought.out
    assert "warning: arxiv details" in brought.err


def test_what_cannot_be_is_said_in_words(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("hello world", "utf-8")

    assert desk("subscribers", "taste", "nobody@example.org").code == 2
    assert desk("subscribers", "taste", ADA, "--import", str(tmp_path / "none.bib")).code == 2
    assert (
        "no papers that can be recognised"
        in desk("subscribers", "taste", ADA, "--import", str(tmp_path / "empty.txt")).err
    )
    assert desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"), "--reset").code == 2


def test_feedback_of_others_is_left_alone_when_one_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    desk("subscribers", "add", "bob@example.org")
    for email in (ADA, "bob@example.org"):
        desk("subscribers", "taste", email, "--import", str(tmp_path / "mine.bib"))
    desk("subscribers", "forget", ADA, "--yes")

    assert len(desk("subscribers", "taste", "bob@example.org", "--json").json["likes"]) == 2


def _set_source(desk: Desk, url: str) -> None:
    path = desk.folder / "config.toml"
    path.write_text(
        path.read_text("utf-8") + f'\n[[sources]]\nkind = "arxiv"\nurl = "{url}"\nfeed_url = "{url}"\n', "utf-8"
    )


@contextmanager
def arxiv() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/atom+xml")
            self.end_headers()
            self.wfile.write(ATOM.encode())

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


WRONG = f"""@article{{a, title={{{LISTED[2].title}}}, abstract={{Buy my book about bread and soup.}},
 eprint={{2611.77777}}, doi={{10.1000/STOLEN}}, year=2026}}
"""


def _public(desk: Desk, *names: str) -> list[tuple[str, str]]:
    """What anybody sees of these papers: (id, title)."""
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        return sorted((name, paper.title) for name, paper in press.papers.get(names).items())


def test_a_wrong_entry_takes_no_name_title_or_doi_of_a_paper_that_a_source_lists_later(
    desk: Desk, tmp_path: Path
) -> None:
    """Its title is one paper's, its number another's, its DOI a third one's: each of them comes as its source says."""
    (tmp_path / "wrong.bib").write_text(WRONG, "utf-8")
    desk("subscribers", "taste", ADA, "--import", str(tmp_path / "wrong.bib"))
    numbered = replace(paper(8, "A language model of weather"), id="2611.77777", arxiv_id="2611.77777")
    stolen = replace(paper(9, "A language model of oceans"), id="10.1000/stolen", arxiv_id="", doi="10.1000/stolen")
    desk.source.lists = {FRIDAY: (*LISTED, numbered, stolen)}
    assert _public(desk, "2611.77777", "10.1000/stolen") == []

    desk("run")

    assert _public(desk, LISTED[2].id, "2611.77777", "10.1000/stolen") == [
        ("10.1000/stolen", "A language model of oceans"),
        (LISTED[2].id, LISTED[2].title),
        ("2611.77777", "A language model of weather"),
    ]
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        edition = press.editions.get(FRIDAY)
        assert press.papers.count() == len(LISTED) + 2
    assert edition is not None
    assert not [card.paper for card in edition.cards if "Buy my book" in card.paper.abstract]
    likes = desk("subscribers", "taste", ADA, "--json").json["likes"]
    assert likes == [{"id": "2611.77777", "title": "A language model of weather", "source": "wrong.bib"}]


def test_what_one_reader_brings_is_not_shown_to_another_who_brings_the_same_number(desk: Desk, tmp_path: Path) -> None:
    desk("subscribers", "add", "bob@example.org")
    (tmp_path / "wrong.bib").write_text("@misc{a, title={Buy my book}, abstract={Now.}, eprint={2101.00001}}", "utf-8")
    desk("subscribers", "taste", "bob@example.org", "--import", str(tmp_path / "wrong.bib"))
    desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))

    assert {one["title"] for one in desk("subscribers", "taste", ADA, "--json").json["likes"]} == {
        "Learning recipes from kitchens",
        "Bread and soup by machines",
    }
    assert [one["title"] for one in desk("subscribers", "taste", "bob@example.org", "--json").json["likes"]] == [
        "Buy my book"
    ]


def test_a_brought_paper_that_a_source_lists_under_another_name_is_liked_there_and_can_be_taken_back(
    desk: Desk, tmp_path: Path
) -> None:
    desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib"))
    arrived = replace(LISTED[0], doi="10.1000/soup", title="Bread and soup by machines, revised")
    desk.source.lists = {FRIDAY: (arrived, *LISTED[1:])}
    desk("run")

    likes = desk("subscribers", "taste", ADA, "--json").json["likes"]
    assert {(one["id"], one["title"]) for one in likes} == {
        (arrived.id, arrived.title),
        ("2101.00001", "Learning recipes from kitchens"),
    }
    assert desk("subscribers", "taste", ADA, "--forget", arrived.id, "--json").json == {"forgotten": 1}
    assert desk("subscribers", "taste", ADA, "--forget", "2101.00001", "--json").json == {"forgotten": 1}
    assert desk("subscribers", "show", ADA, "--json").json["brought"] == []


def test_what_a_reader_brings_cannot_fill_the_disk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasting, "MOST_BROUGHT", 3)
    monkeypatch.setattr(tasting, "READ", 12)
    assert "warning" not in desk("subscribers", "taste", ADA, "--import", str(tmp_path / "mine.bib")).err
    done = desk("subscribers", "taste", ADA, "--import", str(tmp_path / "more.bib"))

    assert done.out == "1 paper more that she likes, 0 known already\n"
    assert "warning: library: 3 papers are kept of a reader: the rest was left out" in done.err
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        reader = press.subscribers.by_email(ADA)
        assert reader is not None
        kept = press.subscribers.brought([reader.id])[reader.id]
    assert [len(paper.abstract) for paper in kept.values()] == [12, 12, 12]
