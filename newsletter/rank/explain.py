"""A pick's score as lines to read: for `newsletter rank --explain` and `newsletter why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.edition import Edition, Pick


def explain_pick(pick: Pick) -> tuple[str, ...]:
    """The sentence, then one line a part, largest share first, then their sum."""
    parts = sorted(pick.score.parts, key=lambda part: (-abs(part.value), part.name))
    lines = [f"{part.value:+8.3f}  {part.name:<12}  {part.detail}".rstrip() for part in parts]
    return (pick.why, *lines, f"{pick.score.total:+8.3f}  total")


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
    lines.extend(
        f"{names.get(out.topic, out.topic) or 'Edition'}: left out, {out.reason}"
        for out in edition.left_out
        if out.paper_id == paper_id
    )
    lines.extend(f"Follow-up: {one.text}" for one in edition.follow_ups if one.paper_id == paper_id)
    return tuple(lines) or (f"{paper_id} was not a candidate of the edition of {edition.day.isoformat()}",)
