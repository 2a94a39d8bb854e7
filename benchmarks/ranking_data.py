"""The ranking data's files as the product's nouns."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from typing import TYPE_CHECKING, Any

from newsletter.model.paper import Paper
from newsletter.rank.prior import Entrance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load(path: Path, *, needed: bool = True) -> list[dict[str, Any]]:
    """The rows of a file; of one that is not needed and not there, none."""
    if not needed and not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def paper_of(row: Mapping[str, Any], meta: Mapping[str, Any] | None = None, *, base: Paper | None = None) -> Paper:
    """A row of papers.jsonl, with what hf_meta.jsonl adds for the trend tasks."""
    paper = base or Paper(
        id=row["id"], title=row["title"], abstract=row["abstract"], authors=tuple(row.get("authors") or ())
    )
    if not meta:
        return paper
    return dataclasses.replace(
        paper,
        organization=meta.get("org") or "",
        code_url=meta.get("github") or "",
        project_url=meta.get("project") or "",
    )


def entrance_of(meta: Mapping[str, Any] | None) -> Entrance:
    """How a paper came onto the hub's list, from its row of hf_meta.jsonl."""
    if not meta:
        return Entrance()
    listed, sent = meta.get("date"), meta.get("published")
    waited = (date.fromisoformat(listed) - date.fromisoformat(sent)).days if listed and sent else 0
    return Entrance(max(0, waited), bool(meta.get("media")))
