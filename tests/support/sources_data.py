"""Papers as a fake world knows them, made by hand or read from the shared data."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.collect.sources.arxiv_calendar import window

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One paper of the fake world: `listed` is its Hugging Face day, `announced` its arXiv day."""

    id: str
    title: str
    abstract: str = "We measure something and report what we found."
    authors: tuple[str, ...] = ("Ada Lovelace", "Emmy Noether")
    version: int = 1
    listed: date | None = None
    announced: date | None = None
    kind: str = "new"
    submitted: datetime | None = None
    categories: tuple[str, ...] = ("cs.CL",)
    upvotes: int = 0
    comments: int = 0
    stars: int | None = None
    github: str = ""
    project: str = ""
    organization: str = ""
    summary: str = ""
    comment: str = ""
    doi: str = ""

    @property
    def submitted_at(self) -> datetime:
        """Given, or an hour into the window that the arXiv day announces."""
        if self.submitted is not None:
            return self.submitted
        span = window(self.announced) if self.announced else None
        day = self.listed or date(2026, 1, 5)
        return span[0] + timedelta(hours=1) if span else datetime.fromisoformat(f"{day}T12:00:00+00:00")


def papers_of(data: Path, *, since: date, until: date) -> list[Served]:
    """The papers of `ranking/` on a Hugging Face or arXiv list in [since, until], with the counts of that day."""
    rows = {row["id"]: row for row in _lines(data / "ranking/papers.jsonl")}
    announced: dict[str, date] = {}
    for pool in _lines(data / "ranking/pools.jsonl"):
        if pool["pool"].startswith("arxiv:"):
            day = date.fromisoformat(pool["pool"].partition(":")[2])
            announced.update((name, day) for name in pool["ids"] if since <= day <= until)
    counted = {(row["id"], row["day"]): row for row in _lines(data / "ranking/early_obs.jsonl")}
    listed: dict[str, dict[str, object]] = defaultdict(dict)
    for row in _lines(data / "ranking/hf_meta.jsonl"):
        if since <= date.fromisoformat(row["date"]) <= until:
            seen = counted.get((row["id"], row["date"]), {})
            listed[row["id"]] = {
                "listed": date.fromisoformat(row["date"]),
                "upvotes": seen.get("upvotes") or 0,
                "comments": seen.get("comments") or 0,
                "stars": seen.get("stars"),
                "github": row.get("github") or "",
                "organization": row.get("org") or "",
            }
    return [
        Served(
            id=name,
            title=rows[name]["title"],
            abstract=rows[name]["abstract"],
            authors=tuple(rows[name]["authors"]),
            announced=announced.get(name),
            **listed.get(name, {}),
        )
        for name in sorted(announced.keys() | listed.keys())
        if name in rows
    ]


def _lines(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
