"""Twenty days as the sources sent them, caught up one by one and all at once, with every fault of the world."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.house import BASE, House
from tests.support.sources_data import papers_of
from tests.support.sources_server import SourcesServer

if TYPE_CHECKING:
    from tests.support.sources_data import Served

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SINCE, UNTIL = date(2025, 3, 24), date(2025, 4, 20)
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.exists(), reason="the real papers of ../shared/data are not here"),
]

TOPICS = """
[[topics]]
slug = "language"
name = "Language models"
query = "large language models: pre-training, reasoning, alignment"
top = 5

[[topics]]
slug = "vision"
name = "Vision"
query = "image and video generation, segmentation, 3D"
top = 5
"""


@pytest.fixture(scope="module")
def papers() -> list[Served]:
    return papers_of(DATA, since=SINCE, until=UNTIL)


def config(url: str) -> str:
    return (
        f'{BASE}\n[[sources]]\nkind = "huggingface"\nurl = "{url}"\npace = "0s"\n'
        f'[[sources]]\nkind = "arxiv"\nurl = "{url}"\nfeed_url = "{url}"\npace = "0s"\n'
        f'categories = ["cs.CL", "cs.CV", "cs.LG", "cs.AI"]\n{TOPICS}'
    )


@pytest.mark.timeout(600)
def test_twenty_days_are_caught_up_one_by_one_and_no_paper_comes_twice(papers: list[Served], tmp_path: Path) -> None:
    days = sorted({paper.listed for paper in papers if paper.listed})[:20]
    house = House(tmp_path)
    with SourcesServer(papers) as server:
        house.write(config(server.url))
        house.ok("subscribers", "add", "ada@example.org")
        for day in days:
            house.ok("run", "--day", day.isoformat())

    links = Counter(
        line.strip()
        for mail in house.mails()
        for line in mail.get_body(("plain",)).get_content().splitlines()  # type: ignore[union-attr]
        if "/abs/" in line
    )
    assert len(house.mails()) == len(days) == 20
    assert [link for link, times in links.items() if times > 1] == []
    assert len(links) >= 20 * 6
    assert [seen.path for seen in server.log if "/rss/" not in seen.path and "/api/" not in seen.path] == []


FAULTS = {
    "429": {"retry_after": "1"},
    "503": {},
    "empty": {},
    "truncated": {},
    "garbage": {},
    "html": {},
    "deep": {},
    "gzip-bomb": {},
    "entity-bomb": {},
    "huge": {},
    "loop": {},
    "redirect": {"to": "http://169.254.169.254/latest/meta-data"},
    "headers": {},
    "reset": {},
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("source", "kind", "more"),
    [(("huggingface", "arxiv")[place % 2], *fault) for place, fault in enumerate(FAULTS.items())],  # all 28 pass too
    ids=FAULTS,
)
def test_the_edition_comes_out_of_what_was_good_and_status_says_what_was_missing(
    source: str, kind: str, more: dict[str, str], papers: list[Served], tmp_path: Path
) -> None:
    day = date(2025, 4, 1)
    house = House(tmp_path)
    with SourcesServer([one for one in papers if day in {one.listed, one.announced}]) as server:
        house.write(config(server.url))
        house.ok("subscribers", "add", "ada@example.org")
        for where in ["/api/daily_papers"] if source == "huggingface" else ["/api/query", "/rss/"]:
            server.inject(where, kind, **more)  # type: ignore[arg-type]
        done = house.run("run", "--day", day.isoformat(), timeout=280)

    assert (done.code, "Traceback" in done.err) == (0, False), done.err
    assert len(house.mails()) == 1
    status = house.ok("status").out
    assert source in status
    words = [line for line in status.splitlines() if line.strip().startswith(source)]
    assert any("ok" not in line.split(":", 1)[1].split()[:1] for line in words), status
