"""Days run ahead of their time, or made up later, cost nobody an issue."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.house import BASE, House

if TYPE_CHECKING:
    from pathlib import Path


def house(folder: Path, days: list[str]) -> House:
    made = House(folder)
    made.write(f'{BASE}[[sources]]\nkind = "file"\npath = "papers.jsonl"\n')
    papers = [
        {
            "id": f"2611.{n:02}{k:03}",
            "title": f"Paper {k} of day {n} about measuring things well",
            "abstract": f"We measure thing {k * 31 + n} and report what was found on day {n}.",
            "authors": [f"Author {n} {k}"],
            "listed": day,
            "upvotes": 3 + k,
        }
        for n, day in enumerate(days)
        for k in range(4)
    ]
    (folder / "papers.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    made.ok("subscribers", "add", "ada@example.org")
    return made


def test_a_day_far_ahead_does_not_silence_anybody_until_then(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    days = [(today + timedelta(days=ahead)).isoformat() for ahead in (-1, 0, 365)]
    made = house(tmp_path, days)

    for day in (days[0], days[2], days[1]):
        made.ok("run", "--day", day)

    assert len(made.mails()) == 3


def test_a_missed_day_that_is_made_up_later_is_mailed(tmp_path: Path) -> None:
    made = house(tmp_path, ["2026-11-09", "2026-11-10", "2026-11-11"])

    made.ok("run", "--day", "2026-11-09")
    made.ok("run", "--day", "2026-11-11")
    made.ok("run", "--day", "2026-11-10")
    links = [
        line.strip()
        for mail in made.mails()
        for line in mail.get_body(("plain",)).get_content().splitlines()  # type: ignore[union-attr]
        if "/abs/" in line
    ]

    assert len(links) == len(set(links)) == 12
