"""The ranking benchmark reads any folder of the data's layout, and says what it leaves out."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import ranking

if TYPE_CHECKING:
    from pathlib import Path

PAPERS = [
    {"id": f"2601.{n:05}", "title": title, "abstract": f"{title} is what this is about.", "authors": ["Ada Love"]}
    for n, title in enumerate(("Robots that walk", "Proteins and their folds", "Walking robots", "Speech of robots"))
]
IDS = [paper["id"] for paper in PAPERS]
LIKES = [{"id": IDS[2], "label": 1}, {"id": "gone", "label": 0}]
SEEN = [{"id": IDS[3], "obs_age_h": 8, "upvotes": 9}]
TASKS: list[dict[str, Any]] = [
    {"qid": "kw", "task": "topic", "kind": "kw", "query": "proteins", "pool": "all"},
    {"qid": "ex", "task": "seeds", "kind": "examples", "examples": [IDS[0], "gone"], "pool": "all"},
    {"qid": "user", "task": "user", "kind": "real", "feedback": LIKES, "pool": "all"},
    {"qid": "cold", "task": "trend", "kind": "cold", "date": "2026-01-05", "pool": "all"},
    {"qid": "early", "task": "trend", "kind": "early", "date": "2026-01-05", "pool": "all"},
    {"qid": "mixed", "task": "mixed", "kind": "4-day", "obs": SEEN, "pool": "all"},
    {"qid": "select", "task": "select", "kind": "arxiv", "pool": "all"},
    {"qid": "new", "task": "weather", "kind": "rain", "pool": "all"},
    {"qid": "lost", "task": "topic", "kind": "kw", "query": "robots", "pool": "nowhere"},
]


def written(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path / "papers.jsonl", PAPERS)
    written(tmp_path / "pools.jsonl", [{"pool": "all", "ids": [*IDS, "not-a-paper"]}])
    written(tmp_path / "tasks.jsonl", TASKS)
    return tmp_path


def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> dict[str, dict[str, Any]]:
    out = folder / "run.jsonl"
    monkeypatch.setattr(sys, "argv", ["ranking", "--data", str(folder), "--out", str(out), *options])
    ranking.main()
    return {row["qid"]: row for row in map(json.loads, out.read_text("utf-8").splitlines())}


def test_a_folder_without_the_optional_files_is_ranked_and_strange_tasks_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ran(folder, monkeypatch)

    assert sorted(run) == ["cold", "early", "ex", "kw", "mixed", "select", "user"]
    assert all(sorted(row["ranked"]) == sorted(IDS) for qid, row in run.items() if qid != "ex")
    assert sorted(run["ex"]["ranked"]) == sorted(IDS[1:])
    assert run["kw"]["ranked"][0] == IDS[1]
    said = capsys.readouterr().err
    assert "skipped new: no ranker for weather rain" in said
    assert "skipped lost" in said


def test_systems_have_names_that_the_evaluator_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lexical = ran(folder, monkeypatch, "--lexical", "--system", "words", "--only", "topic")
    single = ran(folder, monkeypatch, "--single", "--system", "model", "--only", "topic")

    assert (lexical["kw"]["system"], single["kw"]["system"]) == ("words", "model")
    assert lexical["kw"]["ranked"][0] == single["kw"]["ranked"][0] == IDS[1]
