"""Signals by configuration: `collect` asks each service in its own way, once, and what cannot be had stops nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from tests.support.desk import CONFIG, FRIDAY, PAPERS, Desk
from tests.support.sources_server import SourcesServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[SourcesServer]:
    with SourcesServer() as running:
        running.world.pages["/repos/ada/why"] = b'{"stargazers_count": 42}'
        hits = [{"url": "https://arxiv.org/abs/2611.00001v2", "points": 120, "num_comments": 8, "objectID": "1"}]
        running.world.pages["/api/v1/search_by_date"] = json.dumps({"hits": hits}).encode()
        yield running


def desk(folder: Path, server: SourcesServer) -> Desk:
    made = Desk(folder)
    signals = "".join(
        f'[[signals]]\nkind = "{kind}"\nurl = "{server.url}"\n{more}'
        for kind, more in (
            ("github", 'token = "for github"\n'),
            ("hackernews", ""),
            ("semanticscholar", 'token = "for them"\n'),
        )
    )
    (folder / "config.toml").write_text(CONFIG + signals, "utf-8")
    first = replace(PAPERS[0], code_url="https://github.com/ada/why")
    made.source.lists = {FRIDAY: (first, *PAPERS[1:3])}
    server.world.pages["/graph/v1/paper/batch"] = json.dumps(
        [{"citationCount": 3}, None, {"citationCount": 0}]
    ).encode()
    return made


def readings(desk: Desk) -> set[tuple[str, float]]:
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        since = press.clock.now() - timedelta(days=2)
        found = press.papers.candidates(since=since, until=press.clock.now())
    return {(r.signal, r.value) for one in found for r in one.readings if not r.signal.startswith("huggingface")}


def test_stars_points_and_citations_become_readings(tmp_path: Path, server: SourcesServer) -> None:
    one = desk(tmp_path, server)
    assert one("collect").code == 0

    wanted = {("github.stars", 42.0), ("hackernews.points", 120.0)}
    assert readings(one) == {*wanted, ("semanticscholar.citations", 3.0), ("semanticscholar.citations", 0.0)}
    assert [seen.headers["authorization"] for seen in server.asked("/repos")] == ["Bearer for github"]
    assert [seen.headers["x-api-key"] for seen in server.asked("/graph")] == ["for them"]
    assert "authorization" not in server.asked("/search_by_date")[0].headers


def test_the_next_run_asks_github_only_whether_something_changed(tmp_path: Path, server: SourcesServer) -> None:
    one = desk(tmp_path, server)
    one("collect")
    one.ahead(timedelta(hours=1))
    one("collect")

    first, second = server.asked("/repos/ada/why")
    assert first.headers.get("if-none-match") is None
    assert second.headers["if-none-match"]
    assert ("github.stars", 42.0) in readings(one)


def test_services_that_fail_are_named_and_the_edition_is_printed(tmp_path: Path, server: SourcesServer) -> None:
    for path in ("/repos", "/search_by_date", "/graph"):
        server.inject(path, "403")
    one = desk(tmp_path, server)
    result = one("run")

    assert result.code == 0
    assert {name for name in ("github", "hackernews", "semanticscholar") if f"{name}:" in result.err} == {
        "github",
        "hackernews",
        "semanticscholar",
    }
    assert readings(one) == set()
