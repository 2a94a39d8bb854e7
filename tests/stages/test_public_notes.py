"""What an edition's notes tell the public about the sources: counts, not the operator's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.house import BASE, House

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"title": "A language model", "abstract": "We train a language model on text.", "date": "2026-11-20"}


def test_readers_are_told_how_many_entries_of_a_source_were_unreadable_and_the_operator_which(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.write(
        f'{BASE}database = "sqlite:///papers.db"\n[[sources]]\nkind = "file"\nname = "lab"\npath = "papers.jsonl"\n'
        '[[topics]]\nslug = "models"\nname = "Models"\nkeywords = ["language model"]\n[ranking]\nmeaning = "none"\n'
    )
    good = [json.dumps(GOOD | {"id": f"2611.{n:05}", "title": f"A language model {n}"}) for n in range(5)]
    good += [json.dumps(GOOD | {"id": f"2612.{n:05}", "published": "2025"}) for n in range(50)]  # kept all the same
    bad = ["not json"] * 30
    (tmp_path / "papers.jsonl").write_text("\n".join([*good, *bad]) + "\n", "utf-8")

    assert house.run("collect", "--day", "2026-11-20").code == 0
    edition = house.run("rank", "--day", "2026-11-20", "--json").json
    status = house.run("status")

    assert edition["notes"] == ["lab: 30 entries could not be read"]
    assert "not json" in status.out
    assert "and 30 more problems like these. The paper is kept, each time." in status.out
