"""A pick's score as lines to read: for `newsletter rank --explain` and `newsletter why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.edition import Edition, LeftOut, Pick


def explain_pick(pick: Pick) -> tuple[str, ...]:
    """The sentence, then one line a part that moved it, largest share first, then their sum."""
    parts = sorted(
        (part for part in pick.score.parts if f"{abs(part.value):.3f}" != "0.000"),
        key=lambda part: (-abs(part.value), part.name),
    )
    lines = [f"{part.value:+8.3f}  {part.name:<12}  {part.detail}".rstrip() for part in parts]
    return (pick.why, *lines, f"{pick.score.total:+8.3f}  total")


def _weighed_once(out: LeftOut) -> bool:
    """Whether this one line says it for all topics: it was sifted out before, or came near none."""
    return not out.topic or out.reason.endswith("every topic")


def _nearest(out: LeftOut) -> str:
    return ", this one the nearest" if out.topic and out.reason.endswith("every topic") else ""


def explain_paper(edition: Edition, paper_id: str) -> tuple[str, ...]:
    """What this edition says of a paper: its place and parts in every pool, or why it is in none."""
    lines: list[str] = []
    for pool in edition.pools:
        for pick in pool.picks:
            if pick.paper_id == paper_id:
                place = "shown" if pick.rank <= pool.top else "in the pool, below the fold"
                lines.append(f"{pool.name}: place {pick.rank} of {len(pool.picks)}, {place}")
                lines.extend(f"  {line}" for line in explain_pick(pick))
    names = {pool.slug: pool.name for pool in edition.pools}
    out = [one for one in edition.left_out if one.paper_id == paper_id]
    lines.extend(
        f"{names.get(one.topic, one.topic) or 'Edition'}: left out, {one.reason}{_nearest(one)}" for one in out
    )
    picked = {pool.slug for pool in edition.pools for pick in pool.picks if pick.paper_id == paper_id}
    if (told := {one.topic for one in out} | picked) and not any(_weighed_once(one) for one in out):
        far = [name for slug, name in names.items() if slug not in told]
        lines.extend(f"{name}: left out, below the gate: too far from this topic" for name in far)
    lines.extend(f"Follow-up: {one.text}" for one in edition.follow_ups if one.paper_id == paper_id)
    return tuple(lines) or (f"{paper_id} was not a candidate of the edition of {edition.day.isoformat()}",)
