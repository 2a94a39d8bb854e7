"""Harvests become papers, listings and readings: one identity over sources and versions, the richest facts kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from newsletter.collect import same
from newsletter.model.paper import Listing, Paper, Problem, Reading, identity_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from newsletter.model.paper import Found, Harvest

ALIASES = 20
FIRST = date(1665, 3, 6)  # the Philosophical Transactions, https://royalsocietypublishing.org/journal/rstl

_KINDS = ("new", "listed", "cross", "replace")


@dataclass(frozen=True, slots=True)
class Merged:
    """What `store.Papers.keep` takes. Every id is a known paper's own wherever there is one."""

    papers: tuple[Paper, ...]
    listings: tuple[Listing, ...]
    readings: tuple[Reading, ...]
    originals: tuple[tuple[str, str, str], ...]  # (paper id, source, text as received)
    problems: tuple[Problem, ...] = ()


def keys_of(harvests: Iterable[Harvest]) -> frozenset[str]:
    """The identity keys to look up in the store before folding."""
    return frozenset(key for harvest in harvests for found in harvest.found for key in same.keyed(found.paper))


def fold(harvests: Iterable[Harvest], known: Mapping[str, Paper], *, at: datetime) -> Merged:
    """Join what is one paper, within the harvests and with the `known` ones (by identity key).

    Two different arXiv ids are never one paper, nor are two DOIs of one registrar. `at` is when the harvest was made:
    readings and listings without a time of their own get it.
    """
    held: dict[str, list[str]] = {}
    papers = {paper.id: paper for paper in known.values()}
    for key, paper in known.items():
        held.setdefault(paper.id, []).append(key)
    ours = [same.Item(papers[name], same.keyed(papers[name], held[name])) for name in sorted(papers)]
    finds = [(harvest.source, _plausible(found, at)) for harvest in harvests for found in harvest.found]
    items = ours + [same.Item(f.paper, same.keyed(f.paper), source, f.day) for source, f in finds]
    problems: list[Problem] = []
    members: dict[str, list[int]] = {}
    for group in same.groups(items):
        if group[-1] < len(ours):
            continue  # a known paper that nobody mentioned
        name, problem = _name([items[place].paper for place in group], [p for p in group if p < len(ours)], ours)
        members.setdefault(name, []).extend(group)
        problems.extend(problem)
    merged: list[Paper] = []
    owner: dict[int, str] = {}
    for name, group in sorted(members.items()):
        fresh = [items[place].paper for place in group if place >= len(ours)]
        old = [items[place].paper for place in group if place < len(ours)]
        keys = dict.fromkeys(key for place in group for key in items[place].keys)
        merged.append(_also_known_as(replace(blend(fresh, old), id=name), keys))
        owner.update((place - len(ours), name) for place in group if place >= len(ours))
    owned = [(owner[place], source, found) for place, (source, found) in enumerate(finds)]
    return Merged(tuple(merged), _listings(owned, at), _readings(owned, at), _originals(owned), tuple(problems))


def _plausible(found: Found, at: datetime) -> Found:
    """A paper of the future, or from before there were any, is one whose day is not known."""
    day = found.paper.published
    if day is None or FIRST <= day <= at.date() + timedelta(days=1):  # some zones are a day ahead
        return found
    return replace(found, paper=replace(found.paper, published=None))


def _name(group: Sequence[Paper], known: Sequence[int], ours: Sequence[same.Item]) -> tuple[str, list[Problem]]:
    """The id of a group: a known paper's (its arXiv id before others), else the strongest of the new ones."""
    ids = sorted((ours[place].paper for place in known), key=lambda paper: (paper.id != paper.arxiv_id, paper.id))
    if len(ids) > 1:
        others = ", ".join(paper.id for paper in ids[1:])
        return ids[0].id, [Problem(ids[0].id, f"it turns out to be the same paper as {others}", "Nothing to do.")]
    if ids:
        return ids[0].id, []
    first = min(group, key=lambda paper: (not paper.arxiv_id, not paper.doi))
    return first.id, []


def _also_known_as(paper: Paper, keys: Iterable[str]) -> Paper:
    """A retitled blog post must find its paper tomorrow too, when nothing but its title is there to tell."""
    own = identity_keys(replace(paper, aliases=()))
    others = [key for key in keys if key not in own and not key.startswith("arxiv:")]
    return replace(paper, aliases=tuple(others[:ALIASES]))


def blend(fresh: Sequence[Paper], known: Sequence[Paper] = ()) -> Paper:
    """One paper of several records. The higher version wins, then the one with an id, then what was just read."""
    ranked = sorted(
        [(paper, 0, place) for place, paper in enumerate(fresh)] + [(p, 1, place) for place, p in enumerate(known)],
        key=lambda entry: (-entry[0].version, not entry[0].arxiv_id, not entry[0].doi, entry[1], entry[2]),
    )
    papers = [entry[0] for entry in ranked]
    best = papers[0]
    current = [paper for paper in papers if paper.version == best.version]
    summed = next((paper for paper in papers if paper.summary), best)
    return replace(
        best,
        abstract=max((paper.abstract for paper in current), key=len) or _first(papers, "abstract"),
        authors=max((p.authors for p in current), key=len) or max((p.authors for p in papers), key=len),
        published=min((paper.published for paper in papers if paper.published), default=None),
        categories=tuple(dict.fromkeys(name for paper in papers for name in paper.categories))[:50],
        keywords=tuple(dict.fromkeys(word for paper in papers for word in paper.keywords))[:50],
        summary=summed.summary,
        summary_by=summed.summary_by,
        withdrawn=any(paper.withdrawn for paper in papers if paper.version in {0, best.version}),
        organization=_first(papers, "organization"),
        comment=_first(papers, "comment"),
        journal=_first(papers, "journal"),
        licence=_first(papers, "licence"),
        arxiv_id=_first(papers, "arxiv_id"),
        doi=_first(papers, "doi"),
        url=_first(papers, "url"),
        pdf_url=_first(papers, "pdf_url"),
        code_url=_first(papers, "code_url"),
        project_url=_first(papers, "project_url"),
        discussion_url=_first(papers, "discussion_url"),
    )


def _first(papers: Sequence[Paper], name: str) -> str:
    return next((value for paper in papers if (value := str(getattr(paper, name)))), "")


Owned = tuple[str, str, "Found"]  # (paper id, source, item)


def _listings(owned: Iterable[Owned], at: datetime) -> tuple[Listing, ...]:
    found: dict[tuple[str, str, object], Listing] = {}
    for name, source, item in owned:
        listing = Listing(name, source, item.day, item.kind, at)
        held = found.setdefault((name, source, item.day), listing)
        if _KINDS.index(listing.kind) < _KINDS.index(held.kind):
            found[name, source, item.day] = listing
    return tuple(sorted(found.values(), key=lambda listing: (listing.paper_id, listing.source, listing.day)))


def _readings(owned: Iterable[Owned], at: datetime) -> tuple[Reading, ...]:
    """One value for each moment: of two, the larger, since counts that are seen twice in one run only grow."""
    found: dict[tuple[str, str, datetime], float] = {}
    for name, _, item in owned:
        for signal, value, when in item.measured:
            key = (name, signal, when or at)
            found[key] = max(value, found.get(key, value))
    return tuple(Reading(name, signal, found[name, signal, when], when) for name, signal, when in sorted(found))


def _originals(owned: Iterable[Owned]) -> tuple[tuple[str, str, str], ...]:
    latest = {(name, source): item.original for name, source, item in owned if item.original}
    return tuple((name, source, text) for (name, source), text in sorted(latest.items()))
