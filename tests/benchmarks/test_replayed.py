"""What the parts do to the pages of replayed days is counted as it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.replayed import TOP, WITHOUT, pasts, replay
from newsletter.model.edition import Topic
from newsletter.rank.text_model import Models

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("robots", "speech", "proteins", "galaxies", "markets", "bridges", "poems", "storms", "vaccines", "maps")


def lay(folder: Path) -> None:
    papers = [
        {
            "id": f"p{n}",
            "title": f"On {WORDS[n % 10]} number {n}",
            "abstract": f"We study {WORDS[n % 10]}.",
            "authors": [f"A B{n}"],
        }
        for n in range(24)
    ]
    obs = [{"id": f"p{n}", "obs_age_h": 8.0, "upvotes": n, "age_h": 13.5} for n in range(20)]
    day = "2025-10-10"
    files: dict[str, list[dict[str, Any]]] = {
        "papers": papers,
        "hf_meta": [{"id": f"p{n}", "org": "One laboratory"} for n in range(20)],
        "pools": [{"pool": f"arxiv:{day}", "ids": ["p22", "p23"]}],
        "tasks": [
            {"task": "mixed", "kind": "m", "qid": "m1", "pool": "m", "date": day, "obs": obs},
            {"task": "topic", "kind": "cat", "qid": "c1", "query": "robots", "pool": f"arxiv:{day}", "date": day},
        ],
        "qrels": [{"qid": "m1", "rel": {f"p{n}": n for n in range(20)}}, {"qid": "c1", "rel": {"p0": 2, "p10": 1}}],
    }
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


def test_a_day_holds_what_could_be_known_then_and_what_came_of_it(tmp_path: Path) -> None:
    lay(tmp_path)

    (past,) = pasts(tmp_path, "")

    assert [one.paper.id for one in past.candidates] == [*(f"p{n}" for n in range(20)), "p22", "p23"]
    assert [[x.source for x in one.listings] for one in past.candidates[-3:]] == [["huggingface"], ["arxiv"], ["arxiv"]]
    assert past.right == {"robots": frozenset({"p0", "p10"})}
    assert [*pasts(tmp_path, "2025-10-11")] == []


def test_each_part_is_left_out_and_the_page_counted(tmp_path: Path) -> None:
    lay(tmp_path)
    topics = [Topic(slug="t0", name="robots", query="robots", top=TOP)]

    found = replay([*pasts(tmp_path, "")], topics, Models(None, None))

    assert [*found] == [*WITHOUT, "exploration"]
    (whole,), (open_,) = found["nothing"], found["gate"]
    assert whole["filled"] == pytest.approx(2 / TOP)
    assert whole["right"] == 1.0
    assert open_["filled"] == pytest.approx(2 / TOP)  # without a text model words alone are evidence
    assert found["caps and variety"][0]["organisation"] >= whole["organisation"]
