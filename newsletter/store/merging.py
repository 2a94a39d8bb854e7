"""Which stored papers an arriving paper is, and what one paper becomes of two: PURE."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.model.paper import Paper, identity_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIAS = "id:"  # the key of an id that was merged away


@dataclass(frozen=True, slots=True)
class Known:
    """A stored paper. `order` is its place in the order of arrival: the lowest is the oldest."""

    order: int
    paper: Paper


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an arriving paper goes: the paper to store, the ids that become it, and the keys it gains."""

    paper: Paper
    absorbed: tuple[str, ...]
    keys: tuple[str, ...]


def place(paper: Paper, owners: Mapping[str, str], known: Mapping[str, Known]) -> Placement:
    """`owners`: key to stored id for the paper's keys; `known`: the stored papers among owners and the paper's id.

    Known under its own id, the paper as given replaces the stored one: the caller has merged already.
    Known under another id, the oldest id stays, and the fields that the newcomer lacks are kept. What readers bring is
    none of these papers: it owns no key, and changes nothing (see `bringing`).
    """
    keys = identity_keys(paper)
    found = {owners.get(f"{ALIAS}{paper.id}", paper.id)}
    found |= {owners[key] for key in keys if key in owners}
    same = sorted((known[one] for one in found if one in known), key=lambda one: one.order)
    same = [one for one in same if one.paper.id == paper.id or not _differ(one.paper, paper)]
    if not same:
        return Placement(paper, (), tuple(key for key in keys if key not in owners))
    oldest = same[0].paper.id
    merged = paper
    for one in reversed(same):
        if one.paper.id != paper.id:
            merged = _fill(merged, one.paper)
    absorbed = tuple(one.paper.id for one in same[1:])
    gained = tuple(key for key in keys if owners.get(key, oldest) in {oldest, *absorbed} and owners.get(key) != oldest)
    aliases = tuple(f"{ALIAS}{one}" for one in {*absorbed, paper.id} - {oldest})
    return Placement(dataclasses.replace(merged, id=oldest), absorbed, (*gained, *aliases))


def _differ(one: Paper, other: Paper) -> bool:
    """Two arXiv numbers are two papers, whatever their titles say (resubmissions, "Technical report", impostors)."""
    return bool(one.arxiv_id and other.arxiv_id and one.arxiv_id != other.arxiv_id)


def _fill(paper: Paper, older: Paper) -> Paper:
    """`paper`, with what only `older` knows."""
    missing = {
        field.name: kept
        for field in dataclasses.fields(paper)
        if getattr(paper, field.name) == field.default and (kept := getattr(older, field.name)) != field.default
    }
    return dataclasses.replace(paper, **missing)
